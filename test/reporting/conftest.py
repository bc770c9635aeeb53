"""A made-up run: past a circle on the left, with eight modes that fan out to both sides."""

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.reporting.scene import Scene

GOAL = (6.0, 0.0)


def side_step(x, height):
    """Return y of a smooth way round something at x = 2.4, `height` high."""
    return height * np.exp(-(((x - 2.4) / 1.3) ** 2))


def make_record(circles=((2.0, 0.95, 0.6), (2.0, -0.95, 0.6), (2.9, 0.0, 0.5)), height=1.95):
    rng = np.random.default_rng(0)
    record = RunRecord()
    circles = np.hstack([np.zeros((0, 5))] if not len(circles) else [np.array(circles, float)])
    if circles.shape[1] == 3:
        circles = np.hstack([circles, np.zeros((len(circles), 2))])
    record.add_plan(0.2, np.linspace([0.0, 0.0], GOAL, 40))
    x, time, vx = 0.0, 0.0, 0.0
    while x < GOAL[0] - 0.1:
        slope = (side_step(x + 1e-4, height) - side_step(x, height)) / 1e-4
        vx = min(vx + 0.02, 1.0 - 0.35 * min(1.0, abs(slope)), 0.3 + 0.8 * (GOAL[0] - x))
        y, yaw = side_step(x, height), float(np.arctan(slope))
        wz = 0.6 * np.sin(1.7 * time)
        record.add_state(time, x, y, yaw, vx, wz)
        now = circles.copy()
        now[:, :2] += time * now[:, 3:]
        record.add_circles(time, now)
        if round(time / 0.02) % 5 == 0:
            record.add_command(time, vx + 0.03 * rng.normal(), wz + 0.05 * rng.normal())
            record.add_solve_time(0.02 + 0.01 * rng.random())
            ahead = np.linspace(x, min(x + 2.5, 6.5), 51)
            heights = height * np.array([1.0, -1.1, 0.6, 1.25, -0.5, 1.1, -1.4, 0.9])
            lines = [
                np.stack([ahead, y + side_step(ahead, h) - side_step(x, h)], 1) for h in heights
            ]
            switched = abs(time - 1.5) < 0.01
            record.add_modes(time, lines, np.full(8, 1 / 8), 0, switched)
        record.add_clearance(0.35 - 0.1 * np.sin(time))
        x += vx * np.cos(yaw) * 0.02
        time += 0.02
    record.add_plan_time(0.004)
    return record


def make_scene(grid=None, name="trap"):
    start, goal = Pose(0.0, 0.0, 0.0), Pose(*GOAL, 0.0)
    setup = "mme_ilqr with id_vin"
    return Scene(name, start, goal, goal_tolerance=0.25, robot_radius=0.2, grid=grid, setup=setup)


@pytest.fixture
def record():
    return make_record()


@pytest.fixture
def scene():
    occupied = np.zeros((120, 200), dtype=bool)
    occupied[[0, -1], :] = occupied[:, [0, -1]] = True
    unknown = np.zeros_like(occupied)
    unknown[60:80, 170:-1] = True
    return make_scene(GridMap(occupied, 0.05, Pose(-2.0, -3.0, 0.0), unknown))
