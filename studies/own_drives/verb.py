"""The verb `own_drives`: what a robot's owner gains from a few drives."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.reporting.rows import facts, table, write_json
from studies.own_drives import carried, directions, hours, hours_picture, picture, places

ABOUT = """\
Owners with habits that no map shows drive on real maps, misjudging every cell by 15 %; the planner
learns from their drives and is asked for unseen paths. Regret: excess of a plan over the best path,
by the cost that the owner has in mind. `time`: a robot learns seconds per metre by place and hour
from its own runs in generated buildings with crowds; expected seconds of its plans.
"""
EXAMPLES = """\
examples:
  python -m studies own_drives places --maps depot.yaml room02.yaml maze.yaml --seeds 10 11 12 \\
      --out out/places
  python -m studies own_drives directions --maps depot.yaml room02.yaml --seeds 10 --out out/turns
  python -m studies own_drives carried --maps depot.yaml room02.yaml --seeds 10 --out out/carried

  python -m studies own_drives picture --maps depot.yaml --seeds 10 --out out/picture
  python -m studies own_drives time --seeds 10 11 12 --out out/time

Each owner's row is written as soon as it is there, and not computed again: a run can be resumed.
"""
PLACES = {"map": "{map}", "cost": "{cost}", "regret %": "{regret:.1f}", "of shipped": "{of:.2f}"}
DIRECTIONS = {
    "habit": "{habit}",
    "map": "{map}",
    "seed": "{seed}",
    "right way %: shipped, one bit, oracle": (
        "{right[shipped]:.0f}, {right[one bit]:.0f}, {right[oracle]:.0f}"
    ),
    "20, 40, 80 drives": "{right[20]:.0f}, {right[40]:.0f}, {right[80]:.0f}",
    "regret %: shipped": "{regret[shipped]:.1f}",
    "after 20, 40, 80": "{regret[20]:.1f}, {regret[40]:.1f}, {regret[80]:.1f}",
    "s, 20 drives": "{seconds[20]:.1f}",
}
CARRIED = {
    "learned on": "{map}",
    "planned on": "{other}",
    "seed": "{seed}",
    "regret %: shipped": "{shipped:.1f}",
    "learned": "{learned:.1f}",
}
TIME = {
    "cost": "{cost}",
    "expected s": "{seconds:.1f}",
    "over the oracle %": "{over:.1f} ± {error:.1f}",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("what", choices=("places", "directions", "carried", "time", "picture"), help="which habits")
    add("--maps", type=Path, nargs="+", default=[], metavar="MAP.yaml", help="map files")
    add("--seeds", type=int, nargs="+", default=[10, 11, 12], help="owners (10 11 12)")
    add("--out", type=Path, required=True, metavar="DIR", help="where rows.json is kept")


def run(options: argparse.Namespace, command: str) -> str:
    """Measure what is missing; return the table of all rows.

    Raises:
        InputError: A map cannot be used.
    """
    if not options.maps and options.what != "time":
        raise InputError(f"--maps: {options.what} needs at least one map file")
    names = [path.stem for path in options.maps]
    if len(set(names)) < len(names):
        raise InputError("--maps: two maps have the same name")
    if options.what == "picture":
        options.out.mkdir(parents=True, exist_ok=True)
        file = options.out / f"own_drives_{names[0]}.png"
        picture.draw(options.maps[0], options.seeds[0], 20, file)
        return f"{file}"
    file = options.out / "rows.json"
    rows = json.loads(file.read_text())["rows"] if file.is_file() else []
    for seed in options.seeds:
        for key, measure in _jobs(options.what, options.maps, seed):
            if not any(row["key"] == key for row in rows):
                rows.append({"key": key, **measure()})
                options.out.mkdir(parents=True, exist_ok=True)
                write_json({**facts(command), "rows": rows}, file)
    if options.what == "time":
        hours_picture.draw(options.seeds[0], 300, options.out / "own_drives_hours.png")
        return table(hours.summary(rows), TIME)
    if options.what == "places":
        return table(places.summary(rows), PLACES)
    return table(rows, DIRECTIONS if options.what == "directions" else CARRIED)


def _jobs(what, maps, seed):
    """Yield the key of each measurement of a seed, and what makes it."""
    if what == "time":
        yield f"time {seed}", lambda: hours.measure(seed)
        return
    for k, path in enumerate(maps):
        if what == "places":
            yield f"{path.stem} {seed}", lambda p=path: places.measure(p.stem, p, seed)
        elif what == "carried":
            other = maps[(k + 1) % len(maps)]
            yield (
                f"{path.stem} {other.stem} {seed}",
                lambda p=path, q=other: carried.measure(p, q, seed),
            )
        else:
            for habit in directions.HABITS:
                yield (
                    f"{habit} {path.stem} {seed}",
                    lambda h=habit, p=path: directions.measure(h, p.stem, p, seed),
                )
