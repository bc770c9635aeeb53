"""Data of the manipulation task: what is drawn, what the expert does, what a rollout counts."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

pytest.importorskip("torch")

from mme_ilqr_ros.planning.moves import STEPS
from mme_ilqr_ros.training.task import TrainingError
from mme_ilqr_ros.training.tasks.mazes import rollout
from studies.tasks.arms import (
    ARM,
    PIXELS,
    generate_arms,
    picture,
    torus_with_expert,
)


@pytest.fixture(scope="module")
def arms():
    return generate_arms(30, 12, np.random.default_rng(0))


def test_the_same_seed_draws_the_same(arms):
    again = generate_arms(30, 12, np.random.default_rng(0))
    np.testing.assert_array_equal(again.mazes.occupied, arms.mazes.occupied)
    np.testing.assert_array_equal(again.mazes.goals, arms.mazes.goals)
    other = generate_arms(30, 12, np.random.default_rng(1))
    assert (other.mazes.occupied != arms.mazes.occupied).any()


def test_goals_are_free_and_can_be_reached_from_many_cells(arms):
    mazes = arms.mazes
    assert not mazes.occupied[np.arange(30), mazes.goals[:, 0], mazes.goals[:, 1]].any()
    assert (mazes.starts.mean(axis=(1, 2)) >= 0.1).all()
    assert 0.02 < mazes.occupied.mean() < 0.7


def test_distances_are_those_of_a_list_of_edges(arms):
    """Cell by cell, so nothing is shared with the way the expert builds its graph."""
    mazes, n = arms.mazes, 12
    for k in range(5):
        pairs = [
            (n * i + j, n * ((i + di) % n) + (j + dj) % n)
            for i in range(n)
            for j in range(n)
            for di, dj in ((1, 0), (-1, 0), (0, 1), (0, -1))
            if not mazes.occupied[k, i, j] and not mazes.occupied[k, (i + di) % n, (j + dj) % n]
        ]
        graph = csr_matrix((np.ones(len(pairs)), np.transpose(pairs)), (n * n, n * n))
        row, column = mazes.goals[k]
        distance = dijkstra(graph, indices=n * row + column).reshape(n, n)
        np.testing.assert_array_equal(mazes.distance[k], distance)


def test_following_the_labels_succeeds_everywhere_in_the_fewest_moves(arms):
    arrived, moves = rollout(arms.mazes.labels().argmax(axis=1), arms.mazes)
    np.testing.assert_array_equal(arrived[arms.mazes.starts], True)
    np.testing.assert_array_equal(moves[arms.mazes.starts], arms.mazes.distance[arms.mazes.starts])


def test_rolling_the_torus_rolls_the_labels(arms):
    shift = np.array([4, -3])
    mazes = arms.mazes
    rolled = torus_with_expert(np.roll(mazes.occupied, shift, (1, 2)), (mazes.goals + shift) % 12)
    np.testing.assert_array_equal(rolled.labels(), np.roll(mazes.labels(), shift, (2, 3)))


def test_a_rollout_goes_on_at_the_opposite_side_and_stops_at_walls():
    """On a ring of free cells all go left; one cell is closed, so those right of it stay there."""
    occupied = np.ones((1, 6, 6), dtype=bool)
    occupied[0, 2] = False
    goals = np.array([[2, 1]])
    left = np.full((1, 6, 6), STEPS.tolist().index([0, -1]))
    arrived, moves = rollout(left, torus_with_expert(occupied, goals))
    assert arrived[0, 2].all()
    assert moves[0, 2].tolist() == [5, 0, 1, 2, 3, 4]
    occupied[0, 2, 4] = True
    arrived, _ = rollout(left, torus_with_expert(occupied, goals))
    assert arrived[0, 2].tolist() == [False, True, True, True, False, False]


def test_a_picture_shows_the_discs_where_they_are():
    image = picture(np.array([(0.4, -0.2, 0.15), (np.nan, np.nan, np.nan)]))
    assert image.shape == (PIXELS, PIXELS)
    pixel = 2.0 * ARM.reach / PIXELS
    # The area of the disc, and its centre; row 0 is lowest.
    image = image / 255.0
    assert image.sum() * pixel**2 == pytest.approx(np.pi * 0.15**2, rel=0.01)
    rows, columns = np.indices(image.shape)
    centre = [(image * (c + 0.5)).sum() / image.sum() * pixel - ARM.reach for c in (columns, rows)]
    assert centre == pytest.approx([0.4, -0.2], abs=1e-3)
    assert picture(np.full((2, 3), np.nan)).max() == 0.0


def test_too_small_a_space_is_refused():
    with pytest.raises(TrainingError, match="--size 5"):
        generate_arms(1, 5, np.random.default_rng(0))
