"""A robot that is stuck frees itself or gives up, in bounded time, and touches nothing."""

import dataclasses
import math

import numpy as np
from test_controller import PERIOD, plant
from test_escape import ROOM

from mme_ilqr_ros.control.controller import ControlStatus, LocalController
from mme_ilqr_ros.control.recovery import Recovery
from mme_ilqr_ros.control.recovery_settings import RecoverySettings
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.circles import as_circles, clearance, no_circles
from mme_ilqr_ros.geometry.pose import Pose, RobotState

GOAL = Pose(5.0, 0.0, 0.0)
HERE = RobotState(0.0, 0.0, 0.0)
FAST = {"movement_time_allowance": 2.0, "controller_frequency": 1.0 / PERIOD}
QUICK = RecoverySettings(rounds=2, patience=0.5, wait=1.0)


class Run:
    """A closed loop with a world by time."""

    def __init__(self, recovery=QUICK, **changes):
        settings = dataclasses.replace(ControllerSettings(), **{**FAST, **changes})
        settings = dataclasses.replace(settings, mme=dataclasses.replace(settings.mme, n_modes=3))
        self.forgot = 0
        control = LocalController(settings, realtime=False)
        self.recovery = Recovery(control, recovery, self.forget)
        self.states, self.results, self.now = [HERE], [], 0.0

    def forget(self):
        self.forgot += 1

    def drive(self, world, seconds, goal=GOAL):
        """Drive until the goal is reached or given up at rest; return the last result."""
        for _ in range(round(seconds / PERIOD)):
            circles, state = world(self.now), self.states[-1]
            told = Situation(state, goal, self.now, circles=circles)
            result = self.recovery.compute_command(told)
            self.results.append(result)
            self.states.append(plant(state, result.vx, result.wz))
            self.now = len(self.results) * PERIOD
            assert clearance(state.position, circles) > 0.2
            rests = max(abs(state.vx), abs(state.wz)) < 0.01
            if rests and (self.recovery.failure or result.status is ControlStatus.GOAL_REACHED):
                break
        return result

    @property
    def words(self):
        """What was said, each once, in its order."""
        return list(dict.fromkeys(result.message for result in self.results))


def test_in_a_dead_end_that_stays_closed_the_goal_is_given_up_at_rest_with_the_reason():
    run = Run(vx_min=-0.5)
    run.drive(lambda _: ROOM, 60.0)
    assert run.recovery.failure == (
        "stuck: no way that is wide enough leads on; tries to get free: 2"
    )
    assert run.now < 40.0
    assert run.forgot == 2
    assert run.results[-1].vx == run.results[-1].wz == 0.0
    said = "\n".join(run.words)
    for words in (
        "1 of 2): going back",
        "1 of 2): turning",
        "2 of 2): turning",
        "2 of 2): waiting",
    ):
        assert f"recovering ({words}" in said


def test_a_dead_end_that_opens_is_left_and_a_new_goal_begins_anew():
    run = Run(vx_min=-0.5)

    def opens(now):
        return ROOM if now < 12.0 else ROOM[np.abs(np.arctan2(ROOM[:, 1], ROOM[:, 0])) > 0.6]

    assert run.drive(opens, 60.0).status is ControlStatus.GOAL_REACHED
    assert run.recovery.total >= 1
    assert run.recovery.failure == ""
    run.drive(opens, 0.3, Pose(0.0, 0.0, 0.0))
    assert run.recovery.total == 0


def test_for_what_moves_the_robot_waits_and_drives_about_no_more_than_without():
    run = Run()
    wall = as_circles([[1.6, y, 0.25, 0.0, 0.0] for y in np.arange(-6.0, 6.1, 0.4)])

    def crowd(now):
        gone = now > 14.0
        passing = [[1.0, 0.3 * math.sin(now) + 20.0 * gone, 0.3, 0.0, 0.3 * math.cos(now)]]
        return np.concatenate([wall if not gone else no_circles(), as_circles(passing)])

    result = run.drive(crowd, 40.0)
    assert result.status is ControlStatus.GOAL_REACHED
    assert not any("turning" in words for words in run.words)


def test_progress_begins_the_rounds_anew_and_the_way_back_is_none():
    recovery = Run().recovery
    made = recovery._made_good
    for to_go in (10.0, 9.0, 8.7):
        assert not made.note(to_go, 0.5)
    made.mark()
    for to_go in (9.5, 9.1, 8.8, 8.5, 8.3):  # back, and there again
        assert not made.note(to_go, 0.5)
    assert made.note(8.1, 0.5)


def test_where_nothing_is_stuck_the_commands_are_those_of_the_controller():
    circles = as_circles([[2.0, 0.1, 0.4]])
    run = Run()
    run.drive(lambda _: circles, 5.0)
    settings = run.recovery._controller._settings
    plain = Run()
    state = HERE
    for i, result in enumerate(run.results):
        situation = Situation(state, GOAL, i * PERIOD, circles=circles)
        alone = plain.recovery._controller.compute_command(situation)
        assert (alone.vx, alone.wz) == (result.vx, result.wz)
        state = plant(state, alone.vx, alone.wz)
    assert settings.movement_time_allowance == 2.0


def test_without_rounds_a_stuck_robot_gives_up_at_once():
    run = Run(RecoverySettings(rounds=0, patience=0.3))
    run.drive(lambda _: ROOM, 20.0)
    assert run.recovery.failure.startswith("stuck: ")
    assert "tries" not in run.recovery.failure
    assert run.now < 8.0
