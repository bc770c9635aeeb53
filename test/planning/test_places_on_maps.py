"""Costs of places belong to their building: on its map, over evidence beside it, nowhere else."""

import numpy as np

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.cost_model import clearance_cost
from mme_ilqr_ros.planning.habit_cost import HabitCost, KnownMap
from mme_ilqr_ros.planning.habits import Fingerprint, Habits, occupied_share
from mme_ilqr_ros.planning.moves import STEPS
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.planning.terrain import Terrain


def building(*rows):
    """Return a map of 8 x 6 m with walls along some rows."""
    occupied = np.zeros((60, 80), bool)
    occupied[list(rows)] = True
    return GridMap(occupied, 0.1, Pose(0.0, 0.0, 0.0))


def disliking(grid, one_way=0.0):
    """Return habits of an owner who dislikes the place round (4, 3), and driving to -x."""
    walls = occupied_share(grid, 1.0)
    places = np.zeros(walls.shape)
    places[2:4, 3:5] = 1.5
    against = np.zeros((4, *walls.shape))
    against[1] = one_way
    return Habits(
        Fingerprint.of(grid), walls, places, places, 1.0, {}, np.zeros(2), against, n_drives=1
    )


def planner(tmp_path, grid):
    disliking(grid).save(tmp_path / "w.safetensors")
    return GlobalPlanner(PlannerSettings(weights=str(tmp_path / "w.safetensors")))


def cost_at(planned, grid, point):
    row, column = grid.cell_at(point)
    return planned.cell_cost(Terrain.build(grid, 0.2, True))[row, column]


def test_another_building_of_the_same_size_is_another_map(tmp_path):
    home, other = building(0, -1, 10), building(0, -1, 50)
    planned = planner(tmp_path, home)
    assert cost_at(planned, home, (4.0, 3.0)) > 3.0
    assert cost_at(planned, other, (4.0, 3.0)) < 1.5
    assert "another map" in planned.warning(other)
    assert cost_at(planned, home, (4.0, 3.0)) > 3.0


def test_places_are_laid_over_other_cells_where_the_map_lies(tmp_path):
    home = building(0, -1, 10)
    planned = planner(tmp_path, home)
    seen = GridMap.empty(9.0, 12.0, 0.1, Pose(-10.0, -1.0, 0.0))
    assert cost_at(planned, seen, (-3.0, 4.0)) < 1.5
    planned.bind({}, KnownMap(home, home.transformed(Pose(0.0, 0.0, np.pi / 2))))
    assert cost_at(planned, seen, (-3.0, 4.0)) > 3.0
    assert cost_at(planned, seen, (-3.0, 7.0)) < 1.5


def test_directions_are_turned_with_the_cells_that_are_planned_on():
    home = building(0, -1, 10)
    turned = KnownMap(home, home.transformed(Pose(0.0, 0.0, np.pi / 2)))
    model = HabitCost(disliking(home, one_way=1.0), clearance_cost()).bound({}, turned)
    seen = GridMap.empty(9.0, 12.0, 0.1, Pose(-10.0, -1.0, 0.0))
    along = model.directed(Terrain.build(seen, 0.2, True), np.ones(seen.shape))
    row, column = seen.cell_at((-5.0, 4.0))  # what the map calls -x is -y here
    ways = dict(zip(map(tuple, STEPS.tolist()), np.log(along[:, row, column]), strict=True))
    np.testing.assert_allclose(
        [ways[way] for way in ((-1, 0), (1, 0), (0, 1))], [1, 0, 0], atol=1e-12
    )
    np.testing.assert_allclose([ways[-1, 1], ways[-1, -1]], [np.sqrt(0.5)] * 2)
