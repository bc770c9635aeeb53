"""Lanes: the right directions cost what they did, the wrong ones more, wherever the map lies."""

import re
from pathlib import Path

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.lanes import Lane, Lanes, LanesError, load_lanes
from mme_ilqr_ros.planning.moves import LENGTHS, STEPS
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings

GRID = GridMap.empty(6.0, 4.0, 0.1, Pose(-1.0, -2.0, 0.0))
EAST, WEST, NORTH, SOUTH = ([0, 1], [0, -1], [1, 0], [-1, 0])  # (row, column)
LINE = np.array([[0.0, 0.0], [4.0, 0.0]])


def factor_at(lanes, point, move, grid=GRID):
    row, column = grid.cell_at(point)
    return lanes.on(grid)[STEPS.tolist().index(list(move)), row, column]


def test_one_way_costs_against_and_not_along_or_across():
    lanes = Lanes((Lane("aisle", LINE, 1.0, "one_way", 5.0),))
    costs = [factor_at(lanes, (2.0, 0.3), move) for move in (EAST, NORTH, SOUTH, WEST, [1, -1])]
    np.testing.assert_allclose(costs, [1.0, 1.0, 1.0, 5.0, 1.0 + 4.0 / np.sqrt(2.0)])
    assert (lanes.on(GRID)[:, ~_strip(0.5)] == 1.0).all()


def _strip(half):
    x, y = np.moveaxis(GRID.centre_of(np.moveaxis(np.indices(GRID.shape), 0, -1)), -1, 0)
    return (np.abs(y) <= half) & (x >= 0.0) & (x <= 4.0)


@pytest.mark.parametrize(("rule", "north_side"), [("keep_right", EAST), ("keep_left", WEST)])
def test_two_ways_keep_to_their_sides(rule, north_side):
    lanes = Lanes((Lane("corridor", LINE, 2.0, rule, 3.0),))
    south_side = WEST if north_side == EAST else EAST
    assert factor_at(lanes, (2.0, 0.6), north_side) == pytest.approx(3.0)
    assert factor_at(lanes, (2.0, 0.6), south_side) == 1.0
    assert factor_at(lanes, (2.0, -0.6), south_side) == pytest.approx(3.0)
    assert factor_at(lanes, (2.0, -0.6), north_side) == 1.0
    assert 2.5 < factor_at(lanes, (2.0, 0.05), south_side) < 3.0  # on the line both are wrong


def test_no_zigzag_is_cheaper_than_straight():
    lanes = Lanes((Lane("aisle", LINE, 1.0, "one_way", 5.0),))
    prices = [factor_at(lanes, (2.0, 0.1), move) for move in STEPS.tolist()] * LENGTHS
    by_move = dict(zip(map(tuple, STEPS.tolist()), prices, strict=True))
    assert 2.0 * by_move[0, -1] <= by_move[1, -1] + by_move[-1, -1] + 1e-9


def test_a_turned_map_has_the_same_lanes():
    turned = GridMap.empty(6.0, 4.0, 0.1, Pose(2.0, -1.0, np.pi / 2))
    lanes = Lanes((Lane("aisle", LINE, 1.0, "one_way", 5.0),))
    # The grid's own x is the map's y: what leads east there is a step down the rows.
    assert factor_at(lanes, (1.0, 0.2), SOUTH, turned) == 1.0
    assert factor_at(lanes, (1.0, 0.2), NORTH, turned) == pytest.approx(5.0)


def test_a_bend_turns_the_lane():
    lane = Lane("bend", np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.5]]), 0.8, "one_way", 4.0)
    lanes = Lanes((lane, Lane("elsewhere", LINE + 100.0, 1.0)))
    assert factor_at(lanes, (1.0, 0.0), WEST) == pytest.approx(4.0)
    assert factor_at(lanes, (2.0, 1.0), SOUTH) == pytest.approx(4.0)
    assert factor_at(lanes, (2.0, 1.0), WEST) == 1.0
    assert lanes.off(GRID) == ["elsewhere"]


def test_a_file_is_read(tmp_path):
    file = tmp_path / "lanes.yaml"
    file.write_text("lanes:\n- {line: [[0, 0], [4, 0]], width: 1.0, rule: keep_right}\n")
    (lane,) = load_lanes(file).lanes
    assert (lane.name, lane.width, lane.rule, lane.factor) == ("lane 1", 1.0, "keep_right", 5.0)


def test_the_file_in_the_docs_is_read(tmp_path):
    page = Path(__file__).resolve().parents[2] / "docs" / "own_drives.md"
    (block,) = re.findall(r"^```\n(lanes:.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "lanes.yaml").write_text(block)
    (lane,) = load_lanes(tmp_path / "lanes.yaml").lanes
    assert lane.rule == "one_way"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("lanes: 3", "must hold a list 'lanes'"),
        ("lanes: [", "is not YAML"),
        ("lanes:\n- {line: [[0, 0]], width: 1}", "lane 1: line: must be two points"),
        ("lanes:\n- {line: [[0, 0], [0, 0]], width: 1}", "lane 1: line"),
        ("lanes:\n- {name: a, line: [[0, 0], [1, 0]], width: -1}", "a: width: must be a number"),
        ("lanes:\n- {line: [[0, 0], [1, 0]], width: 1, rule: left}", "rule: must be one of"),
        ("lanes:\n- {line: [[0, 0], [1, 0]], width: 1, strength: 2}", "unknown key 'strength'"),
        ("lanes:\n- {line: [[0, 0], [1, .inf]], width: 1}", "line: must be"),
    ],
)
def test_bad_files_are_named_in_one_line(tmp_path, text, match):
    file = tmp_path / "lanes.yaml"
    file.write_text(text)
    with pytest.raises(LanesError, match=match):
        load_lanes(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LanesError, match=r"no\.yaml: cannot be read"):
        load_lanes(tmp_path / "no.yaml")


def plan(grid, lanes, start, goal, **settings):
    planner = GlobalPlanner(PlannerSettings("dijkstra", robot_radius=0.2, **settings))
    directed = None if lanes is None else lanes.on(grid)
    return planner.plan(grid, start, goal, directed=directed)


def ring():
    """Return a map of corridors round a block from (2, 1.5) to (8, 4.5)."""
    grid = GridMap.empty(10.0, 6.0, 0.1)
    occupied = grid.occupied.copy()
    occupied[15:45, 20:80] = True
    return GridMap(occupied, grid.resolution, grid.origin)


@pytest.mark.parametrize("straighten", [True, False])
def test_a_robot_goes_round_by_the_one_way(straighten):
    grid = ring()
    above = Lane("upper corridor", np.array([[9.0, 5.25], [1.0, 5.25]]), 1.5, "one_way", 5.0)
    ends = (1.0, 4.0), (9.0, 4.0)  # the upper corridor is shorter
    free = plan(grid, None, *ends, straighten=straighten)
    ruled = plan(grid, Lanes((above,)), *ends, straighten=straighten)
    back = plan(grid, Lanes((above,)), *ends[::-1], straighten=straighten)
    assert free.path.points[:, 1].max() > 4.5
    assert ruled.path.points[:, 1].max() < 4.5
    assert back.path.points[:, 1].max() > 4.5
    # Where the other corridor is closed, the wrong way is better than none.
    occupied = grid.occupied.copy()
    occupied[:15, 50] = True
    closed = GridMap(occupied, grid.resolution, grid.origin)
    assert plan(closed, Lanes((above,)), *ends).path.points[:, 1].max() > 4.5


@pytest.mark.parametrize("straighten", [True, False])
@pytest.mark.parametrize(("rule", "sign"), [("keep_right", -1.0), ("keep_left", 1.0)])
def test_a_robot_keeps_to_its_side_of_a_corridor(rule, sign, straighten):
    grid = GridMap.empty(12.0, 3.0, 0.1, Pose(0.0, -1.5, 0.0))
    lanes = Lanes((Lane("corridor", np.array([[1.0, 0.0], [11.0, 0.0]]), 3.0, rule, 4.0),))
    for start, goal, left in (((0.5, 0.0), (11.5, 0.0), 1.0), ((11.5, 0.0), (0.5, 0.0), -1.0)):
        points = plan(grid, lanes, start, goal, straighten=straighten).path.points
        inside = points[(points[:, 0] > 2.0) & (points[:, 0] < 10.0)]
        assert (left * sign * inside[:, 1] > 0.4).all()
