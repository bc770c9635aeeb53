import math

import numpy as np
import pytest

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.reporting.result import Outcome, RunJudge


def make_judge(**overrides):
    arguments = {"goal": Pose(5.0, 0.0, 0.0), "goal_tolerance": 0.25, "timeout": 200.0}
    return RunJudge(**(arguments | overrides))


def run(judge, positions, dt=0.1, start=3.0):
    """Feed positions; return the outcome and the seconds it took."""
    for step, (x, y) in enumerate(positions):
        outcome = judge.update(start + step * dt, x, y, collided=False)
        if outcome is not None:
            return outcome, step * dt
    return None, len(positions) * dt


def test_success_inside_the_tolerance_and_not_before():
    judge = make_judge()
    assert judge.update(0.0, 0.0, 0.0, False) is None
    assert judge.update(1.0, 4.74, 0.0, False) is None
    assert judge.update(2.0, 4.76, 0.0, False) is Outcome.SUCCESS


def test_collision_comes_before_success():
    assert make_judge().update(0.0, 5.0, 0.0, True) is Outcome.COLLISION


def test_the_first_outcome_stands():
    judge = make_judge()
    judge.update(0.0, 1.0, 0.0, True)
    assert judge.update(1.0, 5.0, 0.0, False) is Outcome.COLLISION
    assert judge.outcome is Outcome.COLLISION


def test_timeout_counts_from_the_first_state():
    steps = np.stack([-0.02 * np.arange(1000), np.zeros(1000)], axis=1)
    outcome, seconds = run(make_judge(timeout=30.0), steps)
    assert outcome is Outcome.TIMEOUT
    assert seconds == pytest.approx(30.0)


def test_a_robot_that_stands_is_stuck():
    outcome, seconds = run(make_judge(), np.zeros((1000, 2)))
    assert outcome is Outcome.STUCK
    assert seconds == pytest.approx(20.0)


def test_trembling_inside_a_small_ball_is_stuck():
    shake = np.random.default_rng(1).uniform(-0.03, 0.03, (1000, 2))
    outcome, seconds = run(make_judge(), shake)
    assert outcome is Outcome.STUCK
    assert seconds == pytest.approx(20.0)


def test_swinging_between_old_places_is_stuck():
    """A swing of 1 m back and forth: only its first sweep finds new places."""
    sweep = np.sin(0.1 * np.arange(2000))
    outcome, seconds = run(make_judge(), np.stack([sweep, 0 * sweep], axis=1))
    assert outcome is Outcome.STUCK
    assert 20.0 < seconds < 20.0 + 2 * math.pi


def test_driving_the_same_loop_is_stuck():
    angle = 0.02 * np.arange(2000)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    outcome, seconds = run(make_judge(), circle, dt=0.02)
    assert outcome is Outcome.STUCK
    assert 20.0 < seconds < 20.0 + 2 * math.pi


def test_creeping_forward_is_progress_and_slower_than_the_limit_is_not():
    def creep(speed):
        return np.stack([-speed * 0.1 * np.arange(1500), np.zeros(1500)], axis=1)

    assert run(make_judge(), creep(0.006))[0] is None  # 0.1 m in 16.7 s
    assert run(make_judge(), creep(0.004))[0] is Outcome.STUCK  # 0.1 m in 25 s


def test_a_long_wait_that_ends_in_time_is_forgiven():
    waits = np.repeat([[0.0, 0.0], [0.2, 0.0], [0.4, 0.0]], 190, axis=0)
    assert run(make_judge(), waits)[0] is None


def test_stuck_time_is_configurable():
    assert run(make_judge(stuck_time=5.0), np.zeros((100, 2)))[1] == pytest.approx(5.0)
