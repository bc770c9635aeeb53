"""A picture of the package in a drive: processes, folders inside them, topics between them.

Where things stand in the picture is written here; that they are so is read from the code. A topic
must be published and subscribed to by the nodes that it joins, and a folder must be imported by the
node that it stands in; otherwise nothing is drawn.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from mme_ilqr_ros.bringup.system import UNCHECKED
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.resources import share_path

ABOUT = """\
Draw architecture.png: the nodes, the folders that they import, and the topics between them.
"""
EXAMPLES = """\
examples:
  python -m studies architecture --out docs/images
"""
NAME = "mme_ilqr_ros"
_METHODS = {"create_publisher": "pub", "create_subscription": "sub"}
# Left, bottom, width, height; and what stands in it: folder, what that makes, its place.
NODES = {
    "planner": (2.6, 3.3, 4.7, 1.75),
    "controller": (2.6, 0.45, 4.7, 1.75),
    "safety": (9.7, 0.45, 1.85, 1.75),
}
FOLDERS = {
    ("planner", "planning"): (
        2.85,
        3.5,
        4.2,
        "cost of cells (learned, or not),\nexact cost-to-go, path",
    ),
    ("controller", "perception"): (2.85, 0.65, 1.95, "walls, movers,\nwhat was seen"),
    ("controller", "control"): (5.1, 0.65, 1.95, "eight plans,\none command"),
    ("safety", "control"): (9.9, 0.65, 1.45, "limits,\nsilence"),
}
# Topic, publisher, subscriber, from, to, place of its name; "" is outside of the package.
TOPICS = (
    ("goal_pose", "", "planner", (1.4, 4.6), (2.55, 4.6), None),
    ("map", "", "planner", (1.4, 3.7), (2.55, 3.7), None),
    ("map", "", "controller", (1.4, 3.55), (2.55, 2.0), None),
    ("odom", "", "controller", (1.4, 1.55), (2.55, 1.55), None),
    ("scan", "", "controller", (1.4, 0.85), (2.55, 0.85), None),
    ("evidence", "controller", "planner", (3.85, 2.25), (3.85, 3.25), (3.75, 2.72, "right")),
    ("plan, cost_to_go", "planner", "controller", (6.1, 3.25), (6.1, 2.25), (6.2, 2.72, "left")),
    ("cmd_vel_unchecked", "controller", "safety", (7.35, 1.3), (9.65, 1.3), (8.5, 1.4, "center")),
    ("cmd_vel", "safety", "", (11.6, 1.3), (12.4, 1.3), None),
)
OUTSIDE = {
    "goal_pose": (1.3, 4.6, "right"),
    "map": (1.3, 3.7, "right"),
    "odom": (1.3, 1.55, "right"),
    "scan": (1.3, 0.85, "right"),
    "cmd_vel": (12.5, 1.3, "left"),
}
_INK, _PROCESS, _FOLDER, _TOPIC = "#222222", "#e8eef7", "#ffffff", "#2b5fa8"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the picture")


def run(options: argparse.Namespace, command: str) -> str:
    """Draw the picture.

    Raises:
        InputError: It shows what is not in the code.
    """
    if wrong := untrue():
        raise InputError(f"studies/architecture.py shows what the code does not do: {wrong[0]}")
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "architecture.png"
    draw().savefig(path, dpi=110, metadata={"Software": None})
    return f"wrote {path}"


def untrue() -> list[str]:
    """Return what the picture shows and the code does not say."""
    said = [
        f"{node} {'publishes' if way == 'pub' else 'subscribes to'} {topic}"
        for names, source, target, *_ in TOPICS
        for topic in names.split(", ")
        for node, way in ((source, "pub"), (target, "sub"))
        if node and (way, topic) not in topics_of(node)
    ]
    return said + [
        f"{node} imports {folder}" for node, folder in FOLDERS if folder not in folders_of(node)
    ]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def modules_of(node: str) -> tuple[Path, ...]:
    """Return the files of a node: its module and, of `nodes`, all that it imports."""
    nodes = share_path(NAME, "nodes")
    found, left = [], [nodes / f"{node}_node.py"]
    while left:
        path = left.pop()
        if path not in found and path.is_file():
            found.append(path)
            names = [name.split(".") for name in _imports(path)]
            left += [nodes / f"{name[2]}.py" for name in names if name[1:2] == ["nodes"]]
    return tuple(found)


@cache
def folders_of(node: str) -> set[str]:
    """Return the parts of the package that the files of a node import."""
    return {name.split(".")[1] for path in modules_of(node) for name in _imports(path)}


@cache
def topics_of(node: str) -> set[tuple[str, str]]:
    """Return (`pub` or `sub`, topic) of a node as it is launched.

    Scanners have the names that `scan_topics` gives, `scan` in every shipped file; what the
    controller calls `cmd_vel` is remapped to the safety node.
    """
    found = {pair for path in modules_of(node) for pair in _topics(path)}
    if any(path.name in ("lidar_input.py", "scan_message.py") for path in modules_of(node)):
        found.add(("sub", "scan"))
    if node == "controller":
        found |= {("pub", new) for old, new in UNCHECKED if ("pub", old) in found}
    return found


def _topics(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the topics that a file names where it publishes and subscribes."""
    for call in ast.walk(_tree(path)):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        way, place = (_METHODS.get(name), 1) if name != "PolledInput" else ("sub", 2)
        topic = call.args[place] if way and len(call.args) > place else None
        if way and isinstance(topic, ast.Constant):
            yield way, str(topic.value)


def _imports(path: Path) -> list[str]:
    """Return the modules of the package that a file imports."""
    nodes = (node for node in ast.walk(_tree(path)) if isinstance(node, ast.ImportFrom))
    names = [node.module or "" for node in nodes]
    return [name for name in names if name.startswith(f"{NAME}.")]


def draw() -> Figure:
    """Return the picture."""
    figure = Figure(figsize=(11.2, 4.7))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0.25, 13.6), ylim=(0.0, 5.6))
    axes.set_axis_off()
    for name, (x, y, width, height) in NODES.items():
        _box(axes, x, y, width, height, _PROCESS)
        _text(axes, x + width / 2, y + height - 0.27, f"{name} node", weight="bold", size=13)
    for (_, name), (x, y, width, what) in FOLDERS.items():
        _box(axes, x, y, width, 1.05, _FOLDER)
        _text(axes, x + width / 2, y + 0.8, f"{name}/", weight="bold", size=11)
        _text(axes, x + width / 2, y + 0.35, what, size=10)
    for name, _, _, start, end, place in TOPICS:
        style = {"arrowstyle": "-|>", "color": _TOPIC, "linewidth": 1.8, "mutation_scale": 16}
        axes.annotate("", end, start, arrowprops=style)
        if place:
            x, y, side = place
            above = "bottom" if side == "center" else "center"
            _text(axes, x, y, name, color=_TOPIC, ha=side, va=above)
    for name, (x, y, side) in OUTSIDE.items():
        _text(axes, x, y, name, color=_TOPIC, ha=side)
    axes.annotate("", (5.07, 1.17), (4.83, 1.17), arrowprops={"arrowstyle": "-|>", "color": _INK})
    _box(axes, 9.7, 4.7, 0.35, 0.25, _PROCESS)
    _box(axes, 9.7, 4.25, 0.35, 0.25, _FOLDER)
    for y, color, what in (
        (4.82, _INK, "a process"),
        (4.37, _INK, "a folder of the package"),
        (3.92, _TOPIC, "a ROS 2 topic"),
    ):
        _text(axes, 10.2, y, what, color=color, ha="left", size=10.5)
    _text(
        axes,
        9.7,
        3.4,
        "without ROS, navigation/ runs the\nsame folders in one loop",
        ha="left",
        size=10.5,
    )
    _text(axes, 12.5, 0.95, "the base", ha="left", size=10.5)
    return figure


def _box(axes: Axes, x: float, y: float, width: float, height: float, color: str) -> None:
    style = "round,pad=0,rounding_size=0.12"
    axes.add_patch(
        FancyBboxPatch(
            (x, y), width, height, boxstyle=style, facecolor=color, edgecolor=_INK, linewidth=1.2
        )
    )


def _text(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    color: str = _INK,
    ha: str = "center",
    va: str = "center",
    size: float = 12,
    weight: str = "normal",
) -> None:
    axes.text(x, y, text, color=color, ha=ha, va=va, fontsize=size, fontweight=weight)
