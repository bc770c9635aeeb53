"""Types of command-line arguments: text to value, or one line that says what is wrong."""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """Return a whole number above 0."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not above 0")
    return value


def size_range(text: str) -> int | tuple[int, int]:
    """Return a size like 15, or the smallest and the largest of a range like 9-21."""
    parts = [positive(part) for part in text.split("-")]
    if len(parts) == 1:
        return parts[0]
    if len(parts) != 2 or parts[0] > parts[1]:
        raise argparse.ArgumentTypeError(
            f"'{text}' is neither a size like 15 nor a range like 9-21"
        )
    return parts[0], parts[1]
