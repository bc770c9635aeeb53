"""Studies of success: success of each planner by task and size, over seeds.

The two tasks differ in nothing but their cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import nn

from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.reporting.rows import table as markdown
from mme_ilqr_ros.training.task import device_of
from mme_ilqr_ros.training.tasks.mazes import TEST_SEED, RolloutScore, evaluate, generate_mazes
from mme_ilqr_ros.training.tasks.navigation import follow, maze_inputs
from studies.experiments.arm_animation import animate_arm, walk
from studies.experiments.planners import (
    ADAM,
    ALL,
    SMALL,
    SOLVES,
    TINY,
    TWINS,
    Recipe,
    is_implicit,
)
from studies.experiments.study import (
    Case,
    Row,
    Study,
    file_name,
    grouped,
    mean_and_spread,
)
from studies.experiments.trained import Trained, trained
from studies.family import STRUCTURED
from studies.tasks.arms import ARM, ArmSet
from studies.tasks.manipulation import evaluate_workspaces, held_out_arms, seen
from studies.tasks.mapped import MappedScore


@dataclass(frozen=True)
class Budget:
    """How much a preset spends.

    Attributes:
        recipe: Of the trainings.
        tests: Maps to test on.
        seeds: Of trainings.
        sizes: Of maps, in cells.
        planners: By their names in tables.
    """

    recipe: Recipe
    tests: int
    seeds: int
    sizes: tuple[int, ...]
    planners: tuple[str, ...]

    def cases(self, task: str, view: str, device: str) -> list[Case]:
        """Return a case for each size, planner and seed."""
        return [
            self._case(task, view, planner, size, seed, device)
            for size in self.sizes
            for planner in self.planners
            for seed in range(self.seeds)
        ]

    def mapped_cases(
        self, task: str, view: str, device: str, options: tuple[str, ...] = ()
    ) -> list[Case]:
        """Return the same for a view of which a map is read, with the map's loss and without."""
        cases = []
        for name, weight in ((view, "1"), (f"{view}, no map loss", "0")):
            common = (*options, "--map-loss", weight, *self.recipe.common)
            recipe = replace(self.recipe, common=common)
            cases += replace(self, recipe=recipe).cases(task, name, device)
        return cases

    def _case(self, task: str, view: str, planner: str, size: int, seed: int, device: str) -> Case:
        own = ("--size", str(size), "--seed", str(seed), "--device", device)
        return Case(
            file_name(f"{view}_{planner}_{size}_seed{seed}"),
            {
                "view": view,
                "planner": planner,
                "size": size,
                "seed": seed,
                "tests": self.tests,
                "training": [task, *self.recipe.options(planner), *own],
            },
        )


SMALLEST = Recipe(("--maps", "64", "--epochs", "1", "--validations", "1"), learned=ADAM, kinds=TINY)
QUICK = Recipe(
    ("--maps", "4000"),
    learned=("--epochs", "4", "--batch", "16", *ADAM, "--validations", "2"),
    implicit=SOLVES,
    kinds=SMALL,
)
PAPER = Recipe(("--maps", "10000"))
"""Leaves everything as the papers have it."""

NAVIGATION_BUDGETS = {
    "smallest": Budget(SMALLEST, 8, 1, (9,), (STRUCTURED, "vin", "id_vin", "id_vin, MDP")),
    "quick": Budget(
        QUICK,
        300,
        3,
        (15,),
        (STRUCTURED, "vin", "id_vin", *TWINS, "symvin, MDP", "id_symvin, MDP", "gppn", "id_gppn"),
    ),
    "paper": Budget(PAPER, 500, 3, (15, 28, 49), ALL),
}


def navigation_cases(preset: str, device: str) -> list[Case]:
    """Return a case for each size, planner and seed."""
    return NAVIGATION_BUDGETS[preset].cases("navigation", "given", device)


GIVEN_TORUS = "C-space"
ARM_BUDGETS = {
    "smallest": Budget(SMALLEST, 8, 1, (8,), (STRUCTURED, "id_vin, MDP")),
    "quick": Budget(QUICK, 100, 3, (18,), (STRUCTURED, *TWINS)),
    "paper": Budget(PAPER, 500, 3, (18, 36), ALL),
}
"""Where the configuration space is given."""
PICTURE_BUDGETS = {
    "smallest": Budget(SMALLEST, 8, 1, (8,), (STRUCTURED,)),
    "quick": Budget(
        Recipe(
            ("--maps", "4000", "--epochs", "10", "--validations", "2"),
            implicit=SOLVES,
            kinds=SMALL,
        ),
        100,
        3,
        (18,),
        (STRUCTURED, "id_vin, MDP"),
    ),
    "paper": Budget(Recipe(("--maps", "10000", "--epochs", "30")), 500, 3, (18, 36), ALL),
}
"""Where only a picture of the workspace is given."""


def manipulation_cases(preset: str, device: str) -> list[Case]:
    """Return a case for each view, size, planner and seed."""
    of_pictures = PICTURE_BUDGETS[preset].mapped_cases(
        "manipulation", "workspace", device, ("--view", "workspace")
    )
    return ARM_BUDGETS[preset].cases("manipulation", GIVEN_TORUS, device) + of_pictures


def measure(case: Case, folder: Path) -> list[Row]:
    """Train a planner and roll it out on new maps from every start."""
    facts = case.facts
    training = trained(facts["training"], folder)
    size, n = facts["size"], facts["tests"]
    if facts["training"][0] == "navigation":
        mazes = generate_mazes(n, size, np.random.default_rng([TEST_SEED, size]))
        score = evaluate(follow(training.model), mazes)
    else:
        arms, view = held_out_arms(size, n), facts["view"]
        if view == GIVEN_TORUS:
            score = evaluate(follow(training.model), arms.mazes)
        else:
            score = evaluate_workspaces(training.model, arms)
        if facts["seed"] == 0:
            animate(training.model, arms, view, folder / "arm.gif")
    return [row_of(case, score, training)]


def row_of(case: Case, score: RolloutScore | MappedScore, training: Trained) -> Row:
    """Return what a run came to."""
    of = {name: case.facts[name] for name in ("view", "planner", "size", "seed")}
    return {**of, **score.row(), "training CPU s": round(training.seconds, 1)}


@torch.no_grad()
def animate(model: nn.Module, arms: ArmSet, view: str, path: Path) -> None:
    """Draw the longest way of some arms, as the model goes it."""
    ways = np.where(arms.mazes.starts, arms.mazes.distance, 0.0)
    k, *start = (int(i) for i in np.unravel_index(ways.argmax(), ways.shape))
    one = arms.take(slice(k, k + 1))
    occupied, goals = maze_inputs(one.mazes, device_of(model))
    answer = model(occupied if view == GIVEN_TORUS else seen(one, model), goals, n_moves=N_STRAIGHT)
    best = answer.logits.argmax(dim=1)[0].cpu().numpy()
    discs = one.discs[0][np.isfinite(one.discs[0, :, 2])]
    space, goal = one.mazes.occupied[0], one.mazes.goals[0]
    animate_arm(ARM, discs, space, goal, walk(best, space, start, goal.tolist()), path)


COLUMNS = ("success %", "optimal %", "map %", "training CPU s")


def table(rows: Sequence[Row]) -> str:
    """Return a line for each view, size and planner: mean and, of several seeds, spread."""
    lines = []
    for (view, size, planner), group in grouped(rows, "view", "size", "planner").items():
        line = {"map": view, "size": f"{size} x {size}", "planner": planner, "seeds": len(group)}
        lines.append({**line, **{column: _cell(group, column) for column in COLUMNS}})
    return markdown(lines)


def _cell(group: Sequence[Row], column: str) -> str:
    values = [row[column] for row in group if column in row]
    if not values:
        return "-"
    mean, spread = mean_and_spread(values)
    return f"{mean:.1f} ± {spread:.1f}" if len(values) > 1 else f"{mean:.1f}"


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw a panel for each view and size: a bar for each planner, a dot for each seed."""
    panels = grouped(rows, "view", "size")
    bars = max(len(grouped(group, "planner")) for group in panels.values())
    figure = Figure(figsize=(max(3.4, 0.6 * bars) * len(panels) + 0.6, 4.0))
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for ax, ((view, size), group) in zip(axes, panels.items(), strict=True):
        planners = grouped(group, "planner")
        for k, ((planner,), runs) in enumerate(planners.items()):
            values = [run["success %"] for run in runs]
            mean, spread = mean_and_spread(values)
            colour = "#0072B2" if is_implicit(planner) else "#E69F00"
            colour = "#009E73" if planner == STRUCTURED else colour
            ax.bar(k, mean, yerr=spread or None, color=colour, alpha=0.75, capsize=3)
            ax.plot([k] * len(values), values, "k.", markersize=4)
            ax.text(k, 2.0, f"{mean:.1f}", ha="center", fontsize=8)
        ax.set_xticks(range(len(planners)), [name for (name,) in planners], rotation=40, ha="right")
        ax.set_title(f"{view}, {size} x {size}", fontsize=10)
        ax.set_ylim(0.0, 105.0)
        ax.grid(axis="y", alpha=0.3)
    axes[0].set_ylabel("starts that arrive [%]")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


NAVIGATION = Study(
    "mazes: success of the whole family, explicit and implicit",
    navigation_cases,
    measure,
    table,
    draw,
)
MANIPULATION = Study(
    "an arm of two joints: its configuration space given, or a picture of its workspace",
    manipulation_cases,
    measure,
    table,
    draw,
)
