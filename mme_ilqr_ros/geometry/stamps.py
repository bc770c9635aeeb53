"""Whether the stamp of a message can be believed: late, out of order, of the future, another clock.

A stamp says when something was measured, its arrival only when somebody heard of it. So stamps
decide, and each message that is not used has one line that says why.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

AHEAD = 0.25  # [s] that a stamp may lie ahead: clocks differ, and /clock ticks
OTHER_CLOCK = 10.0  # [s] off by which it is not delay, but another clock
ONE_CLOCK = "set use_sim_time alike in all nodes, and let chrony keep the computers' clocks"


@dataclass(frozen=True)
class Judged:
    """What is held of a message.

    Attributes:
        lag: How old it was when it came [s]; 0 without a stamp.
        fault: Why it is not used; empty where it is.
    """

    lag: float
    fault: str = ""


class Stamps:
    """The stamps of one stream of messages, against the clock of who reads it."""

    def __init__(self) -> None:
        """Begin without a message."""
        self._newest = -math.inf

    def judge(self, stamp: float, now: float, timeout: float) -> Judged:
        """Return what to hold of a message that comes now.

        A stamp of 0 means that it has none, and counts as now.

        Args:
            stamp: Of the message [s].
            now: Time on the reader's clock [s].
            timeout: Age from which messages of this stream are of no use [s].
        """
        if stamp == 0.0:
            return Judged(0.0)
        age = now - stamp
        if not age >= -AHEAD:  # NaN neither
            return Judged(0.0, _off(age, now))
        if age > timeout:
            return Judged(age, _off(age, now, timeout))
        # A newest stamp that has become old itself says nothing: time may have begun anew.
        if stamp <= self._newest and -AHEAD <= now - self._newest <= timeout:
            behind = self._newest - stamp
            fault = "its stamp is the same again"
            if behind > 0.0:
                fault = f"its stamp is {behind:.3f} s before that of the one before"
            return Judged(max(age, 0.0), fault)
        self._newest = stamp
        return Judged(max(age, 0.0))


def _off(age: float, now: float, timeout: float = 0.0) -> str:
    """Return what is wrong with a stamp that is off by an age [s], negative where it is ahead."""
    if now <= 0.0:
        return "this node's clock stands at 0: with use_sim_time, somebody must publish /clock"
    if not abs(age) < OTHER_CLOCK:
        where = f"{age:.0f} s old" if age > 0.0 else f"{-age:.0f} s in the future"
        return f"its stamp is {where}, of another clock: {ONE_CLOCK}"
    if age > 0.0:
        return f"its stamp is {age:.2f} s old (at most {timeout:g} s): {ONE_CLOCK}"
    return f"its stamp is {-age:.2f} s in the future (at most {AHEAD:g} s): {ONE_CLOCK}"
