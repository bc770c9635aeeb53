"""Odometry through the real controller: its stamp decides, and each fault of it has one line."""

import re
import time

import numpy as np
import pytest

pytest.importorskip("rclpy")

from geometry_msgs.msg import Quaternion, Twist
from nav_msgs.msg import Odometry
from nav_msgs.msg import Path as PathMessage
from rclpy.serialization import serialize_message

from mme_ilqr_ros.geometry.pose import RobotState
from mme_ilqr_ros.nodes import cdr
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.node import LATCHED, SENSOR
from mme_ilqr_ros.nodes.odometry_input import OdometryInput, OdometryPacing
from mme_ilqr_ros.nodes.polled_input import PolledInput

PERIOD = 0.02  # s between two messages of odometry
NOT_USED = "; this message is not used"


class Driven:
    """A controller that drives straight ahead, and odometry that can be spoilt."""

    def __init__(self, bench, **parameters):
        self.bench, self.spoil = bench, lambda message: message
        parameters = {"use_map": False, "odom_timeout": 0.35, "ax_max": 4.0, **parameters}
        self.node = bench.add(ControllerNode, mme__n_modes=2, **parameters)
        self.commands = bench.collect(Twist, "cmd_vel")
        self.odom, self.plan = (
            bench.publisher(Odometry, "odom"),
            bench.publisher(PathMessage, "plan", LATCHED),
        )
        bench.node.create_timer(PERIOD, self._send)
        bench.connect(self.odom, self.plan)
        points = np.array([[0.0, 0.0], [50.0, 0.0]])
        self.plan.publish(convert.path_message(points, np.zeros(2), self._stamp(), "map"))
        assert bench.spin_until(self.drives)

    def _stamp(self):
        return self.bench.node.get_clock().now().to_msg()

    def _send(self):
        state = RobotState(0.0, 0.0, 0.0, 0.5, 0.0)
        message = self.spoil(convert.odometry_message(state, self._stamp(), "odom", "base_link"))
        if message is not None:
            self.odom.publish(message)

    def drives(self):
        return bool(self.commands) and self.commands[-1].linear.x > 0.2

    def stops(self):
        return self.bench.spin_until(lambda: self.commands[-1] == Twist())


def later(seconds):
    def spoil(message):
        now = convert.seconds_of(message.header.stamp)
        message.header.stamp = convert.stamp_of(max(now + seconds, 1.0))
        return message

    return spoil


def same_stamp():
    kept = []

    def spoil(message):
        kept.append(message.header.stamp)
        message.header.stamp = kept[0]
        return message

    return spoil


def turned(**parts):
    def spoil(message):
        message.pose.pose.orientation = Quaternion(**parts)
        return message

    return spoil


FAULTS = (
    (later(-0.8), "odom: its stamp is 0.[78]. s old"),
    (later(0.8), "odom: its stamp is 0.[78]. s in the future"),
    (later(-1e9), "s old, of another clock: set use_sim_time alike in all nodes"),
    (later(1e6), "s in the future, of another clock: set use_sim_time alike in all nodes"),
    (same_stamp(), "odom: its stamp is the same again" + NOT_USED),
    (turned(x=0.0, y=0.0, z=0.0, w=0.0), "odom: pose: its quaternion has length 0: must be 1"),
    (turned(z=1.0, w=1.0), "odom: pose: its quaternion has length 1.41: must be 1"),
)


def test_a_fault_that_stays_is_named_and_stops_the_robot_and_then_it_drives_on(bench, log):
    driven = Driven(bench)
    for spoil, line in FAULTS:
        log.clear()
        driven.spoil = spoil
        assert driven.stops(), line
        assert bench.spin_until(lambda line=line: any(re.search(line, t) for _, t in log)), log
        said = [text for level, text in log if level == 30 and text.startswith("odom:")]
        assert 1 <= len(said) <= 2  # a stamp that stays gets late
        driven.spoil = lambda message: message
        assert bench.spin_until(driven.drives), line


def test_a_message_out_of_order_changes_nothing_and_is_said(bench, log):
    driven = Driven(bench)
    count = iter(range(10**6))
    early = later(-0.15)
    driven.spoil = lambda message: early(message) if next(count) % 5 == 0 else message
    bench.spin_for(0.5)
    assert driven.drives()
    assert any("s before that of the one before" in text for _, text in log)
    assert driven.node._inputs.odometry_age < 0.1


def test_the_state_is_predicted_from_the_stamp(bench):
    """Half a metre a second for 0.3 s."""
    driven = Driven(bench)
    driven.spoil = later(-0.29)
    bench.spin_for(0.3)  # until the last ones in time are older than that
    assert driven.drives()
    snapshot = driven.node._inputs.snapshot(driven.node.now())
    assert snapshot.situation.state.x == pytest.approx(0.15, abs=0.03)
    assert 0.28 < driven.node._inputs.odometry_age < 0.35


def test_without_a_stamp_odometry_counts_as_now(bench):
    driven = Driven(bench)

    def unstamped(message):
        message.header.stamp = convert.stamp_of(0.0)
        return message

    driven.spoil = unstamped
    driven.commands.clear()
    bench.spin_for(0.6)
    assert driven.drives()
    assert Twist() not in driven.commands


@pytest.mark.parametrize("frame", ["", "odom", "robot1/odom"])
def test_odometry_read_from_its_bytes_is_the_one_that_rclpy_reads(frame):
    state = RobotState(1.0, -2.0, 0.7, 0.3, -0.4, 0.1)
    message = convert.odometry_message(state, convert.stamp_of(3.25), frame, frame + "_base")
    message.pose.covariance[3] = 7.0
    seen = cdr.read_odometry(serialize_message(message))
    assert seen.header == message.header
    assert seen.state == convert.robot_state(message)


@pytest.mark.parametrize("cut", [0, 3, 4, 20, 60, 100, 400])
def test_bytes_that_are_no_odometry_are_refused(cut):
    state = RobotState(1.0, -2.0, 0.7)
    data = serialize_message(convert.odometry_message(state, convert.stamp_of(3.0), "odom", "b"))
    with pytest.raises(convert.MessageError, match="odom: "):
        cdr.read_odometry(data[:cut])


def test_what_is_polled_comes_when_it_is_asked_for_and_not_before(bench):
    taken = []
    polled = PolledInput(bench.node, Odometry, "odom", SENSOR, lambda m, _: taken.append(m))
    publisher = bench.publisher(Odometry, "odom")
    bench.connect(publisher)
    for _ in range(3):
        publisher.publish(Odometry())
    bench.spin_for(0.1)
    assert taken == []
    polled.poll()
    assert len(taken) == 3
    called = []
    polled.wait(lambda: called.append(len(taken)))
    publisher.publish(Odometry())
    assert bench.spin_until(lambda: called == [4])


def test_cycles_keep_their_rate_on_odometry_and_go_on_without_it(bench):
    node, times = bench.node, []
    publisher = bench.publisher(Odometry, "odom")
    message = convert.odometry_message(RobotState(0.0, 0.0, 0.0), convert.stamp_of(0.0), "", "")
    sending = node.create_timer(PERIOD, lambda: publisher.publish(message))
    arrivals, waited = [], []

    def cycle():
        times.append(time.monotonic())
        waited.append(times[-1] - arrivals[-1] if arrivals else 0.0)

    def take(_, lag):
        arrivals.append(time.monotonic())

    warnings = ThrottledWarnings(node.get_logger())
    OdometryPacing(node, OdometryInput(node, warnings, lambda: 1.0, take), 20.0, cycle)
    bench.spin_for(0.3)
    del times[:], waited[:]
    bench.spin_for(0.5)
    assert 9 <= len(times) <= 11
    assert np.median(waited) < 0.005  # each right after a message
    sending.cancel()
    bench.spin_for(0.1)
    times.clear()
    bench.spin_for(0.3)
    assert 5 <= len(times) <= 7
