"""A controller that was suspended asks before it drives on: its goal may have ended meanwhile.

A process that is stopped, or starved of the processor, hears nothing. What was sent to it may come
only seconds after it runs again, as the middleware drops what nobody takes and sends it again at
its own pace. So what the controller knows of its goal is in doubt until the planner confirms it.
"""

from __future__ import annotations

import math
import time

from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.goal_keeper import GoalKeeper

LONGEST_PAUSE = 1.0  # s between two cycles, after which the news may not have come
WAKING = 1.0  # s in which the news of simulated time comes


class Suspension:
    """Watches the time between control cycles."""

    def __init__(self, goal: GoalKeeper, warnings: ThrottledWarnings) -> None:
        """Start before the first cycle.

        Args:
            goal: Put in doubt by a suspension.
            warnings: Says so.
        """
        self._goal, self._warnings = goal, warnings
        self._last: tuple[float, float] | None = None  # time of a steady clock and of ROS [s]
        self._woke = -math.inf  # steady time of the end of a long pause

    def expect(self) -> None:
        """Take the pause up to the next cycle for the node's own doing, such as compiling."""
        self._last = None

    def look(self, now: float) -> None:
        """Note a cycle at ROS time `now` [s]; after a long pause, put the goal in doubt.

        ROS time must have gone on too, at once or when the news of it comes: a simulation that is
        paused suspends nobody. A clock that jumps while the cycles go on is no pause.
        """
        steady, last = time.monotonic(), self._last
        self._last = steady, now
        if last is None:
            return
        if steady - last[0] > LONGEST_PAUSE:
            self._woke = steady
        pause = now - last[1]
        if steady - self._woke > WAKING or pause <= LONGEST_PAUSE:
            return
        self._woke = -math.inf
        if self._goal.doubt(f"the controller slept for {pause:.1f} s"):
            self._warnings.warn("sleep", f"no control cycle for {pause:.1f} s; {self._goal.words}")
