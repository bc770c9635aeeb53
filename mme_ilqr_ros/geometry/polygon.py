"""Polygons: the convex hull of points, and the signed distance of points to a polygon.

A polygon is [K, 2] corners in order, clockwise or not, without crossing itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def convex_hull(points: FloatArray) -> FloatArray:
    """Return the corners [K, 2] of the convex hull of points [N, 2], counter-clockwise.

    Points on its edges are left out, so K < 3 where all points lie on a line.
    """
    ordered = np.unique(points, axis=0)  # by x, then y
    if len(ordered) < 3:
        return ordered
    lower, upper = _chain(ordered), _chain(ordered[::-1])
    return np.array(lower[:-1] + upper[:-1])


def _chain(ordered: FloatArray) -> list[FloatArray]:
    """Return the points that turn to the left only, from the first to the last."""
    chain: list[FloatArray] = []
    for point in ordered:
        while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0.0:
            chain.pop()
        chain.append(point)
    return chain


def _turn(a: FloatArray, b: FloatArray, c: FloatArray) -> float:
    """Return twice the area of a triangle, above 0 where a, b, c turn to the left."""
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def distance_to_polygon(points: FloatArray, polygon: FloatArray) -> FloatArray:
    """Return the signed distances [N] of points [N, 2] to a polygon [K, 2]; negative inside."""
    start, way = polygon, np.roll(polygon, -1, axis=0) - polygon
    offset = points[:, None] - start
    length_squared = np.maximum(np.einsum("kc,kc->k", way, way), 1e-300)
    part = np.clip(np.einsum("nkc,kc->nk", offset, way) / length_squared, 0.0, 1.0)
    away = offset - part[..., None] * way
    distance = np.sqrt(np.einsum("nkc,nkc->nk", away, away).min(axis=1))
    return np.where(_inside(points, polygon), -distance, distance)


def _inside(points: FloatArray, polygon: FloatArray) -> NDArray[np.bool_]:
    """Return which points [N, 2] lie inside: a ray to the right crosses an odd number of edges."""
    (x, y), (x0, y0) = points.T[..., None], polygon.T
    x1, y1 = np.roll(polygon, -1, axis=0).T
    spans = (y0 > y) != (y1 > y)
    rise = np.where(y1 == y0, 1.0, y1 - y0)
    right = x < x0 + (y - y0) / rise * (x1 - x0)
    return np.count_nonzero(spans & right, axis=1) % 2 == 1
