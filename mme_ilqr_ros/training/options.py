"""Options of the command line that every task has."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mme_ilqr_ros.training.arguments import positive
from mme_ilqr_ros.training.commands import COMMANDS
from mme_ilqr_ros.training.settings import OPTIMIZERS, SCHEDULES, TrainSettings
from mme_ilqr_ros.training.task import Command

_LARGEST_SEED = 1_000_000  # test data use larger ones
_DEFAULT = "default: as suits the task"


def parser(commands: Mapping[str, Command] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser of a command line that trains: a subcommand for every task."""
    top = argparse.ArgumentParser(
        prog="python -m mme_ilqr_ros.training",
        description="Train a planner. Several processes train as one under torchrun:"
        " torchrun --nproc_per_node 2 -m mme_ilqr_ros.training TASK ...",
    )
    subcommands = top.add_subparsers(dest="task", required=True, metavar="TASK")
    for name, command in commands.items():
        sub = subcommands.add_parser(name, help=command.help, description=command.help)
        sub.set_defaults(command=command)
        command.add_options(sub)
        _add_common(sub, name)
    return top


def _add_common(sub: argparse.ArgumentParser, name: str) -> None:
    add = sub.add_argument
    add("--epochs", type=positive, help=_DEFAULT)
    add("--batch", type=positive, help=f"samples in a step, of all processes together, {_DEFAULT}")
    add("--learning-rate", type=float, metavar="RATE", help=f"its peak, {_DEFAULT}")
    add("--optimizer", choices=sorted(OPTIMIZERS), help=_DEFAULT)
    add("--schedule", choices=SCHEDULES, help=f"of the learning rate, {_DEFAULT}")
    add("--validations", type=positive, help=f"in the whole training, {_DEFAULT}")
    add("--seed", type=_seed, default=0, help="of everything random, default %(default)s")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="default %(default)s")
    add("--threads", type=positive, default=1, help="of torch, default %(default)s")
    add("--resume", action="store_true", help="go on with the training stopped in --out, if any")
    add(
        "--save-every",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="time between checkpoints; 0 saves after every step; default %(default)s",
    )
    add(
        "--out",
        type=Path,
        default=Path("out", "training", name),
        metavar="DIR",
        help="folder for weights, card, curves and checkpoint, named for it; default %(default)s",
    )


def settings_of(options: argparse.Namespace) -> TrainSettings:
    """Return the task's settings, with those that were given on the command line in their place."""
    names = ("epochs", "batch", "learning_rate", "optimizer", "schedule", "validations", "seed")
    given = {name: getattr(options, name) for name in names}
    settings = options.command.settings(options)
    return replace(settings, **{k: v for k, v in given.items() if v is not None})


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value <= _LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"{value} is not between 0 and {_LARGEST_SEED}")
    return value
