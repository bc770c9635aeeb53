"""Hard mazes of 30 x 30 cells: learn from 1,000 single paths of 110 moves and more.

In the style of Maze-Hard, where a model is shown 1,000 mazes with one path each and is to draw the
path in new ones. A planner that knows its moves and its sum of costs has one bit to learn, what a
wall costs, and each path shows it a hundred times over; that is why it is easy here. Beside it
stands a network of the same input without a planner.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.reporting.rows import table, write_rows
from mme_ilqr_ros.training.loop import train
from mme_ilqr_ros.training.task import TrainSettings
from mme_ilqr_ros.training.tasks.mazes import TEST_SEED, evaluate, rollout
from mme_ilqr_ros.training.tasks.navigation import NavigationTask, follow
from studies.picture_mazes import cloned_logits, trained_clone
from studies.tasks.hard_mazes import PathMazes, hard_mazes

ABOUT = __doc__ or ""
EXAMPLES = """\
examples:
  python -m studies hard_mazes
  python -m studies hard_mazes --examples 100 --seeds 0
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--examples", type=positive_int, default=1000, help="to learn from, default %(default)s")
    add("--tests", type=positive_int, default=1000, help="new mazes, default %(default)s")
    add("--epochs", type=positive_int, default=4, help="default %(default)s")
    add("--seeds", nargs="+", type=int, default=(0, 1, 2), metavar="N", help="default %(default)s")
    add("--out", type=Path, metavar="DIR", default=Path("out/hard_mazes"))


def run(options: argparse.Namespace, command: str) -> str:
    """Train the planner and the network without one on each seed; return the table."""
    torch.set_num_threads(1)
    tests = hard_mazes(options.tests, np.random.default_rng([TEST_SEED, 30]))
    rows = []
    for seed in options.seeds:
        data = hard_mazes(options.examples, np.random.default_rng(seed))
        rows += [
            {"model": "structured", "seed": seed, **_planned(data, tests, options.epochs, seed)},
            {"model": "no planner", "seed": seed, **_cloned(data, tests, options.epochs, seed)},
        ]
    write_rows(rows, command, options.out)
    return table(rows)


def _planned(data: PathMazes, tests: PathMazes, epochs: int, seed: int) -> dict[str, float]:
    begun = time.process_time()
    n = max(1, len(data) // 10)
    task = NavigationTask(data, data.take(slice(0, n)), "hard mazes")
    settings = TrainSettings(epochs=epochs, batch=min(16, len(data)), validations=1, seed=seed)
    model = train(task, settings).model.eval()
    seconds = time.process_time() - begun
    score = evaluate(follow(model), tests)
    return _row(score.n_optimal, score.n_reached, len(tests), seconds)


def _cloned(data: PathMazes, tests: PathMazes, epochs: int, seed: int) -> dict[str, float]:
    begun = time.process_time()
    network = trained_clone(data, epochs * len(data) // 16, seed)
    seconds = time.process_time() - begun
    with torch.no_grad():
        parts = [cloned_logits(network, tests.part(k, k + 50)) for k in range(0, len(tests), 50)]
    arrived, moves = rollout(torch.cat(parts).argmax(dim=1).numpy(), tests)
    right = arrived & tests.starts
    shortest = right & (moves == tests.distance)
    return _row(int(shortest.sum()), int(right.sum()), len(tests), seconds)


def _row(n_optimal: int, n_reached: int, n: int, seconds: float) -> dict[str, float]:
    return {
        "shortest path %": round(100.0 * n_optimal / n, 2),
        "arrived %": round(100.0 * n_reached / n, 2),
        "training CPU s": round(seconds, 1),
    }
