"""World files: what is in them, and which world is meant."""

from __future__ import annotations

import difflib
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import yaml

from mme_ilqr_ros.simulation.keys import Keys, ScenarioError

_GZIP = b"\x1f\x8b"


def read_worlds(path: Path) -> list[Any]:
    """Return the worlds of a file as they are written; the content tells the format.

    Raises:
        ScenarioError: The file cannot be read or holds no world.
    """
    content = _parse(path, _text(path))
    worlds = content.get("worlds", [content]) if isinstance(content, dict) else content
    if not isinstance(worlds, list) or not any(isinstance(world, dict) for world in worlds):
        raise ScenarioError(f"{path}: must hold the keys of a world, or a list of worlds")
    return worlds


def name_worlds(path: Path, worlds: list[Any]) -> dict[str, Any]:
    """Return the worlds of a file by id, in order.

    Raises:
        ScenarioError: A world has no name, or is not a block of keys.
    """
    return {_name(path, world, index): world for index, world in enumerate(worlds)}


def pick_world(path: Path, worlds: list[Any], world_id: str | None) -> Keys:
    """Return the keys of the world with an id, or of the only one.

    Raises:
        ScenarioError: There is no such world, or it is not clear which one is meant.
    """
    named = name_worlds(path, worlds)
    if world_id is None:
        if len(named) > 1:
            some = ", ".join(list(named)[:3])
            raise ScenarioError(f"{path}: id: holds {len(named)} worlds ({some}, ...): name one")
        world_id = next(iter(named))
    if world_id not in named:
        near = difflib.get_close_matches(world_id, named, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ScenarioError(f"{path}: id: there is no world '{world_id}'{hint}")
    return Keys(named[world_id], str(path), world_id)


def _name(path: Path, world: Any, index: int) -> str:
    if not isinstance(world, dict):
        raise ScenarioError(f"{path}: world {index}: must be a block of keys, not {world!r:.60}")
    name = world.get("id", world.get("name"))
    if not isinstance(name, (str, int)) or str(name).strip() == "":
        raise ScenarioError(f"{path}: world {index}: name: must be a text, not {name!r:.60}")
    return str(name)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
        return content.decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ScenarioError(f"{path}: cannot be read: {reason}") from error


def _parse(path: Path, text: str) -> Any:
    try:
        is_json = text.lstrip().startswith(("{", "["))
        return json.loads(text) if is_json else yaml.safe_load(text)
    except json.JSONDecodeError as error:
        raise ScenarioError(f"{path}: is not JSON: {error}") from error
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
