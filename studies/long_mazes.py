"""Mazes of 101 x 101 cells, by the length of the path and by what makes learned solvers fail.

Three models learn from mazes of 15 x 15 alone: the exact planner with its one bit to learn, a VIN
held to be a decision process, and a network without a planner. They are tested from every start of
larger mazes: trees, mazes with loops, random walls near the percolation threshold. A start in a
dead end and one in a passage count apart: networks that fill dead ends solve the former only.

Sources of the axes: Wang et al., "Scaling Value Iteration Networks to 5000 Layers", ICML 2025
(100 x 100, paths of up to 1,800 moves); Knutson et al., "On Logical Extrapolation for Mazes with
Recurrent and Implicit Networks", 2024 (dead ends, percolation).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.reporting.rows import table as markdown
from mme_ilqr_ros.reporting.rows import write_rows
from mme_ilqr_ros.training.tasks.mazes import MazeSet, generate_mazes, rollout, with_expert
from mme_ilqr_ros.training.tasks.navigation import follow
from studies.experiments.planners import ADAM, DISCOUNT
from studies.experiments.trained import trained
from studies.picture_mazes import cloned_logits, trained_clone
from studies.tasks.free_kernel import FreeKernelTask

ABOUT = __doc__ or ""
EXAMPLES = """\
examples:
  python -m studies long_mazes
  python -m studies long_mazes --cells 51 --mazes 2 --seeds 0
"""
SIDE = 15  # cells of the mazes to learn from
DEEPER = 20  # times the iterations of its training, for the VIN: 600 layers
RANGES = (0, 200, 600, 1200, 1800, np.inf)  # moves
LOOPS = {"trees": 0.0, "few loops": 0.1, "open": 1.0}
WALLS = (0.2, 0.3, 0.4)  # .407 is the threshold: beyond it no cluster spans the map
Arrows = Callable[[MazeSet], NDArray[np.int64]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--cells", type=positive_int, default=101, help="along a side, default %(default)s")
    add("--mazes", type=positive_int, default=10, help="of each kind, default %(default)s")
    add("--steps", type=positive_int, default=1000, help="of training, default %(default)s")
    add("--seeds", nargs="+", type=int, default=(0, 1, 2), metavar="N", help="default %(default)s")
    add("--out", type=Path, metavar="DIR", default=Path("out/long_mazes"))


def run(options: argparse.Namespace, command: str) -> str:
    """Train and test; return the tables."""
    torch.set_num_threads(1)
    tests = test_mazes(options.mazes, options.cells)
    rows = []
    for seed in options.seeds:
        for model, arrows in models(options.steps, seed, options.out / "runs").items():
            for kind, mazes in tests.items():
                rows += tested(arrows, mazes, {"model": model, "seed": seed, "mazes": kind})
    write_rows(rows, command, options.out)
    return table(rows)


def test_mazes(n: int, cells: int) -> dict[str, MazeSet]:
    """Return n mazes by the name of their kind."""
    rng = np.random.default_rng([77, cells])
    mazes = {name: generate_mazes(n, cells, rng, openness=o) for name, o in LOOPS.items()}
    return mazes | {f"walls at random, {w}": percolation(n, cells, w, rng) for w in WALLS}


def percolation(n: int, cells: int, share: float, rng: np.random.Generator) -> MazeSet:
    """Return n maps with a share of their cells walls at random, goals in the largest region."""
    occupied = rng.random((n, cells, cells)) < share
    occupied[:, [0, -1]] = occupied[:, :, [0, -1]] = True
    goals = np.empty((n, 2), dtype=np.int64)
    for k, maze in enumerate(occupied):
        regions, _ = ndimage.label(~maze)
        sizes = np.bincount(regions.ravel())
        sizes[0] = 0
        inside = np.argwhere(regions == sizes.argmax())
        goals[k] = inside[rng.integers(len(inside))]
    return with_expert(occupied, goals)


def models(steps: int, seed: int, folder: Path) -> dict[str, Arrows]:
    """Train the three on the same number of small mazes; return what each does in new ones."""
    budget = ("--maps", str(4 * steps), "--epochs", "4", "--batch", "16", "--validations", "1")
    common = ("navigation", *budget, *ADAM, "--seed", str(seed))
    exact = trained([*common, "--model", "structured"], folder / f"structured_{seed}")
    process = ("--model", "vin", *DISCOUNT, "--hidden", "32", "--actions", "10")
    vin = trained([*common, *process], folder / f"vin_{seed}")
    clone = trained_clone(generate_mazes(4 * steps, SIDE, np.random.default_rng(seed)), steps, seed)
    task = vin.task
    assert isinstance(task, FreeKernelTask)
    planner = follow(exact.model.eval())  # type: ignore[arg-type]
    return {
        "structured": lambda mazes: best(planner(mazes).logits),
        "VIN as a decision process": lambda mazes: best(
            task.answer(vin.model, mazes, DEEPER).logits
        ),
        "no planner": lambda mazes: best(cloned_logits(clone, mazes)),
    }


def best(logits: torch.Tensor) -> NDArray[np.int64]:
    """Return the best of four moves [N, H, W]."""
    return logits[:, :N_STRAIGHT].argmax(dim=1).numpy()


@torch.no_grad()
def tested(arrows: Arrows, mazes: MazeSet, of: dict) -> list[dict]:
    """Return shortest paths found [%] from the starts of each range of lengths and of each kind."""
    parts = [arrows(mazes.part(k, k + 1)) for k in range(len(mazes))]
    arrived, moves = rollout(np.concatenate(parts), mazes)
    shortest = arrived & (moves == mazes.distance)
    ends = dead_ends(mazes.occupied)
    chosen = {"all": mazes.starts}
    for low, high in pairwise(RANGES):
        far = (mazes.distance >= low) & (mazes.distance < high)
        chosen[f"{low:g} to {high:g} moves"] = mazes.starts & far
    chosen |= {"dead ends": mazes.starts & ends, "passages": mazes.starts & ~ends}
    return [
        {
            **of,
            "starts": name,
            "n": int(where.sum()),
            "arrived %": round(100.0 * float(arrived[where].mean()), 2),
            "shortest %": round(100.0 * float(shortest[where].mean()), 2),
            "longest": float(mazes.distance[where].max()),
        }
        for name, where in chosen.items()
        if where.any()
    ]


def dead_ends(occupied: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where a free cell [N, H, W] has one free neighbour."""
    free = np.pad(~occupied, ((0, 0), (1, 1), (1, 1)))
    beside = free[:, 2:, 1:-1].astype(int) + free[:, :-2, 1:-1]
    beside += free[:, 1:-1, 2:].astype(int) + free[:, 1:-1, :-2]
    return ~occupied & (beside == 1)


def table(rows: list[dict]) -> str:
    """Return a line for each kind of maze and of start: shortest paths found [%] by model."""
    names = list(dict.fromkeys(row["model"] for row in rows))
    keys = list(dict.fromkeys((row["mazes"], row["starts"]) for row in rows))
    lines = []
    for mazes, starts in keys:
        group = [row for row in rows if (row["mazes"], row["starts"]) == (mazes, starts)]
        line = {"mazes": mazes, "starts": starts, "longest": f"{group[0]['longest']:.0f}"}
        for name in names:
            line[name] = ", ".join(f"{r['shortest %']:.1f}" for r in group if r["model"] == name)
        lines.append(line)
    return markdown(lines)
