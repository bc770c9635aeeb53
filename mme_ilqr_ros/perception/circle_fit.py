"""The circle that most likely made some points: from them alone, or from what was expected too."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled

FloatArray = NDArray[np.float64]
_STEPS = 6
_ENOUGH = 1e-5  # [m] shorter steps end the search


@compiled
def inverse(m: FloatArray) -> FloatArray:
    """Return the inverse [3, 3] of a symmetric matrix; a tenth of the time of the general one."""
    a = m[1, 1] * m[2, 2] - m[1, 2] * m[1, 2]
    b = m[0, 2] * m[1, 2] - m[0, 1] * m[2, 2]
    c = m[0, 1] * m[1, 2] - m[0, 2] * m[1, 1]
    d = m[0, 0] * m[2, 2] - m[0, 2] * m[0, 2]
    e = m[0, 1] * m[0, 2] - m[0, 0] * m[1, 2]
    f = m[0, 0] * m[1, 1] - m[0, 1] * m[0, 1]
    det = m[0, 0] * a + m[0, 1] * b + m[0, 2] * c
    result = np.empty((3, 3))
    result[0, 0], result[1, 1], result[2, 2] = a, d, f
    result[0, 1], result[0, 2], result[1, 2] = b, c, e
    result[1, 0], result[2, 0], result[2, 1] = b, c, e
    return result / det


@compiled
def kasa(points: FloatArray) -> FloatArray:
    """Return x, y, r [3] of the circle with least squares of squared distances (Kåsa 1976).

    The radius is negative where the points [N, 2] lie in a line.
    """
    mean_x, mean_y = points[:, 0].mean(), points[:, 1].mean()
    u, v = points[:, 0] - mean_x, points[:, 1] - mean_y
    suu, svv, suv = np.sum(u * u), np.sum(v * v), np.sum(u * v)
    square = u * u + v * v
    a, b = 0.5 * np.sum(square * u), 0.5 * np.sum(square * v)
    det = suu * svv - suv * suv
    if det <= 1e-6 * (suu + svv) ** 2:
        return np.array([mean_x, mean_y, -1.0])
    x, y = (a * svv - b * suv) / det, (b * suu - a * suv) / det
    radius = math.sqrt(x * x + y * y + (suu + svv) / len(points))
    return np.array([mean_x + x, mean_y + y, radius])


@compiled
def fit(
    points: FloatArray,
    start: FloatArray,
    expected: FloatArray,
    certainty: FloatArray,
    noise: float,
    outlier: float,
) -> tuple[FloatArray, FloatArray, float, float]:
    """Return the most likely circle for points with Gaussian distances and a Gaussian prior.

    Minimises

        (c - expected)' certainty (c - expected) + sum (|p - (x, y)| - r)^2 / noise^2

    over c = (x, y, r) by Gauss-Newton. So an arc that does not tell its radius takes it from the
    prior, and a hidden end costs nothing: only what was seen counts.

    Args:
        points: [N, 2] in m.
        start: [3] x, y, r from where to search.
        expected: [3] mean of the prior.
        certainty: [3, 3] inverse covariance of the prior; zero for none.
        noise: Standard deviation of a point's distance to the circle [m].
        outlier: Points further than this from the circle do not count [m].

    Returns:
        circle: [3] x, y, r.
        information: [3, 3] that the points alone give: J'J / noise^2.
        rms: Of the distances of the points that count [m].
        share: Of the points that count.
    """
    circle = start.copy()
    information = np.zeros((3, 3))
    rms, share = 0.0, 0.0
    for _ in range(_STEPS):
        information[:] = 0.0
        slope = np.zeros(3)
        squares, counted = 0.0, 0
        for index in range(len(points)):
            dx, dy = points[index, 0] - circle[0], points[index, 1] - circle[1]
            away = math.sqrt(dx * dx + dy * dy) + 1e-12
            error = away - circle[2]
            if abs(error) > outlier:
                continue
            jx, jy = -dx / away, -dy / away
            information[0, 0] += jx * jx
            information[0, 1] += jx * jy
            information[0, 2] -= jx
            information[1, 1] += jy * jy
            information[1, 2] -= jy
            information[2, 2] += 1.0
            slope[0] += jx * error
            slope[1] += jy * error
            slope[2] -= error
            squares += error * error
            counted += 1
        information[1, 0], information[2, 0] = information[0, 1], information[0, 2]
        information[2, 1] = information[1, 2]
        information /= noise * noise
        share = counted / max(len(points), 1)
        if counted == 0:
            return circle, information, outlier, share
        rms = math.sqrt(squares / counted)
        whole = information + certainty
        whole[0, 0] += 1e-6
        whole[1, 1] += 1e-6
        whole[2, 2] += 1e-6
        pull = -slope / (noise * noise) - certainty @ (circle - expected)
        step = inverse(whole) @ pull
        circle += step
        if abs(step[0]) + abs(step[1]) + abs(step[2]) < _ENOUGH:
            break
    return circle, information, rms, share


@compiled
def enclosing(points: FloatArray) -> FloatArray:
    """Return x, y, r [3] of a circle round points [N, 2], at most a few per cent too large.

    Starts from two points far apart and grows to take in every other one (Ritter 1990).
    """
    far = other = np.argmax(points[:, 0])
    for _ in range(3):
        squares = (points[:, 0] - points[far, 0]) ** 2 + (points[:, 1] - points[far, 1]) ** 2
        far, other = np.argmax(squares), far
    x, y = 0.5 * (points[far, 0] + points[other, 0]), 0.5 * (points[far, 1] + points[other, 1])
    radius = 0.5 * math.hypot(points[far, 0] - points[other, 0], points[far, 1] - points[other, 1])
    for index in range(len(points)):
        dx, dy = points[index, 0] - x, points[index, 1] - y
        away = math.hypot(dx, dy)
        if away > radius:
            grown = 0.5 * (away + radius)
            x += dx * (away - grown) / away
            y += dy * (away - grown) / away
            radius = grown
    return np.array([x, y, radius])
