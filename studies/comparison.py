"""Times and lengths where they can be compared: over trials in which all succeed.

One that gives up on hard worlds would look fast if each were judged by its own arrivals.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mme_ilqr_ros.benchmark.drive import Trial
from mme_ilqr_ros.reporting.result import RunResult
from mme_ilqr_ros.reporting.rows import mean


def common_set(by_peer: Mapping[str, Sequence[Trial]]) -> list[tuple[str, int]]:
    """Return world and trial of what every peer solved, in order."""
    first, *others = (list(_arrived(trials)) for trials in by_peer.values())
    solved = set(first).intersection(*others)
    return [key for key in first if key in solved]


def on_common_set(
    by_peer: Mapping[str, Sequence[Trial]], rivals: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Return for every peer its mean time and length over the common set, and against the best.

    Args:
        by_peer: The trials of every peer.
        rivals: Those among whom the best is looked for, in time and in length apart: the others'
            controllers, or everybody where there is none.

    Returns:
        By peer `worlds`, `mean_time_s`, `mean_length_m`, and `time_vs_best`, `length_vs_best`: its
        mean over that of the best rival. None where the common set is empty.
    """
    keys = common_set(by_peer)
    arrived = {name: _arrived(trials) for name, trials in by_peer.items()}
    times = {name: mean([runs[key].time for key in keys]) for name, runs in arrived.items()}
    lengths = {
        name: mean([runs[key].path_length for key in keys]) for name, runs in arrived.items()
    }
    rivals = [name for name in by_peer if name in rivals] or list(by_peer)
    return {
        name: {
            "worlds": len(keys),
            "mean_time_s": times[name],
            "mean_length_m": lengths[name],
            "time_vs_best": _ratio(times, name, rivals),
            "length_vs_best": _ratio(lengths, name, rivals),
        }
        for name in by_peer
    }


def against(trials: Sequence[Trial], ours: Sequence[Trial]) -> dict[str, Any]:
    """Return times and lengths over ours, over the trials in which both arrive.

    `won` and `lost` count the trials in which only one of the two arrives, seen from `trials`.
    """
    theirs, mine = _arrived(trials), _arrived(ours)
    pairs = [(result, mine[key]) for key, result in theirs.items() if key in mine]
    return {
        "worlds": len(pairs),
        "won": len(theirs.keys() - mine.keys()),
        "lost": len(mine.keys() - theirs.keys()),
        "time_ratio": mean([peer.time / own.time for peer, own in pairs]),
        "length_ratio": mean([peer.path_length / own.path_length for peer, own in pairs]),
        "faster_in": sum(peer.time < 0.99 * own.time for peer, own in pairs),
        "slower_in": sum(peer.time > 1.01 * own.time for peer, own in pairs),
    }


def _arrived(trials: Sequence[Trial]) -> dict[tuple[str, int], RunResult]:
    results = [trial.result for trial in trials if trial.succeeded]
    return {(result.world, result.trial): result for result in results}


def _ratio(means: Mapping[str, float | None], name: str, rivals: Sequence[str]) -> float | None:
    best = min((means[rival] for rival in rivals if means[rival]), default=None)
    own = means[name]
    return None if best is None or own is None else round(own / best, 3)
