"""The pictures of docs/tuning.md: a symptom, and the same drive with one parameter changed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from mme_ilqr_ros.benchmark.drive import Trial, drive
from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.command_line import names
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.parameters.files import Parameters
from mme_ilqr_ros.reporting.rows import table
from mme_ilqr_ros.reporting.scene import View
from mme_ilqr_ros.reporting.world_axes import COMMAND, INK, OBSTACLE_EDGE, draw_circles, draw_scene
from mme_ilqr_ros.settings import flatten
from mme_ilqr_ros.simulation.scenario import Scenario, scenario_of
from mme_ilqr_ros.simulation.world_file import Keys
from studies.tuning_symptoms import ROBOT, SHIPPED, SYMPTOMS, Change, Symptom

ABOUT = "Drive each symptom of docs/tuning.md as shipped and with one parameter changed; draw both."
EXAMPLES = """\
examples:
  python -m studies tuning_pictures --out docs/images     the pictures of docs/tuning.md
  python -m studies tuning_pictures --only gap,slow --out out/tuning
"""
SEED = 0
TIMEOUT = 40.0  # [s] of a drive
WIDTH, SPEEDS, HEAD, FOOT = 3.3, 0.9, 0.95, 0.5  # [in] a panel; speed over time; titles; axis
MARGIN = 0.45  # [m] round what was driven
COLUMNS = {
    "symptom": "{symptom}",
    "changed": "{changed}",
    "outcome": "{outcome}",
    "time s": "{duration:.1f}",
    "driven m": "{driven:.2f}",
    "clearance m": "{clearance:.2f}",
    "slowest m/s": "{slowest:.2f}",
    "way changes": "{way_changes}",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add = parser.add_argument
    known = ", ".join(symptom.name for symptom in SYMPTOMS)
    add("--only", default="", metavar="a,b,c", help=f"of {known}")
    add("--out", type=Path, default=Path("out", "tuning"), metavar="DIR")


def run(options: argparse.Namespace, _: str) -> str:
    """Drive and draw; return the table.

    Raises:
        InputError: There is no such symptom.
    """
    wanted = names(options.only) or [symptom.name for symptom in SYMPTOMS]
    if unknown := set(wanted) - {symptom.name for symptom in SYMPTOMS}:
        raise InputError(f"--only: no symptom {', '.join(sorted(unknown))}")
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for symptom in SYMPTOMS:
        if symptom.name in wanted:
            sys.stderr.write(f"{symptom.name}\n")
            trials = [driven(symptom, change) for change in symptom.changes]
            draw(symptom, trials, options.out / f"tuning_{symptom.name}.png")
            rows += [
                _row(symptom, change, trial)
                for change, trial in zip(symptom.changes, trials, strict=True)
            ]
    return table(rows, COLUMNS)


def driven(symptom: Symptom, change: Change) -> Trial:
    """Return the drive of a symptom's world with one parameter of the controller changed.

    `clearance_margin` is the planner's too.
    """
    controller = dict([change]) if change != SHIPPED else {}
    planner = {name: value for name, value in controller.items() if name == "clearance_margin"}
    parameters = Parameters(controller, planner, symptom.plant)
    return drive(world(symptom), Setup(planner=symptom.planner, parameters=parameters), seed=SEED)


def world(symptom: Symptom) -> Scenario:
    """Return the world of a symptom."""
    values = {"name": symptom.name, "robot": ROBOT, "timeout": TIMEOUT, **symptom.world}
    return scenario_of(Keys(values, "studies/tuning_symptoms.py", symptom.name), Path())


def _row(symptom: Symptom, change: Change, trial: Trial) -> dict[str, object]:
    record = trial.record
    return {
        "symptom": symptom.name,
        "changed": _words(symptom, change),
        "outcome": trial.result.outcome.value,
        "duration": record.duration,
        "driven": record.path_length,
        "clearance": record.min_clearance,
        "slowest": _slowest(trial),
        "way_changes": record.way_changes,
    }


def _slowest(trial: Trial) -> float:
    """Return the lowest speed [m/s] from a second after the start to a second before the end."""
    time, speed = trial.record.states[:, 0], np.abs(trial.record.states[:, 4])
    return float(speed[(time > 1.0) & (time < trial.record.duration - 1.0)].min(initial=np.inf))


def _words(symptom: Symptom, change: Change) -> str:
    """Return what is changed; as shipped, the value of what the next panel changes."""
    if change != SHIPPED:
        return f"{change[0]}: {change[1]:g}"
    name = symptom.changes[1][0]
    shipped = flatten(in_own_units(ControllerNodeSettings()))[name]
    return f"as shipped ({name}: {shipped:g})"


def draw(symptom: Symptom, trials: Sequence[Trial], path: Path) -> None:
    """Draw the drives beside each other, their speeds below."""
    view = _view(trials)
    high = WIDTH * view.size[1] / view.size[0]
    size = (WIDTH * len(trials) + 0.5, HEAD + high + SPEEDS + FOOT + 0.4)
    figure = Figure(figsize=size, dpi=110, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    ratios = {"height_ratios": (high, SPEEDS)}
    worlds, speeds = figure.subplots(2, len(trials), sharey="row", gridspec_kw=ratios)
    longest = max(trial.record.duration for trial in trials)
    colours = ScalarMappable(Normalize(0.0, ROBOT["v_max"]), _speed_colours())
    for column, (change, trial) in enumerate(zip(symptom.changes, trials, strict=True)):
        _draw_world(worlds[column], trial, view, colours)
        worlds[column].set_title(f"{_words(symptom, change)}\n{_result(trial)}", fontsize=8)
        states = trial.record.states
        speeds[column].plot(states[:, 0], states[:, 4], color=COMMAND, lw=1.2)
        speeds[column].axhline(0.0, color=OBSTACLE_EDGE, lw=0.5)
        speeds[column].set(xlim=(0.0, longest), xlabel="time [s]")
        speeds[column].spines[["top", "right"]].set_visible(False)
    for axes in (*worlds, *speeds):
        axes.tick_params(labelsize=7)
        axes.xaxis.label.set_size(8)
    speeds[0].set_ylabel("speed [m/s]", fontsize=8)
    bar = figure.colorbar(colours, ax=list(worlds), shrink=0.9, pad=0.01)
    bar.set_label("speed [m/s]", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    figure.suptitle(symptom.title, fontsize=10, fontweight="bold")
    figure.savefig(path)


def _view(trials: Sequence[Trial]) -> View:
    """Return what holds all drives, and the circles that are near them."""
    places = [trial.record.states[:, 1:3] for trial in trials]
    for trial in trials:
        for _, circles in trial.record.circles:
            places += [circles[:, :2] - circles[:, 2:3], circles[:, :2] + circles[:, 2:3]]
    view = View.around(np.vstack(places)).grown(MARGIN)
    return view.at_least(np.array([0.0, 0.35 * view.size[0]]))


def _draw_world(axes: Axes, trial: Trial, view: View, colours: ScalarMappable) -> None:
    record = trial.record
    draw_scene(axes, trial.scene, view)
    for time in np.linspace(0.0, record.duration, 4):
        circles = record.circles_at(time)
        is_moving = circles[:, 3:].any()
        draw_circles(axes, circles, opacity=0.6 if is_moving else 1.0, fill=not is_moving)
    if record.plans:
        axes.plot(*record.plans[0][1].T, color=INK, lw=0.9, dashes=(5, 3), zorder=3)
    points = record.states[:, 1:3]
    lines = LineCollection(
        list(np.stack([points[:-1], points[1:]], axis=1)),
        colors=colours.to_rgba(np.abs(record.states[:-1, 4])),
        linewidths=3.0,
        capstyle="round",
        zorder=6,
    )
    axes.add_collection(lines)


def _result(trial: Trial) -> str:
    record = trial.record
    outcome = trial.result.outcome.value
    words = [f"{outcome} after {record.duration:.1f} s", f"{record.path_length:.1f} m"]
    if np.isfinite(record.min_clearance):
        words.append(f"clearance {100 * record.min_clearance:.0f} cm")
    return ", ".join(words)


def _speed_colours() -> LinearSegmentedColormap:
    """Return light to dark blue, as in the pictures of runs."""
    return LinearSegmentedColormap.from_list("speed", ["#a6dcf5", "#3aa0dd", "#1f4e9c", "#08173a"])
