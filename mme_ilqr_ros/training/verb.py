"""`mme-ilqr train`: learn a cost for the planner."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import torch

from mme_ilqr_ros.training import run as training
from mme_ilqr_ros.training.run import add_tasks
from mme_ilqr_ros.training.task import Command
from mme_ilqr_ros.training.tasks import clearance, navigation

COMMANDS: Mapping[str, Command] = {
    "clearance": clearance.COMMAND,
    "navigation": navigation.COMMAND,
}
"""The tasks of the weight files that ship, by name. A new task is a line here."""

ABOUT = "Learn a cost for the planner and write it as a weight file with its card."
EXAMPLES = """\
examples:
  mme-ilqr train clearance --seed 0 --out out/training/mine
  mme-ilqr train navigation --data mazes.npz

DIR gets weights, their card, learning curves and a checkpoint, all named after it. An unfinished
training continues with --resume. To use the weights, set the planner's parameter `weights` to
the file.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a subcommand for every task."""
    add_tasks(parser, COMMANDS)


def run(options: argparse.Namespace, command: str) -> str:
    """Train; return the scores of the weights that were written."""
    torch.set_num_threads(options.threads)
    return training.run(options, command)
