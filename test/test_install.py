"""The package installs with pip and with colcon, and every way carries everything it needs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
NAME = "mme_ilqr_ros"
SHARED_FOLDERS = ("config", "launch", "rviz")
LEFT_OUT = (".*", "__pycache__", "*.egg-info", "build", "install", "log", "out", "dist")


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


def run(*command, cwd, **environment):
    """Run a command that must succeed; return what it wrote."""
    finished = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, f"{finished.stdout}\n{finished.stderr}"
    return finished.stdout


def copy_of_the_sources(folder):
    """Copy the sources, so that no build leaves its traces in the checkout."""
    return shutil.copytree(REPOSITORY, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))


def check_prefix(prefix):
    """Check marker, shared files and executables below an installation prefix."""
    share = prefix / "share" / NAME
    assert (prefix / "share/ament_index/resource_index/packages" / NAME).is_file()
    for file in shared_files():
        assert (share / file).read_bytes() == (REPOSITORY / file).read_bytes(), file
    for name in executables():
        script = prefix / "lib" / NAME / name
        assert os.access(script, os.X_OK), script


def share_seen_from(folder, tmp_path):
    """Return the share folder that the package found in `folder` uses."""
    code = f"from {NAME}.resources import share_path; print(share_path())"
    return Path(run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(folder)).strip())


@pytest.fixture(scope="module")
def pip_prefix(tmp_path_factory):
    """Return the prefix into which pip installed the package, without any network."""
    pytest.importorskip("wheel")
    folder = tmp_path_factory.mktemp("pip")
    sources = copy_of_the_sources(folder / "sources")
    flags = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    prefix = folder / "prefix"
    run(*pip, "install", *flags, "--prefix", prefix, sources, cwd=folder)
    return prefix


def test_pip_installs_everything(pip_prefix):
    check_prefix(pip_prefix)
    for name in executables():
        assert os.access(pip_prefix / "bin" / name, os.X_OK), name


def test_the_package_that_pip_installed_uses_its_own_files(pip_prefix, tmp_path):
    (package,) = pip_prefix.rglob(f"{NAME}/__init__.py")
    site = package.parents[1]
    assert share_seen_from(site, tmp_path) == pip_prefix / "share" / NAME


def test_pip_installs_every_module_and_no_tests(pip_prefix):
    (package,) = pip_prefix.rglob(f"{NAME}/__init__.py")
    installed = {file.relative_to(package.parent) for file in package.parent.rglob("*.py")}
    written = {file.relative_to(REPOSITORY / NAME) for file in (REPOSITORY / NAME).rglob("*.py")}
    assert installed == written
    assert not (package.parents[1] / "test").exists()


def test_an_executable_that_pip_installed_starts(pip_prefix, tmp_path):
    """A parameter out of range ends it at once, with one line that names the parameter."""
    pytest.importorskip("rclpy")
    (package,) = pip_prefix.rglob(f"{NAME}/__init__.py")
    site = package.parents[1]
    finished = subprocess.run(
        [pip_prefix / "lib" / NAME / "planner", "--ros-args", "-p", "robot_radius:=-1.0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site), "ROS_LOG_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 2, finished.stderr
    assert "Traceback" not in finished.stderr
    assert re.search(r"robot_radius = -1.0", finished.stdout + finished.stderr)


@pytest.mark.parametrize("flags", [(), ("--symlink-install",)], ids=["plain", "symlink"])
def test_colcon_installs_everything(flags, tmp_path):
    pytest.importorskip("colcon_core")
    copy_of_the_sources(tmp_path / "src" / NAME)
    colcon = Path(sys.executable).with_name("colcon")
    run(colcon, "build", *flags, cwd=tmp_path, AMENT_PREFIX_PATH="")
    prefix = tmp_path / "install" / NAME
    check_prefix(prefix)
    if flags:
        link = prefix / "share" / NAME / "package.xml"
        assert link.resolve() == tmp_path / "src" / NAME / "package.xml"
