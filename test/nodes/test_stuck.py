"""A goal to which the robot cannot get ends, with the reason, at both nodes."""

import pytest

pytest.importorskip("rclpy")

from goal_stand import Stand
from std_msgs.msg import String

from mme_ilqr_ros.nodes.error_codes import FollowCode
from mme_ilqr_ros.nodes.goal_life import ABORTED
from mme_ilqr_ros.nodes.node import LATCHED_NEWS

QUICK = {
    "movement_time_allowance": 1.0,
    "recovery.patience": 0.1,
    "recovery.wait": 0.2,
    "recovery.turn": 0.0,
    "recovery.rounds": 1,
}


def test_a_robot_that_does_not_move_tries_to_get_free_and_then_its_goal_is_aborted(bench, log):
    stand = Stand(bench)
    reasons = bench.collect(String, "goal_reason", LATCHED_NEWS)
    bench.remove(stand.controller)
    stand.start_controller(**QUICK)
    stand.send_goal()
    assert stand.drives()
    assert bench.spin_until(lambda: any("recovering (1 of 1): " in text for _, text in log))
    assert stand.ends(ABORTED)
    assert stand.stands()
    code, reason = FollowCode.FAILED_TO_MAKE_PROGRESS, "; tries to get free: 1"
    assert bench.spin_until(lambda: stand.planner.goal_words.startswith("aborted: stuck: "))
    assert stand.planner.goal_words.endswith(reason)
    assert reasons[-1].data.split()[1] == str(int(code))
    stand.send_goal((3.0, 1.0))
    assert stand.drives()
