"""The pictures of a report on drives: learned cost, uncertainty, held-out drives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.habits.drive import Drive
from mme_ilqr_ros.habits.learn import Validation
from mme_ilqr_ros.planning.habits import Habits
from mme_ilqr_ros.planning.planner import GlobalPlanner
from mme_ilqr_ros.planning.settings import PlannerSettings
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.reporting.world_axes import CHOSEN, COMMAND, INK, draw_grid

PANEL = 6.0  # [in] the longer side of a map
MARGIN = 0.4  # [m] round the cells that are known


def draw_cost(
    path: Path,
    grid: GridMap,
    drives: Sequence[Drive],
    planner: PlannerSettings,
    weights: Path,
    layers: Mapping[str, NDArray[np.float64]],
) -> None:
    """Draw the drives, and beside them by what the learned cost multiplies today's.

    Args:
        path: To write.
        grid: The map.
        drives: On it.
        planner: The planner that the weights are for.
        weights: Their file.
        layers: [H, W] in [0, 1] by name, which the weights need.
    """
    terrain = Terrain.build(grid, planner.least_distance, planner.allow_unknown)
    today = GlobalPlanner(planner).cell_cost(terrain)
    learning = GlobalPlanner(replace(planner, weights=str(weights)))
    learning.bind(layers)
    learned = learning.cell_cost(terrain)
    factor = np.divide(learned, today, out=np.full(grid.shape, np.nan), where=~terrain.blocked)
    figure, (left, right) = _maps(grid, 2)
    draw_grid(left, grid)
    draw_grid(right, grid)
    _draw_drives(left, drives, 0.6)
    most = max(1.25, float(np.nanmax(factor, initial=1.0)))
    norm = LogNorm(1.0 / most, most)
    bar = _draw_cells(right, grid, factor, norm, "RdBu_r", "learned cost / today's")
    ticks = [tick for tick in (0.1, 0.2, 0.33, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0) if tick < most]
    ticks = [tick for tick in ticks if tick > 1.0 / most]
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks], minor=False)
    bar.ax.minorticks_off()
    _draw_drives(right, drives, 0.25)
    left.set_title(f"{len(drives)} drives (dots: where they end)", fontsize=9, color=INK)
    right.set_title("learned cost: red is avoided, blue is preferred", fontsize=9, color=INK)
    _save(figure, path)


def draw_uncertainty(
    path: Path,
    grid: GridMap,
    drives: Sequence[Drive],
    habits: Habits,
    places: Sequence[tuple[float, float]],
) -> None:
    """Draw where the learned costs of places are known, and where only drives would tell.

    Args:
        path: To write.
        grid: The map.
        drives: In white.
        habits: What was learned.
        places: Where more drives would help most [m], numbered.
    """
    figure, (axes,) = _maps(grid, 1)
    error = _on_cells(habits.places_error, habits.block, grid)
    error = np.where(grid.occupied, np.nan, error)
    _draw_cells(axes, grid, error, Normalize(), "viridis", "error of the log cost of a place")
    draw_grid(axes, grid)
    _draw_drives(axes, drives, 0.8, "white")
    for number, place in enumerate(places, start=1):
        axes.annotate(
            str(number),
            place,
            color="white",
            fontsize=8,
            ha="center",
            va="center",
            zorder=6,
            bbox={"boxstyle": "circle,pad=0.2", "fc": CHOSEN, "ec": "white"},
        )
    axes.set_title(
        "bright: little is known of the places; 1 to 3: where drives would help most",
        fontsize=9,
        color=INK,
    )
    _save(figure, path)


def draw_held_out(path: Path, validation: Validation) -> None:
    """Draw how much of each held-out drive the plans under the three costs miss."""
    figure = Figure(figsize=(6.0, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    missed = 100.0 * np.asarray(validation.missed).reshape(-1, 3)
    order = np.argsort(missed[:, 0], kind="stable")
    for column, (name, colour) in enumerate(
        (("shipped", INK), ("Dijkstra", "#b9b9b9"), ("learned", CHOSEN))
    ):
        axes.plot(missed[order, column], "o", ms=4.5, color=colour, alpha=0.85, label=name)
    axes.set_xticks(np.arange(len(order)), [str(k + 1) for k in order] if len(order) <= 40 else [])
    axes.set_xlabel("number of the held-out drive", fontsize=8)
    axes.set_ylabel("missed by the plan, %", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False)
    _save(figure, path)


def _maps(grid: GridMap, n: int) -> tuple[Figure, list[Axes]]:
    """Return a figure of n panels that show the known part of a map."""
    rows, columns = np.nonzero(~grid.unknown)
    corners = np.array(
        [(i, j) for i in (rows.min(), rows.max()) for j in (columns.min(), columns.max())]
    )
    points = grid.centre_of(corners)
    low, high = points.min(axis=0) - MARGIN, points.max(axis=0) + MARGIN
    wide, tall = PANEL * (high - low) / (high - low).max()
    beside = wide <= 1.6 * tall
    shape = (1, n) if beside else (n, 1)
    size = ((wide + 1.4) * shape[1], (tall + 0.8) * shape[0])
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    panels = list(figure.subplots(*shape, squeeze=False).ravel())
    for axes in panels:
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        axes.set_aspect("equal")
        axes.tick_params(labelsize=7)
        axes.set_xlabel("x [m]", fontsize=7)
        axes.set_ylabel("y [m]", fontsize=7)
    return figure, panels


def _draw_drives(axes: Axes, drives: Sequence[Drive], alpha: float, colour: str = COMMAND) -> None:
    lines = [drive.points for drive in drives]
    axes.add_collection(LineCollection(lines, colors=colour, lw=1.2, alpha=alpha, zorder=4))
    ends = np.array([drive.points[-1] for drive in drives])
    axes.plot(*ends.T, "o", ms=3.0, color=colour, alpha=min(1.0, 2.0 * alpha), zorder=5)


def _draw_cells(
    axes: Axes,
    grid: GridMap,
    values: NDArray[np.float64],
    norm: Normalize,
    colours: str,
    label: str,
) -> Colorbar:
    """Draw numbers [H, W] over a map, NaN left out; return their bar."""
    place = Affine2D().rotate(grid.origin.yaw).translate(grid.origin.x, grid.origin.y)
    limits = axes.get_xlim(), axes.get_ylim()
    image = axes.imshow(
        values,
        origin="lower",
        extent=(0.0, grid.width * grid.resolution, 0.0, grid.height * grid.resolution),
        interpolation="nearest",
        transform=place + axes.transData,
        norm=norm,
        cmap=colours,
        zorder=1,
    )
    axes.set(xlim=limits[0], ylim=limits[1])
    bar = axes.figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return bar


def _on_cells(blocks: NDArray[np.float64], block: float, grid: GridMap) -> NDArray[np.float64]:
    """Return [H, W] of the block [h, w] that each cell of a map lies in."""
    rows = np.minimum(
        (np.arange(grid.height) * grid.resolution / block).astype(int), len(blocks) - 1
    )
    columns = (np.arange(grid.width) * grid.resolution / block).astype(int)
    return blocks[rows[:, None], np.minimum(columns, blocks.shape[1] - 1)]


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=110)
