"""Results that the repository keeps, and the tables and figures of README and docs made of them.

`docs/results/NAME.json` holds what was measured, see `Kept`. A page shows it as a table between
`<!-- NAME: begin -->` and `<!-- NAME: end -->`. A single figure in a sentence stands between
`<!-- =NAME[KEY][figure]:.2f -->` and `<!-- = -->`, where KEY is the `key` of a row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.reporting.rows import cell, table

RESULTS = Path("docs", "results")
_BLOCK = re.compile(r"<!-- (\w+): begin -->\n.*?<!-- \1: end -->", re.DOTALL)
_FIGURE = re.compile(r"<!-- =([^\n]+?) -->[^\n]*?<!-- = -->")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Kept:
    """What one table shows, and how it came about.

    Attributes:
        command: That measured it.
        columns: Format of each cell by the head of its column; it names figures of a row.
        rows: Figures by name, a mapping for each line of the table. `key` tells rows apart. A text
            may itself name figures of other tables: `"{solve[default][median]:.2f} ms"`.
        total: Figures of all rows together, under the key `total`.
        seeds: Of what was random, and how many runs.
        machine: On which it ran, and what else that did.
        date: Day of the measurement, or of the version.
        version: Commit of the code that was measured.
    """

    command: str
    columns: Mapping[str, str]
    rows: Sequence[Row]
    seeds: str = ""
    machine: str = ""
    date: str = ""
    version: str = ""
    total: Row = field(default_factory=dict)

    @property
    def figures(self) -> Mapping[str, Row]:
        """The rows by their key."""
        return {"total": self.total, **{row["key"]: row for row in self.rows if "key" in row}}

    @property
    def source(self) -> str:
        """One line that says how it came about; empty for a table of other tables' figures."""
        when = f"{self.version} of {self.date}" if self.version else self.date
        parts = [f"`{self.command}`" if self.command else "", self.seeds, self.machine, when]
        return "; ".join(filter(None, parts))


def read_kept(folder: Path) -> dict[str, Kept]:
    """Return all results of a folder by name.

    Raises:
        InputError: A file is not what `Kept` describes.
    """
    kept = {}
    for path in sorted(folder.glob("*.json")):
        try:
            kept[path.stem] = Kept(**json.loads(path.read_text(encoding="utf-8")))
        except (TypeError, ValueError) as error:
            raise InputError(f"{path}: {error}") from None
    return kept


def filled(text: str, kept: Mapping[str, Kept]) -> str:
    """Return a page with its tables and figures as the results say.

    Raises:
        InputError: The page names a result, a row or a figure that there is not.
    """
    figures = {name: one.figures for name, one in kept.items()}

    def block(found: re.Match[str]) -> str:
        name = found[1]
        if name not in kept:
            raise InputError(f"<!-- {name}: begin -->: there is no {RESULTS / name}.json")
        try:
            lines = [f"<!-- {name}: begin -->", _table(kept[name], figures)]
        except (LookupError, ValueError, TypeError) as error:
            raise InputError(f"{RESULTS / name}.json: {error!r}") from None
        source = kept[name].source
        return "\n".join([*lines, *(["", f"{source}."] if source else []), f"<!-- {name}: end -->"])

    def figure(found: re.Match[str]) -> str:
        return f"<!-- ={found[1]} -->{_filled(f'{{{found[1]}}}', figures)}<!-- = -->"

    return _FIGURE.sub(figure, _BLOCK.sub(block, text))


def _table(kept: Kept, figures: Mapping[str, Any]) -> str:
    """Return the table of one result."""
    rows = [
        {
            name: _filled(value, figures) if isinstance(value, str) and "{" in value else value
            for name, value in row.items()
        }
        for row in kept.rows
    ]
    return table(rows, kept.columns)


def _filled(form: str, figures: Mapping[str, Any]) -> str:
    try:
        return cell(form, figures)
    except (LookupError, ValueError, TypeError) as error:
        raise InputError(f"{form}: {error!r}: no such figure in {RESULTS}") from None


def pages(root: Path) -> list[Path]:
    """Return the pages of a checkout that may show results."""
    others = [root / "README.md", root / "paper" / "paper.md"]
    return [*others, *sorted((root / "docs").rglob("*.md"))]
