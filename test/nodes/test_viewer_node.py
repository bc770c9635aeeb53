"""Running nodes on a web page: what they say is shown, and a click is a goal."""

import asyncio
import json

import numpy as np
import pytest

pytest.importorskip("rclpy")
aiohttp = pytest.importorskip("aiohttp")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped, PoseWithCovarianceStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from sensor_msgs.msg import LaserScan, PointCloud2
from visualization_msgs.msg import MarkerArray

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes.clouds import circles_cloud
from mme_ilqr_ros.nodes.conversions import occupancy_message, odometry_message, path_message
from mme_ilqr_ros.nodes.markers import Candidates, candidate_markers
from mme_ilqr_ros.nodes.node import LATCHED, STANDARD
from mme_ilqr_ros.nodes.viewer_node import ViewerNode


@pytest.fixture
def viewer(bench):
    node = bench.add(ViewerNode)
    yield node
    node.stop()


def page_of(viewer, *commands):
    """Open the page's socket, send commands; return the opening and the next messages."""

    async def talk():
        address, _, token = viewer.url.partition("/?token=")
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(f"{address}/socket?token={token}", origin=address) as socket,
        ):
            for command in commands:
                await socket.send_str(json.dumps(command))
            messages = []
            while not any(message["kind"] == "frame" for message in messages[5:]):
                messages.append(json.loads(await socket.receive_str()))
            return {message["kind"]: message for message in messages}

    return asyncio.run(asyncio.wait_for(talk(), 10.0))


def test_what_the_nodes_say_is_on_the_page_and_a_click_is_a_goal(bench, viewer):
    stamp = bench.node.get_clock().now().to_msg()
    heard = {}
    for kind, topic in ((PoseStamped, "goal_pose"), (PoseWithCovarianceStamped, "initialpose")):
        bench.node.create_subscription(kind, topic, lambda m, t=topic: heard.update({t: m}), 10)
    grid = GridMap(np.eye(8, dtype=bool), 0.5, Pose(-2.0, -2.0, 0.0))
    plan = np.array([[0.0, 0.0], [1.0, 0.5]])
    lines = [np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 0.0], [0.0, 1.0]])]
    modes = Candidates(lines, np.array([0.25, 0.75]), np.array([True, True]), 1, False)
    scan = LaserScan(range_min=0.1, range_max=10.0, angle_max=1.5, angle_increment=0.5)
    scan.header.frame_id, scan.header.stamp = "base_link", stamp
    scan.ranges = [1.0, float("inf"), 2.0, 3.0]
    said = DiagnosticArray(status=[DiagnosticStatus(name="controller", message="stuck: a wall")])
    said.status[0].level = DiagnosticStatus.WARN
    sent = [
        ("map", occupancy_message(grid, stamp, "map"), LATCHED),
        ("odom", odometry_message(RobotState(1.0, 0.0, 0.0, 0.5), stamp, "map", "base_link"), 10),
        ("plan", path_message(plan, np.zeros(2), stamp, "map"), LATCHED),
        ("obstacles", circles_cloud(np.array([[1.0, 2.0, 0.3, 0.0, 0.5]]), stamp, "map"), 10),
        ("controller/candidate_trajectories", candidate_markers(modes, stamp, "map"), 10),
        ("scan", scan, 10),
        ("diagnostics", said, 10),
    ]
    kinds = (OccupancyGrid, Odometry, PathMessage, PointCloud2, MarkerArray, LaserScan)
    publishers = [
        bench.publisher(kind, topic, profile if profile is LATCHED else STANDARD)
        for kind, (topic, _, profile) in zip((*kinds, DiagnosticArray), sent, strict=True)
    ]
    bench.connect(*publishers)
    for publisher, (_, message, _) in zip(publishers, sent, strict=True):
        publisher.publish(message)
    frame = {}
    assert bench.spin_until(
        lambda: (
            {"hits", "modes", "robot"} <= viewer._viewed._frame.keys()
            and viewer._viewed._frame["status"] == "STUCK"
            and viewer._viewed._frame["modes"]
            and viewer._viewed._frame["circles"]
        )
    )
    commands = {"do": "goal", "x": 1.5, "y": -1.0}, {"do": "pose", "x": 0.0, "y": 1.0, "yaw": 0.5}
    shown = page_of(viewer, *commands, {"do": "goal", "x": "left", "y": 0})
    assert shown["world"]["grid"]["rows"] == 8
    assert shown["plan"]["points"] == [0, 0, 1000, 500]
    assert shown["said"]["line"] == "x: must be a number, not 'left'"
    frame = shown["frame"]
    assert frame["robot"][:2] == [1.0, 0.0]
    assert frame["words"].startswith("stuck: a wall")
    assert frame["circles"] == [1000, 2000, 300, 0, 500]
    assert frame["modes"]["weights"] == [0.25, 0.75]
    assert frame["hits"][:2] == [2000, 0]
    assert len(frame["hits"]) == 6
    assert bench.spin_until(lambda: heard.keys() == {"goal_pose", "initialpose"})
    assert heard["goal_pose"].pose.position.x == 1.5
    assert heard["goal_pose"].header.frame_id == "map"
    assert heard["initialpose"].pose.pose.position.y == 1.0
