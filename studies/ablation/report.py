"""Results of an ablation: ablation.csv, summary.json, report.md and ablation.png."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mme_ilqr_ros.benchmark.drive import Trial
from mme_ilqr_ros.benchmark.drive_verb import families, totals
from mme_ilqr_ros.reporting import rows as files
from studies.ablation.changes import SHIPPED, Change
from studies.comparison import against

Driven = Mapping[Change, Sequence[Trial]]
COLUMNS = {
    "part": "{part}",
    "changed": "{changed}",
    "trials": "{trials}",
    "success": "{success:.0%}",
    "won": "+{won}",
    "lost": "-{lost}",
    "collision": "{collision:.0%}",
    "time s": "{mean_time_s:.2f}",
    "time / shipped": "{time_ratio:.3f}",
    "switches": "{switches:.1f}",
    "way changes": "{way_changes:.1f}",
    "flips": "{flips:.2f}",
    "solve ms": "{solve_ms:.2f}",
}


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
    return {**files.facts(command), "settings": settings, "rows": rows(driven), "runs": runs}


def table(found: Sequence[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table, with the success in each kind of world."""
    kinds = {kind: f"{{success_by_kind[{kind}]:.0%}}" for kind in found[0]["success_by_kind"]}
    return files.table(({**row, "part": row["part"] or "-"} for row in found), COLUMNS | kinds)


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


def write_table(found: Sequence[dict[str, Any]], path: Path) -> None:
    """Write a row per change as CSV, with columns like `success_trap`."""
    flat = []
    for row in found:
        kinds = {f"success_{kind}": value for kind, value in row["success_by_kind"].items()}
        flat.append({**{k: v for k, v in row.items() if k != "success_by_kind"}, **kinds})
    files.write_csv(flat, path)


def draw(found: Sequence[dict[str, Any]], path: Path) -> None:
    """Write a picture: success and time of every row, the shipped settings as lines."""
    # matplotlib takes a second to load, and most benchmarks draw nothing.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from mme_ilqr_ros.reporting.world_axes import CHOSEN, INK

    names = [f"{row['part']}: {row['changed']}" if row["part"] else SHIPPED for row in found]
    figure = Figure(figsize=(9.0, 1.2 + 0.26 * len(found)), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    success = [100.0 * row["success"] for row in found]
    ratios = [row["time_ratio"] or float("nan") for row in found]
    for axes, values, shipped in ((left, success, success[0]), (right, ratios, 1.0)):
        colours = [INK if row["part"] else CHOSEN for row in found]
        axes.scatter(values, range(len(found)), c=colours, s=36, zorder=3)
        axes.axvline(shipped, color=CHOSEN, linewidth=1.0)
        axes.grid(axis="y", color="0.92")
    left.set(yticks=range(len(found)), yticklabels=names, xlabel="success [%]")
    right.set(xlabel="time to goal / shipped")
    left.invert_yaxis()
    FigureCanvasAgg(figure).print_png(path)
