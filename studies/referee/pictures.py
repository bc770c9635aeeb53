"""A picture of a run in a referee's world: what stood there, what was driven, what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.reporting.world_axes import (
    CANDIDATE,
    CHOSEN,
    COMMAND,
    GOAL,
    OBSTACLE,
    OBSTACLE_EDGE,
)
from studies.referee.run import FloatArray, Run

SIZE, LEAST = 8.0, 2.5  # [in] of the longer side, and of the shorter one at the least
OUTLINES = 12  # of the robot on its way
MARGIN = 1.0  # [m]


def draw(run: Run, path: Path) -> None:
    """Write the picture: grey is the world, red what the driver takes to stand, orange to move."""
    low, high = _extent([run.track[:, :2], np.array(run.way_points), *run.shapes])
    size = SIZE * (high - low) / (high - low).max()
    figure = Figure(figsize=np.maximum(size, LEAST), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    for shape in run.shapes:
        axes.add_patch(Polygon(shape, fc=OBSTACLE, ec=OBSTACLE_EDGE, lw=0.5))
    axes.plot(*run.view.points.T, ".", color=CHOSEN, markersize=1.5)
    for x, y, radius, vx, vy in run.view.circles:
        axes.add_patch(Circle((x, y), radius, fill=False, ec=CANDIDATE))
        axes.annotate("", (x + vx, y + vy), (x, y), arrowprops={"arrowstyle": "->"})
    axes.plot(*run.track[:, :2].T, color=COMMAND, linewidth=1.2)
    _outlines(axes, run.track, run.footprint)
    axes.plot(*np.array(run.way_points).T, "*", color=GOAL, markersize=10)
    axes.set_title(run.line(), fontsize=8)
    axes.set_aspect("equal")
    figure.savefig(path, dpi=100)


def _outlines(axes: Axes, track: FloatArray, footprint: FloatArray) -> None:
    places = np.linspace(0, len(track) - 1, min(OUTLINES, len(track))).astype(int)
    for place in places:
        corners = Pose(*track[place].tolist()).transform(footprint)
        last = place == places[-1]
        axes.add_patch(
            Polygon(corners, fill=False, edgecolor=COMMAND, linewidth=1.5 if last else 0.5)
        )


def _extent(parts: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    points = np.vstack(parts)
    return points.min(axis=0) - MARGIN, points.max(axis=0) + MARGIN
