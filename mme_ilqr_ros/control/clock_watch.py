"""Whether a clock that others set, such as the simulated one, still runs."""

from __future__ import annotations

PATIENCE = 0.22  # [s] in which the clock must have gone on


class ClockWatch:
    """Looks at a clock again and again.

    Attributes:
        fault: Why its time cannot be used; empty where it can.
    """

    def __init__(self) -> None:
        """Start before the first look."""
        self.fault = ""
        self._time = 0.0
        self._moved = 0.0  # steady time at which it did

    def look(self, steady: float, time: float) -> bool:
        """Look at the clock; return whether it was set back since the last look.

        Args:
            steady: Time of a steady clock [s].
            time: Time of the clock [s]; 0 before it is set.
        """
        jumped = time < self._time
        if time != self._time:
            self._time, self._moved = time, steady
        if time == 0.0:
            self.fault = "no time on /clock yet"
        elif steady - self._moved > PATIENCE:
            self.fault = "/clock stands still"
        else:
            self.fault = ""
        return jumped
