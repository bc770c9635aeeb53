"""The documents name functions, parameters, topics, lines and files that exist."""

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest
import yaml

from mme_ilqr_ros.control.extensions import extended
from mme_ilqr_ros.parameters.verb import NODES
from mme_ilqr_ros.settings import build, table
from studies import architecture
from studies.kept import RESULTS, read_kept
from studies.tables import stale_pages

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "mme_ilqr_ros"
DOCS = REPOSITORY / "docs"
PAGES = sorted([*DOCS.glob("*.md"), REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md"])
CLAIMS = REPOSITORY / RESULTS / "claims.json"
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


def test_every_function_of_the_method_exists():
    """A path in the docs starts in the package or, as `studies/...`, in the repository."""
    mapped = {
        match
        for page in ("method.md", "family.md")
        for match in re.findall(r"`([\w/]+\.py)::([\w.]+)`", text_of(DOCS / page))
    }
    assert len(mapped) > 40
    missing = [
        f"{file}::{name}"
        for file, name in sorted(mapped)
        if not any(
            (root / file).is_file() and name in names_of(tree_of(root / file).body)
            for root in (PACKAGE, REPOSITORY)
        )
    ]
    assert missing == []


# ---- parameters ----


def test_tuning_speaks_of_parameters_that_exist():
    parameters = {row.name for settings in NODES.values() for row in table(settings)}
    spoken_of = set(re.findall(r"`([a-z][a-z0-9_.]*)`", text_of(DOCS / "tuning.md")))
    assert len(spoken_of) > 30
    assert spoken_of - parameters == set()


def test_parameter_files_in_documents_are_accepted(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(REPOSITORY / "examples" / "my_robot_package"))
    monkeypatch.syspath_prepend(str(tmp_path))
    own = text_of(DOCS / "tutorial_own_cost.md")
    costs = re.search(r"^# my_costs\.py\n.*?^```", own, re.M | re.S)
    (tmp_path / "my_costs.py").write_text(costs[0].removesuffix("```"), encoding="utf-8")
    blocks = [
        block
        for page in PAGES
        for block in re.findall(r"^```yaml\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL)
    ]
    assert blocks
    for block in blocks:
        for node, content in yaml.safe_load(block).items():
            name, values = node.rsplit("/", 1)[-1], dict(dotted(content["ros__parameters"]))
            kind = NODES[name] if name != "controller" else extended(NODES[name], values)
            build(kind, values)


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
    """Return (kind, topic, QoS) of every publisher, subscription and service in a node's code.

    That is its module, and those of the nodes that it imports.
    """
    kinds = {"create_publisher": "pub", "create_subscription": "sub", "create_service": "srv"}
    found, file = set(), PACKAGE / "nodes" / f"{node}_node.py"
    imported = re.findall(r"mme_ilqr_ros\.nodes\.(\w+) ", text_of(file))
    modules = [file.with_name(f"{name}.py") for name in imported]  # nav2 is a folder, see nav2.md
    files = [file, *filter(Path.is_file, modules)]
    for call in (call for part in files for call in ast.walk(tree_of(part))):
        if not isinstance(call, ast.Call):
            continue
        is_polled = isinstance(call.func, ast.Name) and call.func.id == "PolledInput"
        if is_polled and isinstance(call.args[2], ast.Constant):
            found.add(("sub", call.args[2].value, call.args[3].id))
        is_method = isinstance(call.func, ast.Attribute) and call.func.attr in kinds
        if is_method and isinstance(call.args[1], ast.Constant):  # scans have names of their own
            last = call.args[-1]
            profile = last.id if isinstance(last, ast.Name) and last.id.isupper() else ""
            found.add((kinds[call.func.attr], call.args[1].value, profile))
    return found


def test_topics_are_those_of_the_code():
    for node in ("planner", "controller", "simulator", "safety"):
        rows = rows_of(sections(text_of(DOCS / "topics.md"))[node])
        written = {
            (row[0], row[1].strip("`"), row[3]) for row in rows if row[0] in ("pub", "sub", "srv")
        }
        assert written == connections(node), node


def test_actions_of_nav2_are_those_of_the_code():
    makers = {"GoalServer", "_Route", "_server", "create_service"}
    served = {
        argument.value
        for path in (PACKAGE / "nodes" / "nav2").glob("*.py")
        for call in ast.walk(tree_of(path))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", getattr(call.func, "attr", "")) in makers
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    rows = rows_of(text_of(DOCS / "nav2.md"))
    written = {row[1].strip("`") for row in rows if row[0] in ("action", "service")}
    assert len(served) == 6
    behaviors = {"spin", "backup", "drive_on_heading", "wait"}  # served from a table
    code = text_of(PACKAGE / "nodes" / "nav2" / "behaviors.py")
    assert all(f'("{name}", ' in code for name in behaviors)
    assert served | behaviors == written


def test_the_obstacles_message_has_the_documented_layout():
    pytest.importorskip("sensor_msgs")
    from mme_ilqr_ros.nodes.clouds import CIRCLE

    kinds = {"FLOAT32": "<f4", "UINT32": "<u4"}
    rows = [row for row in rows_of(text_of(DOCS / "topics.md")) if row[2] in kinds]
    written = [(row[0].strip("`"), int(row[1]), kinds[row[2]]) for row in rows]
    assert written == [(n, CIRCLE.fields[n][1], CIRCLE.fields[n][0].str) for n in CIRCLE.names]
    assert f"`point_step` is {CIRCLE.itemsize}" in text_of(DOCS / "topics.md")


# ---- troubleshooting.md ----


@lru_cache
def strings_of_the_code():
    """Return every string of the package, parts of one literal joined, and the Makefile."""
    texts = [text_of(REPOSITORY / "Makefile")]
    for path in (REPOSITORY / "setup.py", *PACKAGE.rglob("*.py")):
        nodes = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.Constant)]
        texts += [node.value for node in nodes if isinstance(node.value, str)]
    return texts


def lines_of_troubleshooting():
    cells = [row[0] for row in rows_of(text_of(DOCS / "troubleshooting.md"))]
    return sorted({line for cell in cells for line in re.findall(r"`([^`]+)`", cell)})


def test_every_line_is_one_that_the_code_says():
    parts = {part.strip("'") for line in lines_of_troubleshooting() for part in line.split("…")}
    unsaid = {part for part in parts if not any(part in text for text in strings_of_the_code())}
    assert unsaid == set()


def test_every_status_has_its_line():
    from mme_ilqr_ros.control.controller import ControlStatus
    from mme_ilqr_ros.planning.result import PlanStatus

    lines = set(lines_of_troubleshooting())
    drives = ControlStatus.DRIVING.value
    assert {s.value for s in (*ControlStatus, *PlanStatus)} - {drives} <= lines


# ---- links, pictures, commands ----


def test_links_lead_to_files_and_headings_that_exist():
    links = [
        (page, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page))
        if not target.startswith(("http://", "https://"))
    ]
    assert [f"{page.name}: {target}" for page, target in links if not leads(page, target)] == []


def leads(page, target):
    """Return whether a link of a page leads to a file and, if it names one, to a heading in it."""
    file, _, anchor = target.partition("#")
    goal = (page.parent / file) if file else page
    return goal.exists() and (not anchor or anchor in anchors(text_of(goal)))


def anchors(text):
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def test_pictures_are_small_and_used():
    pictures = sorted((DOCS / "images").iterdir())
    assert [path.name for path in pictures if path.stat().st_size >= LARGEST_PICTURE] == []
    pages = "".join(text_of(page) for page in PAGES)
    assert [path.name for path in pictures if f"images/{path.name}" not in pages] == []


def test_the_readme_opens_with_a_picture():
    first = text_of(REPOSITORY / "README.md").split("\n\n")[1]
    assert first.startswith("![")


def commands(pattern):
    """Return what the pattern finds in the lines of all pages."""
    return [hit for page in PAGES for hit in re.findall(pattern, text_of(page), re.MULTILINE)]


def test_make_commands_are_ones_that_exist():
    makefile = text_of(REPOSITORY / "Makefile")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    variables = set(re.findall(r"\$\(([A-Z]+)\)", makefile))
    found = commands(r"^(?:\$ )?make ([a-z]+)(.*)$")
    assert {target for target, _ in found} <= targets
    assert {name for _, rest in found for name in re.findall(r"([A-Z]+)=", rest)} <= variables


def test_launch_commands_name_files_and_arguments_that_exist():
    launch = "".join(text_of(path) for path in (REPOSITORY / "launch").glob("*.py"))
    launch += text_of(PACKAGE / "bringup" / "launching.py")
    launch += text_of(PACKAGE / "bringup" / "system.py")
    for command in commands(r"^ros2 launch mme_ilqr_ros (.*)$"):
        file, *arguments = command.split()
        assert (REPOSITORY / "launch" / file).is_file()
        for argument in arguments:
            assert f'"{argument.split(":=")[0]}"' in launch, argument


def test_the_docs_list_every_scenario_and_example():
    driven = text_of(DOCS / "lidar.md")
    for path in (REPOSITORY / "config" / "scenarios").glob("*.yaml"):
        assert f"| `{path.stem}`" in driven
    examples = text_of(DOCS / "architecture.md")
    for path in (REPOSITORY / "examples").glob("*.py"):
        assert f"examples.{path.stem}" in examples


def test_the_readme_is_short_and_its_python_runs(capsys):
    readme = text_of(REPOSITORY / "README.md")
    assert len(readme.split()) < 1000
    (code,) = re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    exec(code, {})
    status, vx, _, shape = capsys.readouterr().out.split(maxsplit=3)
    assert status == "driving"
    assert float(vx) > 0.0
    assert shape.startswith("(8, ")


# ---- results ----


def test_tables_and_figures_are_those_of_the_results():
    assert [path.name for path in stale_pages(REPOSITORY)] == []  # python -m studies tables --write


def test_every_result_is_shown_and_says_where_it_comes_from():
    kept = read_kept(REPOSITORY / RESULTS)
    pages = "".join(text_of(page) for page in PAGES)
    hidden = {name for name in kept if f"<!-- {name}: begin -->" not in pages}
    assert {name for name in hidden if f"{{{name}[" not in text_of(CLAIMS)} == set()
    assert [name for name, one in kept.items() if not one.command and name != "claims"] == []


def test_the_picture_of_the_architecture_shows_what_the_code_does(monkeypatch):
    assert architecture.untrue() == []
    invented = ("wishes", "planner", "controller", (0, 0), (1, 1), None)
    monkeypatch.setattr(architecture, "TOPICS", (invented,))
    assert architecture.untrue() == ["planner publishes wishes", "controller subscribes to wishes"]
