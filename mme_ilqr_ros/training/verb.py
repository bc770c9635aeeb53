"""Trainings with torch: from a command line to weights, their card, curves and checkpoint."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from mme_ilqr_ros.command_line import positive_int, whole
from mme_ilqr_ros.planning.weights import save_weights
from mme_ilqr_ros.training.loop import Progress, train
from mme_ilqr_ros.training.recorder import Recorder, write_whole
from mme_ilqr_ros.training.task import OPTIMIZERS, SCHEDULES, Command, TrainingTask, TrainSettings
from mme_ilqr_ros.training.tasks import clearance, navigation

COMMANDS: Mapping[str, Command] = {
    "clearance": clearance.COMMAND,
    "navigation": navigation.COMMAND,
}
"""The tasks of the weight files that ship, by name. A new task is a line here."""


_LARGEST_SEED = 1_000_000  # test data use larger ones
_DEFAULT = "default depends on the task"


def add_tasks(
    parser: argparse.ArgumentParser, commands: Mapping[str, Command]
) -> argparse.ArgumentParser:
    """Add a subcommand for every task; return the parser."""
    subcommands = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    for name, command in commands.items():
        add_task(subcommands.add_parser(name, help=command.help), name, command)
    return parser


def add_task(sub: argparse.ArgumentParser, name: str, command: Command) -> None:
    """Add the options of a task to its own parser."""
    sub.description = command.help
    sub.set_defaults(command=command)
    command.add_options(sub)
    _add_common(sub, name)


def _add_common(sub: argparse.ArgumentParser, name: str) -> None:
    add = sub.add_argument
    add("--epochs", type=positive_int, help=_DEFAULT)
    add("--batch", type=positive_int, help=f"samples in a step, {_DEFAULT}")
    add("--learning-rate", type=float, metavar="RATE", help=f"peak, {_DEFAULT}")
    add("--optimizer", choices=sorted(OPTIMIZERS), help=_DEFAULT)
    add("--schedule", choices=SCHEDULES, help=f"of the learning rate, {_DEFAULT}")
    add("--validations", type=positive_int, help=f"in the whole training, {_DEFAULT}")
    add("--seed", type=_seed, default=0, help="random seed, default %(default)s")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="default %(default)s")
    add("--threads", type=positive_int, default=1, help="of torch, default %(default)s")
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


def _seed(text: str) -> int:
    if whole(text) > _LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0 and {_LARGEST_SEED}")
    return int(text)


_CARD = """# {name}

{facts}
- Command: `{command}`
- Settings: `{settings}`
- Weights of step {step}, the best on validation
- CPU time of the training, validation included: {seconds:.1f} s
- SHA-256: `{digest}`

The row "validation" chose the step; the other rows are of new data, from seeds that no training
uses.

{table}
"""


def run(options: argparse.Namespace, command: str) -> str:
    """Train as parsed options say; write the results and return the lines to print.

    Args:
        options: Parsed.
        command: The command line, for the card.
    """
    torch.set_num_threads(options.threads)
    return publish(train_from(options), command)


@dataclass(frozen=True, eq=False)
class Training:
    """A finished training: its task, its settings, its progress and its recorder."""

    task: TrainingTask
    settings: TrainSettings
    progress: Progress
    recorder: Recorder


def train_from(options: argparse.Namespace) -> Training:
    """Train as the options say; write checkpoint and curves, but no weights yet."""
    settings = settings_of(options)
    task = options.command.task(options, settings)
    recorder = recorder_of(options, task, settings)
    state = recorder.restore(options.resume)
    progress = train(task, settings, device=options.device, state=state, on_step=recorder)
    recorder.finish(progress)
    return Training(task, settings, progress, recorder)


def recorder_of(
    options: argparse.Namespace, task: TrainingTask, settings: TrainSettings
) -> Recorder:
    """Return what writes the files of a training."""
    made = {name: str(value) for name, value in {**asdict(settings), **task.facts()}.items()}
    # Named for the folder, so that copies of the files say what they are.
    return Recorder(options.out / options.out.resolve().name, made, options.save_every)


def publish(training: Training, command: str) -> str:
    """Test the best model and write its weights and card; return the lines to print."""
    task, progress, recorder = training.task, training.progress, training.recorder
    model = progress.best_model()
    step = progress.best_step
    sys.stderr.write(f"testing the weights of step {step}, the best on validation, on new data\n")
    tests = {name: score.row() for name, score in task.test(model).items()}
    rows = {"validation": progress.best_score, **tests}
    weights = recorder.file(".safetensors")
    facts = task.facts()
    digest = save_weights(
        weights, task.tensors(model), {"seed": str(training.settings.seed), **facts}
    )
    card = _CARD.format(
        name=weights.name,
        facts="\n".join(f"- {name[0].upper()}{name[1:]}: {x}" for name, x in facts.items()),
        command=command,
        settings=training.settings,
        step=progress.best_step,
        seconds=recorder.seconds,
        digest=digest,
        table=table(rows),
    )
    write_whole(recorder.file(".md"), lambda path: path.write_text(card, encoding="utf-8"))
    recorder.save(progress, published=True)
    return (
        f"{table(rows)}\nwrote {weights} (sha256 {digest[:12]}...), its card and curves;"
        f" best after {progress.best_step} steps, {recorder.seconds:.1f} s of CPU"
    )


def table(rows: Mapping[str, Mapping[str, float]]) -> str:
    """Return rows of numbers by name, all with the same columns, as a table."""
    columns = list(next(iter(rows.values())))
    lines = [["scores", *columns], ["---"] * (len(columns) + 1)]
    # Seven digits: never rounded up to a whole number.
    lines += [[name, *(f"{row[c]:.7g}" for c in columns)] for name, row in rows.items()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
