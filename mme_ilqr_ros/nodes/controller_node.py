"""The controller node: odometry, plan, obstacles and map in; a velocity command out.

Every control cycle ends in a defined command, whatever is missing; a node that is deactivated or
ends leaves a zero command behind. A goal ends once, by arrival, ~/reset or another node's word on
goal_status; then nothing moves the robot but a new goal.

Subscribes to odom, plan, goal_pose, goal_status, goal_reason, map, obstacles, ~/speed_limit,
cost_to_go where guidance asks for it, and the scans that scan_topics and cloud_topics name.
Publishes cmd_vel, goal_status, goal_reason, plan_wanted, local_plan, ~/candidate_trajectories,
~/solve_time, diagnostics and, where it drives by scans, evidence and ~/tracks.
Serves ~/reset and ~/clear.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import OccupancyGrid
from nav_msgs.msg import Path as PathMessage
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import String
from std_srvs.srv import Trigger

from mme_ilqr_ros.control.controller import ControlStatus, LocalController
from mme_ilqr_ros.control.extensions import extended
from mme_ilqr_ros.control.kernel import KernelError
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.nodes.clearing import serve_clearing
from mme_ilqr_ros.nodes.command_publisher import CommandPublisher
from mme_ilqr_ros.nodes.compiling import compiling
from mme_ilqr_ros.nodes.controller_inputs import ControllerInputs, Snapshot
from mme_ilqr_ros.nodes.controller_report import ControllerReport
from mme_ilqr_ros.nodes.conversions import MessageError, pose_value
from mme_ilqr_ros.nodes.drive_view import DriveView
from mme_ilqr_ros.nodes.evidence_publisher import EvidencePublisher
from mme_ilqr_ros.nodes.frames import Frames
from mme_ilqr_ros.nodes.goal_keeper import GoalKeeper
from mme_ilqr_ros.nodes.goal_life import GoalLife
from mme_ilqr_ros.nodes.goal_publisher import GoalPublisher
from mme_ilqr_ros.nodes.journey import Journey
from mme_ilqr_ros.nodes.lidar_input import LidarInput
from mme_ilqr_ros.nodes.managed import ManagedNode
from mme_ilqr_ros.nodes.nav2 import serve_controller
from mme_ilqr_ros.nodes.node import LATCHED, LATCHED_NEWS, SENSOR, STANDARD
from mme_ilqr_ros.nodes.odometry_input import OdometryInput, OdometryPacing
from mme_ilqr_ros.nodes.parameters import overrides
from mme_ilqr_ros.nodes.plan_message import PlanMessage
from mme_ilqr_ros.nodes.plan_request import PlanRequest
from mme_ilqr_ros.nodes.polled_input import PolledInput
from mme_ilqr_ros.nodes.recovery import NodeRecovery
from mme_ilqr_ros.nodes.running import run_node
from mme_ilqr_ros.nodes.speed_limit import SpeedLimit
from mme_ilqr_ros.nodes.suspension import Suspension
from mme_ilqr_ros.nodes.threads import Watchdog
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings

AT_REST = 0.01  # m/s and rad/s
ARRIVED = 0.1  # m/s and rad/s below which a robot that is told to stand has arrived
WATCH_PERIOD = 0.05  # s between two zero commands while odometry is missing


class ControllerNode(ManagedNode[ControllerNodeSettings]):
    """Runs the control cycle on a timer, on the newest message of each kind.

    Attributes:
        lidar: What scanners see; None where it does not drive by them.
        recovery: Frees it where it is stuck, and drives manoeuvres.
    """

    NAME, SETTINGS = "controller", ControllerNodeSettings
    REFUSALS = (InputError, KernelError)

    def settings_class(self) -> type[ControllerNodeSettings]:
        """Return the class with the settings of an own robot and of own costs too."""
        return extended(self.SETTINGS, overrides(self))

    def set_up(self, settings: ControllerNodeSettings) -> None:
        """Compile the controller and start the cycle."""
        frames, warnings = Frames(self, self.warnings), self.warnings
        self.lidar: LidarInput | None = None
        if settings.drives_by_scan:
            self.lidar = LidarInput(self, frames, warnings, settings)
        self._inputs = ControllerInputs(frames, warnings, settings, self.lidar, self.now)
        self.made.callback(self._inputs.close)
        with compiling(self, "controller"):
            self._controller = LocalController(settings)
            self._controller.warm_up()
        self._report = ControllerReport(self, self._inputs)
        self._is_moving = False
        self._was_halted = False  # since the last cycle
        self.view = DriveView(self)
        self._last_now = -float("inf")
        self._connect(settings)
        self.made.callback(Watchdog(self._watch).close)
        self.get_logger().info(f"ready: {settings.variant} at {settings.controller_frequency:g} Hz")
        self._report.say_derived(settings)

    def _connect(self, settings: ControllerNodeSettings) -> None:
        self._command = CommandPublisher(self)
        inputs, say, warnings = self._inputs, self.get_logger().info, self.warnings
        self._goal = GoalKeeper(inputs, GoalPublisher(self), warnings, self.now, say)
        self._suspension = Suspension(self._goal, warnings)
        self.recovery = NodeRecovery(self._controller, self._goal, inputs, settings)
        # rclpy's annotations know of no bytes, and of no callback that is told when they were sent.
        take_status: Any = self._goal.take_status
        take_map: Any = inputs.take_map
        take_reason = self._goal.life.take_reason
        self.create_subscription(String, "goal_reason", take_reason, LATCHED_NEWS)
        # Before the plan: the status says which goal a plan belongs to.
        self.create_subscription(GoalStatus, "goal_status", take_status, LATCHED_NEWS)
        odometry = OdometryInput(
            self, self.warnings, lambda: self.settings.odom_timeout, inputs.take_odometry
        )
        take = inputs.take_obstacles
        obstacles = PolledInput(
            self, PointCloud2, "obstacles", SENSOR, take, raw=True, newest_only=True
        )
        self.create_subscription(OccupancyGrid, "map", take_map, LATCHED, raw=True)
        self._speed_limit = SpeedLimit(self, warnings, settings, self._controller.limit_speed)
        if settings.serve_navigation:  # else only follow_path moves it
            self._connect_goals(settings)
        if self.lidar is not None:
            self.lidar.catch_up = odometry.poll
            self.made.callback(EvidencePublisher(self, self.lidar, inputs.map_walls).close)
        self.create_service(Trigger, "~/reset", self._reset)
        serve_clearing(self, "local_costmap", self._clear)
        OdometryPacing(self, odometry, settings.controller_frequency, obstacles.poll, self._cycle)
        self.create_timer(1.0, self._tell)
        self._actions = serve_controller(self)
        self.made.callback(self._actions.close)

    def _connect_goals(self, settings: ControllerNodeSettings) -> None:
        if settings.use_plan:
            take_plan: Any = self._goal.take_plan  # rclpy's annotations know of no bytes
            self.create_subscription(PathMessage, "plan", take_plan, LATCHED, raw=True)
            PlanRequest(self, self._goal)
            self.create_subscription(PoseStamped, "goal_pose", self._restart_counts, STANDARD)
            if settings.is_guided:
                take_field: Any = self._inputs.take_cost_to_go
                self.create_subscription(PointCloud2, "cost_to_go", take_field, LATCHED, raw=True)
        else:
            self.create_subscription(PoseStamped, "goal_pose", self._take_goal, STANDARD)
            if settings.guidance != "path":
                self.get_logger().warning(
                    f'guidance: "{settings.guidance}" is ignored with use_plan: false'
                )

    @property
    def is_ready(self) -> bool:
        """Whether odometry and, where it is used, a map have come."""
        wanted = {"odom", "map"} if self.settings.use_map else {"odom"}
        return wanted <= self._inputs.ages().keys()

    @property
    def goal_words(self) -> str:
        """The status of the goal for a person."""
        return self._goal.words

    @property
    def life(self) -> GoalLife:
        """The life of the newest goal."""
        return self._goal.life

    def journey(self) -> Journey | None:
        """Return where the robot is and how far it has to go; None while that is not known."""
        return self.view.journey()

    def follow(self, plan: PlanMessage, goal: int | None) -> int:
        """Drive along a path; return the name of its goal.

        Args:
            plan: With a path; its stamps do not matter.
            goal: Name of the goal that it belongs to; None makes a new one.
        """
        if goal is None:
            self._controller.begin_anew()
        return self._goal.follow(plan, goal)

    def pursue(self, poses: Sequence[PoseStamped], name: str) -> int:
        """Accept a goal without a plan; return its name.

        Raises:
            MessageError: There is not one pose, or a number is not finite.
        """
        if len(poses) != 1:
            raise MessageError(f"{name}: with use_plan: false it drives to one pose at a time")
        pose_value(poses[0].pose, name)
        self._take_goal(poses[0])
        assert self.life.goal is not None
        return self.life.goal

    def start(self) -> None:
        """Drive, as soon as there is a goal."""
        self._goal.resume()
        self._suspension.expect()
        self._command.open()

    def stop(self) -> None:
        """Leave a zero command behind, and end the goal and what was asked for by actions."""
        self._command.close()
        self._is_moving, self._was_halted = False, True
        self._report.rest("inactive")
        self.recovery.stop("the controller is not active")
        self._goal.suspend("the controller is not active")
        self._actions.abort()

    def silence(self) -> None:
        """Send zero and no command after it."""
        if self.is_active:
            self._command.close()

    def check_settings(self, settings: ControllerNodeSettings) -> None:
        """Refuse what has no values in the robot's own units."""
        in_own_units(settings)

    def settings_changed(self, settings: ControllerNodeSettings) -> None:
        """Hand changed settings on; what they compile is compiled now."""
        self._controller.update(settings)
        self._speed_limit.use(settings)
        self.recovery.use(settings)
        self._report.say_derived(settings)
        self._inputs.settings = settings
        if self.lidar is not None:
            self.lidar.use(settings)
        self._suspension.expect()

    def _take_goal(self, message: PoseStamped) -> None:
        self._goal.take_goal(message)
        self._restart_counts(message)

    def _restart_counts(self, _: PoseStamped) -> None:
        self._report.restart()

    def _reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._goal.cancel()
        self._clear()
        response.success = True
        response.message = "warm start, plan, goal and obstacles are forgotten; the robot brakes"
        return response

    def _clear(self) -> str:
        self._inputs.forget()
        self._controller.forget()
        return "obstacles, what was seen and the warm start are forgotten; the goal stays"

    def _cycle(self) -> None:
        """Run one control cycle; without a goal and at rest, leave cmd_vel to others."""
        if not self.is_active:
            return
        now = self.now()
        if now < self._last_now:
            self.warnings.warn("clock", "time went backwards; the controller starts afresh")
            self._controller.forget()
        self._last_now = now
        self._goal.note_time(now)
        self._suspension.look(now)
        if not (self._inputs.has_goal or self._is_moving or self.recovery.is_busy):
            self._report.rest("no goal")
            self.view.rest()
            return
        snapshot = self._inputs.snapshot(now)
        if isinstance(snapshot, str):  # where the robot is and how fast is not known
            self._halt(snapshot)
        else:
            self._drive(snapshot)

    def _halt(self, reason: str) -> None:
        self._report.halt(reason)
        self._was_halted = True
        self.view.halt(reason)
        self._publish_command(0.0, 0.0)

    def _drive(self, snapshot: Snapshot) -> None:
        begun = time.perf_counter()
        if self._was_halted:
            self._was_halted = False
            self._controller.stopped()
        result = self.recovery.compute_command(snapshot)
        if self._inputs.odometry_age > self.settings.odom_timeout:  # the cycle took too long
            return
        self._publish_command(result.vx, result.wz, result.vy)
        self._report.note(result, snapshot, time.perf_counter() - begun)
        self.view.note(result, snapshot)
        state = snapshot.situation.state
        speed = max(abs(state.vx), abs(state.wz))
        # A command is zero or not: one of a few mm/s must not be the last that the robot gets.
        is_driven = any((result.vx, result.vy, result.wz))
        self._is_moving = speed > AT_REST or is_driven
        if result.status is ControlStatus.NO_GOAL:
            return
        self._goal.drive()
        stands = not is_driven and speed < ARRIVED
        self.recovery.judge(stands)
        if result.status is ControlStatus.GOAL_REACHED and stands:
            self._is_moving = False  # also where odometry's noise says that it does
            self._goal.arrive(result.goal_distance)

    def _watch(self) -> float:
        """Stop the robot when odometry stopped, whatever the executor does; on its own thread."""
        left = self.settings.odom_timeout - self._inputs.odometry_age
        if not self._is_moving or left > WATCH_PERIOD:
            return WATCH_PERIOD
        if left > 0.0:
            return left
        self._halt(f"odometry stopped {self._inputs.odometry_age:.1f} s ago")
        return WATCH_PERIOD

    def _publish_command(self, vx: float, wz: float, vy: float = 0.0) -> None:
        self._command.send(vx, wz, vy)

    def _tell(self) -> None:
        seen = {} if self.lidar is None else self.lidar.values(self.now())
        self._report.publish(self._goal.words, self.recovery.count, seen)


main = partial(run_node, ControllerNode)

if __name__ == "__main__":
    sys.exit(main())
