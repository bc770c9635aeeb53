"""Lengths, times and weights in the robot's own units: one set of parameters for all sizes.

A robot of another size or speed that drives the same way in a world scaled like itself is the same
problem with other units. So its unit of length is its radius, its unit of time what it takes to
drive that far, and a weight is scaled by the powers of m and s in its unit. Parameters hold what
suits a robot of 0.2 m radius and 1 m/s; a length or time of 0 is derived. With a footprint the
radius is that of the discs that cover it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.geometry.passable import discs_in, footprint_in, margin_of
from mme_ilqr_ros.settings import flatten, rebuilt, table

RADIUS, SPEED = 0.2, 1.0  # [m], [m/s] of the robot whose weights the parameters are
MOST_TURN = 1.0  # [rad] in a stage: beyond it the model's middle heading means little
DERIVED = {  # for that robot, and its dimension: powers of m and s
    "mme.model_dt": (0.2, (0, 1)),
    "lookahead_distance": (5.0, (1, 0)),
    "min_lookahead_distance": (1.0, (1, 0)),
    "path_speed": (1.0, (1, -1)),
    "costs.clearance_distance": (0.3, (1, 0)),
    "costs.stiff_distance": (0.03, (1, 0)),
    "costs.goal_width": (0.3, (1, 0)),
}
ORDERED = (
    ("min_lookahead_distance", "lookahead_distance"),
    ("costs.stiff_distance", "costs.clearance_distance"),
)
SLOWEST = 0.05  # share of the top speed that counts as progress
MOST_RADII = 2.5  # that need to be made good to count as progress


def in_own_units(settings: ControllerSettings) -> ControllerSettings:
    """Return the settings as the algorithm uses them: derived values and scaled weights in SI."""
    settings = rebuilt(settings, {"robot_radius": discs_in(settings).radius})
    length, time = _units(settings)
    values: dict[str, float] = {}
    given: dict[str, Any] = flatten(settings)
    kind: type = type(settings)
    for name, unit in _weights(kind):
        values[name] = given[name] * length ** unit[0] * time ** unit[1]
    for name, (value, unit) in DERIVED.items():
        if given[name] == 0.0:
            values[name] = value * length ** unit[0] * time ** unit[1]
    for lower, upper in ORDERED:  # where one is derived, the other may be beyond it
        values[lower] = min(values.get(lower, given[lower]), values.get(upper, given[upper]))
    values["clearance_margin"] = margin_of(settings.robot_radius, settings.clearance_margin)
    if settings.required_movement_radius == 0.0:
        slowest = SLOWEST * settings.vx_max * settings.movement_time_allowance
        values["required_movement_radius"] = min(MOST_RADII * settings.robot_radius, slowest)
    # A stage shorter than a control period would be over before the next cycle.
    stage = max(values.get("mme.model_dt", 0.0), 1.0 / settings.controller_frequency)
    stage = values["mme.model_dt"] = settings.mme.model_dt or stage
    values["wz_max"] = min(settings.wz_max, MOST_TURN / stage)
    return rebuilt(settings, values)


def _units(settings: ControllerSettings) -> tuple[float, float]:
    """Return the robot's units of length and time in those of the robot of the parameters."""
    length = settings.robot_radius / RADIUS
    return length, length * SPEED / settings.vx_max


@cache
def _weights(settings_class: type) -> tuple[tuple[str, tuple[int, int]], ...]:
    """Return every weight of the cost, and the powers of m and s by which it is scaled."""
    rows = [row for row in table(settings_class) if row.name.startswith("costs.")]
    return tuple((row.name, powers(row.unit)) for row in rows if row.name.endswith("_weight"))


def powers(unit: str) -> tuple[int, int]:
    """Return the powers of m and s in a unit such as `s^3/m^2` or `1/(m s)`."""
    above, _, below = unit.partition("/")
    found = {"m": 0, "s": 0}
    for part, sign in ((above, 1), (below, -1)):
        for name, power in re.findall(r"\b([ms])\b(?:\^(\d+))?", part):
            found[name] += sign * int(power or 1)
    return found["m"], found["s"]


def summary(settings: ControllerSettings) -> str:
    """Return what is derived from the robot, in one line for the log."""
    s = in_own_units(settings)
    horizon = s.mme.time_steps * s.mme.model_dt
    return (
        f"for {_shape(settings)} and {s.vx_max:g} m/s: horizon {horizon:.3g} s or"
        f" {horizon * s.vx_max:.3g} m in {s.mme.time_steps} stages, lookahead"
        f" {s.lookahead_distance:.3g} m, clearance {s.clearance_margin:.3g} m and, where there is"
        f" room, {s.costs.clearance_distance:.3g} m"
    )


def _shape(settings: ControllerSettings) -> str:
    """Return what the robot is planned as, for people."""
    discs = discs_in(settings)
    if footprint_in(settings) is None:
        return f"a robot of {discs.radius:g} m"
    count = "one disc" if len(discs.offsets) == 1 else f"{len(discs.offsets)} discs"
    return f"a footprint in {count} of {discs.radius:.3g} m"


def doubts(settings: ControllerSettings) -> list[str]:
    """Return what makes no sense among the settings, a line each, with the numbers."""
    s = in_own_units(settings)
    horizon = s.mme.time_steps * s.mme.model_dt
    braking = s.vx_max / s.ax_max
    footprint = footprint_in(settings)
    found = [footprint.note] if footprint is not None and footprint.note else []
    if horizon < 2.0 * braking:
        found.append(
            f"the horizon of {horizon:.3g} s hardly covers braking, which takes {braking:.3g} s:"
            " raise mme.model_dt or mme.time_steps"
        )
    if s.lookahead_distance > horizon * s.vx_max:
        found.append(
            f"lookahead_distance = {s.lookahead_distance:.3g} m is beyond the horizon of"
            f" {horizon * s.vx_max:.3g} m at {s.vx_max:g} m/s: no plan gets there"
        )
    stage = s.mme.model_dt * s.vx_max
    if stage > 4.0 * s.robot_radius:
        found.append(
            f"a stage of {s.mme.model_dt:.3g} s is {stage:.3g} m at {s.vx_max:g} m/s, more than"
            f" two diameters of the robot: plans may jump over things; lower mme.model_dt"
        )
    if settings.min_lookahead_distance > s.lookahead_distance:
        found.append(
            f"min_lookahead_distance = {settings.min_lookahead_distance:.3g} m is above"
            f" lookahead_distance = {s.lookahead_distance:.3g} m"
        )
    return found
