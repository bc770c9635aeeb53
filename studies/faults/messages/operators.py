"""What is done to a message: its fields, its bytes, its sizes, its stamp, its frame."""

from __future__ import annotations

import array
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from rclpy.serialization import deserialize_message, serialize_message

Rng = np.random.Generator
NOT_FINITE = (math.nan, math.inf, -math.inf)
FLOATS = (1e308, -1e308, 5e-324, 1e-310, 0.0, -0.0, 1e6, -1e6, 1e9, 1e100, -3.0, 0.3)
FLOATS_32 = (3.4e38, -3.4e38, 1e-38, 0.0, -0.0, 1e6, -1e6, 1e9, -3.0, 0.3)
FRAMES = ("", "/map", "map", "odom", "/odom", "nowhere", "base_link", "\u00e4" * 30, "x" * 2000)
STAMPS = ((0, 0), (1, 0), (2**31 - 1, 999_999_999), (-1, 0), (-(2**31), 0), (1_700_000_000, 5))
_INTEGER = re.compile(r"(u?)int(8|16|32|64)$")
_ARRAY = re.compile(r"(?:sequence<(.+?)(?:, \d+)?>|(.+)\[\d+\])$")


class NotPossibleError(Exception):
    """An operator has nothing to act on in this message."""


def copied(message: Any) -> Any:
    """Return a copy of a message."""
    return deserialize_message(serialize_message(message), type(message))


def leaves(message: Any) -> list[tuple[Any, str, str]]:
    """Return every number, text and sequence of a message: its holder, its name, its type."""
    found = []
    for name, kind in message.get_fields_and_field_types().items():
        value = getattr(message, name)
        if hasattr(value, "get_fields_and_field_types"):
            found += leaves(value)
        else:
            found.append((message, name, kind))
            if isinstance(value, list) and value and hasattr(value[0], "SLOT_TYPES"):
                for part in {0, len(value) // 2, len(value) - 1}:
                    found += leaves(value[part])
    return found


def not_finite(rng: Rng, message: Any) -> None:
    """Make one floating-point number of a message NaN or infinite."""
    holder, name, kind = _chosen(rng, message, lambda kind: _inner(kind) in ("float", "double"))
    value = NOT_FINITE[int(rng.integers(3))]
    _assign(rng, holder, name, kind, value)


def field(rng: Rng, message: Any) -> None:
    """Give one field of a message an extreme or wrong value of its type."""
    holder, name, kind = _chosen(rng, message, lambda kind: not _is_of_messages(kind))
    _assign(rng, holder, name, kind, _value(rng, _inner(kind)))


def size(rng: Rng, message: Any) -> None:
    """Empty, cut or lengthen a sequence of a message, or change a size that it states."""
    sizes = ("width", "height", "point_step", "row_step")
    found = [
        leaf
        for leaf in leaves(message)
        if isinstance(getattr(leaf[0], leaf[1]), (list, array.array)) or leaf[1] in sizes
    ]
    if not found:
        raise NotPossibleError
    holder, name, _ = found[int(rng.integers(len(found)))]
    value = getattr(holder, name)
    if isinstance(value, int):
        choices = (0, 1, value + 1, max(value - 1, 0), value * 2, 2**16, 2**32 - 1, 2**31)
        setattr(holder, name, min(choices[int(rng.integers(len(choices)))], 2**32 - 1))
        return
    keep = int(rng.integers(len(value) + 1))
    changes = (value[:0], value[:keep], value + value, value[:1] * 50, value[::-1], value[keep:])
    setattr(holder, name, changes[int(rng.integers(len(changes)))])


def stamp(rng: Rng, message: Any, now: float) -> None:
    """Stamp a message with a time that is not now."""
    head = _header(message)
    apart = (-0.3, -1.0, -10.0, -1000.0, 0.3, 1.0, 10.0, 1e6)
    if rng.random() < 0.5:
        head.stamp.sec, head.stamp.nanosec = STAMPS[int(rng.integers(len(STAMPS)))]
    else:
        ns = max(round(1e9 * (now + apart[int(rng.integers(len(apart)))])), 0)
        head.stamp.sec, head.stamp.nanosec = ns // 10**9, ns % 10**9
    if rng.random() < 0.1:
        head.stamp.nanosec = 2**32 - 1


def frame(rng: Rng, message: Any) -> None:
    """Say that a message is in another frame."""
    head = _header(message)
    head.frame_id = FRAMES[int(rng.integers(len(FRAMES)))]


def spoilt_bytes(rng: Rng, data: bytes) -> bytes:
    """Return bytes with one to eight changes: flipped, cut, lengthened, repeated, overwritten."""
    spoilt = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        at, kind = int(rng.integers(len(spoilt) + 1)), int(rng.integers(6))
        if kind == 0 and at < len(spoilt):
            spoilt[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            spoilt[at : at + 4] = bytes([int(rng.choice((0, 255, 127, 128)))]) * 4
        elif kind == 2:
            del spoilt[at : at + int(rng.integers(1, 65))]
        elif kind == 3:
            spoilt[at:at] = rng.bytes(int(rng.integers(1, 17)))
        elif kind == 4:
            spoilt = spoilt[: max(at, 4)]
        else:
            spoilt[at : at + 8] = b"\0\0\0\0\0\0\xf8\x7f"
    return bytes(spoilt)


def is_finite(message: Any) -> bool:
    """Whether no floating-point number of a message is NaN or infinite."""
    for holder, name, kind in leaves(message):
        if _inner(kind) in ("float", "double") and not np.isfinite(getattr(holder, name)).all():
            return False
    return True


def _header(message: Any) -> Any:
    head = getattr(message, "header", None)
    if head is None:
        raise NotPossibleError
    return head


def _inner(kind: str) -> str:
    """Return the type of the parts of a sequence, or the type itself."""
    match = _ARRAY.match(kind)
    return (match.group(1) or match.group(2)) if match else kind


def _is_of_messages(kind: str) -> bool:
    return "/" in kind


def _chosen(rng: Rng, message: Any, wanted: Callable[[str], bool]) -> tuple[Any, str, str]:
    found = [leaf for leaf in leaves(message) if wanted(leaf[2])]
    found = [leaf for leaf in found if _ARRAY.match(leaf[2]) is None or len(getattr(*leaf[:2]))]
    if not found:
        raise NotPossibleError
    return found[int(rng.integers(len(found)))]


def _value(rng: Rng, kind: str) -> Any:
    """Return a value of a type that few expect."""
    if kind in ("float", "double"):
        choices = (*NOT_FINITE, *(FLOATS if kind == "double" else FLOATS_32))
        return choices[int(rng.integers(len(choices)))]
    if match := _INTEGER.match(kind):
        bits = int(match.group(2))
        low, high = (
            (0, 2**bits - 1) if match.group(1) else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        )
        return int(rng.choice(np.array([low, high, 0, 1, high // 2], dtype=object)))
    if kind == "boolean":
        return bool(rng.integers(2))
    if kind == "octet":
        return bytes([int(rng.integers(256))])
    return FRAMES[int(rng.integers(len(FRAMES)))]


def _assign(rng: Rng, holder: Any, name: str, kind: str, value: Any) -> None:
    """Give a field a value; of a sequence, one of its parts, or now and then all of them."""
    if _ARRAY.match(kind) is None:
        setattr(holder, name, value)
        return
    values = getattr(holder, name)
    if rng.random() < 0.2:
        for index in range(len(values)):
            values[index] = value
    else:
        values[int(rng.integers(len(values)))] = value


CHANGES: Mapping[str, Callable[[Rng, Any], None]] = {
    "not finite": not_finite,
    "field": field,
    "size": size,
    "frame": frame,
}
"""Those that need nothing but the message."""
