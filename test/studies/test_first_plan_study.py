"""The studies of first plans on large maps, and of paths against the shortest at any angle."""

import numpy as np
import pytest
from scipy import ndimage

from mme_ilqr_ros.planning.field import follow, solve_field
from mme_ilqr_ros.planning.taut import pull_taut
from studies.any_angle import length, shortest_length
from studies.first_plan import maps
from studies.first_plan.verb import timed


def test_the_halls_of_the_building_are_joined_by_doors():
    occupied = maps.building((700, 1300))
    region, _ = ndimage.label(~ndimage.binary_dilation(occupied, iterations=5))
    sizes = np.bincount(region.ravel())[1:]
    assert sizes.max() > 0.98 * sizes.sum()


def test_a_row_says_what_was_settled_for_the_plan(monkeypatch):
    monkeypatch.setitem(maps.SHAPES, "1.7 M", (400, 1000))
    large = maps.large_map("hall", "1.7 M", 0)
    far, near = (timed(large, "clearance", start, 1) for start in ("far", "near"))
    assert far["share"] == pytest.approx(1.0, abs=0.01)
    assert near["share"] < 0.95
    assert near["first"][0] > 0.0


def test_the_shortest_polyline_goes_by_the_corners_and_no_path_is_shorter():
    cost = np.ones((40, 60))
    cost[:25, 28:32] = np.inf
    start, goal = (5, 5), (5, 55)
    walk = follow(solve_field(cost, goal), start).cells + 0.5
    shortest = shortest_length(walk[0], walk[-1], cost, False, length(walk))
    bound = 2.0 * np.hypot(19.5, 22.5) + 4.0  # by the corners of the wall themselves
    assert bound < shortest < 1.02 * bound
    assert shortest <= length(pull_taut(walk, cost)) * (1.0 + 1e-9) <= length(walk)
