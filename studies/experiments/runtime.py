"""The study of runtime: what a training step costs against iterations and map size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from studies.experiments.study import Case, Row, Study
from studies.train_cost import report
from studies.train_cost.step import STRUCTURED, StepCase, StepCost
from studies.train_cost.step import measure as measure_step

# Planners, sizes, iterations, mazes in a step, steps.
PRESETS = {
    "smallest": (("id_vin",), (7,), (2,), 2, 1),
    "quick": (("vin", "id_vin", STRUCTURED), (15, 28), (10, 30, 100, 200), 16, 3),
    "paper": (
        ("vin", "id_vin", "gppn", "id_gppn", "symvin", "id_symvin", STRUCTURED),
        (15, 28, 49),
        (10, 20, 30, 50, 80, 100, 150, 200),
        32,
        5,
    ),
}
_SEED = 0


def cases(preset: str, device: str) -> list[Case]:
    """Return a case for each size, planner and number of iterations."""
    models, sizes, iterations, batch, repeat = PRESETS[preset]
    steps = [
        StepCase(model, size, k, batch, repeat, _SEED, device)
        for size in sizes
        for model in models
        for k in (iterations if model != STRUCTURED else (0,))
    ]
    return [Case(f"{s.model}_{s.size}_K{s.iterations}_{device}", asdict(s)) for s in steps]


def measure(case: Case, folder: Path) -> list[Row]:
    """Measure a step in a process of its own."""
    cost = measure_step(StepCase(**case.facts))
    return [{**report.row(cost), **asdict(cost)}]


def table(rows: Sequence[Row]) -> str:
    """Return the steps and from how many iterations on the implicit one is the faster."""
    return report.table(_costs(rows))


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw time and memory against iterations."""
    report.draw(_costs(rows), path)


def _costs(rows: Sequence[Row]) -> list[StepCost]:
    """Return the steps as they were measured."""
    return [
        StepCost(
            StepCase(**row["case"]),
            tuple(row["forward"]),
            tuple(row["backward"]),
            row["peak"],
            row["adjoint_iterations"],
            row["adjoint_residual"],
        )
        for row in rows
    ]


STUDY = Study(
    "time and memory of a training step against iterations and map size",
    cases,
    measure,
    table,
    draw,
)
