"""Nodes as processes: how they end."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

TOPICS = Path(__file__).resolve().parents[2] / "docs" / "topics.md"


@pytest.fixture(autouse=True)
def domain(ros_domain, tmp_path, monkeypatch):
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path))


def start(node, *arguments, **variables):
    command = [sys.executable, "-m", f"mme_ilqr_ros.nodes.{node}_node", "--ros-args", *arguments]
    plain = {"RCUTILS_CONSOLE_OUTPUT_FORMAT": "[{severity}] {message}"}
    environment = {**os.environ, **plain, **variables}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.parametrize(
    ("node", "arguments", "complaint"),
    [
        ("planner", ["-p", "tolerance:=-1.0"], "tolerance = -1.0: must lie in [0.0, 100.0] m"),
        ("controller", ["-p", "variant:=best"], "variant = 'best': must be one of mme_ilqr"),
        ("simulator", ["-p", "scenario:=nowhere"], "no scenario 'nowhere'"),
        ("run_monitor", ["--params-file", "/no/file.yaml"], "--params-file /no/file.yaml"),
    ],
)
def test_unusable_input_ends_a_node_with_one_fatal_line_and_status_2(node, arguments, complaint):
    process = start(node, *arguments)
    output, _ = process.communicate(timeout=60)
    (fatal,) = [line for line in output.splitlines() if line.startswith("[FATAL]")]
    assert complaint in fatal
    assert "Traceback" not in output
    assert process.returncode == 2


@pytest.mark.parametrize("node", ["planner", "controller", "simulator", "run_monitor"])
def test_help_tells_what_a_node_is_and_starts_nothing(node):
    """Every name in the node's table of docs/topics.md is in its help."""
    module = f"mme_ilqr_ros.nodes.{node}_node"
    told = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True
    ).stdout
    _, _, section = TOPICS.read_text().partition(f"## `{node}`\n")
    names = re.findall(r"^\| (?:sub|pub|srv) \| `(.*?)` \|", section.partition("\n## ")[0], re.M)
    assert [name for name in names if name not in told] == []
    assert f"mme-ilqr params {node}" in told


def test_a_plain_argument_ends_a_node_with_one_line_and_status_2():
    process = start("planner", "--", "fast")
    output, _ = process.communicate(timeout=60)
    assert output == "planner: unrecognized arguments: fast (see planner --help)\n"
    assert process.returncode == 2


@pytest.mark.parametrize(
    ("node", "ready", "signals"),
    [
        ("simulator", ["is up"], (signal.SIGINT,) * 100),
        ("navigation", ["[INFO] ready\n", "[INFO] ready: "], (signal.SIGTERM,)),
    ],
    ids=["INT", "two nodes, TERM"],
)
def test_a_signal_ends_nodes_in_good_order_however_often_it_comes(node, ready, signals):
    process = start(node)
    said = ""
    while not all(words in said for words in ready):
        line = process.stdout.readline()
        assert line, "it ended before it was up"
        said += line
    for number in signals:
        if process.poll() is None:
            process.send_signal(number)
            time.sleep(0.002)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert not re.search(r"WARN|ERROR|FATAL|Traceback", output)


def test_a_signal_ends_a_node_that_compiles(tmp_path):
    """With empty caches, so that it compiles for long."""
    caches = dict.fromkeys(("NUMBA_CACHE_DIR", "MME_ILQR_CACHE_DIR"), str(tmp_path))
    process = start("controller", **caches)
    assert "compiling" in process.stdout.readline()
    time.sleep(0.5)
    begun = time.monotonic()
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    output, _ = process.communicate(timeout=20)
    assert time.monotonic() - begun < 2.0
    assert process.returncode == 0
    assert output == ""
