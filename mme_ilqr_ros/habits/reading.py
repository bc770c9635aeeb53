"""Reads where a robot was: rosbag2 recordings (MCAP and SQLite), folders of them, and CSV files.

A CSV file has the columns x, y [m, in the map's frame], yaw [rad] and t [s]. Without a line of
names these are its first two, three or four columns; with one, in any order, and others are passed
over. Comment lines begin with #.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from mme_ilqr_ros.habits.reading_bags import Wanted, read_bag
from mme_ilqr_ros.habits.track import Track, TrackError

BAG_FILES = (".mcap", ".db3")
METADATA = "metadata.yaml"
COLUMNS = ("x", "y", "yaw", "t")
OTHER_NAMES = {"theta": "yaw", "heading": "yaw", "time": "t", "stamp": "t", "timestamp": "t"}
_MOST = 1e12  # largest number of a CSV file: seconds since 1970 are 2e9


def find_recordings(path: Path) -> list[Path]:
    """Return the recordings at a path: itself, or all in a folder, in the order of their names.

    Raises:
        TrackError: There is none.
    """
    if path.is_file():
        if path.suffix in (*BAG_FILES, ".csv"):
            return [path]
        kinds = "a bag (.mcap, .db3 or its folder), a .csv file, or a folder of these"
        raise TrackError(f"{path}: is neither {kinds}")
    if not path.is_dir():
        raise TrackError(f"{path}: there is no such file or folder")
    found = list(_inside(path))
    if not found:
        raise TrackError(f"{path}: holds no recordings (.mcap, .db3, .csv)")
    return found


def _inside(folder: Path) -> Iterator[Path]:
    if (folder / METADATA).is_file():
        yield folder
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from _inside(path)
        elif path.suffix in (*BAG_FILES, ".csv"):
            yield path


def read_tracks(
    paths: Sequence[Path],
    wanted: Wanted,
    progress: Callable[[float, str], None] | None = None,
) -> tuple[list[Track], list[str]]:
    """Read all recordings at some paths.

    Args:
        paths: Files and folders.
        wanted: What to take from bags.
        progress: Called with the fraction done in [0, 1] and the file.

    Returns:
        The tracks, and a line for each recording of a folder that cannot be used.

    Raises:
        TrackError: A path is of no use, or nothing at all is.
    """
    files = [(file, path) for path in paths for file in find_recordings(path)]
    tracks: list[Track] = []
    refused: list[str] = []
    for number, (file, given) in enumerate(files):
        if progress is not None:
            progress(number / len(files), file.name)
        try:
            tracks += read_csv(file) if file.suffix == ".csv" else read_bag(file, wanted)
        except TrackError as error:
            if file == given:
                raise
            refused.append(str(error))
    if not tracks:
        raise TrackError(refused[0] if refused else "the recordings hold no positions")
    return tracks, refused


def read_csv(path: Path) -> list[Track]:
    """Read a CSV file: one track.

    Raises:
        TrackError: A line or the file cannot be used; the message names the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            lines = [
                (number, [cell.strip() for cell in row])
                for number, row in enumerate(csv.reader(stream), start=1)
                if any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#")
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrackError(f"{path}: cannot be read: {error}") from error
    if not lines:
        raise TrackError(f"{path}: is empty; columns: x, y[, yaw][, t] in m, rad and s")
    where, lines = _columns(path, lines)
    rows = np.array([_numbers(path, number, row, where) for number, row in lines]).reshape(
        -1, len(where)
    )
    if len(rows) < 2:
        raise TrackError(f"{path}: has {len(rows)} position; a drive has two at least")
    by_name = dict(zip(where, rows.T, strict=True))
    times = by_name.get("t")
    if times is not None and (np.diff(times) < 0.0).any():
        number = lines[int(np.argmax(np.diff(times) < 0.0)) + 1][0]
        raise TrackError(f"{path}, line {number}: t goes back; it must not fall")
    points = np.stack([by_name["x"], by_name["y"]], axis=1)
    made_of = f"columns {', '.join(where)}"
    return [Track(points, times, by_name.get("yaw"), str(path), made_of)]


def _columns(
    path: Path, lines: list[tuple[int, list[str]]]
) -> tuple[dict[str, int], list[tuple[int, list[str]]]]:
    """Return which column is where, and the lines of numbers."""
    number, first = lines[0]
    if _is_number(first[0]):
        return {name: k for k, name in enumerate(COLUMNS[: max(2, min(len(first), 4))])}, lines
    names = [OTHER_NAMES.get(cell.lower(), cell.lower()) for cell in first]
    where = {name: names.index(name) for name in COLUMNS if name in names}
    if "x" not in where or "y" not in where:
        said = ", ".join(first)
        raise TrackError(
            f"{path}, line {number}: columns are named {said:.80}; x and y must be among them"
        )
    return where, lines[1:]


def _numbers(path: Path, number: int, row: list[str], where: dict[str, int]) -> list[float]:
    try:
        values = [float(row[k]) for k in where.values()]
    except (IndexError, ValueError):
        wanted = ", ".join(where)
        raise TrackError(
            f"{path}, line {number}: '{','.join(row):.60}' holds no numbers for {wanted}"
        ) from None
    if not all(-_MOST < value < _MOST for value in values):
        raise TrackError(f"{path}, line {number}: '{','.join(row):.60}' must be finite numbers")
    return values


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
