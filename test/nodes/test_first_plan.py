"""From the start of the planner's process to its first plan, as a robot sees it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage

from mme_ilqr_ros.geometry.map_file import load_map
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.node import LATCHED
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.resources import share_path

LARGEST = 3.0  # s of processor time: half of it on an idle machine; an import of torch is more


@pytest.fixture
def planner_process(bench):
    GlobalPlanner(PlannerSettings()).warm_up()  # what is compiled once on a machine is compiled
    command = [sys.executable, "-m", "mme_ilqr_ros.nodes.planner_node"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    yield process
    process.terminate()
    process.wait(timeout=20.0)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads Linux's /proc")
def test_the_first_plan_comes_soon_and_without_torch(bench, planner_process):
    plans = bench.collect(PathMessage, "plan", LATCHED)
    odom, goal = bench.publisher(Odometry, "odom"), bench.publisher(PoseStamped, "goal_pose")
    grid = load_map(share_path("config", "maps", "tb3_sandbox.yaml"))
    stamp = bench.node.get_clock().now().to_msg()
    maps = bench.publisher(OccupancyGrid, "map", LATCHED)
    maps.publish(convert.occupancy_message(grid, stamp, "map"))
    state = RobotState(-2.0, -0.5, 0.0)

    def send():  # more than once: the process may see this one later than it is seen
        now = bench.node.get_clock().now().to_msg()
        odom.publish(convert.odometry_message(state, now, "odom", "base_link"))
        goal.publish(convert.pose_stamped(Pose(1.5, 0.5, 0.0), now, "map"))

    bench.node.create_timer(0.1, send)
    assert bench.spin_until(lambda: plans, 60.0)
    process = Path("/proc", str(planner_process.pid))
    ticks = (process / "stat").read_text().rpartition(")")[2].split()[11:13]
    assert sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK") < LARGEST
    loaded = (process / "maps").read_text()
    assert len(plans[0].poses) > 10
    for library in ("torch", "casadi", "matplotlib"):
        assert f"/{library}/" not in loaded
