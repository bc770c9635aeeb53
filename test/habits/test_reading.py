"""Recordings of every kind say where the robot was, and bad ones say in one line what is wrong."""

import sys

import numpy as np
import pytest

from mme_ilqr_ros.habits.reading import find_recordings, read_csv, read_tracks
from mme_ilqr_ros.habits.reading_bags import Wanted
from mme_ilqr_ros.habits.track import TrackError

pytest.importorskip("rosbags")

import bags  # beside this file

TIMES = 100.0 + 0.1 * np.arange(60)


def places(times=TIMES):
    """Return x, y, yaw of a robot that drives a circle, at some times."""
    angle = 0.3 * (times - 100.0)
    return 2.0 * np.cos(angle), 2.0 * np.sin(angle), angle + np.pi / 2


def messages_of(kind, topic, frame="map"):
    moments = zip(TIMES, *places(), strict=True)
    return [(topic, t, kind(t, frame, x, y, yaw)) for t, x, y, yaw in moments]


def tf_messages():
    """Return odom -> base at 10 Hz under a turned map -> odom that jumps after three seconds."""
    yield "/tf_static", 99.0, bags.transform(99.0, "base_link", "laser", 0.2, 0.0)
    for k, (t, x, y, yaw) in enumerate(zip(TIMES, *places(), strict=True)):
        if k % 10 == 0:
            shift = 1.0 if t < 103.0 else 1.5
            yield "/tf", t, bags.transform(t, "map", "odom", shift, 0.0, np.pi / 2)
        yield "/tf", t, bags.transform(t, "odom", "base_link", x, y, yaw)


def only(path, wanted=Wanted()):  # noqa: B008
    (track,), refused = read_tracks([path], wanted)
    assert refused == []
    return track


@pytest.mark.parametrize("storage", [bags.MCAP, bags.SQLITE], ids=["mcap", "sqlite"])
@pytest.mark.parametrize("whole", [True, False], ids=["folder", "file"])
def test_transforms_lead_from_the_map_to_the_robot(tmp_path, storage, whole):
    folder = bags.write(tmp_path / "run", tf_messages(), storage)
    file = folder if whole else next(p for p in folder.iterdir() if p.suffix != ".yaml")
    track = only(file)
    x, y, yaw = places()
    shift = np.where(TIMES < 103.0 - 1e-6, 1.0, 1.5)
    np.testing.assert_allclose(track.times, TIMES)
    np.testing.assert_allclose(track.points, np.stack([shift - y, x], axis=1), atol=1e-9)
    np.testing.assert_allclose(np.cos(track.yaws), np.cos(yaw + np.pi / 2), atol=1e-9)
    assert "base_link" in track.made_of


@pytest.mark.parametrize(
    ("kind", "topic"),
    [
        (bags.localised, "/amcl_pose"),
        (bags.odometry, "/odom"),
        (bags.pose_stamped, "/robot_pose"),
    ],
)
def test_poses_in_the_frame_of_the_map(tmp_path, kind, topic):
    track = only(bags.write(tmp_path / "run", messages_of(kind, topic)))
    np.testing.assert_allclose(track.points, np.stack(places()[:2], axis=1))
    assert track.made_of == f"{topic} in 'map'"


def test_odometry_in_another_frame_needs_a_transform(tmp_path):
    alone = bags.write(tmp_path / "alone", messages_of(bags.odometry, "/odom", "odom"))
    with pytest.raises(TrackError, match=r"nothing leads from 'map'.*'odom'.*--frame"):
        only(alone)
    assert len(only(alone, Wanted(frame="odom")).points) == len(TIMES)
    moved = [("/tf_static", 99.0, bags.transform(99.0, "map", "odom", 5.0, 0.0))]
    both = bags.write(tmp_path / "both", moved + messages_of(bags.odometry, "/odom", "odom"))
    np.testing.assert_allclose(only(both).points[:, 0], places()[0] + 5.0)


def test_a_path_is_taken_where_it_is_named(tmp_path):
    trail = [(0.1 * k, 0.0) for k in range(20)]
    growing = [("/trail", 1.0 + k, bags.path(1.0, "map", trail[:k])) for k in range(2, 21)]
    folder = bags.write(tmp_path / "run", growing)
    with pytest.raises(TrackError, match=r"no positions of a robot; it has /trail.*--topic"):
        only(folder)
    np.testing.assert_allclose(only(folder, Wanted(topic="/trail")).points, trail)
    with pytest.raises(TrackError, match="has no topic /plan; it has /trail"):
        only(folder, Wanted(topic="/plan"))


def test_goals_are_told_by_the_clock_of_the_positions(tmp_path):
    late = [(topic, t + 50.0, m) for topic, t, m in messages_of(bags.localised, "/amcl_pose")]
    late.insert(30, ("/goal_pose", 153.0, bags.pose_stamped(0.0, "map", 1.0, 1.0)))
    np.testing.assert_allclose(only(bags.write(tmp_path / "run", late)).goals, [103.0])


def test_a_file_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path):
    from mme_ilqr_ros.nodes.record_file import RecordFile

    pytest.importorskip("mcap")
    file = RecordFile(tmp_path / "run.mcap")
    channel = file.channel("/robot_pose", "geometry_msgs/msg/PoseStamped", "Pose pose")
    kind = "geometry_msgs/msg/PoseStamped"
    for _, t, message in messages_of(bags.pose_stamped, "/robot_pose") * 100:
        file.add(channel, round(t * 1e9), bags.TYPES.serialize_cdr(message, kind))
    file.flush()
    copy = tmp_path / "cut.mcap"  # what a pulled plug leaves
    copy.write_bytes((tmp_path / "run.mcap").read_bytes() + b"\x05\xff\x00\x00")
    file.close()
    track = only(copy)
    assert 10 < len(track.points) <= len(TIMES)
    assert "cut off" in track.notes[0]


@pytest.mark.parametrize("content", [b"", b"\x89MCAP0\r\n", b"no bag at all", b"\x89MCAP0\r\n\x01"])
@pytest.mark.parametrize("suffix", [".mcap", ".db3"])
def test_broken_bags_are_named_in_one_line(tmp_path, content, suffix):
    file = tmp_path / f"run{suffix}"
    file.write_bytes(content)
    with pytest.raises(TrackError, match=f"run{suffix}: cannot be read as a bag: ") as caught:
        only(file)
    assert "\n" not in str(caught.value)


def test_without_the_reader_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rosbags.rosbag2", None)
    (tmp_path / "run.mcap").write_bytes(b"")
    with pytest.raises(TrackError, match=r"pip install 'mme_ilqr_ros\[drives\]'"):
        only(tmp_path / "run.mcap")


def test_a_folder_is_taken_whole_and_names_what_it_cannot_use(tmp_path):
    bags.write(tmp_path / "b_run", messages_of(bags.localised, "/amcl_pose"))
    (tmp_path / "a.csv").write_text("x,y\n0,0\n1,0\n")
    (tmp_path / "c.mcap").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("nothing")
    names = [path.name for path in find_recordings(tmp_path)]
    assert names == ["a.csv", "b_run", "c.mcap"]
    tracks, refused = read_tracks([tmp_path], Wanted())
    assert len(tracks) == 2
    assert len(refused) == 1
    assert "c.mcap" in refused[0]


@pytest.mark.parametrize(
    ("name", "match"),
    [("missing", "there is no such file"), ("empty", "holds no recordings"), ("a.txt", "neither")],
)
def test_what_is_no_recording_is_refused(tmp_path, name, match):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(TrackError, match=match):
        read_tracks([tmp_path / name], Wanted())


@pytest.mark.parametrize(
    ("text", "yaws", "times"),
    [
        ("0,1\n2,3\n", None, None),
        ("# by hand\n0, 1, .5\n\n2, 3, .6\n", [0.5, 0.6], None),
        ("0,1,.5,7\n2,3,.6,8\n", [0.5, 0.6], [7.0, 8.0]),
        ("\ufefftime,name,Y,X\n7,a,1,0\n8,b,3,2\n", None, [7.0, 8.0]),
    ],
)
def test_csv_columns(tmp_path, text, yaws, times):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    (track,) = read_csv(tmp_path / "a.csv")
    np.testing.assert_array_equal(track.points, [[0.0, 1.0], [2.0, 3.0]])
    assert (track.yaws if yaws is None else track.yaws.tolist()) == yaws
    assert (track.times if times is None else track.times.tolist()) == times


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "is empty"),
        ("0,0\n", "has 1 position"),
        ("a,b\n0,0\n1,1\n", "line 1: columns are named a, b; x and y"),
        ("x,y\n0,0\n1\n", "line 3: '1' holds no numbers for x, y"),
        ("0,0\nnan,1\n", "line 2: 'nan,1' must be finite"),
        ("x,y,t\n0,0,2\n1,1,1\n", "line 3: t goes back"),
    ],
)
def test_bad_csv_files_name_the_line(tmp_path, text, match):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(TrackError, match=match):
        read_csv(tmp_path / "a.csv")
