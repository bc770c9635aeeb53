"""Which plans a controller that was just started drives, on a clock that begins after it did."""

import numpy as np
import pytest

pytest.importorskip("rclpy")

from std_msgs.msg import Header

from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.conversions import exact_stamp
from mme_ilqr_ros.nodes.goal_life import ABORTED, EXECUTING, GoalLife
from mme_ilqr_ros.nodes.plan_gate import PlanGate
from mme_ilqr_ros.nodes.plan_message import PlanMessage


class Quiet:
    """Takes what is said and warned, and keeps the warnings."""

    def __init__(self):
        self.lines = []

    def publish(self, *news):
        pass

    def warn_each(self, text):
        self.lines.append(text)


def plan(goal, stamp):
    path = Path(np.array([[0.0, 0.0], [1.0, 0.0]]))
    header = Header(stamp=exact_stamp(round(1e9 * stamp)))
    return PlanMessage(header, path, Pose(1.0, 0.0, 0.0), round(1e9 * goal), names_goal=True)


def gate(now):
    quiet = Quiet()
    life = GoalLife(quiet, lambda: None)
    return PlanGate(life, quiet, now), life, quiet


def test_a_plan_to_a_goal_of_before_is_not_driven_though_simulated_time_comes_later():
    """The news of that goal's end may be gone with the node that said it."""
    made, _, quiet = gate(0.0)
    made.note_time(0.0)
    made.note_time(30.0)
    assert not made.admits(plan(goal=20.0, stamp=40.0), 0, 40.0)
    assert "from before this node" in quiet.lines[0]
    assert made.admits(plan(goal=35.0, stamp=40.0), 0, 40.0)


def test_a_time_that_begins_anew_makes_no_goal_one_of_before():
    made, _, _ = gate(100.0)
    made.note_time(1.0)
    assert made.admits(plan(goal=2.0, stamp=3.0), 0, 3.0)


@pytest.mark.parametrize(("ended", "age", "driven"), [(0, 1, 1), (1, 1, 0), (0, 20, 0)])
def test_what_is_resumed_is_a_young_plan_to_a_goal_that_is_pursued(ended, age, driven):
    made, life, _ = gate(100.0)
    life.accept(round(90e9), is_own=False)
    life.execute()
    assert life.status == EXECUTING
    if ended:
        life.end(ABORTED)
    admitted = made.admits(plan(goal=90.0, stamp=101.0 - age), 1, 101.0, resumes=True)
    assert admitted == bool(driven)
