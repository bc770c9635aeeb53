"""A run that begins with a training: options of its command line in, a trained model out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from mme_ilqr_ros.training.task import TrainingTask
from mme_ilqr_ros.training.verb import add_tasks, train_from
from studies.tasks.commands import COMMANDS


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training ended with.

    Attributes:
        task: With its data.
        model: The best on validation.
        seconds: CPU time of the training, validation included [s].
    """

    task: TrainingTask
    model: nn.Module
    seconds: float


def trained(arguments: Sequence[str], folder: Path) -> Trained:
    """Train as a command line says, or go on where that stopped; its files go into `folder`."""
    parser = add_tasks(argparse.ArgumentParser(), COMMANDS)
    options = parser.parse_args([*arguments, "--resume", "--out", str(folder)])
    training = train_from(options)
    return Trained(training.task, training.progress.best_model(), training.recorder.seconds)
