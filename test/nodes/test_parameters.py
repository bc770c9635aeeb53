from dataclasses import dataclass

import pytest

pytest.importorskip("rclpy")

from rclpy.node import Node
from rclpy.parameter import Parameter

from mme_ilqr_ros.nodes.parameters import NodeParameters
from mme_ilqr_ros.settings import SettingError, group, setting


@dataclass(frozen=True)
class Inner:
    gain: float = setting(2.0, "A gain.", low=0.0, high=10.0)


@dataclass(frozen=True)
class Settings:
    speed: float = setting(1.0, "A speed.", unit="m/s", low=0.0, high=3.0)
    count: int = setting(4, "A number.", low=1)
    kind: str = setting("a", "A choice.", choices=("a", "b"), dynamic=False)
    inner: Inner = group(Inner)


class Subject(Node):
    """A node with these parameters and nothing else."""

    def __init__(self, *, context, parameter_overrides=None):
        super().__init__("subject", context=context, parameter_overrides=parameter_overrides)
        self.changes = []
        self.values = NodeParameters(self, Settings, self.changes.append)


def set_one(node, name, value):
    return node.set_parameters([Parameter(name, value=value)])[0]


def test_defaults_are_declared(bench):
    node = bench.add(Subject)
    assert node.values.settings == Settings()
    assert node.get_parameter("inner.gain").value == 2.0


def test_a_descriptor_tells_meaning_unit_and_range(bench):
    node = bench.add(Subject)
    speed = node.describe_parameter("speed")
    assert speed.description == "A speed. [m/s]"
    (limits,) = speed.floating_point_range
    assert (limits.from_value, limits.to_value) == (0.0, 3.0)
    assert node.describe_parameter("count").additional_constraints == "at or above 1"
    assert node.describe_parameter("kind").read_only


def test_overrides_are_used_also_an_integer_for_a_float(bench):
    node = bench.add(Subject, speed=2, inner__gain=5.0)
    assert node.values.settings == Settings(speed=2.0, inner=Inner(gain=5.0))
    assert node.get_parameter("speed").value == 2.0


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ({"speed": 9.0}, r"speed = 9.0: must lie in \[0.0, 3.0\] m/s"),
        ({"kind": "c"}, "kind = 'c': must be one of a, b"),
        ({"count": 2.5}, "count = 2.5: must be of type int"),
        ({"inner__gain": "much"}, "inner.gain = 'much': must be of type float"),
    ],
)
def test_a_bad_start_up_value_is_refused(bench, override, complaint):
    with pytest.raises(SettingError, match=complaint):
        bench.add(Subject, **override)


def test_an_unknown_name_is_reported_with_the_nearest_known_one(bench, log):
    bench.add(Subject, inner__gian=1.0)
    assert bench.spin_until(lambda: log)
    assert log[0][1] == "unknown parameter 'inner.gian' is ignored; did you mean 'inner.gain'?"


def test_a_change_replaces_the_settings_as_a_whole(bench):
    node = bench.add(Subject)
    before = node.values.settings
    assert set_one(node, "inner.gain", 3.0).successful
    assert before.inner.gain == 2.0
    assert node.values.settings == Settings(inner=Inner(gain=3.0))
    assert node.changes == [node.values.settings]


def test_a_change_out_of_range_is_refused_with_the_reason(bench):
    node = bench.add(Subject)
    result = set_one(node, "count", 0)
    assert not result.successful
    assert result.reason == "count = 0: must lie at or above 1"
    assert node.values.settings == Settings()
    assert node.changes == []


def test_what_is_read_at_start_up_only_cannot_be_changed(bench):
    node = bench.add(Subject)
    assert not set_one(node, "kind", "b").successful
    assert node.values.settings.kind == "a"
