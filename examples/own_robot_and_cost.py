"""A robot and a cost of your own: an omnidirectional robot that likes to face a point.

    python -m examples.own_robot_and_cost

The robot is one symbolic step, the cost one small class. Derivatives, printing and compiling are
not your business: the kernel takes both as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import casadi as ca
import numpy as np

from mme_ilqr_ros.control.costs import EffortTerm, GoalTerm
from mme_ilqr_ros.control.kernel import Barrier, Kernel, StageData, World
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.models import ControlLimits, RobotModel

# ---- the new robot and the new cost ----


def step(x: ca.SX, u: ca.SX, dt: ca.SX) -> ca.SX:
    """Move by u = (vx, vy, w), given in the robot's own frame."""
    c, s = ca.cos(x[2]), ca.sin(x[2])
    return x + dt * ca.vertcat(c * u[0] - s * u[1], s * u[0] + c * u[1], u[2])


OMNIDIRECTIONAL = RobotModel("omni", ("px", "py", "yaw"), ("vx", "vy", "w"), step, (-1, -1, -1))


@dataclass(frozen=True)
class FacingTerm:
    """Sine of half the angle between the heading and the direction to a point, squared."""

    parameters: tuple[str, ...] = ("face_weight", "face_x", "face_y")
    terminal: bool = False

    def residual(self, x: ca.SX, u: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return the sine of half the angle [1]."""
        return ca.sin((ca.atan2(p["face_y"] - x[1], p["face_x"] - x[0]) - x[2]) / 2)

    def loss(self, r: ca.SX, p: dict[str, ca.SX]) -> ca.SX:
        """Return weight * r^2."""
        return p["face_weight"] * r**2


# ---- one problem, solved once ----

START, GOAL, LOOK_AT = (0.0, 0.0, 0.0), (3.0, 0.0), (1.5, 3.0)
CIRCLES = np.array([[1.5, 0.1, 0.4, 0.0, 0.0]])  # x, y, radius in m, vx, vy in m/s
DT, STAGES = 0.1, 50
WEIGHTS = {"goal_weight": 0.05, "terminal_weight": 10.0, "effort": 0.02, "face_weight": 0.5}


def problem() -> Problem:
    """Return the robot with its terms: go there, spend little, face the point."""
    goals = (GoalTerm(), GoalTerm("terminal_weight", terminal=True))
    efforts = tuple(EffortTerm(i, "effort") for i in range(3))
    return Problem(OMNIDIRECTIONAL, (*goals, *efforts, FacingTerm()))


def stage_data(task: Problem) -> StageData:
    """Give every parameter that the terms name its value, at every stage."""
    values = {"goal_x": GOAL[0], "goal_y": GOAL[1], "goal_width": 0.3}
    values |= {"face_x": LOOK_AT[0], "face_y": LOOK_AT[1], **WEIGHTS}
    row = [values[name] for name in task.parameter_names]
    limits = ControlLimits((-1.0, -1.0, -2.0), (1.0, 1.0, 2.0), (math.inf,) * 3)
    world = World(CIRCLES, None, Barrier(0.1, stiff_gap=0.03, cutoff_gap=0.3, radius=0.23))
    return StageData(np.tile(row, (STAGES + 1, 1)), DT, limits, world)


def main(backend: str = "python") -> None:
    """Solve; `python` needs no compiler, `numba` is what a robot uses."""
    task = problem()
    kernel, data = Kernel(task, backend), stage_data(task)
    start = np.array(START)
    guess = np.tile([0.5, -0.2, 0.0], (1, STAGES, 1))
    X, _, cost, iterations = kernel.optimise(start, guess, data, iterations=30)
    end = X[0, -1]
    wanted = math.atan2(LOOK_AT[1] - end[1], LOOK_AT[0] - end[0])
    gap = float(kernel.smallest_gaps(X, data)[0])
    print(
        f"{iterations} iterations, cost {cost[0]:.3f}: ends {math.dist(end[:2], GOAL):.3f} m from"
        f" the goal, {math.degrees(abs(wanted - end[2])):.2f} degrees off the point it faces,"
        f" {gap - 0.2:.2f} m clear of the obstacle"
    )


if __name__ == "__main__":
    main()
