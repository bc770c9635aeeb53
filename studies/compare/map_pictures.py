"""A picture of a map: the learned cost, the cost-to-go, and the paths of several planners."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.planning.planner import GlobalPlanner
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.reporting.world_axes import BASELINES, GOAL, INK, LEARNED

_DRAWN = "clearance"
_COLOURS = dict(
    zip(("dijkstra", "dijkstra + inflation", _DRAWN), (*BASELINES[:2], LEARNED), strict=True)
)


def draw_map(
    path: Path, grid: GridMap, asked: np.ndarray, planners: Mapping[str, GlobalPlanner]
) -> None:
    """Draw learned cost and cost-to-go, with the paths of the longest of the queries.

    Args:
        path: PNG to write.
        grid: The map.
        asked: [N, 2, 2] starts and goals [m].
        planners: By name; the cost of the one named clearance is drawn.
    """
    start, goal = asked[np.argmax(np.linalg.norm(asked[:, 1] - asked[:, 0], axis=-1))]
    results = {name: planners[name].plan(grid, start, goal) for name in _COLOURS}
    settings = planners[_DRAWN].settings
    radius = settings.least_distance
    terrain = Terrain.build(grid, radius, settings.allow_unknown)
    cost = planners[_DRAWN].cell_cost(terrain)
    values = results[_DRAWN].cost_to_go.values
    height, width = grid.shape
    wide = width >= height
    size = (9.5, 2 * 8.0 * height / width + 1.2) if wide else (13.0, 8.0)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, image, title in zip(
        figure.subplots(*((2, 1) if wide else (1, 2))),
        (cost, values),
        ("learned cost of a metre", "cost-to-go [m], and plans"),
        strict=True,
    ):
        finite = np.where(np.isfinite(image), image, np.nan)
        shown = axes.imshow(finite, origin="lower", cmap="viridis", interpolation="nearest")
        figure.colorbar(shown, ax=axes, fraction=0.025)
        walls = np.where(grid.occupied, 0.0, np.nan)
        axes.imshow(walls, origin="lower", cmap="gray", interpolation="nearest")
        axes.set_title(title)
        axes.set_axis_off()
    for name, result in results.items():
        if result.path is not None:
            cells = grid.origin.inverse().transform(result.path.points) / grid.resolution - 0.5
            axes.plot(*cells.T, color=_COLOURS[name], linewidth=2.0, label=name)
    for place, name, mark, colour in ((start, "start", "o", INK), (goal, "goal", "*", GOAL)):
        spot = grid.origin.inverse().transform(place) / grid.resolution - 0.5
        style = {"linestyle": "none", "markersize": 12 if mark == "*" else 7, "mec": "white"}
        axes.plot(*spot, marker=mark, color=colour, label=name, **style)
    figure.legend(loc="outside lower center", ncols=5, fontsize=9, frameon=False)
    figure.savefig(path, dpi=100)
