"""`mme-ilqr solve`: how long a control cycle takes, and what it reaches, on seeded problems."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.command_line import positive_int, whole
from mme_ilqr_ros.control.kernel import CompiledKernel, Kernel, StageData
from mme_ilqr_ros.control.mme_ilqr import MmeIlqr
from mme_ilqr_ros.control.modes import Modes
from mme_ilqr_ros.control.objective import algorithm_settings, stage_data, standard_problem
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.control.settings import VARIANTS, ControllerSettings
from mme_ilqr_ros.geometry.passable import least_distance
from mme_ilqr_ros.reporting.rows import facts, percentiles_ms, table, write_json
from mme_ilqr_ros.settings import build, flatten, rebuilt

Array = NDArray[np.float64]
MakeKernel = Callable[[Problem], Kernel]

GOAL = np.array([8.0, 0.0])  # [m] from the start, at the origin
FIELD = ((1.2, -2.5), (7.0, 2.5))  # [m] corners between which the obstacles' centres lie
RADII = (0.2, 0.5)  # [m]
FREE = 0.3  # [m] between start or goal and the obstacles, besides the robot's radius
CYCLES_PER_PROBLEM = 20  # then another field of obstacles, and no warm start
PRECISIONS = ("float64", "float32")
PERCENTILES = {0: "min", 50: "median", 95: "p95", 99: "p99", 100: "max"}
COLUMNS = {
    "variant": "{variant}",
    "modes": "{modes}",
    "backend": "{backend} {device} {precision}",
    **{f"cycle ms {name}": f"{{cycle_ms[{name}]:.3f}}" for name in PERCENTILES.values()},
    "iteration us": "{iteration_us:.1f}",
    "first call s": "{first_call_s:.2f}",
    "cost": "{cost:.3f}",
}

ABOUT = """\
Time whole control cycles (shift, rollout, derivatives, backward pass, line search, sampling,
selection) on seeded fields of obstacles, the plan of one cycle driven to the next.
"""
EXAMPLES = """\
examples:
  mme-ilqr solve --out out/solve
  mme-ilqr solve --modes 64 --repeat 100 --out out/solve64

summary.json has minimum, median, 95th and 99th percentile and maximum in ms of a cycle, the time of
one iteration of all modes in us, the first call (building or loading the kernel) apart, and the
mean cost that the executed mode reached, so that speed cannot be bought with quality. Compare
figures from one machine only, and with nothing else running on it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--variant", choices=VARIANTS, default=ControllerSettings.variant, help="(%(default)s)")
    add("--modes", type=positive_int, default=8, help="plans kept alive (%(default)s)")
    add("--iterations", type=positive_int, default=10, help="at most, per cycle (%(default)s)")
    add("--horizon", type=positive_int, default=50, help="stages (%(default)s)")
    add("--obstacles", type=whole, default=16, help="circles (%(default)s)")
    add("--precision", choices=PRECISIONS, default="float64", help="(%(default)s)")
    add("--footprint", default="", metavar="CORNERS", help="the robot's, as the parameter; a disc")
    add("--repeat", type=positive_int, default=200, help="cycles (%(default)s)")
    add("--seed", type=whole, default=0, help="of problems and sampling (%(default)s)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for summary.json")


def run(options: argparse.Namespace, command: str) -> str:
    """Time what the command line asks for; return the report.

    Raises:
        SettingError: A number is out of range.
    """
    where = {"backend": "compiled", "device": "cpu", "precision": options.precision}
    return time_and_report(options, command, compiled(options.precision), where)


def time_and_report(
    options: argparse.Namespace, command: str, make: MakeKernel, where: Mapping[str, str]
) -> str:
    """Time the cycles of a solver, write summary.json and return the figures as a table.

    Args:
        options: Of the verb's own arguments.
        command: As typed.
        make: Makes the solver.
        where: `backend`, `device` and `precision` for the report.
    """
    settings = _settings(options)
    options.out.mkdir(parents=True, exist_ok=True)
    sums = totals(time_cycles(settings, options.obstacles, options.repeat, make))
    chosen = {"obstacles": options.obstacles, "repeat": options.repeat, **flatten(settings)}
    content = {**facts(command), "settings": {**chosen, **where}, "totals": sums}
    write_json(content, options.out / "summary.json")
    modes = algorithm_settings(settings).n_modes
    return table([{**chosen, **where, **sums, "modes": modes}], COLUMNS)


def _settings(options: argparse.Namespace) -> ControllerSettings:
    values = {
        "variant": options.variant,
        "footprint": options.footprint,
        "seed": options.seed,
        "mme.n_iterations": options.iterations,
        "mme.time_steps": options.horizon,
    }
    settings = build(ControllerSettings, values)
    # A study may ask for more modes than the range that is good for a robot.
    return in_own_units(rebuilt(settings, {"mme.n_modes": options.modes}))


def totals(result: SolveResult) -> dict[str, Any]:
    """Return the figures of summary.json."""
    per_iteration = np.array(result.cycle_times) / np.maximum(result.iterations, 1)
    return {
        "cycle_ms": percentiles_ms(result.cycle_times, tuple(PERCENTILES)),
        "iteration_us": round(1e6 * float(np.median(per_iteration)), 2),
        "iterations": round(float(np.mean(result.iterations)), 2),
        "first_call_s": round(result.first_call, 3),
        "cost": round(result.cost, 6),
        "feasible": round(result.feasible, 4),
    }


def compiled(precision: str = "float64") -> MakeKernel:
    """Return what makes the controller's own kernel, in `float64` or `float32`."""
    return lambda problem: CompiledKernel(problem, dtype=np.dtype(precision).type)


@dataclass(frozen=True)
class SolveResult:
    """What was measured.

    Attributes:
        cycle_times: Of every whole control cycle [s].
        iterations: iLQR iterations done in each cycle.
        first_call: Time to build or load the kernel and to run the first cycle [s].
        cost: Cost J of the executed mode, mean over all cycles.
        feasible: Fraction of the cycles whose executed mode touches nothing.
    """

    cycle_times: tuple[float, ...]
    iterations: tuple[int, ...]
    first_call: float
    cost: float
    feasible: float


def time_cycles(
    settings: ControllerSettings, n_obstacles: int, repeat: int, make: MakeKernel
) -> SolveResult:
    """Drive from problem to problem along the plans themselves and time every cycle.

    A cycle is all of it: shift, policies, sampling, optimisation, weights and choice. No clock
    ends it early.

    Args:
        settings: The controller's, in SI, see `own_units`; their seed makes problems and sampling.
        n_obstacles: Circles in each problem.
        repeat: Number of cycles.
        make: Makes what is timed.
    """
    rng = np.random.default_rng(settings.seed)
    begin = time.perf_counter()
    problem = standard_problem(settings=settings)
    solver = MmeIlqr(make(problem), algorithm_settings(settings), [settings.seed])
    data = _problem(problem, settings, n_obstacles, rng)
    _cycle(solver, np.zeros(problem.model.nx), data, settings)
    first_call = time.perf_counter() - begin
    times, iterations, costs, feasible = [], [], [], []
    for index in range(repeat):
        if index % CYCLES_PER_PROBLEM == 0:
            data = _problem(problem, settings, n_obstacles, rng)
            x = np.zeros(problem.model.nx)
            solver.reset()
        begin = time.perf_counter()
        modes = _cycle(solver, x, data, settings)
        times.append(time.perf_counter() - begin)
        iterations.append(int(modes.iterations))
        costs.append(float(modes.costs[modes.chosen]))
        feasible.append(bool(modes.feasible[modes.chosen]))
        fraction = 1.0 / (settings.controller_frequency * data.dt)  # of the plan's first stage
        x = x + fraction * (modes.states[modes.chosen, 1] - x)
    return SolveResult(
        tuple(times), tuple(iterations), first_call, float(np.mean(costs)), float(np.mean(feasible))
    )


def _cycle(solver: MmeIlqr, x: Array, data: StageData, settings: ControllerSettings) -> Modes:
    required = least_distance(settings.robot_radius, settings.clearance_margin)
    return solver.cycle(x[None], [data], 1.0 / settings.controller_frequency, required)[0]


def _problem(
    problem: Problem, settings: ControllerSettings, n_obstacles: int, rng: np.random.Generator
) -> StageData:
    circles = random_circles(n_obstacles, settings.robot_radius + FREE, rng)
    return stage_data(problem, settings, GOAL, circles, None)


def random_circles(count: int, free: float, rng: np.random.Generator) -> Array:
    """Return circles at rest [count, 5] that leave `free` m round the start and the goal."""
    circles = np.zeros((0, 5))
    while len(circles) < count:
        centre, radius = rng.uniform(*FIELD), rng.uniform(*RADII)
        gap = min(np.hypot(*centre), np.hypot(*(centre - GOAL))) - radius
        if gap >= free:
            circles = np.vstack([circles, [*centre, radius, 0.0, 0.0]])
    return circles
