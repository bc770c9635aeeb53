import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridLayer, GridMap
from mme_ilqr_ros.geometry.pose import Pose


def test_on_a_finer_map_each_cell_takes_what_lies_under_its_centre():
    layer = GridLayer(np.array([[0.1, 0.2], [0.3, 0.4]]), 1.0, Pose(1.0, 0.0, 0.0))
    values, share = layer.on(GridMap.empty(4.0, 2.0, 0.5))
    assert values[0].tolist() == [0.0, 0.0, 0.1, 0.1, 0.2, 0.2, 0.0, 0.0]
    assert values[3].tolist() == [0.0, 0.0, 0.3, 0.3, 0.4, 0.4, 0.0, 0.0]
    assert share == 0.5


def test_seen_from_a_turned_frame_it_lies_turned():
    layer = GridLayer(np.array([[1.0, 0.5]]), 1.0, Pose(0.0, 0.0, 0.0))
    turned = layer.transformed(Pose(1.0, 0.0, np.pi / 2))
    values, share = turned.on(GridMap.empty(2.0, 2.0, 1.0))
    assert values.tolist() == [[1.0, 0.0], [0.5, 0.0]]
    assert share == pytest.approx(0.5)
