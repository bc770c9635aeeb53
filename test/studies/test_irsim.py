"""Worlds as ir-sim has them are the worlds of this project, and ir-sim is the judge."""

import json

import numpy as np
import pytest

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.lidar import scan as our_scan
from mme_ilqr_ros.simulation.scenario import scenario_of
from mme_ilqr_ros.simulation.world_file import Keys
from studies.referee.driver import Driver
from studies.referee.irsim_worlds import Lidar, cells, of_scenario
from studies.referee.neupan_worlds import read_world
from studies.referee.run import End

EXACT = Lidar(beams=181, noise=0.0)
POLYGON = 0.002  # [m]: ir-sim makes a polygon of a circle
ENV = """
world: {step_time: 0.1, collision_mode: stop}
robot:
  - kinematics: {name: diff}
    shape: {name: rectangle, length: 1.6, width: 2.0}
    state: [0, 0, 0]
    goal: [40, 40, 0]
    vel_min: [-8, -3.14]
    vel_max: [8, 3.14]
    sensors: [{type: lidar2d, range_max: 10, angle_range: 3.1415926, number: 100}]
obstacle:
  - {number: 1, shape: [{name: circle, radius: 1.0}], state: [[5, 6]]}
"""
PLANNER = """
ref_speed: 4
robot: {max_speed: [8, 3], max_acce: [8, 3]}
ipath: {waypoints: [[0.2, 0, 0], [6, 0, 0], [12, 0, 1.57]]}
adjust: {d_min: 0.1, d_max: 1.0}
"""


class Ahead(Driver):
    """Drives on, whatever comes."""

    def command(self, scan, state, goal):
        self.message = "on"
        return self.task.robot.vx_max, 0.0


class Stands(Driver):
    """Stands still, and gives up after two seconds."""

    def command(self, scan, state, goal):
        return None if scan.stamp > 1.95 else (0.0, 0.0)


def world(tmp_path, **changes):
    keys = {"id": "hall", "start": [0, 0, 0], "goal": [3.0, 0.0], "timeout": 10.0, **changes}
    return scenario_of(Keys(keys, "file", "hall"), tmp_path)


def turned_map():
    rng = np.random.default_rng(4)
    occupied = rng.random((14, 20)) < 0.3
    return GridMap(occupied, 0.25, Pose(1.0, -2.0, 0.4))


def test_rectangles_cover_the_cells_of_a_map_and_nothing_else():
    grid = turned_map()
    boxes = list(cells(grid))
    centres = grid.centre_of(np.argwhere(np.ones(grid.shape, bool)))
    covered = np.zeros(len(centres), int)
    for box in boxes:
        local = Pose(*box["state"]).inverse().transform(centres)
        half = 0.5 * np.array([box["shape"]["length"], box["shape"]["width"]])
        covered += (np.abs(local) < half).all(axis=1)
    np.testing.assert_array_equal(covered, grid.occupied.ravel().astype(int))
    area = sum(box["shape"]["length"] * box["shape"]["width"] for box in boxes)
    assert area == pytest.approx(grid.occupied.sum() * 0.25**2)
    assert len(boxes) < grid.occupied.sum()


def test_discs_that_come_and_go_are_refused_in_one_line(tmp_path):
    disc = {"radius": 0.2, "keyframes": [[0.0, 2.0, 2.0], [5.0, 2.0, 4.0]], "duration": 6.0}
    with pytest.raises(InputError, match="hall: ir-sim has no discs"):
        of_scenario(world(tmp_path, obstacles=[disc]), 1.0, EXACT)


def test_a_world_of_neupan_is_read_from_its_own_files(tmp_path):
    folder = tmp_path / "example" / "hall" / "diff"
    folder.mkdir(parents=True)
    (folder / "env.yaml").write_text(ENV)
    (folder / "planner.yaml").write_text(PLANNER)
    task = read_world(tmp_path, "hall").task
    assert task.way_points == ((6.0, 0.0), (12.0, 0.0))  # not the one where it stands
    assert (task.robot.vx_max, task.robot.wz_max, task.robot.ax_max) == (4.0, 3.0, 8.0)
    assert task.robot.radius == pytest.approx(np.hypot(0.8, 1.0))
    assert task.robot.inscribed_radius == pytest.approx(0.8)
    assert task.distances == (0.1, 1.0)
    assert read_world(tmp_path, "hall", 1.5).task.robot.vx_max == 1.5
    (folder / "planner.yaml").write_text("ref_speed: 4")
    with pytest.raises(InputError, match=r"not a world of NeuPAN: KeyError: 'robot'"):
        read_world(tmp_path, "hall")


@pytest.fixture
def irsim_run():
    return pytest.importorskip("studies.referee.irsim_run")


def test_the_lidar_of_ir_sim_sees_the_same_world_as_ours(irsim_run, tmp_path):
    circles = [[2.0, 1.0, 0.4], [-1.5, 1.5, 0.3], [1.0, -2.5, 0.2]]
    walls = [{"center": [0.5, 2.5], "size": [2.0, 0.2], "yaw": 0.3}]
    scenario = world(tmp_path, circles=circles, walls=walls, start=[0.1, 0.2, 0.7])
    grid = turned_map()
    object.__setattr__(scenario, "grid", grid)
    with irsim_run.simulator(of_scenario(scenario, 1.0, EXACT), 0) as env:
        measured = irsim_run.measured_scan(env, 0.0)
    assert measured.angles[-1] == pytest.approx(0.5 * EXACT.field_of_view)
    sides = np.array([-1e-3, 0.0, 1e-3])  # at the edge of a shape the next ray passes it
    expected = [
        our_scan(
            scenario.start, measured.angles + side, scenario.circles, grid, 10.0, scenario.boxes
        )
        for side in sides
    ]
    expected = np.minimum(expected, 10.0)
    nearest, farthest = expected.min(axis=0), expected.max(axis=0)
    assert np.all(measured.ranges >= nearest - POLYGON)
    assert np.all(measured.ranges <= farthest + POLYGON)
    assert np.count_nonzero(measured.ranges < 9.0) > 60
    assert np.count_nonzero(farthest - nearest > 0.02) < 20


def test_ir_sim_says_what_has_arrived_and_what_collided(irsim_run, tmp_path):
    free = of_scenario(world(tmp_path), 1.0, EXACT)
    run = irsim_run.drive(free, "ahead", Ahead)
    assert run.end is End.REACHED
    assert run.steps == pytest.approx(28 + 2, abs=2)  # 2.7 m at 1 m/s, after it has sped up
    assert run.message == "on"
    post = of_scenario(world(tmp_path, circles=[[1.5, 0.0, 0.3]]), 1.0, EXACT)
    run = irsim_run.drive(post, "ahead", Ahead)
    assert run.end is End.COLLISION
    assert run.track[-1, 0] == pytest.approx(1.0, abs=0.11)
    assert (run.own_contacts, run.other_contacts) == (1, 0)
    run = irsim_run.drive(free, "stands", Stands)
    assert run.end is End.GAVE_UP
    assert run.steps == 21


def test_movers_are_where_they_are_in_the_world_and_answer_for_what_they_run_into(
    irsim_run, tmp_path
):
    moving = [{"radius": 0.3, "from": [2.0, 1.0], "to": [-2.0, -1.0], "speed": 1.0}]
    scenario = world(
        tmp_path, circles=[[-3.0, 1.0, 0.2, 0.0, 0.0], [-3.0, 2.0, 0.2, 0.2, 0.1]], moving=moving
    )
    run = irsim_run.drive(of_scenario(scenario, 1.0, EXACT), "stands", Stands)
    assert run.end is End.COLLISION
    assert (run.own_contacts, run.other_contacts) == (0, 1)
    hit_at = np.hypot(2.0, 1.0) - 0.5  # [s] at 1 m/s: the robot has a radius of 0.2 m
    assert run.steps == int(np.ceil(hit_at / 0.1))
    expected = scenario.world().circles_at(hit_at)[:, :2]
    middles = [shape.mean(axis=0) for shape in run.shapes]
    np.testing.assert_allclose(middles, expected, atol=0.03)


def test_way_points_are_passed_in_order(irsim_run, tmp_path):
    folder = tmp_path / "example" / "hall" / "diff"
    folder.mkdir(parents=True)
    (folder / "env.yaml").write_text(ENV)
    (folder / "planner.yaml").write_text(PLANNER)
    goals = []

    class Notes(Ahead):
        def command(self, scan, state, goal):
            goals.append(goal)
            return super().command(scan, state, goal)

    run = irsim_run.drive(read_world(tmp_path, "hall"), "notes", Notes)
    assert run.end is End.REACHED
    assert goals == sorted(goals)
    assert set(goals) == {(6.0, 0.0), (12.0, 0.0)}


def test_the_package_drives_in_ir_sim_by_its_lidar_alone(irsim_run, tmp_path, capsys):
    from studies.__main__ import main

    file = tmp_path / "hall.json"
    keys = {"id": "hall", "start": [0, 0, 0], "goal": [2.5, 0.0], "circles": [[1.2, 0.05, 0.2]]}
    file.write_text(json.dumps({**keys, "robot": {"v_max": 1.0}}))
    out = tmp_path / "out"
    given = ["--worlds", str(file), "--drivers", "straight,mme_ilqr", "--plots", "--out", str(out)]
    assert main(["irsim", *given]) == 0
    text = capsys.readouterr().out
    assert "| hall | straight | 1 | 0 | timeout |" in text
    assert "| hall | mme_ilqr | 1 | 0 | reached |" in text
    summary = json.loads((out / "summary.json").read_text())
    assert summary["referee"].startswith("ir-sim ")
    assert [run["outcome"] for run in summary["runs"]] == ["timeout", "reached"]
    assert (out / "hall_mme_ilqr_1_0.png").stat().st_size > 5000
