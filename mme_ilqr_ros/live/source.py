"""What a page shows and changes: a simulation in this process, or running nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

Message = dict[str, Any]
"""Goes to the page as JSON; its `kind` is world, field, frame, said or text."""


class Source(Protocol):
    """Answers one page after another; it is called from one thread at a time."""

    @property
    def period(self) -> float:
        """Time from one call of `advance` to the next [s]."""
        ...

    def opening(self) -> list[Message]:
        """Return what a page needs that has just been opened."""
        ...

    def advance(self) -> list[Message]:
        """Go on by a period, unless it is paused; return what all pages are to show."""
        ...

    def take(self, command: Mapping[str, Any]) -> list[Message]:
        """Do what a page asks for; return what all pages are to show.

        Raises:
            InputError: It cannot be done; one line for the person, and nothing has changed.
        """
        ...
