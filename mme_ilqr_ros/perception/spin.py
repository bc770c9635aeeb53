"""Whether a scanner turns as fast as it says: if not, what it sees is skewed in turns."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

import numpy as np

from mme_ilqr_ros.perception.scan import Scan

TURNS = 10  # that are looked at
SLOWER, SKIPPED = 1.15, 1.85  # times as slow; from the latter on turns may have been left out


class Spin:
    """The time of a turn, by when turns begin and by what the scanner says."""

    def __init__(self) -> None:
        """Start without a turn."""
        self._periods: deque[float] = deque(maxlen=TURNS)
        self._last: float | None = None

    def corrected(self, scan: Scan) -> tuple[Scan, str]:
        """Return a scan with the times at which its rays were measured, and what had to be mended.

        A turn that takes longer than is said, but not twice as long, as if every other one had been
        left out, is taken to be that slow.
        """
        if self._last is not None:
            self._periods.append(scan.stamp - self._last)
        self._last = scan.stamp
        if scan.time_increment <= 0.0 or scan.angle_increment == 0.0 or len(self._periods) < TURNS:
            return scan, ""
        said = scan.time_increment * 2.0 * math.pi / abs(scan.angle_increment)
        turn = float(np.quantile(self._periods, 0.25))  # some turns may have been left out
        if not SLOWER < turn / said < SKIPPED:
            return scan, ""
        note = f"a turn takes {turn:.3f} s, not {said:.3f} s as its time_increment says; mended"
        return replace(scan, time_increment=scan.time_increment * turn / said), note
