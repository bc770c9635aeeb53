"""How many modes there is time for.

Modes are optimised in groups, one after the other, until the time of the cycle is up. Where that
happens again and again, the last groups get less than the first: fewer modes that are optimised
fully are better than many that are not. They come back when there has been time for a while.
"""

from __future__ import annotations

LATE_CYCLES = 3  # in a row, until a group is given up
SPARE_CYCLES = 20  # in a row, until one comes back
SPARE_SHARE = 0.7  # of the allowed time that the larger number of groups may be expected to take


class ModeBudget:
    """Counts late cycles and those with time to spare, and gives the number of modes.

    Args:
        group: Modes that are optimised side by side and cost as much as one of them.
    """

    def __init__(self, group: int) -> None:
        self._group = group
        self.reset()

    def reset(self) -> None:
        """Allow all modes again."""
        self._given_up = self._late = self._spare = 0

    def modes(self, wanted: int) -> int:
        """Return how many of the wanted modes to optimise: whole groups less, never none."""
        groups = -(-wanted // self._group)
        self._given_up = min(self._given_up, groups - 1)
        return wanted if self._given_up == 0 else (groups - self._given_up) * self._group

    def note(self, used: float, allowed: float, optimised: int) -> None:
        """Take what a cycle needed.

        Args:
            used: Time that it took [s].
            allowed: Time after which no iteration started [s]; inf for no limit.
            optimised: Number of modes that it optimised.
        """
        groups = -(-optimised // self._group)
        is_late = used >= allowed
        has_spare = used * (groups + 1) / groups < SPARE_SHARE * allowed
        self._late = self._late + 1 if is_late else 0
        self._spare = self._spare + 1 if has_spare and self._given_up else 0
        if self._late == LATE_CYCLES:
            self._given_up, self._late = self._given_up + 1, 0
        if self._spare == SPARE_CYCLES:
            self._given_up, self._spare = self._given_up - 1, 0
