"""From settings to numbers: the standard problem, its limits, weights and world.

A robot of another kind, or another cost, starts here: `standard_problem` lists the terms, and
`stage_data` gives every parameter that they name its value.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.costs import EffortTerm, GoalTerm, SmoothnessTerm, StopTerm
from mme_ilqr_ros.control.kernel import Barrier, StageData, World
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.control.settings import ControllerSettings, MmeSettings
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.models import ControlLimits, differential_drive

Array = NDArray[np.float64]


def standard_problem() -> Problem:
    """Return the differential drive with the package's cost terms."""
    terms = (
        GoalTerm("goal_weight"),
        GoalTerm("terminal_goal_weight", terminal=True),
        EffortTerm(0, "vx_weight"),
        EffortTerm(1, "wz_weight"),
        SmoothnessTerm(0, 3, "ax_weight"),
        SmoothnessTerm(1, 4, "az_weight"),
        StopTerm((3, 4)),
    )
    return Problem(differential_drive(), terms)


def stage_data(
    problem: Problem,
    settings: ControllerSettings,
    target: Array,
    circles: Array,
    field: DistanceField | None,
) -> StageData:
    """Return what one solve needs.

    Weights are per second of driving, so that the cost does not depend on `model_dt`.

    Args:
        problem: Names the parameters.
        settings: Weights, limits, radius.
        target: Point to head for [2] in m.
        circles: Obstacles [M, 5].
        field: Distance field of the map, or None.
    """
    costs, dt = settings.costs, settings.mme.model_dt
    values = {
        "goal_x": target[0],
        "goal_y": target[1],
        "goal_width": costs.goal_width,
        "goal_weight": costs.goal_weight * dt,
        "terminal_goal_weight": costs.terminal_goal_weight,
        "vx_weight": costs.vx_weight * dt,
        "wz_weight": costs.wz_weight * dt,
        "ax_weight": costs.ax_weight / dt,  # times dt, of the square of a change divided by dt
        "az_weight": costs.az_weight / dt,
        "terminal_speed_weight": costs.terminal_speed_weight,
    }
    barrier = Barrier(
        weight=costs.clearance_weight * dt,
        stiff_gap=min(costs.stiff_distance, 0.5 * costs.clearance_distance),
        cutoff_gap=costs.clearance_distance,
        radius=settings.robot_radius + settings.clearance_margin,
    )
    row = [values[name] for name in problem.parameter_names]
    parameters = np.tile(row, (settings.mme.time_steps + 1, 1))
    return StageData(parameters, dt, robot_limits(settings), World(circles, field, barrier))


def robot_limits(settings: ControllerSettings) -> ControlLimits:
    """Return the limits of (vx, wz)."""
    return ControlLimits(
        lower=(settings.vx_min, -settings.wz_max),
        upper=(settings.vx_max, settings.wz_max),
        rate=(settings.ax_max, settings.az_max),
    )


def multimodal(settings: ControllerSettings) -> bool:
    """Return True when modes are sampled from the whole mixture."""
    return settings.variant == "mme_ilqr"


def algorithm_settings(settings: ControllerSettings) -> MmeSettings:
    """Return the algorithm's settings; plain iLQR is one mode at temperature zero."""
    if settings.variant != "ilqr":
        return settings.mme
    return dataclasses.replace(settings.mme, n_modes=1, n_restarts=0, temperature=0.0)
