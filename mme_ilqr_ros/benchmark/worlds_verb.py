"""`mme-ilqr worlds`: write worlds of chosen families to a file for `mme-ilqr drive`."""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path

from mme_ilqr_ros.benchmark.families import FAMILIES, worlds_of
from mme_ilqr_ros.command_line import positive_int, whole
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.simulation.scenario import scenario_of
from mme_ilqr_ros.simulation.world_file import Keys

_ABOUT_EACH = "\n".join(
    f"  {name:11} {(draw.__doc__ or '').splitlines()[0].removeprefix('Return ')}"
    for name, draw in FAMILIES.items()
)
ABOUT = f"""\
Make worlds of chosen families, the same for the same seed, for `mme-ilqr drive --worlds FILE`.

{_ABOUT_EACH}
  all         every family

Even seeds are for development, odd ones for checking: never tune on an odd one.
"""
EXAMPLES = """\
examples:
  mme-ilqr worlds slot wall_goal --count 20 --seed 0 --out narrow.json.gz --plots
  mme-ilqr worlds trap dead_end u_inside --out out.json.gz
  mme-ilqr worlds robots --count 48 --out robots.json.gz
  mme-ilqr worlds all --seed 1 --out check.json.gz

Then `mme-ilqr drive --worlds narrow.json.gz --planner id_vin --out out/narrow` drives them and adds
up each family. Walls are in the map, so a planner sees them; circles and what moves are not. Dead
ends, Us, traps and robots are about the controller alone: --planner none. Mazes, warehouses, bug
traps and forests of traps are for a robot that has no map: --sensing lidar.

48 robots are every scene, radius and speed once. The worlds of a family share its range of sizes
evenly, so another --count makes other worlds of the same seed.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("families", nargs="+", metavar="FAMILY", choices=[*FAMILIES, "all"], help="see above")
    add("--count", type=positive_int, default=10, metavar="N", help="worlds of each (10)")
    add("--seed", type=whole, default=0, metavar="S", help="even: development; odd: checking (0)")
    add("--out", type=Path, required=True, metavar="FILE.json.gz", help="the world file")
    add("--plots", action="store_true", help="a picture of all of them beside it, as FILE.png")


def run(options: argparse.Namespace, command: str) -> str:
    """Write the file; return what it holds.

    Raises:
        InputError: The file's name does not end in .json or .json.gz.
    """
    path: Path = options.out
    if not path.name.endswith((".json", ".json.gz")):
        raise InputError(f"--out {path}: must end in .json or .json.gz")
    names = list(FAMILIES) if "all" in options.families else list(dict.fromkeys(options.families))
    worlds = [world for name in names for world in worlds_of(name, options.count, options.seed)]
    scenarios = [scenario_of(Keys(world, str(path), world["id"]), Path()) for world in worlds]
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"worlds": worlds}, indent=1).encode()
    # Without a time stamp the same worlds are the same file.
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    lines = [f"{path}: {len(worlds)} worlds of {len(names)} families, seed {options.seed}"]
    if options.plots:
        from mme_ilqr_ros.reporting.contact_sheet import draw_worlds

        picture = path.with_name(f"{path.name.split('.json')[0]}.png")
        draw_worlds(scenarios, picture)
        lines.append(f"{picture}: what they look like")
    return "\n".join(lines)
