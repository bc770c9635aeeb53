"""The checker of paths trusts nothing."""

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.cell_path import first_fault
from mme_ilqr_ros.planning.metric_path import metric_path


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ([(0, 0), (0, 1), (0, 2), (1, 3)], None),
        ([(0, 1), (0, 2), (1, 3)], "not at the start"),
        ([(0, 0), (0, 1), (0, 2)], "not at the goal"),
        ([(0, 0), (0, 2), (1, 3)], "not to a neighbour"),
        ([(0, 0), (0, 0), (0, 1), (0, 2), (1, 3)], "not to a neighbour"),
        ([(0, 0), (1, 1), (0, 2), (1, 3)], "cell (1, 1) is blocked"),
        ([(0, 0), (-1, 1), (0, 2), (1, 3)], "outside the map"),
        ([(0, 0), (1, 0), (2, 1), (1, 2), (1, 3)], "from cell (1, 0) cuts a corner"),
    ],
)
def test_the_checker_names_the_first_fault(cells, fault):
    blocked = np.zeros((3, 4), dtype=bool)
    blocked[1, 1] = True
    found = first_fault(np.array(cells), blocked, (0, 0), (1, 3))
    assert found is None if fault is None else fault in found


def test_cells_become_metres_through_a_turned_origin():
    """Origin (1, 2) turned by 90 degrees, cells of 0.5 m.

    Row 0 lies 0.25 m to the left of the origin, column 2 lies 1.25 m above it.
    """
    grid = GridMap(np.zeros((3, 4), dtype=bool), 0.5, Pose(1.0, 2.0, np.pi / 2))
    start, goal = (0.9, 2.1), (0.7, 3.9)
    path = metric_path(grid, np.array([(0, 0), (0, 1), (0, 2), (0, 3)]), start, goal, 0, None)
    expected = [start, (0.75, 2.75), (0.75, 3.25), goal]
    np.testing.assert_allclose(path.points, expected, atol=1e-12)
    path = metric_path(grid, np.array([(0, 0), (0, 1)]), start, None, 0, None)
    np.testing.assert_allclose(path.points, [start, (0.75, 2.75)], atol=1e-12)
