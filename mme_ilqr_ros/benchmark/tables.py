"""Markdown tables of figures, some of which may be missing."""

from __future__ import annotations

from collections.abc import Sequence


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def percent(share: float) -> str:
    """Return a share in whole percents."""
    return f"{100.0 * share:.0f} %"


def number(value: float | None, digits: int) -> str:
    """Return a number with some digits after the point; a dash for none."""
    return "-" if value is None else f"{value:.{digits}f}"
