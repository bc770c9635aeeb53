"""The picture of one run: the world, what was planned, what was considered and what was driven."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.reporting.result import RunResult
from mme_ilqr_ros.reporting.run_record import ModesMoment, RunRecord
from mme_ilqr_ros.reporting.scene import Scene, View, decision_moments, view_of
from mme_ilqr_ros.reporting.world_axes import (
    ARROW,
    CANDIDATE,
    CHOSEN,
    COMMAND,
    GOAL,
    INK,
    OBSTACLE_EDGE,
    SEEN,
    WALL,
    draw_circles,
    draw_scene,
)

WIDTH = 10.0  # [in] of the whole picture
LEFT, RIGHT = 0.65, 1.0  # [in] beside the world
TALLEST = 7.0  # [in] of the world
HEAD, GAP, PANEL, FOOT = 1.0, 0.55, 0.75, 0.5  # [in] title, spaces and command panels
OUTCOME_COLOURS = {"success": GOAL}
FOOTPRINTS = 10
FAINTEST = 0.5  # opacity of a mode without weight
LEAST_RANGE = 0.2  # [m/s] or [rad/s] that a panel of commands shows
STILL = 0.05  # [m] circles that move less have not moved
TRUE_SPEED = "#999999"
LETTERS = "ABCDE"  # one for each moment of decision
PLAIN = {"boxstyle": "circle,pad=0.12", "fc": "white", "ec": OBSTACLE_EDGE, "lw": 0.6}
BADGE: dict[str, Any] = {"boxstyle": "circle,pad=0.18", "fc": CHOSEN, "ec": "white", "lw": 0.6}
LETTER: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7, "fontweight": "bold"}


def draw_run(record: RunRecord, scene: Scene, result: RunResult, path: str | Path) -> None:
    """Write the run's picture as PNG.

    Args:
        record: The finished run, with at least one state.
        scene: The world and the task.
        result: The figures of the title.
        path: The file to write.

    Raises:
        ValueError: The record holds no state.
    """
    if not len(record.states):
        raise ValueError("nothing to draw: the record holds no state")
    moments = decision_moments(record, scene.goal, apart=max(0.7, 0.12 * record.path_length))
    view = view_of(scene, record, moments)
    figure, world, panels = _layout(view)
    draw_scene(world, scene, view)
    _draw_obstacles(world, record, moments)
    _draw_seen(world, record)
    _draw_plan(world, record)
    _draw_footprints(world, record, scene)
    _draw_moments(world, moments, record)
    _draw_drive(figure, world, record)
    _draw_commands(panels, record, moments)
    _write_title(figure, scene, result)
    _write_legend(figure, world, moments)
    FigureCanvasAgg(figure).print_png(str(path))


def _layout(view: View) -> tuple[Figure, Axes, tuple[Axes, Axes]]:
    """Return a figure whose world axes have the shape of the view, with two panels below."""
    room = WIDTH - LEFT - RIGHT
    width, height = view.size
    scale = min(room / width, TALLEST / height)
    wide, high = scale * width, scale * height
    below = FOOT + 2 * PANEL + 0.12 + GAP
    total = below + high + HEAD
    figure = Figure(figsize=(WIDTH, total), dpi=150, facecolor="white")

    def axes(left: float, bottom: float, width: float, height: float) -> Axes:
        return figure.add_axes((left / WIDTH, bottom / total, width / WIDTH, height / total))

    world = axes(LEFT + (room - wide) / 2, below, wide, high)
    turn = axes(LEFT, FOOT, room, PANEL)
    speed = axes(LEFT, FOOT + PANEL + 0.12, room, PANEL)
    return figure, world, (speed, turn)


def _draw_obstacles(axes: Axes, record: RunRecord, moments: Sequence[ModesMoment]) -> None:
    """Draw the circles where they are at the end, and the paths of the moving ones.

    Where a moving circle was at a moment of decision carries that moment's letter.
    """
    last = record.circles_at(record.states[-1, 0])
    moving = np.hypot(*last[:, 3:].T) > 0.0
    draw_circles(axes, last[~moving])
    draw_circles(axes, last[moving], opacity=0.5)
    for time in _even_times(record)[:-1]:
        draw_circles(axes, _moved(record.circles_at(time), last), opacity=0.25, fill=False)
    for letter, moment in zip(LETTERS, moments, strict=False):
        moved = _moved(record.circles_at(moment.time), last)
        draw_circles(axes, moved, opacity=0.9, fill=False)
        for x, y in moved[:, :2]:
            axes.text(
                x, y, letter, zorder=3, clip_on=True, color=OBSTACLE_EDGE, bbox=PLAIN, **LETTER
            )


def _moved(circles: NDArray[np.float64], last: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return those circles that do not lie where they lie in the end."""
    if len(circles) != len(last):
        return circles
    return circles[np.hypot(*(circles - last)[:, :2].T) > STILL]


def _draw_seen(axes: Axes, record: RunRecord) -> None:
    """Draw what a scanner made of the world, and where the last gate changed a command."""
    if not record.seen:
        return
    seen = record.seen_at(record.states[-1, 0])
    axes.plot(*seen.T, ".", color=SEEN, ms=2.0, mew=0, zorder=2.5)
    axes.plot([], [], ".", color=SEEN, ms=7.0, mew=0, label="seen to stand")
    for time in _even_times(record):
        for x, y, radius, vx, vy in record.tracks_at(time) if time >= record.seen[0][0] else ():
            axes.add_patch(Circle((x, y), radius, fill=False, ec=SEEN, lw=0.8, zorder=3))
            axes.plot([x, x + ARROW * vx], [y, y + ARROW * vy], color=SEEN, lw=0.8, zorder=3)
    if record.gated:
        places = np.array([place for _, place in record.gated])
        mark: dict[str, Any] = {"ms": 5, "mew": 1.0, "zorder": 7, "linestyle": "none"}
        axes.plot(*places.T, marker="x", color=CHOSEN, label="last gate acted", **mark)


def _draw_plan(axes: Axes, record: RunRecord) -> None:
    for _, points in record.plans[:1]:
        axes.plot(*points.T, color=INK, lw=1.1, dashes=(5, 3), zorder=3, label="global plan")


def _even_times(record: RunRecord) -> NDArray[np.float64]:
    """Return some ten evenly spaced times of the run, its start and its end among them."""
    start, duration = record.states[0, 0], record.duration
    steps = np.array([0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0])
    step = steps[min(int(np.searchsorted(steps, duration / FOOTPRINTS)), len(steps) - 1)]
    return np.append(start + np.arange(0.0, duration, step), start + duration)


def _draw_footprints(axes: Axes, record: RunRecord, scene: Scene) -> None:
    """Draw the robot's outline and heading at even times, where it moved on between them."""
    last, radius = np.full(2, np.inf), scene.robot_radius
    for time in _even_times(record):
        _, x, y, yaw, _, _ = record.state_at(time)
        if np.hypot(x - last[0], y - last[1]) < radius:
            continue
        last = np.array([x, y])
        outline = scene.outline(Pose(x, y, yaw))
        axes.add_patch(Polygon(outline, fill=False, ec=INK, lw=0.7, alpha=0.6, zorder=5))
        tip = x + radius * np.cos(yaw), y + radius * np.sin(yaw)
        axes.plot([x, tip[0]], [y, tip[1]], color=INK, lw=0.7, alpha=0.6, zorder=5)


def _draw_moments(axes: Axes, moments: Sequence[ModesMoment], record: RunRecord) -> None:
    """Draw candidates thin and by weight, the chosen one thick, and a letter at the robot."""
    for letter, moment in zip(LETTERS, moments, strict=False):
        shown = moment.alternatives
        relative = moment.weights[shown] / max(float(moment.weights.max()), 1e-12)
        opacities = FAINTEST + (1.0 - FAINTEST) * relative
        axes.add_collection(
            LineCollection(
                [moment.trajectories[n] for n in shown],
                colors=CANDIDATE,
                linewidths=1.0,
                alpha=opacities,
                zorder=4,
            )
        )
        axes.plot(
            *moment.trajectories[moment.chosen].T, color=CHOSEN, lw=7.0, alpha=0.55, zorder=4.5
        )
        x, y = record.state_at(moment.time)[1:3]
        axes.text(x, y, letter, zorder=9, clip_on=True, color="white", bbox=BADGE, **LETTER)


def _draw_drive(figure: Figure, axes: Axes, record: RunRecord) -> None:
    """Draw the driven path coloured by speed, with a colour bar."""
    states = record.states
    points = states[:, 1:3]
    segments = np.stack([points[:-1], points[1:]], axis=1)
    speeds = np.abs(states[:-1, 4])
    lines = LineCollection(
        list(segments),
        cmap=_speed_colours(),
        norm=Normalize(0.0, max(0.1, float(np.max(speeds, initial=0.0)))),
        linewidths=2.4,
        capstyle="round",
        zorder=6,
        path_effects=[Stroke(linewidth=3.4, foreground="white"), Normal()],
    )
    lines.set_array(speeds)
    axes.add_collection(lines)
    box = axes.get_position()
    bar = figure.add_axes((box.x1 + 0.12 / WIDTH, box.y0, 0.13 / WIDTH, box.height))
    figure.colorbar(lines, cax=bar)
    bar.set_ylabel("speed [m/s]", fontsize=8)
    bar.tick_params(labelsize=8)


def _speed_colours() -> LinearSegmentedColormap:
    """Return light to dark blue: no hue that the plans, the goal or the obstacles have."""
    return LinearSegmentedColormap.from_list("speed", ["#a6dcf5", "#3aa0dd", "#1f4e9c", "#08173a"])


def _draw_commands(
    panels: tuple[Axes, Axes], record: RunRecord, moments: Sequence[ModesMoment]
) -> None:
    """Draw commanded and true speeds over time, with the moments' letters."""
    states, commands = record.states, record.commands
    labels = ("v [m/s]", "ω [rad/s]")
    for axes, label, column in zip(panels, labels, (1, 2), strict=True):
        axes.plot(states[:, 0], states[:, 3 + column], color=TRUE_SPEED, lw=1.6, label="measured")
        axes.step(
            commands[:, 0],
            commands[:, column],
            where="post",
            color=COMMAND,
            lw=1.0,
            label="commanded",
        )
        axes.axhline(0.0, color=WALL, lw=0.5, zorder=0)
        axes.set_ylabel(label, fontsize=8)
        axes.tick_params(labelsize=8)
        axes.set_xlim(states[0, 0], max(states[-1, 0], states[0, 0] + 0.1))
        axes.margins(y=0.12)
        low, high = axes.get_ylim()
        if high - low < LEAST_RANGE:  # noise about a speed is no story
            middle = 0.5 * (low + high)
            axes.set_ylim(middle - 0.5 * LEAST_RANGE, middle + 0.5 * LEAST_RANGE)
        axes.spines[["top", "right"]].set_visible(False)
        for moment in moments:
            axes.axvline(moment.time, color=CHOSEN, lw=0.8, alpha=0.6, zorder=0)
    speed, turn = panels
    speed.tick_params(labelbottom=False)
    turn.set_xlabel("time [s]", fontsize=8)
    speed.legend(
        fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.1), handlelength=1.2
    )
    for letter, moment in zip(LETTERS, moments, strict=False):
        height = speed.get_xaxis_transform()
        speed.text(
            moment.time,
            1.1,
            letter,
            transform=height,
            zorder=9,
            color="white",
            bbox=BADGE,
            **LETTER,
        )


def _write_title(figure: Figure, scene: Scene, result: RunResult) -> None:
    inch = 1.0 / figure.get_figheight()
    left = LEFT / WIDTH
    colour = OUTCOME_COLOURS.get(result.outcome.value, CHOSEN)
    name = figure.text(left, 1 - 0.34 * inch, scene.name, fontsize=15, weight="bold", color=INK)
    figure.canvas = FigureCanvasAgg(figure)
    end = name.get_window_extent().x1 / figure.bbox.width
    figure.text(
        end + 0.012, 1 - 0.34 * inch, result.outcome.value, fontsize=15, weight="bold", color=colour
    )
    facts = "   ·   ".join(result.facts())
    figure.text(left, 1 - 0.6 * inch, facts, fontsize=9.5, color=INK)
    right = 1 - RIGHT / WIDTH
    figure.text(right, 1 - 0.34 * inch, scene.setup, fontsize=9.5, color=WALL, ha="right")


def _write_legend(figure: Figure, axes: Axes, moments: Sequence[ModesMoment]) -> None:
    handles, labels = axes.get_legend_handles_labels()
    handles.append(Line2D([], [], color=_speed_colours()(0.7), lw=2.4))
    labels.append("driven")
    if moments:
        handles.append(Line2D([], [], color=CHOSEN, lw=7.0, alpha=0.55))
        labels.append("executed plan")
    if any(len(moment.trajectories) > 1 for moment in moments):
        handles.append(Line2D([], [], color=CANDIDATE, lw=1.0))
        labels.append("other plans")
    top = 1 - 0.66 / figure.get_figheight()
    figure.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=((LEFT - 0.1) / WIDTH, top),
        ncols=len(labels),
        fontsize=8,
        frameon=False,
        handlelength=2.2,
        columnspacing=1.6,
    )
