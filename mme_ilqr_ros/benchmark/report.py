"""What people see of a benchmark: tables as text, a picture and an animation per trial."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mme_ilqr_ros.benchmark.drive import Trial
from mme_ilqr_ros.benchmark.summary import families, totals


def drive_table(trials: Sequence[Trial]) -> str:
    """Return a Markdown table: a row per kind of world, and one for all."""
    groups = families(trials)
    lines = [
        "| worlds | trials | success | collision | timeout | stuck | time s | score | switches |"
        " way changes | flips | clearance m | solve ms |",
        f"|{'---|' * 13}",
    ]
    rows = [*groups.items(), *([("all", list(trials))] if len(groups) > 1 else [])]
    return "\n".join([*lines, *(_row(name, group) for name, group in rows)])


def _row(name: str, trials: Sequence[Trial]) -> str:
    sums = totals(trials)
    shares = [
        f"{100.0 * sums[kind]:.1f} %" for kind in ("success", "collision", "timeout", "stuck")
    ]
    clearance = min(trial.result.min_clearance for trial in trials)
    cells = [
        name,
        str(sums["trials"]),
        *shares,
        _text(sums["mean_time_s"], "{:.2f}"),
        _text(sums["mean_score"], "{:.3f}"),
        _text(sums["mean_switches"], "{:.1f}"),
        _text(sums["mean_way_changes"], "{:.1f}"),
        _text(sums["mean_flips"], "{:.2f}"),
        f"{clearance:.3f}",
        _text(sums["solve_ms"]["median"], "{:.2f}"),
    ]
    return f"| {' | '.join(cells)} |"


def failures(trials: Sequence[Trial]) -> str:
    """Return the worlds that were not reached, by outcome, in a line each; empty without any."""
    by_outcome: dict[str, list[str]] = {}
    for trial in trials:
        by_outcome.setdefault(trial.result.outcome.value, []).append(trial.result.world)
    by_outcome.pop("success", None)
    return "\n".join(f"{outcome}: {', '.join(ids)}" for outcome, ids in by_outcome.items())


def _text(value: Any, form: str) -> str:
    return "-" if value is None else form.format(value)


def write_pictures(trial: Trial, folder: Path, several: bool, png: bool, gif: bool) -> None:
    """Write the picture and the animation of a trial, named by its world.

    Args:
        trial: What was driven.
        folder: Where the files go.
        several: Whether the world has several trials; the name then ends in the trial's number.
        png: Whether to draw the picture.
        gif: Whether to draw the animation.
    """
    # matplotlib takes a second to load, and most benchmarks draw nothing.
    from mme_ilqr_ros.reporting.animation import animate_run
    from mme_ilqr_ros.reporting.pictures import draw_run

    parts = (trial.record, trial.scene, trial.result)
    number = f"_{trial.result.trial}" if several else ""
    name = f"{trial.result.world}{number}".replace("/", "_")
    if png:
        draw_run(*parts, folder / f"{name}.png")
    if gif:
        animate_run(*parts, folder / f"{name}.gif")
