"""The picture of a map: cell cost, cost-to-go, and paths."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from mme_ilqr_ros.benchmark.plan.maps import Cell, PlanMap, Query
from mme_ilqr_ros.benchmark.plan.planners import Answer, Planner
from mme_ilqr_ros.planning.cell_path import first_fault
from mme_ilqr_ros.planning.metric_path import taut_line
from mme_ilqr_ros.reporting.world_axes import CHOSEN, GOAL, INK, OBSTACLE, WALL

N_PATHS = 8
PANEL = 5.0  # [in] a side
WIDE = 1.4  # width over height from which panels stand above one another


def draw_plan(asked: PlanMap, planner: Planner, title: str, path: Path) -> None:
    """Write the picture: the cost of cells, the values to one goal, and paths of several queries.

    Args:
        asked: Map and queries; the values are those to the goal of its first query.
        planner: Who plans.
        title: Of the whole picture.
        path: File to write.
    """
    answer = planner.solve(asked, asked.queries[0].goal)
    blocked = asked.terrain.blocked
    height, width = blocked.shape
    columns = 1 if width > WIDE * height else 3
    panel = (PANEL * 1.15, PANEL * 0.85 * height / width + 0.45)
    if columns == 1:
        panel = (2.0 * PANEL, 2.0 * PANEL * height / width + 0.3)
    size = (panel[0] * columns, panel[1] * (3 // columns) + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=11, color=INK)
    axes = figure.subplots(3 // columns, columns).ravel()
    occupied = asked.terrain.grid.occupied
    _image(axes[0], answer.cost, occupied, "cost of a cell", asked.from_top, log=True)
    _image(axes[1], answer.values, occupied, "cost-to-go [cells]", asked.from_top, log=False)
    _image(axes[2], None, occupied, "plans", asked.from_top, log=False)
    axes[2].contourf(blocked & ~occupied, levels=[0.5, 1.5], colors=[OBSTACLE])
    axes[1].plot(*asked.queries[0].goal[::-1], marker="*", ms=12, color=GOAL, mec="white")
    _paths(axes[2], asked, planner)
    figure.legend(*_meanings(), loc="outside lower center", ncols=5, fontsize=9, frameon=False)
    figure.savefig(path, dpi=100)


def _image(
    axes: Axes,
    cells: NDArray[np.float64] | None,
    occupied: NDArray[np.bool_],
    title: str,
    from_top: bool,
    *,
    log: bool,
) -> None:
    origin: Literal["upper", "lower"] = "upper" if from_top else "lower"
    axes.imshow(np.where(occupied, 0.35, 1.0), cmap="gray", vmin=0, vmax=1, origin=origin)
    axes.set_title(title, fontsize=9, color=INK)
    axes.tick_params(labelsize=7)
    if cells is None:
        return
    shown = np.ma.masked_invalid(cells)
    low, high = float(shown.min()), float(shown.max())
    norm = LogNorm(low, high) if log and high > 10.0 * low else Normalize(low, high)
    image = axes.imshow(shown, cmap="viridis", norm=norm, origin=origin)
    axes.figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02).ax.tick_params(labelsize=7)


def _paths(axes: Axes, asked: PlanMap, planner: Planner) -> None:
    """Draw the plans of queries from the first to the last; dashed where one fails its check."""
    blocked = asked.terrain.blocked
    for start, goal in _some(asked.queries):
        answer = planner.solve(asked, goal)
        cells = answer.walk(start)
        fault = first_fault(cells, blocked, start, goal)
        line = cells if fault else _as_driven(asked, answer, cells)
        axes.plot(line[:, 1], line[:, 0], "--" if fault else "-", color=CHOSEN, lw=1.6)
        axes.plot(*start[::-1], marker="o", ms=4, color=INK, mec="white", mew=0.5)
        axes.plot(*goal[::-1], marker="*", ms=8, color=GOAL, mec="white", mew=0.5)


def _as_driven(asked: PlanMap, answer: Answer, cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the corners [K, 2] of a plan made straight as the planner does, in cells.

    Where only four moves are allowed, or the planner has no cost of cells, the moves themselves.
    """
    if answer.cost is None or asked.n_moves != 8:
        return cells.astype(float)
    cost = np.where(asked.terrain.blocked, np.inf, answer.cost)
    apart = asked.terrain.radius_in_cells > 0.5
    return taut_line(cells + 0.5, cost, apart) - 0.5


def _meanings() -> tuple[list[Line2D], list[str]]:
    """Return what the legend shows."""
    mark: dict[str, Any] = {"linestyle": "none", "mec": "white"}
    meanings = {
        "plan": Line2D([], [], color=CHOSEN, lw=1.6),
        "start": Line2D([], [], marker="o", ms=6, color=INK, **mark),
        "goal": Line2D([], [], marker="*", ms=11, color=GOAL, **mark),
        "occupied": Line2D([], [], marker="s", ms=8, color=WALL, **mark),
        "too near for the robot": Line2D([], [], marker="s", ms=8, color=OBSTACLE, **mark),
    }
    return list(meanings.values()), list(meanings)


def _some(queries: Sequence[Query]) -> list[tuple[Cell, Cell]]:
    """Return start and goal of at most N_PATHS queries that have a start."""
    single = [(query.start, query.goal) for query in queries if query.start is not None]
    if len(single) <= N_PATHS:
        return single
    return [single[i] for i in np.linspace(0, len(single) - 1, N_PATHS).round().astype(int)]
