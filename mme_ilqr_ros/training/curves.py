"""Learning curves of a training: a table (CSV) and a picture (PNG)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

Row = dict[str, float]


def write_table(path: Path, history: Sequence[Row]) -> None:
    """Write a line for each step."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, _names(history))
        table.writeheader()
        table.writerows(history)


def draw(path: Path, history: Sequence[Row]) -> None:
    """Draw a panel for each column that changes."""
    columns = {n: [(r["step"], r[n]) for r in history if n in r] for n in _names(history)[1:]}
    # Validation columns that never change, like the number of starts, are no curves.
    same = {name for name, c in columns.items() if len({y for _, y in c}) == 1}
    columns = {n: c for n, c in columns.items() if n not in same or not n.startswith("validation")}
    wide, high = min(3, max(1, len(columns))), -(-len(columns) // 3)
    figure = Figure(figsize=(4.0 * wide, 2.6 * high + 0.4))
    FigureCanvasAgg(figure)
    for k, (name, points) in enumerate(columns.items(), start=1):
        axes = figure.add_subplot(high, wide, k)
        steps, values = zip(*points, strict=True)
        sparse = len(points) < len(history)
        axes.plot(steps, values, "o-" if sparse else "-", markersize=3, linewidth=0.9)
        if min(values) > 0.0 and max(values) > 30.0 * min(values):
            axes.set_yscale("log")
        axes.set_title(name, fontsize=9)
        axes.set_xlabel("step", fontsize=8)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def _names(history: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in history for name in row))
