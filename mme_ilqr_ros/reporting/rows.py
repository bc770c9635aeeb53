"""Measured rows as files and tables: results.csv, summary.json, Markdown.

A row is a dictionary; figures may be nested one level, and None means that there is none.
"""

from __future__ import annotations

import csv
import io
import json
import os
import platform
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from string import Formatter
from typing import Any, TypeVar

import numpy as np

from mme_ilqr_ros import __version__

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
Row = Mapping[str, Any]


def facts(command: str) -> dict[str, str]:
    """Return what every summary.json begins with: command, version of the package, machine."""
    cores, python = os.cpu_count(), platform.python_version()
    machine = f"{platform.machine()}, {cores} cores, Python {python}"
    return {"command": command, "version": __version__, "machine": machine}


def write_json(content: Row, path: Path) -> None:
    """Write a summary; the file is whole or not there."""
    _write(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """Write a line per row; nested figures become columns like `solve_ms_median`."""
    flat = [_flat(row) for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in flat for name in row)))
    writer.writeheader()
    writer.writerows(flat)
    _write(path, text.getvalue())


def write_rows(rows: Sequence[Row], command: str, folder: Path) -> None:
    """Write rows as results.csv and, below what the command's facts are, as summary.json."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(rows, folder / "results.csv")
    write_json({**facts(command), "rows": rows}, folder / "summary.json")


def table(rows: Iterable[Row], columns: Mapping[str, str] | None = None) -> str:
    """Return a Markdown table.

    Args:
        rows: One per line.
        columns: Format of each cell by the head of its column, as in
            `{"success": "{success:.1%}", "solve ms": "{solve_ms[median]:.2f}"}`. None becomes a
            dash. By default each figure of the first row as it stands, below its name.
    """
    rows = list(rows)
    if columns is None:
        columns = {name: f"{{{name}}}" for name in rows[0]}
    cells = [[cell(form, row) for form in columns.values()] for row in rows]
    lines = [list(columns), ["---"] * len(columns), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(form: str, row: Row) -> str:
    """Return one cell of a `table`."""
    return _CELLS.vformat(form, (), row)


def grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Return the items by a key, in the order in which the keys first occur."""
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def with_total(groups: Mapping[str, Sequence[T]]) -> dict[str, Sequence[T]]:
    """Return the groups and, of several, all items as one more, named `all`."""
    everything = [item for group in groups.values() for item in group]
    return {**groups, **({"all": everything} if len(groups) > 1 else {})}


def mean(values: Iterable[float | None], digits: int = 3) -> float | None:
    """Return the rounded mean; None of nothing, or if one of the values is unknown."""
    given = list(values)
    known = [value for value in given if value is not None]
    return round(float(np.mean(known)), digits) if known and len(known) == len(given) else None


def percentiles_ms(
    seconds: Sequence[float], percents: Sequence[int], digits: int = 4
) -> dict[str, float | None]:
    """Return percentiles in ms by name (`min`, `median`, `p95`, .., `max`); None without times."""
    names = {0: "min", 50: "median", 100: "max"}
    values = np.percentile(seconds, percents) if len(seconds) else [None] * len(percents)
    return {
        names.get(percent, f"p{percent}"): None if value is None else round(1e3 * value, digits)
        for percent, value in zip(percents, values, strict=True)
    }


class _Cells(Formatter):
    """Formats cells: a dash for None, a space before the percent sign."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if value is None:
            return "-"
        text = str(format(value, format_spec))
        return f"{text[:-1]} %" if format_spec.endswith("%") else text


_CELLS = _Cells()


def _flat(row: Row) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        inside = value if isinstance(value, Mapping) else None
        flat.update({f"{key}_{k}": v for k, v in inside.items()} if inside else {key: value})
    return flat


def _write(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(text.encode())
    new.replace(path)
