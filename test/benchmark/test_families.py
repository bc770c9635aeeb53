"""Every world of every family can be driven: its ends are free and an exact planner finds a way."""

import json
from pathlib import Path

import numpy as np
import pytest

from mme_ilqr_ros.__main__ import main
from mme_ilqr_ros.benchmark.families import FAMILIES, worlds_of
from mme_ilqr_ros.benchmark.families.drawing import corridor
from mme_ilqr_ros.benchmark.families.robots import COMBINATIONS
from mme_ilqr_ros.benchmark.worlds import load_worlds
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.planner import GlobalPlanner
from mme_ilqr_ros.planning.settings import PlannerSettings
from mme_ilqr_ros.simulation.scenario import scenario_of
from mme_ilqr_ros.simulation.world import World, clearance_of
from mme_ilqr_ros.simulation.world_file import Keys

COUNT = 6
MARGIN = {"gap": 0.005}  # [m] beyond the radius; others have 0.05 m
KNOWN = {"start", "goal", "goal_tolerance", "timeout", "robot", "walls", "circles", "obstacles"}


def scenarios(family, seed, count=COUNT):
    return [
        scenario_of(Keys(world, "file", world["id"]), Path())
        for world in worlds_of(family, count, seed)
    ]


def length_of_way(scenario, margin):
    """Return the length [m] of a plan that keeps `margin` beyond the radius: a third of its own."""
    settings = PlannerSettings(
        kind="dijkstra",
        robot_radius=scenario.robot.radius,
        clearance_margin=3.0 * margin,
        tolerance=scenario.goal_tolerance,
    )
    start, goal = scenario.start, scenario.goal
    grid = scenario.map_of_what_stands()
    result = GlobalPlanner(settings).plan(grid, (start.x, start.y), (goal.x, goal.y))
    assert result.path is not None, f"{scenario.name}: {result.message}"
    return result.length


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("family", FAMILIES)
def test_there_is_a_way_and_both_ends_are_free(family, seed):
    for scenario in scenarios(family, seed):
        goal, grid = scenario.goal, scenario.grid
        row, column = grid.cell_at(np.array([goal.x, goal.y]))
        assert 0 <= row < grid.height
        assert 0 <= column < grid.width
        still = World(scenario.circles, grid, boxes=scenario.boxes)
        assert clearance_of(scenario.robot, Pose(goal.x, goal.y, 0.0), still, 0.0) > 0.04
        assert clearance_of(scenario.robot, scenario.start, scenario.world(), 0.0) > 0.04
        length = length_of_way(scenario, MARGIN.get(family, 0.05))
        assert length / scenario.robot.vx_max < 0.7 * scenario.timeout, scenario.name


def test_the_same_seed_makes_the_same_worlds_and_another_seed_others():
    for family in FAMILIES:
        worlds, others = worlds_of(family, 3, 2), worlds_of(family, 3, 3)
        assert worlds == worlds_of(family, 3, 2)
        assert worlds != others
        assert {world["family"] for world in worlds} == {family}
        assert all({"id", "family", "map"} | KNOWN >= w.keys() for w in worlds)


def test_the_way_round_a_wall_with_a_gap_is_three_times_longer_and_out_of_time():
    for scenario in scenarios("gap", 0):
        through = length_of_way(scenario, MARGIN["gap"])
        around = length_of_way(scenario, 0.11)  # no gap is 0.62 m wide
        assert around > 3.0 * through
        assert around > scenario.timeout * scenario.robot.vx_max


def test_some_dead_ends_begin_inside_and_some_robots_reverse():
    ends = scenarios("dead_end", 0, 20)
    assert {s.robot.vx_min for s in ends} == {0.0, -0.5}
    assert 5 <= sum(scenario.robot.vx_min < 0.0 for scenario in ends) <= 15


def room_beside(scenario, point, way):
    """Return how far the nearest wall is from a point along a way [m]."""
    walls = World(np.empty((0, 3)), scenario.grid, boxes=scenario.boxes)
    return next(d for d in np.arange(0.0, 3.0, 0.02) if walls.clearance(point + way * d, 0.0) < 0.0)


@pytest.mark.parametrize(("family", "room"), [("head_on", 0.52), ("overtaking", 0.73)])
def test_beside_a_disc_in_a_corridor_is_room_for_the_robot_or_the_disc_turns_back(family, room):
    turning = []
    for scenario in scenarios(family, 0, 20):
        [disc] = scenario.discs
        way = disc.points[1] - disc.points[0]
        across = np.array([-way[1], way[0]]) / np.hypot(*way)
        place = disc.points[0] + way / np.hypot(*way) * 2.0
        beside = max(room_beside(scenario, place, side * across) for side in (1.0, -1.0))
        turns_back = len(disc.points) > 2
        assert (beside - disc.radius >= room) != turns_back
        turning.append(turns_back)
    assert any(turning) == (family == "head_on")
    assert not all(turning)


def test_walls_lie_between_cells_so_that_a_map_has_the_room_that_the_robot_has():
    narrow = ("slot", "wall_goal", "l_corridor", "spiral", "gap", "dead_end", "overtaking")
    for family in (*narrow, "maze", "warehouse", "bug_trap", "trap_forest"):
        for scenario in scenarios(family, 0, 10):
            origin = np.array([scenario.grid.origin.x, scenario.grid.origin.y])
            for wall in scenario.boxes:
                lines = (wall.corners - origin) / scenario.grid.resolution
                np.testing.assert_allclose(lines, np.round(lines), atol=0.01, err_msg=scenario.name)


@pytest.mark.parametrize("family", ["maze", "warehouse", "bug_trap", "trap_forest"])
def test_without_a_map_the_straight_way_is_closed(family):
    for scenario in scenarios(family, 0, 6):
        ends = [[p.x, p.y] for p in (scenario.start, scenario.goal)]
        line = np.linspace(*ends, 500)
        world = World(np.empty((0, 3)), scenario.grid, boxes=scenario.boxes)
        room = min(world.clearance(point, 0.0) for point in line)
        assert room < scenario.robot.radius, scenario.name


def test_every_combination_of_scene_radius_and_speed_comes_once():
    made = {(s.robot.radius, s.robot.vx_max, len(s.circles)) for s in scenarios("robots", 4, 48)}
    assert len(made) == len(COMBINATIONS) == 48


def test_a_bent_corridor_is_closed_along_its_sides():
    walls = corridor([[0, 0], [2, 0], [2, 2]], 0.6, ends=True)
    keys = {"id": "w", "start": [0.5, 0, 0], "goal": [2, 1.5], "walls": walls}
    world = scenario_of(Keys(keys, "file", "w"), Path()).world()
    for x, y in [(1, 0.301), (1, -0.301), (2.301, -0.301), (1.69, 0.301), (2.31, 1), (2, 2.01)]:
        assert world.clearance((x, y), 0.0) < 0.0
    for x, y in [(1, 0), (2, 0), (2, 1), (1.9, 1.9)]:
        assert world.clearance((x, y), 0.0) > 0.0


def test_the_verb_writes_a_file_that_drive_reads_and_a_picture(tmp_path, capsys):
    file = tmp_path / "new" / "worlds.json.gz"
    arguments = ["worlds", "slot", "trap", "--count", "2", "--seed", "3", "--plots"]
    assert main([*arguments, "--out", str(file)]) == 0
    assert [s.family for s in load_worlds([file])] == ["slot", "slot", "trap", "trap"]
    assert "4 worlds of 2 families, seed 3" in capsys.readouterr().out
    assert (file.parent / "worlds.png").stat().st_size > 5_000
    first = file.read_bytes()
    assert main([*arguments, "--out", str(file)]) == 0
    assert file.read_bytes() == first


@pytest.mark.parametrize(
    ("changes", "line"),
    [(["slit"], "slit"), (["slot", "--out", "worlds.txt"], "must end in .json")],
)
def test_what_cannot_be_made_is_one_line(changes, line, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["worlds", *changes] + ([] if "--out" in changes else ["--out", "w.json"])
    try:
        status = main(arguments)
    except SystemExit as left:
        status = left.code
    assert status == 2
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1


def test_json_without_gzip_is_plain(tmp_path):
    file = tmp_path / "w.json"
    assert main(["worlds", "gap", "--count", "1", "--out", str(file)]) == 0
    assert json.loads(file.read_text())["worlds"][0]["id"] == "gap_s0_00"
