"""A robot and a cost of one's own, driven by the controller: a trailer that shall stay straight."""

import dataclasses
import functools
import inspect
import math
from dataclasses import dataclass

import casadi as ca
import numpy as np
import pytest

from mme_ilqr_ros.control import controller
from mme_ilqr_ros.control.controller import ControlStatus, LocalController
from mme_ilqr_ros.control.costs import CostTerm, Penalty
from mme_ilqr_ros.control.extensions import add_costs
from mme_ilqr_ros.control.kernel import CompiledKernel
from mme_ilqr_ros.control.robots import DifferentialDrive
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.pose import Pose, RobotState, difference
from mme_ilqr_ros.models import RobotModel
from mme_ilqr_ros.settings import setting


def with_trailer(x, u, dt):
    drag = (x[3] + u[0]) / 2 * ca.sin(x[2] - x[5]) / 0.5  # the trailer is 0.5 m long
    return ca.vertcat(DifferentialDrive.model.step(x, u, dt), x[5] + dt * drag)


class Tractor(DifferentialDrive):
    states = ("px", "py", "yaw", "v", "w", "trailer")
    model = RobotModel("tractor", states, ("vx", "wz"), with_trailer, held_state=(3, 4))
    trailer = 0.0  # heading of the trailer, measured [rad]

    def initial_state(self, state, controls):
        return np.array([state.x, state.y, state.yaw, *controls, self.trailer])


@dataclass(frozen=True)
class Hitch(CostTerm):
    weight: float = setting(5.0, "Cost of a trailer that is not straight.", low=0.0)

    def stage(self, x, u, ref):
        return [Penalty(self.weight, ca.sin((x[2] - x[5]) / 2), ca.sumsqr)]


GOAL = Pose(1.2, 1.0, 0.0)
SMALL = dataclasses.replace(ControllerSettings().mme, time_steps=20, n_iterations=5, n_modes=2)
SETTINGS = ControllerSettings(mme=SMALL)


def hitch_at_the_goal(weight):
    robot = Tractor()
    settings = add_costs(SETTINGS, Hitch(weight))
    control = LocalController(settings, robot, realtime=False)  # the reference is slow
    state = RobotState(0.0, 0.0, 0.0)
    for i in range(80):
        result = control.compute_command(Situation(state, GOAL, 0.1 * i))
        if result.status is ControlStatus.GOAL_REACHED:
            return abs(difference(state.yaw, robot.trailer))
        vx, wz = result.vx, result.wz
        robot.trailer += 0.1 * vx * math.sin(state.yaw - robot.trailer) / 0.5
        pose = state.pose.compose(Pose(0.1 * vx, 0.0, 0.1 * wz))
        state = RobotState(pose.x, pose.y, pose.yaw, vx, wz)
    return pytest.fail("did not arrive")


def test_an_own_robot_arrives_and_an_own_cost_straightens_its_trailer(monkeypatch):
    monkeypatch.setattr(
        controller, "CompiledKernel", functools.partial(CompiledKernel, backend="python")
    )
    assert hitch_at_the_goal(5.0) < 0.5 * hitch_at_the_goal(0.0)


def test_a_robot_and_a_cost_take_less_than_25_lines():
    lines = [
        line
        for part in (with_trailer, Tractor, Hitch)
        for line in inspect.getsource(part).splitlines()
        if line.strip()
    ]
    assert len(lines) < 25
