"""Studies of success: which planner arrives how often, by task and size, over seeds.

The two tasks differ in nothing but their cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import nn

from mme_ilqr_ros.benchmark.tables import markdown
from mme_ilqr_ros.experiments.arm_animation import animate_arm, walk
from mme_ilqr_ros.experiments.study import Case, Row, Study, grouped, mean_and_spread
from mme_ilqr_ros.experiments.trained import trained
from mme_ilqr_ros.planning.family import MODELS
from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.training.evaluate import evaluate
from mme_ilqr_ros.training.task import device_of
from mme_ilqr_ros.training.tasks.arms import ARM, ArmSet
from mme_ilqr_ros.training.tasks.held_out import SEED
from mme_ilqr_ros.training.tasks.imitation import maze_inputs
from mme_ilqr_ros.training.tasks.manipulation import evaluate_mapped, held_out_arms, seen
from mme_ilqr_ros.training.tasks.mazes import generate_mazes
from mme_ilqr_ros.training.tasks.navigation import STRUCTURED, follow

ALL = tuple(MODELS)
SMALL_ADAM = ("--optimizer", "adam", "--schedule", "one_cycle", "--learning-rate", "1e-2")
"""For free kernels on a small budget, in place of the papers' RMSprop at 1e-3."""


@dataclass(frozen=True)
class Budget:
    """How much a preset spends on a run.

    Attributes:
        maps: To learn from.
        tests: Maps to test on.
        seeds: Of trainings.
        structured: Further training options of the structured planner.
        free_kernel: The same of the others.
    """

    maps: int
    tests: int
    seeds: int
    structured: tuple[str, ...] = ()
    free_kernel: tuple[str, ...] = ()

    def arguments(self, model: str) -> tuple[str, ...]:
        """Return the training options for a model."""
        own = self.structured if model == STRUCTURED else self.free_kernel
        return ("--model", model, "--maps", str(self.maps), *own)


TINY = ("--epochs", "1", "--hidden", "8", "--actions", "4", *SMALL_ADAM, "--validations", "1")
QUICK = ("--epochs", "6", "--hidden", "32", "--actions", "10", *SMALL_ADAM, "--validations", "2")
BUDGETS = {
    "smallest": Budget(64, 8, 1, ("--validations", "1"), TINY),
    "quick": Budget(2000, 100, 2, (), QUICK),
    "paper": Budget(10_000, 500, 3),
}
"""For maps that are given; "paper" leaves everything as the papers have it."""

SIZES = {"smallest": (9,), "quick": (15,), "paper": (15, 28, 49)}
MODELS_OF = {
    "smallest": (STRUCTURED, "vin", "id_vin"),
    "quick": (STRUCTURED, "vin", "id_vin", "gppn", "id_gppn"),
    "paper": ALL,
}


def navigation_cases(preset: str, device: str) -> list[Case]:
    """Return a case for each size, planner and seed."""
    budget = BUDGETS[preset]
    return [
        case_of(
            "navigation", "given", model, size, seed, budget.tests, budget.arguments(model), device
        )
        for size in SIZES[preset]
        for model in MODELS_OF[preset]
        for seed in range(budget.seeds)
    ]


def case_of(
    task: str,
    view: str,
    model: str,
    size: int,
    seed: int,
    tests: int,
    options: Sequence[str],
    device: str,
) -> Case:
    """Return one run: `options` are the training's, beside those that all have."""
    name = "_".join([view.replace(", ", "_").replace(" ", "_"), model, str(size), f"seed{seed}"])
    common = ("--size", str(size), "--seed", str(seed), "--device", device)
    return Case(
        name,
        {
            "view": view,
            "model": model,
            "size": size,
            "seed": seed,
            "tests": tests,
            "training": [task, *options, *common],
        },
    )


GIVEN_TORUS = "C-space"
ARM_SIZES = {"smallest": (8,), "quick": (18,), "paper": (18, 36)}
ARM_MODELS = {
    "smallest": (STRUCTURED, "id_vin"),
    "quick": (STRUCTURED, "vin", "id_vin"),
    "paper": ALL,
}
PICTURES = {
    "smallest": (64, ("--epochs", "1", "--validations", "1")),
    "quick": (2000, ("--epochs", "10", "--validations", "2")),
    "paper": (10_000, ("--epochs", "30")),
}
"""Arms to learn from and training options where only a picture of the workspace is given."""
PICTURE_MODELS = {"smallest": (STRUCTURED,), "quick": (STRUCTURED,), "paper": ALL}
MAP_LOSSES = {"workspace": "1", "workspace, no map loss": "0"}


def manipulation_cases(preset: str, device: str) -> list[Case]:
    """Return a case for each view, size, planner and seed."""
    budget = BUDGETS[preset]
    maps, training = PICTURES[preset]
    cases = []
    for size in ARM_SIZES[preset]:
        seeds = range(budget.seeds)
        for model in ARM_MODELS[preset]:
            options = budget.arguments(model)
            cases += [
                case_of(
                    "manipulation", GIVEN_TORUS, model, size, seed, budget.tests, options, device
                )
                for seed in seeds
            ]
        for view, weight in MAP_LOSSES.items():
            for model in PICTURE_MODELS[preset]:
                own = () if model == STRUCTURED else _widths(budget.free_kernel)
                options = ("--view", "workspace", "--map-loss", weight, "--model", model)
                options = (*options, "--maps", str(maps), *training, *own)
                cases += [
                    case_of("manipulation", view, model, size, seed, budget.tests, options, device)
                    for seed in seeds
                ]
    return cases


def _widths(options: tuple[str, ...]) -> tuple[str, ...]:
    """Return only the options that say how wide a free kernel is."""
    pairs = zip(options[::2], options[1::2], strict=True)
    return tuple(x for pair in pairs if pair[0] in ("--hidden", "--actions") for x in pair)


def measure(case: Case, folder: Path) -> list[Row]:
    """Train a planner and roll it out on new maps from every start."""
    facts = case.facts
    training = trained(facts["training"], folder)
    size, n = facts["size"], facts["tests"]
    if facts["training"][0] == "navigation":
        mazes = generate_mazes(n, size, np.random.default_rng([SEED, size]))
        score = evaluate(follow(training.model), mazes)
    else:
        arms, view = held_out_arms(size, n), facts["view"]
        if view == GIVEN_TORUS:
            score = evaluate(follow(training.model), arms.mazes)
        else:
            score = evaluate_mapped(training.model, arms)
        if facts["seed"] == 0:
            animate(training.model, arms, view, folder / "arm.gif")
    of = {name: facts[name] for name in ("view", "model", "size", "seed")}
    return [{**of, **score.row(), "training CPU s": round(training.seconds, 1)}]


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
    for (view, size, model), group in grouped(rows, "view", "size", "model").items():
        cells = [view, f"{size} x {size}", model, str(len(group))]
        lines.append([*cells, *(_cell(group, column) for column in COLUMNS)])
    return markdown(["map", "size", "planner", "seeds", *COLUMNS], lines)


def _cell(group: Sequence[Row], column: str) -> str:
    values = [row[column] for row in group if column in row]
    if not values:
        return "-"
    mean, spread = mean_and_spread(values)
    return f"{mean:.1f} ± {spread:.1f}" if len(values) > 1 else f"{mean:.1f}"


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw a panel for each view and size: a bar for each planner, a dot for each seed."""
    panels = grouped(rows, "view", "size")
    figure = Figure(figsize=(3.4 * len(panels) + 0.6, 3.8))
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for ax, ((view, size), group) in zip(axes, panels.items(), strict=True):
        models = grouped(group, "model")
        for k, ((model,), runs) in enumerate(models.items()):
            values = [run["success %"] for run in runs]
            mean, spread = mean_and_spread(values)
            colour = "#009E73" if model == STRUCTURED else "#0072B2"
            colour = colour if model == STRUCTURED or model.startswith("id_") else "#E69F00"
            ax.bar(k, mean, yerr=spread or None, color=colour, alpha=0.75, capsize=3)
            ax.plot([k] * len(values), values, "k.", markersize=4)
            ax.text(k, 2.0, f"{mean:.1f}", ha="center", fontsize=8)
        ax.set_xticks(range(len(models)), [model for (model,) in models], rotation=40, ha="right")
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
