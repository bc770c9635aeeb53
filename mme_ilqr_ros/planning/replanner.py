"""When to plan again, and whether a new plan replaces the one in force.

Two homotopy classes are often nearly as long. A planner that starts from scratch every second would
alternate between them, and the robot with it; so a new plan for the same goal must cost less by a
margin, by the cost that the planner minimises. The same holds on a new map, where the plan in force
is measured anew and gives way at once if it is blocked.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.planning.result import PlanResult
from mme_ilqr_ros.planning.settings import ReplanSettings

SPACING = 0.05  # [m] between the points of the plan in force that are compared with the robot
_ROUNDING = 1e-6  # [s] of clocks that add up their steps


class Replanner:
    """Calls a planner when it is time and keeps the plan in force; has no clock of its own.

    Attributes:
        settings: Parameters; may be replaced at any time.
        path: The plan in force, or None.
        latest: The last result for this goal, whether it came into force or not.
    """

    def __init__(self, settings: ReplanSettings) -> None:
        """Start without a plan: the first one is due at once."""
        self.settings = settings
        self.path: Path | None = None
        self.latest: PlanResult | None = None
        self._last: float | None = None  # when the last request was due [s]; None before the first

    def restart(self) -> None:
        """Plan at once, for a new goal, and take the plan in any case."""
        self.path = self.latest = self._last = None

    def hasten(self) -> None:
        """Plan at once, on a new map; the plan in force stays unless it is blocked or beaten."""
        self._last = None

    def release(self) -> None:
        """Let the next periodic plan replace the one in force in any case."""
        self.path = None

    def is_due(self, now: float) -> bool:
        """Return True when a plan should be made at time `now` [s].

        A clock that went backwards makes one due.
        """
        if self._last is None:
            return True
        frequency, elapsed = self.settings.expected_planner_frequency, now - self._last
        return frequency > 0.0 and not 0.0 <= elapsed < 1.0 / frequency - _ROUNDING

    def update(
        self, now: float, position: ArrayLike, goal: ArrayLike, plan: Callable[[], PlanResult]
    ) -> PlanResult | None:
        """Plan if it is time; return the result if it replaces the plan in force.

        The first result after `restart` is always returned, also one without a path, and so is
        one without a path after `hasten`: none leads to the goal on the new map. A later one
        without a path changes nothing: goal and map are those that the plan in force is for.

        Args:
            now: Time [s].
            position: The robot [2] in the map frame [m].
            goal: Where it has to go [2] in the map frame [m].
            plan: Makes a plan between the two.
        """
        if not self.is_due(now):
            return None
        is_first, self._last = self._last is None, self._begin(now)
        offset = np.subtract(goal, position)
        if not is_first and np.hypot(*offset) <= self.settings.replan_distance:
            return None
        self.latest = result = plan()
        if self.path is not None and not self._replaces(result, position, is_first):
            return None
        self.path = result.path
        return result

    def _begin(self, now: float) -> float:
        """Return when the request made at `now` was due, so that late calls keep the frequency."""
        frequency = self.settings.expected_planner_frequency
        if self._last is None or frequency == 0.0:
            return now
        due = self._last + 1.0 / frequency
        return due if now - 1.0 / frequency < due <= now else now

    def _replaces(self, result: PlanResult, position: ArrayLike, is_new_map: bool) -> bool:
        """Return True when a result for the same goal is to replace the plan in force."""
        settings, current, new = self.settings, self.path, result.path
        if new is None or current is None:
            return new is not None or is_new_map
        s = np.append(np.arange(0.0, current.length, SPACING), current.length)
        distances = np.hypot(*(current.point_at(s) - np.asarray(position)).T)
        nearest = int(np.argmin(distances))
        if distances[nearest] > settings.plan_switch_distance:
            return True
        rest = distances[nearest] + result.cost_of(current.after(s[nearest]))
        cost = result.cost_of(new)
        return rest == np.inf or bool(cost < (1.0 - settings.plan_switch_margin) * rest)
