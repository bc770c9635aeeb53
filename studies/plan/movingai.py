"""The MovingAI grid benchmark: `.map` pictures in characters and `.scen` lists of problems.

Rows are counted from the top, as in the files: cell (row, column) is (y, x) there. The lengths in
the scen files are those of octile shortest paths without corner cutting, to 0.005.

Source: N. Sturtevant, "Benchmarks for Grid-Based Pathfinding", IEEE TCIAIG 2012.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import MapError

FREE = ".GS"  # ground and swamp; trees, water, @ and O are in the way
KNOWN = FREE + "@OTW"
SCEN_NAMES = ("{name}.map.scen", "{name}.scen", "{name}-random-1.scen", "{name}-even-1.scen")


@dataclass(frozen=True)
class StatedProblem:
    """One line of a scen file.

    Attributes:
        start: Cell (row, column).
        goal: Cell (row, column).
        length: Of the shortest path [cells].
    """

    start: tuple[int, int]
    goal: tuple[int, int]
    length: float


def read_movingai_map(path: Path) -> NDArray[np.bool_]:
    """Return the blocked cells [H, W] of a `.map` file, its first line first.

    Raises:
        MapError: The file is missing or broken; one line that names it.
    """
    lines = _lines(path)
    header: dict[str, str] = {}
    for number, line in enumerate(lines):
        words = line.split()
        if words == ["map"]:
            rows = lines[number + 1 :]
            break
        if len(words) == 2:
            header[words[0]] = words[1]
    else:
        raise MapError(f"{path}: map: there is no line with this word")
    height, width = (_whole(path, key, header.get(key)) for key in ("height", "width"))
    rows = rows[:height]
    if len(rows) < height or any(len(row) != width for row in rows):
        raise MapError(f"{path}: the map is not {height} rows of {width} characters")
    cells = np.array([list(row) for row in rows])
    strange = sorted(set(cells.ravel()) - set(KNOWN))
    if strange:
        raise MapError(f"{path}: '{strange[0]}' is no kind of cell; known are {KNOWN}")
    return ~np.isin(cells, list(FREE))


def scen_beside(path: Path) -> Path | None:
    """Return the scen file that lies beside a map, if there is one."""
    candidates = [path.with_name(form.format(name=path.stem)) for form in SCEN_NAMES]
    return next((file for file in candidates if file.is_file()), None)


def read_scen(path: Path, blocked: NDArray[np.bool_]) -> list[StatedProblem]:
    """Return the problems of a scen file.

    Args:
        path: The file.
        blocked: Map that they are posed on.

    Raises:
        MapError: A line is broken or belongs to another map; one line that names it.
    """
    problems = []
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip() or line.split()[0] == "version":
            continue
        words = line.split("\t") if "\t" in line else line.split()
        try:
            width, height, x0, y0, x1, y1 = map(int, words[2:8])
            length = float(words[8])
        except (ValueError, IndexError) as error:
            raise MapError(
                f"{path}: line {number}: must be bucket, map, width, height, x, y, x, y, length"
            ) from error
        if (height, width) != blocked.shape:
            raise MapError(
                f"{path}: line {number}: is for {height} x {width} cells, the map has"
                f" {blocked.shape[0]} x {blocked.shape[1]}"
            )
        for x, y in ((x0, y0), (x1, y1)):
            if not (0 <= x < width and 0 <= y < height) or blocked[y, x]:
                raise MapError(f"{path}: line {number}: cell x {x}, y {y} is not free")
        problems.append(StatedProblem((y0, x0), (y1, x1), length))
    if not problems:
        raise MapError(f"{path}: holds no problem")
    return problems


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MapError(f"{path}: cannot be read: {error}") from error


def _whole(path: Path, key: str, text: str | None) -> int:
    if text is None or not text.isdigit() or int(text) == 0:
        raise MapError(f"{path}: {key}: must be a whole number above 0, not {text!r}")
    return int(text)
