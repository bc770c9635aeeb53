"""The arm that follows a plan: its walk on the torus, and the file."""

import numpy as np
import pytest

pytest.importorskip("torch")

from PIL import Image

from mme_ilqr_ros.planning.moves import STEPS
from studies.experiments.arm_animation import PER_MOVE, animate_arm, walk
from studies.tasks.arms import ARM, generate_arms

FREE = np.zeros((6, 6), dtype=bool)


def test_a_walk_counts_on_past_the_sides_and_ends_at_the_goal():
    left = np.full((6, 6), STEPS.tolist().index([0, -1]))
    assert walk(left, FREE, (2, 1), (2, 4)).tolist() == [[2, 1], [2, 0], [2, -1], [2, -2]]


def test_a_walk_in_a_circle_or_into_a_wall_ends_too():
    left = np.full((6, 6), STEPS.tolist().index([0, -1]))
    assert len(walk(left, FREE, (2, 1), (3, 1))) == 6 + 1
    wall = FREE.copy()
    wall[2, 5] = True
    assert walk(left, wall, (2, 1), (3, 1)).tolist() == [[2, 1], [2, 0], [2, -1]]


def test_the_animation_shows_every_move(tmp_path):
    arms = generate_arms(4, 12, np.random.default_rng(0))
    distance = np.where(arms.mazes.starts, arms.mazes.distance, 0.0)
    k, *start = (int(i) for i in np.unravel_index(distance.argmax(), distance.shape))
    space, goal = arms.mazes.occupied[k], arms.mazes.goals[k]
    cells = walk(arms.mazes.labels()[k].argmax(axis=0), space, start, goal.tolist())
    assert len(cells) == distance.max() + 1
    discs = arms.discs[k][np.isfinite(arms.discs[k, :, 2])]
    animate_arm(ARM, discs, space, goal, cells, tmp_path / "arm.gif")
    with Image.open(tmp_path / "arm.gif") as image:
        assert image.n_frames == PER_MOVE * (len(cells) - 1) + 1
