"""The verb `train-cost`: time and memory of a training step against K and map size."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from mme_ilqr_ros.command_line import positive_int, whole
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.progress_bar import ProgressBar
from mme_ilqr_ros.reporting.rows import facts, write_json
from studies.train_cost import report
from studies.train_cost.step import STRUCTURED, StepCase, StepCost, measure

MODELS = ("vin", "id_vin", "gppn", "id_gppn", "symvin", "id_symvin", "structured")
SMALLEST = 5  # cells along a side of a maze

ABOUT = """\
Time and peak memory of one training step (forward, loss, backward, optimiser) of planners that go
back through every iteration (vin, gppn, symvin) and of their implicit twins (id_...), against the
number of forward iterations K and the size of the maps. structured has no K: it is solved exactly.
"""
EXAMPLES = """\
examples:
  python -m studies train-cost --out out/train_cost
  python -m studies train-cost --models gppn id_gppn --sizes 15 28 --out out/gppn

All K iterations are made, whatever the residual. An implicit adjoint goes on to its own tolerance;
the table says after how many iterations, and what residual it had left. Each case runs in a new
process with one thread; on the CPU times are those of the processor. DIR gets summary.json and
train_cost.png.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--models", nargs="+", choices=MODELS, default=["vin", "id_vin", "structured"])
    add("--sizes", nargs="+", type=positive_int, default=[15, 28, 49], metavar="CELLS")
    add("--iterations", nargs="+", type=positive_int, default=[10, 30, 100, 200], metavar="K")
    add("--batch", type=positive_int, default=16, help="mazes in a step (%(default)s)")
    add("--repeat", type=positive_int, default=5, help="steps of each case (%(default)s)")
    add("--seed", type=whole, default=0, help="of mazes and models (%(default)s)")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="(%(default)s)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results")


def run(options: argparse.Namespace, command: str) -> str:
    """Measure what the command line asks for; return the report.

    Raises:
        InputError: The device is not there, or a size is too small.
    """
    if min(options.sizes) < SMALLEST:
        raise InputError(f"--sizes {min(options.sizes)}: a maze has at least {SMALLEST} cells")
    if options.device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch sees no CUDA device here")
    rest = (options.batch, options.repeat, options.seed, options.device)
    cases = [
        StepCase(model, size, k, *rest)
        for size in sorted(set(options.sizes))
        for model in dict.fromkeys(options.models)
        for k in (sorted(set(options.iterations)) if model != STRUCTURED else [0])
    ]
    options.out.mkdir(parents=True, exist_ok=True)
    costs: list[StepCost] = []
    with ProgressBar(len(cases), "case") as progress:
        for case in cases:
            costs.append(measure(case))
            progress.step(
                f"{case.model}, {case.size} cells, K {case.iterations}: {costs[-1].step_ms:.1f} ms"
            )
    content = {
        **facts(command),
        "settings": {
            "torch": torch.__version__,
            "batch": options.batch,
            "repeat": options.repeat,
            "seed": options.seed,
            "device": options.device,
        },
        "crossover": report.crossovers(costs),
        "steps": [report.row(cost) for cost in costs],
    }
    write_json(content, options.out / "summary.json")
    report.draw(costs, options.out / "train_cost.png")
    return report.table(costs)
