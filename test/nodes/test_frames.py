"""Transforms, with a buffer of our own in the place of tf2's, which no PyPI package has."""

import math

import pytest

pytest.importorskip("rclpy")

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes import frames as frames_module
from mme_ilqr_ros.nodes.conversions import transform_message
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.frames import Frames


class Buffer:
    """Knows one transform: frame `map` seen from `odom`."""

    def __init__(self, pose, stamp):
        self._message = transform_message(pose, stamp, "odom", "map")

    def lookup_transform(self, target, source, time):
        if (target, source) != ("odom", "map"):
            raise frames_module.TransformError("nobody knows")
        return self._message


def frames_with(bench, pose=None, age=0.0):
    clock = bench.node.get_clock()
    stamp = clock.now().to_msg()
    stamp.sec -= int(age)
    buffer = Buffer(pose, stamp) if pose else None
    return Frames(bench.node, ThrottledWarnings(bench.node.get_logger()), buffer)


def test_a_frame_lies_in_itself_without_a_transform(bench):
    assert frames_with(bench).pose_in("odom", "odom", 0.1) == Pose(0.0, 0.0, 0.0)
    assert frames_with(bench).pose_in("odom", "", 0.1) == Pose(0.0, 0.0, 0.0)


@pytest.mark.skipif(frames_module.tf2_ros is not None, reason="tf2 is installed")
def test_without_tf2_frames_are_one_and_that_is_said_once(bench, log):
    frames = frames_with(bench)
    assert frames.pose_in("odom", "map", 0.1) == Pose(0.0, 0.0, 0.0)
    assert frames.pose_in("odom", "map", 0.1) == Pose(0.0, 0.0, 0.0)
    assert bench.spin_until(lambda: log)
    bench.spin_for(0.2)
    assert [text for _, text in log] == ["without tf2, frame 'map' is taken to be 'odom'"]


def test_a_transform_is_the_pose_of_its_source_in_its_target(bench):
    pose = frames_with(bench, Pose(1.0, 2.0, math.pi / 2)).pose_in("odom", "map", 0.5)
    assert pose.transform((1.0, 0.0)).tolist() == pytest.approx([1.0, 3.0])


def test_what_nobody_knows_is_none_and_said(bench, log):
    frames = frames_with(bench, Pose(1.0, 2.0, 0.0))
    assert frames.pose_in("odom", "elsewhere", 0.5) is None
    assert bench.spin_until(lambda: log)
    assert "no transform from 'elsewhere' to 'odom'" in log[0][1]


def test_a_transform_that_is_too_old_is_not_used(bench, log):
    frames = frames_with(bench, Pose(1.0, 2.0, 0.0), age=3.0)
    assert frames.pose_in("odom", "map", 0.5) is None
    assert frames.pose_in("odom", "map", 5.0) is not None
    assert bench.spin_until(lambda: log)
    assert "s old (transform_tolerance 0.5 s)" in log[0][1]
