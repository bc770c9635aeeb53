"""Command line of the trainings: a subcommand for each task, and the options that all have."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mme_ilqr_ros.training.task import OPTIMIZERS, SCHEDULES, Command, TrainSettings

_LARGEST_SEED = 1_000_000  # test data use larger ones
_DEFAULT = "default depends on the task"


def add_tasks(
    parser: argparse.ArgumentParser, commands: Mapping[str, Command]
) -> argparse.ArgumentParser:
    """Add a subcommand for every task; return the parser."""
    subcommands = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    for name, command in commands.items():
        sub = subcommands.add_parser(name, help=command.help, description=command.help)
        sub.set_defaults(command=command)
        command.add_options(sub)
        _add_common(sub, name)
    return parser


def _add_common(sub: argparse.ArgumentParser, name: str) -> None:
    add = sub.add_argument
    add("--epochs", type=positive, help=_DEFAULT)
    add("--batch", type=positive, help=f"samples in a step, {_DEFAULT}")
    add("--learning-rate", type=float, metavar="RATE", help=f"peak, {_DEFAULT}")
    add("--optimizer", choices=sorted(OPTIMIZERS), help=_DEFAULT)
    add("--schedule", choices=SCHEDULES, help=f"of the learning rate, {_DEFAULT}")
    add("--validations", type=positive, help=f"in the whole training, {_DEFAULT}")
    add("--seed", type=_seed, default=0, help="random seed, default %(default)s")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="default %(default)s")
    add("--threads", type=positive, default=1, help="of torch, default %(default)s")
    add("--resume", action="store_true", help="continue an unfinished training in --out, if any")
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
        help="folder for weights, card, curves and checkpoint, named after it; default %(default)s",
    )


def settings_of(options: argparse.Namespace) -> TrainSettings:
    """Return the task's settings, with those given on the command line in their place."""
    names = ("epochs", "batch", "learning_rate", "optimizer", "schedule", "validations", "seed")
    given = {name: getattr(options, name) for name in names}
    settings: TrainSettings = options.command.settings(options)
    return replace(settings, **{k: v for k, v in given.items() if v is not None})


def positive(text: str) -> int:
    """Return a whole number above 0."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not above 0")
    return value


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value <= _LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"{value} is not between 0 and {_LARGEST_SEED}")
    return value
