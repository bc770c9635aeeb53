"""Many robots in one batch: each across a field of pillars, each with eight plans of its own.

    python -m examples.many_robots [picture.png [robots]]

One call plans for all robots at once: on torch tensors (here on the CPU, on a GPU with
`BatchedKernel(problem, "cuda")`), and with the compiled kernel, which takes robot by robot and is
the faster one on a CPU. Both times are printed, and both choose the same plans. The robots do not
see each other.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

try:
    from studies.batched import BatchedKernel
except ImportError as error:
    sys.exit(f"many_robots: {error}")  # it names torch and what to install


from mme_ilqr_ros.control.kernel import CompiledKernel, Kernel, StageData
from mme_ilqr_ros.control.mme_ilqr import MmeIlqr
from mme_ilqr_ros.control.modes import Modes
from mme_ilqr_ros.control.objective import stage_data, standard_problem
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.settings import ControllerSettings

RADIUS = 4.0  # [m] of the ring on which they stand; each heads for the opposite side
CYCLES = 3
PERIOD = 0.1  # s
SETTINGS = in_own_units(ControllerSettings())
ALGORITHM = dataclasses.replace(SETTINGS.mme, n_iterations=10)
REQUIRED = SETTINGS.robot_radius + SETTINGS.clearance_margin / 3.0  # [m]


def pillars(rng: np.random.Generator) -> np.ndarray:
    """Return circles [M, 5] on two rings round the centre."""
    rows = []
    for ring, count in ((1.0, 5), (2.3, 9)):
        for angle in 2.0 * np.pi * (np.arange(count) + rng.random()) / count:
            rows.append([ring * np.cos(angle), ring * np.sin(angle), rng.uniform(0.15, 0.4), 0, 0])
    return np.array(rows)


def plan(kernel: Kernel, x0: np.ndarray, tasks: list[StageData]) -> tuple[list[Modes], float]:
    """Return every robot's plans after some cycles, and the seconds of the last cycle."""
    solver = MmeIlqr(kernel, ALGORITHM, seeds=range(len(x0)))
    for _ in range(CYCLES):
        begin = time.perf_counter()
        modes = solver.cycle(x0, tasks, PERIOD, REQUIRED)
        seconds = time.perf_counter() - begin
    return modes, seconds


def draw(axes: Axes, circles: np.ndarray, robots: list[Modes]) -> None:
    """Draw the pillars, all plans thin and the chosen ones thick."""
    for x, y, radius, *_ in circles:
        axes.add_patch(Circle((x, y), radius, color="0.75"))
    for robot, modes in enumerate(robots):
        color = f"C{robot % 10}"
        for line in modes.states[modes.feasible]:
            axes.plot(line[:, 0], line[:, 1], color=color, linewidth=0.5, alpha=0.4)
        chosen = modes.states[modes.chosen]
        axes.plot(chosen[:, 0], chosen[:, 1], color=color, linewidth=2.0)
        axes.plot(*chosen[0, :2], "o", color=color)
    axes.set(aspect="equal", xlabel="x [m]", ylabel="y [m]", xlim=(-5, 5), ylim=(-5, 5))


def main(picture: str = "out/examples/many_robots.png", robots: str = "24") -> None:
    """Plan in both ways, compare, and draw."""
    n_robots = int(robots)
    problem, circles = standard_problem(settings=SETTINGS), pillars(np.random.default_rng(1))
    angles = 2.0 * np.pi * np.arange(n_robots) / n_robots
    places = RADIUS * np.column_stack([np.cos(angles), np.sin(angles)])
    x0 = np.zeros((n_robots, problem.model.nx))
    x0[:, :2], x0[:, 2] = places, angles + np.pi
    tasks = [stage_data(problem, SETTINGS, -place, circles, None) for place in places]
    together, batch_time = plan(BatchedKernel(problem), x0, tasks)
    alone, compiled_time = plan(CompiledKernel(problem), x0, tasks)
    free = sum(bool(modes.feasible[modes.chosen]) for modes in together)
    pairs = list(zip(together, alone, strict=True))
    same = sum(bool(np.isclose(a.costs[a.chosen], b.costs[b.chosen], rtol=1e-3)) for a, b in pairs)
    print(f"{free} of {n_robots} robots have a free way, {same} the same one in both ways")
    print(f"one batch {1e3 * batch_time:.0f} ms, compiled {1e3 * compiled_time:.0f} ms a cycle")
    if batch_time > compiled_time:
        print(
            f"here the batch is {batch_time / compiled_time:.0f} times slower: on a CPU use the"
            " compiled kernel; the batch is meant for a GPU, on which it has not been timed"
        )
    figure = Figure(figsize=(7.0, 7.0), layout="constrained")
    draw(figure.subplots(), circles, together)
    Path(picture).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=110)
    print(f"wrote {picture}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
