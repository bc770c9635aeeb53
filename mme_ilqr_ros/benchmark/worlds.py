"""Which worlds to drive: from paths on the command line to scenarios."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.documents import DocumentError, parse_yaml
from mme_ilqr_ros.simulation.scenario import Scenario, scenario_file, scenario_of
from mme_ilqr_ros.simulation.world_file import Keys, ScenarioError, check_id, read_worlds

SUFFIXES = (".json", ".yaml", ".yml", ".gz")
NOTES = 5  # that are shown of a benchmark with many worlds


def add_world_arguments(add: Callable[..., Any]) -> None:
    """Add the arguments that choose worlds: --worlds, --ids and --limit."""
    add("--worlds", nargs="+", type=Path, required=True, metavar="PATH", help="files or folders")
    add("--ids", metavar="a,b,c", default="", help="only these worlds")
    add("--limit", type=positive_int, metavar="K", help="at most K worlds")


def load_worlds(
    paths: Sequence[Path], ids: Sequence[str] = (), limit: int | None = None
) -> list[Scenario]:
    """Read the worlds of files and folders, in order.

    Args:
        paths: World files of any format, folders of them, or names of shipped scenarios.
        ids: Only these worlds; empty for all.
        limit: At most this many.

    Raises:
        ScenarioError: A file or world cannot be used, or an id is in none of them; one line.
    """
    found = [
        (file, name, world) for file in _files(paths) for name, world in read_worlds(file).items()
    ]
    for wanted in ids:
        check_id(wanted, [name for _, name, _ in found], ", ".join(map(str, paths)))
    if ids:
        found = [entry for entry in found if entry[1] in ids]
    return [
        scenario_of(Keys(world, str(file), name), file.parent)
        for file, name, world in found[:limit]
    ]


def notes_of(worlds: Sequence[Scenario]) -> str:
    """Return the notes of worlds in a few lines, each with its end; empty where there are none."""
    notes = [note for world in worlds for note in world.notes]
    more = [f"and {len(notes) - NOTES} more such notes"] if len(notes) > NOTES else []
    return "".join(f"{line}\n" for line in notes[:NOTES] + more)


def _files(paths: Sequence[Path]) -> list[Path]:
    """Return the files, and those in folders that can hold worlds."""
    files = []
    for path in paths:
        if not path.is_dir():
            files.append(path if path.exists() else scenario_file(path))
            continue
        inside = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
        inside = [file for file in inside if not _is_map(file)]
        if not inside:
            raise ScenarioError(f"{path}: holds no world file ({', '.join(SUFFIXES)})")
        files += inside
    return files


def _is_map(file: Path) -> bool:
    """Return whether a file is the YAML of a map, which lies beside the worlds that use it."""
    if file.suffix not in (".yaml", ".yml"):
        return False
    try:
        content: Any = parse_yaml(file.read_bytes())
    except DocumentError:
        return False  # reading it as a world says why
    return isinstance(content, dict) and {"image", "resolution"} <= content.keys()
