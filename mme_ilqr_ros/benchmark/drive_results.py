"""Results of driven trials: rows, totals by kind of world, a table, pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mme_ilqr_ros.benchmark.drive import Trial
from mme_ilqr_ros.reporting.result import Outcome
from mme_ilqr_ros.reporting.rows import (
    facts,
    grouped,
    mean,
    percentiles_ms,
    table,
    with_total,
    write_csv,
    write_json,
)

COLUMNS = {
    "worlds": "{worlds}",
    "trials": "{trials}",
    **{kind.value: f"{{{kind.value}:.1%}}" for kind in Outcome},
    "time s": "{mean_time_s:.2f}",
    "score": "{mean_score:.3f}",
    "switches": "{mean_switches:.1f}",
    "way changes": "{mean_way_changes:.1f}",
    "flips": "{mean_flips:.2f}",
    "clearance m": "{clearance:.3f}",
    "solve ms": "{solve_ms[median]:.2f}",
}


def totals(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return outcomes as fractions, means over trials, and solve times of all cycles together.

    `mean_time_s` is over successful trials, `mean_score` over all trials of worlds that have one,
    and the means of switches, way changes and flips over all; None where there is none.
    """
    results = [trial.result for trial in trials]
    outcomes = [result.outcome for result in results]
    return {
        "trials": len(results),
        **{kind.value: round(outcomes.count(kind) / len(results), 4) for kind in Outcome},
        "mean_time_s": mean(r.time for r in results if r.outcome is Outcome.SUCCESS),
        "mean_score": mean((r.score for r in results if r.score is not None), 4),
        "mean_switches": mean(r.mode_switches for r in results),
        "mean_way_changes": mean(r.way_changes for r in results),
        "mean_flips": mean(r.flips for r in results),
        "solve_ms": percentiles_ms([s for r in results for s in r.solve_times], (50, 95)),
    }


def families(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    """Return the trials by kind of world; those without one by their name without its number."""
    return grouped(trials, lambda t: t.family or t.result.world.rstrip("0123456789_") or "other")


def summary(command: str, settings: dict[str, Any], trials: Sequence[Trial]) -> dict[str, Any]:
    """Return the content of summary.json."""
    return {
        **facts(command),
        "settings": settings,
        "runs": [trial.result.row() for trial in trials],
        "totals": totals(trials),
        "families": {kind: totals(group) for kind, group in families(trials).items()},
    }


def write_results(
    command: str, settings: dict[str, Any], trials: Sequence[Trial], folder: Path
) -> None:
    """Write results.csv and summary.json."""
    rows = [{**trial.result.row(), "failed_plans": trial.failed_plans} for trial in trials]
    write_csv(rows, folder / "results.csv")
    write_json(summary(command, settings, trials), folder / "summary.json")


def report(trials: Sequence[Trial]) -> str:
    """Return a Markdown table by kind of world, and the worlds that were not solved by outcome."""
    rows = [
        {"worlds": name, **totals(group), "clearance": min(t.result.min_clearance for t in group)}
        for name, group in with_total(families(trials)).items()
    ]
    failed = grouped((t.result for t in trials if not t.succeeded), lambda r: r.outcome.value)
    lines = [f"{kind}: {', '.join(r.world for r in group)}" for kind, group in failed.items()]
    return "\n".join([table(rows, COLUMNS), *lines])


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
