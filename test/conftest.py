"""What the whole suite shares: installations, compiled kernels, ROS domains, the order of files.

The suite may run in several processes (pytest-xdist, a file at a time: see `make test`). What takes
long to make is made by whichever process needs it first, under a lock, and used by the others.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mme_ilqr_ros.bringup.domain import reserved_domain

# Read by rclpy's messages when they are imported: without it a number of the wrong type is sent as
# garbage, with it the test fails.
os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")

REPOSITORY = Path(__file__).resolve().parents[1]
NAME = "mme_ilqr_ros"
# Processes take files in this order, so that no long one begins when the others are done.
LONGEST_FIRST = (
    *("test_robots.py", "test_own_package.py", "test_examples.py"),
    *("test_command_line.py", "test_free_kernel_training.py", "test_batched.py"),
    *("test_peers.py", "test_benchmark_command_line.py", "test_train_cost.py"),
    *("test_run.py", "test_resume.py", "test_layering.py", "test_controller_node.py"),
    "test_goal_life.py",
    *("test_install.py", "test_family.py", "test_studies.py", "test_manipulation.py"),
    *("test_planner_node.py", "test_a_whole_run.py", "test_hidden_costs.py"),
    *("test_visual.py", "test_first_plan.py", "test_simulator_node.py"),
    *("test_clearance_training.py", "test_pictures.py", "test_drive.py"),
)
LEFT_OUT = (".*", "__pycache__", "*.egg-info", "build", "install", "log", "out", "dist")


def pytest_collection_modifyitems(items):
    rank = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


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
    """Build a workspace in `folder`."""
    copy_of_the_sources(folder / "src" / NAME)
    colcon = Path(sys.executable).with_name("colcon")
    run_in(folder, colcon, "build", *flags, AMENT_PREFIX_PATH="", MME_ILQR_WARM_UP="0")


@contextlib.contextmanager
def locked(path):
    """Hold a lock on a file; it is free again when the process ends, however that happens."""
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Return a function that fills a folder once for all processes of this session."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # each worker has a folder of its own in that of the session

    def made_once(name, make):
        folder = root / name
        with locked(root / f"{name}.lock"):
            if not (root / f"{name}.done").exists():
                folder.mkdir()
                make(folder)
                (root / f"{name}.done").touch()
        return folder

    return made_once


@pytest.fixture(scope="session")
def pip_prefix(made_once):
    """Return the prefix into which pip installed the package, without any network."""
    pytest.importorskip("wheel")

    def install(folder):
        sources = copy_of_the_sources(folder / "sources")
        flags = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
        run_in(folder, *pip, "install", *flags, "--prefix", folder / "prefix", sources)

    return made_once("pip", install) / "prefix"


@pytest.fixture(scope="session")
def colcon_prefix(made_once):
    """Return the prefix into which `colcon build` installed the package."""
    pytest.importorskip("colcon_core")
    return made_once("colcon", build_with_colcon) / "install" / NAME


@pytest.fixture(scope="session")
def symlink_prefix(made_once):
    """Return the prefix into which `colcon build --symlink-install` installed the package."""
    pytest.importorskip("colcon_core")

    def build(folder):
        build_with_colcon(folder, "--symlink-install")

    return made_once("symlink", build) / "install" / NAME


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels(request):
    """Compile what many files use before several processes do so at once, each for itself."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        made_once = request.getfixturevalue("made_once")
        jobs = [("controller", warm_controller), ("planner", warm_planner)]
        if os.environ["PYTEST_XDIST_WORKER"] != "gw0":
            jobs.reverse()  # the first two workers begin with one each
        for name, warm_up in jobs:
            made_once(f"compiled_{name}", warm_up)


def warm_controller(_):
    from mme_ilqr_ros.control.controller import LocalController
    from mme_ilqr_ros.control.settings import ControllerSettings

    LocalController(ControllerSettings()).warm_up()


def warm_planner(_):
    from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings

    GlobalPlanner(PlannerSettings()).warm_up()


@pytest.fixture
def ros_domain(monkeypatch):
    """Hold a ROS domain that no other test and no other run on this machine uses."""
    with reserved_domain() as domain:
        monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
        yield domain


@pytest.fixture
def one_thread():
    """Torch with one thread, and afterwards with as many as before."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def no_learning_curves(monkeypatch):
    """Leave the picture of a training empty: drawing it takes longer than the smallest training."""
    from mme_ilqr_ros.training import recorder

    monkeypatch.setattr(recorder, "draw", lambda path, history: path.touch())
