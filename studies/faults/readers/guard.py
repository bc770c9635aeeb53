"""What has to hold whenever a reader is given bytes: a value, or one line that refuses them."""

from __future__ import annotations

import hashlib
import json
import resource
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mme_ilqr_ros.errors import InputError

SLOW = 1.0  # s of processor time that an input may take
LONGEST_LINE = 600  # characters of a refusal
LARGEST_GROWTH = 512.0  # MB that the whole of a run may take beside what the first inputs take
WARM = 200  # inputs after which memory is compared
EVERY = 5000  # inputs between two summaries


class Guard:
    """Gives inputs to a reader, counts what comes of them, and keeps those that break a rule.

    Attributes:
        counts: Inputs by outcome.
        failures: How often each rule was broken, by what says where.
    """

    def __init__(
        self, read: Callable[[bytes], Any], refusals: tuple[type[Exception], ...], folder: Path
    ) -> None:
        """Begin at no inputs.

        Args:
            read: The reader.
            refusals: Exceptions by which it says that it cannot use the bytes.
            folder: Where inputs that break a rule are kept, and the summary.
        """
        self.counts: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self._read, self._refusals, self._folder = read, (InputError, *refusals), folder
        self._slowest, self._begun, self._before = 0.0, time.monotonic(), 0.0
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def inputs(self) -> int:
        """How many there were."""
        return sum(self.counts.values())

    def __call__(self, data: bytes) -> None:
        """Give one input."""
        begun = time.process_time()
        try:
            self._read(data)
            self.counts["read"] += 1
        except self._refusals as error:
            self.counts["refused"] += 1
            line = str(error)
            if not line.strip() or "\n" in line or len(line) > LONGEST_LINE:
                self._fail(f"the refusal is not one line: {_place(error)}", data)
        except Exception as error:
            self.counts["failed"] += 1
            self._fail(f"{type(error).__name__} at {_place(error)}", data)
        taken = time.process_time() - begun
        self._slowest = max(self._slowest, taken)
        if taken > SLOW:
            self._fail("slow", data)
        if self.inputs % EVERY == 0:
            self.report()
        self._look_at_memory(data)

    def report(self) -> None:
        """Write the summary."""
        summary = {
            "inputs": self.inputs,
            "seconds": round(time.monotonic() - self._begun, 1),
            "slowest_s": round(self._slowest, 3),
            "memory_mb": round(_megabytes()),
            "outcomes": dict(self.counts),
            "failures": dict(self.failures),
        }
        new = self._folder / "summary.json.new"
        new.write_text(json.dumps(summary, indent=1) + "\n")
        new.replace(self._folder / "summary.json")

    def _look_at_memory(self, data: bytes) -> None:
        if self.inputs == WARM:
            self._before = _megabytes()
        elif self.inputs > WARM and (now := _megabytes()) - self._before > LARGEST_GROWTH:
            self._before = now
            self._fail("memory", data)

    def _fail(self, what: str, data: bytes) -> None:
        self.failures[what] += 1
        if self.failures[what] == 1:
            name = hashlib.sha256(what.encode()).hexdigest()[:12]
            (self._folder / f"{name}.input").write_bytes(data)
            with (self._folder / "failures.txt").open("a") as file:
                file.write(f"{name}.input: {what}\n{_trace()}\n")


def _megabytes() -> float:
    """Return the most memory that the process has had [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def _place(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{'/'.join(Path(last.filename).parts[-2:])}:{last.lineno}"


def _trace() -> str:
    return "".join(f"    {line}" for line in traceback.format_exc().splitlines(keepends=True))
