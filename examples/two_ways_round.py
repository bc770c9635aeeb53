"""The controller alone, in the trap: plain iLQR stops in it, MME-iLQR takes a detour.

    python -m examples.two_ways_round [picture.png]

No ROS, no planner, no map: three circles stand between the robot and its goal. Ten lines are the
robot, one call a control cycle is the controller.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from mme_ilqr_ros.control.controller import ControlResult, ControlStatus, LocalController
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.reporting.world_axes import CANDIDATE, CHOSEN, COMMAND, OBSTACLE
from mme_ilqr_ros.reporting.world_axes import GOAL as GREEN
from mme_ilqr_ros.settings import build

START = RobotState(0.0, 0.02, 0.0)  # 2 cm off the axis: nothing here rests on perfect symmetry
GOAL = Pose(6.0, 0.0, 0.0)
CIRCLES = np.array(  # x, y, radius in m, vx, vy in m/s
    [[2.0, 0.95, 0.6, 0.0, 0.0], [2.0, -0.95, 0.6, 0.0, 0.0], [2.9, 0.0, 0.5, 0.0, 0.0]]
)
PERIOD = 0.1  # s
LONGEST = 20.0  # s
SHOWN_AT = 1  # control cycle whose modes are drawn


def plant(state: RobotState, vx: float, wz: float) -> RobotState:
    """Return the state one period later: speeds reach the command, the pose follows an arc."""
    v, w = 0.5 * (state.vx + vx), 0.5 * (state.wz + wz)
    heading = state.yaw + 0.5 * w * PERIOD
    return RobotState(
        x=state.x + v * PERIOD * math.cos(heading),
        y=state.y + v * PERIOD * math.sin(heading),
        yaw=state.yaw + w * PERIOD,
        vx=vx,
        wz=wz,
    )


def drive(variant: str) -> tuple[list[RobotState], list[ControlResult]]:
    """Drive with one variant of the controller until it arrives or the time is over."""
    controller = LocalController(build(ControllerSettings, {"variant": variant}))
    controller.warm_up()
    states, results = [START], []
    while len(results) * PERIOD < LONGEST:
        now = len(results) * PERIOD
        result = controller.compute_command(Situation(states[-1], GOAL, now, circles=CIRCLES))
        results.append(result)
        if result.status is ControlStatus.GOAL_REACHED:
            break
        states.append(plant(states[-1], result.vx, result.wz))
    return states, results


def sentence(variant: str, states: list[RobotState], results: list[ControlResult]) -> str:
    """Say how the drive ended."""
    left = math.dist(states[-1].position, (GOAL.x, GOAL.y))
    solve_time = 1e3 * float(np.median([result.solve_time for result in results]))
    seconds = (len(results) - 1) * PERIOD
    return (
        f"{variant}: {results[-1].status.value} after {seconds:.1f} s, {left:.2f} m from the goal,"
        f" {solve_time:.1f} ms a cycle (median)"
    )


def draw(axes: Axes, title: str, states: list[RobotState], results: list[ControlResult]) -> None:
    """Draw the circles, the driven path and the plans of one early cycle."""
    for x, y, radius, *_ in CIRCLES:
        axes.add_patch(Circle((x, y), radius, color=OBSTACLE))
    modes = results[SHOWN_AT].modes
    others = [n for n in range(len(modes.states)) if n != modes.chosen]
    for k, n in enumerate(others):
        label = None if k else "other plans"
        axes.plot(*modes.states[n, :, :2].T, color=CANDIDATE, linewidth=1.0, label=label)
    chosen = modes.states[modes.chosen, :, :2]
    axes.plot(*chosen.T, color=CHOSEN, linewidth=5.0, alpha=0.6, label="executed plan")
    driven = np.array([state.position for state in states])
    axes.plot(*driven.T, color=COMMAND, linewidth=2.0, label="driven")
    axes.plot(GOAL.x, GOAL.y, "*", color=GREEN, markersize=14, label="goal")
    axes.legend(loc="upper right", fontsize=8)
    axes.set(title=title, xlim=(-0.5, 6.5), ylim=(-2.7, 2.7), aspect="equal", xlabel="x [m]")


def main(picture: Path = Path("out", "examples", "two_ways_round.png")) -> None:
    """Drive twice and draw both."""
    figure = Figure(figsize=(11.0, 4.8), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for side, variant in zip(axes, ("ilqr", "mme_ilqr"), strict=True):
        states, results = drive(variant)
        print(sentence(variant, states, results))
        seconds = SHOWN_AT * PERIOD
        draw(side, f"{variant}: the plans at {seconds:.1f} s", states, results)
    axes[0].set_ylabel("y [m]")
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=110)
    print(f"wrote {picture}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
