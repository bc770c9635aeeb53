"""The simulator node: velocity commands in; odometry, map, obstacles and scans out.

Subscribes to cmd_vel and initialpose.
Publishes map, odom, obstacles, scan, scan_rear of a second scanner, ~/ground_truth, ~/obstacles,
~/markers, ~/collision, ~/clearance, /clock where publish_clock asks for it, and transforms where
tf2 is.
Serves ~/reset.
"""

from __future__ import annotations

import array
import sys
import time
from functools import partial

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseWithCovarianceStamped, Twist, TwistStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.clock import Clock, ClockType
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import LaserScan as LaserScanMessage
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Bool, Float32
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.clouds import circles_cloud
from mme_ilqr_ros.nodes.conversions import (
    MessageError,
    header,
    occupancy_message,
    odometry_message,
    pose_value,
    seconds_of,
    stamp_of,
    twist_value,
)
from mme_ilqr_ros.nodes.frames import TfOutput
from mme_ilqr_ros.nodes.markers import obstacle_markers, robot_markers
from mme_ilqr_ros.nodes.node import LATCHED, SENSOR, STANDARD, RunnableNode
from mme_ilqr_ros.nodes.running import run_node
from mme_ilqr_ros.parameters.simulation import SimulatorNodeSettings
from mme_ilqr_ros.simulation.lidar import warm_up
from mme_ilqr_ros.simulation.scanner import LaserScan
from mme_ilqr_ros.simulation.simulator import Simulator

_LOOK_PERIOD = 1.0  # s between two looks at who else publishes what this node does
_LONGEST_LAG = 0.5  # s of real time to catch up with; what is beyond is left out, and said


class SimulatorNode(RunnableNode[SimulatorNodeSettings]):
    """Steps the simulator in real time, or a multiple of it.

    Attributes:
        simulator: The world and the robot.
    """

    NAME, SETTINGS = "simulator", SimulatorNodeSettings

    def set_up(self, settings: SimulatorNodeSettings) -> None:
        """Load the scenario and start its time.

        Raises:
            ScenarioError: There is no such scenario, or it is malformed.
        """
        scenario = settings.load_scenario()
        self.simulator = Simulator(scenario, settings, np.random.default_rng(settings.seed))
        if settings.publish_scan:
            warm_up()
        self._tf = TfOutput(self)
        self._collided: bool | None = None
        self._due = dict.fromkeys(("odom", "obstacles", "scan"), 0.0)  # [s] of simulated time
        self._connect(settings)
        stamp, origin = self.stamp(), Pose(0.0, 0.0, 0.0)
        world = scenario.map_with_walls()
        if settings.publish_map:
            self._map_publisher.publish(occupancy_message(world, stamp, settings.map_frame_id))
        if settings.publish_map_odom_tf:
            self._tf.send_static(origin, stamp, settings.map_frame_id, settings.odom_frame_id)
        for name, spec in settings.scanners.items():
            self._tf.send_static(spec.mount, stamp, settings.base_frame_id, self._frame_of(name))
        self._last_update = time.monotonic()
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # it makes ROS time, not follows it
        self.create_timer(settings.update_duration, self._update, clock=steady)
        self.create_timer(_LOOK_PERIOD, self._look_around, clock=steady)
        for note in scenario.notes:
            self.get_logger().warning(note)
        self.get_logger().info(f"scenario '{scenario.name}' is up")

    def settings_changed(self, settings: SimulatorNodeSettings) -> None:
        """Measure with the new noise and faults from now on."""
        self.simulator.settings = settings

    def _connect(self, settings: SimulatorNodeSettings) -> None:
        if settings.publish_map:
            self._map_publisher = self.create_publisher(OccupancyGrid, "map", LATCHED)
        self._odom_publisher = self.create_publisher(Odometry, "odom", STANDARD)
        self._truth_publisher = self.create_publisher(Odometry, "~/ground_truth", STANDARD)
        if settings.publish_obstacles:
            self._obstacles_publisher = self.create_publisher(PointCloud2, "obstacles", STANDARD)
        self._circles_publisher = self.create_publisher(PointCloud2, "~/obstacles", STANDARD)
        self._scan_publishers = {"scan": self.create_publisher(LaserScanMessage, "scan", SENSOR)}
        if "scan_rear" in settings.scanners:
            rear = self.create_publisher(LaserScanMessage, "scan_rear", SENSOR)
            self._scan_publishers["scan_rear"] = rear
        self._marker_publisher = self.create_publisher(MarkerArray, "~/markers", STANDARD)
        self._collision_publisher = self.create_publisher(Bool, "~/collision", LATCHED)
        self._clearance_publisher = self.create_publisher(Float32, "~/clearance", STANDARD)
        if settings.publish_clock:
            self._clock_publisher = self.create_publisher(ClockMessage, "/clock", SENSOR)
        kind = TwistStamped if settings.enable_stamped_cmd_vel else Twist
        self.create_subscription(kind, "cmd_vel", self._take_command, STANDARD)
        self.create_subscription(
            PoseWithCovarianceStamped, "initialpose", self._take_initial_pose, STANDARD
        )
        self.create_service(Trigger, "~/reset", self._reset)

    def _take_command(self, message: Twist | TwistStamped) -> None:
        twist = message.twist if isinstance(message, TwistStamped) else message
        try:
            self.simulator.command(*twist_value(twist))
        except MessageError as error:
            self.simulator.command(0.0, 0.0)
            self.warnings.warn("cmd_vel", f"{error}; the robot stops")

    def _take_initial_pose(self, message: PoseWithCovarianceStamped) -> None:
        name, otherwise = "initialpose", "the robot stays where it is"
        pose = self.warnings.read(name, lambda m: pose_value(m.pose.pose, name), message, otherwise)
        if pose is not None:
            self.simulator.reset(pose)

    def _reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self.simulator.reset()
        response.success = True
        response.message = "the robot is back at the start"
        return response

    def stamp(self) -> Time:
        """Return ROS time, which is the simulator's own where it publishes the clock."""
        return stamp_of(self.simulator.time) if self.settings.publish_clock else super().stamp()

    def _update(self) -> None:
        """Let the simulated world catch up with real time, and measure on the way what is due.

        Sensors keep their own time: what a late update measures is stamped with when it was due.
        """
        now = time.monotonic()
        elapsed = now - self._last_update
        self._last_update = now
        if elapsed > _LONGEST_LAG:
            self.warnings.warn("lag", f"stood still for {elapsed:.1f} s; that time is left out")
            elapsed = _LONGEST_LAG
        simulator, factor, here = self.simulator, self.settings.speed_factor, self.now()
        end = simulator.time + elapsed * factor
        while True:
            until = min(end, *self._due.values())
            if until > simulator.time:
                simulator.step(until - simulator.time)
            ago = (end - simulator.time) / factor
            is_clock = self.settings.publish_clock
            stamp = stamp_of(simulator.time if is_clock else max(here - ago, 0.0))
            if is_clock:
                self._clock_publisher.publish(ClockMessage(clock=stamp))
            self._publish_collision()
            self._publish_due(stamp)
            if simulator.time >= end:
                return

    def _look_around(self) -> None:
        """Warn where another simulator or a robot moves in the same world of topics.

        It goes on all the same: one that was killed and respawned is seen twice for a while.
        """
        publishers = [self._odom_publisher]
        if self.settings.publish_clock:
            publishers.append(self._clock_publisher)
        for topic in (publisher.topic_name for publisher in publishers):
            count = self.count_publishers(topic)
            if count <= 1:
                self.warnings.clear(topic)
                continue
            self.warnings.warn(
                topic,
                f"{topic} has {count} publishers: another simulator or robot is in this ROS domain"
                " and namespace; end it, or set another ROS_DOMAIN_ID",
            )

    def _publish_due(self, stamp: Time) -> None:
        settings = self.settings
        for name, period, publish in (
            ("odom", settings.odom_publish_dur, self._publish_odometry),
            ("obstacles", settings.obstacles_publish_dur, self._publish_world),
            ("scan", settings.scan_publish_dur, self._publish_scans),
        ):
            if self.simulator.time >= self._due[name]:
                # From when it was due, not from now: the rate stays exact.
                self._due[name] += period
                publish(stamp)

    def _publish_collision(self) -> None:
        if self.simulator.collided != self._collided:
            self._collided = self.simulator.collided
            self._collision_publisher.publish(Bool(data=bool(self._collided)))
            if self._collided:
                x, y = self.simulator.state.position
                self.get_logger().warning(f"collision at ({x:.2f}, {y:.2f})")

    def _publish_odometry(self, stamp: Time) -> None:
        settings = self.settings
        state = self.simulator.measured_state()
        frames = (settings.odom_frame_id, settings.base_frame_id)
        self._odom_publisher.publish(odometry_message(state, stamp, *frames))
        self._tf.send(state.pose, stamp, *frames)
        if self._truth_publisher.get_subscription_count():
            truth = odometry_message(self.simulator.state, stamp, *frames)
            self._truth_publisher.publish(truth)
        self._clearance_publisher.publish(Float32(data=float(self.simulator.clearance)))

    def _publish_world(self, stamp: Time) -> None:
        settings, frame = self.settings, self.settings.odom_frame_id
        circles = self.simulator.circles()
        cloud = circles_cloud(circles, stamp, frame)
        if settings.publish_obstacles:
            self._obstacles_publisher.publish(cloud)
        if self._circles_publisher.get_subscription_count():
            self._circles_publisher.publish(cloud)
        if self._marker_publisher.get_subscription_count():
            markers = obstacle_markers(circles, stamp, frame)
            pose, robot = self.simulator.state.pose, self.simulator.scenario.robot
            shape = robot.radius, robot.footprint
            markers.markers += robot_markers(pose, *shape, stamp, frame).markers
            self._marker_publisher.publish(markers)

    def _publish_scans(self, stamp: Time) -> None:
        if not self.settings.publish_scan:
            return
        for name, publisher in self._scan_publishers.items():
            if publisher.get_subscription_count():
                scan, period = self.simulator.measured_scan(name), self.settings.scan_publish_dur
                began = stamp_of(max(seconds_of(stamp) - self.simulator.time + scan.stamp, 0.0))
                publisher.publish(scan_message(scan, period, began, self._frame_of(name)))

    def _frame_of(self, scanner: str) -> str:
        return f"{self.settings.scan_frame_id}{scanner.removeprefix('scan')}"


def scan_message(scan: LaserScan, period: float, stamp: Time, frame: str) -> LaserScanMessage:
    """Return a turn of the laser, of which one comes every `period` s; inf: no return (REP 117).

    Args:
        scan: The turn.
        period: Time between turns in s.
        stamp: Time of the first ray.
        frame: The scanner's.
    """
    message = LaserScanMessage(header=header(stamp, frame))
    message.angle_min = float(scan.angle_min)
    message.angle_increment = float(scan.angle_increment)
    message.angle_max = float(scan.angle_min + (len(scan.ranges) - 1) * scan.angle_increment)
    message.range_min, message.range_max = float(scan.range_min), float(scan.range_max)
    message.scan_time, message.time_increment = float(period), float(scan.time_increment)
    message.ranges = array.array("f", np.asarray(scan.ranges, dtype=np.float32).tobytes())
    return message


main = partial(run_node, SimulatorNode)

if __name__ == "__main__":
    sys.exit(main())
