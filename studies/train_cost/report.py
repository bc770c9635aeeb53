"""From measured steps to rows, a table, the crossover and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros.reporting import rows as files
from studies.train_cost.step import STRUCTURED, StepCost

MEGABYTE = 1e6
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222")
COLUMNS = {
    "model": "{model}",
    "size": "{size}",
    "K": "{iterations}",
    "forward ms": "{forward_ms:.1f}",
    "backward ms": "{backward_ms:.1f}",
    "step ms": "{step_ms:.1f}",
    "peak MB": "{peak_mb:.0f}",
    "adjoint iterations": "{adjoint_iterations}",
    "its residual": "{adjoint_residual:.0e}",
}
OF_ONE = {"vin": "id_vin", "gppn": "id_gppn", "symvin": "id_symvin"}
"""The implicit twin of an explicit planner: the same model with another adjoint."""


def row(cost: StepCost) -> dict[str, Any]:
    """Return a step's figures for summary.json."""
    case = cost.case
    return {
        "model": case.model,
        "size": case.size,
        "iterations": None if case.model == STRUCTURED else case.iterations,
        "batch": case.batch,
        "step_ms": round(cost.step_ms, 3),
        "forward_ms": round(1e3 * min(cost.forward), 3),
        "backward_ms": round(1e3 * min(cost.backward), 3),
        "peak_mb": None if cost.peak is None else round(cost.peak / MEGABYTE, 2),
        "adjoint_iterations": cost.adjoint_iterations,
        "adjoint_residual": cost.adjoint_residual,
    }


def crossovers(costs: Sequence[StepCost]) -> dict[str, dict[str, float | None]]:
    """Return from how many iterations on the implicit twin's step is the faster, by pair and size.

    Between two measured K the times are taken as straight lines; None where it is at no K that was
    measured, and the smallest K where it is at all of them.
    """
    result: dict[str, dict[str, float | None]] = {}
    for explicit, implicit in OF_ONE.items():
        for size in sorted({c.case.size for c in costs}):
            times = [_times(costs, name, size) for name in (explicit, implicit)]
            if not all(times):
                continue
            k = sorted(times[0].keys() & times[1].keys())
            gain = np.array([times[0][n] - times[1][n] for n in k])
            pair = result.setdefault(f"{explicit} and {implicit}", {})
            pair[str(size)] = _first_gain(np.array(k, dtype=float), gain)
    return result


def _first_gain(k: np.ndarray, gain: np.ndarray) -> float | None:
    """Return where the gain becomes positive and stays so."""
    if len(k) == 0 or gain[-1] <= 0.0:
        return None
    losing = np.flatnonzero(gain <= 0.0)
    if len(losing) == 0:
        return float(k[0])
    last = losing[-1]
    fraction = -gain[last] / (gain[last + 1] - gain[last])
    return round(float(k[last] + fraction * (k[last + 1] - k[last])), 1)


def _times(costs: Sequence[StepCost], model: str, size: int) -> dict[int, float]:
    chosen = [c for c in costs if c.case.model == model and c.case.size == size]
    return {c.case.iterations: c.step_ms for c in chosen}


def table(costs: Sequence[StepCost]) -> str:
    """Return a Markdown table: a row per step, and a line per crossover."""
    rows = []
    for cost in costs:
        r = row(cost)
        rows.append({**r, "iterations": r["iterations"] or "exact"})
    lines = [files.table(rows, COLUMNS)]
    for pair, by_size in crossovers(costs).items():
        for size, k in by_size.items():
            text = "at no K measured" if k is None else f"from K = {k:g} on"
            lines.append(f"\n{pair}, {size} x {size}: the implicit step is the faster {text}")
    return "\n".join(lines)


def draw(costs: Sequence[StepCost], path: Path) -> None:
    """Write a picture: time and peak memory of a step against K, a column for each size."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sizes = sorted({c.case.size for c in costs})
    models = list(dict.fromkeys(c.case.model for c in costs))
    figure = Figure(figsize=(3.6 * len(sizes) + 0.6, 6.0))
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, len(sizes), squeeze=False)
    quantities = (("time of a step [ms]", "step_ms"), ("peak memory of a step [MB]", "peak_mb"))
    for line, (label, key) in enumerate(quantities):
        for column, size in enumerate(sizes):
            ax = axes[line, column]
            for model, colour in zip(models, COLOURS, strict=False):
                rows = [row(c) for c in costs if (c.case.model, c.case.size) == (model, size)]
                rows = [r for r in rows if r[key] is not None]
                if model == STRUCTURED and rows:
                    ax.axhline(rows[0][key], color=colour, ls=":", label="structured, exact")
                elif rows:
                    style = "o-" if model in OF_ONE else "s--"
                    x, y = ([r[name] for r in rows] for name in ("iterations", key))
                    ax.plot(x, y, style, color=colour, ms=4, label=model)
            ax.set(xlabel="iterations K", xscale="log", yscale="log")
            ax.set_title(f"{size} x {size}", fontsize=10)
            ax.grid(alpha=0.3, which="both")
        axes[line, 0].set_ylabel(label)
    axes[0, 0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
