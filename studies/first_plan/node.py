"""The first plan of a planner node, a process of its own, as who asked for it sees it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import Float32

from mme_ilqr_ros.bringup.domain import reserved_domain
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes.conversions import occupancy_message, odometry_message, pose_stamped
from mme_ilqr_ros.nodes.node import LATCHED, STANDARD
from studies.first_plan.maps import LargeMap
from studies.node_load.verb import TICK, node, ticks

PATIENCE = 180.0  # s


class Asker:
    """Sends a map, odometry and a goal; hears of the plan."""

    def __init__(self, context: rclpy.Context, start: np.ndarray) -> None:
        """Make its node."""
        self.node = Node("asker", context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self.plans: list[float] = []
        self.plan_times: list[float] = []
        self.has_map = False
        make = self.node.create_publisher
        self._map = make(OccupancyGrid, "map", LATCHED)
        self._goal = make(PoseStamped, "goal_pose", STANDARD)
        self._odometry = make(Odometry, "odom", STANDARD)
        self._state = RobotState(float(start[0]), float(start[1]), 0.0)
        hear = self.node.create_subscription
        hear(PathMessage, "plan", self._take, LATCHED)
        hear(Float32, "planner/plan_time", lambda m: self.plan_times.append(m.data), STANDARD)
        hear(DiagnosticArray, "diagnostics", self._look, STANDARD)
        self.node.create_timer(0.05, self._tell)

    def _stamp(self) -> Any:
        return self.node.get_clock().now().to_msg()

    def _take(self, message: PathMessage) -> None:
        if message.poses:
            self.plans.append(time.perf_counter())

    def _look(self, message: DiagnosticArray) -> None:
        values = {v.key: v.value for status in message.status for v in status.values}
        self.has_map |= values.get("map") == "yes"

    def _tell(self) -> None:
        self._odometry.publish(odometry_message(self._state, self._stamp(), "map", "base_link"))

    def ask(self, grid: GridMap, goal: np.ndarray, process: int) -> tuple[float, float, float]:
        """Return ms: the planner's own time, from goal to plan, and of its processor."""
        self._map.publish(occupancy_message(grid, self._stamp(), "map"))
        self._until(lambda: self.has_map and self._goal.get_subscription_count() > 0)
        self._spin(1.0)
        before, used = len(self.plans), ticks(process)
        begun = time.perf_counter()
        pose = Pose(float(goal[0]), float(goal[1]), 0.0)
        self._goal.publish(pose_stamped(pose, self._stamp(), "map"))
        self._until(lambda: len(self.plans) > before and len(self.plan_times) > 0)
        processor = 1e3 * (ticks(process) - used) / TICK
        return 1e3 * self.plan_times[0], 1e3 * (self.plans[before] - begun), processor

    def _spin(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self._executor.spin_once(timeout_sec=0.01)

    def _until(self, condition: Any) -> None:
        end = time.perf_counter() + PATIENCE
        while not condition():
            if time.perf_counter() > end:
                raise RuntimeError("the planner does not answer")
            self._executor.spin_once(timeout_sec=0.01)

    def close(self) -> None:
        """Take the node down."""
        self._executor.shutdown()
        self.node.destroy_node()


def first_plan_of_node(large: LargeMap, start: str, rounds: int) -> dict[str, Any]:
    """Return a row: each round a new process that is sent the map, then the goal."""
    found = []
    for _ in range(rounds):
        context = rclpy.Context()
        with reserved_domain() as domain:
            rclpy.init(context=context, domain_id=domain)
            asker = Asker(context, large.starts[start])
            try:
                with node("planner", domain, []) as process:
                    found.append(asker.ask(large.grid, large.goal, process.pid))
            finally:
                asker.close()
                rclpy.shutdown(context=context)
    names = ("plan_time", "wall", "processor")
    values = zip(names, np.array(found).T, strict=True)
    times = {name: (float(np.median(ms)), float(ms.max())) for name, ms in values}
    return {"map": large.name, "start": start, **times}
