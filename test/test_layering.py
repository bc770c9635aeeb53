"""The package has four floors: imports point down, and only to the rooms that are named here."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "mme_ilqr_ros"

# Every part of the package: its floor, and which parts above the ground floor it may import.
# A part may always import itself and everything on floor 1.
COMPILED = {"compiled", "compile_cache", "cache_folders"}
GROUND = {"geometry", "models", "settings", "resources", "errors", "documents", *COMPILED}
MAY_IMPORT = {
    2: {
        "planning": set(),
        "control": {"planning"},  # its exact field, for the way out of a dead end
        "perception": set(),
        "simulation": set(),
        "reporting": {"simulation"},  # draws the scenario of a run
        "parameters": {"planning", "control", "perception", "simulation"},  # their settings
        "learning": {"planning"},  # learns the costs that the planner evaluates
        "habits": {"planning"},  # learns the planner's costs from an owner's drives
        "command_line": set(),
        "progress_bar": set(),
    },
    3: {
        "training": {
            *("planning", "learning", "habits", "reporting", "parameters", "command_line"),
            "progress_bar",
        },
        "navigation": {"planning", "control", "perception"},  # scans and odometry to commands
        "warm_up": {
            *("planning", "control", "perception", "simulation", "parameters", "command_line"),
        },
        "benchmark": {
            *("planning", "control", "perception", "simulation", "reporting", "parameters"),
            *("navigation", "command_line", "progress_bar"),
        },
        "live": {
            *("planning", "control", "perception", "simulation", "reporting", "parameters"),
            *("navigation", "benchmark", "command_line"),
        },
    },
    4: {
        "nodes": {
            *("planning", "control", "perception", "simulation", "reporting", "parameters"),
            *("command_line", "live"),  # serves running nodes to the same page
        },
        "bringup": {"simulation", "reporting", "parameters", "command_line"},  # starts processes
        "__main__": {
            "warm_up",
            "bringup",
            "benchmark",
            "live",
            "training",
            "parameters",
            "nodes",
            "command_line",
        },
    },
}
FLOOR_OF = dict.fromkeys(GROUND, 1) | {
    part: floor for floor, rooms in MAY_IMPORT.items() for part in rooms
}
ALLOWED = dict.fromkeys(GROUND, GROUND) | {
    part: others | GROUND for rooms in MAY_IMPORT.values() for part, others in rooms.items()
}
ROS = {
    *(
        "rclpy",
        "action_msgs",
        "tf2_ros",
        "bondpy",
        "nav2_msgs",
        "rcl_interfaces",
        "builtin_interfaces",
        "rosgraph_msgs",
        "std_srvs",
        "nav2_msgs",
    ),
    *("diagnostic_msgs", "geometry_msgs", "nav_msgs", "sensor_msgs", "std_msgs"),
    "visualization_msgs",
}
FILES = sorted((ROOT / PACKAGE).rglob("*.py"))
# Relative imports, so that a copy of the folder with another robot in it is another kernel.
KERNEL_PROGRAM = ROOT / PACKAGE / "control" / "kernel" / "program"


def part_of(path):
    """Return the folder or module of the package that a file belongs to."""
    return path.relative_to(ROOT / PACKAGE).parts[0].removesuffix(".py")


@cache
def imports_of(path):
    """Return the dotted names that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if path.parent == KERNEL_PROGRAM and node.level == 1:
                continue
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def packages_of(path):
    """Return the top-level packages that a file imports."""
    return {name.split(".")[0] for name in imports_of(path)}


def importers(packages, allowed=()):
    """Return the files outside the `allowed` parts that import one of the packages."""
    return [
        f"{path.relative_to(ROOT)}: {', '.join(sorted(found))}"
        for path in FILES
        if part_of(path) not in allowed and (found := packages_of(path) & packages)
    ]


def test_every_part_has_a_floor():
    assert {part_of(path) for path in FILES} - {"__init__"} <= FLOOR_OF.keys()


def test_no_room_is_allowed_to_look_up():
    for part, others in ALLOWED.items():
        assert not [other for other in others if FLOOR_OF[other] > FLOOR_OF[part]], part


def test_imports_go_only_where_they_may():
    wrong = []
    for path in FILES:
        here = part_of(path)
        parts = {n.split(".")[1] for n in imports_of(path) if n.startswith(f"{PACKAGE}.")}
        there = (parts & FLOOR_OF.keys()) - ALLOWED.get(here, GROUND) - {here}
        wrong += [f"{path.relative_to(ROOT)} imports {part}" for part in sorted(there)]
    assert wrong == []


def test_the_package_does_not_know_what_is_not_installed():
    assert importers({"studies", "examples", "test"}) == []


def test_only_nodes_import_ros():
    assert importers(ROS, allowed={"nodes"}) == []


def test_only_learning_and_training_import_torch():
    assert importers({"torch", "safetensors"}, {"learning", "training"}) == []


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        (["control.controller"], {"torch", "rclpy", "matplotlib"}),
        (
            ["planning.planner", "simulation.simulator"],
            {"torch", "casadi", "rclpy", "matplotlib"},
        ),
        (["bringup.system"], {"torch", "casadi", "numba", "rclpy", "matplotlib"}),
        (["__main__"], {"torch", "numba", "casadi", "rclpy", "scipy", "numpy", "matplotlib"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_importing_a_part_does_not_load(modules, absent):
    names = ", ".join(f"{PACKAGE}.{module}" for module in modules)
    run = run_python(f"import sys, {names}; print(*sys.modules)")
    assert run.returncode == 0, run.stderr
    assert not absent & set(run.stdout.split())


def without(packages, parts):
    """Import every module of some parts in a process in which some packages cannot be imported."""
    files = [
        path
        for path in FILES
        if part_of(path) in parts and "launch" not in packages_of(path)  # for launch files only
    ]
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files]
    blocked = "".join(f"sys.modules[{name!r}] = None; " for name in sorted(packages))
    return run_python(
        f"import importlib, sys; {blocked}[importlib.import_module(m) for m in {modules}]"
    )


def test_only_nodes_need_ros_and_only_training_needs_torch():
    run = without(ROS | {"torch"}, FLOOR_OF.keys() - {"nodes", "learning", "training", "__main__"})
    assert run.returncode == 0, run.stderr


def test_learning_and_training_import_where_there_is_no_ros():
    pytest.importorskip("torch")
    run = without(ROS, {"learning", "training"})
    assert run.returncode == 0, run.stderr
