import math
from pathlib import Path

import pytest
import yaml

from mme_ilqr_ros.parameters import verb
from mme_ilqr_ros.settings import STRINGS, table

ROOT = Path(verb.__file__).resolve().parents[2]


def flat(block, prefix=""):
    """Return a nested block by dotted names."""
    values = {}
    for name, value in block.items():
        if isinstance(value, dict):
            values |= flat(value, f"{prefix}{name}.")
        else:
            values[f"{prefix}{name}"] = value
    return values


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (verb.YAML_FILE, verb.yaml_text),
        (verb.DOC_FILE, verb.doc_text),
    ],
)
def test_committed_files_are_what_the_declaration_says(file, text):
    """If this fails: `make params`."""
    if not (ROOT / file).is_file():
        pytest.skip("the package under test is installed")
    assert (ROOT / file).read_text() == text()


@pytest.mark.parametrize("node", verb.NODES)
def test_the_file_holds_every_parameter_with_its_default_and_type(node):
    document = yaml.safe_load(verb.yaml_text())
    values = flat(document[f"/**/{node}"]["ros__parameters"])
    rows = table(verb.NODES[node])
    assert list(values) == [row.name for row in rows]
    for row in rows:
        value = values[row.name]
        if row.kind == STRINGS:
            assert row.check(value) == row.default
            continue
        assert type(value) is row.kind, f"{row.name} would have another type in ROS"
        assert value == row.default or math.isclose(value, row.default)


def test_every_line_fits_the_width():
    assert max(map(len, verb.yaml_text().splitlines())) <= 100
