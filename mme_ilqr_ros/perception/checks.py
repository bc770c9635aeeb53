"""Whether a scan can be believed; what cannot be is told in one line and changes nothing."""

from __future__ import annotations

import math

import numpy as np

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.perception.scan import PointScan, Scan
from mme_ilqr_ros.perception.settings import PerceptionSettings

WENT_BACK = 5.0  # [s] a clock that went back further begins anew
BLINDED = 10  # hits that cannot all be gone in the next scan
SURELY = 0.8  # of the range: what was seen within it is not gone by driving a little


class ScanCheck:
    """Looks at scans before they are used."""

    def __init__(self, settings: PerceptionSettings) -> None:
        """Start without a scan."""
        self._settings = settings
        self._stamps: dict[Pose, float] = {}
        self._hits: dict[Pose, int] = {}

    def look_at(self, scan: Scan | PointScan, history: PoseHistory) -> tuple[str, str]:
        """Return why a scan cannot be used, and a warning of one that can; empty: nothing."""
        fault = (
            self._shape_fault(scan) if isinstance(scan, Scan) else self._points_fault(scan)
        ) or self._time_fault(scan, history)
        if fault:
            return fault, ""
        if isinstance(scan, Scan) and (fault := self._blind_fault(scan)):
            return fault, ""
        self._stamps[scan.mount] = scan.stamp
        return "", ""

    def _points_fault(self, scan: PointScan) -> str:
        shape = np.shape(scan.points)
        if len(shape) != 2 or shape[1] != 2:
            return f"scan: points of shape {shape}: must be [N, 2]; not used"
        if not np.isfinite(scan.points).all(axis=1).any():
            return f"scan: no point of {len(scan.points)} is finite; not used"
        return ""

    def _shape_fault(self, scan: Scan) -> str:
        ranges = scan.ranges
        if ranges.ndim != 1 or len(ranges) == 0:
            return "scan: no rays; not used. Look at the scanner's driver"
        numbers = (scan.angle_min, scan.angle_increment, scan.stamp, scan.time_increment)
        if not all(map(math.isfinite, (*numbers, scan.range_min, scan.range_max))):
            return "scan: angles, times or limits are not finite; not used"
        if scan.angle_increment == 0.0 or scan.time_increment < 0.0:
            return "scan: angle_increment is 0 or time_increment below 0; not used"
        turn = abs(scan.angle_increment) * (len(ranges) - 1)
        if turn > 2.0 * math.pi + 1.5 * abs(scan.angle_increment):
            return (
                f"scan: {len(ranges)} rays of {abs(scan.angle_increment):.5f} rad cover"
                f" {turn:.2f} rad, more than a turn; not used"
            )
        if not (ranges >= scan.range_min).any():
            return f"scan: no ray of {len(ranges)} says anything (NaN or too near); not used"
        return ""

    def _time_fault(self, scan: Scan | PointScan, history: PoseHistory) -> str:
        end = scan.stamp
        if isinstance(scan, Scan):
            end += scan.time_increment * (len(scan.ranges) - 1)
        last = self._stamps.get(scan.mount, -math.inf)
        if last - WENT_BACK < scan.stamp <= last:
            return f"scan: stamp {scan.stamp:.3f} s is not newer than {last:.3f} s; not used"
        for stamp in (scan.stamp, end):
            if not history.covers(stamp):
                if math.isinf(history.newest):
                    return "scan: no odometry yet; not used"
                off = stamp - history.newest
                side = f"{off:.2f} s ahead of" if off > 0.0 else f"{-off:.2f} s behind"
                return f"scan: is {side} the newest odometry; not used. Compare their clocks"
        return ""

    def _blind_fault(self, scan: Scan) -> str:
        """Return a text where everything was gone at once."""
        with np.errstate(invalid="ignore"):
            hit = (scan.ranges >= scan.range_min) & (scan.ranges < scan.range_max - 1e-6)
            near = int(np.count_nonzero(hit & (scan.ranges < SURELY * scan.range_max)))
        before = self._hits.get(scan.mount, 0)
        if not hit.any() and before >= BLINDED:
            return f"scan: nothing in range where {before} rays hit something before; not used"
        self._hits[scan.mount] = near
        return ""
