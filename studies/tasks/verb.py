"""`train`: all training tasks, those of the weight files that ship and those of research."""

from __future__ import annotations

import argparse

import torch

from mme_ilqr_ros.training import run as training
from mme_ilqr_ros.training.options import add_tasks
from studies.tasks.commands import COMMANDS

ABOUT = "Train a planner on a task of research, or on one of the package with more options."
EXAMPLES = """\
examples:
  python -m studies train terrain --paths 1 --margin 0.03
  python -m studies train navigation --model id_vin --discount 0.97
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a subcommand for every task."""
    add_tasks(parser, COMMANDS)


def run(options: argparse.Namespace, command: str) -> str:
    """Train; return the scores of the weights that were written."""
    torch.set_num_threads(options.threads)
    return training.run(options, command)
