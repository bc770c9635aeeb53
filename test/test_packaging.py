"""What the packaging files say about the package agrees, with each other and with the code."""

import ast
import re
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

import pytest

import mme_ilqr_ros

ROOT = Path(__file__).resolve().parents[1]
MANIFEST = xml.etree.ElementTree.parse(ROOT / "package.xml").getroot()
SETUP = (ROOT / "setup.py").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
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
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
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


def test_no_requirement_names_an_index_and_make_takes_one_at_a_time():
    for file in (ROOT / "requirements").rglob("*.txt"):
        assert "://" not in file.read_text(), file
    assert "--extra-index-url" not in (ROOT / "Makefile").read_text()


SETS = dict(re.findall(r"(\w+):([\w,]+)", re.search(r"^SETS := (.*)$", MAKEFILE, re.M)[1]))


def locked(name):
    """Return the pins of a locked set: (package, version) for each, with its hashes."""
    text = (ROOT / "requirements" / "locked" / f"{name}.txt").read_text().replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines()]
    return {
        tuple(line[0].split("==")): [w for w in line if w.startswith("--hash")] for line in lines
    }


@pytest.mark.parametrize("name", SETS)
def test_every_locked_package_has_hashes(name):
    pins = locked(name)
    assert pins
    for pin, hashes in pins.items():
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", text) for text in hashes), pin
        assert hashes, pin


@pytest.mark.parametrize("name", SETS)
def test_the_locked_versions_are_those_of_the_requirements(name):
    """After a change of a version: make lock."""
    pins = {(as_written(package), version) for package, version in locked(name)}
    for file in SETS[name].split(","):
        text = (ROOT / "requirements" / f"{file}.txt").read_text()
        wanted = re.findall(r"^([\w.-]+)(?:\[\w+\])?==([\w.]+)", text, re.M)
        assert wanted
        for package, version in wanted:
            assert package == "torch" or (as_written(package), version) in pins


def as_written(package):
    """Return the name of a package as an index writes it."""
    return re.sub(r"[-_.]+", "-", package).lower()


def test_the_extra_for_ros_holds_the_packages_of_the_pinned_set():
    messages = re.findall(r'"(\w+)"', re.search(r"^MESSAGES = (.*)$", SETUP, re.M)[1])
    extra = {"ros-jazzy-rclpy", "ros-std-srvs", *(f"ros-{kind}-msgs" for kind in messages)}
    assert extra == pinned(ROOT / "requirements" / "ros.txt") - {"numpy"}
    assert '"ros-jazzy-rclpy[fastrtps]>=7.1,<7.2"' in SETUP


def test_the_links_of_the_long_description_are_absolute():
    names: dict = {"Path": Path, "re": re, "URL": "https://example.org/p", "BRANCH": "main"}
    tree = ast.parse(SETUP)
    wanted = {"long_description", "_absolute"}
    body = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in wanted]
    exec(compile(ast.Module(body, []), "setup.py", "exec"), names)
    text = names["long_description"]()
    targets = re.findall(r'(?:\]\(|src="|href=")([^)"\s]+)', text)
    assert targets
    assert all(t.startswith(("https://", "http://", "#", "mailto:")) for t in targets)
    pictures = [t for t in targets if t.endswith((".gif", ".png"))]
    assert pictures
    assert all(t.startswith("https://example.org/p/raw/main/docs/images/") for t in pictures)


def test_an_sdist_holds_everything_that_is_in_the_repository():
    manifest = (ROOT / "MANIFEST.in").read_text()
    named = {word for line in manifest.splitlines() if line[:1] not in "#" for word in line.split()}
    folders = {path.parent.parts[0] for path in map(Path, tracked()) if path.parent.parts}
    assert {f for f in folders if not f.startswith(".")} - {"mme_ilqr_ros"} <= named
    files = {path for path in tracked() if "/" not in path and not path.startswith(".")}
    assert files - {"setup.py", "setup.cfg", "pyproject.toml", "MANIFEST.in"} <= named


def tracked():
    """Return the files that git tracks."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("no git here")
    return listed.stdout.split()
