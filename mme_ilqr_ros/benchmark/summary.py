"""From trials to numbers: the rows, the totals, results.csv and summary.json."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros import __version__
from mme_ilqr_ros.benchmark.drive import Trial
from mme_ilqr_ros.reporting.judge import Outcome


def totals(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return shares of outcomes, means over trials, and solve times of all cycles together.

    `mean_time_s` is over successful trials, `mean_score` over all trials of worlds that have one,
    and the means of switches, changes of the way and flips over all; None where there is none.
    """
    outcomes = [trial.result.outcome for trial in trials]
    times = [trial.result.time for trial in trials if trial.result.outcome is Outcome.SUCCESS]
    scores = [trial.result.score for trial in trials if trial.result.score is not None]
    cycles = [seconds for trial in trials for seconds in trial.result.solve_times]
    shares = {kind.value: round(outcomes.count(kind) / len(outcomes), 4) for kind in Outcome}
    return {
        "trials": len(trials),
        **shares,
        "mean_time_s": mean(times),
        "mean_score": round(float(np.mean(scores)), 4) if scores else None,
        "mean_switches": mean([trial.result.mode_switches for trial in trials]),
        "mean_way_changes": mean([trial.result.way_changes for trial in trials]),
        "mean_flips": mean([trial.result.flips for trial in trials]),
        "solve_ms": percentiles_ms(cycles, (50, 95)),
    }


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean to three digits; None of nothing, or if one of them is unknown."""
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 3) if known and len(known) == len(values) else None


def percentiles_ms(seconds: Sequence[float], percents: Sequence[int]) -> dict[str, float | None]:
    """Return percentiles in ms by name (`min`, `median`, `p95`, .., `max`); None without times."""
    names = {0: "min", 50: "median", 100: "max"}
    values = np.percentile(seconds, percents) if len(seconds) else [None] * len(percents)
    return {
        names.get(percent, f"p{percent}"): None if value is None else round(1e3 * float(value), 4)
        for percent, value in zip(percents, values, strict=True)
    }


def families(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    """Return the trials by kind of world; those without one stand under the file's name scheme."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        kind = trial.family or trial.result.world.rstrip("0123456789_") or "other"
        groups.setdefault(kind, []).append(trial)
    return groups


def summary(command: str, settings: dict[str, Any], trials: Sequence[Trial]) -> dict[str, Any]:
    """Return the content of summary.json."""
    return {
        "command": command,
        "version": __version__,
        "settings": settings,
        "runs": [trial.result.row() for trial in trials],
        "totals": totals(trials),
        "families": {kind: totals(group) for kind, group in families(trials).items()},
    }


def write_json(content: dict[str, Any], path: Path) -> None:
    """Write JSON for people and programs."""
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")


def write_rows(trials: Sequence[Trial], path: Path) -> None:
    """Write a row per trial as CSV; nested figures become columns like `solve_ms_median`."""
    rows = [{**_flat(trial.result.row()), "failed_plans": trial.failed_plans} for trial in trials]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        inside = value if isinstance(value, dict) else None
        flat.update({f"{key}_{k}": v for k, v in inside.items()} if inside else {key: value})
    return flat
