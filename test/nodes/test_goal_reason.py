"""Why a goal was aborted reaches the other node, whichever of the two messages comes first."""

import pytest

pytest.importorskip("rclpy")

from action_msgs.msg import GoalStatus
from std_msgs.msg import String

from mme_ilqr_ros.nodes.conversions import exact_stamp
from mme_ilqr_ros.nodes.error_codes import THROUGH, FollowCode, PlanCode, plan_code
from mme_ilqr_ros.nodes.goal_life import ABORTED, ACCEPTED, CANCELLED, GoalLife
from mme_ilqr_ros.nodes.goal_publisher import read_reason
from mme_ilqr_ros.planning.result import PlanStatus

REASON = String(data="7 105 stuck: no way that is wide enough leads on")


class Said(list):
    """Keeps what a goal's life has to say."""

    def publish(self, *news):
        self.append(news)


def life():
    said, heard = Said(), []
    made = GoalLife(said, lambda: heard.append("over"))
    made.listeners.append(lambda: heard.append(made.words))
    return made, said, heard


def status(goal, value):
    message = GoalStatus(status=value)
    message.goal_info.stamp = exact_stamp(goal)
    return message


def test_an_abort_says_code_and_reason_and_the_listeners_hear_every_change():
    goal, said, heard = life()
    goal.accept(7)
    goal.execute()
    assert goal.end(ABORTED, "stuck", FollowCode.FAILED_TO_MAKE_PROGRESS)
    assert said[-1] == (7, ABORTED, 105, "stuck")
    assert heard == ["planning", "driving", "over", "aborted: stuck"]
    assert not goal.end(CANCELLED)
    assert goal.code == 105


@pytest.mark.parametrize("reason_first", [True, False])
def test_the_reason_of_another_node_is_known_in_either_order(reason_first):
    goal, _, heard = life()
    goal.take(status(7, ACCEPTED))
    if reason_first:
        goal.take_reason(REASON)
    goal.take(status(7, ABORTED))
    goal.take_reason(REASON)
    goal.take_reason(REASON)
    assert (goal.code, goal.reason) == (105, "stuck: no way that is wide enough leads on")
    assert heard[-1] == goal.words
    assert len(heard) == (3 if reason_first else 4)


def test_the_reason_of_a_goal_of_before_is_not_taken_for_the_next():
    goal, _, _ = life()
    goal.take(status(7, ACCEPTED))
    goal.take_reason(REASON)
    goal.accept(8)
    goal.end(ABORTED)
    assert (goal.code, goal.reason) == (0, "")


@pytest.mark.parametrize("text", ["", "7", "7 x y", "-7 1 y", "٧ 1 y", "7 " + "9" * 9, "9" * 5000])
def test_a_text_of_another_kind_is_no_reason(text):
    assert read_reason(String(data=text)) is None


def test_a_reason_may_be_empty():
    assert read_reason(String(data="7 105 ")) == read_reason(String(data="7 105")) == (7, 105, "")


def test_the_codes_are_those_of_nav2():
    actions = pytest.importorskip("nav2_msgs.action")
    one, more = actions.ComputePathToPose.Result, actions.ComputePathThroughPoses.Result
    if not hasattr(one, "NO_VALID_PATH"):
        pytest.skip("nav2_msgs of before Jazzy")
    for code in PlanCode:
        assert getattr(one, code.name) == code
        assert getattr(more, code.name) == code + THROUGH
    for code in FollowCode:
        assert getattr(actions.FollowPath.Result, code.name) == code


def test_every_end_of_a_planning_request_has_a_code():
    codes = {ended: plan_code(ended) for ended in PlanStatus}
    assert codes[PlanStatus.SUCCEEDED] == 0
    assert codes[PlanStatus.NO_VALID_PATH] == 208
    assert codes[PlanStatus.INVALID_INPUT] == PlanCode.UNKNOWN
    assert len(set(codes.values())) == len(codes)
