"""What the packaging files say about the package agrees, with each other and with the code."""

import ast
import re
import sys
import xml.etree.ElementTree
from pathlib import Path

import mme_ilqr_ros

ROOT = Path(__file__).resolve().parents[1]
MANIFEST = xml.etree.ElementTree.parse(ROOT / "package.xml").getroot()
SETUP = (ROOT / "setup.py").read_text()
# rosdep keys and PyPI names of what the code imports; torch only trains.
ROSDEP = {
    "casadi": "casadi-pip",
    "joblib": "python3-joblib",
    "matplotlib": "python3-matplotlib",
    "numba": "python3-numba",
    "numpy": "python3-numpy",
    "PIL": "python3-pil",
    "scipy": "python3-scipy",
    "tqdm": "python3-tqdm",
    "yaml": "python3-yaml",
    "tf2_ros": "tf2_ros_py",
}
PYPI = {"PIL": "pillow", "yaml": "PyYAML"}
FOR_TRAINING = {"torch"}
# llvmlite comes with numba; Dask, the peers of the benchmark, mcap, rosbags, aiohttp and nav2_msgs
# are for whom has them.
NOT_DECLARED = {
    *("llvmlite", "distributed", "pyastar2d", "skimage", "nav2_msgs", "mcap", "rosbags", "aiohttp"),
}


def imported_packages():
    """Return the names of the packages that the code imports from outside, wherever in a file."""
    names = set()
    for file in (ROOT / "mme_ilqr_ros").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - NOT_DECLARED - {"mme_ilqr_ros"}


def test_the_version_is_the_same_everywhere():
    version = mme_ilqr_ros.__version__
    assert MANIFEST.findtext("version") == version
    assert f'version="{version}"' in SETUP
    assert re.search(rf"^{re.escape(version)} \(", (ROOT / "CHANGELOG.rst").read_text(), re.M)


def test_the_manifest_is_of_format_3_and_names_its_licence():
    assert MANIFEST.get("format") == "3"
    licence = MANIFEST.find("license")
    assert licence.text == "Apache-2.0"
    assert "Apache License" in (ROOT / licence.get("file")).read_text()
    assert MANIFEST.findtext("export/build_type") == "ament_python"
    assert MANIFEST.findtext("name") == "mme_ilqr_ros"


def test_everything_that_is_imported_is_a_dependency():
    depends = {element.text for element in MANIFEST.findall("exec_depend")}
    imported = imported_packages() - FOR_TRAINING
    assert {ROSDEP.get(package, package) for package in imported} <= depends


def test_nothing_is_installed_that_is_not_imported():
    """What `make sim` installs, besides ROS."""
    imported = {PYPI.get(package, package) for package in imported_packages()}
    assert pinned(ROOT / "requirements" / "run.txt") <= imported


def pinned(file):
    """Return the names of the packages that a requirements file pins."""
    lines = [line.split("#")[0].strip() for line in file.read_text().splitlines()]
    wanted = [line for line in lines if line and not line.startswith("--")]
    assert all("==" in line for line in wanted), file
    return {re.split(r"[\[=]", line)[0] for line in wanted}


def test_every_dependency_of_the_code_is_pinned():
    pins = set().union(*(pinned(file) for file in (ROOT / "requirements").glob("*.txt")))
    for package in imported_packages() & (ROSDEP.keys() | FOR_TRAINING) - {"tf2_ros"}:
        assert PYPI.get(package, package) in pins


def test_no_requirement_names_an_index_but_that_of_torch():
    for file in (ROOT / "requirements").glob("*.txt"):
        for url in re.findall(r"https?://[^/\s]+", file.read_text()):
            assert url == "https://download.pytorch.org", file
