"""The tutorial of docs/own_drives.md runs: nodes, record, learning, nodes; shortened."""

import json

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("mcap")
pytest.importorskip("rosbags")

from mme_ilqr_ros.geometry.map_file import load_map
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.resources import share_path
from studies import drives_tutorial, lanes_picture
from studies.__main__ import main


@pytest.mark.slow
def test_the_robot_plans_otherwise_after_the_drives(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(drives_tutorial, "STOPS", drives_tutorial.STOPS[:6])
    assert main(["drives_tutorial", "--out", str(tmp_path), "--hand-speed", "1.5"]) == 0
    assert "used: 5 drives" in capfd.readouterr().out
    for name in ("before", "after"):
        assert json.loads((tmp_path / name / "result.json").read_text())["outcome"] == "success"
    start, goal = (tuple(map(float, text.split()[:2])) for text in drives_tutorial.QUERY)
    grid, highest = load_map(share_path("config", "maps", "depot.yaml")), []
    for weights in ("clearance", str(tmp_path / "depot" / "depot.safetensors")):
        planner = GlobalPlanner(PlannerSettings(robot_radius=0.22, weights=weights))
        highest.append(planner.plan(grid, start, goal).path.points[:, 1].max())
    assert highest[0] < 7.5  # along the shelves
    assert highest[1] > 8.0  # through the hall


def test_the_owner_of_the_tutorial_keeps_off_the_shelves():
    (left, right), (low, high) = drives_tutorial.FRONTS
    for points in drives_tutorial.wanted_paths():
        x, y = points.T
        inside = (x > left) & (x < right) & (y > low) & (y < high)
        assert np.hypot(*np.diff(points, axis=0).T)[inside[1:]].sum() < 3.0


def test_the_picture_of_lanes_is_drawn(tmp_path):
    lanes_picture.draw(tmp_path / "lanes.png")
    assert (tmp_path / "lanes.png").stat().st_size > 10_000
