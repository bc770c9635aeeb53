"""Messages of millions of numbers, and what takes long: commands and the stop keep their time."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

pytest.importorskip("rclpy")

from geometry_msgs.msg import Twist
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from rclpy.serialization import serialize_message

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes import cdr, controller_inputs, plan_message
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.node import LATCHED
from mme_ilqr_ros.nodes.threads import Background

FREE = GridMap.empty(8.0, 8.0, 0.1, Pose(-2.0, -4.0, 0.0))
TIMEOUT = 0.3  # s


class Stand:
    """What is around a controller, and the commands that come from it with their times."""

    def __init__(self, bench):
        self.bench = bench
        self.commands = []
        bench.node.create_subscription(Twist, "cmd_vel", self._take, 10)
        self.odom = bench.publisher(Odometry, "odom")
        self.map = bench.publisher(OccupancyGrid, "map", LATCHED)
        self.plan = bench.publisher(PathMessage, "plan", LATCHED)
        self.odom_on = True
        bench.node.create_timer(0.02, self._send_odometry)

    def _take(self, message):
        self.commands.append((time.monotonic(), message.linear.x))

    def _send_odometry(self):
        if self.odom_on:
            state = RobotState(0.0, 0.0, 0.0, 0.5, 0.0)
            self.odom.publish(convert.odometry_message(state, self.stamp(), "odom", "base_link"))

    def stamp(self):
        return self.bench.node.get_clock().now().to_msg()

    def drives(self):
        """Send a small map and a plan; return whether the robot is driven."""
        self.bench.connect(self.odom, self.map, self.plan)
        self.map.publish(convert.occupancy_message(FREE, self.stamp(), "map"))
        points = np.array([[0.0, 0.0], [4.0, 0.0]])
        self.plan.publish(convert.path_message(points, np.zeros(2), self.stamp(), "map"))
        return self.bench.spin_until(lambda: any(vx > 0.2 for _, vx in self.commands))


def test_zero_comes_within_the_timeout_though_a_callback_hangs(bench, monkeypatch):
    """The controller's executor is the bench's: what is not spun hangs."""
    stand = Stand(bench)
    node = bench.add(ControllerNode, mme__n_modes=2, odom_timeout=TIMEOUT)
    assert stand.drives()
    published = []
    monkeypatch.setattr(
        node._command._publisher, "publish", lambda m: published.append((time.monotonic(), m))
    )
    time.sleep(3.0 * TIMEOUT)
    stops = [at for at, message in published if message == Twist()]
    assert len(stops) > 3
    assert len(stops) == len(published)


def test_the_first_zero_is_not_later_than_the_timeout(bench, monkeypatch):
    stand = Stand(bench)
    node = bench.add(ControllerNode, mme__n_modes=2, odom_timeout=TIMEOUT)
    assert stand.drives()
    last = time.monotonic() - node._inputs.odometry_age
    stops = []
    monkeypatch.setattr(
        node._command._publisher, "publish", lambda _: stops.append(time.monotonic())
    )
    time.sleep(2.0 * TIMEOUT)
    assert stops[0] - last == pytest.approx(TIMEOUT, abs=0.05)


def test_commands_go_on_while_a_map_is_read(bench, monkeypatch):
    stand = Stand(bench)
    bench.add(ControllerNode, mme__n_modes=2, controller_frequency=20.0)
    assert stand.drives()
    build, is_read = controller_inputs.build_distance_field, threading.Event()

    def slow(*arguments):
        time.sleep(1.0)
        is_read.set()
        return build(*arguments)

    monkeypatch.setattr(controller_inputs, "build_distance_field", slow)
    stand.map.publish(convert.occupancy_message(FREE, stand.stamp(), "map"))
    stand.commands.clear()
    assert bench.spin_until(is_read.is_set)
    assert len(stand.commands) > 12
    assert all(vx > 0.0 for _, vx in stand.commands)


def test_a_job_that_has_not_begun_gives_way_to_the_next_of_its_name():
    background, done, may_end = Background(), [], threading.Event()
    background.do("first", lambda: may_end.wait(5.0))
    for number in range(5):
        background.do("map", lambda n=number: done.append(n))
    background.do("cost_to_go", lambda: done.append("field"))
    may_end.set()
    deadline = time.monotonic() + 5.0
    while len(done) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    background.close()
    assert done == [4, "field"]


@pytest.mark.parametrize("frame", ["", "m", "map", "odom", "robot1/map"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_plan_read_from_its_bytes_is_the_one_that_rclpy_reads(frame, count):
    points = np.random.default_rng(0).normal(size=(count, 2))
    message = convert.path_message(points, np.arange(count), convert.stamp_of(3.5), frame)
    message.poses[-1].header.stamp = convert.stamp_of(2.25)
    data = serialize_message(message)
    plan = plan_message.read_plan(data)
    assert plan.header == message.header
    assert np.array_equal(plan.path.points, points)
    assert plan.end == convert.pose_value(message.poses[-1].pose)
    assert plan.goal == 2_250_000_000
    assert plan_message._table(data) is not None


def test_poses_in_frames_of_different_length_are_read_by_rclpy():
    message = convert.path_message(np.eye(3, 2), np.zeros(3), convert.stamp_of(3.0), "map")
    message.poses[1].header.frame_id = "a much longer name"
    data = serialize_message(message)
    assert plan_message._table(data) is None
    assert np.array_equal(plan_message.read_plan(data).path.points, np.eye(3, 2))


@pytest.mark.parametrize("cut", [0, 3, 4, 20, 60, 100, 200])
def test_bytes_that_are_no_path_are_refused(cut):
    message = convert.path_message(np.eye(3, 2), np.zeros(3), convert.stamp_of(3.0), "map")
    with pytest.raises(convert.MessageError, match="plan: "):
        plan_message.read_plan(serialize_message(message)[:cut])


def test_a_plan_of_ten_thousand_points_is_read_within_a_cycle():
    points = np.cumsum(np.full((10_000, 2), 0.01), axis=0)
    data = serialize_message(
        convert.path_message(points, np.zeros(len(points)), convert.stamp_of(0.0), "map")
    )
    begun = time.process_time()
    assert len(plan_message.read_plan(data).path.points) == 10_000
    assert time.process_time() - begun < 0.02


@pytest.mark.parametrize("frame", ["", "map", "robot1/map"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (40, 7)])
def test_a_map_read_from_its_bytes_is_the_one_that_rclpy_reads(frame, shape):
    cells = np.random.default_rng(0).integers(-1, 101, shape)
    grid = GridMap.from_occupancy(cells, 0.25, Pose(1.0, -2.0, 0.5))
    message = convert.occupancy_message(grid, convert.stamp_of(3.5), frame)
    seen = cdr.read_map(serialize_message(message))
    assert (seen.header, seen.info) == (message.header, message.info)
    assert np.array_equal(seen.data, message.data)


@pytest.mark.parametrize("cut", [0, 3, 4, 20, 60, 100])
def test_bytes_that_are_no_map_are_refused(cut):
    message = convert.occupancy_message(FREE, convert.stamp_of(3.5), "map")
    with pytest.raises(convert.MessageError, match="map: "):
        cdr.read_map(serialize_message(message)[:cut])


LARGE_MAP = """\
import sys, time
import numpy as np
import rclpy
from nav_msgs.msg import OccupancyGrid
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.conversions import occupancy_message
from mme_ilqr_ros.nodes.node import LATCHED
rclpy.init()
node = rclpy.create_node("large_map")
publisher = node.create_publisher(OccupancyGrid, "map", LATCHED)
occupied = np.zeros((4000, 4000), bool)
occupied[::40, ::40] = True
occupied[1900:2100, 1900:2200] = False
grid = GridMap(occupied, 0.05, Pose(-100.0, -100.0, 0.0))
message = occupancy_message(grid, node.get_clock().now().to_msg(), "map")
while publisher.get_subscription_count() < 1:
    time.sleep(0.05)
sys.stdin.readline()
publisher.publish(message)
print("sent", flush=True)
sys.stdin.readline()
"""


@pytest.mark.slow
def test_commands_keep_their_rate_while_a_map_of_sixteen_million_cells_comes(bench):
    """Controller and sender of the map are processes of their own, as on a robot."""
    stand = Stand(bench)
    command = [sys.executable, "-m", "mme_ilqr_ros.nodes.controller_node"]
    controller = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    sender = subprocess.Popen([sys.executable, "-c", LARGE_MAP], **pipes)
    try:
        assert bench.spin_until(lambda: stand.plan.get_subscription_count() > 0, 60.0)
        assert stand.drives()
        sent = threading.Event()
        threading.Thread(target=lambda: sender.stdout.readline() and sent.set()).start()
        sender.stdin.write("now\n")
        sender.stdin.flush()
        begun = len(stand.commands)
        assert bench.spin_until(sent.is_set, 30.0)
        bench.spin_for(6.0)  # in which the field is built
        gaps = np.diff([at for at, _ in stand.commands[begun:]])
        assert gaps.max() < 0.25, f"longest gap {gaps.max():.2f} s"  # 0.1 s without a map
        assert all(vx > 0.0 for _, vx in stand.commands[begun:])
    finally:
        for process in (controller, sender):
            process.kill()
            process.communicate()
