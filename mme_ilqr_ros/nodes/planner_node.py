"""The planner node: map, goal and odometry in; a checked path and the cost-to-go out.

A goal ends once, by arrival, ~/cancel, the lack of a plan or another node's word on goal_status;
then nothing is planned but for a new goal.

Subscribes to map, goal_pose, goal_status, odom, filter_mask where use_filter_mask asks for it, and
evidence where use_evidence does: then what was seen wins over the map, and no map is needed.
Publishes plan, goal_status, cost_to_go, ~/cost_to_go (for display), ~/plan_time and diagnostics.
Serves ~/make_plan and ~/cancel.
"""

from __future__ import annotations

import sys
import threading
import time
from functools import partial
from typing import Any

import numpy as np
from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from nav_msgs.srv import GetPlan
from std_msgs.msg import Float32, Header
from std_srvs.srv import Trigger

from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.cdr import read_map
from mme_ilqr_ros.nodes.compiling import compiling
from mme_ilqr_ros.nodes.conversions import (
    MessageError,
    exact_stamp,
    header,
    nanoseconds,
    path_message,
    pose_value,
    robot_state,
)
from mme_ilqr_ros.nodes.diagnostics import OK, WARN, diagnostic_message
from mme_ilqr_ros.nodes.field_publisher import FieldPublisher
from mme_ilqr_ros.nodes.frames import Frames
from mme_ilqr_ros.nodes.goal_life import ABORTED, GoalLife
from mme_ilqr_ros.nodes.ground import Ground
from mme_ilqr_ros.nodes.managed import ManagedNode
from mme_ilqr_ros.nodes.node import LATCHED, LATCHED_NEWS, SENSOR, STANDARD
from mme_ilqr_ros.nodes.pursued_goal import PursuedGoal
from mme_ilqr_ros.nodes.running import run_node
from mme_ilqr_ros.nodes.threads import Background
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.planning.planner import PlanResult
from mme_ilqr_ros.planning.replanner import Replanner


class PlannerNode(ManagedNode[PlannerNodeSettings]):
    """Plans from the robot to the goal when either the goal or the map is new, and periodically."""

    NAME, SETTINGS = "planner", PlannerNodeSettings

    def set_up(self, settings: PlannerNodeSettings) -> None:
        """Compile the planner and listen."""
        self._frames = Frames(self, self.warnings)
        self._ground = Ground(settings, self._frames, self.warnings)
        self._replanner = Replanner(settings)
        with compiling(self, "planner"):
            self._ground.warm_up()
        # Maps are read and plans are made there, so that goals and their ends are heard at any
        # time; what is planned with belongs to that thread. Only make_plan comes in between.
        self._background, self._planning = Background(), threading.Lock()
        self.made.callback(self._background.close)
        self._odometry: Odometry | None = None
        self._planned: int | None = None  # name of the goal of the newest request
        self._last: PlanResult | None = None
        self._n_fallbacks = 0
        self._connect(settings)
        self.get_logger().info("ready")

    def _connect(self, settings: PlannerNodeSettings) -> None:
        self._plan_publisher = self.create_publisher(PathMessage, "plan", LATCHED)
        status_publisher = self.create_publisher(GoalStatus, "goal_status", LATCHED)
        self._goal = PursuedGoal(GoalLife(status_publisher, self._goal_is_over))
        self._field = FieldPublisher(self)
        self._time_publisher = self.create_publisher(Float32, "~/plan_time", STANDARD)
        self._diagnostics = self.create_publisher(DiagnosticArray, "diagnostics", STANDARD)
        self.create_subscription(OccupancyGrid, "map", self._take_map, LATCHED)
        self.create_subscription(PoseStamped, "goal_pose", self._take_goal, STANDARD)
        self.create_subscription(GoalStatus, "goal_status", self._goal.life.take, LATCHED_NEWS)
        self.create_subscription(Odometry, "odom", self._take_odometry, SENSOR)
        if settings.use_filter_mask:
            self.create_subscription(OccupancyGrid, "filter_mask", self._take_mask, LATCHED)
        if settings.use_evidence:
            take: Any = self._take_evidence  # rclpy's annotations know of no bytes
            self.create_subscription(OccupancyGrid, "evidence", take, LATCHED, raw=True)
        self.create_service(GetPlan, "~/make_plan", self._make_plan)
        self.create_service(Trigger, "~/cancel", self._goal.cancel)
        self.create_timer(1.0, self._publish_diagnostics)
        self.create_timer(settings.map_patience, self._ask_for_ground)

    @property
    def is_ready(self) -> bool:
        """Whether something to plan on and odometry have come."""
        return not self._ground.lack and self._odometry is not None

    @property
    def goal_words(self) -> str:
        """The status of the goal for a person."""
        return self._goal.life.words

    def settings_changed(self, settings: PlannerNodeSettings) -> None:
        """Plan anew with the changed settings; a plan in force gives way."""
        self._background.do("settings", lambda: self._use(settings))

    def _use(self, settings: PlannerNodeSettings) -> None:
        self._ground.use(settings)
        self._replanner.settings = settings
        self._replanner.release()

    def stop(self) -> None:
        """End the goal, and so the drive."""
        if self._goal.is_wanted:
            self._goal.life.end(ABORTED, "the planner is not active")

    def _refuses(self, what: str) -> bool:
        """Return whether a request comes in vain, and say so."""
        if not self.is_active:
            self.warnings.warn(what, f"{what}: not used; the planner is not active")
        return not self.is_active

    def _take_map(self, message: OccupancyGrid) -> None:
        self._background.do("map", lambda: self._read_map(message))

    def _read_map(self, message: OccupancyGrid) -> None:
        frame, said = self._ground.frame, self._ground.take_map(message)
        if said:
            self.get_logger().info(said)
            self._plan_on_new_ground(frame)

    def _take_evidence(self, data: bytes) -> None:
        self._background.do("evidence", lambda: self._read_evidence(data))

    def _read_evidence(self, data: bytes) -> None:
        frame, path = self._ground.frame, self._replanner.path
        message = self.warnings.read("evidence", read_map, data, "this message is not used")
        if message is None or not self._ground.take_evidence(message):
            return
        if frame != self._ground.frame or path is None or self._ground.blocks(path):
            self._plan_on_new_ground(frame)

    def _take_mask(self, message: OccupancyGrid) -> None:
        self._background.do("mask", lambda: self._read_mask(message))

    def _read_mask(self, message: OccupancyGrid) -> None:
        if self._ground.mask.take(message):
            self._plan_on_new_ground(self._ground.frame)

    def _take_goal(self, message: PoseStamped) -> None:
        read, name = self.warnings.read, "goal_pose"
        pose = read("goal", lambda m: pose_value(m.pose, name), message, "this goal is not used")
        if pose is None or self._refuses(name):
            return
        self._goal.take(pose, message.header, nanoseconds(self.stamp()))
        self._last = None
        frame = message.header.frame_id or self._ground.frame
        self.get_logger().info(f"goal ({pose.x:.2f}, {pose.y:.2f}) in '{frame}'")
        self._background.do("plan", self._replan)

    def _goal_is_over(self) -> None:
        """Leave no latched plan to a goal that has ended."""
        life = self._goal.life
        self.get_logger().info(f"goal {life.words}")
        if life.goal is not None and life.goal == self._goal.name:
            nothing = self._path_message(None, Pose(0.0, 0.0, 0.0))
            nothing.header.stamp = exact_stamp(life.goal)
            self._plan_publisher.publish(nothing)

    def _take_odometry(self, message: Odometry) -> None:
        self._odometry = message
        if self._goal.is_wanted and self._replanner.is_due(self.now()):
            self._background.do("plan", self._replan)

    def _ask_for_ground(self) -> None:
        lack = self._ground.lack
        topic = self.resolve_topic_name(lack or "map")
        if lack == "map":
            self.warnings.warn(
                "no map",
                f"no map on '{topic}' yet; is the publisher's durability transient_local?",
            )
        elif lack:
            self.warnings.warn(
                "no map", f"no evidence on '{topic}' yet; does the controller have scan_topics?"
            )

    def _in_plan_frame(self, pose: Pose, header: Header) -> Pose | None:
        tolerance = self.settings.transform_tolerance
        frame = self._frames.pose_in(self._ground.frame, header.frame_id, tolerance)
        return None if frame is None else frame.compose(pose)

    def _robot(self) -> Pose | None:
        """Return the robot's pose in the plan's frame, or None when it is not known."""
        if self._odometry is None:
            self.warnings.warn("odom", f"no odometry on '{self.resolve_topic_name('odom')}' yet")
            return None
        state = self.warnings.read("odom", robot_state, self._odometry, "no plan from here")
        return None if state is None else self._in_plan_frame(state.pose, self._odometry.header)

    def _ends(self) -> tuple[Pose, Pose] | None:
        """Return where robot and goal are in the plan's frame, or None when that is open."""
        pose = self._goal.pose
        if pose is None or self._ground.lack or not self._goal.is_wanted:
            return None
        robot, goal = self._robot(), self._in_plan_frame(pose, self._goal.header)
        return None if robot is None or goal is None else (robot, goal)

    def _plan_on_new_ground(self, frame: str) -> None:
        """Plan at once; the plan in force stays unless it is blocked or a better one is found.

        Args:
            frame: In which the plan in force is.
        """
        if frame != self._ground.frame:
            self._replanner.release()
        self._replanner.hasten()
        self._replan()

    def _replan(self) -> None:
        """Plan if it is time and publish the plan if it replaces the one in force."""
        now, name = self.now(), self._goal.name
        if name != self._planned:
            self._planned = name
            self._replanner.restart()
        ends = self._ends() if self._replanner.is_due(now) else None
        if ends is None or name is None:
            return
        start, goal = ends
        result = self._replanner.update(
            now, (start.x, start.y), (goal.x, goal.y), lambda: self._plan(start, goal)
        )
        if result is not None and self._goal.is_wanted and self._goal.name == name:
            self._publish(result, goal, name)
        elif self._replanner.latest is not None:
            # The map's, though the plan stays.
            self._field.take(self._replanner.latest.cost_to_go, self.stamp(), self._ground.frame)

    def _plan(self, start: Pose, goal: Pose, tolerance: float | None = None) -> PlanResult:
        begun = time.perf_counter()
        with self._planning:
            result = self._ground.plan(start, goal, tolerance)
        self._time_publisher.publish(Float32(data=float(time.perf_counter() - begun)))
        self._last = result
        if result.path is None:
            self.warnings.warn(f"plan {result.status}", f"no plan: {result.message}")
        if result.fallback_used:
            self._n_fallbacks += 1
            self.warnings.info_once(f"fallback: {result.message}")
        return result

    def _publish(self, result: PlanResult, goal: Pose, name: int) -> None:
        self._field.take(result.cost_to_go, self.stamp(), self._ground.frame)
        plan = self._path_message(result.path, goal)
        if plan.poses:
            plan.poses[-1].header.stamp = exact_stamp(name)
        self._plan_publisher.publish(plan)

    def _path_message(self, path: Path | None, goal: Pose) -> PathMessage:
        """Return the path with the goal's heading at its end; empty without a path."""
        points, headings = np.zeros((0, 2)), np.zeros(0)
        if path is not None:
            points = path.points
            headings = np.append(path.heading_at(path.arc_length[:-1]), goal.yaw)
        return path_message(points, headings, self.stamp(), self._ground.frame)

    def _make_plan(self, request: GetPlan.Request, response: GetPlan.Response) -> GetPlan.Response:
        """Plan between two poses without driving there; an empty path means there is none."""
        response.plan.header = header(self.stamp(), self._ground.frame)
        if self._refuses("make_plan"):
            return response
        if lack := self._ground.lack:
            self.warnings.warn("make_plan", f"make_plan: there is no {lack} yet")
            return response
        try:
            start, goal = (
                self._in_plan_frame(pose_value(end.pose, f"make_plan: {name}"), end.header)
                for name, end in (("start", request.start), ("goal", request.goal))
            )
        except MessageError as error:
            self.warnings.warn("make_plan", str(error))
            return response
        if start is not None and goal is not None:
            tolerance = float(request.tolerance) if request.tolerance > 0.0 else None
            response.plan = self._path_message(self._plan(start, goal, tolerance).path, goal)
        return response

    def _publish_diagnostics(self) -> None:
        self._background.do("field", self._field.send)
        is_planned = self._replanner.path is not None
        self._goal.judge(self._last, is_planned, self.settings.plan_patience)
        values: dict[str, object] = {
            "map": "yes" if self._ground.has_map else "no",
            "waits for": self._ground.lack or "nothing",
            "goal": self._goal.life.words,
        }
        level, text = OK, "no plan yet" if self._goal.is_wanted else "no goal yet"
        if not self.is_active:
            text = "inactive"
        elif lack := self._ground.lack:
            level, text = WARN, "waiting for a map" if lack == "map" else f"waiting for {lack}"
        elif self._last is not None:
            level, text = (WARN if self._last.path is None else OK), self._last.message
            values |= {
                "field time [ms]": 1e3 * self._last.field_time,
                "path time [ms]": 1e3 * self._last.path_time,
                "residual": self._last.residual,
                "fallbacks": self._n_fallbacks,
            }
        if self.settings.use_filter_mask:
            values["filter mask"] = self._ground.mask.status
        self._diagnostics.publish(diagnostic_message(self, level, text, values))


main = partial(run_node, PlannerNode)

if __name__ == "__main__":
    sys.exit(main())
