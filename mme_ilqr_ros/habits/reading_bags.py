"""Where the robot was, from a rosbag2 recording; needs the pure-Python package rosbags, no ROS.

Every message that tells a pose is a transform from its frame to the robot. The best source from
which the map's frame can be reached is taken: `robot_pose` of the package's own recorder; /tf; a
localisation's PoseWithCovarianceStamped such as amcl_pose; odometry. A nav_msgs/Path is taken only
where its topic is named, as most are plans and not drives.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.habits.broken_mcap import is_cut_off, mend
from mme_ilqr_ros.habits.reading_tf import Frames, positions
from mme_ilqr_ros.habits.track import Track, TrackError

OWN_POSE = "robot_pose"
"""Topic of the poses in files of the package's own recorder."""

_TF, _PATH = "tf2_msgs/msg/TFMessage", "nav_msgs/msg/Path"
_POSE, _ODOMETRY = "geometry_msgs/msg/PoseStamped", "nav_msgs/msg/Odometry"
_LOCALISED = "geometry_msgs/msg/PoseWithCovarianceStamped"
_POSES = (_POSE, _ODOMETRY, _LOCALISED)
_STATUS, _STATUSES = "action_msgs/msg/GoalStatus", "action_msgs/msg/GoalStatusArray"
_ENDED = (4, 5, 6)  # GoalStatus: succeeded, canceled, aborted


@dataclass(frozen=True)
class Wanted:
    """What to take from a recording.

    Attributes:
        frame: The map's frame.
        base: The robot's frame; empty for the first of the usual ones that there is.
        topic: The topic to take the positions from; empty for the best one that there is.
    """

    frame: str = "map"
    base: str = ""
    topic: str = ""


@dataclass
class _Content:
    """What was read of a bag.

    Attributes:
        frames: All transforms, and each topic of poses as a frame with the topic's name.
        paths: Of the wanted topic: frame, points [N, 2] and stamps [N] of each message.
        goals: When goals began or ended, by the recording's clock [s].
        ended: Goals that have, by their ids.
    """

    frames: Frames = field(default_factory=Frames)
    paths: list[tuple[str, NDArray[np.float64], NDArray[np.float64]]] = field(default_factory=list)
    goals: list[float] = field(default_factory=list)
    ended: set[bytes] = field(default_factory=set)


def read_bag(path: Path, wanted: Wanted) -> list[Track]:
    """Read a bag: the folder of one, or one of its files.

    Raises:
        TrackError: It cannot be read, or tells no positions in the map's frame.
    """
    notes: tuple[str, ...] = ()
    with tempfile.TemporaryDirectory() as scratch:
        file = path
        try:
            if path.suffix == ".mcap" and is_cut_off(path):
                file = Path(scratch, path.name)
                mend(path, file)
                notes = (f"{path.name} was cut off; read as far as it goes",)
            kinds, content = _read(file, wanted)
        except TrackError:
            raise
        except ModuleNotFoundError as error:
            hint = "pip install 'mme_ilqr_ros[drives]', or pip install rosbags"
            raise TrackError(f"{path}: to read bags, rosbags is missing; {hint}") from error
        except Exception as error:  # whatever the readers raise for broken files
            said = " ".join(str(error).split()) or type(error).__name__
            raise TrackError(f"{path}: cannot be read as a bag: {said:.200}") from error
    if wanted.topic and kinds.get(wanted.topic) == _PATH:
        return [replace(track, notes=notes) for track in _of_paths(path, wanted, content)]
    child, made_of = _source(path, wanted, kinds, content.frames)
    chain = content.frames.chain(wanted.frame, child)
    assert chain is not None, "see `_source`"
    poses = positions(chain)
    if len(poses["x"]) < 2:
        raise TrackError(f"{path}: {made_of}: fewer than two positions in '{wanted.frame}'")
    goals = np.sort(np.array(content.goals))
    if len(goals):  # the recording's clock may be another than that of the stamps
        goals = np.interp(goals, np.maximum.accumulate(poses["logged"]), poses["stamp"])
    points = np.stack([poses["x"], poses["y"]], axis=1)
    return [Track(points, poses["stamp"], poses["yaw"], str(path), made_of, goals, notes)]


def _read(path: Path, wanted: Wanted) -> tuple[dict[str, str], _Content]:
    """Return the type of each topic, and what the interesting ones say."""
    from rosbags.rosbag2 import Reader

    content = _Content()
    with Reader(path) as reader:
        kinds = {connection.topic: connection.msgtype for connection in reader.connections}
        takers = {
            connection.topic: taker
            for connection in reader.connections
            if (taker := _taker(connection.topic, connection.msgtype, wanted))
        }
        if wanted.topic and wanted.topic not in kinds and f"/{wanted.topic}" not in kinds:
            raise TrackError(f"{path}: has no topic {wanted.topic}; it has {_list(kinds)}")
        chosen = [connection for connection in reader.connections if connection.topic in takers]
        if chosen:
            for connection, nanoseconds, data in reader.messages(connections=chosen):
                message = _types().deserialize_cdr(data, connection.msgtype)
                takers[connection.topic](content, connection.topic, message, 1e-9 * nanoseconds)
    return kinds, content


Taker = Callable[[_Content, str, Any, float], None]


def _taker(topic: str, kind: str, wanted: Wanted) -> Taker | None:
    """Return what reads the messages of a topic, None where nobody needs them."""
    last = topic.rsplit("/", 1)[-1]
    if kind == _TF:
        return _take_static if last == "tf_static" else _take_tf
    if kind == _POSE and last == "goal_pose":
        return _take_goal
    if kind == _STATUS and last == "goal_status":
        return _take_status
    if kind == _STATUSES and "navigate_" in topic:
        return _take_statuses
    is_wanted = topic.lstrip("/") == wanted.topic.lstrip("/")
    if kind == _PATH and is_wanted:
        return _take_path
    is_usual = kind in (_ODOMETRY, _LOCALISED) or last == OWN_POSE
    if kind in _POSES and (is_wanted or (is_usual and not wanted.topic and last != "initialpose")):
        return _take_pose
    return None


def _source(
    path: Path, wanted: Wanted, kinds: Mapping[str, str], frames: Frames
) -> tuple[str, str]:
    """Return the frame of the robot in the best source, and that source in words.

    Raises:
        TrackError: None tells positions in the map's frame.
    """
    for child, words in _sources(wanted, kinds, frames):
        if child and frames.chain(wanted.frame, child):
            return child, f"{words} in '{wanted.frame}'"
    roots = sorted({parent for parent, _ in frames.edges})
    if not roots:
        raise TrackError(
            f"{path}: tells no positions of a robot; it has {_list(kinds)}. Record /tf and"
            " /tf_static, amcl_pose or robot_pose, or name another topic with --topic"
        )
    raise TrackError(
        f"{path}: nothing leads from '{wanted.frame}' to the robot"
        f"{f' ({wanted.base})' if wanted.base else ''}; there are transforms and poses in"
        f" {', '.join(map(repr, roots[:8]))}. Record the localisation too, or name the map's frame"
        " with --frame"
    )


def _sources(wanted: Wanted, kinds: Mapping[str, str], frames: Frames) -> Iterator[tuple[str, str]]:
    """Yield (frame of the robot, words) of the sources, the best first."""
    if wanted.topic:
        topic = wanted.topic if wanted.topic in kinds else f"/{wanted.topic}"
        yield _robot_by(topic), topic
        return
    by_kind = {kind: [topic for topic, k in kinds.items() if k == kind] for kind in _POSES}
    for topic in by_kind[_POSE]:
        if topic.rsplit("/", 1)[-1] == OWN_POSE and not wanted.base:
            yield _robot_by(topic), topic
    base = wanted.base or frames.base(wanted.frame)
    yield base, f"tf, '{base}'"
    for topic in [*by_kind[_LOCALISED], *by_kind[_ODOMETRY]]:
        yield _robot_by(topic), topic


def _robot_by(topic: str) -> str:
    """Return the name of the frame of the robot where a topic of poses says it is."""
    return f"robot by {topic}"


def _of_paths(path: Path, wanted: Wanted, content: _Content) -> Iterator[Track]:
    """Yield a track for each path; of a trail that grows from message to message, the longest.

    Raises:
        TrackError: There is none, or it is in another frame.
    """
    if not content.paths:
        raise TrackError(f"{path}: {wanted.topic} holds no path with two positions")
    for number, (frame, points, times) in enumerate(content.paths):
        following = content.paths[number + 1 : number + 2]
        if any(len(p) >= len(points) and (p[0] == points[0]).all() for _, p, _ in following):
            continue
        if frame != wanted.frame:
            raise TrackError(
                f"{path}: {wanted.topic} is in '{frame}', not in '{wanted.frame}'; see --frame"
            )
        rises = bool((np.diff(times) >= 0.0).all() and times[-1] > times[0])
        yield Track(points, times if rises else None, None, str(path), wanted.topic)


def _take_tf(content: _Content, _: str, message: Any, logged: float) -> None:
    _add_transforms(content, message, logged, is_static=False)


def _take_static(content: _Content, _: str, message: Any, logged: float) -> None:
    _add_transforms(content, message, logged, is_static=True)


def _add_transforms(content: _Content, message: Any, logged: float, *, is_static: bool) -> None:
    for each in message.transforms:
        at, turn = each.transform.translation, each.transform.rotation
        place = (at.x, at.y, turn.x, turn.y, turn.z, turn.w)
        stamp = _stamp(each.header)
        content.frames.add(
            each.header.frame_id, each.child_frame_id, stamp, logged, place, is_static
        )


def _take_pose(content: _Content, topic: str, message: Any, logged: float) -> None:
    pose = message.pose
    while hasattr(pose, "pose"):
        pose = pose.pose
    at, turn = pose.position, pose.orientation
    place = (at.x, at.y, turn.x, turn.y, turn.z, turn.w)
    stamp = _stamp(message.header) or logged
    content.frames.add(message.header.frame_id, _robot_by(topic), stamp, logged, place)


def _take_path(content: _Content, _: str, message: Any, __: float) -> None:
    poses = message.poses
    if len(poses) >= 2:
        points = np.array([(p.pose.position.x, p.pose.position.y) for p in poses])
        times = np.array([_stamp(p.header) for p in poses])
        content.paths.append((message.header.frame_id.lstrip("/"), points, times))


def _take_goal(content: _Content, _: str, __: Any, logged: float) -> None:
    content.goals.append(logged)


def _take_status(content: _Content, _: str, message: Any, logged: float) -> None:
    name = message.goal_info.goal_id.uuid.tobytes()
    if message.status in _ENDED and name not in content.ended:
        content.ended.add(name)
        content.goals.append(logged)


def _take_statuses(content: _Content, topic: str, message: Any, logged: float) -> None:
    for status in message.status_list:
        _take_status(content, topic, status, logged)


def _stamp(header: Any) -> float:
    return float(header.stamp.sec) + 1e-9 * float(header.stamp.nanosec)


def _list(kinds: Mapping[str, str]) -> str:
    names = sorted(kinds)
    return (", ".join(names[:8]) + (" ..." if len(names) > 8 else "")) or "no topics"


@cache
def _types() -> Any:
    from rosbags.typesys import Stores, get_typestore

    return get_typestore(Stores.LATEST)
