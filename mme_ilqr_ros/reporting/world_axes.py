"""Draws a scene into matplotlib axes: map, circles, start, goal. Shared by picture and animation.

Colours are those of Okabe and Ito, told apart with any kind of colour vision; greys are obstacles.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.reporting.scene import Scene, View

INK = "#222222"
WALL = "#555555"
UNKNOWN = "#e4e4e4"
OBSTACLE = "#b9b9b9"
OBSTACLE_EDGE = "#707070"
PLAN = "#707070"
COMMAND = "#0072B2"
CHOSEN = "#D55E00"
CANDIDATE = "#E69F00"
GOAL = "#009E73"
ROBOT = "#56B4E9"
SEEN = "#B0407F"
EXPERT, LEARNED, BASELINES = INK, CHOSEN, ("#CC79A7", "#56B4E9", "#F0E442")  # plans of several
ARROW = 0.5  # [s] of driving that the arrow of something that moves shows


def draw_scene(axes: Axes, scene: Scene, view: View) -> None:
    """Draw the map, the start and the goal, and show just the view, with equal scales."""
    (left, bottom), (right, top) = view.low, view.high
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.set_aspect("equal")
    axes.tick_params(labelsize=8, color=WALL, labelcolor=INK)
    for side in axes.spines.values():
        side.set_color(WALL)
    if scene.grid is not None:
        draw_grid(axes, scene.grid)
    goal, start = scene.goal, scene.start
    axes.add_patch(
        Circle((goal.x, goal.y), scene.goal_tolerance, fc=GOAL, ec=GOAL, alpha=0.25, zorder=2)
    )
    mark: dict[str, Any] = {"linestyle": "none", "mec": "white", "mew": 0.8, "zorder": 8}
    axes.plot(start.x, start.y, marker="o", ms=6, color=INK, label="start", **mark)
    axes.plot(goal.x, goal.y, marker="*", ms=13, color=GOAL, label="goal", **mark)


def draw_grid(axes: Axes, grid: GridMap) -> None:
    """Draw a map's occupied and unknown cells at its origin with its yaw."""
    image = np.zeros((*grid.shape, 4))
    if grid.unknown is not None:
        image[grid.unknown] = to_rgba(UNKNOWN)
    image[grid.occupied] = to_rgba(WALL)
    place = Affine2D().rotate(grid.origin.yaw).translate(grid.origin.x, grid.origin.y)
    extent = (0.0, grid.width * grid.resolution, 0.0, grid.height * grid.resolution)
    limits = axes.get_xlim(), axes.get_ylim()
    axes.imshow(
        image,
        origin="lower",
        extent=extent,
        interpolation="nearest",
        transform=place + axes.transData,
        zorder=0,
    )
    axes.set(xlim=limits[0], ylim=limits[1])


def draw_circles(
    axes: Axes, circles: NDArray[np.float64], opacity: float = 1.0, fill: bool = True
) -> None:
    """Draw circles [M, 5] as discs, or their outlines."""
    style = {"fc": OBSTACLE, "ec": OBSTACLE_EDGE, "lw": 0.9, "alpha": opacity, "zorder": 1}
    for x, y, radius in circles[:, :3]:
        axes.add_patch(Circle((x, y), radius, fill=fill, **style))
