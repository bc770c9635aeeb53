"""The recorder's files are read back by a reader that knows nothing but what is in them."""

import math
import os
import resource

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("mcap")
pytest.importorskip("mcap_ros2")

from action_msgs.msg import GoalStatus
from mcap.exceptions import EndOfFile
from mcap.reader import NonSeekingReader, make_reader
from mcap_ros2.decoder import DecoderFactory
from nav_msgs.msg import OccupancyGrid, Odometry
from sensor_msgs.msg import LaserScan
from std_msgs.msg import String

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.nodes import message_definitions, recorder_node
from mme_ilqr_ros.nodes.node import LATCHED, LATCHED_NEWS, SENSOR
from mme_ilqr_ros.nodes.recorder_node import RecorderNode


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """Look for new topics more often than in earnest."""
    monkeypatch.setattr(recorder_node, "PERIOD", 0.2)


def odometry(x):
    message = Odometry()
    message.header.frame_id, message.child_frame_id = "odom", "base_link"
    message.header.stamp.sec, message.header.stamp.nanosec = 7, 500
    message.pose.pose.position.x = x
    message.pose.covariance[35] = 0.25
    return message


def drive(bench, node, count):
    """Publish odometry, scans and a late goal status until that many of each were written."""
    odom = bench.publisher(Odometry, "odom")
    scan = bench.publisher(LaserScan, "scan", SENSOR)
    bench.connect(odom, scan)
    bench.publisher(GoalStatus, "goal_status", LATCHED).publish(GoalStatus(status=2))
    for number in range(count):
        odom.publish(odometry(0.1 * number))
        scan.publish(LaserScan(ranges=[1.0, math.inf, math.nan], scan_time=0.1))
        bench.spin_for(0.01)
    bench.spin_for(0.5)  # a look for new topics


@pytest.mark.parametrize("installed", [True, False], ids=["msg files", "fields of the classes"])
def test_a_record_is_read_back_value_by_value(bench, tmp_path, monkeypatch, installed):
    if not installed:
        monkeypatch.setattr(message_definitions, "_installed", lambda _: "")
    grid = OccupancyGrid(data=[0, 100, -1, 0])
    grid.info.width = grid.info.height = 2
    bench.publisher(OccupancyGrid, "map", LATCHED).publish(grid)  # before the recorder was there
    node = bench.add(RecorderNode, file=str(tmp_path / "run.mcap"))
    drive(bench, node, 20)
    node.stop()
    read = {}
    with (tmp_path / "run.mcap").open("rb") as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        for schema, channel, _, message in reader.iter_decoded_messages():
            read.setdefault(channel.topic, []).append(message)
            assert schema.encoding == "ros2msg"
    assert read.keys() == {"/odom", "/scan", "/map", "/goal_status"}
    assert [m.pose.pose.position.x for m in read["/odom"]] == [0.1 * n for n in range(20)]
    newest = read["/odom"][-1]
    assert (newest.header.frame_id, newest.header.stamp.nanosec) == ("odom", 500)
    assert newest.pose.covariance[35] == 0.25
    assert len(read["/scan"]) > 15
    assert read["/scan"][0].ranges[:2] == [1.0, math.inf]
    assert list(read["/map"][0].data) == [0, 100, -1, 0]
    assert [m.status for m in read["/goal_status"]] == [GoalStatus.STATUS_EXECUTING]


def messages_in(path):
    """Return what can be read of a file whose writer was killed."""
    found = []
    with path.open("rb") as stream:
        reader = NonSeekingReader(stream, decoder_factories=[DecoderFactory()])
        try:
            for _, channel, _, message in reader.iter_decoded_messages(log_time_order=False):
                found.append((channel.topic, message))
        except EndOfFile:
            pass
    return found


def test_after_a_kill_what_was_handed_on_is_readable(bench, tmp_path):
    node = bench.add(RecorderNode, file=str(tmp_path / "run.mcap"))
    news = bench.publisher(String, "goal_reason", LATCHED_NEWS)
    bench.connect(news)
    for _ in range(12):
        news.publish(String(data="x" * 10_000))
        bench.spin_for(0.01)
    bench.spin_for(0.5)
    copy = tmp_path / "as_left.mcap"  # what SIGKILL would leave
    copy.write_bytes((tmp_path / "run.mcap").read_bytes())
    assert len(messages_in(copy)) >= 6
    node.stop()


def test_a_full_disk_ends_the_record_and_nothing_else(bench, log, tmp_path):
    node = bench.add(RecorderNode, file=str(tmp_path / "run.mcap"))
    news = bench.publisher(String, "goal_reason", LATCHED_NEWS)
    bench.connect(news)
    limits, file = resource.getrlimit(resource.RLIMIT_FSIZE), tmp_path / "run.mcap"
    timer = bench.node.create_timer(0.01, lambda: news.publish(String(data=os.urandom(5000).hex())))
    assert bench.spin_until(lambda: messages_in(file))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 60_000, limits[1]))
    try:
        assert bench.spin_until(lambda: node._file is None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    bench.node.destroy_timer(timer)
    assert bench.spin_until(lambda: any("the record ends here" in text for _, text in log))
    node.stop()
    assert messages_in(file)


def test_size_and_time_can_be_bounded_and_no_file_is_overwritten(bench, log, tmp_path):
    file = tmp_path / "run.mcap"
    file.write_text("kept")
    node = bench.add(RecorderNode, file=str(file), max_duration=0.5)
    assert bench.spin_until(lambda: any("the record is complete" in text for _, text in log), 5.0)
    assert node._file is None
    assert file.read_text() == "kept"
    assert messages_in(tmp_path / "run_2.mcap") == []


@pytest.mark.parametrize(
    ("broken", "named"), [("mcap.writer", r"mme_ilqr_ros\[record\]"), ("", "exists")]
)
def test_what_is_missing_is_told_in_one_line(bench, monkeypatch, broken, named):
    if broken:
        monkeypatch.setitem(__import__("sys").modules, broken, None)
    with pytest.raises(InputError, match=named):
        bench.add(RecorderNode, file="/dev/null/run.mcap")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("double[36]", "float64[36]"),
        ("sequence<uint8>", "uint8[]"),
        ("sequence<geometry_msgs/Point, 3>", "geometry_msgs/Point[<=3]"),
        ("string<7>", "string<=7"),
        ("sequence<string<7>, 3>", "string<=7[<=3]"),
        ("boolean", "bool"),
    ],
)
def test_types_of_fields_are_written_as_in_files(field, text):
    assert message_definitions._as_in_a_file(field) == text


def test_drives_are_recorded_as_poses_in_the_map_and_goals(bench, tmp_path):
    pytest.importorskip("rosbags")
    from geometry_msgs.msg import PoseStamped

    from mme_ilqr_ros.habits.reading import read_tracks
    from mme_ilqr_ros.habits.reading_bags import Wanted

    file = tmp_path / "drive.mcap"
    node = bench.add(RecorderNode, file=str(file), drives=True, drive_rate=50.0)
    odom, scan = bench.publisher(Odometry, "odom"), bench.publisher(LaserScan, "scan", SENSOR)
    goal = bench.publisher(PoseStamped, "goal_pose")
    bench.connect(odom)
    bench.spin_for(0.3)  # a look for new topics
    goal.publish(PoseStamped())
    for number in range(40):
        message = odometry(0.1 * min(number, 20))  # drives two metres, then stands
        message.header.stamp = bench.node.get_clock().now().to_msg()
        odom.publish(message)
        scan.publish(LaserScan())
        bench.spin_for(0.03)
    node.stop()
    (track,), _ = read_tracks([file], Wanted())
    assert track.made_of == "/robot_pose in 'map'"
    assert track.points[-1].tolist() == [2.0, 0.0]
    assert 5 <= len(track.points) <= 21
    assert len(track.goals) == 1
    assert {topic for topic, _ in messages_in(file)} == {"/robot_pose", "/goal_pose"}
