"""One training from options to files: weights, card, curves, checkpoint."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mme_ilqr_ros.planning.weights import save_weights
from mme_ilqr_ros.training.card import Facts, number, write_card
from mme_ilqr_ros.training.distributed import World
from mme_ilqr_ros.training.loop import train
from mme_ilqr_ros.training.options import settings_of
from mme_ilqr_ros.training.progress import Progress
from mme_ilqr_ros.training.recorder import Recorder
from mme_ilqr_ros.training.settings import TrainSettings
from mme_ilqr_ros.training.task import Task
from mme_ilqr_ros.training.tasks import COMMANDS


def run(options: argparse.Namespace, arguments: Sequence[str], world: World) -> list[str]:
    """Train as the options say and write the results.

    Returns:
        What there is to tell, line by line; nothing in a process that follows.
    """
    settings = settings_of(options)
    # All files are named for the folder, so that copies of them say what they are.
    stem = options.out / options.out.resolve().name
    task = COMMANDS[options.task].task(options, settings)
    if not world.leads:
        train(task, settings, world=world)
        return []
    made = {name: str(value) for name, value in {**asdict(settings), **task.facts()}.items()}
    recorder = Recorder(stem, made, options.save_every)
    state = recorder.restore(options.resume)
    progress = train(task, settings, world=world, state=state, on_step=recorder)
    recorder.finish(progress)
    command = shlex.join(["python", "-m", "mme_ilqr_ros.training", *arguments])
    lines = _publish(stem, task, settings, progress, (command, recorder.seconds))
    recorder.published(progress)
    return lines


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
