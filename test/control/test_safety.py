import numpy as np
import pytest
from one_robot import one_robot
from test_controller import PERIOD, controller, drive, positions

from mme_ilqr_ros.control.controller import ControlStatus, LocalController
from mme_ilqr_ros.control.modes import Modes
from mme_ilqr_ros.control.objective import stage_data, standard_problem
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.robots import robot_of
from mme_ilqr_ros.control.safety import Safety, grown, waits
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.circles import as_circles, clearance, predict
from mme_ilqr_ros.geometry.pose import Pose, RobotState

SETTINGS = in_own_units(ControllerSettings())
KERNEL = one_robot(standard_problem(robot_of(SETTINGS), SETTINGS))
SAFETY = Safety(KERNEL.kernel, ())
SAFETY_OF_A_TURNING_ROBOT = Safety(KERNEL.kernel, (), (1,))
AT_REST = np.zeros(5)


def data(circles):
    return stage_data(
        KERNEL.problem, SETTINGS, np.array([6.0, 0.0]), as_circles(circles), None,
        limits=robot_of(SETTINGS).limits(SETTINGS),
    )  # fmt: skip


def modes(x0, controls, circles, required=0.22):
    """Modes that simply keep their velocities, rolled out."""
    T = SETTINGS.mme.time_steps
    U = np.repeat(np.array(controls, float)[:, None], T, axis=1)
    found = KERNEL.optimise(x0, U, data(circles), iterations=0)
    feasible = found.distances >= required
    facts = found.costs, found.costs, found.distances, feasible
    return Modes(found.X, found.U, *facts, 0, False, 0)


def test_a_plan_that_hits_something_late_may_drive_and_one_that_hits_soon_may_not():
    moving = np.array([0, 0, 0, 1.0, 0.0])  # stops within 0.4 s; must be free for 1.4 s
    for distance, expected in ((3.0, True), (1.2, False)):
        wall = [[distance, 0.0, 0.3]]
        straight = modes(moving, [[1.0, 0.0]], wall)
        assert not straight.feasible[0]
        assert SAFETY.may_drive(straight, moving[3:], data(wall), 0.22) is expected


def test_where_braking_is_safe_the_robot_brakes():
    moving = np.array([0, 0, 0, 1.0, 0.0])
    wall = [[1.2, 0.0, 0.3]]
    plans = modes(moving, [[1.0, 0.0], [0.2, 1.5]], wall)
    assert SAFETY.evasion(plans, moving, moving[3:], data(wall), 0.2) is None


def test_from_something_that_comes_the_robot_drives_away():
    coming = [[1.1, 0.0, 0.4, -1.0, 0.0]]
    plans = modes(AT_REST, [[0.0, 0.0], [1.0, 0.0]], coming)
    found = SAFETY.evasion(plans, AT_REST, AT_REST[3:], data(coming), 0.2)
    tried = modes(AT_REST, [found, [0.0, 0.0], [1.0, 0.0]], coming)
    away, standing, ahead = KERNEL.distances(tried.states[:, :6], data(coming))
    assert away > standing + 0.05
    assert away > ahead + 0.05


def test_of_the_plans_and_constant_controls_the_one_that_gets_farthest_away_is_driven():
    coming = [[1.1, 0.0, 0.4, -1.0, 0.0]]
    plans = modes(AT_REST, [[0.0, 0.0], [1.0, 0.0]], coming)
    alone = SAFETY.evasion(plans, AT_REST, AT_REST[3:], data(coming), 0.2)
    dodging = modes(AT_REST, [[0.0, 0.0], [0.0, 0.0]], coming)
    dodging.states[1, :, 0] = np.minimum(0.0, -np.arange(SETTINGS.mme.time_steps + 1) * 0.3)
    dodging.controls[1, 0] = [-0.77, 0.1]
    found = SAFETY.evasion(dodging, AT_REST, AT_REST[3:], data(coming), 0.2)
    assert found.tolist() == [-0.77, 0.1] != alone.tolist()


def test_a_disc_that_drives_at_a_standing_robot_does_not_reach_it():
    """Slower than the robot, at constant velocity, while the robot's goal lies behind the disc."""
    disc = as_circles([[4.0, 0.02, 0.5, -0.6, 0.0]])
    states, results = drive(controller(), circles=disc, seconds=25.0)
    distances = [
        clearance(s.position, predict(disc, i * PERIOD)) for i, s in enumerate(states[:-1])
    ]
    assert min(distances) > 0.2
    assert results[-1].status is ControlStatus.GOAL_REACHED


def test_an_evading_robot_keeps_its_limits():
    disc = as_circles([[1.0, 0.0, 0.4, -0.9, 0.0]])  # no time left: evasion from the first cycle
    control = controller()
    state = RobotState(0.0, 0.0, 0.0)
    before = np.zeros(2)
    _, results = drive(control, circles=disc, seconds=2.0, state=state)
    for result in results:
        command = np.array([result.vx, result.wz])
        assert np.all(np.abs(command - before) <= np.array([2.5, 5.0]) * PERIOD + 1e-9)
        before = command


def test_circles_grow_by_what_they_drive_and_only_those_that_move():
    circles = as_circles([[0, 0, 0.5, 0.3, -0.4], [1, 1, 0.2, 0, 0]])
    assert grown(circles, 0.2)[:, 2] == pytest.approx([0.6, 0.2])
    assert circles[0, 2] == 0.5


def test_a_robot_waits_when_it_stands_and_its_plan_stays():
    nothing = [[9.0, 9.0, 0.1]]
    staying, leading = modes(AT_REST, [[0.0, 0.0]], nothing), modes(AT_REST, [[1.0, 0.0]], nothing)
    assert waits(staying, np.array([0.0, 0.0]))
    assert not waits(staying, np.array([0.5, 0.0]))
    assert not waits(leading, np.array([0.0, 1.0]))  # it turns toward its way


def test_a_goal_reached_next_to_traffic_stays_reached():
    disc = as_circles([[1.0, 2.0, 0.3, 0.0, -0.3]])
    states, results = drive(controller(), circles=disc, seconds=15.0, goal=Pose(1.8, 0.0, 0.0))
    assert results[-1].status is ControlStatus.GOAL_REACHED
    assert np.hypot(*(positions(states)[-1] - [1.8, 0.0])) < SETTINGS.xy_goal_tolerance


def test_a_plan_that_soon_touches_something_drives_no_faster_than_now_on_its_curve():
    limits = robot_of(SETTINGS).limits(SETTINGS)
    held, faster = np.array([0.5, 0.1]), np.array([0.75, 0.3])
    slowed = SAFETY_OF_A_TURNING_ROBOT.slowed(faster, held, limits)
    assert slowed == pytest.approx([0.5, 0.2])
    assert SAFETY_OF_A_TURNING_ROBOT.slowed(slowed, held, limits) == pytest.approx(slowed)
    start = SAFETY_OF_A_TURNING_ROBOT.slowed(np.array([0.25, 0.1]), np.zeros(2), limits)
    assert start == pytest.approx([0.2, 0.08])  # slowly, it may start


def test_a_plan_may_speed_up_only_while_what_it_touches_is_twice_as_far_as_a_stop():
    moving = np.array([0, 0, 0, 1.0, 0.0])  # must be free for 1.4 s to drive, for 2.8 s to speed up
    for distance, expected in ((5.0, True), (2.5, False)):
        wall = [[distance, 0.0, 0.3]]
        straight = modes(moving, [[1.0, 0.0]], wall)
        assert not straight.feasible[0]
        assert SAFETY.may_drive(straight, moving[3:], data(wall), 0.22)
        assert SAFETY.may_speed_up(straight, moving[3:], data(wall), 0.22) is expected


def test_a_robot_that_brakes_is_not_told_to_speed_up_by_old_odometry():
    """Odometry that comes late still shows the speed from before it braked."""
    control = LocalController(ControllerSettings(), realtime=False)
    fast, speeds = RobotState(0.0, 0.0, 0.0, 0.9, 0.0), []
    for k in range(12):
        speeds.append(control.compute_command(Situation(fast, None, 0.05 * k)).vx)
    assert speeds[0] > 0.5
    assert (np.diff(speeds) <= 0.0).all()
    assert speeds[-1] == 0.0
