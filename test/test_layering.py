"""The house has three floors; imports point down only, and never to the room next door."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "mme_ilqr_ros"
FLOORS = {
    1: {"geometry", "models", "settings", "resources", "compiled", "errors", "command_line"},
    2: {"planning", "control", "simulation", "reporting", "perception"},
    3: {"nodes", "training", "bringup", "benchmark", "experiments"},
}
FLOOR_OF = {part: floor for floor, parts in FLOORS.items() for part in parts}
PURE = sorted(part for part in FLOOR_OF if FLOOR_OF[part] < 3 and (ROOT / PACKAGE / part).is_dir())
ROS_MODULES = {"rclpy", "rcl_interfaces", "tf2_ros", "geometry_msgs", "nav_msgs", "sensor_msgs"}
FILES = sorted((ROOT / PACKAGE).rglob("*.py"))
SOLVER_TEXT = ROOT / PACKAGE / "control" / "kernel" / "text"  # compiled as a whole, never imported
BATCHED = ROOT / PACKAGE / "control" / "batched"


def part_of(path):
    """Return the folder or module of the package that a file belongs to."""
    return path.relative_to(ROOT / PACKAGE).parts[0].removesuffix(".py")


def imports_of(path):
    """Return the dotted names that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def own_parts(path):
    """Return the parts of the package that a file imports, without its own."""
    parts = {name.split(".")[1] for name in imports_of(path) if name.startswith(f"{PACKAGE}.")}
    return (parts & FLOOR_OF.keys()) - {part_of(path)}


def test_every_part_has_a_floor():
    parts = {part_of(path) for path in FILES} - {"__init__"}
    assert parts <= FLOOR_OF.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT / PACKAGE)))
def test_imports_point_down_only(path):
    here = FLOOR_OF.get(part_of(path), 1)
    for part in own_parts(path):
        # The top floor's rooms are for people and ROS; they may use one another.
        assert FLOOR_OF[part] < here or here == 3 or FLOOR_OF[part] == here == 1, (
            f"{path} is on floor {here} and imports {part} of floor {FLOOR_OF[part]}"
        )


def test_only_nodes_import_ros():
    for path in FILES:
        ros = {name.split(".")[0] for name in imports_of(path)} & ROS_MODULES
        assert not ros or part_of(path) == "nodes", f"{path} imports {ros}"


def test_control_and_planning_do_not_know_each_other():
    for path in FILES:
        if part_of(path) in ("control", "planning"):
            assert not own_parts(path) & {"control", "planning"}, path


def test_of_the_controller_only_the_batched_backend_knows_torch():
    for path in FILES:
        if part_of(path) == "control" and BATCHED not in path.parents:
            names = imports_of(path)
            assert not [n for n in names if n.startswith(("torch", f"{PACKAGE}.control.batched"))]


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("control.controller", ("torch", "rclpy", "matplotlib")),
        ("planning.planner", ("torch", "casadi", "rclpy", "matplotlib")),
        ("simulation.simulator", ("torch", "casadi", "rclpy", "matplotlib")),
        ("benchmark.__main__", ("torch", "rclpy")),  # torch is for training, and may be missing
        ("bringup.system", ("torch", "casadi", "numba", "rclpy", "matplotlib")),
    ],
)
def test_importing_a_part_does_not_load(module, absent):
    run = run_python(f"import sys, {PACKAGE}.{module}; print(*sys.modules)")
    assert run.returncode == 0, run.stderr
    assert not set(absent) & set(run.stdout.split())


@pytest.mark.parametrize("part", PURE)
def test_pure_parts_import_where_there_is_no_ros(part):
    """Every module of the part, in a process in which rclpy cannot be imported."""
    if part == "planning":
        pytest.importorskip("torch")  # its learning half stands on it
    left_out = {SOLVER_TEXT} if importlib.util.find_spec("torch") else {SOLVER_TEXT, BATCHED}
    files = [path for path in FILES if part_of(path) == part and path.parent not in left_out]
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files]
    blocked = "".join(f"sys.modules[{name!r}] = None; " for name in sorted(ROS_MODULES))
    code = f"import importlib, sys; {blocked}[importlib.import_module(m) for m in {modules}]"
    run = run_python(code)
    assert run.returncode == 0, run.stderr
