"""Pictures for RViz: every mode as a line, the obstacles, and the robot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from mme_ilqr_ros.control.modes import Modes
from mme_ilqr_ros.geometry.circles import transformed
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.conversions import header, point_message, pose_message
from mme_ilqr_ros.perception.track import Track

CANDIDATES, CHOSEN = "candidates", "chosen"
_LINE_WIDTH, _CHOSEN_WIDTH = 0.015, 0.05  # m
_OBSTACLE_HEIGHT, _ROBOT_HEIGHT = 0.5, 0.2  # m
_VELOCITY_SHOWN = 1.0  # s of motion that the arrow of a moving obstacle spans
_RED, _ORANGE, _BLUE = (0.9, 0.1, 0.1), (0.95, 0.55, 0.15), (0.15, 0.4, 0.9)
_GREY = (0.5, 0.5, 0.5)
_PALE, _FULL = (0.75, 0.85, 0.95), (0.0, 0.45, 0.2)


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidate trajectories of one control cycle.

    Attributes:
        lines: One [K, 2] array of points in m per mode.
        weights: [N] mixture weights.
        feasible: [N] False for a mode that touches something.
        chosen: Index of the executed mode.
        switched: True when another mode drove in the cycle before.
    """

    lines: Sequence[NDArray[np.floating]]
    weights: NDArray[np.floating]
    feasible: NDArray[np.bool_]
    chosen: int
    switched: bool


def mode_markers(modes: Modes, stamp: Time, frame: str) -> MarkerArray:
    """Return the markers of all modes of a control cycle; see `candidate_markers`."""
    lines = list(modes.states[:, :, :2])
    candidates = Candidates(lines, modes.weights, modes.feasible, modes.chosen, modes.switched)
    return candidate_markers(candidates, stamp, frame)


def candidate_markers(candidates: Candidates, stamp: Time, frame: str) -> MarkerArray:
    """Return a line per mode: the deeper the green the heavier, red if infeasible, chosen thick.

    A feasible mode of weight 0 is no alternative, and transparent.

    RViz ignores the `text` of a line; it carries the numbers behind the picture for `ros2 topic
    echo` and for recordings, e.g. `weight=0.31 feasible=1 switched=0`.
    """
    heaviest = max(float(np.max(candidates.weights, initial=0.0)), 1e-9)
    head = header(stamp, frame)
    markers = [_clear(head)]
    for index, line in enumerate(candidates.lines):
        is_chosen = index == candidates.chosen
        marker = _marker(head, CHOSEN if is_chosen else CANDIDATES, index, Marker.LINE_STRIP)
        marker.points = [point_message(x, y, 0.02) for x, y in line[:, :2].tolist()]
        marker.scale.x = _CHOSEN_WIDTH if is_chosen else _LINE_WIDTH
        weight, feasible = float(candidates.weights[index]), bool(candidates.feasible[index])
        marker.color = _weight_colour(weight / heaviest) if feasible else _colour(_RED)
        if feasible and weight == 0.0 and not is_chosen:  # not optimised: no alternative
            marker.color.a = 0.0
        switched = is_chosen and candidates.switched
        marker.text = f"weight={weight:.6g} feasible={feasible:d} switched={switched:d}"
        markers.append(marker)
    return MarkerArray(markers=markers)


def read_candidates(message: MarkerArray) -> Candidates | None:
    """Return what `candidate_markers` drew, or None when there is no chosen line in it."""
    drawn = sorted(
        (m for m in message.markers if m.ns in (CANDIDATES, CHOSEN) and m.action == Marker.ADD),
        key=lambda marker: marker.id,
    )
    chosen = [index for index, marker in enumerate(drawn) if marker.ns == CHOSEN]
    if len(chosen) != 1:
        return None
    facts = [dict(pair.split("=") for pair in marker.text.split()) for marker in drawn]
    return Candidates(
        lines=[np.array([(p.x, p.y) for p in marker.points]).reshape(-1, 2) for marker in drawn],
        weights=np.array([float(fact["weight"]) for fact in facts]),
        feasible=np.array([fact["feasible"] == "1" for fact in facts]),
        chosen=chosen[0],
        switched=facts[chosen[0]]["switched"] == "1",
    )


def obstacle_markers(circles: NDArray[np.floating], stamp: Time, frame: str) -> MarkerArray:
    """Return circles [M, 5] as cylinders, with an arrow of the next second where they move."""
    head = header(stamp, frame)
    markers = [_clear(head)]
    for index, (x, y, radius, vx, vy) in enumerate(circles.tolist()):
        cylinder = _marker(head, "obstacles", index, Marker.CYLINDER)
        cylinder.pose.position = point_message(x, y, _OBSTACLE_HEIGHT / 2)
        cylinder.scale.x = cylinder.scale.y = 2.0 * radius
        cylinder.scale.z = _OBSTACLE_HEIGHT
        cylinder.color = _colour(_ORANGE, 0.8)
        markers.append(cylinder)
        if np.hypot(vx, vy) > 1e-3:
            arrow = _marker(head, "obstacle_velocities", index, Marker.ARROW)
            tip = (x + _VELOCITY_SHOWN * vx, y + _VELOCITY_SHOWN * vy)
            arrow.points = [point_message(x, y, _OBSTACLE_HEIGHT)]
            arrow.points.append(point_message(*tip, _OBSTACLE_HEIGHT))
            arrow.scale.x, arrow.scale.y = 0.05, 0.12
            arrow.color = _colour(_RED)
            markers.append(arrow)
    return MarkerArray(markers=markers)


def track_markers(tracks: Sequence[Track], pose: Pose, stamp: Time, frame: str) -> MarkerArray:
    """Return what is followed as cylinders with their number; what moves in orange, with an arrow.

    What stands is grey: planner and controller take it for a wall.

    Args:
        tracks: In a frame of their own.
        pose: Of that frame in `frame`.
        stamp: For the headers.
        frame: Likewise.
    """
    head = header(stamp, frame)
    circles = transformed(np.array([t.circle for t in tracks]).reshape(-1, 5), pose)
    moving = np.array([track.moving for track in tracks], dtype=bool)
    markers = obstacle_markers(circles[moving], stamp, frame)
    for track, circle in zip(tracks, circles, strict=True):
        x, y, radius = circle[:3].tolist()
        if not track.moving:
            disc = _marker(head, "standing", track.number, Marker.CYLINDER)
            disc.pose.position = point_message(x, y, 0.05)
            disc.scale.x = disc.scale.y = 2.0 * radius
            disc.scale.z = 0.1
            disc.color = _colour(_GREY, 0.5)
            markers.markers.append(disc)
        number = _marker(head, "numbers", track.number, Marker.TEXT_VIEW_FACING)
        number.pose.position = point_message(x, y, _OBSTACLE_HEIGHT + 0.15)
        number.scale.z, number.text = 0.2, str(track.number)
        number.color = _colour((1.0, 1.0, 1.0))
        markers.markers.append(number)
    return markers


def robot_markers(
    pose: Pose,
    radius: float,
    footprint: Sequence[tuple[float, float]],
    stamp: Time,
    frame: str,
) -> MarkerArray:
    """Return the robot as a disc, or its footprint, with an arrow for its heading.

    Args:
        pose: In `frame`.
        radius: Of the disc, or round the footprint [m].
        footprint: Corners in the robot's frame [m]; empty for the disc.
        stamp: Of the pose.
        frame: Name.
    """
    head = header(stamp, frame)
    body = _marker(head, "robot", 0, Marker.TRIANGLE_LIST if footprint else Marker.CYLINDER)
    body.pose = pose_message(pose)
    body.pose.position.z = _ROBOT_HEIGHT if footprint else _ROBOT_HEIGHT / 2
    if footprint:
        for first, second in zip(footprint, (*footprint[1:], footprint[0]), strict=True):
            body.points += [point_message(*corner) for corner in ((0.0, 0.0), first, second)]
        body.scale.x = body.scale.y = body.scale.z = 1.0
    else:
        body.scale.x = body.scale.y = 2.0 * float(radius)
        body.scale.z = _ROBOT_HEIGHT
    body.color = _colour(_BLUE, 0.9)
    heading = _marker(head, "robot", 1, Marker.ARROW)
    heading.pose = pose_message(pose)
    heading.pose.position.z = _ROBOT_HEIGHT + 0.02
    heading.scale.x, heading.scale.y, heading.scale.z = 1.3 * float(radius), 0.04, 0.04
    heading.color = _colour((1.0, 1.0, 1.0))
    return MarkerArray(markers=[body, heading])


def _clear(head: Header) -> Marker:
    """Return the marker that removes the ones before; RViz applies an array as a whole."""
    marker = Marker(header=head, action=Marker.DELETEALL)
    marker.pose.orientation.w = 1.0
    return marker


def _marker(head: Header, namespace: str, number: int, kind: int) -> Marker:
    marker = Marker(header=head, ns=namespace, id=int(number), type=kind, action=Marker.ADD)
    marker.pose.orientation.w = 1.0
    return marker


def _colour(rgb: Sequence[float], alpha: float = 1.0) -> ColorRGBA:
    return ColorRGBA(r=float(rgb[0]), g=float(rgb[1]), b=float(rgb[2]), a=float(alpha))


def _weight_colour(weight: float) -> ColorRGBA:
    """Return a colour between pale blue (no weight) and deep green (the heaviest mode)."""
    mixed = [pale + weight * (full - pale) for pale, full in zip(_PALE, _FULL, strict=True)]
    return _colour(mixed, 0.4 + 0.6 * weight)
