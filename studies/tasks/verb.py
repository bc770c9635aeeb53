"""`train`: all training tasks, those of the weight files that ship and those of research."""

from __future__ import annotations

import argparse
import os

import torch

from mme_ilqr_ros.training import verb as training
from mme_ilqr_ros.training.verb import add_tasks
from studies.tasks.commands import COMMANDS
from studies.tasks.distributed import run_together

ABOUT = "Train a planner on a task of research, or on one of the package with more options."
EXAMPLES = """\
examples:
  python -m studies train terrain --paths 1 --margin 0.03
  python -m studies train navigation --model id_vin --discount 0.97
  torchrun --nproc_per_node 2 -m studies train navigation --batch 64
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a subcommand for every task."""
    add_tasks(parser, COMMANDS)


def run(options: argparse.Namespace, command: str) -> str | int:
    """Train, together where torchrun started several; return the scores of the weights."""
    if "WORLD_SIZE" in os.environ:
        torch.set_num_threads(options.threads)
        return run_together(options, command)
    return training.run(options, command)
