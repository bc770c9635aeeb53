"""The robot of a scenario file: its shape and its limits."""

from __future__ import annotations

from mme_ilqr_ros.simulation.keys import Keys
from mme_ilqr_ros.simulation.robot import RobotSpec, radius_round
from mme_ilqr_ros.simulation.scenario_obstacles import read_discs


def read_robot(keys: Keys) -> RobotSpec:
    """Return the robot; what its block does not say is as usual in such worlds."""
    block, usual = keys.block("robot"), _usual_robot(keys)
    footprint = _footprint(block) or (() if "radius" in block else usual.footprint)
    around = radius_round(footprint) if footprint else usual.radius
    return RobotSpec(
        radius=block.number("radius", around, above=0.0),
        vx_min=block.number("v_min", usual.vx_min, at_most=0.0),
        vx_max=block.number("v_max", usual.vx_max, above=0.0),
        wz_max=block.number("w_max", usual.wz_max, above=0.0),
        ax_max=block.number("a_max", usual.ax_max, above=0.0),
        az_max=block.number("aw_max", usual.az_max, above=0.0),
        footprint=footprint,
    )


def says_top_speed(keys: Keys) -> bool:
    """Return whether the world itself limits the speed."""
    return "v_max" in keys.block("robot")


def _usual_robot(keys: Keys) -> RobotSpec:
    """Return the Jackal in BARN and DynaBARN worlds, else the package's own robot.

    The worlds are told by what only they have: the robot's name, the official optimum, the index
    in the challenge, or keyframed obstacles without any robot.
    """
    block = keys.block("robot")
    named = "jackal" in str(block.values.get("name", "")).lower()
    of_the_challenge = "official" in keys or "barn_index" in keys
    keyframed = not block.values and len(read_discs(keys)) > 0
    return RobotSpec.jackal() if named or of_the_challenge or keyframed else RobotSpec()


def _footprint(block: Keys) -> tuple[tuple[float, float], ...]:
    corners = block.points("footprint")
    if len(corners) in (1, 2):
        raise block.error("footprint", "needs at least three corners [x, y]")
    return tuple(corners)
