"""The comparison of learned costs with what needs no learning."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.moves import STEPS
from mme_ilqr_ros.planning.weights import save_weights
from mme_ilqr_ros.training.tasks import hidden_cost
from mme_ilqr_ros.training.tasks.demonstrations import demonstrate, measure
from studies.__main__ import main
from studies.compare import paths
from studies.compare.cloning import clone, cloned_regrets, move_costs, walk_all
from studies.compare.peers import (
    blind_oracle,
    cell_cost,
    tuned_features,
    tuned_inflation,
    uniform,
)
from studies.compare.table import markdown
from studies.tasks import terrain
from studies.tasks.lanes import generate_lanes
from studies.tasks.terrain import generate_terrain

MAPS = Path(__file__).resolve().parents[2] / "config" / "maps"


def rng(seed=0):
    return np.random.default_rng(seed)


def test_tuning_on_the_true_cost_pays():
    training, unseen = generate_terrain(20, 20, rng(1)), generate_terrain(10, 20, rng(2))
    blind = measure(uniform, unseen)
    inflation, _ = tuned_inflation(training)
    features, _ = tuned_features(training)
    assert measure(inflation, training).median <= measure(uniform, training).median + 1e-9
    assert measure(features, unseen).median < 0.3 * blind.median


def test_the_oracle_that_is_blind_to_direction_is_the_truth_for_places_only():
    places, lanes = generate_terrain(3, 20, rng(3)), generate_lanes(3, 28, rng(3))
    assert measure(blind_oracle, places).p95 == pytest.approx(0.0, abs=1e-9)
    assert measure(blind_oracle, lanes).p95 > 5.0
    cost = cell_cost(lanes.cost[0])
    assert (np.isinf(cost) >= lanes.occupied[0]).all()
    free = cost[np.isfinite(cost)]
    assert free.min() >= 1.0
    assert free.max() <= 4.0


def test_following_the_best_moves_costs_the_value_and_loops_never_arrive():
    maps = generate_terrain(1, 16, rng(4))
    truth, cost = maps.truth(0), move_costs(maps, 0)
    spent = walk_all(np.maximum(truth.arrows, 0), cost, maps.goal(0))
    reached = np.isfinite(truth.values)
    np.testing.assert_allclose(spent[reached], truth.values[reached])
    east, west = STEPS.tolist().index([0, 1]), STEPS.tolist().index([0, -1])
    lost = np.where(np.arange(4) < 2, east, west)[None]  # cells 1 and 2 send one another back
    assert np.isinf(walk_all(lost, np.ones((8, 1, 4)), (0, 0))[0, 1:]).all()


def test_a_clone_learns_short_ways():
    maps = generate_terrain(12, 10, rng(5))
    shown = demonstrate(maps)
    networks = [clone(maps, shown, 0, steps, 4) for steps in (1, 60)]
    regrets = [
        np.concatenate([cloned_regrets(network, maps, k) for k in range(6)]) for network in networks
    ]
    arrived = [np.isfinite(r).mean() for r in regrets]
    assert arrived[1] > arrived[0] + 0.2
    assert np.nanmin(regrets[1]) >= -1e-6


def test_the_table_says_who_does_not_arrive():
    rows = {"a": {"28": {"median": 0.03, "p95": 150.0, "success": 1.0}}}
    rows["b"] = {"28": {"median": 1.234, "p95": 20.0, "success": 0.5}}
    assert markdown(rows).splitlines()[2:] == [
        "| a | 0 (150) |",
        "| b | 1.2 (20), arrives 50% |",
    ]


def test_the_command_writes_table_and_pictures(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(hidden_cost, "SIZES", ((16, 2),))
    monkeypatch.setattr("studies.compare.verb.clone", lambda m, s, k: uniform)
    encoder = terrain.HIDDEN.encoder(torch.Generator().manual_seed(0))
    tensors = {k: v.numpy() for k, v in encoder.state_dict().items()}
    file = tmp_path / "mine.safetensors"
    save_weights(file, tensors, {"kind": "terrain"})
    out = tmp_path / "out"
    arguments = ["compare", "terrain", "--weights", str(file), "--maps", "8", "--out", str(out)]
    assert main(arguments) == 0
    assert "learned: mine" in capsys.readouterr().out
    assert (out / "picture.png").stat().st_size > 10_000
    assert set(json.loads((out / "summary.json").read_text())["rows"]) > {"uniform cost"}
    arguments[1] = "lanes"
    assert main(arguments) == 2
    assert "kind 'terrain' in place of 'lanes'" in capsys.readouterr().err


def test_clearance_keeps_away_for_little_length(tmp_path, capsys):
    arguments = ["compare", "paths", "--maps", str(MAPS / "tb3_sandbox.yaml"), "--queries", "6"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    table = json.loads((tmp_path / "summary.json").read_text())["tb3_sandbox"]
    assert all(row["success"] == 1.0 for row in table.values())
    assert table["clearance"]["mean clearance [m]"] > table["shortest"]["mean clearance [m]"] + 0.03
    assert table["clearance"]["length ratio"] < 1.25
    assert table["shortest"]["length ratio"] < 1.01
    # Both shipped files plan as their typed-in baselines do.
    for learned, typed_in, tolerance in (
        ("shortest", "walls 1e5, else 1", 0.01),
        ("clearance", "formula of clearance", 0.01),
    ):
        assert table[learned] == pytest.approx(table[typed_in], abs=tolerance)
    assert (tmp_path / "tb3_sandbox.png").is_file()
    assert main(["compare", "paths", "--maps", str(tmp_path / "no.yaml")]) == 2
    assert "no.yaml" in capsys.readouterr().err


def test_a_usual_inflation_costs_most_at_the_wall():
    occupied = np.zeros((1, 40), dtype=bool)
    occupied[0, 0] = True
    grid = GridMap(occupied, 0.05, Pose(0.0, 0.0, 0.0))
    cost = paths.inflated(paths.Terrain.build(grid, 0.2, True))[0]
    assert cost[5] == pytest.approx(1.0 + 4.0 * np.exp(-3.0 * 0.025))
    assert cost[-1] == 1.0
