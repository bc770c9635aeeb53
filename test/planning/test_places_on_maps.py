"""Costs of places belong to their building: on its map, over evidence beside it, nowhere else."""

import numpy as np

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.habit_cost import KnownMap
from mme_ilqr_ros.planning.habits import Fingerprint, Habits, occupied_share
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.planning.terrain import Terrain


def building(*rows):
    """Return a map of 8 x 6 m with walls along some rows."""
    occupied = np.zeros((60, 80), bool)
    occupied[list(rows)] = True
    return GridMap(occupied, 0.1, Pose(0.0, 0.0, 0.0))


def planner(tmp_path, grid):
    """Return a planner that dislikes the place round (4, 3)."""
    walls = occupied_share(grid, 1.0)
    places = np.zeros(walls.shape)
    places[2:4, 3:5] = 1.5
    nothing = np.zeros((4, *walls.shape))
    habits = Habits(
        Fingerprint.of(grid), walls, places, places, 1.0, {}, np.zeros(2), nothing, n_drives=1
    )
    habits.save(tmp_path / "w.safetensors")
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
