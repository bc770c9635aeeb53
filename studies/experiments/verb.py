"""The verb `experiment`: the method's own experiments, each its table of runs and its figure."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import torch

from mme_ilqr_ros.errors import InputError
from studies.experiments import runtime, stability, success, visual
from studies.experiments.study import PRESETS, Study, run_study

STUDIES: Mapping[str, Study] = {
    "navigation": success.NAVIGATION,
    "visual": visual.STUDY,
    "manipulation": success.MANIPULATION,
    "runtime": runtime.STUDY,
    "stability": stability.STUDY,
}
_NAMES = "\n".join(f"  {name:14}{study.about}" for name, study in STUDIES.items())
ABOUT = f"Run an experiment: its table of runs, its figure.\n\n{_NAMES}"
EXAMPLES = """\
DIR gets results.csv (a row for each result), summary.json (the same, with command and machine)
and a picture named for the experiment; DIR/runs what each run left. An experiment that was stopped
continues where it was when the same command is given again; finished runs are not repeated.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("name", choices=STUDIES, metavar="NAME", help="one of those above")
    add(
        "--preset",
        choices=PRESETS,
        default="quick",
        help="smallest: seconds, to see that it runs; quick: minutes on two cores; paper: as much"
        " as the papers, for a GPU; default %(default)s",
    )
    add("--device", choices=("cpu", "cuda"), default="cpu", help="default %(default)s")
    add("--out", type=Path, metavar="DIR", help="default out/experiments/NAME-PRESET")


def run(options: argparse.Namespace, command: str) -> str:
    """Run an experiment; return its table.

    Raises:
        InputError: The device is not there, or a training's input cannot be used.
    """
    if options.device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch finds no GPU here; use --device cpu")
    torch.set_num_threads(1)
    name, preset, device = options.name, options.preset, options.device
    out = options.out or Path("out", "experiments", f"{name}-{preset}")
    return run_study(name, STUDIES[name], preset=preset, device=device, out=out, command=command)
