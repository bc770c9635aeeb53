"""A building with crowds by hour in a picture: pace learned, and one query's plan, at two hours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.lines import Line2D

from mme_ilqr_ros.habits.explain import cost_on
from mme_ilqr_ros.habits.fit import Walk
from mme_ilqr_ros.habits.pace import learn_time
from mme_ilqr_ros.planning.habits import Habits
from mme_ilqr_ros.planning.metric_path import taut_line
from mme_ilqr_ros.reporting.world_axes import GOAL, INK, LEARNED
from studies.own_drives.hours import OPEN, Building, building
from studies.own_drives.owners import SETTINGS, found, planner_on

_SHIPPED, _LEARNED, _CROWD = INK, LEARNED, "#5b2a86"


def draw(seed: int, n_runs: int, file: Path) -> None:
    """Draw a building after so many runs led by shipped plans."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    place, rng = building(seed), np.random.default_rng(seed + 1000)
    ground = place.ground
    runs = [place.run(ground.cost, int(hour), rng) for hour in rng.choice(OPEN, n_runs)]
    habits = learn_time(ground.grid, runs, SETTINGS)
    query, hours = _telling(place, habits)
    figure, axes = plt.subplots(2, 1, figsize=(8, 9), layout="constrained")
    for panel, hour in zip(axes, hours, strict=True):
        usual = np.where(ground.free, ground.cost, 1.0)
        factor = cost_on(habits, ground, hour) / usual
        image = panel.imshow(
            np.where(ground.free, factor, np.nan), origin="lower", cmap="YlOrBr", vmin=1.0, vmax=5.0
        )
        panel.contourf(~ground.free, levels=[0.5, 1.5], colors="#777777")
        for crowd in place.crowds:
            if hour in crowd.hours:
                panel.contour(crowd.inside, levels=[0.5], colors=_CROWD, linewidths=1.5)
        expected: list[str] = []
        plans = (ground.cost, _SHIPPED, "shipped", "--"), (None, _LEARNED, "learned", "-")
        for cost, colour, name, style in plans:
            cost = cost_on(habits, ground, hour) if cost is None else cost
            walk = found(planner_on(ground).walk(cost, *query))
            expected.append(f"{name} {place.seconds(walk, hour):.0f} s")
            line = taut_line(walk + 0.5, np.where(ground.free, cost, np.inf), apart=True) - 0.5
            panel.plot(line[:, 1], line[:, 0], style, color=colour, lw=2.0, label=f"plan, {name}")
        panel.plot(query[1][1], query[1][0], "*", color=GOAL, mec="white", ms=14, label="goal")
        panel.set(
            title=f"{hour} to {hour + 1} h UTC: {', '.join(expected)} expected",
            xticks=[],
            yticks=[],
        )
    handles, names = axes[0].get_legend_handles_labels()
    handles.append(Line2D([], [], color=_CROWD, lw=1.5))
    figure.legend(handles, [*names, "a crowd"], loc="outside lower center", ncols=4, frameon=False)
    figure.colorbar(image, ax=axes, label="pace learned: times the usual", shrink=0.5)
    figure.savefig(file, dpi=100)
    plt.close(figure)


def _telling(
    place: Building, habits: Habits
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[int, int]]:
    """Return the query that gains most, and two hours: of the gain, and of the usual plan."""
    ground = place.ground

    def planned(query: int, hour: int | None) -> Walk:
        cost = ground.cost if hour is None else cost_on(habits, ground, hour)
        return found(planner_on(ground).walk(cost, *place.queries[query][:2]))

    gains = [
        place.seconds(planned(k, None), hour) - place.seconds(planned(k, hour), hour)
        for k, (_, _, hour) in enumerate(place.queries)
    ]
    best = int(np.argmax(gains))
    start, goal, hour = place.queries[best]
    usual = planned(best, None)
    quiet = min(OPEN, key=lambda at: place.seconds(usual, at))
    return (start, goal), (hour, quiet)
