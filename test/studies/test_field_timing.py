"""The benchmark of the field solver, on maps small enough for a test."""

import json
import sys

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.map_file import save_map
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.field import solve_edges, solve_field
from studies import field_verb
from studies.__main__ import main
from studies.cell_gradient import cell_adjoint
from studies.field_timing import edges_of, hall_map, maze_map, random_map, time_field

TIMES = {"solve", "heap", "scipy", "edges", "arrows", "gradient", "appears", "disappears", "query"}


def test_maps_have_costs_in_range_and_a_goal_most_cells_can_reach():
    rng = np.random.default_rng(0)
    for timed in (random_map(rng, 60), maze_map(rng, 61), hall_map(rng, (90, 120))):
        free = np.isfinite(timed.cost)
        assert timed.cost[free].min() >= 1.0
        assert timed.cost[free].max() <= 20.0
        assert np.isfinite(timed.cost[timed.goal])
        assert solve_field(timed.cost, timed.goal).n_settled > 0.8 * free.sum()


def test_every_part_is_timed_and_the_field_is_whole_again():
    timed = random_map(np.random.default_rng(1), 60)
    times = time_field(timed, rounds=2, n_places=5, seed=0)
    assert set(times) - {"cells", "skimage"} == TIMES
    assert all(value > 0.0 for value in times.values())
    assert times["cells"] == solve_field(timed.cost, timed.goal).n_settled


def test_the_edges_are_those_of_the_cells():
    timed = random_map(np.random.default_rng(2), 40)
    edges = solve_edges(edges_of(timed.cost), timed.goal)
    np.testing.assert_array_equal(edges.values, solve_field(timed.cost, timed.goal).values)


def test_a_table_comes_of_it(tmp_path, capsys):
    save_map(GridMap(np.zeros((40, 50), bool), 0.1, Pose(0, 0, 0)), tmp_path / "room.yaml")
    command = ["field", "--only-maps", "--maps", str(tmp_path / "room.yaml"), "--rounds", "1"]
    assert main([*command, "--places", "3", "--out", str(tmp_path / "out")]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].startswith("| map | cells | solve | heap |")
    assert table[2].startswith("| room | 2000 |")
    content = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert set(content["milliseconds"]["room"]) >= TIMES | {"plan", "replan"}


@pytest.mark.parametrize(
    ("options", "text"), [((), "needs --maps"), (("--maps", "nowhere.yaml"), "nowhere.yaml")]
)
def test_unusable_input_is_named(tmp_path, capsys, options, text):
    assert main(["field", "--only-maps", *options, "--out", str(tmp_path)]) == 2
    assert text in capsys.readouterr().err


def test_without_torch_one_line_says_what_the_maze_needs(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "mme_ilqr_ros.training.tasks.mazes", None)  # as without torch
    assert main(["field", "--out", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "needs torch; pip install 'mme_ilqr_ros[train]'" in line


def test_three_digits():
    assert field_verb.table({"a": dict.fromkeys([*TIMES, "cells"], 12.345)}).count("12.3 |") == 9
    assert "| 0.0123 |" in field_verb.table({"a": dict.fromkeys([*TIMES, "cells"], 0.012345)})


def test_the_gradient_of_cells_equals_central_differences():
    rng = np.random.default_rng(8)
    cost, goal = 1.0 + 19.0 * rng.random((7, 9)), (2, 3)
    cost[rng.random(cost.shape) < 0.3] = np.inf
    cost[goal] = 2.0
    field = solve_field(cost, goal)
    weights = np.random.default_rng(1).normal(size=cost.shape)

    def loss(cost):
        values = solve_field(cost, goal).values
        return np.where(np.isfinite(values), weights * values, 0.0).sum()

    gradient, eps = cell_adjoint(field, weights), 1e-6
    for cell in zip(*np.nonzero(np.isfinite(cost)), strict=True):
        step = np.zeros_like(cost)
        step[cell] = eps
        numeric = (loss(cost + step) - loss(cost - step)) / (2 * eps)
        assert gradient[cell] == pytest.approx(numeric, rel=1e-6, abs=1e-7)
