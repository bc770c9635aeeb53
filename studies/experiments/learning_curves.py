"""The picture of the family at its papers' budget: validation success by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from studies.experiments.study import Row, grouped

COLOURS = ("#E69F00", "#0072B2", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000", "#999999")
_LINE = {"linewidth": 1.2, "markersize": 2.0}
PUBLISHED = {"vin": ("VIN", 79.0), "lstm_gppn": ("GPPN", 97.8)}
"""Success [%] that Lee et al. publish, and whose it is."""


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw a curve for each run, in a colour for each planner, and the published values."""
    figure = Figure(figsize=(7.2, 4.4))
    FigureCanvasAgg(figure)
    ax = figure.add_subplot()
    for colour, ((planner,), group) in zip(
        COLOURS * len(rows), grouped(rows, "planner").items(), strict=False
    ):
        for k, row in enumerate(group):
            curve = row["validation success %"]
            epochs, values = [int(epoch) for epoch in curve], list(curve.values())
            label = f"{planner}, {len(group)} seeds" if len(group) > 1 else planner
            ax.plot(epochs, values, "o-", color=colour, label=None if k else label, **_LINE)
        if planner in PUBLISHED:
            name, value = PUBLISHED[planner]
            ax.axhline(value, color=colour, linestyle=":", linewidth=1.0)
            ax.annotate(f"{name}, published", (0.0, value), fontsize=8, va="bottom", color=colour)
    ax.set(xlabel="epoch", ylabel="validation starts that arrive [%]", ylim=(0.0, 101.0))
    ax.set_xlim(left=0.0)
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8, loc="lower right")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
