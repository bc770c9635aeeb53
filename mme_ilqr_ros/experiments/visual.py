"""The study of mazes seen from inside: success and maps, with a loss of the map and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mme_ilqr_ros.experiments.study import Case, Row, Study
from mme_ilqr_ros.experiments.success import case_of, draw, table
from mme_ilqr_ros.experiments.trained import trained
from mme_ilqr_ros.planning.family import MODELS
from mme_ilqr_ros.training.tasks.held_out import SEED
from mme_ilqr_ros.training.tasks.mazes import generate_mazes
from mme_ilqr_ros.training.tasks.navigation import STRUCTURED
from mme_ilqr_ros.training.tasks.visual_picture import draw_visual

SIZES = {"smallest": 7, "quick": 15, "paper": 15}
BOTH = (STRUCTURED, "id_vin")
PLANNERS = {"smallest": (STRUCTURED,), "quick": BOTH, "paper": tuple(MODELS)}
SEEDS = {"smallest": 1, "quick": 1, "paper": 3}
TRAINING = {
    "smallest": ("--maps", "32", "--epochs", "1", "--validations", "1"),
    "quick": ("--maps", "1000", "--epochs", "4", "--validations", "2"),
    "paper": ("--maps", "10000", "--epochs", "10"),
}
SMALL = ("--hidden", "32", "--actions", "10", "--batch", "4", "--contraction", "0.95")
"""The free kernel of the presets that are not the papers': more steps for the same pictures, which
without the bound soon leave it without a fixed point."""
TESTS = {"smallest": 8, "quick": 300, "paper": 500}
MAP_LOSSES = {"panoramas": "1", "panoramas, no map loss": "0"}


def cases(preset: str, device: str) -> list[Case]:
    """Return a case for each map loss, planner and seed."""
    found = []
    for view, weight in MAP_LOSSES.items():
        for model in PLANNERS[preset]:
            own = () if model == STRUCTURED or preset == "paper" else SMALL
            options = ("--model", model, "--map-loss", weight, *TRAINING[preset], *own)
            of = ("visual", view, model, SIZES[preset])
            found += [
                case_of(*of, seed, TESTS[preset], options, device) for seed in range(SEEDS[preset])
            ]
    return found


def measure(case: Case, folder: Path) -> list[Row]:
    """Train mapper and planner, roll them out in new mazes, draw one of these."""
    facts = case.facts
    training = trained(facts["training"], folder)
    score = training.task.held_out(training.model, facts["size"], facts["tests"])
    rng = np.random.default_rng([SEED, facts["size"]])
    draw_visual(
        folder / "seen.png",
        training.model,
        generate_mazes(1, facts["size"], rng),
        training.task.look,
        rng,
    )
    of = {name: facts[name] for name in ("view", "model", "size", "seed")}
    return [{**of, **score.row(), "training CPU s": round(training.seconds, 1)}]


STUDY = Study(
    "mazes of which only panoramas from inside are seen, with a loss of the map and without",
    cases,
    measure,
    table,
    draw,
)
