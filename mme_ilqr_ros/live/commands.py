"""What a page asks for: a name in `do`, and numbers and names that are checked when they are read.

A page is not trusted: whatever it sends, one line says what is wrong with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from mme_ilqr_ros.documents import DocumentError, parse_json
from mme_ilqr_ros.errors import InputError

LONGEST = 20_000  # characters of a command
FARTHEST = 1e5  # [m] from the origin of the map
Handlers = Mapping[str, Callable[["Command"], Any]]


class Command:
    """One command of a page, with its parts by name."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    @property
    def name(self) -> str:
        """What to do."""
        return self.word("do")

    def number(self, key: str, low: float, high: float) -> float:
        """Return a number within limits.

        Raises:
            InputError: There is none, or it is none, or it lies outside; in one line.
        """
        value: Any = self._values.get(key)
        if type(value) not in (int, float):
            raise InputError(f"{key}: must be a number, not {value!r:.40}")
        if not (math.isfinite(number := _as_float(value)) and low <= number <= high):
            raise InputError(f"{key}: must lie from {low:g} to {high:g}, not {value!r:.40}")
        return number

    def place(self) -> tuple[float, float]:
        """Return the point x, y [m]."""
        return self.number("x", -FARTHEST, FARTHEST), self.number("y", -FARTHEST, FARTHEST)

    def index(self, count: int, what: str) -> int:
        """Return the number of one of `count` things that are called `what`."""
        value = self._values.get("index")
        if type(value) is not int or not 0 <= value < count:
            raise InputError(f"index: there is no {what} {value!r:.40}; there are {count}")
        return value

    def word(self, key: str, choices: Collection[str] = ()) -> str:
        """Return a text, one of the choices where there are any."""
        value = self._values.get(key)
        if not isinstance(value, str):
            raise InputError(f"{key}: must be a text, not {value!r:.40}")
        if choices and value not in choices:
            raise InputError(f"{key}: must be one of {', '.join(choices)}, not {value!r:.40}")
        return value

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self._values.get(key)
        if not isinstance(value, bool):
            raise InputError(f"{key}: must be true or false, not {value!r:.40}")
        return value

    def value(self, key: str) -> Any:
        """Return a value that whoever uses it checks."""
        return self._values.get(key)


def parse(text: str) -> dict[str, Any]:
    """Return the command that a page sent as JSON.

    Raises:
        InputError: It is none.
    """
    if len(text) > LONGEST:
        raise InputError(f"a command has {LONGEST} characters at most, not {len(text)}")
    try:
        values = parse_json(text)
    except DocumentError as error:
        raise InputError(f"a command {error}") from error
    if not isinstance(values, dict):
        raise InputError("a command must be an object with a name in 'do'")
    return values


def obey(handlers: Handlers, values: Mapping[str, Any]) -> Any:
    """Return what the handler of a command returns.

    Raises:
        InputError: There is no such command, or its handler cannot use it.
    """
    command = Command(values)
    if command.name not in handlers:
        raise InputError(f"do: there is no command {command.name!r:.40}")
    return handlers[command.name](command)


def _as_float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
