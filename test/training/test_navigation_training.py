"""Training end to end, small: it learns, repeats, and is measured by honest rollouts."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.planning.structured import CostEncoder, StructuredIDVIN
from mme_ilqr_ros.planning.weights import load_weights, shipped_weights
from mme_ilqr_ros.training.__main__ import main
from mme_ilqr_ros.training.evaluate import evaluate, rollout
from mme_ilqr_ros.training.loop import TrainingError, TrainSettings, train
from mme_ilqr_ros.training.tasks.mazes import generate_mazes, with_expert


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def mazes(n, seed, size=11):
    return generate_mazes(n, size, np.random.default_rng(seed))


def shipped_model():
    model = StructuredIDVIN(CostEncoder(torch.Generator()))
    weights = load_weights(shipped_weights())
    model.encoder.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()})
    return model


@pytest.mark.parametrize("adjoint", ["exact", "implicit", "unrolled"])
def test_a_small_training_improves_success_and_repeats(adjoint):
    n = 800 if adjoint == "exact" else 320
    settings = TrainSettings(batch=16, adjoint=adjoint, validations=2, seed=1)
    first, second = (train(mazes(n, 0), mazes(40, 1), settings) for _ in range(2))
    assert first.score.success > first.untrained.success + 0.1
    assert first.score == second.score
    for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(a, b)
    # The model that is returned is the one that was scored.
    assert evaluate(first.model, mazes(40, 1)) == first.score


def test_another_seed_makes_other_weights():
    a, b = (
        train(mazes(32, 0), mazes(8, 1), TrainSettings(batch=16, seed=seed)).model
        for seed in (0, 1)
    )
    assert not torch.equal(a.encoder.head, b.encoder.head)


def test_success_never_falls_when_iterations_double():
    model = shipped_model()
    tests = generate_mazes(12, 28, np.random.default_rng(7))
    curve = [evaluate(model, tests, sweeps=2**k).success for k in range(1, 11)]
    assert (np.diff(curve) >= 0).all()
    assert curve[2] < 0.9 < curve[-1]
    assert curve[-1] == evaluate(model, tests).success


@pytest.mark.parametrize("size", [15, 28, 49])
def test_shipped_weights_reach_every_goal_without_a_mask(size):
    tests = generate_mazes(10, size, np.random.default_rng(size))
    score = evaluate(shipped_model(), tests)
    assert score.success == 1.0
    assert score.optimal == 1.0


def test_rollouts_count_walls_loops_and_detours():
    """A 1 x 6 corridor with the goal at its left end and a wall at its right end."""
    occupied = np.zeros((1, 1, 6), dtype=bool)
    occupied[0, 0, 5] = True
    corridor = with_expert(occupied, np.array([[0, 0]]))
    left, right = 1, 3
    reached, moves = rollout(np.array([[[left, left, left, right, right, left]]]), corridor)
    assert reached[0, 0].tolist() == [True, True, True, False, False, False]
    assert moves[0, 0, :3].tolist() == [0, 1, 2]
    reached, _ = rollout(np.array([[[left, right, left, left, left, left]]]), corridor)
    assert reached[0, 0].tolist() == [True, False, False, False, False, False]  # 1 and 2 swap


def test_a_training_without_enough_maps_is_refused():
    with pytest.raises(TrainingError, match="do not fill a batch"):
        train(mazes(8, 0), mazes(8, 1), TrainSettings(batch=32))


def test_the_command_writes_weights_that_the_planner_takes(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("mme_ilqr_ros.training.__main__._TESTS", ((9, 5),))
    out = tmp_path / "made" / "w.safetensors"
    arguments = ["navigation", "--maps", "320", "--size", "9", "--batch", "16", "--out", str(out)]
    assert main(arguments) == 0
    assert "success" in capsys.readouterr().out
    GlobalPlanner(PlannerSettings(weights=str(out)))
    card = out.with_suffix(".md").read_text()
    assert "--maps 320" in card
    assert "9 x 9" in card


def test_the_command_refuses_a_bad_file_with_one_line(tmp_path, capsys):
    assert main(["navigation", "--data", str(tmp_path / "no.npz")]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("training: ")
    assert "no.npz" in error
    assert len(error.splitlines()) == 1
