"""What the verbs' command lines share: complaints, numbers, names, and which worlds."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from mme_ilqr_ros.errors import InputError


class UsageError(InputError):
    """What was asked for cannot be done; one line that names it."""


def positive(text: str) -> float:
    """Return a finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' must be a number above 0")
    return value


def not_negative(text: str) -> float:
    """Return a finite number from 0 on."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' must be a number from 0 on")
    return value


def whole(text: str) -> int:
    """Return a whole number from 0 on."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise argparse.ArgumentTypeError(f"'{text}' must be a whole number from 0 on")
    return int(text)


def positive_int(text: str) -> int:
    """Return a whole number above 0."""
    if whole(text) == 0:
        raise argparse.ArgumentTypeError("'0' must be a whole number above 0")
    return int(text)


def names(text: str) -> list[str]:
    """Return the names in a list like `a,b,c`."""
    return [name.strip() for name in text.split(",") if name.strip()]


def add_job_arguments(add: Callable[..., argparse.Action]) -> None:
    """Add the arguments that say how often and where: --trials, --seed, --jobs, --scheduler."""
    add("--trials", type=positive_int, default=1, metavar="N", help="runs of every world (1)")
    add("--seed", type=whole, default=0, metavar="S", help="seed of the first trial (0); then +1")
    add("--jobs", type=positive_int, default=1, metavar="J", help="processes (1)")
    add("--scheduler", default="", metavar="ADDRESS", help="Dask scheduler that gets the jobs")


def add_world_arguments(add: Callable[..., argparse.Action]) -> None:
    """Add the arguments that choose worlds: --worlds, --ids and --limit."""
    add("--worlds", nargs="+", type=Path, required=True, metavar="PATH", help="files or folders")
    add("--ids", metavar="a,b,c", default="", help="only these worlds")
    add("--limit", type=positive_int, metavar="K", help="at most K worlds")
