"""The family at its papers' budget: 10,000 mazes of 15 x 15, 30 epochs of batches of 32, RMSprop.

Every planner learns by the papers' recipe, as far as their code says it: optimizer, rate, batch,
epochs and widths. The best epoch on the validation mazes is tested on new mazes from every start.

Sources: Lee et al., "Gated Path Planning Networks", ICML 2018, and Zhao, Xu, Wong, ICLR 2023, with
the code of both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mme_ilqr_ros.reporting.rows import table as markdown
from mme_ilqr_ros.training.task import device_of
from mme_ilqr_ros.training.tasks.mazes import TEST_SEED, MazeSet, generate_mazes, rollout
from mme_ilqr_ros.training.tasks.navigation import maze_inputs
from studies.experiments.learning_curves import draw
from studies.experiments.planners import DISCOUNT, MDP
from studies.experiments.study import Case, Row, Study, file_name, grouped, mean_and_spread
from studies.experiments.trained import trained
from studies.tasks.free_kernel import MULTIPLES, FreeKernelTask

EPOCHS = 30
N_TESTS = 2000
PUBLISHED = {"vin": (77.4, 79.0), "lstm_gppn": (96.8, 97.8)}
"""Optimal and successful [%] of Lee's code on their 10,000 mazes of 15 x 15, four moves."""
_SOLVES = ("--iterations", "50", "--tolerance", "1e-4", "--adjoint-tolerance", "1e-4")
OPTIONS: dict[str, tuple[str, ...]] = {
    "vin": (),
    "id_vin": _SOLVES,
    "symvin": (),
    "id_symvin": (*_SOLVES, "--jacobian-weight", "1"),
    "lstm_gppn": (),
    "gppn": (),
    "id_gppn": (*_SOLVES, "--jacobian-weight", "1"),
    f"vin{MDP}": DISCOUNT,
    f"id_vin{MDP}": (*DISCOUNT, "--iterations", "200", "--tolerance", "1e-2"),
}
"""What a planner is trained with beside the defaults, which are the papers'.

Without the penalty, or with a tenth of it, ID-GPPN's adjoint stops to converge, and the values of a
small ID-SymVIN run away.
"""


@dataclass(frozen=True)
class Budget:
    """What the study runs.

    Attributes:
        data: File of mazes with splits train and val.
        planners: By their names in tables.
        seeds: Of weights and order of the data.
        epochs: Passes over the data, each followed by a validation.
        options: Further options of every training, for smaller ones.
        tests: New mazes to test on.
    """

    data: Path
    planners: tuple[str, ...] = tuple(OPTIONS)
    seeds: tuple[int, ...] = (0, 1, 2)
    epochs: int = EPOCHS
    options: tuple[str, ...] = ()
    tests: int = N_TESTS


def study(budget: Budget) -> Study:
    """Return the study of a budget."""
    digest = hashlib.sha256(budget.data.read_bytes()).hexdigest()

    def cases(preset: str, device: str) -> list[Case]:
        return [
            _case(budget, planner, seed, device, digest)
            for planner in budget.planners
            for seed in budget.seeds
        ]

    def measured(case: Case, folder: Path) -> list[Row]:
        return measure(case, folder, budget.data)

    return Study("the family at its papers' budget", cases, measured, table, draw)


def _case(budget: Budget, planner: str, seed: int, device: str, digest: str) -> Case:
    count = str(budget.epochs)
    own = ("--model", planner.removesuffix(MDP), *OPTIONS[planner], *budget.options)
    common = ("--epochs", count, "--validations", count, "--seed", str(seed), "--device", device)
    return Case(
        file_name(f"{planner}_seed{seed}"),
        {
            "planner": planner,
            "seed": seed,
            "tests": budget.tests,
            "data": digest,
            "training": ["navigation", *own, *common],
        },
    )


def measure(case: Case, folder: Path, data: Path) -> list[Row]:
    """Train a planner, or go on where that stopped, and roll it out on new mazes."""
    facts = case.facts
    own = ("--data", str(data), "--save-every", "60")
    training = trained([*facts["training"], *own], folder)
    task, history = training.task, training.history
    assert isinstance(task, FreeKernelTask)
    size = task.data.occupied.shape[1]
    mazes = generate_mazes(facts["tests"], size, np.random.default_rng([TEST_SEED, size]))
    row: Row = {"planner": facts["planner"], "seed": facts["seed"]}
    for multiple in MULTIPLES:
        of = tested(task, training.model, mazes, multiple)
        row |= {f"{name}, iterations x{multiple}": x for name, x in of.items()}
    for name in ("converged %", "adjoint converged %"):
        shares = [step[name] for step in history if name in step]
        row[name] = round(float(np.mean(shares)), 2) if shares else None
    curve = [step["validation success %"] for step in history if "validation success %" in step]
    row["validation success %"] = {str(k): round(x, 2) for k, x in enumerate(curve, start=1)}
    row["CPU s"] = round(training.seconds, 1)
    return [row]


@torch.no_grad()
def tested(
    task: FreeKernelTask, model: nn.Module, mazes: MazeSet, multiple: int
) -> dict[str, float]:
    """Return success and optimal [%] of rollouts from all starts, counted in two ways.

    "success %" and "optimal %" are of all starts from which there is a way, of all mazes together.
    "their ..." are as Lee et al. count: the mean over mazes of the share of open cells, the goal
    among them as a success and cells without any way as failures.
    """
    inputs = maze_inputs(mazes, device_of(model))
    parts = [
        task.answer(model, mazes.part(k, k + 100), multiple).logits.argmax(dim=1).cpu()
        for k in range(0, len(inputs[0]), 100)
    ]
    arrived, moves = rollout(torch.cat(parts).numpy(), mazes)
    optimal = arrived & (moves == mazes.distance)
    starts, n_open = mazes.starts, (~mazes.occupied).sum(axis=(1, 2))
    result = {}
    for name, good in (("success", arrived), ("optimal", optimal)):
        result[f"{name} %"] = round(100.0 * float(good[starts].mean()), 3)
        goal_too = (good & starts).sum(axis=(1, 2)) + 1
        result[f"their {name} %"] = round(100.0 * float((goal_too / n_open).mean()), 3)
    return result


def table(rows: Sequence[Row]) -> str:
    """Return a line for each planner: means and spreads over seeds beside what is published."""
    lines = []
    for (planner,), group in grouped(rows, "planner").items():
        published = PUBLISHED.get(planner)
        lines.append(
            {
                "planner": f"`{planner}`",
                "seeds": len(group),
                "success %": _of(group, "success %, iterations x1"),
                "optimal %": _of(group, "optimal %, iterations x1"),
                "their %Opt, %Suc": ", ".join(
                    _of(group, f"their {name} %, iterations x1") for name in ("optimal", "success")
                ),
                "published": ", ".join(map(str, published)) if published else "–",
                "success at x2, x4": ", ".join(
                    _of(group, f"success %, iterations x{m}") for m in MULTIPLES[1:]
                ),
                "converged, adjoint %": ", ".join(
                    _of(group, name) for name in ("converged %", "adjoint converged %")
                ),
                "CPU s": _of(group, "CPU s", digits=0),
            }
        )
    return markdown(lines)


def _of(group: Sequence[Row], name: str, digits: int = 1) -> str:
    values = [row[name] for row in group if row[name] is not None]
    if not values:
        return "–"
    mean, spread = mean_and_spread(values)
    return f"{mean:.{digits}f} ± {spread:.{digits}f}" if len(values) > 1 else f"{mean:.{digits}f}"
