"""`mme-ilqr params`: every parameter with its default, unit, range and meaning."""

from __future__ import annotations

import argparse

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.parameters.files import NODES, write_files, yaml_text
from mme_ilqr_ros.resources import share_path

ABOUT = """\
Print a ROS parameter file with every parameter of the nodes: default, unit, range, meaning.
"""
EXAMPLES = """\
examples:
  mme-ilqr params > mine.yaml
  mme-ilqr params controller
  mme-ilqr params --write     in a checkout, after a setting has changed (`make params`)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument(
        "node", nargs="?", choices=NODES, metavar="NODE", help=f"only one of {', '.join(NODES)}"
    )
    parser.add_argument(
        "--write", action="store_true", help="write config/mme_ilqr.yaml and docs/parameters.md"
    )


def run(options: argparse.Namespace, command: str) -> str:
    """Return the parameter file, or what was written.

    Raises:
        InputError: There is no checkout to write to.
    """
    if not options.write:
        return yaml_text([options.node] if options.node else list(NODES)).rstrip("\n")
    root = share_path()
    if not (root / "docs").is_dir():
        raise InputError("--write: needs a checkout of the repository")
    return f"wrote {', '.join(map(str, write_files(root)))}"
