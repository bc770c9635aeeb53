"""The viewer: running nodes on a web page of this machine; a click sends a goal.

Subscribes to map, plan, the planner's cost_to_go, the controller's candidate_trajectories, tracks
and solve_time, odom, obstacles, scans, goal_pose and diagnostics. Publishes goal_pose and
initialpose when the page asks for them. The address of the page is in the log.
"""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped, PoseWithCovarianceStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from sensor_msgs.msg import LaserScan, PointCloud2
from std_msgs.msg import Float32
from visualization_msgs.msg import Marker, MarkerArray

from mme_ilqr_ros.geometry.circles import transformed
from mme_ilqr_ros.geometry.footprint import parse_footprint
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.live import encoding
from mme_ilqr_ros.live.background import Background
from mme_ilqr_ros.live.viewed import Viewed
from mme_ilqr_ros.nodes.clouds import read_circles
from mme_ilqr_ros.nodes.conversions import (
    MessageError,
    grid_map,
    is_empty_goal,
    path_value,
    pose_message,
    pose_stamped,
    pose_value,
    robot_state,
    seconds_of,
)
from mme_ilqr_ros.nodes.frames import Frames
from mme_ilqr_ros.nodes.markers import read_candidates
from mme_ilqr_ros.nodes.node import LATCHED, NEWEST, STANDARD, RunnableNode
from mme_ilqr_ros.nodes.running import run_node
from mme_ilqr_ros.nodes.scan_message import Mount, scan_value
from mme_ilqr_ros.parameters.viewer import ViewerSettings

NOWHERE = Pose(0.0, 0.0, 0.0)


class ViewerNode(RunnableNode[ViewerSettings]):
    """Shows what comes; everything is brought into the frame of the map, or of the odometry.

    Attributes:
        url: Address of the page.
    """

    NAME, SETTINGS = "viewer", ViewerSettings

    def set_up(self, settings: ViewerSettings) -> None:
        """Listen, and serve the page.

        Raises:
            InputError: The port is taken, or the footprint is none.
        """
        footprint = parse_footprint(settings.footprint)
        outline = np.zeros((0, 2)) if footprint is None else footprint.corners
        radius = settings.robot_radius if footprint is None else footprint.circumscribed_radius
        self._viewed = Viewed(settings.frequency, (outline, radius), self._send)
        self._frames = Frames(self, self.warnings)
        self._frame, self._base, self._has_map = "", "base_link", False
        self._robot = NOWHERE
        self._goals = self.create_publisher(PoseStamped, "goal_pose", STANDARD)
        kind = PoseWithCovarianceStamped
        self._poses = self.create_publisher(kind, "initialpose", STANDARD)
        self._listen(settings)
        self._page = Background(self._viewed, settings.port)
        self.url = self._page.url
        self.get_logger().info(f"ready: {self.url}")
        if settings.open_browser and not webbrowser.open(self.url):
            self.get_logger().warning(f"there is no browser to open {self.url}")

    def stop(self) -> None:
        """End the page."""
        self._page.stop()

    def _listen(self, settings: ViewerSettings) -> None:
        planner, controller = settings.planner_name, settings.controller_name
        for kind, topic, take, profile in (
            (OccupancyGrid, "map", self._take_map, LATCHED),
            (OccupancyGrid, "evidence", self._take_evidence, LATCHED),
            (OccupancyGrid, f"{planner}/cost_to_go", self._take_field, LATCHED),
            (PathMessage, "plan", self._take_plan, LATCHED),
            (Odometry, "odom", self._take_odometry, NEWEST),
            (PointCloud2, "obstacles", self._take_obstacles, NEWEST),
            (PoseStamped, "goal_pose", self._take_goal, STANDARD),
            (MarkerArray, f"{controller}/candidate_trajectories", self._take_modes, NEWEST),
            (MarkerArray, f"{controller}/tracks", self._take_tracks, NEWEST),
            (Float32, f"{controller}/solve_time", self._take_solve_time, NEWEST),
            (DiagnosticArray, "diagnostics", self._take_diagnostics, STANDARD),
            *((LaserScan, name, self._take_scan, NEWEST) for name in settings.scan_topics),
        ):
            self.create_subscription(kind, topic, partial(self._take, topic, take), profile)

    def _take(self, topic: str, take: Callable[[Any], None], message: Any) -> None:
        """Show a message; one that cannot be used is warned of."""
        self.warnings.read(topic, take, message, f"this message of {topic} is not shown")

    def _place(self, message: Any) -> Pose | None:
        """Return the frame of a message in the frame of the page."""
        source = message.header.frame_id
        self._frame = self._frame or source
        tolerance = self.settings.transform_tolerance
        return self._frames.pose_in(self._frame, source, tolerance)

    # ---- what comes ----

    def _take_map(self, message: OccupancyGrid) -> None:
        grid = grid_map(message)
        self._frame, self._has_map = message.header.frame_id, True
        self._viewed.show_map(grid)

    def _take_evidence(self, message: OccupancyGrid) -> None:
        if not self._has_map:
            self._frame = self._frame or message.header.frame_id
            self._viewed.show_map(grid_map(message))

    def _take_field(self, message: OccupancyGrid) -> None:
        shape = message.info.height, message.info.width
        if len(message.data) != shape[0] * shape[1] or not message.data:
            raise MessageError(f"cost_to_go: {len(message.data)} cells do not fill {shape}")
        cells = np.frombuffer(message.data, np.int8).reshape(shape)
        origin = pose_value(message.info.origin, "cost_to_go: origin")
        self._viewed.show_field(cells, float(message.info.resolution), origin)

    def _take_plan(self, message: PathMessage) -> None:
        path, place = path_value(message), self._place(message)
        if place is not None:
            points = np.zeros((0, 2)) if path is None else place.transform(path.points)
            self._viewed.show_plan(points)

    def _take_odometry(self, message: Odometry) -> None:
        state, place = robot_state(message), self._place(message)
        self._base = message.child_frame_id or self._base
        if place is not None:
            self._robot = place.compose(state.pose)
            at = self._robot
            moved = type(state)(at.x, at.y, at.yaw, state.vx, state.wz)
            self._viewed.show_state(seconds_of(message.header.stamp), moved)

    def _take_obstacles(self, message: PointCloud2) -> None:
        circles, place = read_circles(message), self._place(message)
        if place is not None:
            self._viewed.show(circles=encoding.millimetres(transformed(circles, place)))

    def _take_scan(self, message: LaserScan) -> None:
        tolerance = self.settings.transform_tolerance
        mount = self._frames.transform_in(self._base, message.header.frame_id, tolerance)
        if mount is None:
            return
        scan, _ = scan_value(message, Mount.of(mount))
        angles = scan.angle_min + scan.angle_increment * np.arange(len(scan.ranges))
        hit = (scan.ranges >= scan.range_min) & (scan.ranges < scan.range_max)
        ends = scan.ranges[hit, None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)[hit]
        placed = self._robot.compose(scan.mount).transform(ends)
        self._viewed.show(hits=encoding.millimetres(placed))

    def _take_goal(self, message: PoseStamped) -> None:
        place = self._place(message)
        if is_empty_goal(message):
            self._viewed.show_goal(None)
        elif place is not None:
            self._viewed.show_goal(place.compose(pose_value(message.pose, "goal_pose")))

    def _take_modes(self, message: MarkerArray) -> None:
        candidates = read_candidates(message)
        place = self._place(message.markers[0]) if message.markers else None
        if candidates is None or place is None:
            self._viewed.show(modes=None)
            return
        length = min(len(line) for line in candidates.lines)
        points = np.array([place.transform(line[:length]) for line in candidates.lines])
        parts = candidates.weights, candidates.feasible, candidates.chosen
        self._viewed.show(modes=encoding.plans_of(points, *parts))

    def _take_tracks(self, message: MarkerArray) -> None:
        drawn = [m for m in message.markers if m.type == Marker.CYLINDER and m.ns == "obstacles"]
        place = self._place(drawn[0]) if drawn else NOWHERE
        if place is not None:
            rows = [(m.pose.position.x, m.pose.position.y, m.scale.x / 2) for m in drawn]
            circles = np.zeros((len(rows), 5))
            circles[:, :3] = np.array(rows).reshape(-1, 3)
            self._viewed.show(tracks=encoding.millimetres(transformed(circles, place)))

    def _take_solve_time(self, message: Float32) -> None:
        if np.isfinite(message.data):
            self._viewed.show(solve_ms=round(1e3 * message.data, 3))

    def _take_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.rsplit("/", 1)[-1] == self.settings.controller_name:
                self._viewed.show_status(status.message, status.level == DiagnosticStatus.OK)

    # ---- what the page asks for ----

    def _send(self, what: str, pose: Pose | None) -> None:
        """Publish a goal, or where the robot is; called from the thread of the page."""
        frame = self._frame or "map"
        if what == "initialpose" and pose is not None:
            message = PoseWithCovarianceStamped()
            message.header = pose_stamped(pose, self.stamp(), frame).header
            message.pose.pose = pose_message(pose)
            self._poses.publish(message)
        elif pose is None:
            empty = PoseStamped()
            empty.pose.orientation.w = 1.0
            self._goals.publish(empty)
        else:
            self._goals.publish(pose_stamped(pose, self.stamp(), frame))


main = partial(run_node, ViewerNode)

if __name__ == "__main__":
    sys.exit(main())
