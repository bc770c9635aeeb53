"""One trial: a robot drives a world in a simulation, from the same classes that the nodes call."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from mme_ilqr_ros.benchmark.drivers import ByLidar, Driver, Told, pass_time
from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.control.controller import ControlResult
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.geometry.distance_field import DistanceField, build_distance_field
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.planning.planner import GlobalPlanner
from mme_ilqr_ros.reporting.homotopy import way_change_times
from mme_ilqr_ros.reporting.result import Outcome, RunJudge, RunResult
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.reporting.scene import Scene
from mme_ilqr_ros.simulation.scenario import Scenario
from mme_ilqr_ros.simulation.simulator import Simulator

FIRST_MOTION = 0.1  # [m] from the start, from where on the BARN score counts the time


@dataclass(frozen=True, eq=False)
class Trial:
    """A finished trial.

    Attributes:
        family: Kind of world.
        result: Its row.
        record: Everything that happened.
        scene: What stands still in its picture.
        failed_plans: Requests that the planner could not answer.
    """

    family: str
    result: RunResult
    record: RunRecord
    scene: Scene
    failed_plans: int

    @property
    def succeeded(self) -> bool:
        """Whether the goal was reached without collision."""
        return self.result.outcome is Outcome.SUCCESS


def drive(scenario: Scenario, setup: Setup, trial: int = 0, seed: int = 0) -> Trial:
    """Drive one world to its end.

    But for the times that it measures, and unless `setup.realtime` lets them count, the trial
    depends on the arguments alone.
    """
    scenario = setup.apply(scenario)
    run = _Run(scenario, setup, seed)
    outcome = run.to_the_end()
    run.record.min_clearance = run.simulator.min_clearance  # of all steps, not only of cycles
    run.record.way_change_times = way_change_times(run.record, run.stage_time, run.walls)
    top_speed = scenario.robot.vx_max
    result = RunResult.of(run.record, scenario.name, outcome, trial, seed, top_speed)
    if setup.sensing == "lidar":
        result = replace(result, shortest=shortest_way(scenario, setup))
    result = replace(result, score=barn_score(run.record, outcome, scenario.optimal_time))
    scene = Scene.of(scenario, f"{setup.controller}, planner {setup.planner}")
    return Trial(scenario.family, result, run.record, scene, run.driver.failed_plans)


def barn_score(record: RunRecord, outcome: Outcome, optimal_time: float | None) -> float | None:
    """Return success * OT / clip(AT, 2 OT, 8 OT), or None for a world without an optimal time OT.

    AT is the time from the first motion to the goal. This is the formula of the BARN Challenge;
    a score in this simulation is not one on its leaderboard.
    """
    if optimal_time is None:
        return None
    if outcome is not Outcome.SUCCESS:
        return 0.0
    states = record.states
    moved = np.hypot(*(states[:, 1:3] - states[0, 1:3]).T) >= FIRST_MOTION
    actual = float(states[-1, 0] - states[np.argmax(moved), 0])
    return round(optimal_time / min(max(actual, 2.0 * optimal_time), 8.0 * optimal_time), 4)


def shortest_way(scenario: Scenario, setup: Setup) -> float | None:
    """Return the length [m] of the shortest way for who knows all that stands; None without one."""
    settings = replace(setup.planner_settings(scenario), kind="dijkstra", unknown_cost=1.0)
    start, goal = scenario.start, scenario.goal
    ends = (start.x, start.y), (goal.x, goal.y)
    planned = GlobalPlanner(settings).plan(scenario.map_of_what_stands(), *ends)
    return planned.length if planned.path is not None else None


class _Run:
    """The loop: measure, plan now and then, control, let time pass, judge."""

    def __init__(self, scenario: Scenario, setup: Setup, seed: int) -> None:
        self.record = RunRecord()
        settings = setup.controller_settings(scenario, seed)
        rng = np.random.default_rng(seed)
        self.simulator = Simulator(scenario, setup.simulator_settings(scenario), rng)
        self._setup = setup
        self._period = 1.0 / settings.controller_frequency
        self.stage_time = in_own_units(settings).mme.model_dt
        self.walls = wall_field(scenario.map_with_walls(), settings)
        self.driver = make_driver(scenario, setup, settings, self.walls, self.record)
        self._judge = RunJudge(scenario.goal, scenario.goal_tolerance, scenario.timeout)

    def to_the_end(self) -> Outcome:
        """Drive until the judge says that it is over."""
        simulator = self.simulator
        self.driver.observe(simulator)
        outcome = self._look()
        cycle = 0
        while outcome is None:
            result = self._control()
            thinking = result.solve_time if self._setup.realtime else 0.0
            outcome = self._pass(simulator.time + thinking)
            simulator.command(result.vx, result.wz)
            self.record.add_command(simulator.time, result.vx, result.wz)
            # A cycle that took longer than its period costs whole periods.
            cycle += max(1, math.ceil(thinking / self._period))
            outcome = outcome or self._pass(cycle * self._period)
        return outcome

    def _control(self) -> ControlResult:
        """Run one control cycle and record it."""
        now, circles = self.simulator.time, self.simulator.circles()
        result = self.driver.command(self.simulator)
        self.record.add_circles(now, circles)
        self.record.add_clearance(self.simulator.clearance)
        self.record.add_status(now, result.message)
        if result.gated:
            self.record.add_gated(now)
        self.record.add_solve_time(result.solve_time)
        self.record.deadline_misses += result.solve_time > self._period
        if result.modes is not None:
            modes, is_first = result.modes, not self.record.modes
            lines = list(modes.states[:, :, :2])
            switched = modes.switched and not is_first  # nothing drove before the first cycle
            self.record.add_modes(now, lines, modes.weights, modes.chosen, switched)
        return result

    def _pass(self, until: float) -> Outcome | None:
        """Let time pass; return the outcome as soon as there is one."""
        for _ in pass_time(self.simulator, self.driver, until):
            outcome = self._look()
            if outcome is not None:
                return outcome
        return None

    def _look(self) -> Outcome | None:
        simulator = self.simulator
        time, state = simulator.time, simulator.state
        self.record.add_state(time, state.x, state.y, state.yaw, state.vx, state.wz)
        return self._judge.update(time, state.x, state.y, simulator.collided)


def make_driver(
    scenario: Scenario,
    setup: Setup,
    settings: ControllerNodeSettings,
    walls: DistanceField | None,
    record: RunRecord,
) -> Driver:
    """Return who drives, by what the setup lets it sense; see `Told`."""
    if setup.sensing == "lidar":
        return ByLidar(scenario, setup, settings, record)
    return Told(scenario, setup, settings, walls, record)


def wall_field(grid: GridMap, settings: ControllerNodeSettings) -> DistanceField | None:
    """Return the distance field that the controller node makes of a map.

    None where nothing is blocked, or where the controller does not use the map.
    """
    blocked = grid.blocked(settings.unknown_is_free)
    if not (settings.use_map and blocked.any()):
        return None
    reach = settings.field_max_distance
    return build_distance_field(blocked, grid.resolution, grid.origin, reach)
