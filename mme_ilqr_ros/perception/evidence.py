"""What stands and what is free: evidence by cell from hits and rays, and the points that were hit.

A grid of cells alone is wrong by half a cell on both sides of a gap, and rays through the cell of
an edge would erase what stands in it. So every occupied cell keeps its site, the mean of its hit
points: distances are taken to sites, and only a ray that passes the site itself speaks against it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.perception import evidence_loops as loops
from mme_ilqr_ros.perception.points import ScanPoints
from mme_ilqr_ros.perception.settings import PerceptionSettings
from mme_ilqr_ros.perception.tiles import SHIFT, SIDE, Tiles

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
LET_GO_EVERY = 10  # scans
TELLS = 0.03  # [m] between neighbouring rays: closer, one speaks for both
MARGIN = 2  # cells of the index beyond what is seen


class Evidence:
    """Evidence in tiles, in a fixed frame.

    Times are ticks: milliseconds since the first scan, another one for every scan.

    Attributes:
        resolution: Side of a cell [m].
        tiles: The memory.
        tick: Of the newest scan.
    """

    def __init__(self, settings: PerceptionSettings) -> None:
        """Start with nothing known."""
        self.resolution = settings.resolution
        self.tiles = Tiles()
        self._settled = round(1e3 * settings.settled)
        self._fleeting = round(1e3 * settings.fleeting)
        self._law = loops.Law(
            settings.hit,
            settings.miss,
            settings.lowest,
            settings.highest,
            settings.near / self.resolution,
            0.0 if settings.match else settings.drift / self.resolution,
        )
        self._start = 0.0
        self.tick = 0
        self._scans = 0

    def tick_of(self, stamp: float) -> int:
        """Return the tick of a time [s]."""
        return round(1e3 * (stamp - self._start)) + 1

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever seen."""
        return self._scans == 0

    def distance_to(self, pose: Pose) -> float:
        """Return how far a robot is from the tiles [m]; 0 on them, or where there are none."""
        index, corner = self.tiles.cells.tile, np.array(self.tiles.corner)
        if not index.size:
            return 0.0
        cell = np.array([pose.y, pose.x]) / self.resolution - corner
        beyond = np.maximum(np.maximum(-cell, cell - SIDE * np.array(index.shape)), 0.0)
        return float(np.hypot(*beyond)) * self.resolution

    def integrate(self, points: ScanPoints, use: BoolArray, travel: float) -> None:
        """Take a scan.

        Args:
            points: Its rays.
            use: [B] hits to enter; the others only end their ray.
            travel: How far the robot has come [m].
        """
        if self.is_empty:
            self._start = points.stamp
        self._scans += 1
        self.tick = max(self.tick + 1, self.tick_of(points.stamp))
        tiles, valid = self.tiles, points.valid
        if not valid.any():
            return
        origins, ends = self._laid_out(points.origins, points.ends, valid)
        entered = points.hit & valid & use
        tiles.make_room(int(np.count_nonzero(entered)))
        cells, sites, now = tiles.cells, tiles.sites, (self.tick, float(travel), self._law)
        tiles.site_count = loops.enter_hits(
            cells, sites, tiles.site_count, tiles.corner, ends, entered, *now
        )
        begin = self._begin(len(valid), points.increment)
        loops.clear_along(cells, sites, origins, ends, points.hit, valid, begin, *now)
        if self._scans % LET_GO_EVERY == 0:
            before = self.tick - self._fleeting
            count = tiles.site_count
            loops.let_go(cells, sites, count, tiles.corner, self._settled, before)

    def _laid_out(
        self, origins: FloatArray, ends: FloatArray, valid: BoolArray
    ) -> tuple[FloatArray, FloatArray]:
        """Lay out the tiles that rays [B, 2] pass; return the rays in cells from the corner."""
        tiles = self.tiles
        low, high = loops.bounds(origins, ends, valid) / self.resolution
        low, high = np.floor(low - MARGIN), np.floor(high + MARGIN)
        tiles.cover(low[::-1].astype(np.int64), high[::-1].astype(np.int64))
        place = self.resolution, tiles.corner
        origins, ends = loops.in_cells(origins, *place), loops.in_cells(ends, *place)
        tiles.lay_out(loops.touched(tiles.cells, origins, ends, valid))
        return origins, ends

    def free_now(self, outline: FloatArray) -> None:
        """Note that the robot, with an outline [K, 2] [m], stands there at the newest scan."""
        tiles = self.tiles
        corners = loops.in_cells(outline, self.resolution, tiles.corner)
        if not loops.free_polygon(tiles.cells, tiles.sites, corners, self.tick):
            following = np.roll(outline, -1, axis=0)
            corners, _ = self._laid_out(outline, following, np.ones(len(outline), bool))
            loops.free_polygon(tiles.cells, tiles.sites, corners, self.tick)

    def _begin(self, count: int, increment: float) -> FloatArray:
        """Return [B] how far from the scanner each ray begins to speak, in cells.

        Near the scanner every second ray, every fourth and so on lie close enough to tell all.
        """
        ray = np.arange(count)
        lowest_bit = (ray & -ray).astype(np.float64)
        lowest_bit[0] = np.inf
        apart = 2.0 * lowest_bit * max(increment, 1e-4)
        return TELLS / self.resolution / apart

    def free(self, place: FloatArray, radius: float, since: float) -> None:
        """Free what was first hit at time `since` [s] or later within a disc [m]."""
        x, y = self.in_cells(np.asarray(place))
        since_tick = self.tick_of(since)
        size = radius / self.resolution
        loops.free_disc(self.tiles.cells, self.tiles.sites, float(x), float(y), size, since_tick)

    def in_cells(self, points: FloatArray) -> FloatArray:
        """Return points [..., 2] given in m as x, y in cells from the corner of the index."""
        return points / self.resolution - np.array(self.tiles.corner[::-1], dtype=np.float64)

    def rectangle(self) -> list[NDArray[np.int64]]:
        """Return the first and last cell (row, column) of the tiles; nothing without a tile."""
        rows, columns = np.nonzero(self.tiles.cells.tile >= 0)
        if not len(rows):
            return []
        corner = np.array(self.tiles.corner)
        low = np.array([rows.min(), columns.min()]) << SHIFT
        high = (np.array([rows.max(), columns.max()]) + 1) << SHIFT
        return [corner + low, corner + high - 1]

    def origin_of(self, cell: NDArray[np.int64]) -> Pose:
        """Return where the corner of a cell (row, column) lies."""
        return Pose(float(cell[1]) * self.resolution, float(cell[0]) * self.resolution, 0.0)
