"""The script of docs/nav2.md, for an unmodified BasicNavigator, in the TurtleBot3 world."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("nav2_msgs")
pytest.importorskip("nav2_simple_commander")

from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.planner_node import PlannerNode
from mme_ilqr_ros.nodes.simulator_node import SimulatorNode

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 240.0  # s
SAID = (
    *("getPath", "getPathThroughPoses", "goToPose: SUCCEEDED", "cancelTask: CANCELED"),
    *("goThroughPoses: SUCCEEDED", "patrol 1: SUCCEEDED", "patrol 2: SUCCEEDED"),
    *("followPath: SUCCEEDED", "goToPose far out: FAILED", "error 204", "clearAllCostmaps: done"),
)


def test_every_call_of_the_script_is_answered(bench, ros_domain, tmp_path):
    [text] = re.findall(
        r"^```python\n(\"\"\".*?)^```", (ROOT / "docs/nav2.md").read_text(), re.M | re.S
    )
    script = tmp_path / "script.py"
    script.write_text(text)
    bench.add(SimulatorNode, scenario=str(ROOT / "config" / "scenarios" / "tb3_sandbox.yaml"))
    bench.add(PlannerNode, plan_patience=1.0)
    bench.add(ControllerNode, vx_max=0.6)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "ROS_DOMAIN_ID": str(ros_domain)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert bench.spin_until(lambda: process.poll() is not None, PATIENCE)
    finally:
        process.kill()
        output = process.communicate()[0]
    assert process.returncode == 0, output
    assert [line for line in SAID if line not in output] == []
