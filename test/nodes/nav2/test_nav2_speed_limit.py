"""nav2's SpeedLimit: percentage, absolute, none."""

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("nav2_msgs")

from nav2_msgs.msg import SpeedLimit

from mme_ilqr_ros.nodes.node import STANDARD


def test_both_kinds_limit_the_speed_and_zero_lifts_it(stand):
    stand = stand()
    controller = stand.start_controller(speed_limit_topic="limit", vx_max=2.0)
    publisher = stand.bench.publisher(SpeedLimit, "limit", STANDARD)
    stand.bench.connect(publisher)
    shares = lambda: controller._controller._speed_share  # noqa: E731
    for percentage, limit, share in (
        (True, 40.0, 0.4),
        (False, 0.5, 0.25),
        (False, 9.0, 1.0),
        (True, 10.0, 0.1),
        (True, 0.0, 1.0),
    ):
        publisher.publish(SpeedLimit(percentage=percentage, speed_limit=limit))
        assert stand.bench.spin_until(lambda share=share: shares() == pytest.approx(share))
