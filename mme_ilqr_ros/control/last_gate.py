"""The last gate before cmd_vel: can the robot follow the command, and then stop, without contact?

The robot's exact shape is swept along the command for a period and along the braking after it,
which stays on the command's curve, past what the scanners saw and what is predicted to move. A
command passes if the gap stays as large as it must. Else the nearest command that passes takes its
place; if none does, the one that keeps the largest gap. Where driving on keeps clear of what moves
and braking does not, it drives on.

What no scanner saw free lately is not entered backward by a robot that can turn and look, and else
only slowly. A robot that would reverse there turns until it sees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.leeway import Leeway
from mme_ilqr_ros.control.robots import Robot
from mme_ilqr_ros.control.safety import brake, stop_times
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.control.sweep import (
    first_that_passes,
    reach_of,
    rows_near,
    shape_gap,
    sweep_slack,
    with_most_slack,
)
from mme_ilqr_ros.geometry.passable import REQUIRED_FRACTION, footprint_in

Array = NDArray[np.float64]

CLOSER = 0.002  # [m] that a robot already too close may come closer, once per piece of way
RENEWED = 0.5  # [reach of the shape] of way after which it may again
OWN = 0.03  # [m] a point so deep inside the robot is a part of it
SLOW = 0.1  # share of the top speed at which what was not seen is entered
SLOWEST = 0.05  # [m/s] that this is at least
BACKWARD = -0.01  # [m/s]
LOOK = 0.5  # share of the fastest turn with which a robot looks behind itself
COUNT = 7  # values of every control that are tried, and of all of them along the wanted curve
ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Shape:
    """The outline of a robot: a convex polygon grown by a radius; a disc is one corner.

    Attributes:
        corners: [K, 2] in m in the robot's frame, counter-clockwise.
        radius: By which they are grown [m].
    """

    corners: Array
    radius: float = 0.0

    @cached_property
    def reach(self) -> float:
        """Radius of the smallest disc round the robot's centre that holds it [m]."""
        return float(reach_of(self.corners, self.radius))

    @cached_property
    def lever(self) -> float:
        """How fast a turn of 1 rad/s moves the outline into something new, at most [m/s]."""
        if len(self.corners) == 1:
            return math.hypot(*self.corners[0])
        edges = np.roll(self.corners, -1, axis=0) - self.corners
        ways = edges / np.hypot(*edges.T)[:, None]
        ends = np.stack([self.corners, np.roll(self.corners, -1, axis=0)])
        return float(np.abs((ends * ways).sum(axis=-1)).max())


def shape_in(settings: ControllerSettings) -> Shape:
    """Return the outline of the robot of some settings: its footprint, else a disc."""
    footprint = footprint_in(settings)
    if footprint is None:
        return Shape(np.zeros((1, 2)), settings.robot_radius)
    return Shape(footprint.corners)


@dataclass(frozen=True, eq=False)
class Passed:
    """What left the gate.

    Attributes:
        controls: The command [nu].
        reason: Why it is not the one that came, in a few words; empty where it is.
    """

    controls: Array
    reason: str = ""


class LastGate:
    """Watches the commands of one robot."""

    def __init__(self, robot: Robot) -> None:
        self._robot = robot
        model = robot.model
        self._kept, self._turning = list(model.kept_when_braking), list(model.turning)
        self._sense = 0.0  # in which the robot turns to look: 1 to the left, -1, or 0: none yet

    def update(self, settings: ControllerSettings, shape: Shape) -> None:
        """Use other settings, in SI, and another shape from the next command on."""
        self._settings, self._shape = settings, shape
        self._limits = self._robot.limits(settings)
        self._period = 1.0 / settings.controller_frequency
        # The speed of now lasts twice the delay where the drive lags, and half a period longer than
        # it where it does not.
        delay = settings.command_delay
        self._delay = max(delay, 2.0 * delay - 0.5 * self._period)
        # No more than plans have to keep: a gate that asks for more lets none of them through.
        self._margin = min(settings.gate_margin, REQUIRED_FRACTION * settings.clearance_margin)
        self._outline = shape.corners, shape.radius
        lower, upper, rates = self._limits.as_arrays()
        speeds = [i for i in range(len(rates)) if i not in self._kept + self._turning]
        self._top = math.hypot(*self._robot.fastest(self._limits)[:2])
        self._most_faster = self._period * float(np.hypot.reduce(rates[speeds]))
        self._braking = float(stop_times(np.maximum(upper, -lower), rates, self._kept).max())
        self._slow = max(SLOW * settings.vx_max, SLOWEST)
        self._leeway = Leeway(CLOSER, RENEWED * shape.reach)

    def reset(self) -> None:
        """Forget how close the robot was, and which way it looked."""
        self._leeway.reset()
        self._sense = 0.0

    def warm_up(self) -> None:
        """Compile, or load, what only a command that does not pass needs."""
        inside = np.zeros((1, 6))
        inside[:, 5] = 1.0  # nothing passes
        twists, times, counts = np.ones((1, 2, 3)), np.ones((1, 5)), np.array([[0, 1]])
        first_that_passes(twists, times, counts, *self._outline, inside)
        with_most_slack(twists, times, *self._outline, inside)
        sweep_slack(twists[0], times[0], *self._outline, inside, -math.inf)
        shape_gap(*self._outline, 0.0, 0.0)

    def watches(self, situation: Situation) -> bool:
        """Return whether a scanner says anything here that a command has to pass."""
        return self._settings.gate and bool(len(situation.points) or len(situation.unseen))

    def let_pass(
        self, wanted: Array, held: Array, situation: Situation, evades: bool = False
    ) -> Passed:
        """Return the command to give.

        Args:
            wanted: Controls to command [nu].
            held: Controls that hold now [nu].
            situation: Where the robot is, with what was seen.
            evades: The robot gets out of the way of something; then it may go where nothing was
                seen, for what comes is seen.
        """
        state = situation.state
        twists = np.array([[state.vx, state.vy, state.wz], self._robot.twist(wanted)])
        if not (np.any(twists[1]) or np.any(held)):
            return Passed(wanted)  # who stands is not to blame
        rows, seen = self._rows(situation, twists)
        rows = rows[:seen] if evades else rows
        counts = int(np.count_nonzero(rows[:, 3:5].any(axis=1))), seen, len(rows)
        way = self._ways(wanted[None], held, twists[0], counts)
        shape = self._outline
        if first_that_passes(*way, *shape, rows) == 0:
            return Passed(wanted)
        row = sweep_slack(way[0][0], way[1][0], *shape, rows[: way[2][0, 1]], -math.inf)[1]
        blind = row >= seen
        aim = self._look(wanted, held, situation) if blind else wanted
        tried = self._candidates(aim, held)
        chosen = first_that_passes(*self._ways(tried, held, twists[0], counts), *shape, rows)
        if chosen < 0:  # then at least no contact with what was seen
            tried = self._last_resorts(held)
            last = self._ways(tried, held, twists[0], counts)
            chosen = with_most_slack(last[0], last[1], *shape, rows[:seen])
        if aim is not wanted and not (np.any(held) or np.any(tried[chosen])):
            self._sense *= -1.0  # no room to turn this way
        return Passed(tried[chosen], self._reason(rows[row], blind))

    def _rows(self, situation: Situation, twists: Array) -> tuple[Array, int]:
        """Return what is near, first what moves, last what is unseen, and how much was seen."""
        state, (corners, radius) = situation.state, self._outline
        pose = np.array([state.x, state.y, state.yaw])
        speed = float(np.hypot(twists[:, 0], twists[:, 1]).max())
        speed = max(speed, min(self._top, speed + self._most_faster))
        time = self._delay + self._period
        stopping = self._shape.reach + self._margin + speed * (time + 0.5 * self._braking)
        on = 3.0 * time + self._braking  # see `first_that_passes`
        here = np.array([stopping, 0.0])
        there = np.array([stopping + speed * on, on])
        given = situation.circles, situation.points, situation.unseen
        circles, points, dark = (np.array(part, order="C") for part in given)  # as compiled for
        moves = circles[:, 3:].any(axis=1)
        seen = circles[moves], there, circles[~moves], here, points, here
        parts = [rows_near(seen[i], pose, corners, radius, seen[i + 1]) for i in (0, 2, 4)]
        rows = np.concatenate(parts)
        rows = rows[rows[:, 5] > -OWN]
        gaps = rows[:, 5]
        gap = float(gaps.min(initial=math.inf, where=gaps >= 0.0))
        corner = state.pose.transform(corners[0])  # it moves too where the robot turns
        need = self._leeway.required(gap, corner, self._margin)
        rows[:, 5] = np.where(gaps < 0.0, gaps - ROUNDING, need)
        dark = rows_near(dark, pose, corners, radius, here)
        dark = dark[dark[:, 5] > 0.0]  # where the robot stands it need not look
        dark[:, 5] = 0.0
        return np.concatenate([rows, dark]), len(rows)

    def _ways(
        self, commands: Array, held: Array, measured: Array, counts: tuple[int, int, int]
    ) -> tuple[Array, Array, NDArray[np.int64]]:
        """Return twists [C, 2, 3], times [C, 5] and rows to look at [C, 2] of commands [C, nu].

        Args:
            commands: Controls.
            held: Controls that hold [nu].
            measured: Twist now [3].
            counts: How many rows move, were seen, and are.
        """
        twists = np.empty((len(commands), 2, 3))
        twists[:, 0] = measured
        twists[:, 1] = [self._robot.twist(command) for command in commands]
        times = np.zeros((len(commands), 5))
        times[:, 0], times[:, 1] = self._delay, self._period
        each = stop_times(commands, self._limits.as_arrays()[2], self._kept)
        times[:, 4] = each.max(axis=1)
        each[:, self._turning] = 0.0
        times[:, 3] = each.max(axis=1)
        blind = self._may_be_blind(twists[:, 1]) & self._is_slow(np.array(self._robot.twist(held)))
        ends = np.where(blind, *counts[1:])
        return twists, times, np.column_stack([np.full(len(ends), counts[0]), ends])

    def _is_slow(self, twists: Array) -> NDArray[np.bool_]:
        rim = np.hypot(twists[..., 0], twists[..., 1]) + self._shape.lever * abs(twists[..., 2])
        return rim <= self._slow + ROUNDING

    def _may_be_blind(self, twists: Array) -> NDArray[np.bool_]:
        """Return which commands [C, 3] may lead where nothing was seen."""
        return self._is_slow(twists) & ~(bool(self._turning) & (twists[:, 0] < BACKWARD))

    def _look(self, wanted: Array, held: Array, situation: Situation) -> Array:
        """Return what a robot that would drive backward where it sees nothing does: turn there."""
        twist = self._robot.twist(wanted)
        if not self._turning or twist[0] >= BACKWARD:
            return wanted
        turn, state, goal = self._turning[0], situation.state, situation.goal
        if self._sense == 0.0:  # it goes on the way round that it began
            towards = 0.0 if goal is None else math.atan2(goal.y - state.y, goal.x - state.x)
            self._sense = math.copysign(1.0, held[turn] or math.sin(towards - state.yaw))
        looking = np.zeros_like(wanted)
        looking[turn] = self._sense * LOOK * self._limits.upper[turn]
        return looking

    def _candidates(self, wanted: Array, held: Array) -> Array:
        """Return commands [C, nu] to try, no faster than the wanted one, the nearest to it first.

        The last is braking: where nothing new is seen, it passes if the last command did.
        """
        low, high = self._limits.reachable(held, self._period)
        braked, wanted = self._braked(held), np.clip(wanted, low, high)
        axes = []
        for i, (slow, value) in enumerate(zip(braked, wanted, strict=True)):
            if i in self._kept or i in self._turning:
                axes.append(np.append(np.linspace(low[i], high[i], COUNT), value))
            else:
                axes.append(np.append(np.linspace(slow, value, COUNT), 0.0))
        along = np.linspace(1.0, 0.0, COUNT)[:, None] * wanted
        along[:, self._kept] = wanted[self._kept]
        tried = np.concatenate([_grid(axes), along]).clip(low, high)
        spans = np.maximum(high - low, ROUNDING)
        order = np.argsort((np.abs(tried - wanted) / spans).sum(axis=1), kind="stable")
        return np.concatenate([tried[order], braked[None]])

    def _last_resorts(self, held: Array) -> Array:
        """Return what to try [C, nu] if nothing passes: braking, and all ends of the reach."""
        braked = self._braked(held)
        ends = zip(*self._limits.reachable(held, self._period), braked, strict=True)
        return np.concatenate([braked[None], _grid([np.array(values) for values in ends])])

    def _braked(self, held: Array) -> Array:
        return brake(held, self._limits, self._period, self._kept, self._turning)

    def _reason(self, row: Array, blind: bool) -> str:
        """Return what is in the way, for people."""
        side = _side(math.atan2(row[1], row[0]))
        if blind:
            return f"gate: not seen lately what is {side}"
        gap = shape_gap(*self._outline, row[0], row[1]) - row[2]
        kind = "something that moves" if row[3] or row[4] else "something"
        return f"gate: {kind} {gap:.2f} m {side}"


def _grid(axes: list[Array]) -> Array:
    """Return every combination [C, nu] of values of the controls."""
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


def _side(bearing: float) -> str:
    """Return in words where something is that is seen at an angle from ahead [rad]."""
    if abs(bearing) < math.pi / 4:
        return "ahead"
    if abs(bearing) > 3 * math.pi / 4:
        return "behind"
    return "to the left" if bearing > 0 else "to the right"
