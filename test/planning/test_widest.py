"""Why a robot does not fit: the widest way, against a search that tries every width."""

import itertools
import time

import numpy as np
import pytest
from scipy import ndimage

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.distances import face_distance
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings, PlanStatus
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.planning.widest import widest_way

CELL = 0.05
ORIGIN = Pose(0.0, 0.0, 0.0)


def wall_with_gap(cells, unknown=None):
    """Two rooms of 3 m x 4 m with one gap of some cells."""
    occupied = np.zeros((80, 120), bool)
    occupied[:, 60:62] = True
    occupied[30 : 30 + cells, 60:62] = False
    return GridMap(occupied, CELL, ORIGIN, unknown)


def message(grid, radius, **settings):
    planner = GlobalPlanner(PlannerSettings(robot_radius=radius, clearance_margin=0.06, **settings))
    return planner.plan(grid, (1.0, 1.0), (5.0, 3.0)).message


@pytest.mark.parametrize(
    ("radius", "cells", "numbers"),
    [
        (0.2, 8, ("0.40 m", "needs 0.44 m", "too narrow by 0.04 m")),
        (0.2, 7, ("0.35 m", "needs 0.44 m", "too narrow by 0.09 m")),
        (0.4, 14, ("0.70 m", "needs 0.84 m", "too narrow by 0.14 m")),
        (0.23, 10, ("0.50 m", "needs 0.50 m", "too narrow by less than a cell of 0.05 m")),
    ],
)
def test_a_gap_too_narrow_is_said_with_its_width_and_what_is_lacking(radius, cells, numbers):
    text = message(wall_with_gap(cells), radius)
    assert text.startswith("no gap wide enough leads from (1.00, 1.00) to (5.00, 3.00)")
    assert all(number in text for number in numbers), text
    assert "at (3.03, 1." in text  # where to look
    assert "\n" not in text


def test_a_way_that_is_closed_has_no_width():
    assert "no way at all leads from (1.00, 1.00)" in message(wall_with_gap(0), 0.2)
    unknown = np.zeros((80, 120), bool)
    unknown[30:50, 58:60] = True
    grid = wall_with_gap(20, unknown)
    assert message(grid, 0.2).startswith("path of")
    assert "allow_unknown is false" in message(grid, 0.2, allow_unknown=False)


@pytest.mark.parametrize(("rows", "widest"), [(14, "0.70"), (13, "0.65")])
@pytest.mark.parametrize("columns", [14, 90])
def test_a_map_without_room_says_its_widest_place(rows, columns, widest):
    occupied = np.ones((80, 120), bool)
    occupied[10 : 10 + rows, 5 : 5 + columns] = False
    text = message(GridMap(occupied, CELL, ORIGIN), 0.4)
    assert f"needs 0.84 m, the widest place of the map has {widest} m: too narrow by" in text


@pytest.mark.parametrize("seed", range(12))
def test_the_widest_way_is_that_of_an_exhaustive_search(seed):
    rng = np.random.default_rng(seed)
    occupied = rng.random((25, 35)) < 0.06
    terrain = Terrain.build(GridMap(occupied, 1.0, ORIGIN), 3.1, allow_unknown=True)
    distance = face_distance(occupied, 6)
    first = [tuple(np.argwhere(terrain.region == k)[0]) for k in range(1, terrain.region.max() + 1)]
    compared = 0
    for a, b in itertools.combinations(first[:5], 2):
        found = widest_way(terrain, int(terrain.region[a]), int(terrain.region[b]))
        joined = []
        for least in np.unique(distance[distance > 0.0]):
            regions = ndimage.label(distance >= least)[0]
            if regions[a] and regions[a] == regions[b]:
                joined.append(least)
        if not joined:
            assert found is None
            continue
        assert distance[found.cell] == max(joined)
        assert (
            2.0 * distance[found.cell]
            <= found.width
            <= 2.0 * distance[found.cell] + 2.0**0.5 + 1e-9
        )
        compared += 1
    assert compared > 0 or len(first) < 2


def test_a_large_map_is_refused_in_bounded_time_and_the_next_time_at_once():
    occupied = np.random.default_rng(0).random((1500, 1500)) < 0.002
    occupied[:, 700:704] = True
    occupied[800:808, 690:720] = False
    planner, grid = GlobalPlanner(PlannerSettings()), GridMap(occupied, CELL, ORIGIN)
    planner.warm_up()
    times = []
    for _ in range(2):
        begun = time.perf_counter()
        result = planner.plan(grid, (10.0, 40.0), (65.0, 41.0), tolerance=3.0)
        times.append(time.perf_counter() - begun)
    assert result.status is PlanStatus.NO_VALID_PATH
    assert times[0] < 4.0  # a fifth of a second on a core of its own
    assert times[1] < 0.2
