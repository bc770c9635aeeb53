"""One training from options to files: weights, card, curves, checkpoint."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mme_ilqr_ros.planning.weights import save_weights
from mme_ilqr_ros.training.card import Facts, number, write_card
from mme_ilqr_ros.training.distributed import World
from mme_ilqr_ros.training.loop import ALONE, train
from mme_ilqr_ros.training.options import settings_of
from mme_ilqr_ros.training.progress import Progress
from mme_ilqr_ros.training.recorder import Recorder
from mme_ilqr_ros.training.settings import TrainSettings
from mme_ilqr_ros.training.task import Task


def run(options: argparse.Namespace, arguments: Sequence[str], world: World) -> list[str]:
    """Train as the options say and write the results.

    Returns:
        What there is to tell, line by line; nothing in a process that follows.
    """
    training = train_from(options, world)
    if not world.leads:
        return []
    command = shlex.join(["python", "-m", "mme_ilqr_ros.training", *arguments])
    made = (command, training.recorder.seconds)
    lines = _publish(_stem(options), training.task, settings_of(options), training.progress, made)
    training.recorder.published(training.progress)
    return lines


@dataclass(frozen=True, eq=False)
class Training:
    """A finished training: its task, its progress and who recorded it."""

    task: Task
    progress: Progress
    recorder: Recorder


def train_from(options: argparse.Namespace, world: World = ALONE) -> Training:
    """Train as the options say; write checkpoint and curves, but no weights yet."""
    settings = settings_of(options)
    task = options.command.task(options, settings)
    made = {name: str(value) for name, value in {**asdict(settings), **task.facts()}.items()}
    recorder = Recorder(_stem(options), made, options.save_every)
    if not world.leads:
        return Training(task, train(task, settings, world=world), recorder)
    state = recorder.restore(options.resume)
    progress = train(task, settings, world=world, state=state, on_step=recorder)
    recorder.finish(progress)
    return Training(task, progress, recorder)


def _stem(options: argparse.Namespace) -> Path:
    """Return the path of a training's files without suffix.

    They are named for the folder, so that copies of them say what they are.
    """
    return options.out / options.out.resolve().name


def _publish(
    stem: Path, task: Task, settings: TrainSettings, progress: Progress, made: tuple[str, float]
) -> list[str]:
    """Test the best model and write its weights and card; return what there is to tell."""
    command, seconds = made
    model = progress.best_model()
    tests = {name: score.row() for name, score in task.test(model).items()}
    rows = {"validation": progress.best_score, **tests}
    weights = stem.with_name(f"{stem.name}.safetensors")
    facts = {"seed": str(settings.seed), **task.facts()}
    digest = save_weights(weights, task.tensors(model), facts)
    about = Facts(command, task.facts(), settings, digest, seconds, progress.best_step)
    card = write_card(weights, about, rows)
    lines = [
        f"{name:>12}: " + "  ".join(f"{key} {number(value)}" for key, value in row.items())
        for name, row in rows.items()
    ]
    files = f"{weights} (sha256 {digest[:12]}...), its card {card.name} and curves"
    return [*lines, f"wrote {files}; best after {progress.best_step} steps, {seconds:.1f} s of CPU"]
