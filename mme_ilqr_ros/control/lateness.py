"""How late the messages of a topic are by their own stamps, and until when the newest one counts.

A stamp is compared with the clock of the receiver. One from the future is of another clock: which
one shows when the lag stays the same for a second. One from the past may be of another clock too,
or late: stamps of a sensor count as late; times at which the middleware sent a message, of which
nobody promises that they are of one clock, as either.
"""

from __future__ import annotations

import math
import statistics
from collections import deque

AHEAD = 0.1  # [s] that a stamp may lie in the future
STEADY = 0.05  # [s] within which the lags of another clock stay
PATIENCE = 1.0  # [s] for which they do before it is taken to be one
LEAST = 5  # messages meanwhile
DRIFT = 1e-3  # of two clocks
PERIODS = 2.25  # usual periods of a slow topic in which a message may fail to come
SLOWEST = 0.5  # [s]; a topic slower than that is not waited for
MEMORY = 8  # intervals whose median is a usual period
REGULAR = 1.5  # times the shortest of them that the longest may take; lost messages are no period
PAUSE = 1.0  # [s] between messages that is no period
RECENT = 0.1  # [s]


class Stream:
    """The newest message of a topic, by the receiver's clock.

    Attributes:
        name: For the log.
        newest: When the newest usable message was made [s]; -inf before the first.
        lag: Of the last message, used or not [s]: when it came, less its stamp.
        period: Usual time between messages [s]: the least seen, so that a topic that becomes slow
            does not buy itself time; inf before it is known.
        recent_period: Mean time between the last ones [s]; a guess before it is known.
        offset: Lag of a message that is not late at all [s].
    """

    def __init__(self, name: str, timeout: float, *, may_lag: bool = False) -> None:
        """Start with no message.

        Args:
            name: For the log.
            timeout: Age from which the newest message is too old [s].
            may_lag: Whether another clock may lie behind as well as ahead.
        """
        self.name, self.timeout = name, timeout
        self.newest, self.lag, self.period = -math.inf, 0.0, math.inf
        self.recent_period = RECENT
        self._may_lag = may_lag
        self.offset = 0.0
        self._taken = -math.inf  # when a message was taken last
        self._odd: list[tuple[float, float]] = []  # (time, lag) of messages that another clock made
        self._stamp = -math.inf
        self._intervals: deque[float] = deque(maxlen=MEMORY)

    def forget(self) -> None:
        """Start again with no message, as after a jump of the receiver's clock."""
        self.newest = self._taken = self._stamp = -math.inf
        self._odd.clear()

    @property
    def patience(self) -> float:
        """The age from which the newest message is too old [s]."""
        known = math.isfinite(self.period)
        return max(self.timeout, PERIODS * min(self.period, SLOWEST) if known else 0.0)

    def age(self, now: float) -> float:
        """Return how long ago the newest message was made [s]; inf before the first."""
        return now - self.newest

    def is_late(self, now: float) -> bool:
        """Return whether the newest message is too old, or there is none."""
        return not now - self.newest <= self.patience

    def take(self, now: float, lag: float) -> str:
        """Take a message; return why it is not used, or an empty text.

        Args:
            now: Time [s] by a clock that no correction moves.
            lag: Time from its stamp until it came [s], by the clock of the stamps.
        """
        self.lag = lag
        if not math.isfinite(lag):
            return f"{self.name}: its stamp is not finite"
        late = lag - self.offset
        if late < -AHEAD:
            if not self._is_other_clock(now, lag):
                return f"{self.name}: its stamp lies {-late:.2f} s in the future: another clock?"
            late = 0.0
        elif late > self.patience:
            is_ours = (
                self.offset < 0.0 and lag <= self.patience
            )  # not of the clock it was taken for
            if not ((self._may_lag or is_ours) and self._is_other_clock(now, lag)):
                return f"{self.name} comes {late:.2f} s after its stamp: late, or another clock?"
            late = 0.0
        else:
            self._odd.clear()
        self._follow(now, lag)
        made = now - max(late, 0.0)
        self._note_interval(now - lag)
        if made < self.newest - STEADY:
            return f"{self.name}: out of order, {self.newest - made:.2f} s older than one before"
        self.newest = max(made, self.newest)
        return ""

    def _follow(self, now: float, lag: float) -> None:
        """Let the offset follow what clocks drift, and nothing faster."""
        drift = DRIFT * min(max(now - self._taken, 0.0), PAUSE)
        self.offset = min(max(lag, self.offset - drift), self.offset + drift)
        if not self._may_lag:
            self.offset = min(self.offset, 0.0)
        self._taken = now

    def _is_other_clock(self, now: float, lag: float) -> bool:
        """Return whether lags like this one have come long enough to be those of another clock."""
        if self._odd and abs(lag - self._odd[0][1]) > STEADY:
            self._odd.clear()
        self._odd.append((now, lag))
        if now - self._odd[0][0] < PATIENCE or len(self._odd) < LEAST:
            return False
        self.offset = min(lag for _, lag in self._odd)
        if not self._may_lag:
            self.offset = min(self.offset, 0.0)
        self._odd.clear()
        self.newest = -math.inf
        return True

    def _note_interval(self, stamp: float) -> None:
        interval, self._stamp = stamp - self._stamp, max(stamp, self._stamp)
        if 0.0 < interval < PAUSE:
            self._intervals.append(interval)
        if len(self._intervals) == MEMORY:
            self.recent_period = statistics.fmean(self._intervals)
            if max(self._intervals) <= REGULAR * min(self._intervals):
                self.period = min(self.period, statistics.median(self._intervals))
            self._intervals.clear()
