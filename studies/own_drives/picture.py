"""One owner in a picture: the drives, what was learned of places, and plans before and after."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mme_ilqr_ros.habits.explain import cost_on
from mme_ilqr_ros.habits.on_ground import learn_on, usable
from mme_ilqr_ros.planning.habits import Habits
from mme_ilqr_ros.planning.metric_path import taut_line
from mme_ilqr_ros.reporting.world_axes import COMMAND, LEARNED, PLAN
from studies.own_drives.owners import SETTINGS, Owner, dislikes, owner_of, spent

_DRIVEN, _BEFORE, _AFTER = COMMAND, PLAN, LEARNED
_SHOWN = 3  # queries


def draw(path: Path, seed: int, n_drives: int, file: Path) -> None:
    """Draw an owner of `places` on a map, from so many drives."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    owner = owner_of(path, seed, n_drives, 60, dislikes)
    walks = usable(owner.drives, owner.ground)
    habits = learn_on(owner.ground, walks, SETTINGS)
    figure, (left, right) = plt.subplots(2, 1, figsize=(8, 8.6), layout="constrained")
    hidden = owner.true > 1.01 * np.where(owner.ground.free, owner.ground.cost, np.inf)
    _ground(left, owner, np.where(hidden, 1.0, 0.0), "Purples")
    for walk in walks:
        left.plot(walk[:, 1], walk[:, 0], color=_DRIVEN, lw=0.8)
    left.set_title(f"{path.stem}: {n_drives} drives, and the places disliked, which no map shows")
    image = _ground(right, owner, _factor(owner, habits), "YlOrBr", 1.0)
    figure.colorbar(image, ax=right, label="cost learned: times today's", shrink=0.8)
    _plans(right, owner, habits)
    right.set_title("learned; the plans that changed most, before and after")
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _factor(owner: Owner, habits: Habits) -> np.ndarray:
    """Return the cost of cells with habits over today's [H, W]."""
    cost = cost_on(habits, owner.ground)
    free = owner.ground.free
    return np.where(free, cost / np.where(free, owner.ground.cost, 1.0), 1.0)


def _ground(axes, owner: Owner, values: np.ndarray, colours: str, low: float = 0.0):
    image = axes.imshow(
        np.where(owner.ground.free, values, np.nan), origin="lower", cmap=colours, vmin=low
    )
    axes.contourf(owner.ground.occupied, levels=[0.5, 1.5], colors="#555555")
    axes.set_xticks([])
    axes.set_yticks([])
    return image


def _plans(axes, owner: Owner, habits: Habits) -> None:
    costs = owner.ground.cost, cost_on(habits, owner.ground)
    before, after = (owner.plans(cost) for cost in costs)
    gains = [
        spent(old, owner.true) - spent(new, owner.true)
        for old, new in zip(before, after, strict=True)
    ]
    for rank, k in enumerate(np.argsort(gains)[::-1][:_SHOWN]):
        for cells, cost, colour, name in (
            (before[k], costs[0], _BEFORE, "plan, shipped"),
            (after[k], costs[1], _AFTER, "plan, learned"),
        ):
            closed = np.where(owner.ground.free, cost, np.inf)
            line = taut_line(cells + 0.5, closed, apart=True) - 0.5
            label = name if rank == 0 else None
            style = {"ls": (0, (4, 2))} if colour == _BEFORE else {}
            axes.plot(line[:, 1], line[:, 0], color=colour, lw=2.0, label=label, **style)
    axes.legend(loc="lower right", framealpha=1.0)
