"""The planner's cost-to-go as a PointCloud2 and back: the `cost_to_go` topic.

One point per cell of the map, row by row as in the map: x, y of the cell's centre, z = 0, and
`cost_to_go` in m, inf where no way leads to the goal. All of it is float32, as the planner has it.
The goal is where it is 0. So a message says by itself what it is, where it is and to where it
leads, and RViz can draw it.
"""

from __future__ import annotations

import math

import numpy as np
from builtin_interfaces.msg import Time
from sensor_msgs.msg import PointCloud2

from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.conversions import MessageError
from mme_ilqr_ros.nodes.point_cloud import cloud_message, cloud_rows

CELL = np.dtype([(name, "<f4") for name in ("x", "y", "z", "cost_to_go")])


def encode(field: CostToGo, stamp: Time, frame: str) -> PointCloud2:
    """Return a cost-to-go as a cloud in the map's frame."""
    rows, columns = np.indices(field.values.shape)
    centres = (np.stack([columns, rows], axis=-1) + 0.5) * field.resolution
    cells = np.zeros(field.values.shape, CELL)
    cells["x"], cells["y"] = np.moveaxis(field.origin.transform(centres), -1, 0)
    cells["cost_to_go"] = field.values
    return cloud_message(cells, stamp, frame, is_dense=bool(np.isfinite(field.values).all()))


def decode(message: PointCloud2) -> CostToGo:
    """Read a cost-to-go from a cloud.

    Raises:
        MessageError: A field is missing, there are fewer than 2 x 2 cells, they do not lie on a
            grid, or no value is finite.
    """
    cells = cloud_rows(message, CELL, ("x", "y", "cost_to_go"), "cost_to_go")
    if min(cells.shape) < 2:
        raise MessageError(f"cost_to_go: {cells.shape[0]} x {cells.shape[1]} cells are no map")
    x, y = (cells[name].astype(np.float64) for name in ("x", "y"))
    corners = np.array([[x[i, j], y[i, j]] for i, j in ((0, 0), (0, -1), (-1, 0), (-1, -1))])
    along = corners[1] - corners[0]
    resolution = float(np.hypot(*along)) / (cells.shape[1] - 1)
    x0, y0 = corners[0].tolist()
    origin = Pose(x0, y0, math.atan2(along[1], along[0]))
    expected = _corners(origin, resolution, cells.shape)
    if not np.abs(corners - expected).max() < 0.1 * resolution:
        raise MessageError("cost_to_go: the cells do not lie on a grid")
    corner = origin.compose(Pose(-0.5 * resolution, -0.5 * resolution, 0.0))
    values = cells["cost_to_go"].astype(np.float32)
    if np.isnan(values).any() or (values < 0.0).any():
        raise MessageError("cost_to_go: a value is below 0 or not a number")
    try:
        return CostToGo(values, resolution, corner)
    except ValueError as error:
        raise MessageError(str(error)) from error


def _corners(first: Pose, resolution: float, shape: tuple[int, int]) -> np.ndarray:
    """Return the centres [4, 2] of the four corner cells of a grid."""
    height, width = (resolution * (n - 1) for n in shape)
    return first.transform([[0.0, 0.0], [width, 0.0], [0.0, height], [width, height]])
