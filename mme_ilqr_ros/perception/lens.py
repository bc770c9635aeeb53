"""Dirt on a scanner's glass: rays that see something at the lens for ever."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.perception.scan import Scan
from mme_ilqr_ros.perception.settings import PerceptionSettings

BoolArray = NDArray[np.bool_]


class Lenses:
    """Since when each ray of each scanner sees something very near."""

    def __init__(self, settings: PerceptionSettings) -> None:
        """Start with clean glass."""
        self._settings = settings
        self._since: dict[Pose, NDArray[np.float64]] = {}
        self._told: dict[Pose, int] = {}

    def look_at(self, scan: Scan) -> tuple[BoolArray, BoolArray, str]:
        """Look at the near hits of a scan.

        Returns:
            [B] True where something is at the lens; [B] True where it has been for `lens_time`, so
            that it must be dirt; and a line to warn with when that begins.
        """
        settings, ranges = self._settings, scan.ranges
        with np.errstate(invalid="ignore"):
            near = (ranges >= scan.range_min) & (ranges < settings.lens)
        since = self._since.get(scan.mount)
        if since is None or len(since) != len(ranges):
            since = np.full(len(ranges), np.inf)
        self._since[scan.mount] = since = np.where(near, np.minimum(since, scan.stamp), np.inf)
        dirt = scan.stamp - since >= settings.lens_time
        count, told = int(np.count_nonzero(dirt)), self._told.get(scan.mount, 0)
        if count == 0:
            self._told.pop(scan.mount, None)
        if count <= told:
            return near, dirt, ""
        self._told[scan.mount] = count
        message = (
            f"scan: {count} of {len(ranges)} rays saw something within {settings.lens:g} m for"
            f" {settings.lens_time:g} s: left out. Clean the glass, or set footprint or lens"
        )
        return near, dirt, message
