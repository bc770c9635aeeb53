"""What is told of an ablation: ablation.csv, summary.json, report.md and ablation.png."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mme_ilqr_ros import __version__
from mme_ilqr_ros.benchmark.drive import Trial
from mme_ilqr_ros.benchmark.summary import families, totals
from mme_ilqr_ros.benchmark.tables import markdown, number, percent
from studies.ablation.changes import SHIPPED, Change
from studies.comparison import against

Driven = Mapping[Change, Sequence[Trial]]
HEAD = (
    *("part", "changed", "trials", "success", "won", "lost", "collision", "time s"),
    *("time / shipped", "switches", "way changes", "flips", "solve ms"),
)


def rows(driven: Driven) -> list[dict[str, Any]]:
    """Return a row per change, the shipped settings first.

    Args:
        driven: The trials of every change, the shipped settings among them.
    """
    shipped = next(trials for change, trials in driven.items() if change.name == SHIPPED)
    return [_row(change, trials, shipped) for change, trials in driven.items()]


def _row(change: Change, trials: Sequence[Trial], shipped: Sequence[Trial]) -> dict[str, Any]:
    sums, ratio = totals(trials), against(trials, shipped)
    kinds = {kind: totals(group)["success"] for kind, group in families(trials).items()}
    return {
        "part": change.part,
        "changed": change.name,
        "trials": sums["trials"],
        "success": sums["success"],
        "won": ratio["won"],
        "lost": ratio["lost"],
        "collision": sums["collision"],
        "mean_time_s": sums["mean_time_s"],
        "time_ratio": ratio["time_ratio"],
        "switches": sums["mean_switches"],
        "way_changes": sums["mean_way_changes"],
        "flips": sums["mean_flips"],
        "solve_ms": sums["solve_ms"]["median"],
        "success_by_kind": kinds,
    }


def summary(command: str, settings: dict[str, Any], driven: Driven) -> dict[str, Any]:
    """Return the content of summary.json."""
    runs = {change.name: [trial.result.row() for trial in ts] for change, ts in driven.items()}
    return {
        "command": command,
        "version": __version__,
        "settings": settings,
        "rows": rows(driven),
        "runs": runs,
    }


def table(told: Sequence[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table, with the success in each kind of world."""
    kinds = list(told[0]["success_by_kind"])
    lines = []
    for row in told:
        lines.append(
            [
                row["part"] or "-",
                row["changed"],
                str(row["trials"]),
                percent(row["success"]),
                f"+{row['won']}",
                f"-{row['lost']}",
                percent(row["collision"]),
                number(row["mean_time_s"], 2),
                number(row["time_ratio"], 3),
                number(row["switches"], 1),
                number(row["way_changes"], 1),
                number(row["flips"], 2),
                number(row["solve_ms"], 2),
                *(percent(row["success_by_kind"].get(kind, 0.0)) for kind in kinds),
            ]
        )
    return markdown((*HEAD, *kinds), lines)


def report(content: dict[str, Any]) -> str:
    """Return report.md."""
    return "\n\n".join(
        [
            "# One setting changed at a time",
            f"    {content['command']}",
            "Won and lost are trials in which only this row, or only the shipped settings, arrive;"
            " a handful of either is chance. Time / shipped is the mean over trials in which both"
            " arrive. Solve times are the machine's: compare those of one run only. The last"
            " columns are successes by kind of world.",
            table(content["rows"]) + "\n",
        ]
    )


def write_table(told: Sequence[dict[str, Any]], path: Path) -> None:
    """Write a row per change as CSV."""
    flat = []
    for row in told:
        kinds = {f"success_{kind}": share for kind, share in row["success_by_kind"].items()}
        flat.append({**{k: v for k, v in row.items() if k != "success_by_kind"}, **kinds})
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(flat[0]))
        writer.writeheader()
        writer.writerows(flat)


def draw(told: Sequence[dict[str, Any]], path: Path) -> None:
    """Write a picture: success and time of every row, the shipped settings as lines."""
    # matplotlib takes a second to load, and most benchmarks draw nothing.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from mme_ilqr_ros.reporting.world_axes import CHOSEN, INK

    names = [f"{row['part']}: {row['changed']}" if row["part"] else SHIPPED for row in told]
    figure = Figure(figsize=(9.0, 1.2 + 0.26 * len(told)), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    success = [100.0 * row["success"] for row in told]
    ratios = [row["time_ratio"] or float("nan") for row in told]
    for axes, values, shipped in ((left, success, success[0]), (right, ratios, 1.0)):
        colours = [INK if row["part"] else CHOSEN for row in told]
        axes.scatter(values, range(len(told)), c=colours, s=36, zorder=3)
        axes.axvline(shipped, color=CHOSEN, linewidth=1.0)
        axes.grid(axis="y", color="0.92")
    left.set(yticks=range(len(told)), yticklabels=names, xlabel="success [%]")
    right.set(xlabel="time to goal / shipped")
    left.invert_yaxis()
    FigureCanvasAgg(figure).print_png(path)
