"""A robot and a cost of your own: a robot that pulls a trailer and shall end with it straight.

    python -m examples.own_robot_and_cost

The robot is one symbolic step, the cost one small class. Derivatives, printing and compiling are
not your business: the kernel takes both as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import casadi as ca
import numpy as np

from mme_ilqr_ros.control.costs import CostTerm, EffortTerm, GoalTerm
from mme_ilqr_ros.control.kernel import Barrier, CompiledKernel, StageData, World
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.geometry.angles import difference
from mme_ilqr_ros.models import ControlLimits, RobotModel

# ---- the new robot and the new cost ----


def step(x: ca.SX, u: ca.SX, dt: ca.SX) -> ca.SX:
    """Drive by u = (v, w); the trailer, 0.5 m behind its hitch, is dragged along."""
    v, w, hitch_angle = u[0], u[1], x[2] - x[3]
    return x + dt * ca.vertcat(v * ca.cos(x[2]), v * ca.sin(x[2]), w, v * ca.sin(hitch_angle) / 0.5)


TRAILER = RobotModel("with_trailer", ("px", "py", "yaw", "trailer"), ("v", "w"), step, (-1, -1))


@dataclass(frozen=True)
class HitchTerm:
    """Sine of half the angle between robot and trailer at the end of the horizon, squared."""

    parameters: tuple[str, ...] = ("hitch_weight",)
    terminal: bool = True

    def residual(self, x: ca.SX, u: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return the sine of half the angle [1]."""
        return ca.sin((x[2] - x[3]) / 2)

    def loss(self, r: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return weight * r^2."""
        return p["hitch_weight"] * r**2


# ---- one problem, solved without and with the new cost ----

START = np.array([0.0, 0.0, 0.0, 0.0])
GOAL = (1.2, 1.2)
CIRCLES = np.array([[1.0, 0.2, 0.3, 0.0, 0.0]])  # x, y, radius in m, vx, vy in m/s
RADIUS = 0.2  # m
DT, STAGES = 0.1, 50
VALUES = {
    "goal_x": GOAL[0],
    "goal_y": GOAL[1],
    "goal_width": 0.1,
    "goal_weight": 0.05,
    "terminal_weight": 10.0,
    "effort": 0.02,
    "hitch_weight": 60.0,
}


def solve(terms: tuple[CostTerm, ...], backend: str) -> str:
    """Solve the problem with these terms; return what came of it in words."""
    problem = Problem(TRAILER, terms)
    kernel = CompiledKernel(problem, backend)
    row = [VALUES[name] for name in problem.parameter_names]
    limits = ControlLimits((0.0, -1.5), (1.0, 1.5), (math.inf, math.inf))
    world = World(CIRCLES, None, Barrier(0.1, stiff=0.03, cutoff=0.3, radius=RADIUS))
    data = StageData(np.tile(row, (STAGES + 1, 1)), DT, limits, world)
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
    usual = (
        GoalTerm(),
        GoalTerm("terminal_weight", terminal=True),
        EffortTerm(0, "effort"),
        EffortTerm(1, "effort"),
    )
    print(f"without the new cost: {solve(usual, backend)}")
    print(f"with the new cost:    {solve((*usual, HitchTerm()), backend)}")


if __name__ == "__main__":
    main()
