"""Training end to end, small: it learns, repeats, and is measured by honest rollouts."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.__main__ import main
from mme_ilqr_ros.learning.encoders import CostEncoder
from mme_ilqr_ros.learning.structured import StructuredIDVIN
from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.planning.weights import find_weights, read_weights
from mme_ilqr_ros.training.loop import train
from mme_ilqr_ros.training.task import TrainingError, TrainSettings
from mme_ilqr_ros.training.tasks.mazes import (
    RolloutScore,
    evaluate,
    generate_mazes,
    rollout,
    with_expert,
)
from mme_ilqr_ros.training.tasks.navigation import (
    NavigationTask,
    follow,
    imitation_loss,
    maze_inputs,
    push_loss,
)
from studies.family.sweeps import sweeps
from studies.fixed_point import Stopping

pytestmark = pytest.mark.usefixtures("one_thread")


def mazes(n, seed, size=11):
    return generate_mazes(n, size, np.random.default_rng(seed))


def shipped_model():
    model = StructuredIDVIN(CostEncoder(torch.Generator()))
    weights = read_weights(find_weights("shortest")).tensors
    model.encoder.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()})
    return model


def task(n, n_validation=20):
    return NavigationTask(mazes(n, 0), mazes(n_validation, 1), "here", 0.03)


def test_a_small_training_improves_success_and_repeats():
    job = task(800, 40)
    settings = TrainSettings(batch=16, validations=2, seed=1)
    first, second = (train(job, settings) for _ in range(2))
    assert first.best_score["success %"] > first.untrained["success %"] + 10.0
    assert first.history == second.history
    for a, b in zip(first.best_model().parameters(), second.best_model().parameters(), strict=True):
        assert torch.equal(a, b)


def test_another_seed_makes_other_weights():
    a, b = (train(task(32, 8), TrainSettings(batch=16, seed=seed)).best_model() for seed in (0, 1))
    assert not torch.equal(a.encoder.head, b.encoder.head)


def test_the_best_model_on_validation_is_the_result_and_not_the_last():
    """With scores that rise and fall, the weights of the highest come out, the later of equals."""
    ranks = iter([0.1, 0.5, 0.9, 0.9, 0.2])
    seen = []

    class Judged(NavigationTask):
        def validate(self, model):
            seen.append(copy.deepcopy(model.state_dict()))
            return RolloutScore(100, int(100 * next(ranks)))

    job = task(64, 8)
    job = Judged(job.data, job.validation, job.source)
    progress = train(job, TrainSettings(batch=16, validations=4))
    assert progress.best_step == 3
    assert progress.best_score["success %"] == 90.0
    assert progress.score["success %"] == 20.0
    for name, tensor in progress.best_model().state_dict().items():
        assert torch.equal(tensor, seen[3][name])
    assert not torch.equal(seen[3]["encoder.head"], seen[4]["encoder.head"])


def test_walls_unreachable_cells_and_the_goal_do_not_enter_the_loss():
    """Row 0 leads to the goal at its left end; row 2 is shut off by a wall."""
    occupied = np.zeros((1, 3, 4), dtype=bool)
    occupied[0, 1] = True
    labels = torch.from_numpy(with_expert(occupied, np.array([[0, 0]])).labels())
    logits = torch.randn(1, 4, 3, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    imitation_loss(logits, labels).backward()
    counts = logits.grad.abs().sum(dim=(0, 1)) > 0
    assert counts.tolist() == [[False, True, True, True], [False] * 4, [False] * 4]
    # Three cells with one best move each: the mean of their three entropies.
    expected = -torch.log_softmax(logits, dim=1)[0, 1, 0, 1:].mean()
    torch.testing.assert_close(imitation_loss(logits, labels), expected)


def test_the_loss_of_a_batch_is_the_mean_over_its_maps():
    """What several processes rely on; a map without a start counts as one without a loss."""
    data = mazes(6, 3)
    lonely = np.ones((1, 11, 11), dtype=bool)
    lonely[0, 5, 5] = False
    alone = with_expert(lonely, np.array([[5, 5]]))
    labels = torch.from_numpy(np.concatenate([data.labels(), alone.labels()]))
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(7, 4, 11, 11, generator=generator, dtype=torch.float64)
    log_cost = torch.rand(7, 11, 11, generator=generator, dtype=torch.float64)
    for loss, x in ((imitation_loss, logits), (push_loss, log_cost)):
        parts = [loss(x[k : k + 1], labels[k : k + 1]) for k in range(7)]
        torch.testing.assert_close(loss(x, labels), torch.stack(parts).mean())
        assert parts[-1] == 0.0


def test_success_never_falls_when_iterations_double():
    model = shipped_model()
    tests = generate_mazes(12, 28, np.random.default_rng(7))

    def swept(n):
        def planner(part):
            inputs = maze_inputs(part, torch.device("cpu"))
            stopping = Stopping(0.0, n)
            return model(*inputs, n_moves=N_STRAIGHT, solve=sweeps("implicit", stopping))

        return evaluate(planner, tests).success

    curve = [swept(2**k) for k in range(1, 11)]
    assert (np.diff(curve) >= 0).all()
    assert curve[2] < 0.9 < curve[-1]
    assert curve[-1] == evaluate(follow(model), tests).success


@pytest.mark.parametrize("size", [15, 28, 49])
def test_shipped_weights_reach_every_goal_without_a_mask(size):
    tests = generate_mazes(10, size, np.random.default_rng(size))
    score = evaluate(follow(shipped_model()), tests)
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
        train(task(8, 8), TrainSettings(batch=32))


def test_scores_of_parts_add_up():
    """Tests are generated and scored batch by batch; the sum is the score of all."""
    model, tests = shipped_model(), mazes(9, 5)
    parts = [evaluate(follow(model), tests.part(k, k + 4)) for k in (0, 4, 8)]
    whole = evaluate(follow(model), tests)
    assert sum(parts, RolloutScore()) == whole
    assert whole.n_starts == tests.starts.sum()


def test_the_command_writes_weights_that_the_planner_takes(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        "mme_ilqr_ros.training.tasks.mazes.TESTS", (("9 x 9", 9, 1.0, 5), ("9 perfect", 9, 0.0, 5))
    )
    out = tmp_path / "made.v0.1"
    arguments = ["navigation", "--maps", "320", "--size", "7-9", "--batch", "16", "--out", str(out)]
    assert main(["train", *arguments]) == 0
    assert "success" in capsys.readouterr().out
    weights = out / "made.v0.1.safetensors"
    GlobalPlanner(PlannerSettings(weights=str(weights)))
    card = weights.with_suffix(".md").read_text()
    assert "--maps 320" in card
    assert "9 perfect" in card
    assert "7 x 7 to 9 x 9" in card
    table = (out / "made.v0.1.csv").read_text().splitlines()
    assert table[0].startswith("step,loss,residual,gradient norm")
    assert len(table) == 1 + 320 // 16
    assert (out / "made.v0.1.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_refuses_a_bad_file_with_one_line(tmp_path, capsys):
    assert main(["train", "navigation", "--data", str(tmp_path / "no.npz")]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("python -m mme_ilqr_ros train: ")
    assert "no.npz" in error
    assert len(error.splitlines()) == 1
