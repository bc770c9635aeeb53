"""From judged queries to numbers and tables: summary.json, results.csv, Markdown."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros.benchmark.plan.judge import Judged
from mme_ilqr_ros.benchmark.summary import percentiles_ms
from studies.plan.peers import PeerTimes


def totals(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return the figures of a group of queries; a start counts as much as any other.

    `stated_error` is the largest difference between the data set's own shortest length and ours
    [cells], None where it states none.
    """
    starts = np.array([j.starts for j in judged])
    ratios = np.concatenate([j.ratios for j in judged])
    stated = [abs(j.query.stated - j.optimal_cost) for j in judged if j.query.stated is not None]
    one = [j for j in judged if j.query.start is not None]
    return {
        "queries": len(judged),
        "starts": int(starts.sum()),
        "success": _share([j.success for j in judged], starts),
        "fallback": round(float(np.mean([j.fallback for j in judged])), 6),
        "optimal": _share([j.optimal for j in judged], starts),
        "mean_cost_ratio": round(float(ratios.mean()), 6) if len(ratios) else None,
        "p95_cost_ratio": round(float(np.percentile(ratios, 95)), 6) if len(ratios) else None,
        "field_ms": percentiles_ms([j.field_time for j in judged], (50, 95)),
        "query_ms": percentiles_ms([j.query_time for j in one], (50, 95)),
        "stated_error": round(max(stated), 6) if stated else None,
    }


def _share(shares: Sequence[float], starts: np.ndarray) -> float:
    n = starts.sum()
    return round(float(np.dot(shares, starts) / n), 6) if n else 1.0


def grouped(judged: Sequence[Judged], key: Callable[[Judged], str]) -> dict[str, list[Judged]]:
    """Return the queries by a name of theirs, in order."""
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        groups.setdefault(key(one), []).append(one)
    return groups


def peer_rows(times: Sequence[PeerTimes]) -> dict[str, Any]:
    """Return the figures of the peers by name."""
    return {
        t.peer: {
            "what": t.what,
            "ms": percentiles_ms(t.seconds, (20, 50, 95)),
            "queries": len(t.seconds),
            "difference": None if t.difference is None else float(f"{t.difference:.3g}"),
            "note": t.note,
        }
        for t in times
    }


def write_rows(judged: Sequence[Judged], path: Path) -> None:
    """Write a row per query as CSV."""
    rows = [j.row() for j in judged]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        for row in rows:
            writer.writerow(row)


def table(judged: Sequence[Judged]) -> str:
    """Return a Markdown table: a row per file, and one for all."""
    groups = grouped(judged, lambda j: j.group)
    rows = [*groups.items(), *([("all", list(judged))] if len(groups) > 1 else [])]
    lines = [
        "| maps | starts | success | fallback | optimal | length ratio mean | p95 | field ms |"
        " query ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_row(name, group) for name, group in rows)])


def _row(name: str, judged: Sequence[Judged]) -> str:
    sums = totals(judged)
    cells = [
        name,
        str(sums["starts"]),
        *(f"{100.0 * sums[key]:.2f} %" for key in ("success", "fallback", "optimal")),
        *(_text(sums[f"{key}_cost_ratio"], "{:.4f}") for key in ("mean", "p95")),
        _text(sums["field_ms"]["median"], "{:.2f}"),
        _text(sums["query_ms"]["median"], "{:.3f}"),
    ]
    return f"| {' | '.join(cells)} |"


def peer_table(times: Sequence[PeerTimes]) -> str:
    """Return the peers' times as a Markdown table."""
    lines = ["| planner | queries | ms median | p20 | p95 | what |", "|---|---|---|---|---|---|"]
    for name, row in peer_rows(times).items():
        numbers = [_text(row["ms"][key], "{:.3f}") for key in ("median", "p20", "p95")]
        what = "; ".join(filter(None, [row["what"], row["note"]]))
        lines.append(f"| {' | '.join([name, str(row['queries']), *numbers, what])} |")
    return "\n".join(lines)


def _text(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
