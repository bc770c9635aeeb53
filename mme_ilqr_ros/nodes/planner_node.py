"""The planner node: map, goal and odometry in; a checked path and the cost-to-go out.

Subscribes to map, goal_pose, odom, and filter_mask where use_filter_mask asks for it.
Publishes plan, cost_to_go, ~/cost_to_go (for display), ~/plan_time and diagnostics.
Serves ~/make_plan.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from nav_msgs.srv import GetPlan
from rclpy.context import Context
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Float32, Header

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.conversions import (
    MessageError,
    grid_map,
    path_message,
    pose_value,
    robot_state,
)
from mme_ilqr_ros.nodes.cost_to_go_output import CostToGoOutput
from mme_ilqr_ros.nodes.diagnostics import OK, WARN, diagnostic_message
from mme_ilqr_ros.nodes.filter_mask import FilterMask
from mme_ilqr_ros.nodes.frames import Frames
from mme_ilqr_ros.nodes.parameters import NodeParameters
from mme_ilqr_ros.nodes.qos import LATCHED, SENSOR, STANDARD
from mme_ilqr_ros.nodes.run import RunnableNode, run_node
from mme_ilqr_ros.nodes.throttled_warnings import ThrottledWarnings
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlanResult
from mme_ilqr_ros.planning.replanner import Replanner

NAME = "planner"


class PlannerNode(RunnableNode):
    """Plans from the robot to the goal when either the goal or the map is new, and periodically."""

    def __init__(
        self,
        *,
        context: Context | None = None,
        parameter_overrides: list[Parameter] | None = None,
    ) -> None:
        """Make the node ready to plan.

        Raises:
            SettingError: A parameter is out of range.
        """
        super().__init__(NAME, context=context, parameter_overrides=parameter_overrides)
        self._own_parameters = NodeParameters(self, PlannerNodeSettings, self._settings_changed)
        self._warnings = ThrottledWarnings(self.get_logger())
        self._frames = Frames(self, self._warnings)
        self._planner = GlobalPlanner(self._own_parameters.settings)
        self._replanner = Replanner(self._own_parameters.settings)
        self.get_logger().info("compiling the planner, once on a new machine")
        self._planner.warm_up()
        self._mask = FilterMask(self._frames, self._warnings)
        self._map: GridMap | None = None
        self._map_frame = self._own_parameters.settings.global_frame
        self._odometry: Odometry | None = None
        self._goal: Pose | None = None
        self._goal_header = Header()
        self._last: PlanResult | None = None
        self._n_fallbacks = 0
        self._connect()
        self.get_logger().info("ready")

    def _connect(self) -> None:
        settings = self._own_parameters.settings
        self._plan_publisher = self.create_publisher(PathMessage, "plan", LATCHED)
        self._cost_output = CostToGoOutput(
            self.create_publisher(OccupancyGrid, "~/cost_to_go", LATCHED),
            self.create_publisher(PointCloud2, "cost_to_go", LATCHED),
        )
        self._time_publisher = self.create_publisher(Float32, "~/plan_time", STANDARD)
        self._diagnostics = self.create_publisher(DiagnosticArray, "diagnostics", STANDARD)
        self.create_subscription(OccupancyGrid, "map", self._take_map, LATCHED)
        self.create_subscription(PoseStamped, "goal_pose", self._take_goal, STANDARD)
        self.create_subscription(Odometry, "odom", self._take_odometry, SENSOR)
        if settings.use_filter_mask:
            self.create_subscription(OccupancyGrid, "filter_mask", self._take_mask, LATCHED)
        self.create_service(GetPlan, "~/make_plan", self._make_plan)
        self.create_timer(1.0, self._publish_diagnostics)
        self.create_timer(settings.map_patience, self._ask_for_map)

    @property
    def is_ready(self) -> bool:
        """Whether a map and odometry have come."""
        return self._map is not None and self._odometry is not None

    def _settings_changed(self, settings: PlannerNodeSettings) -> None:
        self._planner = GlobalPlanner(settings)
        self._replanner.settings = settings
        self._replanner.release()

    def _take_map(self, message: OccupancyGrid) -> None:
        try:
            self._map = grid_map(message)
        except MessageError as error:
            self._warnings.warn("map", f"{error}; this map is not used")
            return
        self._warnings.clear("map")
        self._map_frame = message.header.frame_id or self._own_parameters.settings.global_frame
        rows, columns = self._map.shape
        self.get_logger().info(
            f"map of {columns} x {rows} cells, {self._map.resolution:g} m each, in"
            f" '{self._map_frame}'"
        )
        self._plan_to_goal()

    def _take_mask(self, message: OccupancyGrid) -> None:
        if self._mask.take(message):
            self._plan_to_goal()

    def _take_goal(self, message: PoseStamped) -> None:
        try:
            pose = pose_value(message.pose, "goal_pose")
        except MessageError as error:
            self._warnings.warn("goal", f"{error}; this goal is not used")
            return
        # Kept in its own frame: the transform may come later, or change.
        self._goal, self._goal_header = pose, message.header
        frame = message.header.frame_id or self._map_frame
        self.get_logger().info(f"goal ({pose.x:.2f}, {pose.y:.2f}) in '{frame}'")
        self._plan_to_goal()

    def _take_odometry(self, message: Odometry) -> None:
        self._odometry = message
        self._replan()

    def _ask_for_map(self) -> None:
        if self._map is None:
            topic = self.resolve_topic_name("map")
            self._warnings.warn(
                "no map",
                f"no map on '{topic}' yet; is the publisher's durability transient_local?",
            )

    def _in_map_frame(self, pose: Pose, header: Header) -> Pose | None:
        tolerance = self._own_parameters.settings.transform_tolerance
        frame = self._frames.pose_in(self._map_frame, header.frame_id, tolerance)
        return None if frame is None else frame.compose(pose)

    def _robot(self) -> Pose | None:
        """Return the robot's pose in the map frame, or None when it is not known."""
        if self._odometry is None:
            self._warnings.warn("odom", f"no odometry on '{self.resolve_topic_name('odom')}' yet")
            return None
        try:
            pose = robot_state(self._odometry).pose
        except MessageError as error:
            self._warnings.warn("odom", f"{error}; no plan from here")
            return None
        self._warnings.clear("odom")
        return self._in_map_frame(pose, self._odometry.header)

    def _ends(self) -> tuple[Pose, Pose] | None:
        """Return where the robot and the goal are in the map frame, or None when that is open."""
        if self._goal is None or self._map is None:
            return None
        robot, goal = self._robot(), self._in_map_frame(self._goal, self._goal_header)
        return None if robot is None or goal is None else (robot, goal)

    def _plan_to_goal(self) -> None:
        """Plan for a new goal or map, now or as soon as odometry and transforms are there."""
        self._replanner.restart()
        self._replan()

    def _replan(self) -> None:
        """Plan if it is time and publish the plan if it replaces the one in force."""
        now = 1e-9 * self.get_clock().now().nanoseconds
        ends = self._ends() if self._replanner.is_due(now) else None
        if ends is None:
            return
        start, goal = ends
        result = self._replanner.update(
            now, (start.x, start.y), (goal.x, goal.y), lambda: self._plan(start, goal)
        )
        if result is not None:
            self._publish(result, goal)

    def _plan(self, start: Pose, goal: Pose, tolerance: float | None = None) -> PlanResult:
        begun = time.perf_counter()
        ends = (start.x, start.y), (goal.x, goal.y)
        result = self._planner.plan(self._map, *ends, tolerance=tolerance, layer=self._layer())
        self._time_publisher.publish(Float32(data=float(time.perf_counter() - begun)))
        self._last = result
        if result.path is None:
            self._warnings.warn(f"plan {result.status}", f"no plan: {result.message}")
        if result.fallback_used:
            self._n_fallbacks += 1
            self._warnings.info_once(f"fallback: {result.message}")
        return result

    def _layer(self) -> np.ndarray | None:
        """Return the filter mask on the cells of the map, or None without one."""
        settings = self._own_parameters.settings
        if not settings.use_filter_mask:
            return None
        return self._mask.on(self._map, self._map_frame, settings.transform_tolerance)

    def _publish(self, result: PlanResult, goal: Pose) -> None:
        stamp = self.get_clock().now().to_msg()
        self._cost_output.update(result.cost_to_go, stamp, self._map_frame)
        self._plan_publisher.publish(self._path_message(result, goal))

    def _path_message(self, result: PlanResult, goal: Pose) -> PathMessage:
        """Return the path with the goal's heading at its end; empty without a path."""
        points, headings = np.zeros((0, 2)), np.zeros(0)
        if result.path is not None:
            points = result.path.points
            headings = np.append(result.path.heading_at(result.path.arc_length[:-1]), goal.yaw)
        stamp = self.get_clock().now().to_msg()
        return path_message(points, headings, stamp, self._map_frame)

    def _make_plan(self, request: GetPlan.Request, response: GetPlan.Response) -> GetPlan.Response:
        """Plan between two poses without driving there; an empty path means there is none."""
        response.plan = path_message(
            np.zeros((0, 2)), np.zeros(0), self.get_clock().now().to_msg(), self._map_frame
        )
        if self._map is None:
            self._warnings.warn("make_plan", "make_plan: there is no map yet")
            return response
        try:
            start = self._in_map_frame(
                pose_value(request.start.pose, "make_plan: start"), request.start.header
            )
            goal = self._in_map_frame(
                pose_value(request.goal.pose, "make_plan: goal"), request.goal.header
            )
        except MessageError as error:
            self._warnings.warn("make_plan", str(error))
            return response
        if start is None or goal is None:
            return response
        tolerance = float(request.tolerance) if request.tolerance > 0.0 else None
        result = self._plan(start, goal, tolerance)
        response.plan = self._path_message(result, goal)
        return response

    def _publish_diagnostics(self) -> None:
        self._cost_output.publish_to_new_subscribers()
        values: dict[str, object] = {"map": "yes" if self._map else "no"}
        level, text = OK, "no goal yet"
        if self._map is None:
            level, text = WARN, "waiting for a map"
        elif self._last is not None:
            level, text = (WARN if self._last.path is None else OK), self._last.message
            values |= {
                "field time [ms]": 1e3 * self._last.field_time,
                "path time [ms]": 1e3 * self._last.path_time,
                "residual": self._last.residual,
                "fallbacks": self._n_fallbacks,
            }
        if self._own_parameters.settings.use_filter_mask:
            values["filter mask"] = self._mask.status
        stamp = self.get_clock().now().to_msg()
        name = self.get_fully_qualified_name().lstrip("/")
        self._diagnostics.publish(diagnostic_message(name, level, text, values, stamp))


def main(args: Sequence[str] | None = None) -> None:
    """Run the planner node."""
    sys.exit(run_node(PlannerNode, NAME, args))


if __name__ == "__main__":
    main()
