"""Other libraries' planners on the same maps and goals in the same run, for time.

Each is given the blocked cells and a goal, and builds from them what it needs: that is counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.benchmark.plan.maps import Cell, PlanMap
from mme_ilqr_ros.benchmark.plan.planners import best_field
from mme_ilqr_ros.planning.moves import LENGTHS, N_STRAIGHT, STEPS
from mme_ilqr_ros.reporting.rows import percentiles_ms, table

Values = NDArray[np.float64]
PeerFunction = Callable[[NDArray[np.bool_], Cell, Cell, int], Values | None]
SAME = 1e-6  # [cells] values of two exact solvers differ by rounding


@dataclass(frozen=True)
class Peer:
    """A planner of another library.

    Attributes:
        name: Of the row.
        package: That it needs.
        what: What is timed, and by what rule.
        run: From blocked cells, start, goal and number of moves to the values [H, W], or None
            where its rule of cost is another and its values do not compare.
    """

    name: str
    package: str
    what: str
    run: PeerFunction


@dataclass(frozen=True)
class PeerTimes:
    """What a peer took.

    Attributes:
        peer: Which one, by name.
        what: See `Peer`.
        note: Why it was not run; empty when it was.
        seconds: One per query, in the order of the queries.
        difference: Largest difference of its values from ours [cells]; None without values.
    """

    peer: str
    what: str
    note: str
    seconds: tuple[float, ...]
    difference: float | None


def _scipy(blocked: NDArray[np.bool_], start: Cell, goal: Cell, n_moves: int) -> Values:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    height, width = blocked.shape
    free = np.pad(~blocked, 1)
    number = np.arange(height * width).reshape(height, width)

    def seen(d_row: int, d_column: int) -> NDArray[np.bool_]:
        return free[1 + d_row : 1 + d_row + height, 1 + d_column : 1 + d_column + width]

    tails, heads, lengths = [], [], []
    for move, (d_row, d_column) in enumerate(STEPS[:n_moves].tolist()):
        legal = ~blocked & seen(d_row, d_column)
        if move >= N_STRAIGHT:
            legal &= seen(d_row, 0) & seen(0, d_column)
        tail = number[legal]
        tails.append(tail)
        heads.append(tail + d_row * width + d_column)
        lengths.append(np.full(len(tail), LENGTHS[move]))
    edges = (np.concatenate(lengths), (np.concatenate(tails), np.concatenate(heads)))
    graph = csr_array(edges, shape=(blocked.size, blocked.size))
    return dijkstra(graph, indices=goal[0] * width + goal[1]).reshape(blocked.shape)


def _skimage(blocked: NDArray[np.bool_], start: Cell, goal: Cell, n_moves: int) -> Values | None:
    from skimage.graph import MCP_Geometric

    costs = np.where(blocked, -1.0, 1.0)
    values, _ = MCP_Geometric(costs, fully_connected=n_moves > N_STRAIGHT).find_costs([goal])
    return values if n_moves == N_STRAIGHT else None  # its diagonals cut corners


def _pyastar2d(blocked: NDArray[np.bool_], start: Cell, goal: Cell, n_moves: int) -> None:
    import pyastar2d

    weights = np.where(blocked, np.float32(np.inf), np.float32(1.0))
    pyastar2d.astar_path(weights, start, goal, allow_diagonal=n_moves > N_STRAIGHT)


PEERS = (
    Peer("scipy", "scipy", "csgraph.dijkstra, whole field, graph included; same rule", _scipy),
    Peer("scikit-image", "skimage", "MCP_Geometric, whole field; cuts corners", _skimage),
    Peer(
        "pyastar2d",
        "pyastar2d",
        "one path only; diagonals cost 1 and cut corners",
        _pyastar2d,
    ),
)


def time_peers(maps: Sequence[PlanMap], n_queries: int) -> list[PeerTimes]:
    """Return what ours and the peers take on the first queries of each map, one after the other.

    Args:
        maps: With their queries.
        n_queries: At most so many of each map.
    """
    asked = [(m, query) for m in maps for query in _spread(m.queries, n_queries)]
    own: list[float] = []
    ready = [peer for peer in PEERS if find_spec(peer.package)]
    times: dict[str, list[float]] = {peer.name: [] for peer in ready}
    differences: dict[str, float] = {}
    if asked:
        for peer in ready:  # what is loaded once is not part of a plan
            peer.run(np.zeros((3, 3), dtype=bool), (0, 0), (2, 2), asked[0][0].n_moves)
    for m, query in asked:
        blocked, start = m.terrain.blocked, query.start or query.goal
        begun = time.thread_time()
        field = best_field(m, query.goal)
        own.append(time.thread_time() - begun)
        for peer in ready:
            begun = time.thread_time()
            values = peer.run(blocked, start, query.goal, m.n_moves)
            times[peer.name].append(time.thread_time() - begun)
            if values is not None:
                worst = _difference(values, field.values)
                differences[peer.name] = max(worst, differences.get(peer.name, 0.0))
    ours = "solve_field, whole field, uniform cost"
    rows = [PeerTimes("mme_ilqr_ros", ours, "", tuple(own), None)]
    for peer in PEERS:
        note = "" if peer in ready else f"not run: pip install {peer.name}"
        seconds = tuple(times.get(peer.name, ()))
        rows.append(PeerTimes(peer.name, peer.what, note, seconds, differences.get(peer.name)))
    return rows


def peer_rows(times: Sequence[PeerTimes]) -> dict[str, Any]:
    """Return the figures of the peers by name, for summary.json."""
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


def peer_table(times: Sequence[PeerTimes]) -> str:
    """Return the peers' times as a Markdown table."""
    columns = {
        "planner": "{name}",
        "queries": "{queries}",
        "ms median": "{ms[median]:.3f}",
        "p20": "{ms[p20]:.3f}",
        "p95": "{ms[p95]:.3f}",
        "what": "{what}{why}",
    }
    rows = [
        {"name": name, **row, "why": f"; {row['note']}" if row["note"] else ""}
        for name, row in peer_rows(times).items()
    ]
    return table(rows, columns)


def _spread(queries: Sequence, n: int) -> list:
    """Return at most n of the queries, from the first to the last."""
    if len(queries) <= n:
        return list(queries)
    return [queries[i] for i in np.linspace(0, len(queries) - 1, n).round().astype(int)]


def _difference(values: Values, ours: Values) -> float:
    """Return the largest difference [cells], inf where one has a way and the other has none."""
    finite = np.isfinite(ours)
    if (finite != np.isfinite(values)).any():
        return float("inf")
    return float(np.max(np.abs(values[finite] - ours[finite]), initial=0.0))
