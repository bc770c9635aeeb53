"""Walls, circles and the cost-to-go at a place: distances, and what a small clearance costs.

A robot is a few equal discs, one of them if it is round. The price of a small clearance, per disc,
is the weight divided by their number: so passing something costs the same however many pass it one
after the other, and a wall along all of them is not charged several times. Contact is charged to
each in full, for the weight of one disc alone must keep the robot out.
"""

from .lane import (
    any_lane,
    cos,
    fill,
    floor,
    gather_square,
    inline,
    log,
    lowest_bit,
    select,
    sin,
    sqrt,
    vmax,
    vmin,
)

LOG_EVERY = 8  # gaps whose ratios are multiplied before one logarithm is taken
YAW = 2  # the state after x and y, in every robot whose heading matters to obstacles
TINY = 1e-12  # [m^2] keeps the direction from a circle's very centre finite
BLOCK = 32  # circles whose nearness fits into the bits of one number


@inline
def interpolate(px, py, grid):
    """Return (value, its gradient in x, in y) of a grid, bilinear between cell centres."""
    rows, columns = grid.values.shape
    dx, dy = px - grid.x, py - grid.y
    gx = (grid.cos * dx + grid.sin * dy) * grid.cells_per_metre - 0.5
    gy = (grid.cos * dy - grid.sin * dx) * grid.cells_per_metre - 0.5
    inside = (gx > -0.5) & (gx < columns - 0.5) & (gy > -0.5) & (gy < rows - 0.5)
    cx, cy = vmin(vmax(gx, 0.0), columns - 1.0), vmin(vmax(gy, 0.0), rows - 1.0)
    j, i = vmin(floor(cx), columns - 2.0), vmin(floor(cy), rows - 2.0)
    a, b = cx - j, cy - i
    corner, right, up, across = gather_square(grid.values, i, j)
    low, high = corner + a * (right - corner), up + a * (across - up)
    sx = select(inside & (gx > 0.0) & (gx < columns - 1.0), grid.cells_per_metre, fill(px, 0.0))
    sy = select(inside & (gy > 0.0) & (gy < rows - 1.0), grid.cells_per_metre, fill(px, 0.0))
    sx, sy = sx * ((right - corner) * (1.0 - b) + (across - up) * b), sy * (high - low)
    value = select(inside, low + b * (high - low), fill(px, grid.outside))
    return value, grid.cos * sx - grid.sin * sy, grid.sin * sx + grid.cos * sy


@inline
def place_of(px, py, yaw, task):
    """Return the place (x, y, cos yaw, sin yaw) of a robot; its heading only if discs need it."""
    if task.turns:
        return px, py, cos(yaw), sin(yaw)
    return px, py, fill(px, 1.0), fill(px, 0.0)


@inline
def place(x, task):
    """Return the place of a robot in a state [NX]."""
    return place_of(x[0], x[1], x[YAW], task)


@inline
def arm(place, offset):
    """Return (x, y) from the robot's centre to that of a disc, in the frame of the world."""
    along, across, cos_yaw, sin_yaw = offset[0], offset[1], place[2], place[3]
    return cos_yaw * along - sin_yaw * across, sin_yaw * along + cos_yaw * across


@inline
def near_circles(px, py, track, first, last):
    """Return one bit for each of up to BLOCK circles in [first, last): is any lane in its reach?

    The test of all circles has no branches; only those that are near are looked at one by one.
    """
    near = 0
    for m in range(first, min(first + BLOCK, last)):
        dx, dy = px - track[m, 0], py - track[m, 1]
        near = near | (int(any_lane(dx * dx + dy * dy < track[m, 2])) << (m - first))
    return near


@inline
def barrier_parts(clearance, barrier):
    """Return (clearance / cutoff within [stiff, cutoff], the barrier without its logarithm).

    The barrier is weight (h / cutoff - 1 - log(h / cutoff)) with h the clearance kept within
    [stiff, cutoff], continued below stiff by its quadratic. So it is exactly zero beyond the
    cutoff, and finite even for a clearance below zero.
    """
    weight, stiff, cutoff = barrier.weight, barrier.stiff, barrier.cutoff
    ratio = vmin(vmax(clearance, stiff), cutoff) * (1.0 / cutoff)
    e = vmin(clearance - stiff, 0.0)
    gradient, curvature = weight * (1.0 / cutoff - 1.0 / stiff), weight / (stiff * stiff)
    return ratio, weight * (ratio - 1.0) + e * (gradient + 0.5 * curvature * e)


@inline
def barrier_derivatives(clearance, barrier):
    """Return the barrier's first and second derivative in the clearance."""
    weight, stiff, cutoff = barrier.weight, barrier.stiff, barrier.cutoff
    inverse = 1.0 / vmin(vmax(clearance, stiff), cutoff)
    curvature = weight / (stiff * stiff)
    gradient = weight * (1.0 / cutoff - inverse) + curvature * vmin(clearance - stiff, 0.0)
    return gradient, select(clearance < cutoff, weight * inverse * inverse, fill(clearance, 0.0))


@inline
def add_barrier(clearance, barrier, sums, factors):
    """Add the barrier; a logarithm is taken before the product can become too small."""
    ratio, rest = barrier_parts(clearance, barrier)
    sums[0], sums[1] = sums[0] + rest, sums[1] * ratio
    if factors + 1 < LOG_EVERY:
        return factors + 1
    sums[0], sums[1] = sums[0] - barrier.weight * log(sums[1]), fill(clearance, 1.0)
    return 0


@inline
def contact_cost(clearance, barrier):
    """Return what is charged at any speed: contact must not become cheap for a slow robot."""
    e = vmin(clearance - barrier.contact, 0.0)
    return 0.5 * barrier.stiffness * e * e


@inline
def add_circles(px, py, circles, track, barrier, sums, factors):
    """Add the barriers of the circles first to last of a track; see `add_barrier`.

    sums[2] collects what contact costs.
    """
    for first in range(circles[0], circles[1], BLOCK):
        near = near_circles(px, py, track, first, circles[1])
        while near != 0:
            m, near = first + lowest_bit(near), near & (near - 1)
            dx, dy = px - track[m, 0], py - track[m, 1]
            clearance = sqrt(dx * dx + dy * dy + TINY) - track[m, 3]
            factors = add_barrier(clearance, barrier, sums, factors)
            sums[2] = sums[2] + contact_cost(clearance, barrier)
    return factors


@inline
def standing_cost(place, t, task, sums):
    """Return the barriers of walls and circles at rest at a place; sums[2] = that of contact.

    sums [3] is memory beside that.
    """
    barrier, track, like = task.barrier, task.tracks[t], place[0]
    sums[0], sums[1], sums[2], factors = fill(like, 0.0), fill(like, 1.0), fill(like, 0.0), 0 * t
    for disc in range(task.discs.shape[0]):
        x, y = arm(place, task.discs[disc])
        px, py = place[0] + x, place[1] + y
        if task.walls.present:
            distance, _, _ = interpolate(px, py, task.walls)
            factors = add_barrier(distance - barrier.radius, barrier, sums, factors)
            sums[2] = sums[2] + contact_cost(distance - barrier.radius, barrier)
        factors = add_circles(px, py, (0, task.n_standing), track, barrier, sums, factors)
    if factors == 0:  # nothing near: no logarithm
        return sums[0]
    return sums[0] - barrier.weight * log(sums[1])


@inline
def add_moving_cost(place, t, task, sums, factors):
    """Add the barriers of moving circles, and the cost-to-go, at a place at stage t.

    A sum of logarithms is the logarithm of a product, so ratios are collected along the whole
    trajectory: the cost is sums[0] - weight log(sums[1]) + sums[2], with sums = (0, 1, 0) at first.
    `factors` counts the ratios in the product; the new count is returned.
    """
    track = task.tracks[t]
    moving = task.n_standing, track.shape[0]
    for disc in range(task.discs.shape[0]):
        x, y = arm(place, task.discs[disc])
        at = place[0] + x, place[1] + y
        factors = add_circles(at[0], at[1], moving, track, task.barrier, sums, factors)
    if task.goal.present:
        value, _, _ = interpolate(place[0], place[1], task.goal)
        sums[0] = sums[0] + task.goal_weights[t] * value
    return factors


@inline
def add_quadratic(clearance, nx, ny, nyaw, barrier, scale, b):
    """Add the derivatives of a barrier whose clearance grows along nx, ny, nyaw."""
    gradient, curvature = barrier_derivatives(clearance, barrier)
    e = vmin(clearance - barrier.contact, 0.0)
    gradient = scale * gradient + barrier.stiffness * e
    curvature = scale * curvature + select(e < 0.0, fill(e, barrier.stiffness), fill(e, 0.0))
    b[0], b[1] = b[0] + gradient * nx, b[1] + gradient * ny
    b[2], b[3] = b[2] + curvature * nx * nx, b[3] + curvature * nx * ny
    b[4], b[5] = b[4] + curvature * ny * ny, b[5] + gradient * nyaw
    b[6], b[7] = b[6] + curvature * nx * nyaw, b[7] + curvature * ny * nyaw
    b[8] = b[8] + curvature * nyaw * nyaw


@inline
def world_quadratic(place, t, task, scale, b):
    """Fill b [9]: gradient and Gauss-Newton Hessian of the world cost.

    They are x, y, xx, xy, yy, and of the heading yaw, x yaw, y yaw, yaw yaw. `scale` is the share
    that is charged of the cost of what stands.
    """
    barrier, track, one = task.barrier, task.tracks[t], fill(place[0], 1.0)
    for i in range(9):
        b[i] = fill(place[0], 0.0)
    for disc in range(task.discs.shape[0]):
        x, y = arm(place, task.discs[disc])
        px, py = place[0] + x, place[1] + y
        if task.walls.present:
            distance, nx, ny = interpolate(px, py, task.walls)
            clearance = distance - barrier.radius
            add_quadratic(clearance, nx, ny, ny * x - nx * y, barrier, scale, b)
        for first in range(0, track.shape[0], BLOCK):
            near = near_circles(px, py, track, first, track.shape[0])
            while near != 0:
                m, near = first + lowest_bit(near), near & (near - 1)
                dx, dy = px - track[m, 0], py - track[m, 1]
                squared = dx * dx + dy * dy + TINY
                inverse = 1.0 / sqrt(squared)
                clearance = squared * inverse - track[m, 3]
                nx, ny, charged = dx * inverse, dy * inverse, scale if m < task.n_standing else one
                add_quadratic(clearance, nx, ny, ny * x - nx * y, barrier, charged, b)
    if task.goal.present:
        _, gx, gy = interpolate(place[0], place[1], task.goal)
        weight = task.goal_weights[t]
        b[0], b[1] = b[0] + weight * gx, b[1] + weight * gy


@inline
def least_distance(X, task):
    """Return the least distance of the centre of any disc to any obstacle along X [T+1, NX].

    Half-way points are checked too: at 1 m/s and 0.2 s the stages are 0.2 m apart.
    """
    least = fill(X[0, 0], task.walls.outside)
    for half in range(2 * X.shape[0] - 1):
        t, last, time = half // 2, (half + 1) // 2, 0.5 * half * task.dt
        px, py = 0.5 * (X[t, 0] + X[last, 0]), 0.5 * (X[t, 1] + X[last, 1])
        at = place_of(px, py, 0.5 * (X[t, YAW] + X[last, YAW]), task)
        for disc in range(task.discs.shape[0]):
            x, y = arm(at, task.discs[disc])
            least = vmin(least, distance_at(px + x, py + y, time, task))
    return least


@inline
def distance_at(px, py, time, task):
    """Return the distance of a position to the nearest obstacle at a time [s]."""
    least = fill(px, task.walls.outside)
    if task.walls.present:
        least = vmin(least, interpolate(px, py, task.walls)[0])
    for m in range(task.circles.shape[0]):
        dx = px - (task.circles[m, 0] + time * task.circles[m, 3])
        dy = py - (task.circles[m, 1] + time * task.circles[m, 4])
        least = vmin(least, sqrt(dx * dx + dy * dy) - task.circles[m, 2])
    return least
