"""The cost to go survives its message exactly, and what is no cost to go is refused."""

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from rclpy.serialization import serialize_message

from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.cdr import read_cloud
from mme_ilqr_ros.nodes.clouds import circles_cloud, cost_to_go_cloud, read_cost_to_go
from mme_ilqr_ros.nodes.conversions import MessageError

TOPICS = Path(__file__).resolve().parents[2] / "docs" / "topics.md"
ORIGIN = Pose(-12.5, 31.0, 2.1)


def field():
    rng = np.random.default_rng(0)
    values = (30.0 * rng.random((13, 21))).astype(np.float32)
    values[rng.random(values.shape) < 0.3] = np.inf
    values[5, 7] = 0.0
    return CostToGo(values, 0.05, ORIGIN)


def test_values_come_back_to_the_bit_and_lie_where_they_lay():
    sent = field()
    got = read_cost_to_go(cost_to_go_cloud(sent, Time(), "map"))
    assert np.array_equal(got.values, sent.values)
    assert got.resolution == pytest.approx(0.05, rel=1e-5)
    assert (got.origin.x, got.origin.y) == pytest.approx((ORIGIN.x, ORIGIN.y), abs=1e-5)
    assert got.origin.yaw == pytest.approx(ORIGIN.yaw, abs=1e-5)
    assert got.goal == pytest.approx(sent.goal, abs=1e-5)


def test_five_documented_lines_decode_it():
    text = TOPICS.read_text()
    (code,) = re.findall(
        r"```python\n(.*?)```", text[text.index("## The `cost_to_go` message") :], re.S
    )
    assert len(code.strip().splitlines()) == 5
    names = {"message": cost_to_go_cloud(field(), Time(), "map"), "np": np}
    exec(code, names)
    assert np.array_equal(names["values"], field().values)
    assert names["resolution"] == pytest.approx(0.05, rel=1e-5)
    assert names["goal"] == pytest.approx(field().goal, abs=1e-5)


def broken(name):
    message = cost_to_go_cloud(field(), Time(), "map")
    rows = np.ndarray((13, message.row_step // 4), "<f4", bytes(message.data)).copy()
    if name == "field":
        message.fields[0].name = "z"
    elif name == "line":
        message.height, message.width = 1, 13 * 21
    elif name == "short":
        message.data = message.data[:-4]
    elif name == "skew":
        rows[-1, 21:].view("<f8")[0] += 1.0
    elif name == "nan":
        rows[3, 3] = np.nan
    elif name == "closed":
        rows[:, :21] = np.inf
    if name in ("skew", "nan", "closed"):
        message.data = rows.tobytes()
    return message


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("field", "cost_to_go: must have one field, cost_to_go (there are: z)"),
        ("line", "cost_to_go: 1 x 273 cells are no map"),
        ("short", "cost_to_go: 1504 bytes are not 13 rows of 21 little-endian float32"),
        ("skew", "cost_to_go: the cells do not lie on a grid"),
        ("nan", "cost_to_go: a value is below 0 or not a number"),
        ("closed", "cost to go: needs a grid"),
    ],
)
def test_what_is_no_cost_to_go_is_refused_in_one_line(name, complaint):
    with pytest.raises(MessageError, match=re.escape(complaint)):
        read_cost_to_go(broken(name))


def test_a_cloud_read_from_its_bytes_is_the_one_that_rclpy_reads():
    message = circles_cloud(np.arange(15.0).reshape(3, 5), Time(sec=3), "a frame")
    seen = read_cloud(serialize_message(message))
    for part in ("header", "height", "width", "fields", "is_bigendian", "point_step", "row_step"):
        assert getattr(seen, part) == getattr(message, part)
    assert bytes(seen.data) == bytes(message.data)
    assert np.array_equal(
        read_cost_to_go(
            read_cloud(serialize_message(cost_to_go_cloud(field(), Time(), "")))
        ).values,
        field().values,
    )


@pytest.mark.parametrize("cut", [0, 3, 4, 20, 60, 100, 250])
def test_bytes_that_are_no_cloud_are_refused(cut):
    message = circles_cloud(np.arange(15.0).reshape(3, 5), Time(sec=3), "a frame")
    with pytest.raises(MessageError, match="cloud: "):
        read_cloud(serialize_message(message)[:cut])
