"""Every shipped robot drives, at its own size and speed, by what its parameter file says."""

import pytest

from mme_ilqr_ros.benchmark.drive import drive
from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.reporting.result import Outcome
from mme_ilqr_ros.simulation.robot_file import load_robot
from mme_ilqr_ros.simulation.scenario import load_scenario

# Pillars as large as the robot: round the first, then between the other two.
WORLD = """\
name: pillars
start: [0, 0, 0]
goal: [{goal}, 0]
goal_tolerance: 0.15
timeout: 90
circles:
  - [{first}, 0.05, {radius}]
  - [{second}, {side}, {radius}]
  - [{second}, -{side}, {radius}]
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "vx_max", "wz_max"),
    [("turtlebot3", 0.22, 2.84), ("turtlebot4", 0.31, 1.9), ("jackal", 2.0, 3.0)],
)
def test_a_shipped_robot_drives_between_pillars_at_its_own_speed(name, vx_max, wz_max, tmp_path):
    size = load_robot(name).radius
    file = tmp_path / "pillars.yaml"
    places = {"first": 6 * size, "second": 12 * size, "goal": 18 * size, "radius": size}
    file.write_text(WORLD.format(**places, side=2.8 * size))
    trial = drive(load_scenario(str(file)), Setup(robot=name), 0, 0)
    assert trial.result.outcome is Outcome.SUCCESS
    assert trial.result.min_clearance > 0.0
    speeds, turns = trial.record.states[:, 4], trial.record.states[:, 5]
    assert 0.7 * vx_max < speeds.max() < 1.01 * vx_max
    assert abs(turns).max() < 1.01 * wz_max
    assert trial.result.path_length > 18 * size - 0.15
