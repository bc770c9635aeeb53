"""`python -m mme_ilqr_ros sim` as a person calls it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mme_ilqr_ros.__main__ import main

WORLD = """\
name: two_metres
start: [0.0, 0.0, 0.0]
goal: [{goal}, 0.0]
timeout: 20.0
circles: []
"""


def bringup(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "mme_ilqr_ros", "sim", *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def refused(capsys, *arguments):
    """Return the one line with which a command that cannot be used ends, with status 2."""
    assert main(["sim", *map(str, arguments)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_scenario_that_does_not_exist_ends_with_one_line_and_status_2():
    run = bringup("--scenario", "tarp")
    assert run.returncode == 2
    assert run.stderr == "python -m mme_ilqr_ros sim: no scenario 'tarp': did you mean 'trap'?\n"


def test_a_malformed_scenario_ends_with_one_line_and_status_2(tmp_path, capsys):
    file = tmp_path / "broken.yaml"
    file.write_text(WORLD.format(goal="far"))
    assert "goal" in refused(capsys, "--scenario", file)


def test_a_parameter_file_that_does_not_exist_ends_with_one_line_and_status_2(tmp_path, capsys):
    assert "--params: there is no file" in refused(capsys, "--params", tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("goal", "complaint"),
    [
        ("4", "must be 'x y' or 'x y yaw' in m and rad"),
        ("1 2 3 4", "must be 'x y' or 'x y yaw' in m and rad"),
        ("here nan", "must be 'x y' or 'x y yaw' in m and rad"),
        ("100 0", "lies outside the map of trap"),
        ("2.9 0.6", "the robot would stand in an obstacle, 0.10 m away; it needs 0.20 m"),
    ],
)
def test_a_goal_that_cannot_be_used_ends_with_one_line_and_status_2(goal, complaint, capsys):
    assert refused(capsys, "--goal", goal).endswith(f"sim: goal = '{goal}': {complaint}")


def test_without_ros_one_line_says_what_to_do():
    hide = "import sys; sys.modules['rclpy'] = None; sys.argv[1:] = ['sim']; "
    code = f"{hide}import runpy; runpy.run_module('mme_ilqr_ros', run_name='__main__')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert "rclpy is missing: source a ROS 2 installation" in line


def test_an_executable_without_ros_says_in_one_line_what_to_do():
    hide = "import sys; sys.modules['rclpy'] = None; "
    code = f"{hide}from mme_ilqr_ros.nodes.executables import planner; sys.exit(planner())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr.startswith("planner: rclpy is missing: source a ROS 2 installation, or ")
    assert run.stderr.count("\n") == 1


def test_a_run_reaches_its_goal_and_leaves_its_result(tmp_path):
    pytest.importorskip("rclpy")
    world, out = tmp_path / "world.yaml", tmp_path / "out"
    world.write_text(WORLD.format(goal=2.0))
    options = ("--goal", "1.5 0.5", "--planner", "dijkstra", "--out", out)
    run = bringup("--scenario", world, *options)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "goal (1.50, 0.50) is sent" in run.stdout
    assert "two_metres: success after" in run.stdout
    assert json.loads((out / "result.json").read_text())["outcome"] == "success"
    assert {file.name for file in (out / "log").iterdir()} == {
        "simulator.log",
        "planner.log",
        "controller.log",
        "safety.log",
        "run_monitor.log",
    }


def test_a_parameter_out_of_range_ends_the_run_with_status_2(tmp_path):
    pytest.importorskip("rclpy")
    params = tmp_path / "params.yaml"
    params.write_text("/**/controller:\n  ros__parameters:\n    vx_max: -1.0\n")
    run = bringup("--params", params, "--out", tmp_path)
    assert run.returncode == 2
    assert ": fatal: vx_max = -1.0: must lie in" in run.stdout  # of the first that reads it
    assert "Traceback" not in run.stdout + run.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_node_behind(tmp_path, number):
    pytest.importorskip("rclpy")
    mark = f"MARK={tmp_path}"
    process = subprocess.Popen(
        [sys.executable, "-m", "mme_ilqr_ros", "sim", "--planner", "none", "--out", tmp_path],
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
    assert "stopping the nodes" in output
    assert not [pid for pid in Path("/proc").glob("[0-9]*") if mark in environment_of(pid)]


def restore_interrupts():
    """A process started in the background of a shell would ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def environment_of(process):
    try:
        return (process / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []
