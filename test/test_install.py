"""The package installs with pip and with colcon, and every way carries everything it needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mme_ilqr_ros import __version__

REPOSITORY = Path(__file__).resolve().parents[1]
NAME = "mme_ilqr_ros"
pytestmark = pytest.mark.slow  # builds and installs the package by pip and colcon
SHARED_FOLDERS = ("config", "launch", "rviz", "foxglove")


def executables():
    """Return the names of the nodes as the modules in nodes/ tell them."""
    files = (REPOSITORY / NAME / "nodes").glob("*_node.py")
    return sorted(file.stem.removesuffix("_node") for file in files)


def shared_files():
    """Return the path, below share/, of every file that must be installed there."""
    files = [REPOSITORY / "package.xml"]
    for folder in SHARED_FOLDERS:
        files += [
            file
            for file in (REPOSITORY / folder).rglob("*")
            if file.is_file() and "__pycache__" not in file.parts
        ]
    return sorted(file.relative_to(REPOSITORY) for file in files)


@pytest.mark.parametrize("way", ["pip", "colcon", "symlink"])
def test_an_installation_has_marker_files_and_executables(way, request):
    prefix = request.getfixturevalue(f"{way}_prefix")
    assert (prefix / "share/ament_index/resource_index/packages" / NAME).is_file()
    for file in shared_files():
        installed = prefix / "share" / NAME / file
        assert installed.read_bytes() == (REPOSITORY / file).read_bytes(), file
    for name in executables():
        script = prefix / "lib" / NAME / name
        assert os.access(script, os.X_OK), script


def test_a_symlink_installation_points_at_the_sources(symlink_prefix):
    sources = symlink_prefix.parents[1] / "src" / NAME
    for file in shared_files():
        assert (symlink_prefix / "share" / NAME / file).resolve() == sources / file


def site_packages(prefix):
    (package,) = prefix.rglob(f"{NAME}/__init__.py")
    return package.parents[1]


def test_the_page_of_the_live_view_is_installed(pip_prefix):
    page = Path(NAME) / "live" / "page"
    for file in (REPOSITORY / page).iterdir():
        assert (site_packages(pip_prefix) / page / file.name).read_bytes() == file.read_bytes()


def test_pip_puts_one_command_on_the_path(pip_prefix):
    assert [file.name for file in (pip_prefix / "bin").iterdir()] == ["mme-ilqr"]


def test_the_command_of_a_workspace_is_there_for_ros2_run(colcon_prefix, symlink_prefix):
    for prefix in (colcon_prefix, symlink_prefix):
        assert os.access(prefix / "lib" / NAME / "mme-ilqr", os.X_OK)
        assert not (prefix / "bin").exists()


def test_pip_installs_every_module_and_nothing_beside_the_package(pip_prefix):
    site = site_packages(pip_prefix)
    installed = {file.relative_to(site / NAME) for file in (site / NAME).rglob("*.py")}
    written = {file.relative_to(REPOSITORY / NAME) for file in (REPOSITORY / NAME).rglob("*.py")}
    assert installed == written
    assert not any((site / folder).exists() for folder in ("test", "studies", "examples"))
    assert (site / NAME / "py.typed").is_file()


def test_an_installed_package_uses_its_own_files(pip_prefix, tmp_path):
    code = f"from {NAME}.resources import share_path; print(share_path())"
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site_packages(pip_prefix))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(told.stdout.strip()) == pip_prefix / "share" / NAME


def run_installed(prefix, tmp_path, *command):
    return subprocess.run(
        [prefix / command[0], *command[1:]],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site_packages(prefix)), "ROS_LOG_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_installed_command_tells_its_version(pip_prefix, tmp_path):
    finished = run_installed(pip_prefix, tmp_path, "bin/mme-ilqr", "--version")
    assert (finished.returncode, finished.stdout) == (0, f"{NAME} {__version__}\n")


@pytest.mark.parametrize("way", ["pip", "colcon"])
def test_an_installed_node_starts(way, request, tmp_path):
    """A parameter out of range ends it at once, with a line that names the parameter."""
    pytest.importorskip("rclpy")
    prefix = request.getfixturevalue(f"{way}_prefix")
    arguments = ("--ros-args", "-p", "robot_radius:=-1.0")
    finished = run_installed(prefix, tmp_path, f"lib/{NAME}/planner", *arguments)
    assert finished.returncode == 2, finished.stderr
    assert "Traceback" not in finished.stderr
    assert "robot_radius = -1.0" in finished.stdout + finished.stderr
