"""A contact sheet: many worlds in one picture, each with its start, its goal and what moves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from mme_ilqr_ros.reporting.scene import Scene, View
from mme_ilqr_ros.reporting.world_axes import COMMAND, ROBOT, draw_circles, draw_scene
from mme_ilqr_ros.simulation.scenario import Scenario

COLUMNS = 10
CELL = 1.7  # [in] of each world
SHOWN = 20.0  # [s] of the motion of discs


def draw_worlds(scenarios: Sequence[Scenario], path: str | Path) -> None:
    """Write a picture of all worlds as PNG."""
    rows = -(-len(scenarios) // COLUMNS)
    figure = Figure(figsize=(COLUMNS * CELL, rows * CELL), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    for axes in (grid := figure.subplots(rows, COLUMNS, squeeze=False)).flat:
        axes.set_axis_off()
    for axes, scenario in zip(grid.flat, scenarios, strict=False):
        _draw_world(axes, scenario)
    figure.savefig(path)


def _draw_world(axes: Axes, scenario: Scenario) -> None:
    size = np.array([scenario.grid.width, scenario.grid.height]) * scenario.grid.resolution
    low = np.array([scenario.grid.origin.x, scenario.grid.origin.y])
    draw_scene(axes, Scene.of(scenario, ""), View(low, low + size))
    draw_circles(axes, scenario.world().circles_at(0.0))
    start, radius = scenario.start, scenario.robot.radius
    axes.add_patch(Circle((start.x, start.y), radius, fc=ROBOT, zorder=7))
    nose = 2.0 * radius * np.array([np.cos(start.yaw), np.sin(start.yaw)])
    axes.plot([start.x, start.x + nose[0]], [start.y, start.y + nose[1]], color=COMMAND, lw=1)
    for disc in scenario.discs:
        line = np.array([disc.at(age)[:2] for age in np.linspace(0.0, SHOWN, 100)])
        axes.plot(*line.T, color=COMMAND, lw=0.6, ls=":")
    for line in axes.lines:  # marks made for a large picture
        line.set_markersize(4)
    axes.set_title(scenario.name, fontsize=6, pad=2)
