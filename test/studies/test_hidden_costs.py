"""Learning a hidden cost from demonstrations alone, small."""

from argparse import ArgumentParser

import numpy as np
import pytest

from studies.__main__ import main

torch = pytest.importorskip("torch")

from mme_ilqr_ros.planning.weights import read_weights
from mme_ilqr_ros.training.loop import train
from mme_ilqr_ros.training.tasks import hidden_cost
from mme_ilqr_ros.training.tasks.demonstrations import measure
from mme_ilqr_ros.training.tasks.hidden_cost import cost_of
from mme_ilqr_ros.training.verb import add_tasks, settings_of
from studies.tasks.commands import COMMANDS

TASKS = ("terrain", "lanes")


pytestmark = pytest.mark.usefixtures("one_thread")


def made(name, *more):
    options = add_tasks(ArgumentParser(), COMMANDS).parse_args(
        [name, "--maps", "40", "--size", "16", *more]
    )
    settings = settings_of(options)
    return COMMANDS[name].task(options, settings), settings


@pytest.fixture(autouse=True)
def _few_validation_maps(monkeypatch):
    monkeypatch.setattr("studies.tasks.demonstrated.VALIDATION_MAPS", 10)


@pytest.mark.parametrize("name", TASKS)
def test_a_small_training_halves_the_regret_of_blind_planning(name):
    task, settings = made(name, "--epochs", "12", "--validations", "2")
    progress = train(task, settings)
    unseen = task.hidden.draw(8, 20, np.random.default_rng(77), False)
    blind = measure(lambda maps, k: np.ones(maps.occupied[k].shape), unseen)
    learned = measure(cost_of(progress.best_model()), unseen)
    assert learned.p95 < 0.5 * blind.p95
    assert learned.agreement > blind.agreement + 0.1


@pytest.mark.parametrize("name", TASKS)
def test_a_training_repeats(name):
    task, settings = made(name, "--epochs", "1", "--validations", "1")
    first, second = (task.tensors(train(task, settings).best_model()) for _ in range(2))
    for key, tensor in first.items():
        np.testing.assert_array_equal(tensor, second[key])


def test_what_chooses_the_best_model_needs_no_true_cost():
    task, _ = made("terrain", "--paths", "2", "--noise", "0.3")
    model = task.model(torch.Generator().manual_seed(0))
    rank = task.validate(model).rank()
    task.validation.cost[...] = np.where(np.isfinite(task.validation.cost), 1.0, np.inf)
    assert task.validate(model).rank() == rank
    assert 0 < task.validation_shown.sum() < 0.5 * (~task.validation.occupied).sum()


def test_with_a_margin_what_was_shown_must_be_better_by_it():
    task, _ = made("terrain", "--paths", "1", "--margin", "0.5")
    plain, _ = made("terrain", "--paths", "1")
    assert task.facts()["margin"] == "0.5"
    model = task.model(torch.Generator().manual_seed(0))
    some = torch.arange(8)
    with torch.no_grad():
        eased, strict = plain.loss(model, some).value, task.loss(model, some).value
    assert strict > eased + 0.01


def test_test_maps_are_larger_and_shifted(monkeypatch):
    monkeypatch.setattr(hidden_cost, "SIZES", ((20, 2), (30, 1)))
    task, _ = made("lanes")
    assert list(task.hidden.tests()) == ["20", "30", "256 shifted"]


@pytest.mark.parametrize("name", TASKS)
def test_the_command_writes_weights_and_card(name, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(hidden_cost, "SIZES", ((20, 2),))
    out = tmp_path / "learned"
    short = ["--maps", "16", "--size", "12", "--paths", "3", "--epochs", "2"]
    assert main(["train", name, *short, "--out", str(out)]) == 0
    assert "regret median %" in capsys.readouterr().out
    assert read_weights(out / "learned.safetensors").tensors
    card = (out / "learned.md").read_text()
    assert "3 path(s) on each" in card
    assert "256 shifted" in card
