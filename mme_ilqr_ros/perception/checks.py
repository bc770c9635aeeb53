"""Whether a scan can be believed; what cannot be is told in one line and changes nothing."""

from __future__ import annotations

import math

import numpy as np

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.perception.evidence import Evidence
from mme_ilqr_ros.perception.near import standing_near
from mme_ilqr_ros.perception.scan import PointScan, Scan

WENT_BACK = 5.0  # [s] a clock that went back further begins anew
BLINDED = 10  # occupied cells that cannot all be gone
SURELY = 0.8  # of the range, within which a scanner sees what stands
LOOKED_AT = 5.0  # [m] at most


class ScanCheck:
    """Looks at scans before they are used."""

    def __init__(self) -> None:
        """Start without a scan."""
        self._stamps: dict[Pose, float] = {}

    def went_back(self, scan: Scan | PointScan) -> bool:
        """Return True for a scan from so long before the last one that the clock began anew."""
        return scan.stamp < self._stamps.get(scan.mount, -math.inf) - WENT_BACK

    def look_at(self, scan: Scan | PointScan, history: PoseHistory) -> str:
        """Return why a scan cannot be used, or nothing."""
        fault = self._fan_fault(scan) if isinstance(scan, Scan) else self._points_fault(scan)
        return fault or self._time_fault(scan, history)

    def accept(self, scan: Scan | PointScan) -> None:
        """Note that a scan is used; later ones must be newer."""
        self._stamps[scan.mount] = scan.stamp

    def _points_fault(self, scan: PointScan) -> str:
        shape = np.shape(scan.points)
        if len(shape) != 2 or shape[1] != 2:
            return f"scan: points of shape {shape}: must be [N, 2]; not used"
        if not np.isfinite(scan.points).all(axis=1).any():
            return f"scan: no point of {len(scan.points)} is finite; not used"
        return ""

    def _fan_fault(self, scan: Scan) -> str:
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
        last = self._stamps.get(scan.mount, -math.inf)
        if scan.stamp <= last:
            return f"scan: stamp {scan.stamp:.3f} s is not newer than {last:.3f} s; not used"
        for stamp in (scan.stamp, scan.end):
            if not history.covers(stamp):
                if math.isinf(history.newest):
                    return "scan: no odometry yet; not used"
                off = stamp - history.newest
                side = f"{off:.2f} s ahead of" if off > 0.0 else f"{-off:.2f} s behind"
                return f"scan: is {side} the newest odometry; not used. Compare their clocks"
        for jump in history.jumps_since(scan.stamp):
            if jump.before < scan.end:
                return f"scan: odometry jumped by {jump.distance:.2f} m meanwhile; not used"
        return ""


def sees_something(scan: Scan) -> bool:
    """Return True for a scan with a hit."""
    with np.errstate(invalid="ignore"):
        return bool(((scan.ranges >= scan.range_min) & (scan.ranges < scan.range_max - 1e-6)).any())


def blind_fault(scan: Scan, pose: Pose, evidence: Evidence, settled: float) -> str:
    """Return a text about a scan without a hit, where what is known to stand says otherwise.

    Args:
        scan: The scan.
        pose: The scanner in the frame of the map.
        evidence: What is known.
        settled: What was hit for so long [s] stands.
    """
    reach = min(SURELY * scan.range_max, LOOKED_AT)
    sites = standing_near(evidence, np.array([pose.x, pose.y]), reach, settled)
    x, y = pose.inverse().transform(sites).T
    ray = np.mod(np.arctan2(y, x) - scan.angle_min, 2.0 * math.pi)
    if scan.angle_increment < 0.0:
        ray = 2.0 * math.pi - ray
    turn = abs(scan.angle_increment) * (len(scan.ranges) - 1)
    known = int(np.count_nonzero(ray <= turn))
    if known < BLINDED:
        return ""
    return f"scan: nothing in range, where {known} cells are known to be occupied; not used"
