"""`mme-ilqr params`: config/mme_ilqr.yaml and docs/parameters.md from the declared settings."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable
from pathlib import Path

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.parameters.record import RecorderSettings
from mme_ilqr_ros.parameters.safety import SafetySettings
from mme_ilqr_ros.parameters.simulation import RunMonitorSettings, SimulatorNodeSettings
from mme_ilqr_ros.parameters.viewer import ViewerSettings
from mme_ilqr_ros.resources import share_path
from mme_ilqr_ros.settings import Scalar, Setting, table

NODES: dict[str, type] = {
    "planner": PlannerNodeSettings,
    "controller": ControllerNodeSettings,
    "simulator": SimulatorNodeSettings,
    "run_monitor": RunMonitorSettings,
    "safety": SafetySettings,
    "recorder": RecorderSettings,
    "viewer": ViewerSettings,
}
YAML_FILE, DOC_FILE = Path("config/mme_ilqr.yaml"), Path("docs/parameters.md")
ABOUT = """\
Print a ROS parameter file with every parameter of the nodes: default, unit, range, meaning.
"""
EXAMPLES = """\
examples:
  mme-ilqr params > mine.yaml
  mme-ilqr params controller
  mme-ilqr params --write     in a checkout, after a setting has changed (`make params`)
"""
_WIDTH = 100
_UNBROKEN = "\N{NO-BREAK SPACE}"  # holds a unit to its range when lines are wrapped


def yaml_text(nodes: Iterable[str] = tuple(NODES)) -> str:
    """Return a parameter file: every parameter of these nodes with its default."""
    lines = [
        "# Every parameter with its default, unit and range. Written by `make params`; to change",
        "# values, copy what you need into a file of your own and pass that as params_file. Floats",
        "# are written 1.0, never 1. Keys start with /**/ so that they hold in any namespace.",
    ]
    for name in nodes:
        lines += ["", f"/**/{name}:", "  ros__parameters:"]
        open_groups: list[str] = []
        for row in table(NODES[name]):
            *groups, key = row.name.split(".")
            for depth, group in enumerate(groups):
                if groups[: depth + 1] != open_groups[: depth + 1]:
                    lines.append(f"{'  ' * (2 + depth)}{group}:")
            open_groups = groups
            indent = "  " * (2 + len(groups))
            facts = _facts(row).replace(" ", _UNBROKEN)
            comment = textwrap.wrap(
                f"{row.doc} {facts}",
                _WIDTH,
                initial_indent=f"{indent}# ",
                subsequent_indent=f"{indent}# ",
            )
            lines += [line.replace(_UNBROKEN, " ") for line in comment]
            lines += _entry(indent, key, yaml_value(row.default))
    return "\n".join(lines) + "\n"


def _entry(indent: str, key: str, value: str) -> list[str]:
    """Return the lines of a parameter: a list that is too long goes over several."""
    if len(line := f"{indent}{key}: {value}") <= _WIDTH or not value.startswith("["):
        return [line]
    begin, margin = f"{indent}{key}: [", f"{indent}  "
    return textwrap.wrap(value[1:], _WIDTH, initial_indent=begin, subsequent_indent=margin)


def doc_text() -> str:
    """Return the parameter reference: a table per node."""
    lines = [
        "# Parameters",
        "",
        "Written by `make params` from the settings classes; the same declaration makes the ROS",
        "parameter descriptors and `config/mme_ilqr.yaml`. A parameter that is not dynamic is read",
        "at start-up only.",
    ]
    for name, settings_class in NODES.items():
        lines += ["", f"## `{name}`", "", "| name | default | unit | range | dynamic | meaning |"]
        lines.append("|---|---|---|---|---|---|")
        for row in table(settings_class):
            cells = (
                f"`{row.name}`",
                f"`{yaml_value(row.default)}`",
                row.unit,
                _range(row),
                "yes" if row.dynamic else "no",
                row.doc,
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _facts(row: Setting) -> str:
    limits = _range(row) or row.kind_text
    facts = [limits if row.choices or not row.unit else f"{limits} {row.unit}"]
    return f"[{'; '.join([*facts, *([] if row.dynamic else ['at start-up'])])}]"


def _range(row: Setting) -> str:
    if row.choices:
        return " or ".join(row.choices)
    if row.low is not None and row.high is not None:
        return f"{_short(row, row.low)} to {_short(row, row.high)}"
    if row.low is not None:
        return f"at least {_short(row, row.low)}"
    return "" if row.high is None else f"at most {_short(row, row.high)}"


def _short(row: Setting, limit: float) -> str:
    return str(int(limit)) if row.kind is int else f"{limit:g}"


def yaml_value(value: Scalar) -> str:
    """Return a value as a ROS parameter file takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(yaml_value, value or ('',)))}]"  # ROS knows no empty list
    # repr keeps the point of a float: a double parameter does not take `1`.
    return repr(value)


def write_files(root: Path) -> tuple[Path, Path]:
    """Write the parameter file and the reference below `root`; return their paths below it."""
    (root / YAML_FILE).write_text(yaml_text())
    (root / DOC_FILE).write_text(doc_text())
    return YAML_FILE, DOC_FILE


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
