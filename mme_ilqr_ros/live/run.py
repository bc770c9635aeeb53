"""One robot in one simulated world that changes while it drives; the loop is the benchmark's."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.benchmark.drive import make_driver, wall_field
from mme_ilqr_ros.benchmark.drivers import ByLidar, Driver, pass_time
from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.control.result import ControlResult
from mme_ilqr_ros.control.safe_twist import Twist
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.live.sliders import SLIDERS
from mme_ilqr_ros.navigation.navigator import Navigator
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.settings import flatten, table
from mme_ilqr_ros.simulation.scenario import Scenario
from mme_ilqr_ros.simulation.simulator import Simulator

FloatArray = NDArray[np.float64]
MOST_CIRCLES = 400  # that can be changed
GAP = 0.02  # [m] that is left between the robot and a circle that is put on it
BY_HAND = "driven by hand"
DYNAMIC = {row.name for row in table(ControllerNodeSettings) if row.dynamic} - {"mme.n_modes"}


class Newest(RunRecord):
    """A record that keeps only what was seen to stand last: a live run has no end."""

    def __init__(self) -> None:
        super().__init__()
        self.standing: FloatArray = np.zeros((0, 2))
        self.plan_time = 0.0

    def add_plan(self, time: float, points: ArrayLike) -> None:
        """Keep nothing: the driver has the plan in force."""

    def add_plan_time(self, seconds: float) -> None:
        """Keep what the last request took [s]."""
        self.plan_time = seconds

    def add_tracks(self, time: float, circles: ArrayLike) -> None:
        """Keep nothing: the driver has them."""

    def add_seen(self, time: float, points: ArrayLike) -> None:
        """Keep what was seen to stand, [N, 2] in m."""
        self.standing = np.asarray(points, dtype=np.float64)


class LiveRun:
    """A simulator, who drives in it, and everything that may change on the way.

    Attributes:
        setup: What drives.
        simulator: The world and the robot.
        driver: Senses, plans, controls.
        goal: Where to go; None: nowhere.
        record: The newest of what the driver saw.
        cycles: How many were run.
        processor_time: What they took [s].
    """

    def __init__(self, scenario: Scenario, setup: Setup, seed: int = 0) -> None:
        """Put the robot at the start.

        Raises:
            InputError: The robot does not fit, or a parameter is refused.
        """
        setup.check(scenario)
        self._world, self._seed = scenario, seed
        self.setup, self.scenario = setup, _driven(scenario, setup)
        settings = setup.simulator_settings(self.scenario)
        self.simulator = Simulator(self.scenario, settings, np.random.default_rng(seed))
        self.goal: Pose | None = self.scenario.goal
        self.cycles, self.processor_time = 0, 0.0
        self._begin()

    @property
    def settings(self) -> ControllerNodeSettings:
        """The controller's settings in force."""
        return self._settings

    @property
    def period(self) -> float:
        """Time of a control cycle [s]."""
        return 1.0 / self._settings.controller_frequency

    @property
    def navigator(self) -> Navigator | None:
        """What drives by scans; None where the truth is known."""
        return self.driver.navigator if isinstance(self.driver, ByLidar) else None

    def _begin(self) -> None:
        """Make the driver; it knows nothing yet."""
        self._settings = self.setup.controller_settings(self.scenario, self._seed)
        walls = wall_field(self.scenario.map_with_walls(), self._settings)
        self.record = Newest()
        parts = self.scenario, self.setup, self._settings, walls, self.record
        self.driver: Driver = make_driver(*parts)
        self.driver.set_goal(self.goal)
        self.driver.observe(self.simulator)

    def change(self, setup: Setup) -> None:
        """Drive on with something else: parameters, controller, planner or senses.

        What the robot knows stays where only the controller changes.

        Raises:
            InputError: It cannot be used; then nothing changes.
        """
        setup.check(self._world)
        scenario = _driven(self._world, setup)
        settings = setup.controller_settings(scenario, self._seed)
        before, after = flatten(self._settings), flatten(settings)
        changed = {name for name, value in after.items() if before[name] != value}
        stays = (setup.planner, setup.sensing) == (self.setup.planner, self.setup.sensing)
        same_plans = setup.planner_settings(scenario) == self.setup.planner_settings(self.scenario)
        self.setup, self.scenario, self._settings = setup, scenario, settings
        self.simulator.change_robot(scenario.robot)
        if not (stays and same_plans):
            self._begin()
        elif changed - DYNAMIC:
            self.driver.adopt(setup.make_controller(settings), settings)
        elif changed:
            self.driver.update(settings)

    def set_goal(self, goal: Pose | None) -> None:
        """Drive to another goal; None stops.

        Raises:
            InputError: The robot cannot stand there.
        """
        if goal is not None:
            stands = replace(self.scenario, goal=goal, circles=self._standing())
            if fault := stands.goal_fault():
                raise InputError(f"goal: {fault}")
        self.goal = goal
        self.driver.set_goal(goal)

    def _standing(self) -> FloatArray:
        circles = self.free_circles()
        return circles[~circles[:, 3:].any(axis=1)]

    def free_circles(self) -> FloatArray:
        """Return the circles [M, 5] that can be changed, as they are now."""
        return self.simulator.world.free_circles_at(self.simulator.time)

    def put_circles(self, circles: FloatArray, held: int | None = None) -> None:
        """Put other circles [M, 5] in place of the free ones.

        Args:
            circles: As they are now.
            held: The one that a hand holds: it is kept off the robot.

        Raises:
            InputError: They are too many, or no circles.
        """
        if len(circles) > MOST_CIRCLES:
            raise InputError(f"circles: {MOST_CIRCLES} at most")
        if held is not None:
            circles[held, :2] = self._beside_the_robot(circles[held])
        self.simulator.world.put_circles(circles, self.simulator.time)

    def _beside_the_robot(self, circle: FloatArray) -> FloatArray:
        """Return the centre [2] of a circle, moved away from the robot where it would touch it."""
        here = np.array(self.simulator.state.position)
        least = self.scenario.robot.radius + circle[2] + GAP
        offset = circle[:2] - here
        distance = float(np.hypot(*offset))
        if distance >= least:
            return circle[:2]
        away = offset / distance if distance > 0.0 else np.array([1.0, 0.0])
        return here + away * least

    def cycle(self, by_hand: Twist | None = None) -> ControlResult:
        """Run one control cycle, and let its period pass.

        Args:
            by_hand: A velocity that is wanted in place of the way to the goal.
        """
        begin = time.thread_time()
        simulator, driver = self.simulator, self.driver
        if by_hand is None:
            result = driver.command(simulator)
        else:
            result = driver.manoeuvre(simulator, by_hand, BY_HAND)
        simulator.command(result.vx, result.wz)
        deque(pass_time(simulator, driver, simulator.time + self.period), maxlen=0)
        self._turn_back()
        self.cycles += 1
        self.processor_time += time.thread_time() - begin
        return result

    def _turn_back(self) -> None:
        """Let what was thrown come back from the edge of the map."""
        circles, grid = self.free_circles(), self.scenario.grid
        if not circles[:, 3:].any():
            return
        size = np.array([grid.width, grid.height]) * grid.resolution
        to_grid = grid.origin.inverse()
        places, ways = to_grid.transform(circles[:, :2]), to_grid.rotate(circles[:, 3:])
        leaves = ((places < 0.0) & (ways < 0.0)) | ((places > size) & (ways > 0.0))
        if leaves.any():
            circles[:, 3:] = grid.origin.rotate(np.where(leaves, -ways, ways))
            self.put_circles(circles)


def _driven(world: Scenario, setup: Setup) -> Scenario:
    """Return the world with the robot as the parameters have it: it does what they say it can."""
    scenario = setup.apply(world)
    robot, given = scenario.robot, setup.parameters.controller
    if "robot_radius" in given:
        robot = robot.as_disc(float(given["robot_radius"]))  # type: ignore[arg-type]
    limits: dict[str, Any] = {
        s.robot: given[s.name] for s in SLIDERS if s.robot in robot.limits and s.name in given
    }
    return replace(scenario, robot=replace(robot, **limits))


def heading(goal: tuple[float, float], here: tuple[float, float]) -> Pose:
    """Return a goal that is approached straight from here."""
    return Pose(*goal, math.atan2(goal[1] - here[1], goal[0] - here[0]))
