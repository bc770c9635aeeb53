"""A laser, odometry and a goal are enough."""

import math

import numpy as np
import pytest

from mme_ilqr_ros.control.controller import LocalController
from mme_ilqr_ros.control.result import ControlStatus
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.navigation.navigator import Navigator
from mme_ilqr_ros.perception.perception import Perception
from mme_ilqr_ros.perception.scan import Scan
from mme_ilqr_ros.perception.settings import PerceptionSettings
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.simulation.scenario import scenario_of
from mme_ilqr_ros.simulation.settings import SimulatorSettings
from mme_ilqr_ros.simulation.simulator import Simulator
from mme_ilqr_ros.simulation.world_file import Keys

PERIOD = 0.1


class Drive:
    """A simulated robot that is driven by its scans alone."""

    def __init__(self, **world):
        keys = {"id": "w", "start": [0.0, 0.0, 0.0], "goal": [6.0, 0.0], **world}
        scenario = scenario_of(Keys(keys, "test", "w"), None)
        self.simulator = Simulator(scenario, SimulatorSettings(), np.random.default_rng(3))
        settings = ControllerSettings(seed=3)
        planner = GlobalPlanner(PlannerSettings(unknown_cost=1.0))
        controller = LocalController(settings, realtime=False)
        self.navigator = Navigator(controller, settings, Perception(PerceptionSettings()), planner)
        self.navigator.set_goal(scenario.goal)
        self.goal = scenario.goal
        self.results = []
        self.is_blind = False

    def cycle(self):
        """Measure, command, and let a period pass."""
        simulator, navigator = self.simulator, self.navigator
        for _ in range(5):
            navigator.take_odometry(simulator.time, simulator.measured_state())
            simulator.step(PERIOD / 5)
        navigator.take_odometry(simulator.time, simulator.measured_state())
        if not self.is_blind:
            scan = simulator.measured_scan("scan")
            assert navigator.take_scan(Scan(**vars(scan))) == ""
        result = navigator.command(simulator.time)
        simulator.command(result.vx, result.wz)
        self.results.append(result)
        return result

    def until(self, seconds, status=ControlStatus.GOAL_REACHED):
        """Drive until the status comes; return whether it came in time."""
        return any(self.cycle().status is status for _ in range(round(seconds / PERIOD)))


def wall(x, y, width, height):
    return {"center": [x, y], "size": [width, height]}


def test_out_of_a_pocket_that_it_does_not_know():
    pocket = [wall(3.0, 0.0, 0.2, 3.0), wall(2.0, 1.5, 2.2, 0.2), wall(2.0, -1.5, 2.2, 0.2)]
    drive = Drive(walls=pocket)
    assert drive.until(40.0)
    assert not drive.simulator.collided


def test_a_goal_behind_walls_all_round_is_said_to_be_unreachable_and_it_stands():
    room = [wall(1.5, 1.5, 4.0, 0.2), wall(1.5, -1.5, 4.0, 0.2)]
    room += [wall(-0.6, 0.0, 0.2, 3.2), wall(3.6, 0.0, 0.2, 3.2)]
    drive = Drive(walls=room)
    assert drive.until(20.0, ControlStatus.STUCK)
    for _ in range(30):
        result = drive.cycle()
    assert "unreachable" in result.message
    assert abs(drive.simulator.state.vx) < 0.01
    assert not drive.simulator.collided


def test_it_passes_what_crosses_its_way():
    drive = Drive(moving=[{"radius": 0.3, "from": [3.0, -3.0], "to": [3.0, 3.0], "speed": 0.7}])
    assert drive.until(25.0)
    assert not drive.simulator.collided


@pytest.mark.parametrize("begun", [True, False])
def test_without_scans_it_stands_and_says_so_and_goes_on_when_they_come_back(begun):
    drive = Drive()
    for _ in range(15 * begun):
        drive.cycle()
    drive.is_blind = True
    for _ in range(20):
        result = drive.cycle()
    assert result.message.startswith("scans stopped" if begun else "no scan yet")
    assert abs(drive.simulator.state.vx) < 0.01
    drive.is_blind = False
    assert drive.until(20.0)


def test_without_odometry_nothing_moves():
    settings = ControllerSettings()
    navigator = Navigator(LocalController(settings), settings, Perception(PerceptionSettings()))
    navigator.set_goal(Pose(3.0, 0.0, 0.0))
    scan = Scan(np.full(90, 5.0), -math.pi, math.pi / 45, 0.1, 10.0, 0.0)
    assert navigator.take_scan(scan) != ""
    result = navigator.command(0.0)
    assert (result.vx, result.wz) == (0.0, 0.0)
    navigator.take_odometry(0.0, RobotState(0.0, 0.0, 0.0))
    assert navigator.command(0.1).message == "no scan yet"
