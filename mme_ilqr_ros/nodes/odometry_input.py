"""Odometry as a node needs it: believed by its stamp, and cycles that keep time with it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from itertools import pairwise
from statistics import median

from nav_msgs.msg import Odometry
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from mme_ilqr_ros.geometry.stamps import Stamps
from mme_ilqr_ros.nodes.cdr import OdometryMessage, read_odometry
from mme_ilqr_ros.nodes.conversions import seconds_of
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.node import SENSOR
from mme_ilqr_ros.nodes.polled_input import PolledInput

SLACK = 0.005  # s by which odometry may be late before a cycle goes on without it
FRESH = 0.003  # s of age up to which a cycle does not wait for a newer one
KEPT = 8  # times of arrival, from which the period of the odometry is known
Take = Callable[[OdometryMessage, float], None]


class OdometryInput:
    """Reads odometry, from its bytes and when asked for it, and judges its stamps.

    Attributes:
        poll: Reads what has come.
        wait: Calls a function when the next message has come; None calls nobody.
    """

    def __init__(
        self, node: Node, warnings: ThrottledWarnings, timeout: Callable[[], float], take: Take
    ) -> None:
        """Subscribe to odom.

        Args:
            node: Who needs it.
            warnings: For what is not used.
            timeout: Returns the age from which odometry is of no use [s].
            take: Called with each message that can be believed, and its age when it came [s].
        """
        self._clock, self._warnings = node.get_clock(), warnings
        self._timeout, self._take, self._stamps = timeout, take, Stamps()
        self._arrivals: deque[int] = deque(maxlen=KEPT)  # ns, by the clock of the system
        self._messages = PolledInput(node, Odometry, "odom", SENSOR, self._read, raw=True)
        self.poll, self.wait = self._messages.poll, self._messages.wait

    def due_in(self, within: float) -> float | None:
        """Return the time [s] to the next one, where there is one to wait for.

        It is due until SLACK after it should have come. Where the newest is fresh, or they come
        more seldom than every `within` s, there is none to wait for.
        """
        times = list(self._arrivals)
        if len(times) < KEPT or times[0] == 0:
            return None
        period = 1e-9 * median(after - before for before, after in pairwise(times))
        age = 1e-9 * (time.time_ns() - times[-1])
        return period - age if FRESH < age < period + SLACK and period <= within else None

    def _read(self, data: bytes, info: Mapping[str, int]) -> None:
        self._arrivals.append(int(info.get("received_timestamp", 0)))
        otherwise = "this message is not used"
        message = self._warnings.read("odom", read_odometry, data, otherwise)
        if message is None:
            return
        now, stamp = 1e-9 * self._clock.now().nanoseconds, seconds_of(message.header.stamp)
        judged = self._stamps.judge(stamp, now, self._timeout())
        if judged.fault:
            self._warnings.warn_each(f"odom: {judged.fault}; {otherwise}")
            return
        self._take(message, judged.lag)


class OdometryPacing:
    """Runs a cycle at a rate, each on the odometry that comes nearest to its time.

    A cycle that is due waits for the next odometry where that comes within the period, so that its
    command is as old as the cycle takes and not as the time between two messages.
    """

    def __init__(
        self,
        node: Node,
        odometry: OdometryInput,
        frequency: float,
        *cycle: Callable[[], None],
    ) -> None:
        """Begin to run cycles.

        Args:
            node: Whose clock counts.
            odometry: What a cycle needs.
            frequency: Cycles per second.
            cycle: What to do in each, in order.
        """
        self._odometry, self._period, self._cycle = odometry, 1.0 / frequency, cycle
        node.create_timer(self._period, self._begin)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._deadline = node.create_timer(self._period, self._run, clock=steady)
        self._deadline.cancel()

    def _begin(self) -> None:
        self._odometry.poll()
        due_in = self._odometry.due_in(within=1.05 * self._period)
        if due_in is None:
            self._run()
            return
        self._odometry.wait(self._run)
        self._deadline.timer_period_ns = int(1e9 * (due_in + SLACK))
        self._deadline.reset()

    def _run(self) -> None:
        self._deadline.cancel()
        self._odometry.wait(None)
        self._odometry.poll()
        for part in self._cycle:
            part()
