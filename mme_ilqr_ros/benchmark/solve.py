"""How long a control cycle takes, and what it reaches in that time, on seeded problems."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel import CompiledKernel, Kernel, StageData
from mme_ilqr_ros.control.mme_ilqr import MmeIlqr
from mme_ilqr_ros.control.modes import Modes
from mme_ilqr_ros.control.objective import (
    algorithm_settings,
    stage_data,
    standard_problem,
)
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.control.settings import ControllerSettings

Array = NDArray[np.float64]

GOAL = np.array([8.0, 0.0])  # [m] from the start, at the origin
FIELD = ((1.2, -2.5), (7.0, 2.5))  # [m] corners between which the obstacles' centres lie
RADII = (0.2, 0.5)  # [m]
FREE = 0.3  # [m] between start or goal and the obstacles, besides the robot's radius
CYCLES_PER_PROBLEM = 20  # then another field of obstacles, and no warm start


MakeKernel = Callable[[Problem], Kernel]


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
        cost: Cost J of the mode that drives, mean over all cycles.
        feasible: Fraction of the cycles whose driving mode touches nothing.
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
        settings: The controller's; their seed makes problems and sampling.
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
    required = settings.robot_radius + settings.clearance_margin / 3.0
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
