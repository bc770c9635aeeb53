"""Output of a running training: progress, checkpoints, curves.

Files survive a kill at any moment: each is the old one or the new one, whole.
"""

from __future__ import annotations

import csv
import os
import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mme_ilqr_ros.progress_bar import ProgressBar
from mme_ilqr_ros.training.loop import Progress
from mme_ilqr_ros.training.task import TrainingError

_DRAW_EVERY = 30.0  # least CPU time between two drawings of the curves, which take about one [s]


class Recorder:
    """Called after every step of a training."""

    def __init__(self, stem: Path, made: Mapping[str, str], save_every: float) -> None:
        """Set up for one training.

        Args:
            stem: Path of its files without suffix.
            made: What it depends on, by name.
            save_every: Least time between two checkpoints [s].
        """
        self._stem, self._made, self._save_every = stem, made, save_every
        self._begun, self._before = time.process_time(), 0.0
        self._saved, self._drawn = time.monotonic(), time.process_time()
        self._bar: ProgressBar | None = None  # from the first step on

    @property
    def seconds(self) -> float:
        """CPU time of this training so far, in all runs of it [s]."""
        return self._before + time.process_time() - self._begun

    def file(self, suffix: str) -> Path:
        """Return the path of the training's file with a suffix."""
        return self._stem.with_name(self._stem.name + suffix)

    def restore(self, resume: bool) -> dict[str, Any] | None:
        """Return the state to resume, or None to begin.

        Raises:
            TrainingError: There is an unfinished training and `resume` is not wanted, or one that
                was made with other options.
        """
        path = self.file(".checkpoint")
        state = load_checkpoint(path, self._made if resume else None)
        if resume and state is not None:
            self._before = state["seconds"]
            return state["progress"]
        if state is not None and not state["published"]:
            raise TrainingError(
                f"{path} is of a training that was stopped: add --resume to continue it, or remove"
                " the file to start over"
            )
        return None

    def __call__(self, progress: Progress) -> None:
        """Show and, when it is time, write."""
        self._show(progress)
        now = time.monotonic()
        if now - self._saved >= self._save_every:
            self.save(progress)
            self._saved = now
        if time.process_time() - self._drawn >= _DRAW_EVERY:
            self._draw(progress)
            self._drawn = time.process_time()

    def finish(self, progress: Progress) -> None:
        """Write checkpoint and curves of the finished training."""
        if self._bar is not None:
            self._bar.close()
        self.save(progress)
        self._draw(progress)

    def save(self, progress: Progress, published: bool = False) -> None:
        """Write a checkpoint; when weights and card are published a new training may replace it."""
        state = {"progress": progress.state(), "seconds": self.seconds, "published": published}
        save_checkpoint(self.file(".checkpoint"), self._made, state)

    def _draw(self, progress: Progress) -> None:
        write_whole(self.file(".csv"), lambda path: write_table(path, progress.history))
        write_whole(self.file(".png"), lambda path: draw(path, progress.history))

    def _show(self, progress: Progress) -> None:
        if self._bar is None:
            self._bar = ProgressBar(progress.n_steps, "step", done=progress.step - 1)
        row = progress.history[-1]
        shown = [f"loss {row['loss']:.4f}", f"residual {row['residual']:.0e}"]
        if progress.score:
            name, value = next(iter(progress.score.items()))
            shown.append(f"{name} {value:.2f}")
        self._bar.step(status=", ".join(shown))


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, flush it to the disk, then move it there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last: matplotlib goes by it.
    new = path.with_name(f".{path.stem}.new{path.suffix}")
    write(new)
    with open(new, "rb") as file:
        os.fsync(file.fileno())
    os.replace(new, path)


def save_checkpoint(path: Path, made: Mapping[str, str], state: Mapping[str, Any]) -> None:
    """Write a checkpoint of tensors and plain values, with what the training depends on."""
    write_whole(path, lambda new: torch.save({"made": dict(made), "state": dict(state)}, new))


def load_checkpoint(path: Path, made: Mapping[str, str] | None) -> dict[str, Any] | None:
    """Return the state of a checkpoint, or None where there is none.

    Raises:
        TrainingError: It cannot be read, or `made` is given and it was made otherwise.
    """
    if not path.exists():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        was, state = content["made"], content["state"]
    except (OSError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError) as error:
        first = (str(error).splitlines() or ["empty"])[0]
        raise TrainingError(f"{path}: not a checkpoint of a training: {first}") from error
    if made is None:
        return state
    for name in {**was, **made}:
        if was.get(name) != made.get(name):
            raise TrainingError(
                f"{path} was made with {name} = {was.get(name)}, now it is {made.get(name)};"
                " resume with the same options, or choose another --out"
            )
    return state


def write_table(path: Path, history: Sequence[Mapping[str, float]]) -> None:
    """Write a line for each step."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, _names(history))
        table.writeheader()
        table.writerows(history)


def draw(path: Path, history: Sequence[Mapping[str, float]]) -> None:
    """Draw a panel for each column that changes."""
    columns = {n: [(r["step"], r[n]) for r in history if n in r] for n in _names(history)[1:]}
    # Validation columns that never change, like the number of starts, are no curves.
    same = {name for name, c in columns.items() if len({y for _, y in c}) == 1}
    columns = {n: c for n, c in columns.items() if n not in same or not n.startswith("validation")}
    wide, high = min(3, max(1, len(columns))), -(-len(columns) // 3)
    figure = Figure(figsize=(4.0 * wide, 2.6 * high + 0.4))
    FigureCanvasAgg(figure)
    for k, (name, points) in enumerate(columns.items(), start=1):
        axes = figure.add_subplot(high, wide, k)
        steps, values = zip(*points, strict=True)
        sparse = len(points) < len(history)
        axes.plot(steps, values, "o-" if sparse else "-", markersize=3, linewidth=0.9)
        if min(values) > 0.0 and max(values) > 30.0 * min(values):
            axes.set_yscale("log")
        axes.set_title(name, fontsize=9)
        axes.set_xlabel("step", fontsize=8)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def _names(history: Sequence[Mapping[str, float]]) -> list[str]:
    return list(dict.fromkeys(name for row in history for name in row))
