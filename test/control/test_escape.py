"""Whole drives into docks and out of dead ends; a robot that cannot arrive says so, and why."""

import math
import re

import numpy as np
import pytest
from test_controller import controller, drive, positions
from test_way_out import dead_end

from mme_ilqr_ros.control.controller import LocalController
from mme_ilqr_ros.control.escape import StuckCause
from mme_ilqr_ros.control.result import ControlStatus
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.circles import as_circles, clearance, no_circles
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, RobotState

AT_REST = RobotState(0.0, 0.0, 0.0)
TURN = 2.0 * np.pi * np.arange(28) / 28
ROOM = as_circles(np.column_stack([1.2 * np.cos(TURN), 1.2 * np.sin(TURN), np.full(28, 0.2)]))


def dock(width=0.62, depth=1.2, cell=0.02):
    """Distance field of a slot from the origin along x, in the front of a block 3 m wide."""
    rows, columns = round(3.0 / cell), round((depth + 0.2) / cell)
    blocked = np.ones((rows, columns), dtype=bool)
    half, middle = round(width / cell / 2), rows // 2
    blocked[middle - half : middle + half, : round(depth / cell)] = False
    free = np.zeros((rows, round(3.0 / cell)), dtype=bool)
    return build_distance_field(np.hstack([free, blocked]), cell, Pose(-3.0, -1.5, 0.0), 2.0)


@pytest.mark.parametrize("inside", [0.3, 0.8])
@pytest.mark.parametrize("start", [(-2.0, 0.9, -0.4), (-1.0, 0.0, 0.0)])
def test_a_dock_is_entered_whatever_the_clearance_inside_costs(inside, start):
    walls, goal = dock(), Pose(inside, 0.0, 0.0)
    states, results = drive(
        controller(xy_goal_tolerance=0.12),
        no_circles(),
        25.0,
        RobotState(*start),
        goal,
        walls=walls,
    )
    assert results[-1].status is ControlStatus.GOAL_REACHED
    assert walls.value_and_gradient(positions(states))[0].min() > 0.2
    slow = [s.vx for s in states if 0.0 < s.x < 0.8 * inside]
    assert 0.0 < np.median(slow) < 0.75  # of 1 m/s in the open


def test_in_a_dock_that_is_too_narrow_the_robot_says_that_it_is_stuck():
    walls, goal = dock(width=0.36), Pose(0.6, 0.0, 0.0)
    control = controller(xy_goal_tolerance=0.12)
    states, results = drive(
        control, no_circles(), 18.0, RobotState(-1.5, 0.0, 0.0), goal, walls=walls
    )
    assert results[-1].status is ControlStatus.STUCK
    assert results[-1].message.startswith("stuck: the goal is occupied; 0.0")
    assert walls.value_and_gradient(positions(states))[0].min() > 0.2


@pytest.mark.parametrize(("depth", "half", "slowest"), [(3.0, 0.8, 0.0), (4.5, 0.6, -0.5)])
def test_a_dead_end_is_left_and_not_entered_again(depth, half, slowest):
    circles, goal = dead_end(depth, half), Pose(3.0, 0.0, 0.0)
    states, results = drive(controller(vx_min=slowest), circles, 40.0, AT_REST, goal)
    assert results[-1].status is ControlStatus.GOAL_REACHED
    x, y = positions(states).T
    assert clearance(positions(states), circles).min() > 0.2
    inside = (np.abs(y) < half) & (x > -depth) & (x < 0.6)
    assert x.min() < -depth
    assert np.count_nonzero(np.diff(inside.astype(int)) == 1) == 0
    assert ControlStatus.STUCK not in {result.status for result in results}


def test_in_a_closed_room_a_robot_is_stuck_within_twelve_seconds_and_says_why():
    states, results = drive(controller(), ROOM, 14.0)
    first = next(n for n, r in enumerate(results) if r.status is ControlStatus.STUCK)
    assert 0.1 * first < 12.0
    for result in results[first:]:
        assert result.message == "stuck: no way that is wide enough leads on"
    assert clearance(positions(states), ROOM).min() > 0.2


def test_an_occupied_goal_is_said_with_the_room_that_lacks():
    post, goal = as_circles([[3.0, 0.0, 0.4]]), Pose(3.0, 0.0, 0.0)
    states, results = drive(controller(), post, 20.0, AT_REST, goal)
    assert results[-1].status is ControlStatus.STUCK
    room = r"stuck: the goal is occupied; 0\.(5[5-9]|6\d) m of room are missing there"
    assert re.fullmatch(room, results[-1].message)
    assert 0.2 < clearance(positions(states), post)[-1] < 1.0  # as near as it may


def test_what_no_longer_stands_in_the_way_lets_a_stuck_robot_go_on():
    control = controller()
    states, results = drive(control, ROOM, 13.0)
    assert results[-1].status is ControlStatus.STUCK
    state, now = states[-1], 13.0
    opened = ROOM[np.hypot(ROOM[:, 0] - 1.2, ROOM[:, 1]) > 0.8]
    messages = []
    for n in range(20):
        situation = Situation(state, Pose(6.0, 0.0, 0.0), now + 0.1 * n, circles=opened)
        result = control.compute_command(situation)
        step = 0.1 * result.vx * np.array([math.cos(state.yaw), math.sin(state.yaw)])
        x, y = state.position + step
        state = RobotState(x, y, state.yaw + 0.1 * result.wz, result.vx, result.wz)
        messages.append(result.message)
    assert messages[-1] == "driving"


def test_a_new_goal_begins_without_the_past_of_the_old_one():
    control = controller()
    _, results = drive(control, ROOM, 13.0)
    assert results[-1].status is ControlStatus.STUCK
    back = control.compute_command(Situation(AT_REST, Pose(-0.6, 0.0, 0.0), 13.1, circles=ROOM))
    assert back.status is not ControlStatus.STUCK


def stuck_message(control: LocalController, circles, seconds=13.0):
    """The last message of a robot that stays where it is, whatever it is told."""
    for n in range(round(seconds / 0.1)):
        now = 0.1 * n
        situation = Situation(AT_REST, Pose(6.0, 0.0, 0.0), now, circles=circles(now))
        message = control.compute_command(situation).message
    return message


def test_a_robot_that_waits_for_what_moves_says_so():
    def passing(now):
        return as_circles([[0.9, -0.4 + 0.1 * (now % 1.0), 0.5, 0.0, 0.1]])

    assert stuck_message(controller(), passing) == "stuck: waiting for what moves"


def test_a_robot_that_does_not_move_though_it_may_is_stuck_too():
    """A blocked wheel: plans are fine, progress there is none."""
    assert stuck_message(controller(), lambda now: no_circles()) == "stuck: no plan makes progress"


def test_a_way_out_leads_back_to_the_plan_and_is_forgotten_there():
    """The plan knows more of the world than a way out: masks, unknown cells, what it learned."""
    circles, control = dead_end(3.0, 0.8), controller()
    plan = Path(np.array([[0.0, 0.0], [25.0, 0.0]]))
    states, results = drive(control, circles, 60.0, AT_REST, Pose(25.0, 0.0, 0.0), path=plan)
    assert results[-1].status is ControlStatus.GOAL_REACHED
    x, y = positions(states).T
    assert x.min() < -3.0  # out of the dead end first
    assert np.abs(y[x > 14.0]).max() < 0.3  # a straight line to the goal would be farther away
    assert control._escape.way is None


def test_a_way_out_that_leads_back_to_the_plan_just_before_the_goal_leads_to_the_goal():
    circles, goal = dead_end(3.0, 0.8), Pose(10.8, 0.0, 0.0)  # the plan is met again after 10 m
    plan = Path(np.array([[0.0, 0.0], [10.8, 0.0]]))
    _, results = drive(controller(), circles, 60.0, AT_REST, goal, path=plan)
    assert results[-1].status is ControlStatus.GOAL_REACHED


def test_a_plan_through_something_is_left_and_met_again_without_a_word_of_an_occupied_goal():
    """The way out leads to a place of the plan in which something stands; the goal is free."""
    post = as_circles([[10.0, 0.0, 0.6]])
    circles = np.concatenate([dead_end(3.0, 0.8), post])
    plan, goal = Path(np.array([[0.0, 0.0], [16.0, 0.0]])), Pose(16.0, 0.0, 0.0)
    control = controller()
    _, results = drive(control, circles, 1.5, AT_REST, goal, path=plan)
    assert control._escape.way.lack > 0.5
    now = Situation(AT_REST, goal, 1.5, path=plan, circles=circles)
    cause = control._escape.cause(now, results[-1].modes, 0.2)
    assert cause is not StuckCause.GOAL_OCCUPIED
    states, results = drive(controller(), circles, 60.0, AT_REST, goal, path=plan)
    assert results[-1].status is ControlStatus.GOAL_REACHED
    assert not any("occupied" in result.message for result in results)
    assert clearance(positions(states), circles).min() > 0.2
