"""What fits: the planner opens what the controller passes, and does not go far round it."""

import math

import numpy as np
import pytest

from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.passable import least_distance
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings, PlanStatus
from mme_ilqr_ros.planning.terrain import Terrain

ORIGIN = Pose(0.0, 0.0, 0.0)


def gap_world(cells, thick=0.1, reach=9.0, resolution=0.05, closed=False):
    """A wall with a gap straight ahead; its lower end, unless closed, is `reach` m away."""
    height, width = round((reach + 3.0) / resolution), round((4.0 + thick) / resolution)
    low, right = round(2.0 / resolution), round((2.0 + thick) / resolution)
    occupied = np.zeros((height, width), bool)
    occupied[0 if closed else round(2.0 / resolution) :, low:right] = True
    middle = round((reach + 2.0) / resolution)
    occupied[middle - cells // 2 : middle - cells // 2 + cells, low:right] = False
    ends = (0.5, middle * resolution), (3.5 + thick, middle * resolution)
    return GridMap(occupied, resolution, ORIGIN), ends


def test_the_nodes_agree_on_what_they_require():
    planner, controller = PlannerSettings(), ControllerSettings()
    assert planner.robot_radius == controller.robot_radius
    assert planner.clearance_margin == controller.clearance_margin
    assert planner.least_distance == pytest.approx(0.22)


@pytest.mark.parametrize("resolution", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("radius", [0.1, 0.18, 0.2, 0.23, 0.5])
def test_a_gap_is_open_exactly_when_the_field_of_the_controller_says_so(radius, resolution):
    settings = PlannerSettings("dijkstra", robot_radius=radius, clearance_margin=0.06)
    least = least_distance(radius, settings.clearance_margin)
    narrowest = math.ceil(2.0 * least / resolution - 1e-9)
    opened = []
    for cells in range(max(narrowest - 3, 1), narrowest + 3):
        grid, ends = gap_world(cells, reach=0.0, resolution=resolution, closed=True)
        field = build_distance_field(grid.occupied, resolution, ORIGIN)
        y = np.linspace(-0.5, 0.5, 2001) * cells * resolution + ends[0][1]
        passes = field.value_and_gradient(np.stack([np.full_like(y, 2.05), y], -1))[0].max()
        result = GlobalPlanner(settings).plan(grid, *ends)
        assert (result.status is PlanStatus.SUCCEEDED) == (passes >= least - 1e-9), cells
        if result.status is PlanStatus.SUCCEEDED:
            opened.append(cells)
    # A gap drawn as wide as the robot needs is open, or at the latest one a cell wider.
    assert opened[0] in (narrowest, narrowest + 1)


@pytest.mark.parametrize("cells", [9, 10, 11, 12])
@pytest.mark.parametrize("thick", [0.1, 1.0])
def test_gaps_of_1_12_to_1_5_widths_are_not_driven_round(cells, thick):
    grid, ends = gap_world(cells, thick)
    result = GlobalPlanner(PlannerSettings()).plan(grid, *ends)
    assert result.length < 1.05 * (3.0 + thick)
    closed, _ = gap_world(8, thick)  # 0.40 m, and the robot needs 0.44 m
    assert GlobalPlanner(PlannerSettings()).plan(closed, *ends).length > 15.0


def random_map(seed, shape=(90, 130)):
    rng = np.random.default_rng(seed)
    occupied = np.zeros(shape, bool)
    for _ in range(25):
        row, column = rng.integers((0, 0), shape)
        tall, wide = rng.integers(1, 30, size=2) if rng.random() < 0.5 else (2, 30)
        occupied[row : row + tall, column : column + wide] = True
    return GridMap(occupied, 0.05, ORIGIN), rng


def far_ends(grid, radius, rng, n=6):
    region = Terrain.build(grid, radius, allow_unknown=True).region
    largest = np.argwhere(region == np.bincount(region[region > 0]).argmax())
    for a, b in largest[rng.integers(len(largest), size=(n, 2))]:
        yield grid.centre_of(a), grid.centre_of(b)


@pytest.mark.parametrize("max_detour", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("seed", range(6))
def test_no_way_round_is_longer_than_the_factor_says(seed, max_detour):
    """Cost is at least the length, and at most the factor times the length of any way."""
    grid, rng = random_map(seed)
    careful = GlobalPlanner(PlannerSettings(max_detour=max_detour, straighten=False))
    shortest = GlobalPlanner(PlannerSettings("dijkstra", straighten=False))
    for ends in far_ends(grid, 0.22, rng):
        least = shortest.plan(grid, *ends).length
        assert careful.plan(grid, *ends).length <= max_detour * least + 1e-6


def test_the_factor_is_felt():
    """Through 3 m of a gap of 1.12 widths, or 4.7 times as far round it."""
    grid, ends = gap_world(9, thick=3.0, reach=4.5)
    lengths = [
        GlobalPlanner(PlannerSettings(max_detour=factor)).plan(grid, *ends).length
        for factor in (1.0, 2.0, 6.0)
    ]
    assert lengths[0] == pytest.approx(lengths[1], rel=0.02)
    assert lengths[2] > 1.5 * lengths[1]


@pytest.mark.parametrize("kind", ["id_vin", "dijkstra"])
@pytest.mark.parametrize("seed", range(8))
def test_straight_lines_keep_the_distance_that_cells_keep(kind, seed):
    grid, rng = random_map(seed)
    least = PlannerSettings().least_distance
    planner = GlobalPlanner(PlannerSettings(kind))
    between_centres = math.sqrt(least**2 - 0.5 * grid.resolution**2)  # half a diagonal from two
    between_centres -= 0.1 * grid.resolution
    stands = (np.argwhere(grid.occupied)[:, ::-1] + 0.5) * grid.resolution
    for ends in far_ends(grid, least, rng, n=3):
        path = planner.plan(grid, *ends).path
        points = path.point_at(np.arange(0.0, path.length, 0.02))
        to_faces = np.maximum(np.abs(points[:, None] - stands) - 0.5 * grid.resolution, 0.0)
        assert np.hypot(*np.moveaxis(to_faces, -1, 0)).min() >= between_centres - 1e-9
