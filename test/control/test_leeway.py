"""How close a robot that is too close may come."""

import numpy as np
import pytest

from mme_ilqr_ros.control.leeway import Leeway

HERE = np.zeros(2)
LEAST, AMOUNT, WAY = 0.22, 0.001, 0.2


def test_where_there_is_room_the_least_distance_is_required():
    assert Leeway(AMOUNT, WAY).required(0.5, HERE, LEAST) == LEAST


def test_a_robot_that_is_too_close_may_come_a_little_closer_but_not_in_every_cycle():
    leeway, here = Leeway(AMOUNT, WAY), 0.215
    first = leeway.required(here, HERE, LEAST)
    assert first == pytest.approx(0.214)
    for _ in range(200):  # it takes whatever it is given
        here = leeway.required(here, HERE, LEAST)
    assert here == pytest.approx(first, abs=5e-4)


def test_after_a_piece_of_way_it_may_again_come_a_little_closer():
    leeway = Leeway(AMOUNT, WAY)
    leeway.required(0.215, HERE, LEAST)
    near, far = np.array([0.15, 0.0]), np.array([0.25, 0.0])
    assert leeway.required(0.2142, near, LEAST) == pytest.approx(0.214)
    assert leeway.required(0.2142, far, LEAST) == pytest.approx(0.2132)


def test_it_may_leave_from_wherever_something_is_suddenly_seen():
    leeway = Leeway(AMOUNT, WAY)
    leeway.required(0.5, HERE, LEAST)
    assert leeway.required(0.15, HERE, LEAST) == pytest.approx(0.149)
    assert leeway.required(0.20, HERE, LEAST) == pytest.approx(0.149)
    leeway.reset()
    assert leeway.required(0.20, HERE, LEAST) == pytest.approx(0.199)
