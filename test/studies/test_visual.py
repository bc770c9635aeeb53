from argparse import ArgumentParser

import numpy as np
import pytest
import torch

from mme_ilqr_ros.training.loop import train
from mme_ilqr_ros.training.task import TrainingError, TrainSettings
from mme_ilqr_ros.training.tasks.mazes import generate_mazes
from mme_ilqr_ros.training.verb import add_tasks, settings_of
from studies.family import MODELS
from studies.tasks.commands import COMMANDS
from studies.tasks.panoramas import Look, panoramas
from studies.tasks.visual import VisualTask
from studies.tasks.visual_mapper import VisualMapper

pytestmark = pytest.mark.usefixtures("one_thread")


def a_mapper():
    return VisualMapper(torch.Generator().manual_seed(0))


def seen_from(occupied):
    return torch.from_numpy(panoramas(occupied, np.random.default_rng(0)))


def task_of(*arguments):
    options = add_tasks(ArgumentParser(), COMMANDS).parse_args(["visual", *arguments])
    settings = settings_of(options)
    return COMMANDS["visual"].task(options, settings), settings


def test_a_mapper_gives_every_cell_of_any_map_its_odds():
    mapper = a_mapper()
    for shape in ((2, 5, 9), (1, 7, 6)):
        occupied = np.random.default_rng(1).random(shape) < 0.5
        assert mapper(seen_from(occupied)).shape == shape
    # Nothing is seen of a map that is all wall.
    assert torch.isfinite(mapper(seen_from(np.ones((1, 5, 5), dtype=bool)))).all()


def test_a_cell_is_judged_by_what_is_seen_around_it_and_not_by_itself():
    mapper = a_mapper()
    seen = seen_from(np.zeros((1, 9, 9), dtype=bool))
    before = mapper(seen)[0]
    seen[0, 4, 4] = 0
    changed = (mapper(seen)[0] != before).numpy()
    around = np.zeros((9, 9), dtype=bool)
    around[2:7, 2:7] = True
    around[4, 4] = False
    assert not changed[~around].any()
    assert changed[around].all()


def test_each_view_has_a_meaning_of_its_own():
    mapper = a_mapper()
    seen = seen_from(generate_mazes(1, 9, np.random.default_rng(2)).occupied)
    assert not torch.equal(mapper(seen), mapper(seen[:, :, :, [1, 0, 2, 3]]))


@pytest.mark.parametrize("model", ["structured", "id_vin"])
@pytest.mark.parametrize("weight", ["0", "1"])
def test_the_gradient_reaches_the_mapper_through_the_planner(model, weight):
    own = () if model == "structured" else ("--hidden", "4", "--actions", "4")
    options = ("--maps", "4", "--size", "7", "--map-loss", weight)
    task, _ = task_of("--model", model, *options, *own)
    planner = task.model(torch.Generator().manual_seed(0))
    loss = task.loss(planner, torch.arange(4))
    loss.value.backward()
    assert all(p.grad.abs().sum() > 0.0 for p in planner.mapper.parameters())
    again = task.loss(planner, torch.arange(4))
    assert again.value.item() == loss.value.item()  # the same mazes are seen with the same noise
    assert loss.notes["map loss"] > 0.0


def test_options_of_a_free_kernel_are_refused_for_the_structured_model():
    with pytest.raises(TrainingError, match="--hidden"):
        task_of("--hidden", "4", "--maps", "4")


def test_a_map_is_learned_from_panoramas():
    data, validation = (
        generate_mazes(n, 7, np.random.default_rng(s)) for n, s in ((560, 0), (40, 1))
    )
    task = VisualTask(MODELS["structured"], data, validation, {}, Look(), map_weight=1.0, seed=0)
    progress = train(task, TrainSettings(batch=16, learning_rate=1e-2, validations=1))
    assert progress.untrained["map %"] < 70.0
    assert progress.best_score["map %"] > 95.0
    model = progress.best_model()
    assert task.validate(model).row() == progress.best_score
    # Who sees the pictures of other mazes cannot know these.
    seen, walls = seen_from(validation.occupied), torch.from_numpy(validation.occupied)
    assert ((model.mapper(seen.flip(0)) > 0.0) == walls).double().mean() < 0.9
