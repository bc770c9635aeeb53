"""The safety node without a controller: what passes, what stops, and what it says."""

import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from nav_msgs.msg import Odometry
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import LaserScan

from mme_ilqr_ros.nodes.conversions import header, stamp_of, twist_message
from mme_ilqr_ros.nodes.node import LATCHED
from mme_ilqr_ros.nodes.safety_node import SafetyNode

PERIOD = 0.05  # s between commands
IN_TIME = 0.4  # s; 0.3, and what a busy machine takes to hand a message to the bench


class Driver:
    """Publishes commands, odometry and scans, each until it is told not to."""

    def __init__(self, bench, kind=Twist, scans=False):
        self.bench, self.node, self.kind = bench, bench.node, kind
        self.twist, self.alive, self.late = twist_message(0.2, 0.1), {"commands", "odom"}, 0.0
        self.commands = bench.publisher(kind, "cmd_vel_unchecked")
        self.odometry = bench.publisher(Odometry, "odom")
        self.scans = bench.publisher(LaserScan, "scan") if scans else None
        self.alive |= {"scan"} if scans else set()
        self.died = 0.0
        self.sent = []  # (time, message) on cmd_vel
        kept = lambda message: self.sent.append((time.monotonic(), message))  # noqa: E731
        self.node.create_subscription(kind, "cmd_vel", kept, 10)
        self.timer = self.node.create_timer(PERIOD, self.tick)

    @property
    def head(self):
        return header(stamp_of(1e-9 * self.node.get_clock().now().nanoseconds - self.late), "odom")

    def tick(self):
        if "odom" in self.alive:
            self.odometry.publish(Odometry(header=self.head))
        if "scan" in self.alive:
            self.scans.publish(LaserScan(header=self.head))
        if "commands" in self.alive:
            stamped = self.kind is TwistStamped
            self.commands.publish(
                TwistStamped(header=self.head, twist=self.twist) if stamped else self.twist
            )

    def begin(self):
        """Wait until commands pass."""
        assert self.bench.spin_until(lambda: self.sent and vx(self.sent[-1][1]) > 0.0)

    def end(self, name):
        self.alive.discard(name)
        self.died = time.monotonic()

    def time_to_zero(self):
        """Return after how many s the first zero came, of those after which nothing else did."""
        self.bench.spin_for(0.6)
        last = max(t for t, message in self.sent if vx(message) != 0.0)
        return min(t for t, message in self.sent if t > last) - self.died


def vx(message):
    return (message.twist if isinstance(message, TwistStamped) else message).linear.x


@pytest.fixture
def state(bench):
    return bench.collect(DiagnosticStatus, "safety/state", LATCHED)


def test_commands_pass_and_are_kept_within_the_limits(bench, state):
    bench.add(SafetyNode, vx_max=0.3)
    driver = Driver(bench)
    driver.begin()
    assert driver.sent[-1][1] == driver.twist
    driver.twist = twist_message(3.0, 1.0)
    assert bench.spin_until(lambda: driver.sent[-1][1].linear.x > 0.29)
    assert driver.sent[-1][1].linear.x == pytest.approx(0.3)
    assert driver.sent[-1][1].angular.z == pytest.approx(0.1)
    assert bench.spin_until(lambda: "vx = 3.00" in state[-1].message)


@pytest.mark.parametrize("dead", ["commands", "odom", "scan"])
def test_what_falls_silent_stops_the_robot(bench, state, dead):
    bench.add(SafetyNode, scan_topics=["scan"])
    driver = Driver(bench, scans=True)
    driver.begin()
    driver.end(dead)
    assert driver.time_to_zero() <= IN_TIME
    name = "cmd_vel_unchecked" if dead == "commands" else dead
    assert bench.spin_until(lambda: f"no fresh {name}" in state[-1].message)
    assert state[-1].level == DiagnosticStatus.ERROR


def test_after_the_stop_it_is_silent(bench):
    bench.add(SafetyNode)
    driver = Driver(bench)
    driver.begin()
    driver.end("commands")
    bench.spin_for(0.8)
    before = len(driver.sent)
    bench.spin_for(0.5)
    assert len(driver.sent) == before
    zeros = [message for t, message in driver.sent if t > driver.died and vx(message) == 0.0]
    assert 3 <= len(zeros) <= 8


def test_stamps_decide(bench, state):
    bench.add(SafetyNode, enable_stamped_cmd_vel=True)
    driver = Driver(bench, kind=TwistStamped)
    driver.begin()
    driver.late, driver.died = 0.6, time.monotonic()
    assert driver.time_to_zero() <= IN_TIME
    driver.late = 0.0
    driver.begin()


def test_what_is_not_finite_becomes_a_stop(bench):
    bench.add(SafetyNode)
    driver = Driver(bench)
    driver.begin()
    driver.twist.angular.z = float("nan")
    driver.died = time.monotonic()
    assert driver.time_to_zero() <= IN_TIME
    assert all(vx(message) == vx(message) for _, message in driver.sent)


def test_a_controller_that_is_gone_stops_the_robot(bench, state):
    bench.add(SafetyNode, command_timeout=5.0)
    driver = Driver(bench)
    driver.begin()
    driver.end("commands")
    bench.node.destroy_publisher(driver.commands)
    assert driver.time_to_zero() <= IN_TIME
    assert bench.spin_until(lambda: "nobody publishes" in state[-1].message)


def test_a_clock_that_stands_still_stops_the_robot(bench, state):
    bench.add(SafetyNode, use_sim_time=True)
    clock, offset = bench.publisher(Clock, "/clock"), time.monotonic() - 100.0
    driver = Driver(bench)
    ticking = [True]

    def tick():
        driver.late = bench.node.get_clock().now().nanoseconds * 1e-9 - (time.monotonic() - offset)
        if ticking[0]:
            clock.publish(Clock(clock=stamp_of(time.monotonic() - offset)))

    bench.node.create_timer(0.01, tick)
    driver.begin()
    ticking[0], driver.died = False, time.monotonic()
    assert driver.time_to_zero() <= IN_TIME
    assert bench.spin_until(lambda: state[-1].message == "stopped: /clock stands still")


def change(bench, transition):
    request = ChangeState.Request(transition=Transition(id=transition))
    return bench.call(ChangeState, "safety/change_state", request).success


def test_deactivated_it_sends_zero_and_lets_nothing_pass(bench, state):
    bench.add(SafetyNode)
    driver = Driver(bench)
    driver.begin()
    assert change(bench, Transition.TRANSITION_DEACTIVATE)
    assert bench.spin_until(lambda: vx(driver.sent[-1][1]) == 0.0)
    before = len(driver.sent)
    bench.spin_for(0.5)
    assert all(vx(message) == 0.0 for _, message in driver.sent[before:])
    assert bench.spin_until(lambda: state[-1].message == "inactive")
    assert change(bench, Transition.TRANSITION_ACTIVATE)
    driver.begin()


def test_a_watch_that_fails_ends_the_process(bench, monkeypatch):
    node = bench.add(SafetyNode)
    monkeypatch.setattr(node, "_look", lambda: 1 / 0)
    assert bench.spin_until(lambda: node.exit_status == 1)


def test_diagnostics_tell_ages_and_counts(bench):
    told = bench.collect(DiagnosticArray, "diagnostics")
    bench.add(SafetyNode)
    Driver(bench).begin()
    assert bench.spin_until(lambda: told and told[-1].status[0].message == "commands pass")
    keys = {pair.key for pair in told[-1].status[0].values}
    assert {"passed", "stops", "age of odom [s]", "age of cmd_vel_unchecked [s]"} <= keys


def test_ending_it_leaves_a_zero_behind_and_it_needs_no_solver(bench, ros_domain, monkeypatch):
    code = (
        "import sys, mme_ilqr_ros.nodes.safety_node as n; s = n.main([]);"
        "print(*({'numba', 'casadi', 'scipy', 'torch', 'matplotlib'} & set(sys.modules)));"
        "sys.exit(s)"
    )
    monkeypatch.setenv("ROS_DOMAIN_ID", str(ros_domain))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        driver = Driver(bench)
        driver.begin()
        process.send_signal(signal.SIGTERM)
        driver.died = time.monotonic()
        assert driver.time_to_zero() <= 0.5
        out, _ = process.communicate(timeout=10.0)
    finally:
        process.kill()
    assert (process.returncode, out.strip()) == (0, "")
