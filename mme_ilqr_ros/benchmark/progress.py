"""Progress for people: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

R = TypeVar("R")


def shown(
    results: Iterable[R], total: int, line: Callable[[R], str], bad: Callable[[R], bool]
) -> Iterator[R]:
    """Yield the results as they come, and tell about them on standard error.

    Args:
        results: What is being computed.
        total: How many there will be.
        line: One result in a line.
        bad: Results whose line is shown even on a terminal.
    """
    if not sys.stderr.isatty():
        for count, result in enumerate(results, start=1):
            sys.stderr.write(f"[{count}/{total}] {line(result)}\n")
            sys.stderr.flush()
            yield result
        return
    with tqdm(total=total, unit="run", dynamic_ncols=True) as bar:
        for result in results:
            if bad(result):
                bar.write(line(result), file=sys.stderr)
            bar.update()
            yield result


class Counter:
    """Counts what is done: a bar on a terminal, plain lines anywhere else."""

    def __init__(self, total: int, unit: str) -> None:
        self._total, self._done = total, 0
        self._bar = tqdm(
            total=total, unit=unit, dynamic_ncols=True, disable=not sys.stderr.isatty()
        )

    def __enter__(self) -> Counter:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def step(self) -> None:
        """Count one more."""
        self._done += 1
        self._bar.update()

    def line(self, text: str) -> None:
        """Say something that stays; on a terminal the bar says enough."""
        if self._bar.disable:
            sys.stderr.write(f"[{self._done}/{self._total}] {text}\n")
            sys.stderr.flush()
