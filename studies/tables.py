"""The verb `tables`: README and docs say what the kept results say."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.reporting.rows import grouped, mean
from mme_ilqr_ros.resources import share_path
from studies.kept import RESULTS, Kept, filled, pages, read_kept

OWN_DRIVES = Path("studies", "own_drives", "results")
ABOUT = """\
Compare the tables and figures of README and docs with the results in docs/results, from which they
are made. Where they differ it fails.
"""
EXAMPLES = """\
examples:
  python -m studies tables            which pages differ
  python -m studies tables --write    write them
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    parser.add_argument("--write", action="store_true", help="write the pages that differ")


def run(options: argparse.Namespace, command: str) -> str:
    """Write the pages that differ, or say which.

    Raises:
        InputError: Pages differ, a result cannot be read, or a page names one that there is not.
    """
    stale = stale_pages(share_path())
    if options.write:
        for path, text in stale.items():
            path.write_text(text, encoding="utf-8")
    names = ", ".join(str(path.relative_to(share_path())) for path in stale)
    if not stale:
        return f"README and docs agree with {RESULTS}"
    if options.write:
        return f"wrote {names}"
    raise InputError(f"not as in {RESULTS}: {names}; run it with --write")


def habits(path: Path) -> Kept:
    """Return the mean regret of the owners of each map [%], shipped and after 20 drives.

    The study `own_drives` keeps a row for each owner, with the command, in a file of its own.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    maps = grouped(content["rows"], lambda row: row["map"])
    rows = [
        {
            "key": name,
            "shipped": mean(owner["shipped"] for owner in owners),
            "learned": mean(owner["learned"]["20"] for owner in owners),
        }
        for name, owners in maps.items()
    ]
    return Kept(content["command"], {}, rows)


def stale_pages(root: Path) -> dict[Path, str]:
    """Return the pages that differ from the kept results, with the text that they should have."""
    kept = {**read_kept(root / RESULTS), "habits": habits(root / OWN_DRIVES / "places.json")}
    texts = {path: path.read_text(encoding="utf-8") for path in pages(root)}
    new = {path: filled(text, kept) for path, text in texts.items()}
    return {path: text for path, text in new.items() if text != texts[path]}
