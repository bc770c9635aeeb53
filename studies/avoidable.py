"""The verb `avoidable`: could a collision with what moves have been avoided, and until when?"""

from __future__ import annotations

import argparse
import copy
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from mme_ilqr_ros.benchmark.drive import Trial
from mme_ilqr_ros.benchmark.drivers import LOOK_PERIOD
from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.parameters.files import Parameters, read_parameters
from mme_ilqr_ros.reporting.result import Outcome
from mme_ilqr_ros.reporting.rows import facts, table, write_json
from mme_ilqr_ros.simulation.scenario import Scenario
from mme_ilqr_ros.simulation.shapes import distance_to_polygon
from mme_ilqr_ros.simulation.simulator import Simulator
from studies import worlds

ABOUT = """\
Drive worlds, and show for each collision with what moves whether it was avoidable: from the states
0.5 to 4 s before it, random manoeuvres within the robot's limits are tried among the true motion of
all discs. One that touches nothing until 2 s after the collision avoids it; each one found is
driven once more in the simulator itself, with its exact contact.
"""
EXAMPLES = """\
examples:
  python -m studies avoidable --worlds dynabarn_odd_30.json.gz --trials 4 --out out/avoidable
  python -m studies avoidable --worlds moving.json.gz --planner id_vin --params mine.yaml --out a

DIR gets summary.json. "unavoidable from" is the last time before the collision, of 0.5, 1, .. 4 s,
at which no manoeuvre was found; "avoided from" the last one at which one was.
"""
COLUMNS = {
    "world": "{world}",
    "trial": "{trial}",
    "collision s": "{time:.2f}",
    "disc m/s": "{disc_speed:.2f}",
    "robot m/s": "{robot_speed:.2f}",
    "unavoidable from": "{unavoidable_from}",
    "avoided from": "{avoided_from}",
    "manoeuvre: m/s, rad/s every 0.5 s": "{manoeuvre}",
}
EARLIER = np.arange(0.5, 4.01, 0.5)  # [s] before the collision
AFTER = 2.0  # [s] after it, until when a manoeuvre must touch nothing
BLOCK = 0.5  # [s] that a command of a manoeuvre lasts
STEP = 0.02  # [s] of the search; what it finds is driven again in steps of 0.01 s
PERIOD = 0.1  # [s] between commands when it is
CHECKED = 20  # manoeuvres of the search that are driven again at most

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Finding:
    """What the search says of one collision.

    Attributes:
        world: Name of the world.
        trial: Number of the repetition.
        time: When it happened [s].
        disc_speed: Of the disc that was touched [m/s].
        robot_speed: Of the robot just before [m/s].
        avoidable: For each time before the collision [s] the manoeuvre found, [K, 2] m/s and rad/s.
    """

    world: str
    trial: int
    time: float
    disc_speed: float
    robot_speed: float
    avoidable: dict[float, list | None]

    @property
    def row(self) -> dict:
        """Its line of the table."""
        found = [before for before, manoeuvre in self.avoidable.items() if manoeuvre]
        latest = min(found, default=math.inf)
        lost = [before for before, manoeuvre in self.avoidable.items() if not manoeuvre]
        shown = self.avoidable.get(latest) or []
        return {
            **asdict(self),
            "unavoidable_from": f"{max(lost):.1f} s before" if lost else "-",
            "avoided_from": f"{latest:.1f} s before" if found else "nowhere",
            "manoeuvre": ", ".join(f"{v:.2f} {w:+.2f}" for v, w in shown) or "-",
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    worlds.add_arguments(add)
    add("--params", type=Path, metavar="FILE.yaml", help="settings in place of the shipped ones")
    add("--manoeuvres", type=positive_int, default=4000, metavar="N", help="tried at each time")


def run(options: argparse.Namespace, command: str) -> str:
    """Drive what the command line asks for, and search; return the table.

    Raises:
        InputError: Something given cannot be used.
    """
    given = read_parameters(options.params) if options.params else Parameters()
    setup = Setup(planner=options.planner, parameters=given, timeout=options.timeout)
    chosen = {world.name: world for world in worlds.chosen_worlds(options, {"": setup})}
    options.out.mkdir(parents=True, exist_ok=True)
    hits: list[Trial] = []

    def keep(driven: worlds.Driven) -> None:
        if driven[1].result.outcome is Outcome.COLLISION:
            hits.append(driven[1])

    trials = worlds.drive_all(options, list(chosen.values()), {"mme_ilqr": setup}, keep)
    rng = np.random.default_rng(options.seed)
    findings = [
        finding
        for hit in hits
        if (finding := examined(chosen[hit.result.world], setup, hit, options.manoeuvres, rng))
    ]
    rows = [finding.row for finding in findings]
    write_json({**facts(command), "collisions": rows}, options.out / "summary.json")
    still = len(hits) - len(findings)
    lost = sum(row["avoided_from"] == "nowhere" for row in rows)
    total = f"{len(trials['mme_ilqr'])} runs, {len(findings)} collisions with what moves"
    notes = f"{total} ({lost} not avoidable within {EARLIER[-1]:.0f} s), {still} with what stands"
    return "\n".join([table(rows, COLUMNS), notes]) if rows else notes


def examined(
    scenario: Scenario, setup: Setup, trial: Trial, count: int, rng: np.random.Generator
) -> Finding | None:
    """Return what the search says of a trial's collision; None if it was not with what moves."""
    scenario, commands = setup.apply(scenario), trial.record.commands
    hit = replayed(scenario, setup, commands, math.inf)
    circles = moving(scenario, hit)
    touch = clearances(hit, np.array([hit.state.as_array()[:3]]), circles)[0]
    if not len(circles) or touch.min() >= 0.0:
        return None
    avoidable: dict[float, list | None] = {}
    for before in EARLIER[hit.time > EARLIER]:
        simulator = replayed(scenario, setup, commands, hit.time - before)
        until = hit.time + AFTER - simulator.time
        avoidable[float(before)] = search(simulator, until, count, rng)
    return Finding(
        trial.result.world,
        trial.result.trial,
        round(hit.time, 3),
        round(float(np.hypot(*circles[touch.argmin(), 3:])), 3),
        round(float(trial.record.state_at(hit.time - 2 * LOOK_PERIOD)[4]), 3),
        avoidable,
    )


def replayed(scenario: Scenario, setup: Setup, commands: Floats, until: float) -> Simulator:
    """Return the simulator at the last command before a time [s], or at the collision.

    Args:
        scenario: What was driven.
        setup: How.
        commands: [N, 3] time, m/s, rad/s, as recorded.
        until: inf for the collision.
    """
    simulator = Simulator(scenario, setup.simulator_settings(scenario), np.random.default_rng(0))
    for time, vx, wz in commands:
        pass_time(simulator, min(time, until))
        if time > until:
            return simulator
        simulator.command(vx, wz)
    end = simulator.time + 1.0 if math.isinf(until) else until
    pass_time(simulator, end)
    return simulator


def pass_time(simulator: Simulator, until: float) -> bool:
    """Let time pass as a trial does, or until contact; return whether nothing was touched."""
    while (left := until - simulator.time) > 1e-9 and not simulator.collided:
        simulator.step(min(left, LOOK_PERIOD))
    return not simulator.collided


def moving(scenario: Scenario, simulator: Simulator) -> Floats:
    """Return the circles [M, 5] now that move at some time."""
    circles, plain = simulator.circles(), len(scenario.circles)
    moves = circles[:, 3:].any(axis=1) | (np.arange(len(circles)) >= plain)
    return circles[moves]


def search(
    simulator: Simulator, seconds: float, count: int, rng: np.random.Generator
) -> list[list[float]] | None:
    """Return a manoeuvre [K, 2] that touches nothing for some seconds from now; None if none."""
    blocks = manoeuvres(simulator, math.ceil(seconds / BLOCK), count, rng)
    safe = np.flatnonzero(survivors(copy.deepcopy(simulator), blocks, seconds))
    for chosen in blocks[safe[:CHECKED]]:
        if driven(copy.deepcopy(simulator), chosen, seconds):
            return np.round(chosen, 2).tolist()
    return None


def manoeuvres(simulator: Simulator, blocks: int, count: int, rng: np.random.Generator) -> Floats:
    """Return random commands [N, K, 2]; half of them at a limit, half change late or never."""
    spec = simulator.scenario.robot
    low, high = np.array([spec.vx_min, -spec.wz_max]), np.array([spec.vx_max, spec.wz_max])
    shape = (count, blocks, 2)
    drawn = np.where(
        rng.random(shape) < 0.5,
        rng.uniform(low, high, shape),
        np.choose(rng.integers(3, size=shape), [low, np.clip(0.0, low, high), high]),
    )
    held = rng.integers(1, blocks + 1, size=(count // 2, 1, 1))  # blocks like the first one
    begins = np.arange(blocks)[None, :, None] < held
    drawn[: count // 2] = np.where(begins, drawn[: count // 2, :1], drawn[: count // 2])
    drawn[0] = 0.0  # to brake is a manoeuvre too
    return drawn


def survivors(simulator: Simulator, blocks: Floats, seconds: float) -> NDArray[np.bool_]:
    """Return which manoeuvres [N, K, 2] touch nothing; the same physics as `Robot.step`, at once.

    Where a wall and a footprint are concerned it is generous: what it lets pass is driven again.
    """
    spec, lag = simulator.scenario.robot, simulator.settings.actuator_time_constant
    largest = STEP * np.array([spec.ax_max, spec.az_max])
    follows = 1.0 - math.exp(-STEP / lag) if lag > 0.0 else 1.0
    state = simulator.state
    poses = np.tile(state.as_array()[:3], (len(blocks), 1))
    speeds = np.tile([state.vx, state.wz], (len(blocks), 1))
    safe = np.ones(len(blocks), dtype=bool)
    begin, world, grid = simulator.time, simulator.world, simulator.scenario.grid
    occupied = np.argwhere(grid.occupied)
    cells = cKDTree(grid.centre_of(occupied)) if len(occupied) else None
    for index in range(math.ceil(seconds / STEP)):
        wanted = blocks[:, min(int(index * STEP / BLOCK), blocks.shape[1] - 1)]
        new = speeds + np.clip(follows * (wanted - speeds), -largest, largest)
        mean, speeds = 0.5 * (speeds + new), new
        heading = poses[:, 2] + 0.5 * STEP * mean[:, 1]
        poses += STEP * np.stack(
            [mean[:, 0] * np.cos(heading), mean[:, 0] * np.sin(heading), mean[:, 1]], axis=1
        )
        world.update(begin + (index + 1) * STEP, state.position)
        left = np.flatnonzero(safe)
        circles = world.circles_at(begin + (index + 1) * STEP)
        touch = clearances(simulator, poses[left], circles).min(axis=1, initial=np.inf) < 0.0
        safe[left] &= ~(touch | in_walls(simulator, poses[left, :2], cells))
    return safe


def clearances(simulator: Simulator, poses: Floats, circles: Floats) -> Floats:
    """Return the exact distances [N, M] in m from robots at poses [N, 3] to circles [M, 5]."""
    spec = simulator.scenario.robot
    offset = circles[None, :, :2] - poses[:, None, :2]
    if not spec.footprint:
        return np.hypot(offset[..., 0], offset[..., 1]) - circles[:, 2] - spec.radius
    cos, sin = np.cos(poses[:, 2, None]), np.sin(poses[:, 2, None])
    own = np.stack(
        [cos * offset[..., 0] + sin * offset[..., 1], cos * offset[..., 1] - sin * offset[..., 0]],
        axis=-1,
    )
    away = distance_to_polygon(own.reshape(-1, 2), np.array(spec.footprint))
    return away.reshape(offset.shape[:2]) - circles[:, 2]


def in_walls(simulator: Simulator, points: Floats, cells: cKDTree | None) -> NDArray[np.bool_]:
    """Return where [N] a robot's inner disc at points [N, 2] surely touches a wall or a cell."""
    world, radius = simulator.world, simulator.scenario.robot.inscribed_radius
    touch = np.zeros(len(points), dtype=bool)
    for wall in world.boxes:
        touch |= wall.distance(points) < radius
    if cells is not None:  # a cell holds the disc of half its size
        touch |= cells.query(points)[0] < radius + 0.5 * world.grid.resolution
    return touch


def driven(simulator: Simulator, manoeuvre: Sequence[Floats], seconds: float) -> bool:
    """Return whether the simulator itself touches nothing in a manoeuvre [K, 2]."""
    begin = simulator.time
    for cycle in range(math.ceil(seconds / PERIOD)):
        vx, wz = manoeuvre[min(int(cycle * PERIOD / BLOCK + 1e-9), len(manoeuvre) - 1)]
        simulator.command(float(vx), float(wz))
        if not pass_time(simulator, begin + (cycle + 1) * PERIOD):
            return False
    return True
