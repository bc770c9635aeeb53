"""The study of mazes seen from inside: success and maps, with a loss of the map and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mme_ilqr_ros.training.tasks.mazes import TEST_SEED, generate_mazes
from studies.experiments.planners import ALL, SMALL, SOLVES, Recipe
from studies.experiments.study import Case, Row, Study
from studies.experiments.success import Budget, draw, row_of, table
from studies.experiments.trained import trained
from studies.family import STRUCTURED
from studies.tasks.visual_picture import draw_visual

BUDGETS = {
    "smallest": Budget(
        Recipe(("--maps", "32", "--epochs", "1", "--validations", "1")), 8, 1, (7,), (STRUCTURED,)
    ),
    "quick": Budget(
        Recipe(
            ("--maps", "1000", "--epochs", "4", "--validations", "2"),
            learned=("--batch", "4"),  # more steps for the same pictures
            implicit=SOLVES,
            kinds=SMALL,
        ),
        300,
        2,
        (15,),
        (STRUCTURED, "id_vin, MDP"),
    ),
    "paper": Budget(Recipe(("--maps", "10000", "--epochs", "10")), 500, 3, (15,), ALL),
}


def cases(preset: str, device: str) -> list[Case]:
    """Return a case for each map loss, planner and seed."""
    return BUDGETS[preset].mapped_cases("visual", "panoramas", device)


def measure(case: Case, folder: Path) -> list[Row]:
    """Train mapper and planner, roll them out in new mazes, draw one of these."""
    facts = case.facts
    training = trained(facts["training"], folder)
    score = training.task.held_out(training.model, facts["size"], facts["tests"])
    rng = np.random.default_rng([TEST_SEED, facts["size"]])
    draw_visual(
        folder / "seen.png",
        training.model,
        generate_mazes(1, facts["size"], rng),
        training.task.look,
        rng,
    )
    return [row_of(case, score, training)]


STUDY = Study(
    "mazes given as panoramas from inside, with and without a loss on the map",
    cases,
    measure,
    table,
    draw,
)
