"""`python -m mme_ilqr_ros.bringup` as a person calls it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_node_behind(tmp_path, number):
    pytest.importorskip("rclpy")
    mark = f"MARK={tmp_path}"
    process = subprocess.Popen(
        [sys.executable, "-m", "mme_ilqr_ros.bringup", "--planner", "none", "--out", tmp_path],
        env={**os.environ, "MARK": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=restore_interrupts,
    )
    for line in process.stdout:
        if "ROS_DOMAIN_ID" in line:
            break
    time.sleep(1.0)
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted; the nodes are told to stop" in output
    assert not [pid for pid in Path("/proc").glob("[0-9]*") if mark in environment_of(pid)]


def restore_interrupts():
    """A process started in the background of a shell would ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def environment_of(process):
    try:
        return (process / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []
