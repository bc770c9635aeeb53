"""The arm that follows a plan: its walk on the torus, and the file."""

import numpy as np
import pytest

pytest.importorskip("torch")

from PIL import Image

from mme_ilqr_ros.experiments.arm_animation import PER_MOVE, animate_arm, walk
from mme_ilqr_ros.planning.moves import STEPS
from mme_ilqr_ros.training.tasks.arms import ARM, generate_arms


def test_a_walk_counts_on_past_the_sides_and_ends_at_the_goal():
    left = np.full((6, 6), STEPS.tolist().index([0, -1]))
    assert walk(left, (2, 1), (2, 4)).tolist() == [[2, 1], [2, 0], [2, -1], [2, -2]]


def test_a_walk_in_a_circle_ends_too():
    left = np.full((6, 6), STEPS.tolist().index([0, -1]))
    assert len(walk(left, (2, 1), (3, 1))) == 6 * 6 + 1


def test_the_animation_shows_every_move(tmp_path):
    arms = generate_arms(4, 12, np.random.default_rng(0))
    distance = np.where(arms.mazes.starts, arms.mazes.distance, 0.0)
    k, *start = (int(i) for i in np.unravel_index(distance.argmax(), distance.shape))
    cells = walk(arms.mazes.labels()[k].argmax(axis=0), start, arms.mazes.goals[k])
    assert len(cells) == distance.max() + 1
    discs = arms.discs[k][np.isfinite(arms.discs[k, :, 2])]
    animate_arm(ARM, discs, arms.mazes.occupied[k], cells, tmp_path / "arm.gif")
    with Image.open(tmp_path / "arm.gif") as image:
        assert image.n_frames == PER_MOVE * (len(cells) - 1) + 1
