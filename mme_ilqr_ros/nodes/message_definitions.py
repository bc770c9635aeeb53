"""The definition of a message type as text, with those of all types inside, as MCAP embeds it.

The texts are the installed `.msg` files; where a distribution has none, what the message class says
of its fields, which lacks constants and comments only.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any

from mme_ilqr_ros.errors import InputError

_BETWEEN = f"\n{'=' * 80}\n"
_PLAIN = {"float": "float32", "double": "float64", "boolean": "bool", "octet": "byte"}
_FIELD = re.compile(r"(?:sequence<)?([\w/]+)(?:<(\d+)>)?(?:, (\d+)>|>)?(?:\[(\d+)\])?")


def message_class(name: str) -> type[Any]:
    """Return the class of `package/msg/Type`.

    Raises:
        InputError: It is not installed here.
    """
    package, _, kind = name.split("/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), kind)
    except (ImportError, AttributeError) as error:
        raise InputError(f"there is no Python class of {name}") from error


def definition(name: str) -> str:
    """Return the text of `package/msg/Type`, followed by those of the types that it is made of.

    Raises:
        InputError: One of them is not installed here.
    """
    texts, waiting = dict[str, str](), [name]
    while waiting:
        kind = waiting.pop(0)
        if kind in texts:
            continue
        fields = message_class(kind).get_fields_and_field_types()
        texts[kind] = _installed(kind) or _from_fields(fields)
        waiting += [full(inner) for inner in map(_element, fields.values()) if "/" in inner]
    own = texts.pop(name)
    others = (f"MSG: {kind.replace('/msg/', '/')}\n{text}" for kind, text in texts.items())
    return _BETWEEN.join([own, *others])


def full(name: str) -> str:
    """Return `package/msg/Type` of `package/Type`."""
    package, _, kind = name.rpartition("/")
    return f"{package.removesuffix('/msg')}/msg/{kind}"


def _element(field: str) -> str:
    """Return the type of a field's elements: of `sequence<a/B, 3>` it is `a/B`."""
    return re.split(r"[<\[,>]", field.removeprefix("sequence<"))[0]


def _installed(name: str) -> str:
    """Return the text of the installed file; empty where there is none."""
    prefixes = [*os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep), sys.prefix]
    for prefix in filter(None, prefixes):
        file = Path(prefix, "share", f"{name}.msg")
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    return ""


def _from_fields(fields: dict[str, str]) -> str:
    return "".join(f"{_as_in_a_file(kind)} {name}\n" for name, kind in fields.items())


def _as_in_a_file(field: str) -> str:
    """Return a field's type as `.msg` files write it: `sequence<double, 3>` is `float64[<=3]`."""
    match = _FIELD.fullmatch(field)
    if match is None:
        raise InputError(f"unknown type of a field: {field}")
    kind, length, most, count = match.groups()
    text = _PLAIN.get(kind, kind) + (f"<={length}" if length else "")
    if count:
        return f"{text}[{count}]"
    if field.startswith("sequence<"):
        return f"{text}[<={most}]" if most else f"{text}[]"
    return text
