"""Installations of the package, made once per test session from a copy of the sources."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Read by rclpy's messages when they are imported: without it a number of the wrong type is sent as
# garbage, with it the test fails.
os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")

REPOSITORY = Path(__file__).resolve().parents[1]
NAME = "mme_ilqr_ros"
LEFT_OUT = (".*", "__pycache__", "*.egg-info", "build", "install", "log", "out", "dist")


def copy_of_the_sources(folder):
    """Copy the sources, so that no build leaves its traces in the checkout."""
    return shutil.copytree(REPOSITORY, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))


def run_in(folder, *command, **environment):
    """Run a command that must succeed."""
    finished = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, f"{finished.stdout}\n{finished.stderr}"


def build_with_colcon(folder, *flags):
    """Build a workspace in `folder`; return the installation prefix."""
    pytest.importorskip("colcon_core")
    copy_of_the_sources(folder / "src" / NAME)
    colcon = Path(sys.executable).with_name("colcon")
    run_in(folder, colcon, "build", *flags, AMENT_PREFIX_PATH="")
    return folder / "install" / NAME


@pytest.fixture(scope="session")
def pip_prefix(tmp_path_factory):
    """Return the prefix into which pip installed the package, without any network."""
    pytest.importorskip("wheel")
    folder = tmp_path_factory.mktemp("pip")
    sources = copy_of_the_sources(folder / "sources")
    flags = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run_in(folder, *pip, "install", *flags, "--prefix", folder / "prefix", sources)
    return folder / "prefix"


@pytest.fixture(scope="session")
def colcon_prefix(tmp_path_factory):
    """Return the prefix into which `colcon build` installed the package."""
    return build_with_colcon(tmp_path_factory.mktemp("colcon"))


@pytest.fixture(scope="session")
def symlink_prefix(tmp_path_factory):
    """Return the prefix into which `colcon build --symlink-install` installed the package."""
    return build_with_colcon(tmp_path_factory.mktemp("symlink"), "--symlink-install")


@pytest.fixture
def one_thread():
    """Torch with one thread, and afterwards with as many as before."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
