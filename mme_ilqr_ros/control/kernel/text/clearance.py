"""Fields and circles: gaps to obstacles, what a small gap costs, and the cost to go.

world = (circles [M, 5], shape [4], field [H, W], frame [7], values [H, W], value_frame [7],
value_weights [2]): see `World.pack`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mme_ilqr_ros.control.kernel.generated import (
        any_lane,
        fill,
        floor,
        gather_square,
        inline,
        log,
        lowest_bit,
        select,
        sqrt,
        vmax,
        vmin,
    )

# ---- kernel ----

LOG_EVERY = 8  # gaps whose ratios are multiplied before one logarithm is taken
TINY = 1e-12  # [m^2] keeps the direction from a circle's very centre finite
BLOCK = 32  # circles whose nearness fits into the bits of one number


@inline
def interpolate(px, py, field, frame):
    """Return (value, its slope in x, in y) of a field, bilinear between cell centres.

    frame = (origin x, origin y, cos yaw, sin yaw, 1 / resolution, value outside, 1 if present).
    """
    rows, columns = field.shape
    dx, dy = px - frame[0], py - frame[1]
    gx = (frame[2] * dx + frame[3] * dy) * frame[4] - 0.5
    gy = (frame[2] * dy - frame[3] * dx) * frame[4] - 0.5
    inside = (gx > -0.5) & (gx < columns - 0.5) & (gy > -0.5) & (gy < rows - 0.5)
    cx, cy = vmin(vmax(gx, 0.0), columns - 1.0), vmin(vmax(gy, 0.0), rows - 1.0)
    j, i = vmin(floor(cx), columns - 2.0), vmin(floor(cy), rows - 2.0)
    a, b = cx - j, cy - i
    corner, right, up, across = gather_square(field, i, j)
    low, high = corner + a * (right - corner), up + a * (across - up)
    sx = select(inside & (gx > 0.0) & (gx < columns - 1.0), frame[4], fill(px, 0.0))
    sy = select(inside & (gy > 0.0) & (gy < rows - 1.0), frame[4], fill(px, 0.0))
    sx, sy = sx * ((right - corner) * (1.0 - b) + (across - up) * b), sy * (high - low)
    value = select(inside, low + b * (high - low), fill(px, frame[5]))
    return value, frame[2] * sx - frame[3] * sy, frame[3] * sx + frame[2] * sy


@inline
def near_circles(px, py, track, first):
    """Return one bit for each of up to BLOCK circles from `first` on: is any lane in its reach?

    The test of all circles has no branches; only those that are near are looked at one by one.
    """
    near = 0
    for m in range(first, min(first + BLOCK, track.shape[0])):
        dx, dy = px - track[m, 0], py - track[m, 1]
        near = near | (int(any_lane(dx * dx + dy * dy < track[m, 2])) << (m - first))
    return near


@inline
def barrier_parts(gap, shape):
    """Return (gap / cutoff within [stiff, cutoff], the rest of the barrier without its log).

    The barrier of a gap is weight (h / cutoff - 1 - log(h / cutoff)) with h the gap kept within
    [stiff, cutoff], continued below stiff by its quadratic. So it is exactly zero beyond the
    cutoff, and finite even for a gap below zero. shape = (weight, stiff, cutoff, radius).
    """
    weight, stiff, cutoff = shape[0], shape[1], shape[2]
    ratio = vmin(vmax(gap, stiff), cutoff) * (1.0 / cutoff)
    e = vmin(gap - stiff, 0.0)
    slope, curvature = weight * (1.0 / cutoff - 1.0 / stiff), weight / (stiff * stiff)
    return ratio, weight * (ratio - 1.0) + e * (slope + 0.5 * curvature * e)


@inline
def barrier_slopes(gap, shape):
    """Return (psi', psi'') of the barrier of a gap."""
    weight, stiff, cutoff = shape[0], shape[1], shape[2]
    inverse = 1.0 / vmin(vmax(gap, stiff), cutoff)
    curvature = weight / (stiff * stiff)
    slope = weight * (1.0 / cutoff - inverse) + curvature * vmin(gap - stiff, 0.0)
    return slope, select(gap < cutoff, weight * inverse * inverse, fill(gap, 0.0))


@inline
def add_barrier(gap, shape, sums, factors):
    """Add the barrier of a gap; a logarithm is taken before the product can become too small."""
    ratio, rest = barrier_parts(gap, shape)
    sums[0], sums[1] = sums[0] + rest, sums[1] * ratio
    if factors + 1 < LOG_EVERY:
        return factors + 1
    sums[0], sums[1] = sums[0] - shape[0] * log(sums[1]), fill(gap, 1.0)
    return 0


@inline
def add_world_cost(px, py, track, world, final, sums, factors):
    """Add the barriers of all obstacles, and the cost to go, at a position.

    A sum of logarithms is the logarithm of a product, so ratios are collected along the whole
    trajectory: the cost is sums[0] - weight log(sums[1]), with sums = (0, 1) at first. `factors`
    counts the ratios in the product; the new count is returned.

    track [M, 4] is where the priced circles are then: x, y, the square of the distance within which
    they cost something, and the distance of contact: see `StageData.tracks`.
    """
    _, shape, field, frame, values, value_frame, value_weights = world
    if frame[6] > 0.0:
        distance, _, _ = interpolate(px, py, field, frame)
        factors = add_barrier(distance - shape[3], shape, sums, factors)
    for first in range(0, track.shape[0], BLOCK):
        near = near_circles(px, py, track, first)
        while near != 0:
            m, near = first + lowest_bit(near), near & (near - 1)
            dx, dy = px - track[m, 0], py - track[m, 1]
            gap = sqrt(dx * dx + dy * dy + TINY) - track[m, 3]
            factors = add_barrier(gap, shape, sums, factors)
    if value_frame[6] > 0.0:
        value, _, _ = interpolate(px, py, values, value_frame)
        sums[0] = sums[0] + value_weights[final] * value
    return factors


@inline
def world_quadratic(px, py, track, world, final, b):
    """Fill b [5]: slopes in x, y and Gauss-Newton curvatures xx, xy, yy of the world cost."""
    _, shape, field, frame, values, value_frame, value_weights = world
    zero = fill(px, 0.0)
    bx, by, bxx, bxy, byy = zero, zero, zero, zero, zero
    if frame[6] > 0.0:
        distance, nx, ny = interpolate(px, py, field, frame)
        slope, curvature = barrier_slopes(distance - shape[3], shape)
        bx, by = bx + slope * nx, by + slope * ny
        bxx, bxy = bxx + curvature * nx * nx, bxy + curvature * nx * ny
        byy = byy + curvature * ny * ny
    for first in range(0, track.shape[0], BLOCK):
        near = near_circles(px, py, track, first)
        while near != 0:
            m, near = first + lowest_bit(near), near & (near - 1)
            dx, dy = px - track[m, 0], py - track[m, 1]
            squared = dx * dx + dy * dy + TINY
            inverse = 1.0 / sqrt(squared)
            nx, ny = dx * inverse, dy * inverse
            gap = squared * inverse - track[m, 3]
            slope, curvature = barrier_slopes(gap, shape)
            bx, by = bx + slope * nx, by + slope * ny
            bxx, bxy = bxx + curvature * nx * nx, bxy + curvature * nx * ny
            byy = byy + curvature * ny * ny
    if value_frame[6] > 0.0:
        _, sx, sy = interpolate(px, py, values, value_frame)
        bx, by = bx + value_weights[final] * sx, by + value_weights[final] * sy
    b[0], b[1], b[2], b[3], b[4] = bx, by, bxx, bxy, byy


@inline
def smallest_gap(X, task):
    """Return the smallest gap between the robot's centre and any obstacle along X [T+1, NX].

    Half-way points are checked too: at 1 m/s and 0.2 s the stages are 0.2 m apart.
    """
    _, dt, _, _, world = task
    circles, _, field, frame, _, _, _ = world
    least = fill(X[0, 0], frame[5])
    for half in range(2 * X.shape[0] - 1):
        t, last = half // 2, (half + 1) // 2
        px, py = 0.5 * (X[t, 0] + X[last, 0]), 0.5 * (X[t, 1] + X[last, 1])
        if frame[6] > 0.0:
            least = vmin(least, interpolate(px, py, field, frame)[0])
        time = 0.5 * half * dt[0]
        for m in range(circles.shape[0]):
            dx = px - (circles[m, 0] + time * circles[m, 3])
            dy = py - (circles[m, 1] + time * circles[m, 4])
            least = vmin(least, sqrt(dx * dx + dy * dy) - circles[m, 2])
    return least
