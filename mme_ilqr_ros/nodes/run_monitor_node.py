"""The run monitor: sends the scenario's goal once everything is up, watches, judges, reports.

Publishes goal_pose; subscribes to what the other nodes publish, and writes the result to out_dir.
Exit status: 0 when the goal was reached without collision, 1 when not.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry
from rclpy.clock import Clock, ClockType
from rclpy.context import Context
from rclpy.parameter import Parameter
from std_msgs.msg import Bool

from mme_ilqr_ros.geometry.pose import RobotState
from mme_ilqr_ros.nodes.conversions import pose_stamped, robot_state
from mme_ilqr_ros.nodes.diagnostics import diagnostic_values
from mme_ilqr_ros.nodes.parameters import NodeParameters
from mme_ilqr_ros.nodes.qos import LATCHED, STANDARD
from mme_ilqr_ros.nodes.run import RunnableNode, run_node
from mme_ilqr_ros.nodes.run_listener import RunListener
from mme_ilqr_ros.parameters.run_monitor import RunMonitorSettings
from mme_ilqr_ros.reporting.judge import Outcome, RunJudge
from mme_ilqr_ros.reporting.result import RunResult
from mme_ilqr_ros.reporting.scene import Scene

NAME = "run_monitor"
SUCCESS, FAILURE = 0, 1


class RunMonitorNode(RunnableNode):
    """One run: wait, send the goal, watch, judge, report, exit.

    Attributes:
        exit_status: None during the run, then 0 for success and 1 for everything else.
    """

    def __init__(
        self,
        *,
        context: Context | None = None,
        parameter_overrides: list[Parameter] | None = None,
    ) -> None:
        """Load the scenario and wait for the other nodes.

        Raises:
            SettingError: A parameter is out of range.
            ScenarioError: There is no such scenario, or it is malformed.
        """
        super().__init__(NAME, context=context, parameter_overrides=parameter_overrides)
        self._settings = NodeParameters(self, RunMonitorSettings).settings
        self._scenario = self._settings.load_scenario()
        self._listener = RunListener(self, self._settings.enable_stamped_cmd_vel)
        self._judge: RunJudge | None = None
        self._state: RobotState | None = None
        self._collided = False
        self._goal_time = 0.0
        self._diagnostics: dict[str, dict[str, str]] = {}
        self._goal_publisher = self.create_publisher(PoseStamped, "goal_pose", STANDARD)
        self.create_subscription(Odometry, "simulator/ground_truth", self._take_state, STANDARD)
        self.create_subscription(Bool, "simulator/collision", self._take_collision, LATCHED)
        self.create_subscription(DiagnosticArray, "diagnostics", self._take_diagnostics, STANDARD)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._start_timer = self.create_timer(0.1, self._start_when_ready, clock=steady)
        self._patience = self.create_timer(
            self._settings.startup_patience, self._give_up, clock=steady
        )
        self.create_timer(self._settings.progress_period, self._say_progress, clock=steady)

    def _now(self) -> float:
        return 1e-9 * self.get_clock().now().nanoseconds

    def _missing(self) -> list[str]:
        """Return what the run cannot start without, in words."""
        missing = []
        if self._state is None:
            missing.append("the simulator's ground_truth")
        if "age of odom [s]" not in self._diagnostics.get("controller", {}):
            missing.append("a controller that hears odom")
        if self._settings.use_plan and self._diagnostics.get("planner", {}).get("map") != "yes":
            missing.append("a planner that has the map")
        listeners = 2 if self._settings.use_plan else 1
        if self._goal_publisher.get_subscription_count() < listeners:
            missing.append("subscribers to goal_pose")
        return missing

    def _start_when_ready(self) -> None:
        if self._missing():
            return
        self._start_timer.cancel()
        self._patience.cancel()
        goal = self._scenario.goal
        stamp = self.get_clock().now().to_msg()
        self._goal_publisher.publish(pose_stamped(goal, stamp, self._settings.map_frame_id))
        self._goal_time = self._now()
        self._judge = RunJudge(
            goal,
            self._scenario.goal_tolerance,
            self._scenario.timeout,
            stuck_time=self._settings.stuck_time,
        )
        self._listener.start()
        self._add_state()
        self.get_logger().info(f"goal ({goal.x:.2f}, {goal.y:.2f}) is sent; the clock runs")

    def _give_up(self) -> None:
        self.get_logger().error(
            f"after {self._settings.startup_patience:g} s still missing:"
            f" {', '.join(self._missing())}"
        )
        self.exit_status = FAILURE

    def _say_progress(self) -> None:
        if self._judge is None or self._state is None:
            self.get_logger().info(f"progress: waiting for {', '.join(self._missing())}")
        elif self.exit_status is None:
            x, y = self._state.position
            left = math.hypot(self._scenario.goal.x - x, self._scenario.goal.y - y)
            time = self._now() - self._goal_time
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

    def _add_state(self) -> None:
        """Record where the robot is, and end the run at the judge's verdict."""
        state = self._state
        if self._judge is None or state is None or self.exit_status is not None:
            return
        time = self._now() - self._goal_time
        self._listener.add_state(time, state)
        outcome = self._judge.update(time, state.x, state.y, self._collided)
        if outcome is not None:
            self._report(outcome)
            self.exit_status = SUCCESS if outcome is Outcome.SUCCESS else FAILURE

    def _report(self, outcome: Outcome) -> None:
        """Say how it ended in one line, and write it down where that is wanted."""
        record = self._listener.record
        missed = self._diagnostics.get("controller", {}).get("missed deadlines", "0")
        record.deadline_misses = int(missed)
        result = RunResult.of(record, self._scenario.name, outcome, seed=self._settings.seed)
        self.get_logger().info(f"result: {result.line()}")
        if self._settings.out_dir:
            self._write(result, Path(self._settings.out_dir))

    def _write(self, result: RunResult, folder: Path) -> None:
        # matplotlib takes a second to load and is of no use before the run is over.
        from mme_ilqr_ros.reporting.animation import animate_run
        from mme_ilqr_ros.reporting.pictures import draw_run

        scenario, record = self._scenario, self._listener.record
        scene = Scene(
            scenario.name,
            scenario.start,
            scenario.goal,
            scenario.goal_tolerance,
            scenario.robot.radius,
            scenario.map_with_walls(),
            self._settings.setup,
            scenario.robot.footprint,
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "result.json").write_text(result.to_json())
            draw_run(record, scene, result, folder / "run.png")
            animate_run(record, scene, result, folder / "run.gif")
        except OSError as error:
            self.get_logger().error(f"out_dir: {error}")
            return
        self.get_logger().info(f"wrote result.json, run.png and run.gif into {folder}")


def main(args: Sequence[str] | None = None) -> None:
    """Run the monitor; its exit status says whether the goal was reached without collision."""
    sys.exit(run_node(RunMonitorNode, NAME, args))


if __name__ == "__main__":
    main()
