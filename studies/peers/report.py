"""What is told of a comparison: results.csv, summary.json, report.md."""

from __future__ import annotations

import csv
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros import __version__
from mme_ilqr_ros.benchmark.drive import Trial
from mme_ilqr_ros.benchmark.summary import families, mean, totals
from mme_ilqr_ros.benchmark.tables import markdown, number, percent
from mme_ilqr_ros.control.settings import VARIANTS
from mme_ilqr_ros.reporting.judge import Outcome
from studies.comparison import against, on_common_set
from studies.peers.registry import PEERS

OURS = "mme_ilqr"  # whom the others are compared with, world by world


@dataclass(frozen=True)
class Row:
    """One peer's trial in one world."""

    peer: str
    trial: Trial


def peers_summary(
    command: str, settings: dict[str, dict[str, Any]], rows: Sequence[Row]
) -> dict[str, Any]:
    """Return the content of summary.json: a block per peer.

    Args:
        command: What was asked for.
        settings: Of every peer by name: what all share, and its own.
        rows: All trials.
    """
    by_peer = {name: [row.trial for row in rows if row.peer == name] for name in settings}
    common = on_common_set(by_peer, by_peer.keys() - set(VARIANTS))
    blocks = {}
    for name, trials in by_peer.items():
        blocks[name] = {
            "about": PEERS[name].about,
            "package": PEERS[name].package or "mme_ilqr_ros",
            "version": PEERS[name].version,
            "settings": settings[name]["own"],
            "totals": _totals(trials),
            "families": {kind: _totals(group) for kind, group in families(trials).items()},
            "against_ours": against(trials, by_peer.get(OURS, [])),
            "on_common_set": common[name],
            "runs": [trial.result.row() for trial in trials],
        }
    return {
        "command": command,
        "version": __version__,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "settings": next(iter(settings.values()))["shared"],
        "peers": blocks,
    }


def _totals(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return the totals of `drive`, with path length and clearance."""
    arrived = [trial.result for trial in trials if trial.result.outcome is Outcome.SUCCESS]
    clearances = [trial.result.min_clearance for trial in trials]
    finite = [metres for metres in clearances if np.isfinite(metres)]
    return {
        **totals(trials),
        "mean_path_length_m": mean([result.path_length for result in arrived]),
        "min_clearance_m": round(min(finite), 3) if finite else None,
        "mean_clearance_m": mean(finite),
    }


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """Write a row per trial as CSV."""
    flat = []
    for row in rows:
        result = row.trial.result.row()
        nested = {key: result.pop(key) for key in ("solve_ms", "plan_ms")}
        inside = {f"{key}_{k}": v for key, part in nested.items() for k, v in part.items()}
        flat.append({"peer": row.peer, "family": row.trial.family, **result, **inside})
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(flat[0]))
        writer.writeheader()
        writer.writerows(flat)


def table(content: dict[str, Any]) -> str:
    """Return the totals as a Markdown table, a row per peer."""
    head = (
        "peer",
        "trials",
        *("success", "collision", "stuck", "timeout"),
        *("time s", "length m", "clearance m (least)", "solve ms median", "p95"),
        "time / ours",
        "length / ours",
    )
    lines = []
    for name, block in content["peers"].items():
        sums, ratio = block["totals"], block["against_ours"]
        lines.append(
            [
                name,
                str(sums["trials"]),
                *(percent(sums[kind]) for kind in ("success", "collision", "stuck", "timeout")),
                number(sums["mean_time_s"], 2),
                number(sums["mean_path_length_m"], 2),
                f"{number(sums['mean_clearance_m'], 2)} ({number(sums['min_clearance_m'], 2)})",
                number(sums["solve_ms"]["median"], 2),
                number(sums["solve_ms"]["p95"], 2),
                f"{number(ratio['time_ratio'], 3)} ({ratio['worlds']})",
                number(ratio["length_ratio"], 3),
            ]
        )
    return markdown(head, lines)


def family_table(content: dict[str, Any]) -> str:
    """Return success (collisions), and the mean time of successes, by kind of world."""
    kinds = list(next(iter(content["peers"].values()))["families"])
    lines = []
    for name, block in content["peers"].items():
        groups = [block["families"][kind] for kind in kinds]
        lines.append([name, *(_cell(group) for group in groups)])
    counts = next(iter(content["peers"].values()))["families"]
    return markdown(("peer", *(f"{kind} ({counts[kind]['trials']})" for kind in kinds)), lines)


def common_table(content: dict[str, Any]) -> str:
    """Return times and lengths where every peer arrives, and as shares of the best peer's."""
    blocks = {name: block["on_common_set"] for name, block in content["peers"].items()}
    worlds = next(iter(blocks.values()))["worlds"]
    head = (f"peer ({worlds} trials)", "time s", "time / best peer", "length m", "length / best")
    keys = ("mean_time_s", "time_vs_best", "mean_length_m", "length_vs_best")
    lines = [
        [name, *(number(sums[key], digits) for key, digits in zip(keys, (2, 3, 2, 3), strict=True))]
        for name, sums in blocks.items()
    ]
    return markdown(head, lines)


def _cell(sums: dict[str, Any]) -> str:
    hits = f", {percent(sums['collision'])} hit" if sums["collision"] else ""
    time = f", {sums['mean_time_s']:.1f} s" if sums["mean_time_s"] is not None else ""
    return f"{percent(sums['success'])}{hits}{time}"


def report(content: dict[str, Any]) -> str:
    """Return report.md."""
    blocks = content["peers"]
    own = [f"- `{name}`: {_listed(block['settings'])}" for name, block in blocks.items()]
    versions = [
        f"- `{name}`: {block['about']}; {block['package']} {block['version']}"
        for name, block in blocks.items()
    ]
    return "\n\n".join(
        [
            "# Peers in the same worlds",
            f"    {content['command']}",
            "All drive the same plant at the same rate with the same limits and know the true"
            " circles with their velocities. Times and lengths are means over arrivals; *ours* is"
            f" `{OURS}`, compared over the trials (number in brackets) in which both arrive."
            " Time stands still while a controller thinks. All stop for a plan that would touch"
            " something before they could have stopped.",
            table(content),
            "Where every peer arrives; the best peer is the fastest, and the shortest, of those"
            " that are not this package's.",
            common_table(content),
            "By kind of world (trials): success, collisions if any, mean time of arrivals.",
            family_table(content),
            "## Versions\n\n" + "\n".join([*versions, f"- machine: {content['machine']}"]),
            "## Settings\n\nOwn settings of each:\n\n" + "\n".join(own),
            f"Shared by all (limits as in the first world): {_listed(content['settings'])}\n",
        ]
    )


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items()) or "those shared by all"
