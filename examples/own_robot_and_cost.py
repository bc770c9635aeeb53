"""A robot and a cost of your own: a robot with a trailer, and a cost that straightens it.

    python -m examples.own_robot_and_cost

The robot is one symbolic step, the cost one small class; the kernel derives and compiles the rest.
docs/extending.md uses such a robot in ROS.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import casadi as ca
import numpy as np

from mme_ilqr_ros.control.costs import CostSum, CostTerm, GoalCost, Penalty, Reference
from mme_ilqr_ros.control.kernel import Barrier, CompiledKernel, StageData, World
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.geometry.pose import difference
from mme_ilqr_ros.models import ControlLimits, RobotModel

# ---- the new robot and the new costs ----


def step(x: ca.SX, u: ca.SX, dt: ca.SX) -> ca.SX:
    """Drive by u = (v, w); the trailer, 0.5 m behind its hitch, is dragged along."""
    v, w, hitch_angle = u[0], u[1], x[2] - x[3]
    return x + dt * ca.vertcat(v * ca.cos(x[2]), v * ca.sin(x[2]), w, v * ca.sin(hitch_angle) / 0.5)


TRAILER = RobotModel("with_trailer", ("px", "py", "yaw", "trailer"), ("v", "w"), step, (-1, -1))


@dataclass(frozen=True)
class DriveCost(CostTerm):
    """Squared controls."""

    drive_weight: float = 0.2

    def stage(self, x: ca.SX, u: ca.SX, ref: Reference) -> list[Penalty]:
        """Return both controls."""
        return [Penalty(self.drive_weight, u, ca.sumsqr)]


@dataclass(frozen=True)
class HitchCost(CostTerm):
    """Sine of half the angle between robot and trailer at the end of the horizon, squared."""

    hitch_weight: float = 60.0

    def final(self, x: ca.SX, ref: Reference) -> list[Penalty]:
        """Return the sine of half the angle."""
        return [Penalty(self.hitch_weight, ca.sin((x[2] - x[3]) / 2), ca.sumsqr)]


@dataclass(frozen=True)
class Cost(CostSum, HitchCost, DriveCost, GoalCost):
    """The whole cost: the sum of its terms."""


# ---- one problem, solved without and with the new cost ----

START = np.array([0.0, 0.0, 0.0, 0.0])
GOAL = (1.2, 1.2)
CIRCLES = np.array([[1.0, 0.2, 0.3, 0.0, 0.0]])  # x, y, radius in m, vx, vy in m/s
RADIUS = 0.2  # m
DT, STAGES = 0.1, 50


def solve(cost: Cost, backend: str) -> str:
    """Solve the problem with these weights; return the result in words."""
    problem = Problem(TRAILER, cost)
    kernel = CompiledKernel(problem, backend)
    parameters = problem.parameters(Reference(TRAILER, DT, *GOAL), STAGES, cost)
    limits = ControlLimits((0.0, -1.5), (1.0, 1.5), (math.inf, math.inf))
    world = World(CIRCLES, None, Barrier(0.1, stiff=0.03, cutoff=0.3, radius=RADIUS))
    data = StageData(parameters, DT, limits, world)
    guess = np.tile([0.5, 0.0], (1, STAGES, 1))  # one mode: straight on at half speed
    found = kernel.optimise(np.array([START]), guess[None], [data], iterations=50)
    end, clearance = found.X[0, 0, -1], found.distances[0, 0] - RADIUS
    hitch = math.degrees(abs(difference(end[2], end[3])))
    return (
        f"{math.dist(end[:2], GOAL):.2f} m from the goal, hitch at {hitch:.1f} degrees,"
        f" {clearance:.2f} m clear of the obstacle; {found.iterations[0]} iterations,"
        f" cost {found.costs[0, 0]:.2f}"
    )


def main(backend: str = "python") -> None:
    """Solve twice; `python` needs no compiler, `numba` is what a robot uses."""
    without = Cost(goal_width=0.1, hitch_weight=0.0)
    print(f"without the new cost: {solve(without, backend)}")
    print(f"with the new cost:    {solve(Cost(goal_width=0.1), backend)}")


if __name__ == "__main__":
    main()
