"""Progress for people: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

R = TypeVar("R")


class Progress:
    """Counts what is done, on standard error."""

    def __init__(self, total: int, unit: str = "run") -> None:
        self._total, self._done = total, 0
        self._bar = tqdm(
            total=total, unit=unit, dynamic_ncols=True, disable=not sys.stderr.isatty()
        )

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def step(self, line: str = "", important: bool = False) -> None:
        """Count one more.

        Args:
            line: What to write about it; on a terminal the bar says enough.
            important: Whether to write it on a terminal too.
        """
        self._done += 1
        self._bar.update()
        if line and self._bar.disable:
            sys.stderr.write(f"[{self._done}/{self._total}] {line}\n")
            sys.stderr.flush()
        elif line and important:
            self._bar.write(line, file=sys.stderr)


def shown(
    results: Iterable[R], total: int, line: Callable[[R], str], bad: Callable[[R], bool]
) -> Iterator[R]:
    """Yield the results as they come, with a line about each; bad ones show on a terminal too."""
    with Progress(total) as progress:
        for result in results:
            progress.step(line(result), bad(result))
            yield result
