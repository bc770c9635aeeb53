"""`mme-ilqr drive`: closed loop in many worlds."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from mme_ilqr_ros.benchmark.drive import Trial, drive
from mme_ilqr_ros.benchmark.jobs import add_job_arguments, run_all
from mme_ilqr_ros.benchmark.setup import (
    CONTROLLERS,
    PLANNER_SEES,
    PLANNER_SEES_BY,
    PLANNERS,
    SENSING,
    Setup,
)
from mme_ilqr_ros.benchmark.worlds import add_world_arguments, load_worlds, notes_of
from mme_ilqr_ros.command_line import names, positive, positive_int
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.parameters.controller import GUIDANCE
from mme_ilqr_ros.parameters.files import Parameters, read_parameters
from mme_ilqr_ros.parameters.planner import WEIGHTS_HELP, chosen_weights
from mme_ilqr_ros.reporting.result import Outcome, RunResult, speed_near
from mme_ilqr_ros.reporting.rows import (
    facts,
    grouped,
    mean,
    percentiles_ms,
    table,
    with_total,
    write_csv,
    write_json,
)
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.settings import flatten
from mme_ilqr_ros.simulation.robot_file import robot_names
from mme_ilqr_ros.simulation.scenario import Scenario

ABOUT = """\
Simulate every world in closed loop, with exact contact, and count the results.

PATH is a world file or a folder of them: one world, {"worlds": [...]}, a list of worlds, JSON or
YAML, gzipped or not. Names of shipped scenarios (trap, forest, ...) work too.
"""
EXAMPLES = """\
examples:
  mme-ilqr drive --worlds trap u_pocket forest --planner none --plots --out out/scenarios
  mme-ilqr drive --worlds depot --weights my_floor.safetensors --plots --out out/mine
  mme-ilqr drive --worlds local_dev.json.gz --ids trap_deep,l_shape --planner none --gif --out a
  mme-ilqr drive --worlds barn_odd_150.json.gz --planner-sees obstacles --jobs 2 --out out/barn
  mme-ilqr drive --worlds dynabarn_odd_30.json.gz --scheduler tcp://10.0.0.1:8786 --out out/dyna

DIR gets results.csv (a row per trial), summary.json and pictures: with --plots one of each trial
and speed_clearance.png, with --gif animations. The same seed gives the same run for any number and
place of the jobs, except with --realtime. The BARN score of this 2-D simulation is not comparable
with its leaderboard.

A run is stuck when the robot stood still or drove in circles for 20 s. In the table, rad/s2 is the
mean change of the commanded turning rate; near the median speed at 5 to 10 cm from something while
the robot moves, as a part of full speed; silent counts the runs that stood or ran out of time and
still said "driving" in their last 10 s; detour is, by lidar, how many times as far as the shortest
way in the whole world the robot drove, median and worst.
"""
COLUMNS = {
    "worlds": "{worlds}",
    "trials": "{trials}",
    **{kind.value: f"{{{kind.value}:.1%}}" for kind in Outcome},
    "time s": "{mean_time_s:.2f}",
    "score": "{mean_score:.3f}",
    "switches": "{mean_switches:.1f}",
    "way changes": "{mean_way_changes:.1f}",
    "flips": "{mean_flips:.2f}",
    "rad/s2": "{mean_turn_change:.2f}",
    "clearance m": "{clearance:.3f}",
    "near": "{speed_near:.2f}",
    "silent": "{silent}",
    "detour": "{detour[median]:.2f}, {detour[worst]:.2f}",
    "solve ms": "{solve_ms[median]:.2f}",
}
_CHOICES = [field.name for field in fields(Setup) if field.name != "parameters"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add_world_arguments(add)
    add("--controller", choices=CONTROLLERS, default=Setup.controller, help="(%(default)s)")
    add(
        "--planner",
        choices=PLANNERS,
        default=Setup.planner,
        help="source of the path (%(default)s). file: the world's own path; none: the"
        " controller heads for the goal itself",
    )
    add(
        "--planner-sees",
        choices=PLANNER_SEES,
        help="map: what the planner node is given, the map with its walls (the default);"
        " obstacles: the circles that are static too; nothing: what its scans have shown (the"
        " default by lidar)",
    )
    add(
        "--sensing",
        choices=SENSING,
        default=Setup.sensing,
        help="known: the controller is given true circles with their velocities, and the map;"
        " lidar: nothing but scans and odometry (%(default)s)",
    )
    add("--weights", default="", metavar="NAME|FILE", help=WEIGHTS_HELP)
    add("--fov", type=positive, metavar="DEG", help="field of view of the lidar, in degrees")
    add("--beams", type=positive_int, metavar="N", help="rays of the lidar")
    add(
        "--guidance",
        choices=GUIDANCE,
        default=Setup.guidance,
        help="what the controller tracks: a lookahead point on the path, or the planner's"
        " cost-to-go field (%(default)s)",
    )
    robots = ", ".join(robot_names())
    add("--robot", default="", help=f"{robots}, or a parameter file, in place of the world's")
    add("--params", type=Path, metavar="FILE.yaml", help="ROS parameter file; overrides the world")
    add_job_arguments(add)
    add("--max-speed", type=positive, metavar="V", help="m/s, where the world gives no limit")
    add("--goal-tolerance", type=positive, metavar="M", help="m, in place of the world's")
    add("--timeout", type=positive, metavar="S", help="s, in place of the world's")
    add("--robot-radius", type=positive, metavar="M", help="drive as a disc, not as the footprint")
    add(
        "--planning-radius",
        type=positive,
        metavar="M",
        help="disc that replaces a footprint in controller and planner; contact stays exact",
    )
    add("--realtime", action="store_true", help="the time a control cycle takes delays its command")
    add("--plots", action="store_true", help="a PNG per trial")
    add("--gif", action="store_true", help="an animation per trial")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results")


def run(options: argparse.Namespace, command: str) -> str:
    """Drive what the command line asks for; return the report.

    Raises:
        InputError: Something asked for is not there.
        ScenarioError, SettingError: Something given cannot be used.
    """
    setup = _setup(options)
    worlds = load_worlds(options.worlds, names(options.ids), options.limit)
    sys.stderr.write(notes_of(worlds))
    for world in worlds:
        setup.check(world)
    options.out.mkdir(parents=True, exist_ok=True)
    seeds = [(trial, options.seed + trial) for trial in range(options.trials)]
    draws = options.plots or options.gif
    tasks = [(world, setup, *seed, draws) for world in worlds for seed in seeds]
    trials: list[Trial] = []
    try:
        for trial in run_all(_drive, tasks, _line, _failed, options.jobs, options.scheduler):
            if draws:
                several = options.trials > 1
                write_pictures(trial, options.out, several, options.plots, options.gif)
            trials.append(replace(trial, record=RunRecord()))
        if options.plots:
            write_speeds(trials, options.out)
    finally:  # what was driven before an interruption is not lost
        if trials:
            write_results(command, _settings(options, setup, worlds[0]), trials, options.out)
    return report(trials)


def _drive(world: Scenario, setup: Setup, trial: int, seed: int, keep: bool) -> Trial:
    """Drive, and leave the record behind where nobody draws it."""
    finished = drive(world, setup, trial, seed)
    return finished if keep else replace(finished, record=RunRecord())


def _setup(options: argparse.Namespace) -> Setup:
    chosen = {name: getattr(options, name) for name in _CHOICES}
    chosen["planner_sees"] = chosen["planner_sees"] or PLANNER_SEES_BY[options.sensing]
    parameters = read_parameters(options.params) if options.params else Parameters()
    chosen["weights"] = chosen_weights(options.weights, options.planner)
    setup = Setup(**chosen, parameters=parameters)
    if setup.guidance == "cost_to_go" and not setup.plans:
        raise InputError("--guidance cost_to_go: needs --planner id_vin or dijkstra")
    return setup


def _settings(options: argparse.Namespace, setup: Setup, world: Scenario) -> dict[str, Any]:
    """Return everything that the runs depended on; limits as in the first world."""
    scenario = setup.apply(world)
    parts: dict[str, Any] = {
        "controller_settings": flatten(setup.controller_settings(scenario, options.seed)),
        "simulator_settings": flatten(setup.simulator_settings(scenario)),
    }
    if setup.plans:
        parts["planner_settings"] = flatten(setup.planner_settings(scenario))
    if not setup.realtime:
        del parts["controller_settings"]["solve_time_share"]  # no clock runs
    chosen = {name: getattr(setup, name) for name in _CHOICES}
    return {**chosen, "trials": options.trials, "seed": options.seed, **parts}


def _line(trial: Trial) -> str:
    note = f", {trial.failed_plans} plans failed" if trial.failed_plans else ""
    return f"{trial.result.line()}{note}"


def _failed(trial: Trial) -> bool:
    return not trial.succeeded


def totals(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return outcomes as fractions, means over trials, and solve times of all cycles together.

    `mean_time_s` is over successful trials, `mean_score` over all trials of worlds that have one,
    and the means of switches, way changes, flips and changes of the turning rate over all; None
    where there is none. `speed_near` is the median of all moments together, `silent` counts the
    runs that did not arrive and said that they drive. `detour` is how many times as far as the
    shortest way of the whole world a robot drove that sees for itself.
    """
    results = [trial.result for trial in trials]
    outcomes = [result.outcome for result in results]
    return {
        "trials": len(results),
        **{kind.value: round(outcomes.count(kind) / len(results), 4) for kind in Outcome},
        "mean_time_s": mean(r.time for r in results if r.outcome is Outcome.SUCCESS),
        "mean_score": mean((r.score for r in results if r.score is not None), 4),
        "mean_switches": mean(r.mode_switches for r in results),
        "mean_way_changes": mean(r.way_changes for r in results),
        "mean_flips": mean(r.flips for r in results),
        "mean_turn_change": mean(r.turn_change for r in results),
        "speed_near": speed_near(results),
        "silent": sum(r.said_driving for r in results),
        "detour": _detour(results),
        "solve_ms": percentiles_ms([s for r in results for s in r.solve_times], (50, 95)),
    }


def _detour(results: Sequence[RunResult]) -> dict[str, float | None]:
    """Return median and worst of how many times the shortest way was driven."""
    ratios = sorted(r.detour for r in results if r.detour is not None)
    if not ratios:
        return {"median": None, "worst": None}
    return {"median": round(statistics.median(ratios), 3), "worst": round(ratios[-1], 3)}


def families(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    """Return the trials by kind of world; those without one by their name without its number."""
    return grouped(trials, lambda t: t.family or t.result.world.rstrip("0123456789_") or "other")


def summary(command: str, settings: dict[str, Any], trials: Sequence[Trial]) -> dict[str, Any]:
    """Return the content of summary.json."""
    return {
        **facts(command),
        "settings": settings,
        "runs": [trial.result.row() for trial in trials],
        "totals": totals(trials),
        "families": {kind: totals(group) for kind, group in families(trials).items()},
    }


def write_results(
    command: str, settings: dict[str, Any], trials: Sequence[Trial], folder: Path
) -> None:
    """Write results.csv and summary.json."""
    rows = [{**trial.result.row(), "failed_plans": trial.failed_plans} for trial in trials]
    write_csv(rows, folder / "results.csv")
    write_json(summary(command, settings, trials), folder / "summary.json")


def report(trials: Sequence[Trial]) -> str:
    """Return a Markdown table by kind of world, and the worlds that were not solved by outcome."""
    rows = [
        {"worlds": name, **totals(group), "clearance": min(t.result.min_clearance for t in group)}
        for name, group in with_total(families(trials)).items()
    ]
    failed = grouped((t.result for t in trials if not t.succeeded), lambda r: r.outcome.words)
    lines = [f"{kind}: {', '.join(r.world for r in group)}" for kind, group in failed.items()]
    return "\n".join([table(rows, COLUMNS), *lines])


def write_pictures(trial: Trial, folder: Path, several: bool, png: bool, gif: bool) -> None:
    """Write the picture and the animation of a trial, named by its world.

    Args:
        trial: What was driven.
        folder: Where the files go.
        several: Whether the world has several trials; the name then ends in the trial's number.
        png: Whether to draw the picture.
        gif: Whether to draw the animation.
    """
    # matplotlib takes a second to load, and most benchmarks draw nothing.
    from mme_ilqr_ros.reporting.animation import animate_run
    from mme_ilqr_ros.reporting.pictures import draw_run

    parts = (trial.record, trial.scene, trial.result)
    number = f"_{trial.result.trial}" if several else ""
    name = f"{trial.result.world}{number}".replace("/", "_")
    if png:
        draw_run(*parts, folder / f"{name}.png")
    if gif:
        animate_run(*parts, folder / f"{name}.gif")


def write_speeds(trials: Sequence[Trial], folder: Path) -> None:
    """Write the picture of speed against clearance."""
    from mme_ilqr_ros.reporting.speed_clearance import draw_speeds

    near = {kind: [t.result.near for t in group] for kind, group in families(trials).items()}
    draw_speeds(near, folder / "speed_clearance.png")
