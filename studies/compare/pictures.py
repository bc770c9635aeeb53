"""Pictures of a learned cost beside the hidden one, with values and paths."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mme_ilqr_ros.planning.field import Field, follow
from mme_ilqr_ros.planning.metric_path import taut_line
from mme_ilqr_ros.planning.moves import LENGTHS
from mme_ilqr_ros.reporting.world_axes import BASELINES, EXPERT, GOAL, LEARNED
from mme_ilqr_ros.training.tasks.demonstrations import CostOf, MapSet, closed, field_of

_COLOURS = (LEARNED, *BASELINES)
_EAST = 3  # index of the move in moves.STEPS


def draw_comparison(path: Path, maps: MapSet, planners: Mapping[str, CostOf]) -> None:
    """Draw map 0 of a set: what is seen, hidden and learned cost, values and paths.

    Args:
        path: PNG to write.
        maps: Whose first map is drawn.
        planners: The first one's cost and values are drawn, and the path of each.
    """
    fields = {
        name: field_of(closed(cost_of(maps, 0), maps.cost[0]), maps.goal(0))
        for name, cost_of in planners.items()
    }
    learned = next(iter(fields.values()))
    start = _far_start(maps.truth(0))
    figure = Figure(figsize=(10.0, 10.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2).ravel()
    _seen(axes[0], maps)
    hidden, found = _shown(maps.cost[0]), _shown(learned.cost)
    # Only ratios can be learned from paths: drawn on the scale of the hidden cost.
    found = found * (np.nanmedian(hidden) / np.nanmedian(found))
    limits = float(np.nanmin(hidden)), float(np.nanmax(hidden))
    of = "cost" if maps.cost.ndim == 3 else "cost of driving east"
    _image(figure, axes[1], hidden, f"hidden {of}", limits)
    _image(figure, axes[2], found, f"learned {of}, to scale", limits)
    values = np.where(np.isfinite(learned.values), learned.values, np.nan)
    _image(figure, axes[3], values, "learned cost-to-go, and plans", None)
    axes[3].contour(values, levels=14, colors="white", linewidths=0.4)
    true = {"the expert": maps.truth(0), **fields}
    styles = zip(true.items(), (EXPERT, *_COLOURS), strict=False)
    for k, ((name, field), colour) in enumerate(styles):
        line = _as_driven(field, start, maps.occupied[0])
        # The learned plan lies on the expert's where they agree: wide below narrow shows both.
        width = 6.0 if k == 0 else 2.0
        axes[3].plot(line[:, 1], line[:, 0], color=colour, label=name, linewidth=width)
    goal = {"marker": "*", "color": GOAL, "markersize": 16, "mec": "white", "linestyle": "none"}
    axes[3].plot(maps.goal(0)[1], maps.goal(0)[0], label="goal", zorder=9, **goal)
    figure.legend(loc="outside lower right", ncols=5, fontsize=9, frameon=False)
    figure.savefig(path, dpi=90)


def _as_driven(field: Field, start: tuple[int, int], occupied: np.ndarray) -> np.ndarray:
    """Return the corners [K, 2] of a plan made straight where that costs no more, in cells."""
    cost = field.cost
    if cost.ndim == 3:  # of edges; a closed one counts as the highest of its cell
        cost = cost / np.asarray(LENGTHS)[:, None, None]
        highest = np.max(cost, axis=0, where=np.isfinite(cost), initial=0.0)
        cost = np.where(np.isfinite(cost), cost, highest)
    closed = np.where(occupied, np.inf, cost)
    return taut_line(follow(field, start).cells + 0.5, closed) - 0.5


def _seen(axes: Axes, maps: MapSet) -> None:
    """Draw obstacles and all layers in shades of their own."""
    layers = maps.layers[0]
    shades = np.tensordot(np.linspace(1.0, 0.35, len(layers)), layers, axes=1)
    shades = shades / max(1e-9, np.ptp(shades))
    axes.imshow(np.where(maps.occupied[0], np.nan, shades), cmap="cividis")
    axes.set_title("seen: obstacles (white) and layers")
    axes.set_axis_off()


def _image(
    figure: Figure, axes: Axes, values: np.ndarray, title: str, limits: tuple[float, float] | None
) -> None:
    low, high = limits or (None, None)
    image = axes.imshow(values, cmap="viridis", vmin=low, vmax=high)
    figure.colorbar(image, ax=axes, fraction=0.046)
    axes.set_title(title)
    axes.set_axis_off()


def _shown(cost: np.ndarray) -> np.ndarray:
    """Return [H, W] to draw, NaN where a move is not allowed: of directions that of going east."""
    flat = cost if cost.ndim == 2 else cost[_EAST] / LENGTHS[_EAST]
    return np.where(np.isfinite(flat), flat, np.nan)


def _far_start(field: Field) -> tuple[int, int]:
    """Return the cell with the largest cost-to-go."""
    values = np.where(np.isfinite(field.values), field.values, -1.0)
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    return int(row), int(column)
