"""What learning time from a robot's own runs leaves behind: weights, their card and a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mme_ilqr_ros.habits.pace import UNSEEN_ERROR, held_out_seconds, learn_time
from mme_ilqr_ros.planning.habits import Habits
from mme_ilqr_ros.planning.pace import Pace
from mme_ilqr_ros.training.drives_pictures import draw_cost
from mme_ilqr_ros.training.drives_report import MOST_LINES, Learned, sources

_FOLDS = 5
_PLACES = 5  # that are named
_CARD = """# {name}

Seconds per metre by place and hour, learned from the robot's own runs: kind `habits`.

    {command}

{lines}

- Settings: `{settings}`
- SHA-256: `{digest}`

![learned cost, all day, and runs](cost.png)

Set the planner's parameter `weights` to {weights}. The node takes the hour of its clock (UTC); a
simulated one that starts at 0 shows no hour, and the planner goes by all day. What the robot does
not drive any more it does not learn anew: a place that was slow stays so in the file.
"""


def write_time_report(folder: Path, command: str, learned: Learned, waits: float) -> list[str]:
    """Learn the pace; write weights, card and picture into a folder; return lines to print.

    Args:
        folder: To write into, made if it is missing; its name is that of the weights.
        command: The command line.
        learned: What to learn from.
        waits: [s] of standing from which a run was taken to be over.

    Raises:
        DriveError: No run tells how long it took.
    """
    grid, drives, settings = learned.grid, learned.drives, learned.settings
    habits = learn_time(grid, drives, settings)
    held_out = held_out_seconds(grid, drives, settings, _FOLDS)
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / f"{folder.resolve().name}.safetensors"
    digest = habits.save(weights)
    stood = f"standing for less than {waits:g} s counts as waiting on the way"
    if waits < 60.0:
        stood += "; recordings with goals in them would let longer waits count"
    lines = [*learned.tally.lines(), stood, *_told(habits, learned), _said_of(held_out)]
    card = _CARD.format(
        name=weights.name,
        command=command,
        lines="\n".join(f"- {line}" for line in [*sources(learned), *lines]),
        settings=settings,
        digest=digest,
        weights=weights.resolve(),
    )
    file = weights.with_suffix(".md")
    file.write_text(card, encoding="utf-8")
    draw_cost(folder / "cost.png", grid, drives, learned.planner, weights, {})
    return [*sources(learned)[:MOST_LINES], *lines, f"wrote {weights} and its card {file}"]


def _told(habits: Habits, learned: Learned) -> list[str]:
    """Return a line for the usual pace and one for each of the slowest places."""
    pace = habits.pace
    assert pace is not None, "there were drives"
    usual = ", ".join(f"{value:.2f}" for value in pace.usual)
    hours = "by hour" if len(pace.by_hour) else "all day: the stamps show no hour"
    lines = [f"usual seconds per metre, from walls to open floor: {usual}; {hours}"]
    worst = np.maximum(pace.all_day, pace.by_hour.max(axis=0, initial=0.0))
    worst = np.where(pace.error < UNSEEN_ERROR, worst, 0.0)
    for flat in np.argsort(-worst, axis=None, kind="stable")[:_PLACES]:
        row, column = np.unravel_index(flat, worst.shape)
        if worst[row, column] > 0.1:
            lines.append(_place(pace, int(row), int(column), learned))
    return lines


def _place(pace: Pace, row: int, column: int, learned: Learned) -> str:
    """Return what was learned of one block."""
    local = (np.array([column, row]) + 0.5) * pace.block
    x, y = learned.grid.origin.transform(local)
    ratio = np.exp(pace.all_day[row, column])
    text = f"({x:.1f}, {y:.1f}): {ratio:.1f} ± {ratio * pace.error[row, column]:.1f} times as long"
    if not len(pace.by_hour):
        return text
    hour = int(np.argmax(pace.by_hour[:, row, column]))
    most = np.exp(pace.by_hour[hour, row, column])
    return f"{text}, {most:.1f} times between {hour} and {hour + 1} h UTC"


def _said_of(seconds: np.ndarray) -> str:
    """Return how well the times of held-out runs, [N, 4] as of `held_out_seconds`, are predicted.

    Squares are compared, as they are least for the mean, which is what a planner needs.
    """
    n = len(seconds)
    if n < 2:
        return "too few runs to hold any out: nothing can be said of unseen runs yet"
    squares = (seconds[:, 1:] - seconds[:, :1]) ** 2
    usual, all_day, by_hour = np.sqrt(squares.mean(axis=0))
    gains = squares[:, 0] - squares[:, 2]
    better = "better than" if gains.mean() > 2.0 * gains.std() / np.sqrt(n) else "no surer than"
    return (
        f"{n} held-out runs of {seconds[:, 0].mean():.1f} s: times predicted with an error (root"
        f" mean square) of {usual:.1f} s by the usual pace, {all_day:.1f} s by that of all day,"
        f" {by_hour:.1f} s by that of the hour, {better} by the usual one"
    )
