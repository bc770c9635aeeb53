"""The manipulation task: the mapper's symmetry, the way of the gradient, small trainings."""

import argparse
from argparse import ArgumentParser

import numpy as np
import pytest

from studies.__main__ import main

torch = pytest.importorskip("torch")

from mme_ilqr_ros.training.loop import train
from mme_ilqr_ros.training.task import TrainSettings
from mme_ilqr_ros.training.verb import add_tasks, settings_of
from studies.family import MODELS, structured
from studies.tasks.arm_mapper import ArmMapper
from studies.tasks.arms import generate_arms, picture
from studies.tasks.commands import COMMANDS
from studies.tasks.manipulation import evaluate_workspaces, seen
from studies.tasks.mapped import (
    MappedPlan,
    MappedPlanner,
    MappedScore,
    joint_loss,
    map_loss,
    planning_loss,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def task_of(*arguments):
    options = add_tasks(ArgumentParser(), COMMANDS).parse_args(["manipulation", *arguments])
    assert isinstance(options, argparse.Namespace)
    settings = settings_of(options)
    return COMMANDS["manipulation"].task(options, settings), settings


@pytest.mark.parametrize("size", [8, 18, 36])
def test_a_mapper_makes_a_map_of_its_size(size):
    mapper = ArmMapper(torch.Generator().manual_seed(0), size)
    assert mapper(torch.rand(3, 96, 96)).shape == (3, size, size)


def test_turning_the_picture_rolls_the_first_joint():
    """A quarter turn of a square picture is exact, and five of twenty cells."""
    mapper = ArmMapper(torch.Generator().manual_seed(1), 20).double()
    image = torch.rand(1, 96, 96, generator=torch.Generator().manual_seed(2)).double()
    # Rows go up with y, so turning counter-clockwise takes (row, column) to (column, -row).
    turned = torch.rot90(image, -1, (1, 2))
    x_axis = picture(np.array([(0.5, 0.0, 0.1)])).astype(float)
    y_axis = picture(np.array([(0.0, 0.5, 0.1)])).astype(float)
    np.testing.assert_array_equal(np.rot90(x_axis, -1), y_axis)
    with torch.no_grad():
        torch.testing.assert_close(mapper(turned), mapper(image).roll(5, 1), atol=1e-5, rtol=0.0)
        assert mapper(image).std() > 1e-2


@pytest.mark.parametrize("name", ["structured", "id_vin"])
def test_the_planners_gradient_reaches_the_mapper(name):
    """Against central differences of the planning loss alone, along one direction."""
    generator = torch.Generator().manual_seed(3)
    planner = structured(generator, wrap=True) if name == "structured" else MODELS[name](generator)
    model = MappedPlanner(ArmMapper(generator, 8), planner).double()
    if name == "id_vin":  # a kernel that feeds back, or the fixed point is that of one step
        with torch.no_grad():
            planner.w.uniform_(0.0, 0.1, generator=generator)
    arms = generate_arms(3, 8, np.random.default_rng(0))
    labels = torch.from_numpy(arms.mazes.labels()).double()
    pictures, goals = torch.from_numpy(arms.pictures) / 255.0, torch.from_numpy(arms.mazes.goals)

    def loss():
        return planning_loss(model(pictures.double(), goals, n_moves=4).plan, labels)

    weight = model.mapper.head
    loss().backward()
    gradient = (weight.grad * weight.grad / weight.grad.norm()).sum().item()
    assert gradient > 0.0
    direction = weight.grad / weight.grad.norm()
    values = []
    for step in (1e-5, -1e-5):
        with torch.no_grad():
            weight += step * direction
            values.append(loss().item())
            weight -= step * direction
    assert (values[0] - values[1]) / 2e-5 == pytest.approx(gradient, rel=1e-2)


def test_the_map_loss_falls_as_the_map_gets_right():
    occupied = (torch.rand(2, 5, 5, generator=torch.Generator().manual_seed(4)) < 0.5).float()
    right = 2.0 * occupied - 1.0
    losses = [map_loss(k * right, occupied).item() for k in (-3.0, 0.0, 3.0)]
    assert losses == pytest.approx([3.0486, np.log(2.0), 0.0486], abs=1e-4)


def test_a_plan_counts_as_far_as_its_map_can_be_read():
    generator = torch.Generator().manual_seed(5)
    occupied = (torch.rand(2, 6, 6, generator=generator) < 0.4).float()
    goals = torch.tensor([[1, 1], [4, 4]])
    labels = torch.rand(2, 4, 6, 6, generator=generator)
    plan = MODELS["vin"](generator)(occupied, goals, n_moves=4)
    of_plan = planning_loss(plan, labels).item()

    def counts(sure, weight):
        answer = MappedPlan(sure * (2.0 * occupied - 1.0), plan)
        loss, of_map = joint_loss(answer, labels, occupied, weight)
        return (loss - weight * of_map).item() / of_plan

    assert counts(0.0, 1.0) == pytest.approx(0.0, abs=1e-6)  # a guess
    assert counts(-3.0, 1.0) == pytest.approx(0.0, abs=1e-6)  # its negative
    assert 0.3 < counts(1.0, 1.0) < counts(2.0, 1.0) < 1.0
    assert counts(30.0, 1.0) == pytest.approx(1.0)
    assert counts(0.0, 0.0) == pytest.approx(1.0)  # nobody else teaches


class Known(torch.nn.Module):
    """A mapper that is told the map."""

    def __init__(self, occupied):
        super().__init__()
        self.map = torch.nn.Parameter(torch.from_numpy(40.0 * occupied - 20.0))

    def forward(self, pictures):
        """Return the map, whatever there is to be seen."""
        return self.map


def test_with_a_mapper_that_is_right_the_score_is_that_of_the_planner():
    arms = generate_arms(5, 8, np.random.default_rng(1))
    planner = structured(torch.Generator(), wrap=True)
    with torch.no_grad():  # walls cost c_max, floor 1
        planner.encoder.first.rings.zero_()
        planner.encoder.first.rings[0, 0, 0] = 1.0
        planner.encoder.second.rings.zero_()
        planner.encoder.second.rings[0, 0, 0] = 1.0
        planner.encoder.head.zero_()
        planner.encoder.head[0] = 40.0
        planner.encoder.head_bias.fill_(-20.0)
    score = evaluate_workspaces(MappedPlanner(Known(arms.mazes.occupied), planner).double(), arms)
    assert score.row()["map %"] == 100.0
    assert score.row()["success %"] == score.row()["optimal %"] == 100.0
    wrong = evaluate_workspaces(MappedPlanner(Known(~arms.mazes.occupied), planner).double(), arms)
    assert wrong.row()["map %"] == 0.0
    assert wrong.rank() < score.rank()
    both = score + wrong
    assert both.row()["map %"] == 50.0
    assert isinstance(both, MappedScore)
    assert seen(arms, planner).shape == (5, 96, 96)


def test_given_configuration_spaces_are_learned_in_a_moment():
    task, settings = task_of("--size", "12", "--maps", "960", "--validations", "1", "--epochs", "2")
    progress = train(task, settings)
    assert progress.best_score["success %"] > 99.0
    assert progress.best_score["success %"] > progress.untrained["success %"] + 5.0


@pytest.mark.parametrize("model", ["vin", "id_symvin"])
def test_free_kernels_train_on_the_torus(model):
    task, _ = task_of(
        *("--model", model, "--size", "8", "--maps", "64", "--hidden", "8", "--actions", "2")
    )
    assert task.of.planner.wrap
    progress = train(task, TrainSettings(batch=32, validations=1, learning_rate=1e-3))
    assert progress.step == 2


@pytest.mark.parametrize("weight", ["1", "0"])
def test_a_map_is_learned_from_pictures_when_it_is_taught(weight):
    task, settings = task_of(
        *("--view", "workspace", "--size", "8", "--maps", "320", "--map-loss", weight),
        *("--epochs", "4", "--validations", "1", "--seed", "3"),
    )
    progress = train(task, settings)
    losses = [row["map loss"] for row in progress.history]
    if weight == "1":
        assert progress.best_score["map %"] > 80.0
        assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    else:  # with both, the plan's part grows as the map can be read
        assert progress.history[-1]["loss"] < progress.history[0]["loss"]


def test_the_command_writes_weights_and_a_card(tmp_path, capsys):
    arguments = ["--size", "8", "--maps", "64", "--view", "workspace", "--epochs", "1"]
    out = tmp_path / "arm"
    assert main(["train", "manipulation", *arguments, "--validations", "1", "--out", str(out)]) == 0
    card = (out / "arm.md").read_text()
    assert "View: workspace" in card
    assert "map %" in card
    assert "8 x 8" in capsys.readouterr().out


def test_options_that_do_not_go_together_are_refused(capsys):
    assert main(["train", "manipulation", "--hidden", "8"]) == 2
    assert "--hidden" in capsys.readouterr().err
    assert main(["train", "manipulation", "--size", "4"]) == 2
    assert "--size 4" in capsys.readouterr().err
