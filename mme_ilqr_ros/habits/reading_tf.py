"""Where the robot was in the map's frame, from recorded transforms, in the plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import quaternion_to_yaw

BASES = ("base_link", "base_footprint", "base", "base_stabilized")
"""Usual names of the robot's frame, the first that is there counts."""
PERIOD = 0.1  # [s] between the positions that are taken
_OLD = 10.0  # [s] after which a moving transform that does not come again is not known any more


@dataclass
class Edge:
    """The transforms from one frame to its parent as they came: stamps [s], x, y [m], yaw [rad].

    Attributes:
        is_static: It holds at all times.
        rows: (stamp, time of recording, x, y, yaw) of each.
    """

    is_static: bool = False
    rows: list[tuple[float, float, float, float, float]] = field(default_factory=list)

    def sorted(self) -> NDArray[np.float64]:
        """Return the rows [N, 5] by stamp, the last of equal ones."""
        rows = np.array(self.rows, dtype=float)
        rows = rows[np.isfinite(rows).all(axis=1)]
        order = np.argsort(rows[:, 0], kind="stable")
        rows = rows[order]
        return rows[np.append(np.diff(rows[:, 0]) > 0.0, True)] if len(rows) else rows


class Frames:
    """A tree of frames, filled with transforms as they were recorded."""

    def __init__(self) -> None:
        """Start with no transforms."""
        self.edges: dict[tuple[str, str], Edge] = {}

    def add(
        self,
        parent: str,
        child: str,
        stamp: float,
        logged: float,
        place: Sequence[float],
        is_static: bool = False,
    ) -> None:
        """Add the pose of a frame in its parent.

        Args:
            parent: Name.
            child: Name.
            stamp: Of the message [s].
            logged: When it was recorded [s].
            place: x, y [m] and the quaternion x, y, z, w.
            is_static: Whether it holds at all times.
        """
        edge = self.edges.setdefault((parent.lstrip("/"), child.lstrip("/")), Edge())
        edge.is_static |= is_static
        edge.rows.append((stamp, logged, place[0], place[1], quaternion_to_yaw(*place[2:])))

    @property
    def names(self) -> list[str]:
        """All frames."""
        return sorted({name for pair in self.edges for name in pair})

    def chain(self, frame: str, base: str) -> list[Edge] | None:
        """Return the transforms from `frame` down to `base`; None where they do not hang together.

        A frame with several parents (two localisations, or odometry beside one) is followed up
        each of them.
        """
        waiting: list[tuple[str, list[Edge], frozenset[str]]] = [(base, [], frozenset())]
        while waiting:
            name, below, seen = waiting.pop(0)
            if name == frame:
                return below
            waiting += [
                (parent, [edge, *below], seen | {name})
                for (parent, child), edge in self.edges.items()
                if child == name and parent not in seen
            ]
        return None

    def base(self, frame: str, extra: Sequence[str] = ()) -> str:
        """Return the robot's frame: the first usual name that hangs below `frame`, or empty."""
        return next((b for b in (*BASES, *extra) if self.chain(frame, b)), "")


def positions(chain: Sequence[Edge]) -> Mapping[str, NDArray[np.float64]]:
    """Return the poses along a chain as `stamp`, `logged` [s], `x`, `y` [m], `yaw` [rad], [N] each.

    The transform that comes most often gives the times. The others are interpolated between two
    that are near in time; the topmost one of several is held instead, so that a jump of the
    localisation stays a jump. Times at which one is not known are left out.
    """
    tables = [edge.sorted() for edge in chain]
    moving = [t for edge, t in zip(chain, tables, strict=True) if not edge.is_static]
    if not moving or not all(map(len, tables)):
        return {name: np.zeros(0) for name in ("stamp", "logged", "x", "y", "yaw")}
    clock = max(moving, key=len)
    keep = _thinned(clock[:, 0])
    stamp, logged = clock[keep, 0], clock[keep, 1]
    x, y, yaw = np.zeros((3, len(stamp)))
    known = np.ones(len(stamp), dtype=bool)
    for depth, (edge, rows) in enumerate(zip(chain, tables, strict=True)):
        if edge.is_static:
            dx, dy, turn = (np.full(len(stamp), rows[-1, k]) for k in (2, 3, 4))
        else:
            held = depth == 0 and len(moving) > 1
            (dx, dy, turn), fits = _at(rows, stamp, held)
            known &= fits
        x, y = x + np.cos(yaw) * dx - np.sin(yaw) * dy, y + np.sin(yaw) * dx + np.cos(yaw) * dy
        yaw = yaw + turn
    values = {"stamp": stamp, "logged": logged, "x": x, "y": y, "yaw": yaw}
    return {name: value[known] for name, value in values.items()}


def _thinned(stamps: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the first index in each period, and the last of all."""
    first = np.unique(np.rint((stamps - stamps[0]) / PERIOD), return_index=True)[1]
    return np.union1d(first, [len(stamps) - 1])


def _at(
    rows: NDArray[np.float64], stamp: NDArray[np.float64], held: bool
) -> tuple[tuple[NDArray[np.float64], ...], NDArray[np.bool_]]:
    """Return x, y, yaw of a moving transform at times [N], and where they are known."""
    times = rows[:, 0]
    before = np.searchsorted(times, stamp, side="right") - 1
    known = before >= 0
    before = np.maximum(before, 0)
    known &= stamp - times[before] <= _OLD
    if held:
        # One of the future says how long it is good for: the first one holds before its stamp.
        early = ~known & (times[0] - stamp <= _OLD) & (stamp < times[0])
        return tuple(rows[before, k] for k in (2, 3, 4)), known | early
    yaws = np.unwrap(rows[:, 4])
    values = (rows[:, 2], rows[:, 3], yaws)
    return tuple(np.interp(stamp, times, value) for value in values), known
