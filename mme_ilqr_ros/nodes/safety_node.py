"""The safety node: between a controller's commands and the robot.

A small process of its own, so that nothing that befalls controller and planner befalls it. It lets
commands pass within the robot's limits, and sends zero when commands, odometry or scans are late by
their stamps, when the controller's process has ended, and when it ends itself. At rest it is
silent, so that another node may drive.

Subscribes to cmd_vel_unchecked, odom, and the scans that scan_topics and cloud_topics name.
Publishes cmd_vel, ~/state and diagnostics.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.clock import Clock, ClockType
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from sensor_msgs.msg import LaserScan, PointCloud2

from mme_ilqr_ros.control.clock_watch import ClockWatch
from mme_ilqr_ros.control.command_guard import CommandGuard
from mme_ilqr_ros.control.command_limits import REST
from mme_ilqr_ros.control.command_limits import Twist as TwistValue
from mme_ilqr_ros.control.lateness import Stream
from mme_ilqr_ros.nodes.conversions import header, nanoseconds, twist_message
from mme_ilqr_ros.nodes.managed import ManagedNode
from mme_ilqr_ros.nodes.node import NEWEST, STANDARD
from mme_ilqr_ros.nodes.polled_input import PolledInput
from mme_ilqr_ros.nodes.running import run_node
from mme_ilqr_ros.nodes.stamps import Measured, cloud_stamp, newest_ray, odometry_twist
from mme_ilqr_ros.nodes.state_publisher import StatePublisher
from mme_ilqr_ros.nodes.threads import Watchdog
from mme_ilqr_ros.parameters.safety import SafetySettings

COMMANDS = "cmd_vel_unchecked"
COMMAND = QoSProfile(depth=1)  # reliable; what waited behind another command is not driven
FAILED = 1
AT_REST_PERIOD = 0.1  # s between two looks
BUSY_PERIOD = 0.05  # s between two looks while the robot is driven, and between two zero commands
SIMULATED_PERIOD = 0.02  # s, for simulated time may be faster
SHORTEST_PERIOD = 0.005  # s
SUSPENDED = 0.25  # s without a look: this process was suspended, and what came is of before
SETTLE = 0.1  # s in which what came meanwhile is read


class SafetyNode(ManagedNode[SafetySettings]):
    """Lets commands pass on the executor's thread, and stops the robot on one of its own."""

    NAME, SETTINGS = "safety", SafetySettings

    def set_up(self, settings: SafetySettings) -> None:
        """Connect to the topics and begin to watch them."""
        self._lock = threading.Lock()  # held while a command is decided on and sent
        self._inputs = self._listen(settings)
        commands = Stream(
            COMMANDS, settings.command_timeout, may_lag=not settings.enable_stamped_cmd_vel
        )
        inputs = [Stream(name, _timeout(settings, name)) for name in self._inputs]
        self._guard = CommandGuard(settings.limits, commands, inputs)
        self._clock_watch = ClockWatch()
        self._looked, self._distrusted = time.monotonic(), 0.0
        self._is_open = False  # from `start` to `stop`, in whichever thread that is noticed
        self._news = StatePublisher(self, self._guard)
        kind = TwistStamped if settings.enable_stamped_cmd_vel else Twist
        self._command_publisher = self.create_publisher(kind, "cmd_vel", STANDARD)
        take: Any = self._take_command
        if not hasattr(Subscription, "CallbackType"):  # Humble: callbacks are told no times
            take = lambda message: self._take_command(message, {})  # noqa: E731
        self._commands = self.create_subscription(kind, "cmd_vel_unchecked", take, COMMAND)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # the simulated one may stand still
        self.create_timer(1.0, self._publish_diagnostics, clock=steady)
        self.made.callback(Watchdog(self._watch).close)
        self.get_logger().info(f"ready: {', '.join([COMMANDS, *self._inputs])} to cmd_vel")

    def _listen(self, settings: SafetySettings) -> dict[str, PolledInput]:
        """Subscribe to what must be fresh, by name; the watch reads it, and not the executor."""
        inputs: dict[str, PolledInput] = {}
        if settings.require_odom:
            take = partial(self._take_input, "odom", odometry_twist)
            inputs["odom"] = PolledInput(self, Odometry, "odom", NEWEST, take, raw=True)
        kinds: list[tuple[str, type, Callable[[bytes], Measured]]] = [
            *((topic, LaserScan, newest_ray) for topic in settings.scan_topics),
            *((topic, PointCloud2, cloud_stamp) for topic in settings.cloud_topics),
        ]
        for topic, kind, read in kinds:
            take = partial(self._take_input, topic, read)
            inputs[topic] = PolledInput(self, kind, topic, NEWEST, take, raw=True)
        return inputs

    def settings_changed(self, settings: SafetySettings) -> None:
        """Keep other limits and timeouts."""
        with self._lock:
            self._guard.use(settings.limits)
            self._guard.commands.timeout = settings.command_timeout
            for name, stream in self._guard.inputs.items():
                stream.timeout = _timeout(settings, name)

    def start(self) -> None:
        """Let commands pass."""
        with self._lock:
            self._guard.open()
            self._is_open = True

    def silence(self) -> None:
        """Send zero, and nothing after it; for any thread."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                self._guard.close()
                self._publish_command(REST)
                self._news.tell(self._time()[0])

    def stop(self) -> None:
        """Leave a zero command behind."""
        self.silence()

    def _take_command(self, message: Twist | TwistStamped, info: Mapping[str, int]) -> None:
        twist = message.twist if isinstance(message, TwistStamped) else message
        wanted = (twist.linear.x, twist.linear.y, twist.angular.z)
        with self._lock:
            if not self._is_open or self._was_suspended():
                return
            if not self._guard.is_driving:  # nobody has looked since the robot came to rest
                self._read_inputs()
            now, hindrance = self._time()
            passed = self._guard.take(now, self._lag(message, info), wanted, hindrance)
            if passed is not None:
                self._publish_command(passed, message)
            refusal = self._guard.refusal
        if refusal:
            self.warnings.warn_each(f"{refusal}; not driven")
        self._news.tell_of(self._guard.commands)

    def _lag(self, message: Twist | TwistStamped, info: Mapping[str, int]) -> float:
        """Return how long ago a command was made [s], by its stamp, or by when it was sent."""
        if isinstance(message, TwistStamped) and nanoseconds(message.header.stamp):
            return self.now() - 1e-9 * nanoseconds(message.header.stamp)
        sent = info.get("source_timestamp", 0)
        return 1e-9 * (time.time_ns() - sent) if sent > 0 else 0.0

    def _read_inputs(self) -> None:
        """Read what came of the other topics since the last time."""
        for polled in self._inputs.values():
            polled.poll()

    def _take_input(
        self, name: str, read: Callable[[bytes], Measured], data: bytes, _: Mapping[str, int]
    ) -> None:
        measured = self.warnings.read(name, read, data, "this message is not used")
        if measured is None:
            return
        stream, now = self._guard.inputs[name], self.now()
        lag = now - measured.stamp if measured.stamp else 0.0  # one of 0 counts as now
        if fault := stream.take(self._time()[0], lag):
            self.warnings.warn_each(fault)
        elif measured.twist is not None:
            self._guard.measure(measured.twist)
        self._news.tell_of(stream)

    @property
    def _is_on_simulated_time(self) -> bool:
        clock: Any = self.get_clock()  # rclpy's annotations do not say that it is of ROS time
        return bool(clock.ros_time_is_active)

    def _time(self) -> tuple[float, str]:
        """Return time [s] that no correction moves, and why no command may pass now."""
        if not self._is_on_simulated_time:
            return time.monotonic(), ""
        now = self.now()
        if self._clock_watch.look(time.monotonic(), now):
            self._guard.forget()
        return now, self._clock_watch.fault

    def _was_suspended(self) -> bool:
        """Return whether this process stood still until just now."""
        now = time.monotonic()
        if now - self._looked > SUSPENDED:
            self._distrusted = now + SETTLE
        return now < self._distrusted

    def _watch(self) -> float:
        """Stop the robot when something is amiss; on its own thread."""
        try:
            with self._lock:
                return self._look() if self._is_open else AT_REST_PERIOD
        except Exception as error:  # without a watch nothing must pass: end, with a zero command
            self.get_logger().fatal(f"the watch failed: {type(error).__name__}: {error}")
            self.exit_status = FAILED
            return AT_REST_PERIOD

    def _look(self) -> float:
        """Look once; return the time until the next look [s]."""
        self._was_suspended()
        self._looked = time.monotonic()
        guard, wait = self._guard, AT_REST_PERIOD
        if guard.is_busy:
            self._read_inputs()
        now, hindrance = self._time()
        if guard.is_driving and self.count_publishers(self._commands.topic_name) == 0:
            hindrance = f"nobody publishes {COMMANDS} any more"
        command = guard.look(now, hindrance)
        if command is not None:
            self._publish_command(command)
        if guard.is_driving:
            wait = min(max(guard.patience(now), SHORTEST_PERIOD), BUSY_PERIOD)
        elif guard.is_busy:
            wait = BUSY_PERIOD
        self._news.tell(now)
        return min(wait, SIMULATED_PERIOD) if self._is_on_simulated_time else wait

    def _publish_command(self, twist: TwistValue, of: Twist | TwistStamped | None = None) -> None:
        vx, vy, wz = twist
        message: Twist | TwistStamped = twist_message(vx, wz, vy)
        if self.settings.enable_stamped_cmd_vel:
            head = header(self.stamp(), self.settings.robot_base_frame)
            if isinstance(of, TwistStamped) and nanoseconds(of.header.stamp):
                head = of.header
            message = TwistStamped(header=head, twist=message)
        self._command_publisher.publish(message)

    def _publish_diagnostics(self) -> None:
        with self._lock:
            self._news.publish(self._time()[0])


def _timeout(settings: SafetySettings, name: str) -> float:
    """Return the age from which an input is too old [s]."""
    is_odometry = name == "odom" and settings.require_odom
    return settings.odom_timeout if is_odometry else settings.scan_timeout


main = partial(run_node, SafetyNode)

if __name__ == "__main__":
    sys.exit(main())
