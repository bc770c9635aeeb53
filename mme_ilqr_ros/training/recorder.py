"""What is shown and written while a training runs: progress bar, checkpoints, curves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mme_ilqr_ros.training.checkpoint import load_checkpoint, save_checkpoint
from mme_ilqr_ros.training.curves import write_curves
from mme_ilqr_ros.training.progress import Progress
from mme_ilqr_ros.training.task import TrainingError

_DRAW_EVERY = 10.0  # least time between two drawings of the curves [s]


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
        self._checkpoint = stem.with_name(f"{stem.name}.checkpoint")
        self._begun, self._before = time.process_time(), 0.0
        self._saved = self._drawn = time.monotonic()
        self._bar: tqdm | None = None  # made at the first step, when it is known how many there are

    @property
    def seconds(self) -> float:
        """CPU time that went into what has been reached, in all runs of this training [s]."""
        return self._before + time.process_time() - self._begun

    def restore(self, resume: bool) -> dict[str, Any] | None:
        """Return the state to go on from, or None to begin.

        Raises:
            TrainingError: There is an unfinished training and `resume` is not wanted, or one that
                was made with other options.
        """
        state = load_checkpoint(self._checkpoint, self._made if resume else None)
        if resume and state is not None:
            self._before = state["seconds"]
            return state["progress"]
        if state is not None and not state["published"]:
            raise TrainingError(
                f"{self._checkpoint} is of a training that was stopped: add --resume to go on"
                " with it, or remove the file to begin anew"
            )
        return None

    def __call__(self, progress: Progress) -> None:
        """Show and, when it is time, write."""
        self._show(progress)
        now = time.monotonic()
        if now - self._saved >= self._save_every:
            self._save(progress)
            self._saved = now
        if now - self._drawn >= _DRAW_EVERY:
            write_curves(self._stem, progress.history)
            self._drawn = now

    def finish(self, progress: Progress) -> None:
        """Write what the training ended with."""
        if self._bar is not None:
            self._bar.close()
        self._save(progress)
        write_curves(self._stem, progress.history)

    def published(self, progress: Progress) -> None:
        """Note that weights and card are written, so that a new training may take their place."""
        self._save(progress, published=True)

    def _save(self, progress: Progress, published: bool = False) -> None:
        state = {"progress": progress.state(), "seconds": self.seconds, "published": published}
        save_checkpoint(self._checkpoint, self._made, state)

    def _show(self, progress: Progress) -> None:
        if self._bar is None:
            done = progress.step - 1
            self._bar = tqdm(total=progress.n_steps, initial=done, unit="step", dynamic_ncols=True)
        row = progress.history[-1]
        shown = {"loss": f"{row['loss']:.4f}", "residual": f"{row['residual']:.0e}"}
        if progress.score:
            name, value = next(iter(progress.score.items()))
            shown[name] = f"{value:.2f}"
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update()
