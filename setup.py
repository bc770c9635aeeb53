"""Packaging for colcon (ament_python) and pip; `make` pins its versions in requirements/."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.develop import develop
from setuptools.command.install import install

NAME = "mme_ilqr_ros"
NODES = ("planner", "controller", "simulator", "run_monitor", "safety", "recorder", "viewer")
EXECUTABLES = (*NODES, "navigation")  # planner and controller in one process
MESSAGES = ("diagnostic", "geometry", "nav", "sensor", "visualization")
URL = "https://example.org/mme_ilqr_ros"  # a placeholder: set it before the first release
BRANCH = "main"


def long_description():
    """Return the README for a package index, its links to files of the repository made absolute.

    Empty where setup.py stands without it, as in a workspace that is built with symbolic links.
    """
    readme = Path("README.md")
    if not readme.is_file():
        return ""
    # [text](docs/x.md), ![text](docs/x.png), <img src="docs/x.gif">; not (#part) or (https://...)
    link = re.compile(r'(\]\(|src="|href=")(?!https?:|#|mailto:)([^)"\s]+)')
    return link.sub(_absolute, readme.read_text(encoding="utf-8"))


def _absolute(link):
    before, target = link.groups()
    kind = "raw" if target.endswith((".gif", ".jpg", ".png", ".svg", ".webp")) else "blob"
    return f"{before}{URL}/{kind}/{BRANCH}/{target}"


def shared_files():
    """Return (folder, files) pairs for everything that lives in share/mme_ilqr_ros."""
    share = Path("share") / NAME
    files = [Path("package.xml")]
    for folder in ("launch", "config", "rviz", "foxglove"):
        files += sorted(
            path
            for path in Path(folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        )
    folders = sorted({path.parent for path in files})
    return [(str(share / f), [str(p) for p in files if p.parent == f]) for f in folders]


# `ros2 run` and launch files look for the nodes in lib/mme_ilqr_ros. There colcon, which calls
# install or develop, puts console scripts (setup.cfg); pip puts them into bin/, on the PATH.
BY_COLCON = bool({"install", "develop"} & set(sys.argv))


def launchable_scripts():
    """Write lib/mme_ilqr_ros/<node> for a wheel: each starts its node by bin/mme-ilqr."""
    folder = Path("build") / "launchable"
    folder.mkdir(parents=True, exist_ok=True)
    for node in EXECUTABLES:
        script = folder / node
        script.write_text(
            f'#!/bin/sh\nexec "$(dirname "$0")/../../bin/mme-ilqr" node {node} "$@"\n'
        )
        script.chmod(0o755)
    return [(f"lib/{NAME}", [str(folder / node) for node in EXECUTABLES])]


def warm_up(folder):
    """Compile the installed package for this processor; whatever happens, it is installed.

    Args:
        folder: That holds the package.
    """
    if os.environ.get("MME_ILQR_WARM_UP", "1") == "0":
        return
    hint = f"the first start of a node will (or: ros2 run {NAME} mme-ilqr warm_up)"
    missing = [
        name for name in ("numba", "numpy", "scipy", "casadi", "yaml") if not find_spec(name)
    ]
    if missing:
        sys.stderr.write(f"{NAME}: not compiled beforehand: {missing[0]} is missing; {hint}\n")
        return
    sys.stdout.write(f"{NAME}: compiling for this processor (MME_ILQR_WARM_UP=0 leaves it out)\n")
    sys.stdout.flush()
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-m", NAME, "warm_up", "--install"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        sys.stderr.write(f"{NAME}: not compiled beforehand: {why}; {hint}\n")


class Install(install):
    """What `colcon build` calls; a package of a distribution, under a root of its own, is left."""

    def run(self):
        super().run()
        if BY_COLCON and self.root is None:
            warm_up(Path(self.install_lib).resolve())


class Develop(develop):
    """What `colcon build --symlink-install` calls, where the package is at hand."""

    def run(self):
        super().run()
        if BY_COLCON and not self.uninstall:
            warm_up(Path.cwd())


setup(
    name=NAME,
    version="0.1.0",
    description="Learned global planning (ID-VIN) and multimodal local control (MME-iLQR)",
    long_description=long_description(),
    long_description_content_type="text/markdown",
    url=URL,
    project_urls={
        "Documentation": f"{URL}/tree/{BRANCH}/docs",
        "Changelog": f"{URL}/blob/{BRANCH}/CHANGELOG.rst",
        "Source": URL,
        "Issues": f"{URL}/issues",
    },
    keywords="ROS 2, nav2, mobile robots, planning, iLQR, trajectory optimization, value iteration",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 14)),
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    license="Apache-2.0",
    license_files=["LICENSE"],
    maintainer="mme_ilqr_ros maintainers",
    maintainer_email="maintainers@example.org",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={NAME: ["py.typed"], f"{NAME}.live": ["page/*"]},
    python_requires=">=3.10",
    install_requires=[
        "setuptools",
        "numpy>=1.23",
        "scipy>=1.9",
        "joblib>=1.3",
        "numba>=0.58",
        "casadi>=3.6",
        "PyYAML",
        "pillow",
        "matplotlib>=3.6",
        "tqdm",
    ],
    extras_require={
        # ROS 2 Jazzy from PyPI for Linux on x86-64; an installation of ROS 2 needs none of it.
        "ros": [
            "ros-jazzy-rclpy[fastrtps]>=7.1,<7.2",
            *(f"ros-{kind}-msgs>=5.3,<5.4" for kind in MESSAGES),
            "ros-std-srvs>=5.3,<5.4",
        ],
        "train": ["torch>=2.0"],
        "cluster": ["dask", "distributed"],
        "peers": ["crocoddyl", "pytorch-mppi", "pyastar2d", "scikit-image"],
        "referee": ["ir-sim>=2.4", "navground>=0.5"],
        "record": ["mcap>=1.1"],
        "drives": ["rosbags>=0.11"],
        "live": ["aiohttp>=3.9"],
        "fuzz": ["atheris>=3.0"],
        "docs": ["sphinx>=8.1", "myst-parser>=4", "furo", "sphinx-copybutton"],
        "test": ["pytest"],
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        *shared_files(),
        *(launchable_scripts() if "bdist_wheel" in sys.argv else []),
    ],
    zip_safe=False,
    cmdclass={"install": Install, "develop": Develop},
    entry_points={
        "console_scripts": [
            f"mme-ilqr = {NAME}.__main__:main",
            *(f"{node} = {NAME}.nodes.executables:{node}" for node in EXECUTABLES if BY_COLCON),
        ],
    },
)
