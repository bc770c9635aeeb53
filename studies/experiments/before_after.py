"""The picture of docs/family.md: how VIN and ID-GPPN learned before the mends, and how they do now.

`python -m studies family_curves` draws it from docs/results/family_curves.json, whose rows hold
one run each.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mme_ilqr_ros.resources import share_path
from studies.experiments.learning_curves import PUBLISHED
from studies.kept import RESULTS, Row, read_kept

ABOUT = "Draw docs/images/family_curves.png from the kept results."
EXAMPLES = """\
examples:
  python -m studies family_curves
"""
COLOURS = {"before": "#D55E00", "now": "#0072B2", "weight 0.1": "#999999"}
PANELS = {
    "vin": ("VIN at the papers' budget", "epoch of 10,000 mazes"),
    "id_gppn": ("a small ID-GPPN, 8 channels", "steps of 16 mazes"),
}
_APART = 3.0  # [%] between the names of two curves
WHAT = {
    ("vin", "before"): "before: walls are 1",
    ("vin", "now"): "now: free cells are 1",
    ("id_gppn", "before"): "before: walls are 1, a solve may return its start",
    ("id_gppn", "now"): "now: free cells are 1, last iterate, penalty of weight 1",
    ("id_gppn", "weight 0.1"): "the same with a penalty of weight 0.1",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    default = Path("docs", "images", "family_curves.png")
    parser.add_argument("--out", type=Path, metavar="FILE", default=default)


def run(options: argparse.Namespace, command: str) -> str:
    """Draw the picture."""
    rows = read_kept(share_path() / RESULTS)["family_curves"].rows
    draw(rows, options.out)
    return f"wrote {options.out}"


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw a panel for each planner.

    Args:
        rows: Of a run each: planner, form (see `WHAT`), seed, x (epochs or steps) and success [%]
            of validation starts.
        path: Of the picture.
    """
    figure = Figure(figsize=(10.0, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, planner in zip(figure.subplots(1, 2, sharey=True), PANELS, strict=True):
        _panel(axes, planner, [row for row in rows if row["planner"] == planner])
    figure.axes[0].set_ylabel("validation starts that arrive [%]")
    figure.savefig(path, dpi=110)


def _panel(axes: Axes, planner: str, rows: Sequence[Row]) -> None:
    handles = []
    for form, colour in COLOURS.items():
        own = [row for row in rows if row["form"] == form]
        for row in own:
            axes.plot(row["x"], row["success"], "o-", color=colour, lw=1.4, ms=2.5)
        if own:
            handles.append(Line2D([], [], color=colour, label=WHAT[planner, form]))
    if planner in PUBLISHED:
        value = PUBLISHED[planner][1]
        axes.axhline(value, color="black", ls=":", lw=1.0)
        text = f"published: {value:.0f} (mean over mazes)"
        axes.annotate(text, (0.4, value + 0.8), fontsize=8, va="bottom")
    title, x = PANELS[planner]
    axes.set(title=title, xlabel=x, ylim=(0.0, 100.0))
    axes.set_xlim(0.0, 1.12 * max(row["x"][-1] for row in rows))
    axes.grid(alpha=0.3)
    axes.legend(handles=handles, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14))
    below = -_APART
    for row in sorted(rows, key=lambda row: row["success"][-1]):
        below = max(row["success"][-1], below + _APART)
        axes.annotate(f" seed {row['seed']}", (row["x"][-1], below), fontsize=7, va="center")
