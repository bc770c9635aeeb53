"""`python -m mme_ilqr_ros.bringup` as a person calls it."""

import json
import os
import subprocess
import sys

import pytest

WORLD = """\
name: two_metres
start: [0.0, 0.0, 0.0]
goal: [{goal}, 0.0]
timeout: 20.0
circles: []
"""


def bringup(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "mme_ilqr_ros.bringup", *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_scenario_that_does_not_exist_ends_with_one_line_and_status_2():
    run = bringup("--scenario", "tarp")
    assert run.returncode == 2
    assert run.stderr == "bringup: no scenario 'tarp': did you mean 'trap'?\n"


def test_a_malformed_scenario_ends_with_one_line_and_status_2(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text(WORLD.format(goal="far"))
    run = bringup("--scenario", file)
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert "goal" in line


def test_a_parameter_file_that_does_not_exist_ends_with_one_line_and_status_2(tmp_path):
    run = bringup("--params", tmp_path / "none.yaml")
    assert run.returncode == 2
    assert run.stderr.startswith("bringup: --params: there is no file")


def test_a_run_reaches_its_goal_and_leaves_its_result(tmp_path):
    pytest.importorskip("rclpy")
    world, out = tmp_path / "world.yaml", tmp_path / "out"
    world.write_text(WORLD.format(goal=2.0))
    run = bringup("--scenario", world, "--planner", "dijkstra", "--out", out)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "two_metres: success after" in run.stdout
    assert json.loads((out / "result.json").read_text())["outcome"] == "success"
    assert {file.name for file in (out / "log").iterdir()} == {
        "simulator.log",
        "planner.log",
        "controller.log",
        "run_monitor.log",
    }


def test_a_parameter_out_of_range_ends_the_run_with_status_2(tmp_path):
    pytest.importorskip("rclpy")
    params = tmp_path / "params.yaml"
    params.write_text("/**/controller:\n  ros__parameters:\n    vx_max: -1.0\n")
    run = bringup("--params", params, "--out", tmp_path)
    assert run.returncode == 2
    assert "controller: fatal: vx_max = -1.0: must lie in" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr
