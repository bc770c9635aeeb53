import dataclasses
import json

import numpy as np
import pytest

from mme_ilqr_ros.benchmark.drive import barn_score, drive
from mme_ilqr_ros.benchmark.drive_verb import summary, totals
from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.geometry.passable import discs_in
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.parameters.files import Parameters
from mme_ilqr_ros.reporting.result import Outcome
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.simulation.robot import RobotSpec
from mme_ilqr_ros.simulation.scenario import load_scenario, scenario_of
from mme_ilqr_ros.simulation.world_file import Keys

OPEN = {"id": "open_1", "start": [0, 0, 0], "goal": [1.5, 0.3], "goal_tolerance": 0.3}
TIMED = ("solve_ms", "plan_ms", "deadline_misses")


def world(tmp_path, **changes):
    return scenario_of(Keys(OPEN | changes, "file", "open_1"), tmp_path)


def untimed(trial):
    return {key: value for key, value in trial.result.row().items() if key not in TIMED}


def test_a_robot_gets_out_of_the_trap_without_a_plan_and_the_same_way_twice():
    trap, setup = load_scenario("trap"), Setup(planner="none")
    first, second = drive(trap, setup, seed=3), drive(trap, setup, seed=3)
    assert first.result.outcome is Outcome.SUCCESS
    assert untimed(first) == untimed(second)
    np.testing.assert_array_equal(first.record.states, second.record.states)
    assert first.result.plan_ms == {"median": None, "max": None}
    assert first.result.min_clearance > 0.0


def test_plain_ilqr_stays_in_the_trap_and_says_so():
    trap = dataclasses.replace(load_scenario("trap"), timeout=16.0)
    result = drive(trap, Setup("ilqr", "none")).result
    assert result.outcome in (Outcome.TIMEOUT, Outcome.STUCK)
    assert result.last_words[-1].startswith("stuck: ")


def test_a_planner_that_sees_obstacles_plans_round_them():
    setup = Setup(planner="dijkstra", planner_sees="obstacles")
    trial = drive(load_scenario("trap"), setup)
    assert trial.result.outcome is Outcome.SUCCESS
    assert trial.failed_plans == 0
    assert trial.result.plan_ms["median"] > 0.0
    length = Path(trial.record.plans[0][1]).length
    assert length > np.hypot(6.0, 0.0) + 0.2  # round the trap, not through it


def test_the_planner_is_given_the_scene_of_the_planner_node():
    """The map alone: a straight plan through circles that only the controller knows."""
    scenario = load_scenario("trap")
    trial = drive(scenario, Setup(planner="dijkstra"))
    assert trial.result.outcome is Outcome.SUCCESS
    distance = np.hypot(scenario.goal.x - scenario.start.x, scenario.goal.y - scenario.start.y)
    assert Path(trial.record.plans[0][1]).length == pytest.approx(distance)


@pytest.mark.parametrize(("frequency", "requests"), [(0.0, 1), (1.0, 3), (4.0, 9)])
def test_plans_come_as_often_as_the_planner_nodes_parameter_says(tmp_path, frequency, requests):
    parameters = Parameters(planner={"expected_planner_frequency": frequency})
    far = world(tmp_path, goal=[9, 0], timeout=2.05)
    trial = drive(far, Setup(planner="dijkstra", parameters=parameters))
    assert len(trial.record.plan_times) == requests


def test_the_planners_cost_to_go_leads_round_the_trap():
    setup = Setup(planner="dijkstra", guidance="cost_to_go", planner_sees="obstacles")
    trial = drive(load_scenario("trap"), setup)
    assert trial.result.outcome is Outcome.SUCCESS


def test_the_worlds_own_path_is_followed(tmp_path):
    bend = world(tmp_path, goal=[4, 4], path=[[0, 0], [0, 4], [4, 4]])
    trial = drive(bend, Setup(planner="file"))
    assert trial.result.outcome is Outcome.SUCCESS
    assert np.diff(trial.record.states[:, 1:3]).max() > 0.8  # y - x: not straight to the goal


def test_limits_of_a_world_win_over_the_wished_speed(tmp_path):
    free = Setup(max_speed=1.7).apply(world(tmp_path))
    limited = Setup(max_speed=1.7).apply(world(tmp_path, robot={"v_max": 0.8}))
    slower = Setup(max_speed=0.5).apply(world(tmp_path, robot={"v_max": 0.8}))
    assert [s.robot.vx_max for s in (free, limited, slower)] == [1.7, 0.8, 0.5]


def test_commands_and_speeds_keep_the_worlds_limits(tmp_path):
    robot = {"v_max": 0.6, "w_max": 0.9, "a_max": 0.7, "aw_max": 2.0, "v_min": 0.0}
    turned = world(tmp_path, start=[0, 0, 2.5], robot=robot)
    trial = drive(turned, Setup(planner="none"))
    assert trial.result.outcome is Outcome.SUCCESS
    time, vx, wz = trial.record.commands.T
    assert vx.min() >= 0.0
    assert vx.max() <= 0.6
    assert np.abs(wz).max() <= 0.9
    assert np.abs(np.diff(vx) / np.diff(time)).max() <= 0.7 + 1e-6
    assert np.abs(np.diff(wz) / np.diff(time)).max() <= 2.0 + 1e-6


def test_a_footprint_reaches_controller_and_planner_unless_a_disc_is_asked_for(tmp_path):
    jackal = {"name": "Jackal", "footprint": RobotSpec.jackal().footprint}
    barn = world(tmp_path, robot=jackal)
    both = Setup().controller_settings(barn, 0), Setup().planner_settings(barn)
    assert [len(discs_in(settings).offsets) for settings in both] == [2, 2]
    assert both[1].least_distance < barn.robot.radius
    disc = Setup(planning_radius=0.3)
    assert disc.controller_settings(barn, 0).footprint == ""
    assert disc.planner_settings(barn).robot_radius == 0.3
    own = Setup(parameters=Parameters({"robot_radius": 0.28}, {"robot_radius": 0.28}))
    assert discs_in(own.controller_settings(barn, 0)).radius == 0.28
    as_disc = Setup(robot_radius=0.25).apply(barn)
    assert as_disc.robot.footprint == ()
    assert discs_in(Setup(robot_radius=0.25).planner_settings(as_disc)).radius == 0.25


def test_the_time_a_cycle_takes_counts_only_in_realtime(tmp_path):
    scenario = world(tmp_path)
    trial = drive(scenario, Setup(planner="none", realtime=True))
    assert trial.result.outcome is Outcome.SUCCESS
    starts = trial.record.commands[:, 0]
    delays = starts - 0.1 * np.floor(starts / 0.1 + 1e-9)
    assert delays.max() > 0.0


def record_of(times, xs):
    record = RunRecord()
    for time, x in zip(times, xs, strict=True):
        record.add_state(time, x, 0.0, 0.0, 0.0, 0.0)
    return record


@pytest.mark.parametrize(
    ("arrival", "score"), [(2.0, 0.5), (11.0, 0.5), (21.0, 0.25), (61.0, 0.125), (99.0, 0.125)]
)
def test_barn_score_counts_from_the_first_motion(arrival, score):
    record = record_of([0.0, 1.0, arrival], [0.0, 0.1, 5.0])
    assert barn_score(record, Outcome.SUCCESS, 5.0) == score
    assert barn_score(record, Outcome.COLLISION, 5.0) == 0.0
    assert barn_score(record, Outcome.SUCCESS, None) is None


def test_totals_and_rows_are_the_interfaces(tmp_path):
    trials = [drive(world(tmp_path), Setup("ilqr", "none"), n, n) for n in range(2)]
    hit = dataclasses.replace(trials[1].result, outcome=Outcome.COLLISION, score=0.0)
    trials[1] = dataclasses.replace(trials[1], result=hit)
    sums = totals(trials)
    assert (sums["trials"], sums["success"], sums["collision"]) == (2, 0.5, 0.5)
    assert sums["mean_time_s"] == pytest.approx(trials[0].result.time, abs=1e-3)
    content = json.loads(json.dumps(summary("command", {}, trials), allow_nan=False))
    assert set(content) >= {"command", "version", "settings", "runs", "totals"}
    keys = "world trial seed outcome time_s path_length_m min_clearance_m score control_cycles"
    keys += " solve_ms plan_ms deadline_misses mode_switches way_changes flips"
    keys += " speed_near turn_change_rad_s2 shortest_m said"
    assert list(content["runs"][0]) == keys.split()
    assert list(content["families"]) == ["open"]


def test_by_lidar_nothing_is_told_and_the_way_is_compared_with_the_shortest(tmp_path):
    pocket = [
        {"center": [2.0, 0.0], "size": [0.2, 2.4]},
        {"center": [1.2, 1.2], "size": [1.8, 0.2]},
        {"center": [1.2, -1.2], "size": [1.8, 0.2]},
    ]
    blind = world(tmp_path, goal=[4, 0], walls=pocket)
    setup = Setup(planner="dijkstra", sensing="lidar", planner_sees="nothing")
    trial = drive(blind, setup)
    assert trial.result.outcome is Outcome.SUCCESS
    assert len(trial.record.seen[-1][1]) > 20
    assert trial.result.shortest == pytest.approx(6.0, abs=0.8)
    assert 0.9 < trial.result.detour < 2.5
    assert totals([trial])["detour"]["median"] == pytest.approx(trial.result.detour, abs=1e-3)
    again = drive(blind, setup)
    np.testing.assert_array_equal(again.record.states, trial.record.states)
    told = drive(world(tmp_path, goal=[2, 0]), Setup("ilqr", "none"))
    assert told.result.detour is None


def test_a_trial_knows_its_speed_near_things_and_what_was_said(tmp_path):
    walls = [{"center": [0.5, side * 0.375], "size": [3.0, 0.2]} for side in (1, -1)]
    beside = world(tmp_path, goal=[6, 0], walls=walls)  # 7.5 cm on both sides, then the open
    trial = drive(beside, Setup(planner="none"))
    assert trial.result.outcome is Outcome.SUCCESS
    near = trial.result.near
    assert near[:, 0].min() >= trial.result.min_clearance
    assert trial.result.control_cycles - 5 < len(near) < trial.result.control_cycles
    assert near[:, 1].max() == pytest.approx(1.0, abs=0.02)  # of full speed, in the open
    assert trial.result.speed_near is not None
    assert 0.0 < trial.result.turn_change < 5.0
    closed = [[0.6 * np.cos(a), 0.6 * np.sin(a), 0.2] for a in np.arange(0.0, 6.3, 0.5)]
    shut_in = drive(world(tmp_path, circles=closed, goal=[3, 0]), Setup("ilqr", "none"))
    assert shut_in.result.outcome is Outcome.STUCK
    assert shut_in.result.last_words
    assert totals([trial, shut_in])["silent"] == shut_in.result.said_driving
