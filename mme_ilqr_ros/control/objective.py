"""From settings to numbers: the problem of a robot, its weights and its world."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.costs import Reference
from mme_ilqr_ros.control.kernel import Barrier, StageData, World
from mme_ilqr_ros.control.mme_settings import MmeSettings
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.control.robots import Robot, robot_of
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.passable import discs_in, outer_radius
from mme_ilqr_ros.models import ControlLimits
from mme_ilqr_ros.settings import rebuilt

Array = NDArray[np.float64]

CONTACT = 1.0 / 3.0  # of the clearance margin that a plan may use up at no other cost than speed


def standard_problem(
    robot: Robot | None = None, settings: ControllerSettings | None = None
) -> Problem:
    """Return the problem of a robot: the same one, hence one kernel, whatever the weights.

    Args:
        robot: The robot; by default the one that the settings name.
        settings: Name the robot, and hold the cost with its extra terms.
    """
    s = settings or ControllerSettings()
    return Problem((robot or robot_of(s)).model, s.costs)


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
) -> StageData:
    """Return what one solve needs.

    Args:
        problem: Names the parameters.
        settings: Weights, radius.
        target: Point to head for [2] in m.
        circles: Obstacles [M, 5].
        field: Distance field of the map, or None.
        cost_to_go: Of the planner; it replaces most of the distance to the target.
        yaw: Heading wanted at the target [rad]; None for any.
        reference: Points of the plan for every stage, x, y, heading [T+1, 3]; None without a plan.
        limits: Of the controls; by default those of the robot that the settings name.
    """
    fraction = 1.0 if cost_to_go is None else 1.0 - settings.costs.cost_to_go_share
    wanted = Reference(problem.model, settings.mme.model_dt, target[0], target[1], fraction)
    if yaw is not None:
        wanted = dataclasses.replace(
            wanted, heading_wanted=1.0, heading_cos=math.cos(yaw), heading_sin=math.sin(yaw)
        )
    if reference is not None:
        x, y, heading = reference.T
        wanted = dataclasses.replace(
            wanted,
            path_given=1.0,
            path_x=x,
            path_y=y,
            path_cos=np.cos(heading),
            path_sin=np.sin(heading),
        )
    parameters = problem.parameters(wanted, settings.mme.time_steps, settings.costs)
    costs, dt = settings.costs, settings.mme.model_dt
    goal_weights = (
        costs.cost_to_go_share * costs.goal_weight * dt,
        costs.cost_to_go_share * costs.terminal_goal_weight,
    )
    barrier, energy = _clearance(settings, problem)
    offsets = discs_in(settings).offsets
    world = World(circles, field, barrier, cost_to_go, goal_weights, energy, offsets)
    limits = limits or robot_of(settings).limits(settings)
    return StageData(parameters, settings.mme.model_dt, limits, world)


def _clearance(settings: ControllerSettings, problem: Problem) -> tuple[Barrier, Array]:
    """Return the cost of clearance, and the share of it for the square of every control [nu].

    What stands is charged by the energy of a contact: by the speed of the robot's edge squared,
    relative to the top speed.
    """
    costs, energy = settings.costs, np.zeros(problem.model.nu)
    discs = discs_in(settings)
    at_speed = costs.caution * (1.0 - costs.standing_share) / settings.vx_max**2
    levers = {"vx": 1.0, "vy": 1.0, "wz": outer_radius(settings)}
    for i, name in enumerate(problem.model.control_names):
        energy[i] = at_speed * levers.get(name, 0.0) ** 2
    dt, stiff = settings.mme.model_dt, min(costs.stiff_distance, 0.5 * costs.clearance_distance)
    barrier = Barrier(
        weight=costs.clearance_weight * dt / len(discs.offsets),
        stiff=stiff,
        cutoff=costs.clearance_distance,
        radius=discs.radius + settings.clearance_margin,
        surprise_time=costs.surprise_time,
        standing=costs.caution * (costs.standing_share if energy.any() else 1.0),
        contact=-CONTACT * settings.clearance_margin,
        stiffness=costs.caution * costs.clearance_weight * dt / stiff**2,
    )
    return barrier, energy


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
    return rebuilt(settings.mme, fixed[settings.variant])  # unchecked: a study has more modes
