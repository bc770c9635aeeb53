"""The run monitor: sends the scenario's goal once everything is up, watches, judges, reports.

Publishes goal_pose; subscribes to what the other nodes publish, and writes the result to out_dir.
Exit status: 0 when the goal was reached without collision, 1 when not.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped, Twist, TwistStamped
from nav_msgs.msg import Odometry
from nav_msgs.msg import Path as PathMessage
from rclpy.clock import Clock, ClockType
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Bool, Float32
from visualization_msgs.msg import MarkerArray

from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.pose import RobotState
from mme_ilqr_ros.nodes.clouds import read_circles
from mme_ilqr_ros.nodes.conversions import (
    MessageError,
    path_value,
    pose_stamped,
    robot_state,
    twist_value,
)
from mme_ilqr_ros.nodes.diagnostics import diagnostic_values
from mme_ilqr_ros.nodes.markers import read_candidates
from mme_ilqr_ros.nodes.node import LATCHED, SENSOR, STANDARD, RunnableNode
from mme_ilqr_ros.nodes.running import run_node
from mme_ilqr_ros.parameters.simulation import RunMonitorSettings
from mme_ilqr_ros.reporting.result import Outcome, RunJudge, RunResult
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.reporting.scene import Scene

SUCCESS, FAILURE = 0, 1
LOOK_PERIOD = 0.5  # s between two looks at how many simulators there are
CIRCLES_PERIOD = 0.1  # s between recorded positions of circles


class RunMonitorNode(RunnableNode[RunMonitorSettings]):
    """One run: wait, send the goal, watch, judge, report, exit.

    Attributes:
        exit_status: None during the run, then 0 for success and 1 for everything else.
    """

    NAME, SETTINGS = "run_monitor", RunMonitorSettings

    def set_up(self, settings: RunMonitorSettings) -> None:
        """Load the scenario and wait for the other nodes.

        Raises:
            ScenarioError: There is no such scenario, or it is malformed.
        """
        self._scenario = settings.load_scenario()
        self._record = RunRecord()
        self._judge: RunJudge | None = None
        self._state: RobotState | None = None
        self._collided = False
        self._goal_time = 0.0  # of ROS
        self._time = 0.0  # of the last true state, in s since the goal was sent
        self._circles = no_circles()
        self._circles_time = -CIRCLES_PERIOD
        self._diagnostics: dict[str, dict[str, str]] = {}
        self._goal_publisher = self.create_publisher(PoseStamped, "goal_pose", STANDARD)
        self._listen(settings)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._start_timer = self.create_timer(0.1, self._start_when_ready, clock=steady)
        self._patience = self.create_timer(settings.startup_patience, self._give_up, clock=steady)
        self.create_timer(settings.progress_period, self._say_progress, clock=steady)
        self.create_timer(LOOK_PERIOD, self._look_around, clock=steady)

    def _listen(self, settings: RunMonitorSettings) -> None:
        twist = TwistStamped if settings.enable_stamped_cmd_vel else Twist
        for kind, topic, callback, profile in (
            (Odometry, "simulator/ground_truth", self._take_state, STANDARD),
            (Bool, "simulator/collision", self._take_collision, LATCHED),
            (DiagnosticArray, "diagnostics", self._take_diagnostics, STANDARD),
            (
                Float32,
                "simulator/clearance",
                lambda m: self._record.add_clearance(m.data),
                STANDARD,
            ),
            (
                Float32,
                "controller/solve_time",
                lambda m: self._record.add_solve_time(m.data),
                STANDARD,
            ),
            (twist, "cmd_vel", self._take_command, STANDARD),
            (PathMessage, "plan", self._take_plan, LATCHED),
            (PointCloud2, "simulator/obstacles", self._take_obstacles, SENSOR),
            (MarkerArray, "controller/candidate_trajectories", self._take_modes, STANDARD),
        ):
            self.create_subscription(kind, topic, callback, profile)
        for topic, add in (
            ("simulator/clearance", RunRecord.add_clearance),
            ("controller/solve_time", RunRecord.add_solve_time),
            ("planner/plan_time", RunRecord.add_plan_time),
        ):
            self.create_subscription(Float32, topic, partial(self._take_number, add), STANDARD)

    def _missing(self) -> list[str]:
        """Return what the run cannot start without, in words."""
        missing = []
        if self._state is None:
            missing.append("the simulator's ground_truth")
        if crowd := self._crowd():
            missing.append(f"the end of the other simulator ({crowd})")
        if "age of odom [s]" not in self._diagnostics.get("controller", {}):
            missing.append("a controller that hears odom")
        waits = self._diagnostics.get("planner", {}).get("waits for", "map")
        if self.settings.use_plan and waits != "nothing":
            missing.append(f"a planner that has the {waits}")
        if self._goal_publisher.get_subscription_count() < (2 if self.settings.use_plan else 1):
            missing.append("subscribers to goal_pose")
        return missing

    def _crowd(self) -> str:
        """Return how many simulators are heard; empty while there is no more than one."""
        count = self.count_publishers(self.resolve_topic_name("simulator/ground_truth"))
        return f"{count} simulators in this ROS domain" if count > 1 else ""

    def _look_around(self) -> None:
        """End a run in which the true state comes from several simulators in turn."""
        if self._judge is not None and self.exit_status is None and (crowd := self._crowd()):
            text = f"{crowd}: no result; end the others, or set another ROS_DOMAIN_ID"
            self.get_logger().error(text)
            self.exit_status = FAILURE

    def _start_when_ready(self) -> None:
        if self._missing():
            return
        self._start_timer.cancel()
        self._patience.cancel()
        scenario, goal = self._scenario, self._scenario.goal
        self._goal_publisher.publish(pose_stamped(goal, self.stamp(), self.settings.map_frame_id))
        self._goal_time = self.now()
        limits = (scenario.goal_tolerance, scenario.timeout, self.settings.stuck_time)
        self._judge = RunJudge(goal, *limits)
        self._record, self._time = RunRecord(), 0.0
        self._circles_time = -CIRCLES_PERIOD
        if self._circles.size:
            self._record.add_circles(0.0, self._circles)
        self._add_state()
        self.get_logger().info(f"goal ({goal.x:.2f}, {goal.y:.2f}) is sent; the clock runs")

    def _give_up(self) -> None:
        patience, missing = self.settings.startup_patience, ", ".join(self._missing())
        self.get_logger().error(f"after {patience:g} s still missing: {missing}")
        self.exit_status = FAILURE

    def _say_progress(self) -> None:
        if self._judge is None or self._state is None:
            self.get_logger().info(f"progress: waiting for {', '.join(self._missing())}")
        elif self.exit_status is None:
            x, y = self._state.position
            left = math.hypot(self._scenario.goal.x - x, self._scenario.goal.y - y)
            time = self.now() - self._goal_time
            self.get_logger().info(f"progress: {time:.1f} s, {left:.2f} m to go")

    def _take_diagnostics(self, message: DiagnosticArray) -> None:
        namespace = self.get_namespace().strip("/")
        for name in ("planner", "controller"):
            values = diagnostic_values(message, f"{namespace}/{name}".lstrip("/"))
            if values is not None:
                self._diagnostics[name] = values

    def _take_collision(self, message: Bool) -> None:
        self._collided = bool(message.data)
        self._add_state()

    def _take_state(self, message: Odometry) -> None:
        self._state = robot_state(message)
        self._add_state()

    def _take_command(self, message: Twist | TwistStamped) -> None:
        try:
            vx, wz = twist_value(message.twist if isinstance(message, TwistStamped) else message)
        except MessageError as error:
            self.get_logger().error(f"the controller sent a bad command: {error}")
        else:
            self._record.add_command(self._time, vx, wz)

    def _take_number(self, add: Callable[[RunRecord, float], None], message: Float32) -> None:
        add(self._record, message.data)

    def _take_plan(self, message: PathMessage) -> None:
        # What is wrong with a plan or with obstacles, the controller reports.
        with contextlib.suppress(MessageError):
            path = path_value(message)
            if path is not None:
                self._record.add_plan(self._time, path.points)

    def _take_modes(self, message: MarkerArray) -> None:
        modes = read_candidates(message)
        if modes is not None:
            drawn = (modes.lines, modes.weights, modes.chosen, modes.switched)
            self._record.add_modes(self._time, *drawn)

    def _take_obstacles(self, message: PointCloud2) -> None:
        """Add the circles, when they moved and not too often."""
        with contextlib.suppress(MessageError):
            circles = read_circles(message)
            is_new = not np.array_equal(circles, self._circles)
            if is_new and self._time >= self._circles_time + CIRCLES_PERIOD:
                self._record.add_circles(self._time, circles)
                self._circles_time = self._time
            self._circles = circles

    def _add_state(self) -> None:
        """Record where the robot is, and end the run at the judge's verdict."""
        state = self._state
        if self._judge is None or state is None or self.exit_status is not None:
            return
        self._time = self.now() - self._goal_time
        self._record.add_state(self._time, state.x, state.y, state.yaw, state.vx, state.wz)
        outcome = self._judge.update(self._time, state.x, state.y, self._collided)
        if outcome is not None:
            self._report(outcome)
            self.exit_status = SUCCESS if outcome is Outcome.SUCCESS else FAILURE

    def _report(self, outcome: Outcome) -> None:
        """Say how it ended in one line, and write it down where that is wanted."""
        missed = self._diagnostics.get("controller", {}).get("missed deadlines", "0")
        self._record.deadline_misses = int(missed)
        name, seed = self._scenario.name, self.settings.seed
        top_speed = self._scenario.robot.vx_max
        result = RunResult.of(self._record, name, outcome, seed=seed, top_speed=top_speed)
        self.get_logger().info(f"result: {result.line()}")
        if self.settings.out_dir:
            self._write(result, Path(self.settings.out_dir))

    def _write(self, result: RunResult, folder: Path) -> None:
        # matplotlib takes a second to load and is of no use before the run is over.
        from mme_ilqr_ros.reporting.animation import animate_run
        from mme_ilqr_ros.reporting.pictures import draw_run

        scene = Scene.of(self._scenario, self.settings.setup)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "result.json").write_text(result.to_json())
            draw_run(self._record, scene, result, folder / "run.png")
            animate_run(self._record, scene, result, folder / "run.gif")
        except OSError as error:
            self.get_logger().error(f"out_dir: {error}")
            return
        self.get_logger().info(f"wrote result.json, run.png and run.gif into {folder}")


main = partial(run_node, RunMonitorNode)

if __name__ == "__main__":
    sys.exit(main())
