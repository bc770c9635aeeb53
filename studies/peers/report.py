"""Results of a comparison: results.csv, summary.json, report.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros.benchmark.drive import Trial
from mme_ilqr_ros.benchmark.drive_verb import families, totals
from mme_ilqr_ros.control.settings import VARIANTS
from mme_ilqr_ros.reporting import rows as files
from mme_ilqr_ros.reporting.result import Outcome
from mme_ilqr_ros.reporting.rows import mean
from studies.comparison import against, on_common_set
from studies.peers.registry import PEERS

OURS = "mme_ilqr"  # whom the others are compared with, world by world
OUTCOMES = ("success", "collision", "stuck", "timeout")
COLUMNS = {
    "peer": "{peer}",
    "trials": "{totals[trials]}",
    **{kind: f"{{totals[{kind}]:.0%}}" for kind in OUTCOMES},
    "time s": "{totals[mean_time_s]:.2f}",
    "length m": "{totals[mean_path_length_m]:.2f}",
    "clearance m (least)": "{totals[mean_clearance_m]:.2f} ({totals[min_clearance_m]:.2f})",
    "solve ms median": "{totals[solve_ms][median]:.2f}",
    "p95": "{totals[solve_ms][p95]:.2f}",
    "time / ours": "{against_ours[time_ratio]:.3f} ({against_ours[worlds]})",
    "length / ours": "{against_ours[length_ratio]:.3f}",
}


def peers_summary(
    command: str, settings: dict[str, dict[str, Any]], by_peer: Mapping[str, Sequence[Trial]]
) -> dict[str, Any]:
    """Return the content of summary.json: a block per peer.

    Args:
        command: What was asked for.
        settings: Of every peer by name: what all share, and its own.
        by_peer: The trials of every peer.
    """
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
        **files.facts(command),
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


def write_rows(by_peer: Mapping[str, Sequence[Trial]], path: Path) -> None:
    """Write a row per trial as CSV."""
    rows = [
        {"peer": name, "family": trial.family, **trial.result.row()}
        for name, trials in by_peer.items()
        for trial in trials
    ]
    files.write_csv(rows, path)


def table(content: dict[str, Any]) -> str:
    """Return the totals as a Markdown table, a row per peer."""
    return files.table(_named(content["peers"]), COLUMNS)


def _named(blocks: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"peer": name, **block} for name, block in blocks.items()]


def family_table(content: dict[str, Any]) -> str:
    """Return success (collisions), and the mean time of successes, by kind of world."""
    blocks = content["peers"]
    kinds = next(iter(blocks.values()))["families"]
    columns = {f"{kind} ({sums['trials']})": f"{{{kind}}}" for kind, sums in kinds.items()}
    cells = {
        name: {kind: _cell(block["families"][kind]) for kind in kinds}
        for name, block in blocks.items()
    }
    return files.table(_named(cells), {"peer": "{peer}", **columns})


def common_table(content: dict[str, Any]) -> str:
    """Return times and lengths where every peer arrives, and over those of the best peer."""
    blocks = {name: block["on_common_set"] for name, block in content["peers"].items()}
    worlds = next(iter(blocks.values()))["worlds"]
    columns = {
        f"peer ({worlds} trials)": "{peer}",
        "time s": "{mean_time_s:.2f}",
        "time / best peer": "{time_vs_best:.3f}",
        "length m": "{mean_length_m:.2f}",
        "length / best": "{length_vs_best:.3f}",
    }
    return files.table(_named(blocks), columns)


def _cell(sums: dict[str, Any]) -> str:
    hits = f", {100.0 * sums['collision']:.0f} % hit" if sums["collision"] else ""
    time = f", {sums['mean_time_s']:.1f} s" if sums["mean_time_s"] is not None else ""
    return f"{100.0 * sums['success']:.0f} %{hits}{time}"


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
            "All drive the same plant at the same rate with the same limits and are given the true"
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
