"""The verb `field`: the speed of the exact solver beneath the planner."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from mme_ilqr_ros.command_line import positive_int, whole
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.map_file import load_map
from mme_ilqr_ros.progress_bar import ProgressBar
from mme_ilqr_ros.reporting import rows as files
from studies.field_timing import (
    TimedMap,
    floor_map,
    hall_map,
    maze_map,
    random_map,
    time_field,
)

ABOUT = """\
Time the whole cost-to-go field of a map, its repair when a box of 1 m appears or disappears, its
best moves, its gradient and a query, on one core, beside other solvers in the same run.

Maps: 256 x 256 with 30 % of the cells blocked, a maze, a hall of 1.4 million free cells, and the
map_server YAML files given. Costs of cells are random, 1 to 20.
"""
EXAMPLES = """\
examples:
  python -m studies field --out out/field
  python -m studies field --maps depot.yaml --rounds 40 --out out/field

All times are processor time in ms. solve: from costs [H, W] to values, checks included. heap:
Dijkstra with a binary heap, compiled in the same way. scipy: csgraph.dijkstra, graph included.
skimage: MCP_Geometric, which cuts corners. edges: the same field from costs of edges [8, H, W].
gradient: dL/dcost for dL/dvalues, best moves (arrows) included. appears, disappears: repair, the
median over places. query: walk from a cell to the goal, the median over places. On real floors,
plan: the default planner's first plan on a map, from walls to path; replan: after a box appeared.
The smallest of the rounds counts; compare figures of one run only, for a busy machine slows them
all.
"""
COLUMNS = (
    "solve",
    "heap",
    "scipy",
    "skimage",
    "edges",
    "arrows",
    "gradient",
    "appears",
    "disappears",
    "query",
    "plan",
    "replan",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--maps", nargs="*", type=Path, default=[], metavar="YAML", help="real floors to add")
    add("--only-maps", action="store_true", help="leave out the generated ones")
    add("--rounds", type=positive_int, default=20, help="of each part (%(default)s)")
    add("--places", type=positive_int, default=100, help="for a box (%(default)s)")
    add("--seed", type=whole, default=0, help="of maps, costs and places (%(default)s)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for summary.json")


def run(options: argparse.Namespace, command: str) -> str:
    """Time what the command line asks for; return the table.

    Raises:
        InputError: A map cannot be used, or there is none.
    """
    maps = _maps(options)
    options.out.mkdir(parents=True, exist_ok=True)
    rows = {}
    with ProgressBar(len(maps), "map") as progress:
        for timed in maps:
            rows[timed.name] = time_field(timed, options.rounds, options.places, options.seed)
            progress.step(f"{timed.name}: {rows[timed.name]['solve']:.3f} ms")
    content = {
        **files.facts(command),
        "settings": {"rounds": options.rounds, "places": options.places, "seed": options.seed},
        "milliseconds": rows,
    }
    files.write_json(content, options.out / "summary.json")
    return table(rows)


def _maps(options: argparse.Namespace) -> list[TimedMap]:
    rng = np.random.default_rng(options.seed)
    maps = [] if options.only_maps else [random_map(rng), maze_map(rng), hall_map(rng)]
    for path in options.maps:
        maps.append(floor_map(path.stem, load_map(path), rng))
    if not maps:
        raise InputError("--only-maps needs --maps with at least one file")
    return maps


def table(rows: dict[str, dict[str, float]]) -> str:
    """Return the milliseconds as a Markdown table, a row per map."""
    names = [name for name in COLUMNS if any(name in row for row in rows.values())]
    cells = []
    for name, row in rows.items():
        times = {column: _digits(row[column]) if column in row else None for column in names}
        ratio = row["heap"] / row["solve"]
        cells.append({"map": name, "cells": int(row["cells"]), **times, "heap / solve": ratio})
    formats = {name: f"{{{name}}}" for name in ("map", "cells", *names)}
    return files.table(cells, {**formats, "heap / solve": "{heap / solve:.1f}"})


def _digits(milliseconds: float) -> str:
    """Return a time with three digits that say something."""
    return f"{milliseconds:.{max(0, 2 - int(np.floor(np.log10(milliseconds))))}f}"
