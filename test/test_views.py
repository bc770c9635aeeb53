"""The views for RViz and Foxglove, and the recorder, name topics that exist."""

import json
import re
from pathlib import Path

import pytest
import yaml

from mme_ilqr_ros.parameters.record import TOPICS

ROOT = Path(__file__).resolve().parents[1]
FROM_OUTSIDE = {"tf", "tf_static", "clicked_point"}


def documented():
    """Return the topics in the tables of docs/topics.md, without namespace."""
    names, node = set(FROM_OUTSIDE), ""
    for line in (ROOT / "docs" / "topics.md").read_text().splitlines():
        if heading := re.match(r"## (?:`(\w+)`)?", line):
            node = heading[1] or ""
        elif row := re.match(r"\| (?:pub|sub) \| `([^`]+)`", line):
            names.add(row[1].replace("~", node))
    return names


def strings_in(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, *strings_in(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from strings_in(inner)
    elif isinstance(value, str):
        yield value


def topics_of(view):
    """Return the topics that a view names; services are no topics."""
    text = (ROOT / view).read_text()
    document = json.loads(text) if view.endswith(".json") else yaml.safe_load(text)
    found = {text[1:].split(".")[0] for text in strings_in(document) if text.startswith("/")}
    return found - {"planner/cancel"}


@pytest.mark.parametrize("view", ["rviz/mme_ilqr.rviz", "foxglove/mme_ilqr.json"])
def test_a_view_names_topics_that_exist(view):
    found = topics_of(view)
    assert {"map", "plan", "local_plan", "scan", "evidence", "goal_pose"} <= found
    assert {"controller/candidate_trajectories", "controller/tracks"} <= found
    assert found - documented() == set()


def test_what_is_recorded_exists():
    assert set(TOPICS) - documented() == set()


def test_every_topic_of_the_views_is_brought_into_a_namespace_and_recorded():
    pytest.importorskip("launch_ros")
    from mme_ilqr_ros.bringup.launching import RVIZ_TOPICS

    assert {f"/{name}" for name in topics_of("rviz/mme_ilqr.rviz")} == set(dict(RVIZ_TOPICS))
