"""One training from options to files: weights, card, curves, checkpoint."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from mme_ilqr_ros.planning.weights import save_weights
from mme_ilqr_ros.training.loop import Progress, train
from mme_ilqr_ros.training.options import settings_of
from mme_ilqr_ros.training.recorder import Recorder, write_whole
from mme_ilqr_ros.training.task import TrainingTask, TrainSettings

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
    """Train as the options say and write the results; return the lines to print.

    Args:
        options: Parsed.
        command: The command line, for the card.
    """
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
    recorder.published(progress)
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
