"""The verb `family`: VIN, GPPN, SymVIN and their twins at the papers' budget, 15 x 15."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.errors import InputError
from studies.experiments.papers import EPOCHS, N_TESTS, OPTIONS, Budget, study
from studies.experiments.study import run_study

ABOUT = "Train the family by its papers' recipe on their mazes, and test every run on new ones."
EXAMPLES = """\
examples:
  python -m studies family --data mazes.npz --planners vin --seeds 0 1 2
  python -m studies family --data mazes.npz --planners vin id_vin --out out/family

FILE is a .npz of the authors' 15 x 15 mazes with splits train and val. DIR gets results.csv,
summary.json and learning curves; DIR/runs what each run left. A run takes between a quarter of an
hour (vin) and hours (gppn) of one core. Stopped at any moment, the same command goes on from the
last checkpoint, at most a minute back; finished runs are not repeated.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--data", type=Path, metavar="FILE", required=True, help="maze file of the authors")
    add(
        "--planners",
        nargs="+",
        choices=tuple(OPTIONS),
        default=("vin", "id_vin", "symvin", "id_symvin"),
        metavar="NAME",
        help=f"of {', '.join(OPTIONS)}; default %(default)s",
    )
    add("--seeds", nargs="+", type=int, default=(0, 1, 2), metavar="N", help="default %(default)s")
    add("--epochs", type=positive_int, default=EPOCHS, help="default %(default)s")
    add("--tests", type=positive_int, default=N_TESTS, help="new mazes, default %(default)s")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="default %(default)s")
    add("--out", type=Path, metavar="DIR", default=Path("out/family"), help="default %(default)s")


def run(options: argparse.Namespace, command: str) -> str:
    """Run what is not finished; return the table of all that is asked for.

    Raises:
        InputError: The device or the data is not there.
    """
    if options.device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch finds no GPU here; use --device cpu")
    if not options.data.is_file():
        raise InputError(f"--data {options.data}: is not a file; give the authors' .npz of mazes")
    torch.set_num_threads(1)
    budget = Budget(
        options.data,
        tuple(options.planners),
        tuple(options.seeds),
        epochs=options.epochs,
        tests=options.tests,
    )
    return run_study(
        "family",
        study(budget),
        preset="paper",
        device=options.device,
        out=options.out,
        command=command,
    )
