"""The record of one run: it grows while the robot drives and is read when the run is over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.geometry.circles import as_circles

Floats = NDArray[np.float64]
FLIP_TIME = 1.0 - 1e-6  # [s] below which two way changes are one flip


@dataclass(frozen=True, eq=False)
class ModesMoment:
    """The candidate trajectories of one control cycle.

    Attributes:
        time: When they were computed [s].
        trajectories: One [K, 2] array of points [m] per mode; they may differ in length.
        weights: [N] mixture weights, or equal numbers where the weights are not known.
        chosen: Index of the executed mode.
        switched: True when this mode is not the one that drove the cycle before.
    """

    time: float
    trajectories: tuple[Floats, ...]
    weights: Floats
    chosen: int
    switched: bool

    @property
    def alternatives(self) -> NDArray[np.int64]:
        """Modes to draw: those with a weight; all where none has."""
        return np.flatnonzero((self.weights > 0.0) | ~(self.weights > 0.0).any())


@dataclass
class RunRecord:
    """Everything worth keeping of one run; all points in one fixed frame, times in seconds.

    Times of each kind of entry must not go back. `mode_switches` and `deadline_misses` are plain
    counters; `add_modes` raises the first. `way_change_times` [s] are found after the run, by
    `homotopy.way_change_times`; None if unknown.
    """

    mode_switches: int = 0
    deadline_misses: int = 0
    way_change_times: list[float] | None = None
    min_clearance: float = math.inf
    solve_times: list[float] = field(default_factory=list)
    plan_times: list[float] = field(default_factory=list)
    modes: list[ModesMoment] = field(default_factory=list)
    plans: list[tuple[float, Floats]] = field(default_factory=list)
    circles: list[tuple[float, Floats]] = field(default_factory=list)
    statuses: list[tuple[float, str]] = field(default_factory=list)
    seen: list[tuple[float, Floats]] = field(default_factory=list)
    tracks: list[tuple[float, Floats]] = field(default_factory=list)
    gated: list[tuple[float, Floats]] = field(default_factory=list)
    _clearances: list[tuple[float, float]] = field(default_factory=list)
    _states: list[tuple[float, ...]] = field(default_factory=list)
    _commands: list[tuple[float, ...]] = field(default_factory=list)
    _states_array: Floats = field(default_factory=lambda: np.empty((0, 6)))

    def add_state(self, time: float, x: float, y: float, yaw: float, vx: float, wz: float) -> None:
        """Add the robot's true pose [m, rad] and speeds [m/s, rad/s]."""
        self._states.append(_finite_row("state", time, x, y, yaw, vx, wz))

    def add_command(self, time: float, vx: float, wz: float) -> None:
        """Add one velocity command [m/s, rad/s]; the number of commands counts control cycles."""
        self._commands.append(_finite_row("command", time, vx, wz))

    def add_plan(self, time: float, points: ArrayLike) -> None:
        """Add a global plan, [N, 2] points [m]."""
        self.plans.append((float(time), _points(points)))

    def add_modes(
        self,
        time: float,
        trajectories: Sequence[ArrayLike],
        weights: ArrayLike,
        chosen: int,
        switched: bool = False,
    ) -> None:
        """Add one cycle's candidate trajectories; see `ModesMoment`.

        Raises:
            ValueError: The numbers of trajectories and weights differ or `chosen` is not one.
        """
        lines = tuple(_points(line) for line in trajectories)
        given = np.asarray(weights, dtype=float).reshape(-1)
        if len(given) != len(lines) or not 0 <= chosen < len(lines):
            raise ValueError(f"{len(lines)} modes, {len(given)} weights, chosen {chosen}")
        self.modes.append(ModesMoment(float(time), lines, given, int(chosen), bool(switched)))
        self.mode_switches += bool(switched)

    def add_circles(self, time: float, circles: ArrayLike) -> None:
        """Add the circles as they lie now, [M, 3] or [M, 5] x, y, radius, vx, vy [m, m/s]."""
        self.circles.append((float(time), as_circles(circles)))

    def add_seen(self, time: float, points: ArrayLike) -> None:
        """Add what a scanner has seen to stand so far, [N, 2] points [m]."""
        self.seen.append((float(time), _points(points)))

    def add_tracks(self, time: float, circles: ArrayLike) -> None:
        """Add what was seen to move, as it was believed to lie, [M, 5] like `circles`."""
        self.tracks.append((float(time), as_circles(circles)))

    def add_gated(self, time: float) -> None:
        """Note that the last gate changed a command; the place is that of the last state."""
        self.gated.append((float(time), self.states[-1, 1:3]))

    def add_solve_time(self, seconds: float) -> None:
        """Add the time one control cycle took to compute [s]."""
        self.solve_times.append(float(seconds))

    def add_plan_time(self, seconds: float) -> None:
        """Add the time one global plan took to compute [s]."""
        self.plan_times.append(float(seconds))

    def add_clearance(self, clearance: float) -> None:
        """Note the distance from robot's edge to nearest obstacle [m], of the last state."""
        self.min_clearance = min(self.min_clearance, float(clearance))
        if self._states and math.isfinite(clearance):
            self._clearances.append((float(clearance), abs(self._states[-1][4])))

    def add_status(self, time: float, message: str) -> None:
        """Add what the controller says of itself; only a change is kept."""
        if not self.statuses or self.statuses[-1][1] != message:
            self.statuses.append((float(time), message))

    @property
    def states(self) -> Floats:
        """[N, 6] time, x, y, yaw, vx, wz."""
        if len(self._states_array) != len(self._states):  # kept, as pictures ask for it often
            self._states_array = np.array(self._states, dtype=float).reshape(-1, 6)
        return self._states_array

    @property
    def commands(self) -> Floats:
        """[N, 3] time, vx, wz."""
        return np.array(self._commands, dtype=float).reshape(-1, 3)

    @property
    def clearances(self) -> Floats:
        """[N, 2] clearance [m] and speed then [m/s], whatever its sign."""
        return np.array(self._clearances, dtype=float).reshape(-1, 2)

    @property
    def turn_change(self) -> float | None:
        """Mean change of the commanded turning rate [rad/s^2]; None with fewer than two."""
        time, _, wz = self.commands.T
        return float(np.abs(np.diff(wz)).sum() / np.ptp(time)) if len(time) > 1 else None

    def last_words(self, seconds: float) -> tuple[str, ...]:
        """Return what the controller said in the last seconds of the run, in order."""
        begin = self._states[-1][0] - seconds if self._states else 0.0
        before = [said for time, said in self.statuses if time <= begin]
        return (*before[-1:], *(said for time, said in self.statuses if time > begin))

    @property
    def way_changes(self) -> int | None:
        """How often the homotopy class of the driven plan changed; None if unknown."""
        return None if self.way_change_times is None else len(self.way_change_times)

    @property
    def flips(self) -> int | None:
        """How many of these changes came less than a second after the one before."""
        times = self.way_change_times
        return None if times is None else int(np.sum(np.diff(times) < FLIP_TIME))

    @property
    def duration(self) -> float:
        """Time from the first to the last state [s]; zero for an empty record."""
        return self._states[-1][0] - self._states[0][0] if self._states else 0.0

    @property
    def path_length(self) -> float:
        """Length of the driven path [m]."""
        steps = np.diff(self.states[:, 1:3], axis=0)
        return float(np.hypot(steps[:, 0], steps[:, 1]).sum())

    @property
    def control_cycles(self) -> int:
        """Number of commands."""
        return len(self._commands)

    def state_at(self, time: float) -> Floats:
        """Return the last state at or before `time` (the first one if there is none), [6].

        Raises:
            ValueError: The record has no state yet.
        """
        if not self._states:
            raise ValueError("the record has no state yet")
        states = self.states
        row = np.searchsorted(states[:, 0], time, side="right") - 1
        return states[max(row, 0)]

    def circles_at(self, time: float) -> Floats:
        """Return the last circles at or before `time`, [M, 5]; the first ones if there are none."""
        return _latest(self.circles, time, np.empty((0, 5)))

    def seen_at(self, time: float) -> Floats:
        """Return what was seen to stand until `time`, [N, 2]; nothing before the first look."""
        first = self.seen[0][0] if self.seen else math.inf
        return _latest(self.seen, time, np.empty((0, 2))) if time >= first else np.empty((0, 2))

    def tracks_at(self, time: float) -> Floats:
        """Return what was believed to move at `time`, [M, 5]."""
        return _latest(self.tracks, time, np.empty((0, 5)))

    def plan_at(self, time: float) -> Floats:
        """Return the last plan at or before `time`, [N, 2]; the first one if there is none."""
        return _latest(self.plans, time, np.empty((0, 2)))

    def modes_at(self, time: float) -> ModesMoment | None:
        """Return the last candidate trajectories at or before `time`, or None."""
        row = np.searchsorted([moment.time for moment in self.modes], time, side="right") - 1
        return self.modes[row] if row >= 0 else None


def _finite_row(name: str, *values: float) -> tuple[float, ...]:
    row = tuple(float(value) for value in values)
    if not all(math.isfinite(value) for value in row):
        raise ValueError(f"{name} {row} is not finite")
    return row


def _points(points: ArrayLike) -> Floats:
    array = np.asarray(points, dtype=float)
    if array.ndim != 2 or array.shape[1] < 2:
        raise ValueError(f"points have the shape {list(array.shape)}, not [N, 2]")
    return array[:, :2]


def _latest(entries: list[tuple[float, Floats]], time: float, empty: Floats) -> Floats:
    if not entries:
        return empty
    row = np.searchsorted([entry[0] for entry in entries], time, side="right") - 1
    return entries[max(row, 0)][1]
