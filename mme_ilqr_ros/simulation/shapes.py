"""Exact signed distances between a robot's shape and circles, boxes and cells.

A polygon is [K, 2] corners in order, clockwise or not, without crossing itself; it need not be
convex. Distances are negative where the shapes overlap, and zero counts as touching nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.polygon import distance_to_polygon

FloatArray = NDArray[np.float64]

CORNERS = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])  # of a box, in order
_OVERLAP = 1e-9  # depth reported where only edges cross and no corner lies inside


def distance_to_box(points: FloatArray, half_size: FloatArray) -> FloatArray:
    """Return signed distances [...] of points [..., 2] to a box round the origin; negative inside.

    Args:
        points: In the box's own frame.
        half_size: Half of its size [2] or [..., 2].
    """
    beyond = np.abs(points) - half_size
    outside = np.hypot(*np.moveaxis(np.maximum(beyond, 0.0), -1, 0))
    return outside + np.minimum(beyond.max(axis=-1), 0.0)


def polygon_to_circles(polygon: FloatArray, circles: FloatArray) -> float:
    """Return the signed distance from a polygon [K, 2] to the nearest of circles [M, >=3]."""
    if not len(circles):
        return np.inf
    return float(np.min(distance_to_polygon(circles[:, :2], polygon) - circles[:, 2]))


def polygon_to_boxes(polygon: FloatArray, centres: FloatArray, half_size: FloatArray) -> float:
    """Return the signed distance from a polygon to the nearest of equal boxes on the axes.

    The distance of two polygons that do not overlap is that of a corner of one from the other.

    Args:
        polygon: [K, 2].
        centres: Centres of the boxes [N, 2].
        half_size: Half of their size [2].
    """
    if not len(centres):
        return np.inf
    corners = polygon - centres[:, None]  # [N, K, 2], each in its box's frame
    of_polygon = distance_to_box(corners, half_size).min()
    box_corners = (centres[:, None] + CORNERS * half_size).reshape(-1, 2)
    of_boxes = distance_to_polygon(box_corners, polygon).min()
    nearest = float(min(of_polygon, of_boxes))
    if nearest > 0.0 and _edges_cross(corners, half_size):
        return -_OVERLAP
    return nearest


def _edges_cross(corners: FloatArray, half_size: FloatArray) -> bool:
    """Return whether an edge of a polygon [N, K, 2] passes through the box that it belongs to.

    Each edge is cut down to its part between the box's two vertical lines and between its two
    horizontal ones; it passes through where something is left of it.
    """
    way = np.roll(corners, -1, axis=1) - corners
    moves = way != 0.0
    pace = np.where(moves, way, 1.0)
    at = np.stack([(-half_size - corners) / pace, (half_size - corners) / pace])
    between = np.abs(corners) < half_size
    enter = np.where(moves, at.min(axis=0), np.where(between, -np.inf, np.inf)).max(axis=-1)
    leave = np.where(moves, at.max(axis=0), np.where(between, np.inf, -np.inf)).min(axis=-1)
    return bool(np.any(np.maximum(enter, 0.0) < np.minimum(leave, 1.0)))
