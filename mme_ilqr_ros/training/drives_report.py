"""What learning from drives leaves behind: weights, their card, a report with pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.habits.advice import advice
from mme_ilqr_ros.habits.drive import Drive
from mme_ilqr_ros.habits.explain import NEAR
from mme_ilqr_ros.habits.learn import Explained, Validation
from mme_ilqr_ros.habits.settings import HabitSettings
from mme_ilqr_ros.habits.tally import Tally
from mme_ilqr_ros.habits.track import Track
from mme_ilqr_ros.planning.habits import Habits
from mme_ilqr_ros.planning.settings import PlannerSettings
from mme_ilqr_ros.training.drives_pictures import draw_cost, draw_held_out, draw_uncertainty


@dataclass(frozen=True, eq=False)
class Learned:
    """What habits were learned from.

    Attributes:
        grid: The map.
        tracks: The recordings.
        drives: Cut from them.
        tally: What became of the recordings.
        refused: Recordings that cannot be used, a line each.
        planner: The planner that the weights are for.
        settings: Of the learning.
        layers: [H, W] in [0, 1] by name.
    """

    grid: GridMap
    tracks: Sequence[Track]
    drives: Sequence[Drive]
    tally: Tally
    refused: Sequence[str]
    planner: PlannerSettings
    settings: HabitSettings
    layers: Mapping[str, np.ndarray]


MOST_LINES = 12  # of recordings that are printed

_REPORT = """# What was learned from {n} drives on {map}

    {command}

{tally}

{sources}

## Is it better?

Each drive is held out once, while the planner learns from the others ({folds} parts). Missed: the
fraction of the drive further than {near:g} m from the plan between its ends. Regret: by how much
the drive costs more than that plan, under each planner's own cost; it also grows with the costs,
right or wrong, so the first column decides. Lower is better; after ± the standard error.

{table}

{verdict}

![what is missed of each drive](held_out.png)

## What was learned

{terms}

![learned cost and drives](cost.png)

## Where it is not sure

![uncertainty](uncertainty.png)

{advice}

## To use it

    planner:
      ros__parameters:
        weights: {weights}

The costs of places hold for this map; the others carry over. {layers}Without the weights the
planner is as it was.
"""
_CARD = """# {name}

Habits learned from drives: kind `habits`. Report with pictures: [report.md](report.md).

- Command: `{command}`
- Map: {map}, {cells}
- Drives: {n}, {metres:.0f} m
- Layers: {layers}
- Settings: `{settings}`
- CPU time of the learning: {seconds:.1f} s
- SHA-256: `{digest}`

{table}
"""


def write_report(
    folder: Path,
    command: str,
    map_file: Path,
    learned: Learned,
    habits: Habits,
    validation: Validation,
    seconds: float,
) -> list[str]:
    """Write weights, card, report and pictures into a folder; return lines to print.

    Args:
        folder: To write into, made if it is missing; its name is that of the weights.
        command: The command line.
        map_file: Of the map.
        learned: What was learned from.
        habits: What was learned.
        validation: How well held-out drives are explained.
        seconds: CPU time of the learning.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / f"{folder.resolve().name}.safetensors"
    digest = habits.save(weights)
    grid, rows, verdict = learned.grid, table(validation), said_of(validation)
    known = {"command": command, "map": map_file.name, "n": len(learned.drives), "table": rows}
    card = _CARD.format(
        **known,
        name=weights.name,
        cells=f"{grid.width} x {grid.height} cells of {grid.resolution:g} m",
        metres=learned.tally.used,
        layers=", ".join(learned.layers) or "none",
        settings=learned.settings,
        seconds=seconds,
        digest=digest,
    )
    weights.with_suffix(".md").write_text(card, encoding="utf-8")
    hints = advice(grid, habits, learned.settings)
    draw_cost(folder / "cost.png", grid, learned.drives, learned.planner, weights, learned.layers)
    places = [hint.point for hint in hints]
    draw_uncertainty(folder / "uncertainty.png", grid, learned.drives, habits, places)
    draw_held_out(folder / "held_out.png", validation)
    report = _REPORT.format(
        **known,
        tally=_list(learned.tally.lines()),
        sources=_list(sources(learned)),
        folds=validation.folds,
        near=NEAR,
        verdict=verdict,
        terms=_list(terms(habits)),
        advice="\n".join(f"{number}. {hint}" for number, hint in enumerate(hints, start=1))
        or "Every place of much traffic is known well enough.",
        weights=weights.resolve(),
        layers=_told_of(learned.layers),
    )
    (folder / "report.md").write_text(report, encoding="utf-8")
    told = sources(learned)
    if len(told) > MOST_LINES:
        told = [*told[:MOST_LINES], f"... {len(told) - MOST_LINES} more lines in report.md"]
    hint = [f"hint: {hints[0]}"] if hints else []
    wrote = f"wrote {weights}, its card, and {folder / 'report.md'}"
    return [*told, *learned.tally.lines(), rows, verdict, *hint, wrote]


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def sources(learned: Learned) -> list[str]:
    """Return a line for each recording, what was taken from it or why it was not, and the robot."""
    lines = [
        "; ".join([f"{track.source}: {track.made_of}, {len(track.points)} positions", *track.notes])
        for track in learned.tracks
    ]
    least = f"for a robot that keeps {learned.settings.least_distance:.2f} m from what stands"
    return [*lines, *(f"not used: {line}" for line in learned.refused), least]


def table(validation: Validation) -> str:
    """Return how well held-out drives are explained as a table."""
    columns = np.asarray(validation.missed).reshape(-1, 3).T
    rows = [
        f"| {name} | {_percent(Explained.of(column))} | {_percent(explained)} |"
        for name, column, explained in zip(
            ("shipped weights", "Dijkstra", "learned"),
            columns,
            (validation.shipped, validation.dijkstra, validation.learned),
            strict=True,
        )
    ]
    return "\n".join(["| held-out drives | missed % | regret % |", "| --- | --- | --- |", *rows])


def said_of(validation: Validation) -> str:
    """Return in a sentence whether held-out drives are explained better."""
    gain = validation.gain
    if validation.folds < 2:
        return "Too few drives to hold any out: nothing can be said of unseen drives yet."
    if gain.regret > 2.0 * gain.error:
        how = "Unseen drives are explained better than by the shipped weights"
    elif gain.regret < -2.0 * gain.error:
        how = "Unseen drives are explained worse than by the shipped weights: do not use these"
    else:
        how = "No difference to the shipped weights can be told from so few drives"
    more = "less" if gain.regret >= 0.0 else "more"
    missed = _percent(Explained(abs(gain.regret), gain.error))
    return f"{how}: the plans miss {missed} % {more} of a drive."


def terms(habits: Habits) -> list[str]:
    """Return a line for each kind of cost that was learned."""
    most = float(np.exp(habits.places.max(initial=0.0)))
    lines = [
        f"places: up to {most:.1f} times the cost" if most > 1.05 else "places: none costs more"
    ]
    for name, knots in habits.features.items():
        low, high = float(np.exp(knots.min())), float(np.exp(knots.max()))
        lines.append(
            f"{name}: cost times {low:.2f} to {high:.2f}"
            if high - low > 0.05
            else f"{name}: no cost of its own"
        )
    lines.append(
        f"sides of a corridor: cost times {np.exp(habits.sides[0]):.2f} at the wall on the right,"
        f" {np.exp(habits.sides[-1]):.2f} at the wall on the left"
        if habits.sides.any()
        else "sides of a corridor: no habit"
    )
    against = np.exp(habits.directions.max()) if habits.directions.size else 1.0
    lines.append(
        f"one-way: up to {against:.1f} times the cost against the usual direction"
        if against > 1.05
        else "one-way: no habit"
    )
    return lines


def _percent(explained: Explained) -> str:
    return f"{100.0 * explained.regret:.1f} ± {100.0 * explained.error:.1f}"


def _told_of(layers: Mapping[str, np.ndarray]) -> str:
    if not layers:
        return ""
    names = ", ".join(f"`{name}`" for name in layers)
    return f"The planner needs the layers {names} as OccupancyGrid topics of these names. "
