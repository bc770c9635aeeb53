"""Whether a plan may be executed, when to brake instead, and how.

A plan is asked to keep a required distance over the whole horizon. One that does not may still
drive while it is free for longer than the robot needs to stop: the next cycles have time to find
another. Else the robot brakes, unless braking itself would touch something that moves, and a plan
keeps farther away from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel import Kernel, StageData
from mme_ilqr_ros.control.modes import Modes
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.circles import clearance
from mme_ilqr_ros.models import ControlLimits

Array = NDArray[np.float64]

ESCAPE = 1e-3  # [m] a robot already too close may come this much closer while it leaves
SLOWLY = 0.2  # share of the top speed up to which the robot may always speed up
AHEAD = 2  # times as long as it takes to stop, within which a mode that speeds up touches nothing
REACTION_TIME = 1.0  # [s] beyond the time to stop for which the chosen mode must be free
EVASION_GAIN = 0.02  # [m] that a plan must keep farther away than braking does, to drive instead
COUNT = 7  # values of every control that an evasion tries
STANDING = 0.02  # [m/s] below it the robot stands; it may turn
ROUNDING = 1e-9  # [m/s], [rad/s]
STAYING = 0.3  # [m] between the ends of a plan that leads nowhere


class Safety:
    """Judges the plans of one robot by their distances to obstacles.

    Args:
        kernel: Measures distances and rolls out braking.
        kept: Controls that braking leaves as they are (a steering angle).
        turning: Controls that braking lets fall with the speed (a turning rate).
    """

    def __init__(self, kernel: Kernel, kept: Sequence[int], turning: Sequence[int] = ()) -> None:
        self._kernel = kernel
        self._kept, self._turning = list(kept), list(turning)

    def may_drive(self, modes: Modes, held: Array, data: StageData, required: float) -> bool:
        """Return True when the chosen mode touches nothing before the robot could have stopped.

        Args:
            modes: Modes of this cycle.
            held: Controls that hold now [nu].
            data: What the modes share.
            required: Distance to obstacles that a mode must keep [m].
        """
        return self._is_free(modes, self._stages_to_stop(held, data), data, required)

    def may_speed_up(self, modes: Modes, held: Array, data: StageData, required: float) -> bool:
        """Return True when it touches nothing for AHEAD times as long; see `may_drive`."""
        return self._is_free(modes, AHEAD * self._stages_to_stop(held, data), data, required)

    def _is_free(self, modes: Modes, stages: int, data: StageData, required: float) -> bool:
        if modes.feasible[modes.chosen]:
            return True
        near = modes.states[modes.chosen, : stages + 1]
        return bool(self._kernel.distances(near[None, None], [data])[0, 0] >= required)

    def evasion(
        self, modes: Modes, x0: Array, held: Array, data: StageData, radius: float
    ) -> Array | None:
        """Return the controls [nu] to drive by as braking would touch something; None to brake.

        Candidates are the plans, and controls that stay the same: a plan is a way to the goal, and
        a robot that is driven into has to get out of the way first.

        Args:
            modes: Modes of this cycle, of which the chosen one may not drive.
            x0: State [nx].
            held: Controls that hold now [nu].
            data: What the modes share.
            radius: Of the robot's discs [m].
        """
        lower, upper, _ = data.limits.as_arrays()
        axes = [np.linspace(*ends, COUNT) for ends in zip(lower, upper, strict=True)]
        constant = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, len(held))
        wanted = np.concatenate([self.brake(held, data.limits, data.dt)[None], constant])
        U = np.repeat(wanted[:, None], modes.controls.shape[1], axis=1)
        near = self._stages_to_stop(held, data) + 1
        for t in range(1, U.shape[1]):
            U[0, t] = self.brake(U[0, t - 1], data.limits, data.dt) if t < near else U[0, t - 1]
        rolled = self._kernel.optimise(x0[None], U[None], [data], iterations=0).X[0]
        tried = np.concatenate([rolled, modes.states])[None, :, :near]
        distances = self._kernel.distances(tried, [data])[0]
        best = 1 + int(np.argmax(distances[1:]))
        if distances[0] >= radius or distances[best] <= distances[0] + EVASION_GAIN:
            return None
        return np.concatenate([wanted, modes.controls[:, 0]])[best]

    def brake(self, held: Array, limits: ControlLimits, period: float) -> Array:
        """Return the next controls [nu] on the way to rest, on the curve that holds."""
        return brake(held, limits, period, self._kept, self._turning)

    def slowed(self, command: Array, held: Array, limits: ControlLimits) -> Array:
        """Return the controls [nu] for a plan that soon touches something: no faster than now.

        The whole command is scaled, so that the robot stays on the plan's curve. At rest it may
        start slowly: further on there may be another way.
        """
        lower, upper, _ = limits.as_arrays()
        speeds = [i for i in range(len(command)) if i not in self._kept + self._turning]
        slow = SLOWLY * np.maximum(upper, -lower)
        most = np.maximum(np.abs(held), slow)[speeds]
        share = float((most / np.maximum(np.abs(command[speeds]), most)).min(initial=1.0))
        scaled = share * command
        scaled[self._kept] = command[self._kept]
        return scaled

    def _stages_to_stop(self, held: Array, data: StageData) -> int:
        stopping = stop_time(held, data.limits, self._kept)
        return int(np.ceil((stopping + REACTION_TIME) / data.dt))


def distance_here(centres: Array, situation: Situation) -> float:
    """Return the distance of the nearest of the robot's discs' centres [K, 2] to obstacles [m]."""
    here, walls = float(clearance(centres, situation.circles).min()), situation.walls
    if walls is not None:
        here = min(here, float(walls.value(centres).min()))
    return here


def brake(
    controls: Sequence[float] | Array,
    limits: ControlLimits,
    period: float,
    kept: Sequence[int] = (),
    turning: Sequence[int] = (),
) -> Array:
    """Return the next controls [nu] on the way to rest, as fast as the limits allow.

    A robot that turns stays on its curve: the turn falls with the speed. Where its limit does not
    let it fall that fast, the curve becomes tighter and the robot goes on turning where it stands.

    Args:
        controls: Controls that hold now [nu]; one that is not finite counts as zero.
        limits: Their rates of change are used.
        period: Time until the command after this one [s].
        kept: Indices of controls to leave as they are (a steering angle).
        turning: Indices of controls that fall with the others (a turning rate).
    """
    now = np.where(np.isfinite(controls), controls, 0.0)
    rest = np.zeros_like(now)
    rest[list(kept)] = now[list(kept)]
    if turning:
        times = stop_times(now, np.array(limits.rate), [*kept, *turning])
        longest = float(times.max())
        left = max(0.0, 1.0 - period / longest) if longest > 0.0 else 0.0
        rest[list(turning)] = left * now[list(turning)]
    after = limits.clip(rest, now, period)
    return np.where(np.abs(after - rest) < ROUNDING, rest, after)  # the last command is zero


def stop_times(controls: Array, rates: Array, kept: Sequence[int] = ()) -> Array:
    """Return how long each of some controls [..., nu] takes to fall to zero [s]; zero if kept."""
    times: Array = np.abs(controls) / rates
    times[..., list(kept)] = 0.0
    return times


def stop_time(
    controls: Sequence[float] | Array, limits: ControlLimits, kept: Sequence[int] = ()
) -> float:
    """Return the time that braking takes [s]."""
    times = stop_times(np.asarray(controls, float), np.array(limits.rate), kept)
    return float(times.max(initial=0.0))


def waits(modes: Modes, command: Array) -> bool:
    """Return True when the robot stands, and its plan leads nowhere or through something."""
    states = modes.states[modes.chosen]
    leads_on = math.dist(states[0, :2], states[-1, :2]) > STAYING and modes.feasible[modes.chosen]
    return bool(abs(command[0]) < STANDING) and not leads_on


def grown(circles: Array, seconds: float) -> Array:
    """Return circles [M, 5] larger by what they drive in some time [s].

    Nobody knows how long a circle keeps its velocity.
    """
    wider = circles.copy()
    wider[:, 2] += seconds * np.hypot(circles[:, 3], circles[:, 4])
    return wider
