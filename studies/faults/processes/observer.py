"""Writes down what the nodes of a run say, as bytes; it is read after the run."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

import rclpy
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import Odometry
from rcl_interfaces.srv import SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Bool, Float32, String
from std_srvs.srv import Trigger

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.conversions import pose_stamped, robot_state, stamp_of
from mme_ilqr_ros.nodes.node import LATCHED_NEWS, SENSOR, STANDARD
from studies.faults.trace import Answer, Command, GoalNews, Limits, Sent, State, Trace

DEPTH = 5000  # messages that may wait here: none is lost
BEAT, LATE_BEAT = 0.01, 0.1  # s between two looks at the clock; s from which the machine was late


class Observer:
    """A node of the campaign's own, on a thread of its own.

    Attributes:
        sent: Goals that were sent.
        asked: Services that were called, with the future of the answer.
        late: Times at which this process itself did not get the processor in time.
    """

    def __init__(self, domain: int) -> None:
        """Listen to a domain."""
        self.sent: list[Sent] = []
        self.asked: list[tuple[float, str, Any, list[float]]] = []
        self.late: list[float] = []
        self._heard: dict[str, list[tuple[float, bytes]]] = {}
        self._apart = time.time_ns() - time.monotonic_ns()
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        self._node = rclpy.create_node("observer", context=self._context)
        for kind, topic, profile in (
            (Twist, "cmd_vel", STANDARD),
            (Odometry, "odom", SENSOR),
            (Odometry, "simulator/ground_truth", STANDARD),
            (Float32, "simulator/clearance", STANDARD),
            (Bool, "simulator/collision", STANDARD),
            (GoalStatus, "goal_status", LATCHED_NEWS),
            (String, "goal_reason", LATCHED_NEWS),
        ):
            self._listen(kind, topic, profile)
        self._goal = self._node.create_publisher(PoseStamped, "goal_pose", STANDARD)
        self._clock = self._node.create_publisher(Clock, "/clock", SENSOR)
        self._services: dict[tuple[type, str], Any] = {}
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._is_open = True
        self._threads = [threading.Thread(target=work) for work in (self._spin, self._beat)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._is_open = False
        for thread in self._threads:
            thread.join()
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def _listen(self, kind: type, topic: str, profile: Any) -> None:
        rows = self._heard.setdefault(topic, [])

        def take(data: bytes, info: Mapping[str, int]) -> None:
            # When it was sent, so that it does not count how long this process had to wait.
            rows.append((1e-9 * (info["source_timestamp"] - self._apart), data))

        deep = QoSProfile(depth=DEPTH, reliability=profile.reliability)
        deep.durability = profile.durability
        self._node.create_subscription(kind, topic, take, deep, raw=True)

    def _spin(self) -> None:
        while self._is_open:
            self._executor.spin_once(timeout_sec=0.05)

    def _beat(self) -> None:
        before = time.monotonic()
        while self._is_open:
            time.sleep(BEAT)
            now = time.monotonic()
            if now - before > LATE_BEAT:
                self.late.append(now)
            before = now

    def send_goal(self, x: float, y: float) -> None:
        """Send a goal in the frame of the map [m]."""
        stamp = self._node.get_clock().now().to_msg()
        self.sent.append(Sent(time.monotonic(), x, y))
        self._goal.publish(pose_stamped(Pose(x, y, 0.0), stamp, "map"))

    def set_clock(self, seconds: float) -> None:
        """Say what the time is, as if this were the clock."""
        self._clock.publish(Clock(clock=stamp_of(max(seconds, 0.0))))

    def call(self, service: str) -> None:
        """Ask for something without waiting for the answer."""
        self._ask(Trigger, service, Trigger.Request())

    def set_parameter(self, node: str, name: str, value: Any) -> None:
        """Ask a node to change a parameter, without waiting for the answer."""
        told = Parameter(name, value=value).to_parameter_msg()
        self._ask(SetParameters, f"{node}/set_parameters", SetParameters.Request(parameters=[told]))

    def _ask(self, kind: type, service: str, request: Any) -> None:
        client = self._services.get((kind, service))
        if client is None:
            client = self._services[kind, service] = self._node.create_client(kind, service)
        if not client.service_is_ready():
            return
        future, answered = client.call_async(request), []
        future.add_done_callback(lambda _: answered.append(time.monotonic()))
        self.asked.append((time.monotonic(), service, future, answered))

    def listeners(self) -> int:
        """Return how many nodes wait for goals."""
        return self._goal.get_subscription_count()

    def newest(self, topic: str, kind: type) -> Any:
        """Return the newest message of a topic; None before the first."""
        rows = self._heard[topic]
        return deserialize_message(rows[-1][1], kind) if rows else None

    def has_ended(self, since: float) -> bool:
        """Return whether a goal has ended since a time."""
        recent = [data for t, data in self._heard["goal_status"][-20:] if t >= since]
        return any(deserialize_message(data, GoalStatus).status > 3 for data in recent)

    def speed(self) -> float:
        """Return how fast the robot truly is [m/s], 0 before it is known."""
        message = self.newest("simulator/ground_truth", Odometry)
        return 0.0 if message is None else abs(message.twist.twist.linear.x)

    def place(self) -> tuple[float, float]:
        """Return where the robot truly is [m]."""
        message = self.newest("simulator/ground_truth", Odometry)
        at = None if message is None else message.pose.pose.position
        return (0.0, 0.0) if at is None else (at.x, at.y)

    def simulated(self) -> float:
        """Return the stamp of the newest odometry [s]."""
        message = self.newest("odom", Odometry)
        return 0.0 if message is None else message.header.stamp.sec + 0.0

    def trace(self, limits: Limits, begin: float, end: float) -> Trace:
        """Return what happened between two times."""
        trace = Trace(limits, end=end)

        def rows(topic: str, kind: type) -> list[tuple[float, Any]]:
            heard = sorted(self._heard[topic])
            low, high = (bisect_left(heard, (t, b"")) for t in (begin, end))
            return [(t, deserialize_message(data, kind)) for t, data in heard[low:high]]

        believed = 0.0, 0.0
        odometry = [(t, robot_state(message)) for t, message in rows("odom", Odometry)]
        trace.inputs["odom"] = [begin, *(t for t, _ in odometry)]
        waiting = iter(odometry)
        coming = next(waiting, None)
        for t, twist in rows("cmd_vel", Twist):
            while coming is not None and coming[0] <= t:
                believed = coming[1].vx, coming[1].wz
                coming = next(waiting, None)
            a, b = twist.linear, twist.angular
            trace.commands.append(Command(t, (a.x, a.y, a.z, b.x, b.y, b.z), (believed,)))
        for t, message in rows("simulator/ground_truth", Odometry):
            s = robot_state(message)
            trace.states.append(State(t, s.x, s.y, s.yaw, s.vx, s.wz))
        reasons = [(t, message.data) for t, message in rows("goal_reason", String)]
        for t, message in rows("goal_status", GoalStatus):
            at = message.goal_info.stamp
            goal = at.sec * 10**9 + at.nanosec
            reason = next((text for _, text in reasons if text.startswith(str(goal))), "")
            trace.news.append(GoalNews(t, goal, message.status, reason))
        contacts = [t for t, message in rows("simulator/collision", Bool) if message.data]
        trace.contact = contacts[0] if contacts else None
        trace.sent = [goal for goal in self.sent if begin <= goal.t <= end]
        trace.answers = [
            Answer(t, answered[0] if answered else None, name)
            for t, name, _, answered in self.asked
            if begin <= t <= end
        ]
        return trace

    def was_late(self, begin: float, end: float) -> bool:
        """Return whether the machine let this process wait between two times."""
        return bisect_left(self.late, begin) < bisect_left(self.late, end)
