"""The table: regret of every planner on every set of unseen maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mme_ilqr_ros.reporting.rows import table
from mme_ilqr_ros.training.tasks.demonstrations import CostOf, MapSet, measure
from studies.compare.cloning import CloningNetwork, cloned_regrets

RegretCell = dict[str, float | None]
Entrant = CostOf | CloningNetwork


def scores(
    entrants: Mapping[str, Entrant], tests: Mapping[str, MapSet], on_done: Callable[[], None]
) -> dict[str, dict[str, RegretCell]]:
    """Return median, 95th percentile and success by entrant and set of maps."""
    rows: dict[str, dict[str, RegretCell]] = {}
    for name, entrant in entrants.items():
        rows[name] = {}
        for test, maps in tests.items():
            rows[name][test] = _score(entrant, maps)
            on_done()
    return rows


def _score(entrant: Entrant, maps: MapSet) -> RegretCell:
    if not isinstance(entrant, CloningNetwork):
        score = measure(entrant, maps)
        return {"median": score.median, "p95": score.p95, "success": 1.0}
    regrets = np.concatenate([cloned_regrets(entrant, maps, k) for k in range(len(maps))])
    arrived = np.isfinite(regrets)
    if not arrived.any():
        return {"median": None, "p95": None, "success": 0.0}
    median, p95 = np.percentile(regrets[arrived], (50, 95))
    return {"median": float(median), "p95": float(p95), "success": float(arrived.mean())}


def markdown(rows: Mapping[str, Mapping[str, RegretCell]]) -> str:
    """Return the rows as a table of `median (p95)`; success where it is not all."""
    tests = list(next(iter(rows.values())))
    texts = [
        {"name": name, "on": {f"_{t}": _text(row[t]) for t in tests}} for name, row in rows.items()
    ]
    columns = {"regret %": "{name}"} | {t: f"{{on[_{t}]}}" for t in tests}
    return table(texts, columns) + "\n"


def _text(cell: RegretCell) -> str:
    if cell["median"] is None or cell["p95"] is None:
        return "-, arrives 0%"
    text = f"{cell['median']:.2g} ({cell['p95']:.2g})"
    if cell["median"] >= 100.0 or cell["p95"] >= 100.0:
        text = f"{cell['median']:.0f} ({cell['p95']:.0f})"
    return text if cell["success"] == 1.0 else f"{text}, arrives {cell['success']:.0%}"
