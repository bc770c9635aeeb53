"""`plan`: random queries, judging and the command line."""

import csv
import json

import numpy as np
import pytest

from mme_ilqr_ros.__main__ import main
from mme_ilqr_ros.benchmark.plan.judge import length_of
from mme_ilqr_ros.benchmark.plan.maps import Choice, load_maps
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.map_file import save_map
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.field import solve_field


def test_length_counts_diagonals():
    assert length_of(np.array([(0, 0), (1, 1), (1, 2)])) == pytest.approx(1.0 + np.sqrt(2.0))


def test_random_queries_can_be_answered_and_follow_the_seed(tmp_path):
    rng = np.random.default_rng(0)
    save_map(GridMap(rng.random((30, 40)) < 0.4, 0.5, Pose(0.0, 0.0, 0.0)), tmp_path / "r.yaml")

    def queries(seed):
        return load_maps([tmp_path / "r.yaml"], Choice(20, seed, robot_radius=0.0))[0].queries

    assert queries(1) == queries(1) != queries(2)
    (asked,) = load_maps([tmp_path / "r.yaml"], Choice(20, 1, robot_radius=0.0))
    for query in asked.queries:
        field = solve_field(np.where(asked.terrain.blocked, np.inf, 1.0), query.goal)
        assert 0.0 < field.values[query.start] < np.inf


@pytest.mark.parametrize("planner", ["dijkstra", "id_vin"])
def test_the_verb_reports_paths_that_arrive(tmp_path, capsys, planner):
    occupied = np.zeros((20, 30), dtype=bool)
    occupied[5:, 14] = True
    save_map(GridMap(occupied, 0.1, Pose(0.0, 0.0, 0.0)), tmp_path / "floor.yaml")
    out = tmp_path / "out"
    arguments = ["--maps", tmp_path / "floor.yaml", "--queries", 4, "--planner", planner]
    assert main(["plan", *map(str, arguments), "--out", str(out)]) == 0
    content = json.loads((out / "summary.json").read_text())
    assert content["totals"]["success"] == 1.0
    assert content["totals"]["mean_cost_ratio"] == pytest.approx(1.0, abs=0.01)
    assert content["settings"]["weights"] == (
        None if planner == "dijkstra" else "shortest.safetensors"
    )
    assert len(list(csv.DictReader((out / "results.csv").read_text().splitlines()))) == 4
    assert (out / "floor.png").stat().st_size > 10_000
    assert "| floor | 4 | 100.00 % | 0.00 % |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--maps", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (["--maps", "README.md"], "README.md: is no map"),
        (
            ["--maps", "x.yaml", "--weights", "none.safetensors"],
            "--weights none.safetensors: is no",
        ),
    ],
)
def test_unusable_input_is_one_line_and_exit_status_2(tmp_path, capsys, arguments, words):
    assert main(["plan", *arguments, "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
