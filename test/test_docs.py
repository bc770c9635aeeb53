"""The documents name functions, parameters, topics, lines and files that exist."""

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "mme_ilqr_ros"
DOCS = REPOSITORY / "docs"
PAGES = sorted([*DOCS.glob("*.md"), REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md"])
LARGEST_PICTURE = 1_500_000  # bytes


def text_of(path):
    return path.read_text(encoding="utf-8")


def rows_of(text):
    """Return the cells of every table row; `|` never occurs inside a cell."""
    lines = [line.strip() for line in text.splitlines()]
    return [[c.strip() for c in line.strip("|").split("|")] for line in lines if line[:1] == "|"]


@lru_cache
def tree_of(path):
    return ast.parse(text_of(path))


# ---- method.md, family.md ----


def names_of(body, prefix=""):
    names = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(prefix + node.name)
            names |= names_of(node.body, f"{prefix}{node.name}.")
    return names


FUNCTIONS = sorted(
    {
        match
        for page in ("method.md", "family.md")
        for match in re.findall(r"`([\w/]+\.py)::([\w.]+)`", text_of(DOCS / page))
    }
)


def test_method_maps_many_functions():
    assert len(FUNCTIONS) > 40


@pytest.mark.parametrize(("file", "name"), FUNCTIONS)
def test_every_function_of_the_method_exists(file, name):
    assert name in names_of(tree_of(PACKAGE / file).body)


# ---- parameters ----


@pytest.fixture(scope="module")
def settings_of():
    """Return the settings class of every node, by name of the node."""
    pytest.importorskip("rclpy")
    from mme_ilqr_ros.parameters.files import NODES

    return NODES


@pytest.fixture(scope="module")
def parameters(settings_of):
    """Return the names of all parameters of all nodes."""
    from mme_ilqr_ros.settings import table

    return {row.name for settings in settings_of.values() for row in table(settings)}


def test_tuning_speaks_of_parameters_that_exist(parameters):
    spoken_of = set(re.findall(r"`([a-z][a-z0-9_.]*)`", text_of(DOCS / "tuning.md")))
    assert len(spoken_of) > 30
    assert spoken_of - parameters == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_parameter_files_in_documents_are_accepted(page, settings_of):
    from mme_ilqr_ros.settings import build

    for block in re.findall(r"^```yaml\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL):
        for node, content in yaml.safe_load(block).items():
            values = dict(dotted(content["ros__parameters"]))
            build(settings_of[node.rsplit("/", 1)[-1]], values)


def dotted(values, prefix=""):
    for key, value in values.items():
        if isinstance(value, dict):
            yield from dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


# ---- topics.md ----


def sections(text):
    """Return the text under each `## ` heading, by its first back-quoted word."""
    parts = re.split(r"^## `(\w+)`$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def connections(node):
    """Return (kind, topic, QoS) of every publisher, subscription and service in a node's code."""
    kinds = {"create_publisher": "pub", "create_subscription": "sub", "create_service": "srv"}
    found = set()
    for call in ast.walk(tree_of(PACKAGE / "nodes" / f"{node}_node.py")):
        is_method = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if is_method and call.func.attr in kinds:
            last = call.args[-1]
            profile = last.id if isinstance(last, ast.Name) else ""
            found.add((kinds[call.func.attr], call.args[1].value, profile))
    return found


@pytest.mark.parametrize("node", ["planner", "controller", "simulator"])
def test_topics_are_those_of_the_code(node):
    table = rows_of(sections(text_of(DOCS / "topics.md"))[node])
    written = {
        (row[0], row[1].strip("`"), row[3]) for row in table if row[0] in ("pub", "sub", "srv")
    }
    assert written == connections(node)


def test_the_obstacles_message_has_the_documented_layout():
    pytest.importorskip("sensor_msgs")
    from mme_ilqr_ros.nodes.obstacle_cloud import ROW

    kinds = {"FLOAT32": "<f4", "UINT32": "<u4"}
    table = [row for row in rows_of(text_of(DOCS / "topics.md")) if row[2] in kinds]
    written = [(row[0].strip("`"), int(row[1]), kinds[row[2]]) for row in table]
    assert written == [(n, ROW.fields[n][1], ROW.fields[n][0].str) for n in ROW.names]
    assert f"`point_step` is {ROW.itemsize}" in text_of(DOCS / "topics.md")


# ---- troubleshooting.md ----


@lru_cache
def strings_of_the_code():
    """Return every string of the package, parts of one literal joined, and the Makefile."""
    texts = [text_of(REPOSITORY / "Makefile")]
    for path in PACKAGE.rglob("*.py"):
        nodes = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.Constant)]
        texts += [node.value for node in nodes if isinstance(node.value, str)]
    return texts


def lines_of_troubleshooting():
    cells = [row[0] for row in rows_of(text_of(DOCS / "troubleshooting.md"))]
    return sorted({line for cell in cells for line in re.findall(r"`([^`]+)`", cell)})


@pytest.mark.parametrize("line", lines_of_troubleshooting())
def test_every_line_is_one_that_the_code_says(line):
    for part in filter(None, (part.strip("'") for part in line.split("…"))):
        assert any(part in text for text in strings_of_the_code()), part


def test_every_status_has_its_line():
    from mme_ilqr_ros.control.controller import ControlStatus
    from mme_ilqr_ros.planning.result import PlanStatus

    lines = set(lines_of_troubleshooting())
    drives = ControlStatus.DRIVING.value
    assert {s.value for s in (*ControlStatus, *PlanStatus)} - {drives} <= lines


# ---- links, pictures, commands ----


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings_that_exist(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        goal = (page.parent / file) if file else page
        assert goal.exists(), target
        if anchor:
            assert anchor in anchors(text_of(goal)), target


def anchors(text):
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("picture", sorted((DOCS / "images").iterdir()), ids=lambda p: p.name)
def test_pictures_are_small_and_used(picture):
    assert picture.stat().st_size < LARGEST_PICTURE
    assert any(f"images/{picture.name}" in text_of(page) for page in PAGES)


def test_the_readme_opens_with_a_picture():
    first = text_of(REPOSITORY / "README.md").split("\n\n")[1]
    assert first.startswith("![")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_ones_that_exist(page):
    makefile = text_of(REPOSITORY / "Makefile")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    variables = set(re.findall(r"^([A-Z]+) \?=", makefile, re.MULTILINE))
    for target, settings in re.findall(r"^(?:\$ )?make ([a-z]+)(.*)$", text_of(page), re.MULTILINE):
        assert target in targets
        assert set(re.findall(r"([A-Z]+)=", settings)) <= variables
    launch = "".join(text_of(path) for path in (REPOSITORY / "launch").glob("*.py"))
    launch += text_of(PACKAGE / "bringup" / "launching.py")
    for command in re.findall(r"^ros2 launch mme_ilqr_ros (.*)$", text_of(page), re.MULTILINE):
        file, *arguments = command.split()
        assert (REPOSITORY / "launch" / file).is_file()
        for argument in arguments:
            assert f'"{argument.split(":=")[0]}"' in launch, argument


def test_the_readme_lists_every_scenario_and_example():
    readme = text_of(REPOSITORY / "README.md")
    for path in (REPOSITORY / "config" / "scenarios").glob("*.yaml"):
        assert f"| `{path.stem}`" in readme
    for path in (REPOSITORY / "examples").glob("*.py"):
        assert f"examples.{path.stem}" in readme
