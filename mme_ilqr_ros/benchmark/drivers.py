"""Who drives in a trial: a stack that is told the truth, or one that has a laser and odometry."""

from __future__ import annotations

from functools import partial
from typing import Protocol

import numpy as np

from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.control.controller import ControlResult
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import RobotState
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.perception.scan import Scan
from mme_ilqr_ros.planning.planner import GlobalPlanner
from mme_ilqr_ros.planning.replanner import Replanner
from mme_ilqr_ros.planning.result import PlanResult
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.simulation.scenario import Scenario
from mme_ilqr_ros.simulation.simulator import Simulator

SEEN_PERIOD = 0.5  # [s] between two records of what stands


class Driver(Protocol):
    """Measures what it may, and commands."""

    failed_plans: int

    def observe(self, simulator: Simulator) -> None:
        """Look at the world between cycles; called every few hundredths of a second."""
        ...

    def command(self, simulator: Simulator) -> ControlResult:
        """Run one control cycle."""
        ...


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
        self._scenario, self._setup, self._walls, self._record = scenario, setup, walls, record
        self._controller = setup.make_controller(settings)
        self._planner = setup.make_planner(scenario)
        self._replanner = Replanner(setup.planner_settings(scenario))
        self._known_map = setup.known_map(scenario) or scenario.map_with_walls()
        self._path: Path | None = scenario.path if setup.planner == "file" else None
        self._cost_to_go: CostToGo | None = None
        if self._path is not None:
            record.add_plan(0.0, self._path.points)

    def observe(self, simulator: Simulator) -> None:
        """Look at nothing: all is known when it is needed."""

    def command(self, simulator: Simulator) -> ControlResult:
        """Plan when it is time, then control."""
        state, now = simulator.measured_state(), simulator.time
        self._replan(state, now)
        world = self._path, simulator.circles(), self._walls, self._cost_to_go
        situation = Situation(state, self._scenario.goal, now, *world)
        return self._controller.compute_command(situation)

    def _replan(self, state: RobotState, now: float) -> None:
        """Plan when it is time; the plan in force stays where there is no better one."""
        if self._planner is None:
            return
        goal = self._scenario.goal
        ends = (state.x, state.y), (goal.x, goal.y)
        plan = partial(self._plan, self._planner, *ends)
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
