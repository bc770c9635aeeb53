"""Which plan may drive, and when braking is better than any of them.

A plan is asked to keep a required gap over the whole horizon. One that does not may still drive
while it is free for longer than the robot needs to stop: the next cycles have time to find another.
Else the robot brakes, unless braking itself would touch something that moves, and a plan keeps
farther away from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.fallback import stop_time
from mme_ilqr_ros.control.kernel import Kernel, StageData
from mme_ilqr_ros.control.modes import Modes

Array = NDArray[np.float64]

REQUIRED_SHARE = 1.0 / 3.0  # share of the clearance margin that a predicted trajectory must keep
ESCAPE = 1e-3  # [m] a robot already too close may come this much closer while it leaves
REACTION_TIME = 1.0  # [s] beyond the time to stop for which the chosen mode must be free
EVASION_GAIN = 0.02  # [m] that a plan must keep farther away than braking does, to drive instead
STANDING = 0.02  # [m/s] below it the robot stands; it may turn
STAYING = 0.3  # [m] between the ends of a plan that leads nowhere


class Safety:
    """Judges the plans of one robot by their gaps to obstacles.

    Args:
        kernel: Measures gaps and rolls out braking.
        kept: Controls that braking leaves as they are (a steering angle).
    """

    def __init__(self, kernel: Kernel, kept: Sequence[int]) -> None:
        self._kernel = kernel
        self._kept = list(kept)

    def required_gap(self, x0: Array, data: StageData, radius: float, margin: float) -> float:
        """Return the distance of the robot's centre to obstacles that a mode must keep [m]."""
        here = float(self._kernel.smallest_gaps(x0[None, None], data)[0])
        return min(radius + REQUIRED_SHARE * margin, here - ESCAPE)

    def may_drive(self, modes: Modes, held: Array, data: StageData, required_gap: float) -> bool:
        """Return True when the chosen mode touches nothing before the robot could have stopped.

        Args:
            modes: Modes of this cycle.
            held: Controls that hold now [nu].
            data: What the modes share.
            required_gap: Gap that a mode must keep [m].
        """
        if modes.feasible[modes.chosen]:
            return True
        near = modes.states[modes.chosen, : self._stages_to_stop(held, data) + 1]
        return bool(self._kernel.smallest_gaps(near[None], data)[0] >= required_gap)

    def evasion(
        self, modes: Modes, x0: Array, held: Array, data: StageData, radius: float
    ) -> int | None:
        """Return the mode to drive because braking would touch something, or None to brake.

        Args:
            modes: Modes of this cycle, of which the chosen one may not drive.
            x0: State [nx].
            held: Controls that hold now [nu].
            data: What the modes share.
            radius: The robot's radius [m].
        """
        stages = self._stages_to_stop(held, data)
        stop = np.zeros((1, modes.controls.shape[1], len(held)))
        stop[..., self._kept] = held[self._kept]
        braking = self._kernel.optimise(x0, stop, data, iterations=0).X
        tried = np.concatenate([braking, modes.states])[:, : stages + 1]
        gaps = self._kernel.smallest_gaps(tried, data)
        best = int(np.argmax(gaps[1:]))
        if gaps[0] >= radius or gaps[1 + best] <= gaps[0] + EVASION_GAIN:
            return None
        return best

    def _stages_to_stop(self, held: Array, data: StageData) -> int:
        stopping = stop_time(held, data.limits, self._kept)
        return int(np.ceil((stopping + REACTION_TIME) / data.dt))


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
