"""A contact sheet: many worlds in one picture, each with its start, its goal and what moves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from mme_ilqr_ros.reporting.scene import Scene, View
from mme_ilqr_ros.reporting.world_axes import COMMAND, ROBOT, WALL, draw_circles, draw_scene
from mme_ilqr_ros.simulation.scenario import Scenario

COLUMNS = 10
SIDE = 1.9  # [in] of each world
RIM = 0.8  # [m] shown round everything that stands
SHOWN = 20.0  # [s] of the motion of discs


def draw_worlds(scenarios: Sequence[Scenario], path: str | Path) -> None:
    """Write a picture of all worlds as PNG."""
    rows = -(-len(scenarios) // COLUMNS)
    figure = Figure(figsize=(COLUMNS * SIDE, rows * SIDE), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    for axes in (grid := figure.subplots(rows, COLUMNS, squeeze=False)).flat:
        axes.set_axis_off()
    for axes, scenario in zip(grid.flat, scenarios, strict=False):
        _draw_world(axes, scenario)
    figure.savefig(path)


def _draw_world(axes: Axes, scenario: Scenario) -> None:
    scene = Scene.of(scenario, "")
    draw_scene(axes, scene, _view(scenario))
    draw_circles(axes, scenario.world().circles_at(0.0))
    start, radius = scenario.start, scenario.robot.radius
    axes.add_patch(Polygon(scene.outline(start), fc=ROBOT, zorder=7))
    nose = 2.0 * radius * np.array([np.cos(start.yaw), np.sin(start.yaw)])
    axes.plot([start.x, start.x + nose[0]], [start.y, start.y + nose[1]], color=COMMAND, lw=1)
    for wall in scenario.boxes:  # thin ones vanish between the pixels of the map
        axes.plot(*wall.corners[[0, 1, 2, 3, 0]].T, color=WALL, lw=0.8)
    for disc in scenario.discs:
        way = np.array([disc.at(age)[:2] for age in np.linspace(0.0, SHOWN, 100)])
        axes.plot(*way.T, color=COMMAND, lw=0.6, ls=":")
    for line in axes.lines:  # marks made for a large picture
        line.set_markersize(4)
    axes.set_title(scenario.name, fontsize=6, pad=2)


def _view(scenario: Scenario) -> View:
    """Return the square round start, goal and what stands."""
    circles = scenario.circles
    ends = [[scenario.start.x, scenario.start.y], [scenario.goal.x, scenario.goal.y]]
    reach = circles[:, 2:3]
    points = [np.array(ends), circles[:, :2] - reach, circles[:, :2] + reach]
    view = View.around(np.vstack([*points, *(box.corners for box in scenario.boxes)])).grown(RIM)
    return view.at_least(np.full(2, view.size.max()))
