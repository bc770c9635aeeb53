"""The speed limit of standard messages: it clamps, and it lasts."""

import pytest

pytest.importorskip("rclpy")

from goal_stand import Stand
from rclpy.parameter import Parameter
from std_msgs.msg import Float32

SLOW = 0.25


def is_slow(stand):
    """Return whether it comes to the limit, and drives no faster then."""
    came = stand.bench.spin_until(lambda: 0.2 < stand.commands[-1].linear.x <= SLOW + 1e-6)
    stand.commands.clear()
    stand.bench.spin_for(0.3)
    return came and all(command.linear.x <= SLOW + 1e-6 for command in stand.commands)


def is_fast(stand):
    return stand.bench.spin_until(lambda: stand.commands[-1].linear.x > 2.0 * SLOW)


def test_it_holds_through_goals_resets_and_parameters_until_it_is_lifted(bench, log):
    stand = Stand(bench)
    publisher = bench.publisher(Float32, "controller/speed_limit")
    bench.connect(publisher)
    stand.send_goal()
    assert stand.drives()
    assert is_fast(stand)
    publisher.publish(Float32(data=SLOW))
    assert is_slow(stand)
    publisher.publish(Float32(data=-1.0))
    assert bench.spin_until(lambda: any("the limit before stays" in text for _, text in log))
    stand.cancels()
    stand.news.clear()
    stand.send_goal((3.0, 1.0))
    assert stand.drives()
    stand.controller.set_parameters([Parameter("vx_max", value=2.0)])
    assert is_slow(stand)
    publisher.publish(Float32(data=0.0))
    assert is_fast(stand)
