import numpy as np
import pytest

from mme_ilqr_ros.control.controller import ControlStatus, LocalController
from mme_ilqr_ros.control.objective import stage_data, standard_problem
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.pose import Pose, RobotState

RESOLUTION, ORIGIN = 0.1, Pose(-2.0, -3.0, 0.0)
GOAL = (6.0, 0.0)


def corridor():
    """A wall across the way (x = 3 m) with one door, far from the straight line, at y = 2.5 m.

    Returns the walls and the exact cost to go: straight, or by way of the door.
    """
    rows, columns = np.mgrid[0:70, 0:100]
    x, y = ORIGIN.x + RESOLUTION * (columns + 0.5), ORIGIN.y + RESOLUTION * (rows + 0.5)
    walls = (np.abs(x - 3.0) < 0.15) & (np.abs(y - 2.5) > 0.5)
    door, behind = (3.0, 2.5), x > 3.0
    by_door = np.hypot(x - door[0], y - door[1]) + np.hypot(door[0] - GOAL[0], door[1] - GOAL[1])
    cost = np.where(behind, np.hypot(x - GOAL[0], y - GOAL[1]), by_door)
    field = build_distance_field(walls, RESOLUTION, ORIGIN)
    return field, np.where(field.values > 0.25, cost, np.inf)


def test_the_goal_weights_are_shared_out_between_field_and_straight_line():
    settings, problem = in_own_units(ControllerSettings()), standard_problem()
    field = CostToGo(np.ones((3, 3)), 0.1, ORIGIN)
    args = (problem, settings, np.zeros(2), np.zeros((0, 5)), None)
    alone, with_field = stage_data(*args), stage_data(*args, cost_to_go=field)
    assert alone.world.cost_to_go is None
    x, functions = np.array([2.0, 0.0, 0.0, 0.0, 0.0]), problem.functions()
    at_a_stage, at_the_end = with_field.world.goal_weights
    for along_field, cost in (
        (at_a_stage, lambda p: functions["stage_cost"](x, np.zeros(2), p)),
        (at_the_end, lambda p: functions["terminal_cost"](x, p)),
    ):
        whole, straight = (float(cost(data.parameters[0])) for data in (alone, with_field))
        assert straight == pytest.approx(0.3 * whole)
        distance = np.hypot(2.0, 0.3) - 0.3  # rounded near the target
        assert along_field == pytest.approx(0.7 * whole / distance)


def test_with_the_field_it_finds_the_door_and_reaches_the_goal():
    field, values = corridor()
    cost_to_go = CostToGo(values, RESOLUTION, ORIGIN).for_tracking()
    control, state = LocalController(ControllerSettings()), RobotState(0.0, -2.0, 0.0)
    for i in range(150):
        result = control.compute_command(
            Situation(state, Pose(*GOAL, 0.0), 0.1 * i, walls=field, cost_to_go=cost_to_go)
        )
        if result.status is ControlStatus.GOAL_REACHED:
            break
        pose = state.pose.compose(Pose(0.1 * result.vx, 0.0, 0.1 * result.wz))
        state = RobotState(pose.x, pose.y, pose.yaw, result.vx, result.wz)
        assert field.value_and_gradient(state.position)[0] > 0.2
    assert result.status is ControlStatus.GOAL_REACHED
