"""Mazes for testing only: of many sizes, generated batch by batch, never all in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from mme_ilqr_ros.training.evaluate import Answer, Score, evaluate
from mme_ilqr_ros.training.tasks.mazes import MazeSet, generate_mazes

SEED = 20_231_022
"""Never the seed of training data: `--seed` takes numbers up to a million."""

# Name, size, openness, how many.
TESTS = (
    ("15 x 15", 15, 1.0, 300),
    ("28 x 28", 28, 1.0, 100),
    ("49 x 49", 49, 1.0, 50),
    ("100 x 100", 100, 1.0, 16),
    ("256 x 256", 256, 1.0, 8),
    ("49 perfect", 49, 0.0, 30),
    ("256 perfect", 256, 0.0, 8),
)
_CELLS_AT_A_TIME = 200_000


def held_out_scores(
    planner: Callable[[MazeSet], Answer], only: Collection[str] | None = None
) -> dict[str, Score]:
    """Return a planner's score on each kind of maze, over all starts of all mazes.

    Args:
        planner: Takes mazes, returns the answer of a model for them.
        only: Names of the kinds to test on; None for all.
    """
    scores = {}
    for k, (name, size, openness, n) in enumerate(TESTS):
        if only is not None and name not in only:
            continue
        rng = np.random.default_rng([SEED, k])
        score = Score()
        at_a_time = max(1, _CELLS_AT_A_TIME // size**2)
        for done in range(0, n, at_a_time):
            mazes = generate_mazes(min(at_a_time, n - done), size, rng, openness)
            score += evaluate(planner, mazes)
        scores[name] = score
    return scores
