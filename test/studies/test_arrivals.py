"""All starts at once agree with each start by itself."""

import numpy as np
import pytest

from mme_ilqr_ros.planning.cell_path import first_fault
from mme_ilqr_ros.planning.field import solve_field
from mme_ilqr_ros.planning.moves import STEPS
from studies.plan.policy import arrivals, follow_arrows


def test_of_an_exact_field_every_cell_with_a_value_arrives_over_that_length():
    rng = np.random.default_rng(0)
    blocked = rng.random((40, 30)) < 0.35
    blocked[7, 9] = False
    field = solve_field(np.where(blocked, np.inf, 1.0), (7, 9))
    reached, length = arrivals(field.arrows, blocked, (7, 9))
    assert (reached == np.isfinite(field.values)).all()
    assert length[reached] == pytest.approx(field.values[reached])


def test_of_random_moves_those_arrive_that_arrive_one_by_one():
    rng = np.random.default_rng(1)
    blocked = rng.random((25, 25)) < 0.2
    goal = (12, 12)
    blocked[goal] = False
    exact = solve_field(np.where(blocked, np.inf, 1.0), goal).arrows
    wrong = rng.random(blocked.shape) < 0.15
    arrows = np.where(wrong, rng.integers(-1, len(STEPS), blocked.shape), exact).astype(np.int8)
    reached, _ = arrivals(arrows, blocked, goal)
    alone = np.zeros_like(reached)
    for start in np.ndindex(blocked.shape):
        walk = follow_arrows(arrows, start, goal)
        alone[start] = walk.reached and first_fault(walk.cells, blocked, start, goal) is None
    assert 0 < alone.sum() < np.isfinite(exact).sum()
    assert (reached == alone).all()


def test_a_move_off_the_map_ends_the_walk():
    arrows = np.full((2, 3), 3, dtype=np.int8)  # to the right, out of the map
    walk = follow_arrows(arrows, (0, 1), (1, 0))
    assert walk.cells.tolist() == [[0, 1], [0, 2]]
    assert not walk.reached
    assert not arrivals(arrows, np.zeros((2, 3), dtype=bool), (1, 0))[0][0].any()


def test_a_walk_in_circles_ends_before_a_cell_is_visited_twice():
    arrows = np.array([[-1, 1, 3, 1, 1]], dtype=np.int8)
    walk = follow_arrows(arrows, (0, 4), (0, 0))
    assert not walk.reached
    assert walk.cells.tolist() == [[0, 4], [0, 3], [0, 2]]
