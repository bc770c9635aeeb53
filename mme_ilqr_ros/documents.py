"""YAML and JSON as values: whatever is wrong with a text is one kind of error, in one line.

The parsers raise a dozen kinds of exceptions, and a few bytes of either format can stand for a
value that nobody can walk through: nested without end, containing itself, or made of aliases of
aliases, each of which doubles it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import yaml

from mme_ilqr_ros.errors import InputError

DEEPEST = 50  # blocks within blocks
LARGEST = 20_000_000  # values, each counted as often as it is referred to
LONGEST_NUMBER = 10_000  # bits of an integer; Python refuses to write one of 14,000
LONGEST_REASON = 200  # characters


class DocumentError(InputError):
    """A text is no document of its format, or none that can be used."""


def parse_yaml(text: str | bytes) -> Any:
    """Return what a YAML text stands for.

    Raises:
        DocumentError: It is not YAML, holds a value that cannot be, or stands for a flood of them.
    """
    return _checked("YAML", yaml.safe_load, text)


def parse_json(text: str) -> Any:
    """Return what a JSON text stands for.

    Raises:
        DocumentError: It is not JSON, or nested too deeply.
    """
    return _checked("JSON", json.loads, text)


def _checked(form: str, parse: Callable[[Any], Any], text: str | bytes) -> Any:
    try:
        content = parse(text)
    except RecursionError as error:
        raise DocumentError("is nested too deeply") from error
    except (yaml.YAMLError, ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise DocumentError(f"is not {form}: {_reason(error)}") from error
    except ValueError as error:  # a date, a number or bytes that cannot be, too
        raise DocumentError(f"is not {form}: {_reason(error)}") from error
    _count(content, 0, {})
    return content


def _count(value: Any, depth: int, known: dict[int, int]) -> int:
    """Return how many values a value consists of.

    Args:
        value: A list or a mapping; others are one.
        depth: In how many others it is.
        known: Counts of what was looked at before, by identity; 0 of what is being looked at.

    Raises:
        DocumentError: They are too many, too deep, or in themselves.
    """
    if not isinstance(value, (list, dict)):
        return 1
    if depth > DEEPEST:
        raise DocumentError("is nested too deeply")
    counted = known.get(id(value))
    if counted == 0:
        raise DocumentError("contains itself, by an alias")
    if counted is not None:
        return counted
    known[id(value)] = 0
    inner = value.values() if isinstance(value, dict) else value
    if any(isinstance(v, int) and v.bit_length() > LONGEST_NUMBER for v in inner):
        raise DocumentError("holds too long a number")
    inside = [v for v in inner if isinstance(v, (list, dict))]
    total = 1 + len(value) - len(inside) + sum(_count(v, depth + 1, known) for v in inside)
    if total > LARGEST:
        raise DocumentError(f"holds more than {LARGEST} values")
    known[id(value)] = total
    return total


def _reason(error: Exception) -> str:
    return f"{' '.join(str(error).split()) or type(error).__name__:.{LONGEST_REASON}}"
