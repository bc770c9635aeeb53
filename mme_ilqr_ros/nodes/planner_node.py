"""The planner node: map, goal and odometry in; a checked path and the cost-to-go out.

A goal ends once, by arrival, ~/cancel, the lack of a plan or another node's word on goal_status;
then nothing is planned but for a new goal.

Subscribes to map, goal_pose, goal_poses, goal_status, goal_reason, plan_wanted, odom, filter_mask
where use_filter_mask asks for it, and evidence where use_evidence does: then what was seen wins
over the map, and no map is needed.
Publishes plan, goal_status, goal_reason, cost_to_go, ~/cost_to_go (for display), ~/plan_time and
diagnostics.
Serves ~/make_plan, ~/clear and ~/cancel.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path as PathMessage
from nav_msgs.srv import GetPlan
from std_msgs.msg import String
from std_srvs.srv import Trigger

from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.cdr import OdometryMessage
from mme_ilqr_ros.nodes.clearing import serve_clearing
from mme_ilqr_ros.nodes.compiling import compiling
from mme_ilqr_ros.nodes.conversions import (
    exact_stamp,
    nanoseconds,
    path_message,
    pose_stamped,
    seconds_of,
)
from mme_ilqr_ros.nodes.error_codes import PlanCode
from mme_ilqr_ros.nodes.field_publisher import FieldPublisher
from mme_ilqr_ros.nodes.frames import Frames
from mme_ilqr_ros.nodes.goal_life import ABORTED, GoalLife
from mme_ilqr_ros.nodes.goal_publisher import GoalPublisher
from mme_ilqr_ros.nodes.goal_topics import GoalTopics
from mme_ilqr_ros.nodes.ground import Ground
from mme_ilqr_ros.nodes.ground_inputs import GroundInputs
from mme_ilqr_ros.nodes.journey import Journey, UnknownFrameError
from mme_ilqr_ros.nodes.managed import ManagedNode
from mme_ilqr_ros.nodes.nav2 import serve_planner
from mme_ilqr_ros.nodes.node import LATCHED, LATCHED_NEWS
from mme_ilqr_ros.nodes.odometry_input import OdometryInput
from mme_ilqr_ros.nodes.plan_message import mark
from mme_ilqr_ros.nodes.plan_renewal import PlanRenewal
from mme_ilqr_ros.nodes.plan_requests import PlannerHooks, PlanRequests
from mme_ilqr_ros.nodes.planner_report import PlannerReport
from mme_ilqr_ros.nodes.pursued_goal import Place, PursuedGoal, read_places
from mme_ilqr_ros.nodes.running import run_node
from mme_ilqr_ros.nodes.threads import Background
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.planning.planner import PlanResult
from mme_ilqr_ros.planning.replanner import Replanner
from mme_ilqr_ros.planning.route import Legs, Travel

ODOMETRY_IS_OLD = 2.0  # s by its stamp, from which nothing is planned from there
LOOK_PERIOD = 0.1  # s
PLAN_TOLERANCE = 0.01  # m by which the plan that is sent may leave the one that was made
PLAN_SPACING = 0.25  # m between its poses, at most: enough for who checks or follows them


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
        # time; what is planned with belongs to that thread.
        self._background = Background()
        self.made.callback(self._background.close)
        self._odometry: OdometryMessage | None = None
        self._placed: tuple[tuple[int | None, str], list[Pose]] | None = None  # by goal and frame
        self._planned: int | None = None  # name of the goal of the newest request
        self._legs = Legs()
        self._connect(settings)
        self.get_logger().info("ready")

    def _connect(self, settings: PlannerNodeSettings) -> None:
        self._plan_publisher = self.create_publisher(PathMessage, "plan", LATCHED)
        self._goal = PursuedGoal(GoalLife(GoalPublisher(self), self._goal_is_over))
        self._field = FieldPublisher(self, self._background)
        self._report = PlannerReport(self, self._ground, self._goal)
        replanner = self._replanner
        GroundInputs(
            self, self._ground, self._background, lambda: replanner.path, self._plan_on_new_ground
        )
        if settings.serve_navigation:
            GoalTopics(self, self.life, self._accept)
        self.create_subscription(String, "goal_reason", self._goal.life.take_reason, LATCHED_NEWS)
        self.create_subscription(GoalStatus, "goal_status", self._goal.life.take, LATCHED_NEWS)
        self._odometry_input = OdometryInput(
            self, self.warnings, lambda: ODOMETRY_IS_OLD, self._take_odometry
        )
        PlanRenewal(self, self._goal, self._replanner, self._forget_plan)
        self.requests = self._offer_requests()
        make_plan: Any = self.requests.make_plan  # rclpy's annotations know of no coroutines
        self.create_service(GetPlan, "~/make_plan", make_plan)
        serve_clearing(self, "global_costmap", self._forget_plan)
        self.create_service(Trigger, "~/cancel", self._goal.cancel)
        self.create_timer(1.0, self._tell)
        self.create_timer(LOOK_PERIOD, self._look)
        self._actions = serve_planner(self)
        self.made.callback(self._actions.close)

    def _offer_requests(self) -> PlanRequests:
        hooks = PlannerHooks(
            self._robot,
            self._locate,
            self._leg,
            self._path_message,
            self._background,
            self._ground,
        )
        return PlanRequests(self, hooks)

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

    def _forget_plan(self) -> str:
        self._replanner.release()
        self._replanner.hasten()
        self._plan_soon()
        return "the plan in force is forgotten; a new one is made"

    def _use(self, settings: PlannerNodeSettings) -> None:
        self._ground.use(settings)
        self._legs.forget()
        self._replanner.settings = settings
        self._replanner.release()

    def stop(self) -> None:
        """End the goal, and so the drive, and what was asked for by actions."""
        if self._goal.is_wanted:
            self._goal.life.end(ABORTED, "the planner is not active", PlanCode.UNKNOWN)
        self._actions.abort()

    def pursue(self, poses: Sequence[PoseStamped], name: str) -> int:
        """Accept a goal, the last of some poses, through the others; return its name.

        Raises:
            MessageError: There are no poses, or a number is not finite.
            UnknownFrameError: It is not known where a pose is.
        """
        places = read_places(poses, name)
        if not self._ground.lack and None in map(self._locate, places):
            raise UnknownFrameError(f"{name}: no transform to '{self._ground.frame}'")
        return self._accept(places)

    def _accept(self, places: list[Place]) -> int:
        self._odometry_input.poll()
        name = self._goal.take(places, nanoseconds(self.stamp()))
        self._report.last = None
        pose, frame = places[-1].pose, places[-1].header.frame_id or self._ground.frame
        via = f" through {len(places)} poses" if len(places) > 1 else ""
        self.get_logger().info(f"goal ({pose.x:.2f}, {pose.y:.2f}) in '{frame}'{via}")
        self._plan_soon()
        return name

    @property
    def life(self) -> GoalLife:
        """The life of the newest goal."""
        return self._goal.life

    def journey(self) -> Journey | None:
        """Return where the robot is and how far it has to go; None while that is not known."""
        self._odometry_input.poll()
        robot = self._robot()
        if robot is None or self._odometry is None:
            return None
        self._go_along(robot)
        state, stamp = self._odometry.state, self._odometry.header.stamp
        pose = pose_stamped(robot, stamp, self._ground.frame)
        speed = math.hypot(state.vx, state.vy)
        return Journey(pose, self._goal.rest(robot), speed, len(self._goal.ahead))

    def show(self, plan: PathMessage) -> None:
        """Publish a plan that was asked for, for people; nothing of ours drives along it."""
        self._plan_publisher.publish(plan)

    def _go_along(self, robot: Pose) -> None:
        """Note what is passed; then plan anew, or the controller could turn back to it."""
        if self._goal.go_along(robot):
            self._forget_plan()

    def _goal_is_over(self) -> None:
        """Leave no latched plan to a goal that has ended."""
        life = self._goal.life
        self.get_logger().info(f"goal {life.words}")
        if life.goal is not None and life.goal == self._goal.name:
            nothing = self._path_message(None, Pose(0.0, 0.0, 0.0))
            nothing.header.stamp = exact_stamp(life.goal)
            self._plan_publisher.publish(nothing)

    def _take_odometry(self, message: OdometryMessage, _: float) -> None:
        self._odometry = message

    def _look(self) -> None:
        """Note what is passed, and plan if it is time."""
        self._odometry_input.poll()
        if not self._goal.is_wanted:
            return
        if len(self._goal.ahead) > 1 and (robot := self._robot()) is not None:
            self._go_along(robot)
        if self._replanner.is_due(self.now()):
            self._plan_soon()

    def _locate(self, place: Place, stamp: float = 0.0) -> Pose | None:
        """Return a place in the plan's frame, at a stamp [s] or now; None without a transform."""
        tolerance, frame_id = self.settings.transform_tolerance, place.header.frame_id
        frame = self._frames.pose_in(self._ground.frame, frame_id, tolerance, stamp)
        return None if frame is None else frame.compose(place.pose)

    def _robot(self) -> Pose | None:
        """Return the robot's pose in the plan's frame, or None when it is not known."""
        if self._odometry is None:
            self.warnings.warn("odom", f"no odometry on '{self.resolve_topic_name('odom')}' yet")
            return None
        return self._locate(Place(self._odometry.state.pose, self._odometry.header))

    def _ends(self) -> tuple[Pose, list[Pose]] | None:
        """Return where robot and goals are in the plan's frame, or None when that is open."""
        if self._ground.lack or not self._goal.is_wanted:
            return None
        robot, goals = self._robot(), self._placed_goals()
        return None if robot is None or goals is None else (robot, goals)

    def _placed_goals(self) -> list[Pose] | None:
        """Return where the poses ahead are in the plan's frame: where they were at their stamps."""
        key, ahead = (self._goal.name, self._ground.frame), self._goal.ahead
        if self._placed is None or self._placed[0] != key:
            poses = [self._locate(place, seconds_of(place.header.stamp)) for place in ahead]
            known = [pose for pose in poses if pose is not None]
            if len(known) < len(poses):
                return None
            self._placed = key, known
        return self._placed[1][-len(ahead) :]

    def _plan_on_new_ground(self, frame: str) -> None:
        """Plan at once; the plan in force stays unless it is blocked or a better one is found.

        Args:
            frame: In which the plan in force is.
        """
        if frame != self._ground.frame:
            self._replanner.release()
        self._legs.forget()
        self._replanner.hasten()
        if not self._goal.is_wanted:
            self._ground.prepare()
        self._replan()

    def _plan_soon(self) -> None:
        self._background.do("plan", self._replan)

    def _replan(self) -> None:
        """Plan if it is time and publish the plan if it replaces the one in force."""
        now, name = self.now(), self._goal.name
        if name != self._planned:
            self._planned = name
            self._replanner.restart()
        ends = self._ends() if self._replanner.is_due(now) else None
        if ends is None or name is None:
            return
        start, goals = ends
        result = self._replanner.update(
            now, (start.x, start.y), (goals[0].x, goals[0].y), lambda: self._plan(start, goals)
        )
        if result is not None and self._goal.is_wanted and self._goal.name == name:
            self._goal.travel = Travel(result.path, len(goals), self.settings.via_radius)
            self._publish(result, goals[-1], name)
        elif self._replanner.latest is not None:
            # The map's, though the plan stays.
            self._field.follow(self._replanner.latest, self.stamp(), self._ground.frame)

    def _plan(self, start: Pose, goals: list[Pose]) -> PlanResult:
        result = self._legs.plan(start, goals, self._leg)
        self._report.note(result)
        return result

    def _leg(self, start: Pose, goal: Pose, tolerance: float | None = None) -> PlanResult:
        begun = time.perf_counter()
        result = self._ground.plan(start, goal, tolerance)
        self._report.took(time.perf_counter() - begun)
        return result

    def _publish(self, result: PlanResult, goal: Pose, name: int) -> None:
        plan = self._path_message(result.path, goal)
        if result.path is not None:
            mark(plan, result.path, exact_stamp(name))
        else:
            plan.header.stamp = exact_stamp(name)  # without a stamp of its own it cancels
        self._plan_publisher.publish(plan)
        self._field.follow(result, self.stamp(), self._ground.frame)

    def _path_message(self, path: Path | None, goal: Pose) -> PathMessage:
        """Return the path with the goal's heading at its end; empty without a path."""
        points, headings = np.zeros((0, 2)), np.zeros(0)
        if path is not None:
            path = path.thinned(PLAN_TOLERANCE, PLAN_SPACING)
            points = path.points
            headings = np.append(path.heading_at(path.arc_length[:-1]), goal.yaw)
        return path_message(points, headings, self.stamp(), self._ground.frame)

    def _tell(self) -> None:
        self._background.do("field", self._field.send)
        is_planned = self._replanner.path is not None
        self._goal.judge(self._report.last, is_planned, self.settings.plan_patience)
        self._report.publish()


main = partial(run_node, PlannerNode)

if __name__ == "__main__":
    sys.exit(main())
