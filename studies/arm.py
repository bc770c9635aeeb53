"""A planar arm of two links among discs, and its configuration space, which is a torus.

    elbow = l_1 (cos q_1, sin q_1),    tip = elbow + l_2 (cos(q_1 + q_2), sin(q_1 + q_2))

The base is at the origin. Both joints turn without limits, links pass each other (they lie in
two planes), and q_2 is measured from the first link. A link is a capsule: all points within
`radius` of its segment. So it touches a disc exactly when the disc's centre is nearer to the
segment than the disc's radius and its own together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Arm:
    """Two links on a fixed base.

    Attributes:
        lengths: Of the first and the second link [m].
        radius: Half the width of a link [m].

    Raises:
        ValueError: A length is not above 0, or the radius is below 0.
    """

    lengths: tuple[float, float] = (0.5, 0.45)
    radius: float = 0.02

    def __post_init__(self) -> None:
        if not min(self.lengths) > 0.0 or not self.radius >= 0.0:
            raise ValueError(f"arm: lengths {self.lengths} must be above 0, radius not below 0")

    @property
    def reach(self) -> float:
        """How far from the base any point of the arm can be [m]."""
        return sum(self.lengths) + self.radius

    def points(self, angles: ArrayLike) -> FloatArray:
        """Return base, elbow and tip [..., 3, 2] for joint angles [..., 2] in rad."""
        headings = np.cumsum(np.asarray(angles, dtype=float), axis=-1)
        links = np.stack([np.cos(headings), np.sin(headings)], axis=-1)
        elbow_and_tip = np.cumsum(links * np.array(self.lengths)[:, None], axis=-2)
        return np.concatenate([np.zeros_like(elbow_and_tip[..., :1, :]), elbow_and_tip], axis=-2)

    def clearance(self, angles: ArrayLike, discs: ArrayLike) -> FloatArray:
        """Return the gap [...] in m to the nearest disc, negative in collision, inf without discs.

        Args:
            angles: [..., 2] joint angles in rad.
            discs: [M, 3] rows x, y, radius in m, in the frame of the base.
        """
        discs = np.asarray(discs, dtype=float).reshape(-1, 3)
        corners = self.points(angles)
        gaps = np.full(corners.shape[:-2], np.inf)
        for k in (0, 1):
            ends = corners[..., k, None, :], corners[..., k + 1, None, :]
            distance = distance_to_segment(discs[:, :2], *ends)
            gap = distance - discs[:, 2] - self.radius
            gaps = np.minimum(gaps, gap.min(axis=-1, initial=np.inf))
        return gaps

    def configuration_space(self, discs: ArrayLike, n: int) -> NDArray[np.bool_]:
        """Return bool [n, n], True where the arm touches a disc; see `grid_angles`."""
        return self.clearance(grid_angles(n), discs) < 0.0


def grid_angles(n: int) -> FloatArray:
    """Return the joint angles [n, n, 2] of the cells of a torus: row i is q_1 = 2 pi i / n."""
    cells = np.stack(np.indices((n, n)), axis=-1)
    return cells * (2.0 * math.pi / n)


def distance_to_segment(points: ArrayLike, start: ArrayLike, end: ArrayLike) -> FloatArray:
    """Return the distance [...] of points [..., 2] to the segment from start to end [..., 2]."""
    along = np.asarray(end, dtype=float) - start
    offset = np.asarray(points, dtype=float) - start
    fraction = (offset * along).sum(axis=-1) / (along * along).sum(axis=-1)
    nearest = np.clip(fraction, 0.0, 1.0)[..., None] * along
    return np.linalg.norm(offset - nearest, axis=-1)
