"""The picture of lanes in docs/own_drives.md: plans there and back on the shipped depot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.map_file import load_map
from mme_ilqr_ros.planning.lanes import Lanes, load_lanes
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.reporting.world_axes import CHOSEN, COMMAND, GOAL, INK, draw_grid
from mme_ilqr_ros.resources import share_path

LANES = """\
lanes:
  - name: in front of the shelves
    line: [[28.0, 7.0], [13.0, 7.0]]   # driven from right to left
    width: 1.6
    rule: one_way
  - name: behind the shelves
    line: [[13.0, 1.4], [28.0, 1.4]]
    width: 2.0
    rule: keep_right
"""
ENDS = {"there": ((11.0, 6.0), (28.6, 5.0)), "back": ((28.6, 5.0), (11.0, 6.0))}
SOUTH = {"there": ((10.0, 2.0), (28.8, 2.6)), "back": ((28.8, 2.6), (10.0, 2.0))}


def draw(path: Path) -> None:
    """Write the lanes' file, and beside it the picture of plans without and with them.

    Args:
        path: Of the picture; the file is lanes.yaml in the same folder.
    """
    file = path.with_name("lanes.yaml")
    file.write_text(LANES, encoding="utf-8")
    grid, lanes = load_map(share_path("config", "maps", "depot.yaml")), load_lanes(file)
    planner = GlobalPlanner(PlannerSettings(robot_radius=0.22))
    figure = Figure(figsize=(9.0, 8.0), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, ruled in zip(figure.subplots(2, 1), (False, True), strict=True):
        _panel(axes, grid, lanes)
        directed = lanes.on(grid) if ruled else None
        for ends in (ENDS, SOUTH):
            for name, colour in (("there", COMMAND), ("back", CHOSEN)):
                result = planner.plan(grid, *ends[name], directed=directed)
                assert result.path is not None, result.message
                points = result.path.points
                axes.plot(*points.T, color=colour, lw=1.6, label=name if ends is ENDS else None)
                axes.plot(*points[0], "o", ms=4, color=colour)
        axes.set_title("plans with the lanes" if ruled else "plans without lanes", fontsize=9)
        axes.legend(fontsize=8, loc="upper left", frameon=False)
    figure.savefig(path, dpi=100)


def _panel(axes: Axes, grid: GridMap, lanes: Lanes) -> None:
    """Draw the map, and each lane as a strip with arrows in the directions of its rule."""
    draw_grid(axes, grid)
    axes.set(xlim=(8.0, 30.3), ylim=(0.0, 9.0), xlabel="x [m]", ylabel="y [m]")
    axes.set_aspect("equal")
    axes.tick_params(labelsize=7)
    for lane in lanes.lanes:
        a, b = lane.line[0], lane.line[-1]
        along = (b - a) / np.hypot(*(b - a))
        left = np.array([-along[1], along[0]])
        half = 0.5 * lane.width * left
        axes.fill(*np.array([a + half, b + half, b - half, a - half]).T, color=GOAL, alpha=0.15)
        offset = 0.0 if lane.rule == "one_way" else 0.35 * lane.width
        ways = [(along, -offset * left)]
        ways += [] if lane.rule == "one_way" else [(-along, offset * left)]
        for way, beside in ways:
            for s in np.linspace(0.15, 0.85, 4):
                at = a + s * (b - a) + beside
                arrow = {"arrowstyle": "->", "color": INK, "lw": 1.0}
                axes.annotate("", at + 0.5 * way, at - 0.5 * way, arrowprops=arrow)
