"""The speed limit of standard messages: it clamps, and it lasts."""

import pytest

pytest.importorskip("rclpy")

from goal_stand import Stand
from rclpy.parameter import Parameter
from std_msgs.msg import Float32

SLOW = 0.25


def fastest(stand, seconds=0.3):
    stand.bench.spin_for(0.3)  # it brakes as fast as it may
    stand.commands.clear()
    stand.bench.spin_for(seconds)
    return max(command.linear.x for command in stand.commands)


def test_it_holds_through_goals_resets_and_parameters_until_it_is_lifted(bench, log):
    stand = Stand(bench)
    publisher = bench.publisher(Float32, "controller/speed_limit")
    bench.connect(publisher)
    stand.send_goal()
    assert stand.drives()
    assert fastest(stand) > 0.6
    publisher.publish(Float32(data=SLOW))
    assert 0.2 < fastest(stand) <= SLOW + 1e-6
    publisher.publish(Float32(data=-1.0))
    assert bench.spin_until(lambda: any("the limit before stays" in text for _, text in log))
    stand.cancels()
    stand.news.clear()
    stand.send_goal((3.0, 1.0))
    assert stand.drives()
    stand.controller.set_parameters([Parameter("vx_max", value=2.0)])
    assert fastest(stand) <= SLOW + 1e-6
    publisher.publish(Float32(data=0.0))
    assert bench.spin_until(lambda: stand.commands[-1].linear.x > 2.0 * SLOW)
