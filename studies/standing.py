"""What a robot that stands plans: all modes in one state, with several parameter files beside."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mme_ilqr_ros.benchmark.drive import wall_field
from mme_ilqr_ros.benchmark.setup import PLANNERS, Setup
from mme_ilqr_ros.benchmark.worlds import add_world_arguments, load_worlds
from mme_ilqr_ros.command_line import DONE, names
from mme_ilqr_ros.control.modes import Modes
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.parameters.files import Parameters, read_parameters
from mme_ilqr_ros.reporting.run_record import Floats
from mme_ilqr_ros.reporting.scene import MARGIN, Scene, View
from mme_ilqr_ros.reporting.world_axes import CANDIDATE, CHOSEN, draw_circles, draw_scene
from mme_ilqr_ros.simulation.scenario import Scenario

ABOUT = """\
Let the robot stand in one state of a world for ten control cycles, with the shipped parameters and
with each parameter file, and draw all modes of the last one: where they lead, and when they drive.
"""
EXAMPLES = """\
examples:
  python -m studies standing --worlds slot.json.gz --ids slot_s0_02 --at -0.4 0 0 \\
      --params before.yaml --out out/standing
"""
CYCLES = 10  # until the modes have settled
SHIPPED = "shipped"
PICTURE = "standing.png"


@dataclass(frozen=True, eq=False)
class Plans:
    """The modes of a robot that stands.

    Attributes:
        modes: Of the last cycle.
        stage: Duration of a stage [s].
    """

    modes: Modes
    stage: float

    @property
    def times(self) -> Floats:
        """Times of the stages' ends [T+1] in s."""
        return self.stage * np.arange(self.modes.states.shape[1])

    @property
    def driven(self) -> Floats:
        """Distance that each mode has driven by then [N, T+1] in m."""
        steps = np.hypot(*np.moveaxis(np.diff(self.modes.states[:, :, :2], axis=1), 2, 0))
        return np.pad(np.cumsum(steps, axis=1), ((0, 0), (1, 0)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add_world_arguments(add)
    add("--at", nargs=3, type=float, metavar=("X", "Y", "YAW"), help="m, rad (the world's start)")
    add("--planner", choices=PLANNERS, default="id_vin", help="source of the path (%(default)s)")
    files = "a column for each"
    add("--params", nargs="*", type=Path, default=[], metavar="FILE.yaml", help=files)
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the picture")


def run(options: argparse.Namespace, command: str) -> int:
    """Plan, draw, say how far the executed plans come; return the exit status."""
    [world] = load_worlds(options.worlds, names(options.ids), 1)
    if options.at is not None:
        world = replace(world, start=Pose(*options.at))
    files = {path.stem: read_parameters(path) for path in options.params}
    setups = {
        name: Setup(planner=options.planner, parameters=given)
        for name, given in {**files, SHIPPED: Parameters()}.items()
    }
    for setup in setups.values():
        setup.check(world)
    found = {name: plans_of(world, setup) for name, setup in setups.items()}
    options.out.mkdir(parents=True, exist_ok=True)
    draw_plans(world, found, options.out / PICTURE)
    for name, plans in found.items():
        driven, times = plans.driven[plans.modes.chosen], plans.times
        late = times[int(np.argmax(driven >= 0.5 * driven[-1]))]
        sys.stdout.write(
            f"{name}: the executed plan drives {driven[-1]:.2f} m in {times[-1]:.3g} s, the first"
            f" half of it in {late:.3g} s\n"
        )
    return DONE


def plans_of(world: Scenario, setup: Setup, seed: int = 0) -> Plans:
    """Return what the robot plans after standing at the world's start for `CYCLES` cycles."""
    settings = setup.controller_settings(world, seed)
    controller, planner = setup.make_controller(settings), setup.make_planner(world)
    start, goal = world.start, world.goal
    path = world.path if setup.planner == "file" else None
    if planner is not None:
        path = planner.plan(setup.known_map(world), (start.x, start.y), (goal.x, goal.y)).path
    walls, here = (
        wall_field(world.map_with_walls(), settings),
        RobotState(start.x, start.y, start.yaw),
    )
    for cycle in range(CYCLES):
        now = cycle / settings.controller_frequency
        result = controller.compute_command(
            Situation(
                here, goal, now, path=path, circles=world.world().circles_at(now), walls=walls
            )
        )
        controller.stopped()
    assert result.modes is not None
    return Plans(result.modes, in_own_units(settings).mme.model_dt)


def draw_plans(world: Scenario, found: Mapping[str, Plans], path: Path) -> None:
    """Write the picture: a column for each, the world above, distance over time below."""
    scene = Scene.of(world, "")
    lines = [plans.modes.states[plans.modes.chosen, :, :2] for plans in found.values()]
    ends = np.array([[p.x, p.y] for p in (world.start, world.goal)])
    view = View.around(np.vstack([ends, *lines])).grown(world.robot.radius + MARGIN)
    view = view.at_least(0.6 * view.size[::-1])
    size = (4.6 * len(found), 3.2 + 4.2 * float(view.size[1] / view.size[0]))
    figure = Figure(figsize=size, dpi=100, layout="constrained")
    axes = figure.subplots(
        2, len(found), squeeze=False, sharey="row", height_ratios=[size[1] - 2.6, 2.0]
    )
    for (name, plans), above, below in zip(found.items(), *axes, strict=True):
        draw_scene(above, scene, view)
        draw_circles(above, world.world().circles_at(0.0))
        above.fill(*scene.outline(world.start).T, fill=False, ec="black", lw=0.8)
        above.set_title(name)
        _draw_modes(above, plans.modes, plans.modes.states[:, :, 0], plans.modes.states[:, :, 1])
        _draw_modes(
            below, plans.modes, np.broadcast_to(plans.times, plans.driven.shape), plans.driven
        )
        below.set_xlabel("time ahead [s]")
        below.set_xlim(0.0, plans.times[-1])
    axes[1, 0].set_ylabel("distance driven [m]")
    axes[1, 0].plot([], [], color=CHOSEN, lw=3.5, alpha=0.7, label="executed plan")
    axes[1, 0].plot([], [], color=CANDIDATE, lw=1.0, label="other plans")
    axes[1, 0].legend(fontsize=8)
    FigureCanvasAgg(figure).print_png(str(path))


def _draw_modes(axes: Axes, modes: Modes, x: Floats, y: Floats) -> None:
    others = np.flatnonzero(modes.weights > 0.0)
    axes.plot(x[others].T, y[others].T, color=CANDIDATE, lw=1.0, zorder=4)
    axes.plot(x[modes.chosen], y[modes.chosen], color=CHOSEN, lw=3.5, alpha=0.7, zorder=5)
