"""A run that begins with a training: options of its command line in, a trained model out."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
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
        history: A row of numbers by name for each step.
    """

    task: TrainingTask
    model: nn.Module
    seconds: float
    history: Sequence[Mapping[str, float]]


def trained(arguments: Sequence[str], folder: Path) -> Trained:
    """Train as a command line says, or go on where that stopped; its files go into `folder`."""
    parser = add_tasks(argparse.ArgumentParser(), COMMANDS)
    options = parser.parse_args([*arguments, "--resume", "--out", str(folder)])
    training = train_from(options)
    progress = training.progress
    return Trained(
        training.task, progress.best_model(), training.recorder.seconds, progress.history
    )
