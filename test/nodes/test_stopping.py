"""A node that is told to stop leaves cleanly, however often it is told."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "numbers", [(signal.SIGINT,) * 200, (signal.SIGTERM,)], ids=["INT", "TERM"]
)
def test_a_node_leaves_with_status_0(numbers, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "mme_ilqr_ros.nodes.simulator_node"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]),
            "PYTHONUNBUFFERED": "1",
            "RCUTILS_LOGGING_USE_STDOUT": "1",
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            "ROS_DOMAIN_ID": str(random.SystemRandom().randint(1, 101)),
            "ROS_LOG_DIR": str(tmp_path),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = ""
    while "is up" not in said:
        line = process.stdout.readline()
        assert line, f"it ended before it was up: {said}"
        said += line
    for number in numbers:
        if process.poll() is None:
            process.send_signal(number)
            time.sleep(0.005)
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
