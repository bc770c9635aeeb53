"""How long the stages of a scan take."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable
from types import TracebackType

import numpy as np

KEPT = 1000  # newest times of a stage


class Stages:
    """Durations by stage.

    Attributes:
        clock: What tells the time [s].
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Start without any."""
        self.clock = clock
        self._times: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=KEPT))

    def time(self, stage: str) -> Stage:
        """Measure what is done in a `with` block."""
        return Stage(self.clock, self._times[stage])

    def clear(self) -> None:
        """Forget what was measured."""
        self._times.clear()

    def milliseconds(self) -> dict[str, tuple[float, float]]:
        """Return the median and the 95th percentile of each stage [ms]."""
        return {
            stage: (float(np.median(times)), float(np.quantile(times, 0.95)))
            for stage, times in self._times.items()
            if times
        }


class Stage:
    """One measurement."""

    def __init__(self, clock: Callable[[], float], times: deque[float]) -> None:
        """Add to `times` in ms."""
        self._clock, self._times = clock, times

    def __enter__(self) -> None:
        self._begin = self._clock()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._times.append(1e3 * (self._clock() - self._begin))
