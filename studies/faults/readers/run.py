"""Fuzzes one reader: `python -m studies.faults.readers.run TARGET INPUTS SEED FOLDER`.

Guided by coverage where atheris is installed; else changes are made blindly. Ends by itself.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import resource
import sys
import warnings
from pathlib import Path

from studies.faults.readers.guard import Guard
from studies.faults.readers.mutate import mutated
from studies.faults.readers.targets import INSTRUMENTED, TARGETS, Target

MEMORY = 6 << 30  # bytes of address space: what wants more fails, and is found
HANG = 600  # s on the clock after which an input is taken to hang; the machine may be suspended


def is_guided() -> bool:
    """Whether atheris is installed."""
    return importlib.util.find_spec("atheris") is not None


def main(name: str, inputs: int, seed: int, folder: Path) -> None:
    """Fuzz one reader; the summary is in the folder."""
    warnings.simplefilter("ignore")  # of numpy, about numbers that are not finite
    target = _make(name)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    guard = Guard(target.read, target.refusals, folder)
    for data in target.seeds:
        guard(data)
    if guard.failures:
        guard.report()
        sys.exit(f"{name}: what the fuzzing begins with fails: {dict(guard.failures)}")
    (_guided if is_guided() else _blind)(target, guard, inputs, seed, folder)


def _make(name: str) -> Target:
    if not is_guided():
        return TARGETS[name]()
    import atheris

    with (
        contextlib.redirect_stderr(io.StringIO()),
        atheris.instrument_imports(include=list(INSTRUMENTED)),
    ):
        return TARGETS[name]()


def _blind(target: Target, guard: Guard, inputs: int, seed: int, folder: Path) -> None:
    import numpy as np

    rng = np.random.default_rng(seed)
    while guard.inputs < inputs:
        guard(mutated(rng, target.seeds, target.words, target.longest))
    guard.report()


def _guided(target: Target, guard: Guard, inputs: int, seed: int, folder: Path) -> None:
    import atheris

    corpus, words = folder / "corpus", folder / "words.txt"
    corpus.mkdir(exist_ok=True)
    for index, data in enumerate(target.seeds):
        (corpus / f"seed{index}").write_bytes(data)
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))

    def give(data: bytes) -> None:
        guard(data)
        if guard.inputs >= inputs:
            guard.report()
            os._exit(0)  # libFuzzer has no way to end that lets others write down what they know

    arguments = [
        f"-seed={seed + 1}",  # 0 means a random one
        f"-max_len={target.longest}",
        f"-timeout={HANG}",
        "-rss_limit_mb=0",
        "-verbosity=0",
        f"-artifact_prefix={folder}/",
        *([f"-dict={words}"] if target.words else []),
        str(corpus),
    ]
    atheris.Setup(["fuzz", *arguments], give)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
