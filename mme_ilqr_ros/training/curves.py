"""Learning curves of a training: a table (CSV) and a picture (PNG)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mme_ilqr_ros.training.checkpoint import write_whole

Row = dict[str, float]


def write_curves(stem: Path, history: Sequence[Row]) -> None:
    """Write `stem`.csv, a line for each step, and `stem`.png, a panel for each column."""
    names = list(dict.fromkeys(name for row in history for name in row))
    table, picture = (stem.with_name(stem.name + suffix) for suffix in (".csv", ".png"))
    write_whole(table, lambda path: _write_table(path, names, history))
    write_whole(picture, lambda path: _draw(path, names[1:], history))


def _write_table(path: Path, names: list[str], history: Sequence[Row]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, names)
        table.writeheader()
        table.writerows(history)


def _draw(path: Path, names: list[str], history: Sequence[Row]) -> None:
    columns = {name: [(r["step"], r[name]) for r in history if name in r] for name in names}
    # What is the same at every validation, like the number of starts, is no curve.
    same = {name for name, c in columns.items() if len({y for _, y in c}) == 1}
    columns = {n: c for n, c in columns.items() if n not in same or not n.startswith("validation")}
    figure = Figure(figsize=(4.0 * min(3, max(1, len(columns))), 2.6 * -(-len(columns) // 3) + 0.4))
    FigureCanvasAgg(figure)
    for k, (name, points) in enumerate(columns.items(), start=1):
        axes = figure.add_subplot(-(-len(columns) // 3), min(3, len(columns)), k)
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
