"""World files: what is in them, and which world is meant; errors name file, world and key."""

from __future__ import annotations

import difflib
import gzip
import math
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from mme_ilqr_ros.documents import DocumentError, parse_json, parse_yaml
from mme_ilqr_ros.errors import InputError

_GZIP = b"\x1f\x8b"
_MOST_BYTES = 512 << 20  # of an unpacked file; a packed one can stand for a thousand times itself
_LONGEST_NAME = 100  # characters
_LONGEST = 300  # characters of what is wrong with a key


class ScenarioError(InputError):
    """A scenario cannot be used; one line that names the file, the world and the key."""


class Keys:
    """The keys of one block of a world.

    Attributes:
        file: Name of the file, for messages.
        world: Name of the world.
    """

    def __init__(self, values: Mapping[str, Any], file: str, world: str, block: str = "") -> None:
        """Take the values of a block; `block` is the key under which they stand, if any."""
        self.values = values
        self.file = file
        self.world = world
        self._block = f"{block}." if block else ""

    def __contains__(self, key: str) -> bool:
        return self.values.get(key) is not None

    def error(self, key: str, problem: str) -> ScenarioError:
        """Return an error about a key, to be raised."""
        problem = f"{' '.join(problem.split()):.{_LONGEST}}"
        return ScenarioError(f"{self.file}: world '{self.world}': {self._block}{key}: {problem}")

    def number(
        self,
        key: str,
        default: float | None = None,
        *,
        above: float = -math.inf,
        at_most: float = math.inf,
    ) -> float:
        """Return a finite number in (above, at_most]; without a default it must be there."""
        value = self.values.get(key)
        value = default if value is None else value
        if value is None:
            raise self.error(key, "is missing; it must be a number")
        if not _is_number(value):
            raise self.error(key, f"must be a finite number, not {value!r}")
        if not above < value <= at_most:
            allowed = f"above {above}" if value <= above else f"at most {at_most}"
            raise self.error(key, f"must be {allowed}, not {value}")
        return float(value)

    def numbers(self, key: str, counts: tuple[int, ...]) -> list[float]:
        """Return a list of as many finite numbers as one of `counts` says; it must be there."""
        words = " or ".join(map(str, counts))
        value = self.values.get(key)
        if value is None:
            raise self.error(key, f"is missing; it must be a list of {words} numbers")
        if not isinstance(value, (list, tuple)) or len(value) not in counts:
            raise self.error(key, f"must be a list of {words} numbers, not {value!r}")
        if not all(map(_is_number, value)):
            raise self.error(key, f"must hold finite numbers only, not {value!r}")
        return [float(number) for number in value]

    def points(self, key: str, width: int = 2) -> list[tuple[float, ...]]:
        """Return a list of points of `width` finite numbers; empty when the key is absent."""
        rows = self.values.get(key)
        rows = [] if rows is None else rows
        shaped = isinstance(rows, (list, tuple)) and all(
            isinstance(row, (list, tuple)) and len(row) == width and all(map(_is_number, row))
            for row in rows
        )
        if not shaped:
            raise self.error(key, f"must be a list of rows of {width} finite numbers")
        return [tuple(map(float, row)) for row in rows]

    def text(self, key: str, default: str) -> str:
        """Return a text, its line breaks and runs of blanks made single blanks."""
        value = self.values.get(key, default)
        if not isinstance(value, str):
            raise self.error(key, f"must be a text, not {value!r}")
        return " ".join(value.split())

    def blocks(self, key: str) -> list[Keys]:
        """Return the blocks of a list of mappings; empty when the key is absent."""
        values = self.values.get(key) or []
        if not isinstance(values, list):
            raise self.error(key, f"must be a list, not {values!r}")
        return [self._block_of(f"{key}[{index}]", value) for index, value in enumerate(values)]

    def block(self, key: str) -> Keys:
        """Return the block under a key; empty when the key is absent."""
        return self._block_of(key, self.values.get(key) or {})

    def _block_of(self, key: str, value: Any) -> Keys:
        if not isinstance(value, dict):
            raise self.error(key, f"must be a block of keys, not {value!r}")
        return Keys(value, self.file, self.world, f"{self._block}{key}")


def _is_number(value: Any) -> bool:
    # The bounds refuse NaN and infinity, and integers too long to become floats.
    return type(value) in (int, float) and -1e300 < value < 1e300


def read_worlds(path: Path) -> dict[str, Any]:
    """Return the worlds of a file by id, in order, as written; the content tells the format.

    Raises:
        ScenarioError: The file cannot be read, or holds no world or one without a name.
    """
    content = _parse(path, _text(path))
    worlds = content.get("worlds", [content]) if isinstance(content, dict) else content
    if not isinstance(worlds, list) or not any(isinstance(world, dict) for world in worlds):
        raise ScenarioError(f"{path}: must hold the keys of a world, or a list of worlds")
    return {_name(path, world, index): world for index, world in enumerate(worlds)}


def pick_world(path: Path, world_id: str | None) -> Keys:
    """Return the keys of the world with an id, or of the only one, of a file.

    Raises:
        ScenarioError: There is no such world, or it is not clear which one is meant.
    """
    named = read_worlds(path)
    if world_id is None:
        if len(named) > 1:
            some = ", ".join(list(named)[:3])
            raise ScenarioError(f"{path}: id: holds {len(named)} worlds ({some}, ...): name one")
        world_id = next(iter(named))
    check_id(world_id, named, str(path))
    return Keys(named[world_id], str(path), world_id)


def check_id(wanted: str, known: Collection[str], where: str) -> None:
    """Raise a ScenarioError that names the nearest id where the wanted one is not known."""
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ScenarioError(f"{where}: id: there is no world '{wanted}'{hint}")


def _name(path: Path, world: Any, index: int) -> str:
    if not isinstance(world, dict):
        raise ScenarioError(f"{path}: world {index}: must be a block of keys, not {world!r:.60}")
    name = world.get("id", world.get("name"))
    if not isinstance(name, (str, int)) or str(name).strip() == "":
        raise ScenarioError(f"{path}: world {index}: name: must be a text, not {name!r:.60}")
    if len(str(name)) > _LONGEST_NAME:
        raise ScenarioError(f"{path}: world {index}: name: {_LONGEST_NAME} characters at most")
    return " ".join(str(name).split())


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP):
            with gzip.open(path) as packed:
                content = packed.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ScenarioError(f"{path}: cannot be read: holds more than {_MOST_BYTES >> 20} MB")
        return content.decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ScenarioError(f"{path}: cannot be read: {reason}") from error


def _parse(path: Path, text: str) -> Any:
    try:
        is_json = text.lstrip().startswith(("{", "["))
        return parse_json(text) if is_json else parse_yaml(text)
    except DocumentError as error:
        raise ScenarioError(f"{path}: {error}") from error
