"""How fast a robot drives beside things: speed against clearance, all moments of many runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mme_ilqr_ros.reporting.result import NEAR
from mme_ilqr_ros.reporting.run_record import Floats
from mme_ilqr_ros.reporting.world_axes import INK, OBSTACLE

FAR = 1.0  # [m] of clearance shown
BIN = 0.05  # [m] of clearance over which a median is taken
FEWEST = 10  # moments of which a median is worth a point
MOST_DOTS = 20_000


def draw_speeds(near: Mapping[str, Sequence[Floats]], path: str | Path) -> None:
    """Write the picture as PNG: a dot per moment, and medians for each kind of world.

    Args:
        near: By kind of world, for each run [N, 2] clearance [m] and fraction of full speed.
        path: The file to write.
    """
    moments = {kind: np.vstack([np.empty((0, 2)), *runs]) for kind, runs in near.items()}
    everything = np.vstack(list(moments.values()))
    figure = Figure(figsize=(8.0, 4.5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    near_label = f"{100 * NEAR[0]:.0f} to {100 * NEAR[1]:.0f} cm"
    axes.axvspan(*NEAR, color=OBSTACLE, alpha=0.35, lw=0, label=near_label)
    dots = everything[:: len(everything) // MOST_DOTS + 1]
    axes.plot(*dots.T, ".", color=INK, ms=3, alpha=0.12, mew=0)
    axes.plot([], [], ".", color=INK, ms=4, alpha=0.5, mew=0, label="a moment of a run")
    for kind, line in moments.items():
        axes.plot(*medians(line).T, "o-", ms=3, lw=1, label=kind)
    if len(moments) > 1:
        axes.plot(*medians(everything).T, "-", color=INK, lw=2.5, label="all worlds")
    axes.set(xlim=(0.0, FAR), ylim=(0.0, 1.05))
    axes.set_xlabel("clearance from the robot's edge to the nearest thing [m]")
    axes.set_ylabel("speed, part of full speed (medians)")
    axes.legend(fontsize=8, ncols=2, loc="lower right")
    figure.savefig(path)


def medians(moments: Floats) -> Floats:
    """Return [K, 2] the middle of each bin of clearance [m] and the median speed in it."""
    bins = np.floor(moments[:, 0] / BIN)
    kept = [b for b in range(int(FAR / BIN)) if np.sum(bins == b) >= FEWEST]
    rows = [((b + 0.5) * BIN, np.median(moments[bins == b, 1])) for b in kept]
    return np.array(rows, dtype=float).reshape(-1, 2)
