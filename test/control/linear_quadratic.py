"""A linear model with quadratic costs: the case in which everything has a closed form."""

from __future__ import annotations

from dataclasses import dataclass

import casadi as ca
import numpy as np
from one_robot import OneRobot, one_robot

from mme_ilqr_ros.control.costs import CostTerm, Penalty, Reference
from mme_ilqr_ros.control.kernel import StageData, free_space
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.models import ControlLimits, RobotModel

A = np.array([[1.0, 0.1, 0.0], [0.0, 1.0, 0.2], [0.05, 0.0, 0.9]])
B = np.array([[0.1, 0.0], [0.0, 0.3], [0.2, 0.1]])
FREE = ControlLimits((-1e6, -1e6), (1e6, 1e6), (np.inf, np.inf))
X0 = np.array([1.0, -2.0, 0.5])


def linear_model() -> RobotModel:
    return RobotModel(
        "linear", ("px", "py", "yaw"), ("a", "b"), lambda x, u, dt: A @ x + B @ u, (-1, -1)
    )


@dataclass(frozen=True)
class Coupled(CostTerm):
    """weight * |x + C u - 1|^2, so that l_ux is not zero, and 0.4 |u|^2, at every stage."""

    state_weight: float = 0.7

    def stage(self, x, u, ref):
        coupled = x - 1.0 + 0.3 * ca.vertcat(u[0], u[1], u[0] - u[1])
        per_stage = 1.0 / ref.dt
        return [
            Penalty(per_stage * self.state_weight, coupled, ca.sumsqr),
            Penalty(per_stage * 0.4, u, ca.sumsqr),
        ]

    def final(self, x, ref):
        return [Penalty(self.state_weight, x - 1.0, ca.sumsqr)]


def kernel() -> OneRobot:
    return one_robot(Problem(linear_model(), Coupled()), "python")


def data(n_stages: int, limits: ControlLimits = FREE) -> StageData:
    problem = Problem(linear_model(), Coupled())
    numbers = problem.parameters(Reference(problem.model, 0.1), n_stages, problem.cost)
    return StageData(numbers, 0.1, limits, free_space())


def cost(kernel: OneRobot, U: np.ndarray, limits: ControlLimits = FREE) -> float:
    return float(kernel.optimise(X0, U[None], data(len(U), limits), 0).costs[0])


def hessian(kernel: OneRobot, n_stages: int) -> np.ndarray:
    """d2J/dU2 [2T, 2T]; second differences are exact because J is quadratic."""
    n = 2 * n_stages
    unit = np.eye(n)
    both = (unit[:, None] + unit).reshape(n * n, n)
    U = np.concatenate([np.zeros((1, n)), unit, both]).reshape(-1, n_stages, 2)
    costs = kernel.optimise(X0, U, data(n_stages), 0).costs
    at, pairs = costs[1 : n + 1], costs[n + 1 :].reshape(n, n)
    return pairs - at[:, None] - at + costs[0]
