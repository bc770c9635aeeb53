"""Clearance: gaps to circles and to the distance field, and what a small gap costs.

world = (circles [M, 5], field [H, W], frame [6], shape [4]): see `World.pack`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mme_ilqr_ros.control.kernel.generated import jit

# ---- kernel ----


@jit
def barrier(gap, shape):
    """Return (psi, psi', psi'') of the cut-off relaxed log barrier of a gap to an obstacle.

    shape = (weight, stiff_gap, cutoff_gap, radius). Exactly zero beyond cutoff_gap, so distant
    obstacles cost nothing; quadratic below stiff_gap, so a gap below zero is still finite.
    """
    weight, stiff, cutoff = shape[0], shape[1], shape[2]
    if gap >= cutoff:
        return 0.0, 0.0, 0.0
    h = max(gap, stiff)
    value = weight * (h / cutoff - 1.0 - math.log(h / cutoff))
    slope = weight * (1.0 / cutoff - 1.0 / h)
    curvature = weight / (h * h)
    e = gap - h
    return value + slope * e + 0.5 * curvature * e * e, slope + curvature * e, curvature


@jit
def field_gap(px, py, field, frame):
    """Return (distance, its slope in x, in y) from the distance field, bilinear.

    frame = (origin x, origin y, cos yaw, sin yaw, resolution, max_distance).
    """
    dx, dy = px - frame[0], py - frame[1]
    gx = (frame[2] * dx + frame[3] * dy) / frame[4] - 0.5
    gy = (frame[2] * dy - frame[3] * dx) / frame[4] - 0.5
    rows, columns = field.shape
    if gx < -0.5 or gy < -0.5 or gx > columns - 0.5 or gy > rows - 0.5:
        return frame[5], 0.0, 0.0
    free_x, free_y = 0.0 <= gx <= columns - 1.0, 0.0 <= gy <= rows - 1.0
    gx, gy = min(max(gx, 0.0), columns - 1.0), min(max(gy, 0.0), rows - 1.0)
    j, i = min(int(gx), max(columns - 2, 0)), min(int(gy), max(rows - 2, 0))
    j1, i1 = min(j + 1, columns - 1), min(i + 1, rows - 1)
    a, b = gx - j, gy - i
    low = field[i, j] + a * (field[i, j1] - field[i, j])
    high = field[i1, j] + a * (field[i1, j1] - field[i1, j])
    sx = (1.0 - b) * (field[i, j1] - field[i, j]) + b * (field[i1, j1] - field[i1, j])
    sx, sy = sx * free_x / frame[4], (high - low) * free_y / frame[4]
    return low + b * (high - low), frame[2] * sx - frame[3] * sy, frame[3] * sx + frame[2] * sy


@jit
def circle_gap(px, py, time, circle):
    """Return (gap, its slope in x, in y) to the edge of a circle that moves at its velocity."""
    dx, dy = px - circle[0] - time * circle[3], py - circle[1] - time * circle[4]
    distance = math.sqrt(dx * dx + dy * dy + 1e-12)
    return distance - circle[2], dx / distance, dy / distance


@jit
def clearance_cost(px, py, time, world):
    """Return the summed barrier of all obstacles at a position and time."""
    circles, field, frame, shape = world
    total = barrier(field_gap(px, py, field, frame)[0] - shape[3], shape)[0]
    for m in range(circles.shape[0]):
        total += barrier(circle_gap(px, py, time, circles[m])[0] - shape[3], shape)[0]
    return total


@jit
def add_barrier(gap, nx, ny, shape, l_x, l_xx):
    """Add the Gauss-Newton quadratic of one obstacle; (nx, ny) is the slope of its gap."""
    _, slope, curvature = barrier(gap - shape[3], shape)
    l_x[0] += slope * nx
    l_x[1] += slope * ny
    l_xx[0, 0] += curvature * nx * nx
    l_xx[0, 1] += curvature * nx * ny
    l_xx[1, 0] += curvature * nx * ny
    l_xx[1, 1] += curvature * ny * ny


@jit
def add_clearance(px, py, time, world, l_x, l_xx):
    """Add the Gauss-Newton quadratic of all obstacles to l_x [NX], l_xx [NX, NX]."""
    circles, field, frame, shape = world
    gap, nx, ny = field_gap(px, py, field, frame)
    add_barrier(gap, nx, ny, shape, l_x, l_xx)
    for m in range(circles.shape[0]):
        gap, nx, ny = circle_gap(px, py, time, circles[m])
        add_barrier(gap, nx, ny, shape, l_x, l_xx)


@jit
def smallest_gap(X, dt, world):
    """Return the smallest gap between the robot's centre and any obstacle along X [T+1, NX].

    Half-way points are checked too: at 1 m/s and 0.2 s the stages are 0.2 m apart.
    """
    circles, field, frame, _ = world
    least = frame[5]
    for half in range(2 * X.shape[0] - 1):
        t, odd = half // 2, half % 2
        px = 0.5 * (X[t, 0] + X[t + odd, 0])
        py = 0.5 * (X[t, 1] + X[t + odd, 1])
        least = min(least, field_gap(px, py, field, frame)[0])
        for m in range(circles.shape[0]):
            least = min(least, circle_gap(px, py, 0.5 * half * dt[0], circles[m])[0])
    return least
