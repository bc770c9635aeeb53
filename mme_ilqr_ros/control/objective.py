"""From settings to numbers: the standard problem, its weights and world.

`standard_problem` lists the terms for a robot, and `stage_data` gives every parameter that they
name its value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.costs import CostTerm, GoalTerm, PathTerm, SpeedTerm, YawTerm
from mme_ilqr_ros.control.goal_checker import ANY_HEADING
from mme_ilqr_ros.control.kernel import Barrier, StageData, ValueField, World
from mme_ilqr_ros.control.mme_settings import MmeSettings
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.control.robots import Robot, robot_of
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.models import ControlLimits

Array = NDArray[np.float64]


def standard_problem(
    robot: Robot | None = None,
    settings: ControllerSettings | None = None,
    extra: Sequence[CostTerm] = (),
) -> Problem:
    """Return a robot with the package's cost terms; those that are switched off are left out.

    Args:
        robot: The robot; by default the one that the settings name.
        settings: Decide which optional terms there are.
        extra: Further terms.
    """
    s = settings or ControllerSettings()
    robot = robot or robot_of(s)
    optional = (
        (PathTerm(), s.costs.contour_weight > 0.0),
        (SpeedTerm(), s.costs.speed_weight > 0.0),
        (YawTerm("goal_yaw_weight"), s.yaw_goal_tolerance < ANY_HEADING),
        (YawTerm("terminal_goal_yaw_weight", True), s.yaw_goal_tolerance < ANY_HEADING),
    )
    goal = (GoalTerm("goal_weight"), GoalTerm("terminal_goal_weight", terminal=True))
    chosen = tuple(term for term, wanted in optional if wanted)
    terms = (*goal, *robot.terms(), *chosen, *extra)
    return Problem(robot.model, terms)


def stage_data(
    problem: Problem,
    settings: ControllerSettings,
    target: Array,
    circles: Array,
    field: DistanceField | None,
    *,
    cost_to_go: CostToGo | None = None,
    yaw: float | None = None,
    reference: Array | None = None,
    limits: ControlLimits | None = None,
    values: Mapping[str, float] | None = None,
) -> StageData:
    """Return what one solve needs.

    Args:
        problem: Names the parameters.
        settings: Weights, radius.
        target: Point to head for [2] in m.
        circles: Obstacles [M, 5].
        field: Distance field of the map, or None.
        cost_to_go: Of the planner; it takes the place of most of the distance to the target.
        yaw: Heading wanted at the target [rad]; None for any.
        reference: Points of the plan for every stage, x, y, heading [T+1, 3]; None without a plan.
        limits: Of the controls; by default those of the robot that the settings name.
        values: Numbers for the parameters of terms of your own.

    Raises:
        KeyError: A term names a parameter that has no value.
    """
    share = 0.0 if cost_to_go is None else settings.costs.cost_to_go_share
    known: dict[str, float | Array] = {
        **_weights(settings, share),
        **_goal(settings, target, yaw),
        **_path(reference),
        **(values or {}),
    }
    names = problem.parameter_names
    missing = [name for name in names if name not in known]
    if missing:
        raise KeyError(f"no value for the cost parameter '{missing[0]}': give it in `values`")
    parameters = np.empty((settings.mme.time_steps + 1, len(names)))
    for i, name in enumerate(names):
        parameters[:, i] = known[name]
    world = World(circles, field, _barrier(settings), _along_field(settings, cost_to_go))
    limits = limits or robot_of(settings).limits(settings)
    return StageData(parameters, settings.mme.model_dt, limits, world)


def _barrier(settings: ControllerSettings) -> Barrier:
    costs = settings.costs
    return Barrier(
        weight=costs.clearance_weight * settings.mme.model_dt,
        stiff=min(costs.stiff_distance, 0.5 * costs.clearance_distance),
        cutoff=costs.clearance_distance,
        radius=settings.robot_radius + settings.clearance_margin,
        surprise_time=costs.surprise_time,
    )


def _along_field(settings: ControllerSettings, cost_to_go: CostToGo | None) -> ValueField | None:
    """Return the planner's field with its share of the goal weights."""
    if cost_to_go is None:
        return None
    weights = _weights(settings, 1.0 - settings.costs.cost_to_go_share)
    return ValueField(
        cost_to_go.values,
        cost_to_go.resolution,
        cost_to_go.origin,
        cost_to_go.highest,
        weights["goal_weight"],
        weights["terminal_goal_weight"],
    )


def _weights(settings: ControllerSettings, share: float) -> dict[str, float]:
    """Return the weights per stage; those in the settings are per second of driving.

    `share` of the two goal weights is charged elsewhere.
    """
    costs, dt = settings.costs, settings.mme.model_dt
    return {
        "goal_width": costs.goal_width,
        "goal_weight": (1.0 - share) * costs.goal_weight * dt,
        "terminal_goal_weight": (1.0 - share) * costs.terminal_goal_weight,
        "vx_weight": costs.vx_weight * dt,
        "wz_weight": costs.wz_weight * dt,
        "steering_weight": costs.steering_weight * dt,
        "ax_weight": costs.ax_weight / dt,  # times dt, of the square of a change divided by dt
        "az_weight": costs.az_weight / dt,
        "steering_rate_weight": costs.steering_rate_weight / dt,
        "terminal_speed_weight": costs.terminal_speed_weight,
        "contour_weight": costs.contour_weight * dt,
        "lag_weight": costs.lag_weight * dt,
        "speed_weight": costs.speed_weight * dt,
        "speed_reference": costs.speed_reference,
    }


def _goal(settings: ControllerSettings, target: Array, yaw: float | None) -> dict[str, float]:
    costs, wanted = settings.costs, 0.0 if yaw is None else yaw
    return {
        "goal_x": target[0],
        "goal_y": target[1],
        "goal_cos": np.cos(wanted),
        "goal_sin": np.sin(wanted),
        "goal_yaw_weight": 0.0 if yaw is None else costs.goal_yaw_weight * settings.mme.model_dt,
        "terminal_goal_yaw_weight": 0.0 if yaw is None else costs.terminal_goal_yaw_weight,
    }


def _path(reference: Array | None) -> dict[str, float | Array]:
    """Return the points of the plan; without a plan there is nothing to keep to."""
    if reference is None:
        names = ("path_x", "path_y", "path_cos", "path_sin", "contour_weight", "lag_weight")
        return dict.fromkeys(names, 0.0)
    x, y, heading = reference.T
    return {"path_x": x, "path_y": y, "path_cos": np.cos(heading), "path_sin": np.sin(heading)}


def algorithm_settings(settings: ControllerSettings) -> MmeSettings:
    """Return the algorithm's settings with what the variant fixes.

    Plain iLQR is one mode at temperature zero; me_ilqr and sv_ilqr are other samplers.
    """
    fixed: dict[str, dict] = {
        "ilqr": {"n_modes": 1, "n_restarts": 0, "temperature": 0.0},
        "me_ilqr": {"sampler": "unimodal"},
        "sv_ilqr": {"sampler": "stein"},
        "mme_ilqr": {},
    }
    return dataclasses.replace(settings.mme, **fixed[settings.variant])
