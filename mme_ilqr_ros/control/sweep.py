"""The exact shape of a robot, swept along a command and the braking after it.

A shape is the corners of a convex polygon, counter-clockwise [K, 2], and a radius by which it is
grown; a disc is one corner, its centre, and its radius. What stands in the way are rows x, y,
radius, vx, vy, need [N, 6] in the frame of the robot's pose now: discs (a point has no radius) that
move, and the gap to each that must be kept. `slack` is how much larger than needed the smallest gap
is; zero and above passes.
"""

from __future__ import annotations

import math

import numpy as np

from mme_ilqr_ros.compiled import compiled

ROW = 6  # numbers of a row
FINE = 0.005  # [m] that no part of the shape moves farther in a step beside something
MOST_TURN = 0.1  # [rad] in a step: of such an arc the chord is exact to 0.04 %
ROUNDING = 1e-9  # [m] that a row is due earlier
SHORTEST = 1e-6  # [s]
LONGEST = 30.0  # [s] no braking takes longer; a speed or rate that is not sound must not hang


@compiled
def shape_gap(corners, radius, x, y):  # type: ignore[no-untyped-def]
    """Return the signed distance of a point in the shape's frame to the shape [m]."""
    count = len(corners)
    if count == 1:
        return math.hypot(x - corners[0, 0], y - corners[0, 1]) - radius
    inner, outer = -math.inf, math.inf
    for k in range(count):
        x0, y0 = corners[k, 0], corners[k, 1]
        ax, ay = corners[(k + 1) % count, 0] - x0, corners[(k + 1) % count, 1] - y0
        px, py = x - x0, y - y0
        length = math.hypot(ax, ay)
        inner = max(inner, (ay * px - ax * py) / length)  # positive to the right of the edge
        part = min(max((px * ax + py * ay) / (length * length), 0.0), 1.0)
        dx, dy = px - part * ax, py - part * ay
        outer = min(outer, dx * dx + dy * dy)
    return (inner if inner <= 0.0 else math.sqrt(outer)) - radius


@compiled
def reach_of(corners, radius):  # type: ignore[no-untyped-def]
    """Return the radius of the smallest disc round the shape's origin that holds it [m]."""
    reach = 0.0
    for k in range(len(corners)):
        reach = max(reach, math.hypot(corners[k, 0], corners[k, 1]))
    return reach + radius


@compiled
def _look(pose, t, gone, due, corners, radius, reach, rows):  # type: ignore[no-untyped-def]
    """Return the least slack of the rows that are due, its row, and when the next one is due.

    A row with some slack has some left until its way and the shape's are as long as the slack: it
    is due again then [m].
    """
    cos, sin = math.cos(pose[2]), math.sin(pose[2])
    least, nearest, soonest = math.inf, -1, math.inf
    for n in range(len(rows)):
        if due[n] <= gone:
            dx = rows[n, 0] + t * rows[n, 3] - pose[0]
            dy = rows[n, 1] + t * rows[n, 4] - pose[1]
            beside = reach + rows[n, 2] + rows[n, 5] + FINE
            if beside > 0.0 and dx * dx + dy * dy < beside * beside:
                gap = shape_gap(corners, radius, cos * dx + sin * dy, cos * dy - sin * dx)
                slack = gap - rows[n, 2] - rows[n, 5]
                if slack < least:
                    least, nearest = slack, n
            else:
                slack = math.hypot(dx, dy) - beside + FINE  # at least
            due[n] = gone + max(slack, 0.0)
        soonest = min(soonest, due[n])
    return least, nearest, soonest


@compiled
def _left(t, duration):  # type: ignore[no-untyped-def]
    """Return the share of a speed that is left of it after some of the time that it falls."""
    if t <= 0.0:
        return 1.0
    return max(0.0, 1.0 - t / duration) if duration > 0.0 else 0.0


@compiled
def _twist(t, twists, times, out):  # type: ignore[no-untyped-def]
    """Write the velocity at a time: as measured, to the command, then braking on its curve."""
    delay, period, hold, stop, stop_turning = times[0], times[1], times[2], times[3], times[4]
    if t < delay + period:
        part = max(0.0, t - delay) / period
        for i in range(3):
            out[i] = twists[0, i] + part * (twists[1, i] - twists[0, i])
        return
    t = max(0.0, t - delay - period - hold)
    moves, turns = _left(t, stop), _left(t, stop_turning)
    out[0], out[1], out[2] = moves * twists[1, 0], moves * twists[1, 1], turns * twists[1, 2]


@compiled
def _until_the_next_bend(t, times):  # type: ignore[no-untyped-def]
    """Return the time until the velocity changes at another rate [s]."""
    begin = 0.0
    for k in range(4):
        begin += times[k]
        if t < begin - 1e-9:
            return begin - t
    return math.inf


@compiled
def _fastest_row(rows):  # type: ignore[no-untyped-def]
    fastest = 0.0
    for n in range(len(rows)):
        fastest = max(fastest, math.hypot(rows[n, 3], rows[n, 4]))
    return fastest


@compiled
def sweep_slack(twists, times, corners, radius, rows, enough):  # type: ignore[no-untyped-def]
    """Return the least slack on the way to rest, its row, and the time at which it is so.

    Infinite, and row -1, if nothing ever is within `FINE` of coming too near.

    Steps are as long as nothing can have come nearer in them than it must, so that whether the
    command passes is exact but for `FINE` / 2 of the way beside a thing.

    Args:
        twists: vx, vy [m/s], wz [rad/s], as measured and as commanded [2, 3].
        times: Until the command acts, until it is reached, for which it is held, and from there
            until the robot stands and no longer turns [5] in s; the last is not below the fourth.
        corners: Of the shape [K, 2].
        radius: Of the shape.
        rows: What stands in the way [N, 6].
        enough: Slack below which it need not be known how little it is.
    """
    reach, fastest = reach_of(corners, radius), _fastest_row(rows)
    end = min(times[0] + times[1] + times[2] + times[4], LONGEST)
    pose, now, later = np.zeros(3), np.empty(3), np.empty(3)
    due = np.zeros(len(rows))
    t, gone, least, nearest, when = 0.0, 0.0, math.inf, -1, 0.0
    while True:
        slack, row, soonest = _look(pose, t, gone, due, corners, radius, reach, rows)
        if slack < least:
            least, nearest, when = slack, row, t
        if least < enough or t >= end - 1e-9:
            return least, nearest, when
        dt = min(_until_the_next_bend(t, times), end - t)
        _twist(t, twists, times, now)
        _twist(t + dt * (1.0 - 1e-9), twists, times, later)  # the fastest is at one of the ends
        move = max(math.hypot(now[0], now[1]), math.hypot(later[0], later[1]))
        turn = max(abs(now[2]), abs(later[2]))
        speed = move + turn * reach + fastest
        if speed > 0.0:
            dt = min(dt, max(soonest - gone, FINE) / speed)
        if turn > 0.0:
            dt = min(dt, MOST_TURN / turn)
        dt = max(dt, SHORTEST)
        _twist(t + 0.5 * dt, twists, times, now)
        heading = pose[2] + 0.5 * dt * now[2]
        cos, sin = math.cos(heading), math.sin(heading)
        pose[0] += dt * (cos * now[0] - sin * now[1])
        pose[1] += dt * (sin * now[0] + cos * now[1])
        pose[2] += dt * now[2]
        t += dt
        gone += dt * speed + ROUNDING


@compiled
def first_that_passes(twists, times, counts, corners, radius, rows):  # type: ignore[no-untyped-def]
    """Return the first of some commands that passes; -1 for none.

    What moves may come too near while the robot brakes if nothing does where the robot drives on:
    who crosses a way in time had better not stop on it. Were something to come near a little later
    than braking takes, the next command can still brake.

    Args:
        twists: Of every command [C, 2, 3], see `sweep_slack`.
        times: Of every command [C, 5], braking at once.
        counts: How many of the rows move, and for every command the end of the rows, from the
            first, that it has to look at [C, 2].
        corners: Of the shape [K, 2].
        radius: Of the shape.
        rows: What stands in the way [N, 6]; what moves comes first.
    """
    for c in range(len(twists)):
        moving, end = counts[c, 0], counts[c, 1]
        standing = rows[moving:end]
        if sweep_slack(twists[c], times[c], corners, radius, standing, 0.0)[0] < 0.0:
            continue
        if moving == 0:
            return c
        if sweep_slack(twists[c], times[c], corners, radius, rows[:moving], 0.0)[0] >= 0.0:
            return c
        on = times[c].copy()
        on[2], on[3], on[4] = on[3] + 2.0 * (on[0] + on[1]), 0.0, 0.0
        if sweep_slack(twists[c], on, corners, radius, rows[:end], 0.0)[0] >= 0.0:
            return c
    return -1


@compiled
def with_most_slack(twists, times, corners, radius, rows):  # type: ignore[no-untyped-def]
    """Return which of some commands has most slack, the first of those that pass; see above."""
    best, most = -1, -math.inf
    for c in range(len(twists)):
        slack = sweep_slack(twists[c], times[c], corners, radius, rows, min(most, 0.0))[0]
        if slack > most or best < 0:
            best, most = c, slack
        if most >= 0.0:
            break
    return best


@compiled
def rows_near(points, pose, corners, radius, within):  # type: ignore[no-untyped-def]
    """Return rows [N, 6] of what is near a robot, in its frame, with the gap now in place of need.

    Args:
        points: x, y [M, 2] or x, y, radius, vx, vy [M, 5] in the frame of the pose.
        pose: x, y, yaw of the robot [3].
        corners: Of the shape [K, 2].
        radius: Of the shape.
        within: Distance from the robot's centre, and time that things drive [2] in m, s.
    """
    cos, sin = math.cos(pose[2]), math.sin(pose[2])
    rows = np.empty((len(points), ROW))
    count, size, vx, vy = 0, 0.0, 0.0, 0.0
    for n in range(len(points)):
        dx, dy = points[n, 0] - pose[0], points[n, 1] - pose[1]
        if points.shape[1] > 2:
            size, vx, vy = points[n, 2], points[n, 3], points[n, 4]
        far = within[0] + size + within[1] * math.hypot(vx, vy)
        if dx * dx + dy * dy > far * far:
            continue
        x, y = cos * dx + sin * dy, cos * dy - sin * dx
        rows[count, 0], rows[count, 1], rows[count, 2] = x, y, size
        rows[count, 3], rows[count, 4] = cos * vx + sin * vy, cos * vy - sin * vx
        rows[count, 5] = shape_gap(corners, radius, x, y) - size
        count += 1
    return rows[:count]
