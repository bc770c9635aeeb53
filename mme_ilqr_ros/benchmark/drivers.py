"""Who drives in a trial: a stack that is told the truth, or one that has a laser and odometry."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Protocol

import numpy as np

from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.control.controller import ControlResult, LocalController
from mme_ilqr_ros.control.safe_twist import Twist
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.perception.scan import Scan
from mme_ilqr_ros.planning.planner import GlobalPlanner
from mme_ilqr_ros.planning.replanner import Replanner
from mme_ilqr_ros.planning.result import PlanResult
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.simulation.scenario import Scenario
from mme_ilqr_ros.simulation.simulator import Simulator

LOOK_PERIOD = 0.02  # [s] between looks at the world; contact is looked at each step
SEEN_PERIOD = 0.5  # [s] between two records of what stands


class Driver(Protocol):
    """Measures what it may, and commands."""

    failed_plans: int

    @property
    def path(self) -> Path | None:
        """The plan in force."""
        ...

    @property
    def planned(self) -> PlanResult | None:
        """The newest result of the planner for this goal."""
        ...

    def set_goal(self, goal: Pose | None) -> None:
        """Drive to another goal; None stops."""
        ...

    def update(self, settings: ControllerNodeSettings) -> None:
        """Use other dynamic settings from the next cycle on."""
        ...

    def adopt(self, controller: LocalController, settings: ControllerNodeSettings) -> None:
        """Go on with another controller; what was seen and planned stays."""
        ...

    def observe(self, simulator: Simulator) -> None:
        """Look at the world between cycles; called every few hundredths of a second."""
        ...

    def command(self, simulator: Simulator) -> ControlResult:
        """Run one control cycle."""
        ...

    def manoeuvre(self, simulator: Simulator, wanted: Twist, words: str) -> ControlResult:
        """Run one cycle of a manoeuvre, as far as it is safe."""
        ...


def pass_time(simulator: Simulator, driver: Driver, until: float) -> Iterator[None]:
    """Let time pass until `until` [s], and the driver look at the world; yield after each look."""
    while (left := until - simulator.time) > 1e-9:
        simulator.step(min(left, LOOK_PERIOD))
        driver.observe(simulator)
        yield


class Told:
    """Planner and controller are told the map and the true circles.

    Args:
        scenario: The world.
        setup: What drives it.
        settings: Of the controller.
        walls: The map's distance field, or None.
        record: Takes plans and what planning took.
    """

    def __init__(
        self,
        scenario: Scenario,
        setup: Setup,
        settings: ControllerNodeSettings,
        walls: DistanceField | None,
        record: RunRecord,
    ) -> None:
        self.failed_plans = 0
        self._goal: Pose | None = scenario.goal
        self._setup, self._walls, self._record = setup, walls, record
        self._controller = setup.make_controller(settings)
        self._planner = setup.make_planner(scenario)
        self._replanner = Replanner(setup.planner_settings(scenario))
        self._known_map = setup.known_map(scenario) or scenario.map_with_walls()
        self._path: Path | None = scenario.path if setup.planner == "file" else None
        self._cost_to_go: CostToGo | None = None
        if self._path is not None:
            record.add_plan(0.0, self._path.points)

    @property
    def path(self) -> Path | None:
        """The plan in force."""
        return self._path

    @property
    def planned(self) -> PlanResult | None:
        """The newest result of the planner for this goal."""
        return self._replanner.latest

    def set_goal(self, goal: Pose | None) -> None:
        """Drive to another goal; None stops."""
        self._goal, self._path, self._cost_to_go = goal, None, None
        self._replanner.restart()
        self._controller.begin_anew()

    def update(self, settings: ControllerNodeSettings) -> None:
        """Use other dynamic settings from the next cycle on."""
        self._controller.update(settings)

    def adopt(self, controller: LocalController, settings: ControllerNodeSettings) -> None:
        """Go on with another controller; what was planned stays."""
        self._controller = controller

    def observe(self, simulator: Simulator) -> None:
        """Look at nothing: all is known when it is needed."""

    def command(self, simulator: Simulator) -> ControlResult:
        """Plan when it is time, then control."""
        state, now = simulator.measured_state(), simulator.time
        if self._planner is not None and self._goal is not None:
            self._replan(self._planner, self._goal, state, now)
        return self._controller.compute_command(self._situation(simulator, state))

    def manoeuvre(self, simulator: Simulator, wanted: Twist, words: str) -> ControlResult:
        """Run one cycle of a manoeuvre, as far as it is safe."""
        situation = self._situation(simulator, simulator.measured_state())
        return self._controller.manoeuvre(wanted, situation, words)

    def _situation(self, simulator: Simulator, state: RobotState) -> Situation:
        world = self._path, simulator.circles(), self._walls, self._cost_to_go
        return Situation(state, self._goal, simulator.time, *world)

    def _replan(self, planner: GlobalPlanner, goal: Pose, state: RobotState, now: float) -> None:
        """Plan when it is time; the plan in force stays where there is no better one."""
        ends = (state.x, state.y), (goal.x, goal.y)
        plan = partial(self._plan, planner, *ends)
        planned = self._replanner.update(now, *ends, plan)
        if planned is None or planned.path is None:
            return
        self._path = planned.path
        self._record.add_plan(now, planned.path.points)
        guided = self._setup.guidance == "cost_to_go"
        if guided and self._cost_to_go is None and planned.cost_to_go is not None:
            self._cost_to_go = planned.cost_to_go.for_tracking()  # one map, one goal

    def _plan(
        self, planner: GlobalPlanner, start: tuple[float, float], goal: tuple[float, float]
    ) -> PlanResult:
        """Make a plan and record what it took."""
        planned = planner.plan(self._known_map, start, goal)
        self._record.add_plan_time(planned.field_time + planned.path_time)
        self.failed_plans += planned.path is None
        return planned


class ByLidar:
    """Nothing but scans and odometry, and a map where the setup gives one."""

    def __init__(
        self, scenario: Scenario, setup: Setup, settings: ControllerNodeSettings, record: RunRecord
    ) -> None:
        self.failed_plans = 0
        self._record = record
        self._period = setup.simulator_settings(scenario).scan_publish_dur
        self._due = self._picture_due = 0.0
        self._planned: PlanResult | None = None
        self.navigator = setup.make_navigator(scenario, settings)
        self.navigator.set_goal(scenario.goal)

    @property
    def path(self) -> Path | None:
        """The plan in force."""
        return self.navigator.path

    @property
    def planned(self) -> PlanResult | None:
        """The newest result of the planner for this goal."""
        return self.navigator.planned

    def set_goal(self, goal: Pose | None) -> None:
        """Drive to another goal; None stops."""
        self.navigator.set_goal(goal)

    def update(self, settings: ControllerNodeSettings) -> None:
        """Use other dynamic settings from the next cycle on."""
        self.navigator.update(settings)

    def adopt(self, controller: LocalController, settings: ControllerNodeSettings) -> None:
        """Go on with another controller; what was seen and planned stays."""
        self.navigator.adopt(controller, settings)

    def observe(self, simulator: Simulator) -> None:
        """Take odometry, and the scans whose turn has ended."""
        now = simulator.time
        self.navigator.take_odometry(now, simulator.measured_state())
        if now >= self._due - 1e-9:
            self._due += self._period
            for name in simulator.settings.scanners:
                self.navigator.take_scan(Scan(**vars(simulator.measured_scan(name))))

    def command(self, simulator: Simulator) -> ControlResult:
        """Run one cycle of the whole stack."""
        navigator, now = self.navigator, simulator.time
        before = navigator.path
        result = navigator.command(now)
        planned = navigator.planned
        if planned is not None and planned is not self._planned:
            self._planned = planned
            self._record.add_plan_time(planned.field_time + planned.path_time)
            self.failed_plans += planned.path is None
        if navigator.path is not None and navigator.path is not before:
            self._record.add_plan(now, navigator.path.points)
        self._keep_seen(now)
        return result

    def manoeuvre(self, simulator: Simulator, wanted: Twist, words: str) -> ControlResult:
        """Run one cycle of a manoeuvre, as far as it is safe."""
        return self.navigator.manoeuvre(simulator.time, wanted, words)

    def _keep_seen(self, now: float) -> None:
        """Record what moves in every cycle, and what stands now and then: it is more."""
        seen = self.navigator.seen
        if seen is None:
            return
        self._record.add_tracks(now, seen.circles)
        if now >= self._picture_due:
            self._picture_due = now + SEEN_PERIOD
            grid = self.navigator.perception.grid()
            self._record.add_seen(now, grid.centre_of(np.argwhere(grid.occupied)))
