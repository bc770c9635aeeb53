"""How long the stages of a scan take."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

KEPT = 1000  # newest times of a stage


class Stages:
    """Durations by stage."""

    def __init__(self) -> None:
        """Start without any."""
        self._times: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=KEPT))

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Measure the processor time of what is done inside."""
        begin = time.thread_time()
        yield
        self._times[stage].append(1e3 * (time.thread_time() - begin))

    def clear(self) -> None:
        """Forget what was measured."""
        self._times.clear()

    def milliseconds(self) -> dict[str, tuple[float, float]]:
        """Return the median and the 95th percentile of each stage [ms]."""
        return {
            stage: (float(np.median(times)), float(np.quantile(times, 0.95)))
            for stage, times in self._times.items()
        }
