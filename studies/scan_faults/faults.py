"""What goes wrong with a scan on its way, one fault at a time."""

from __future__ import annotations

import array
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import LaserScan

from mme_ilqr_ros.geometry.pose import Pose
from studies.scan_faults import corridor
from studies.scan_faults.rig import Rig
from studies.scan_faults.robot import nothing

FloatArray = NDArray[np.float64]
Start = Callable[[Rig], None]
FEW = 12  # rays
PATIENCE = 5.0  # s
STANDING = 0.02  # m/s


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        name: In a few words.
        start: Lets it begin.
        line: What the log says of it, as a regular expression.
        stops: Whether the robot has to stop while it lasts; None where it may.
        seconds: How long it lasts.
    """

    name: str
    start: Start
    line: str
    stops: bool | None
    seconds: float = 1.5


@dataclass(frozen=True)
class Outcome:
    """What a fault did.

    Attributes:
        lines: Warnings, in order.
        stop: Time until the robot stood [s]; None where it did not.
        again: Time from the end of the fault until it drove as before [s]; None: not within 5 s.
        strays: Cells near the robot that still say, some seconds after it drives again, that
            something stands where nothing does.
    """

    lines: tuple[str, ...]
    stop: float | None
    again: float | None
    strays: int

    def said(self, pattern: str) -> list[str]:
        """Return the lines that match a pattern."""
        return [line for line in self.lines if re.search(pattern, line)]


def suffer(rig: Rig, fault: Fault) -> Outcome:
    """Let a robot that drives suffer a fault, and recover."""
    rig.send_goal()
    rig.spin_until(rig.drives, PATIENCE)
    rig.spin(0.5)
    rig.lines.clear()
    rig.slowest = math.inf
    fault.start(rig)
    begun = time.monotonic()
    stood = rig.spin_until(lambda: rig.slowest < STANDING, fault.seconds)
    stop = time.monotonic() - begun if stood else None
    rig.spin(fault.seconds - (time.monotonic() - begun))
    # A busy machine takes its time.
    rig.spin_until(lambda: any(re.search(fault.line, line) for _, line in rig.lines), PATIENCE)
    rig.change = rig.change_rear = nothing
    begun = time.monotonic()
    drives = rig.spin_until(rig.drives, PATIENCE)
    again = time.monotonic() - begun if drives else None
    lines = tuple(line for _, line in rig.lines)
    rig.spin(1.0)
    end = time.monotonic() + PATIENCE
    while rig.strays() and time.monotonic() < end:
        rig.spin(0.5)
    return Outcome(lines, stop, again, rig.strays())


def _ranges(change: Callable[[FloatArray], FloatArray], *, rear: bool = False) -> Start:
    """Return what changes the ranges of the front scanner, or of both."""

    def spoilt(message: LaserScan) -> LaserScan:
        ranges = change(np.array(message.ranges, dtype=np.float64))
        message.ranges = array.array("f", ranges.astype(np.float32).tobytes())
        return message

    def start(rig: Rig) -> None:
        rig.change = spoilt
        if rear:
            rig.change_rear = spoilt

    return start


def _message(change: Callable[[LaserScan], LaserScan | None]) -> Start:
    """Return what changes the messages of the front scanner."""

    def start(rig: Rig) -> None:
        rig.change = change

    return start


def _all(value: float) -> Callable[[FloatArray], FloatArray]:
    return lambda ranges: np.full_like(ranges, value)


def _in_front(value: float, count: int = FEW) -> Callable[[FloatArray], FloatArray]:
    """Return what lets the rays straight ahead end at a distance."""

    def change(ranges: FloatArray) -> FloatArray:
        middle = len(ranges) // 2
        ranges[middle - count // 2 : middle + count // 2] = value
        return ranges

    return change


def _late(message: LaserScan) -> LaserScan:
    message.header.stamp.sec -= 1
    return message


def _elsewhere(message: LaserScan) -> LaserScan:
    message.header.frame_id = "elsewhere"
    return message


def _slow(message: LaserScan) -> LaserScan:
    message.time_increment = 0.075 / len(message.ranges)
    message.scan_time = 0.075
    return message


def _mirror(ranges: FloatArray) -> FloatArray:
    """Show a corridor again behind the wall to the left: what it mirrors."""
    angle = -math.pi + 2.0 * math.pi * np.arange(len(ranges)) / len(ranges)
    left = (angle > 0.25 * math.pi) & (angle < 0.75 * math.pi) & (ranges > 0.8)
    beyond = (1.5 * corridor.WIDTH) / np.maximum(np.sin(angle), 0.5)
    return np.where(left, beyond, ranges)


def _jump(rig: Rig) -> None:
    rig.offset = Pose(0.5, 0.0, 0.0).compose(rig.offset)
    rig.send_goal()


FAULTS = (
    Fault("no rays", _message(lambda m: _cut(m, 0)), "scan: 0 ranges do", True),
    Fault("a third of the rays", _message(lambda m: _cut(m, 120)), "scan: 120 ranges do", True),
    Fault("all inf", _ranges(_all(math.inf)), "scan: nothing in range", True),
    Fault("all NaN", _ranges(_all(math.nan)), "scan: no ray of 360 says anything", True),
    Fault("stamps 1 s late", _message(_late), "scan: its stamp is .* s old", True),
    Fault(
        "a frame that nobody knows", _message(_elsewhere), "scan: its frame is 'elsewhere'", True
    ),
    Fault("nothing for 1 s", _message(lambda m: None), "scan' is .* s old", True, 1.0),
    Fault("two scanners disagree", _ranges(_in_front(0.6, 60)), "disagrees with", None),
    Fault("spins slower than it says", _message(_slow), "scan: a turn takes", False),
    Fault("dirt on the glass", _ranges(_in_front(0.13)), "Clean the glass", False, 3.0),
    Fault("a mirror", _ranges(_mirror, rear=True), "disagrees with", False, 2.0),
    Fault(
        "its own leg in view", _ranges(_in_front(0.17)), "scan: 12 rays end inside the robot", True
    ),
    Fault("odometry jumps by 0.5 m", _jump, "odometry jumped", None),
)


def _cut(message: LaserScan, count: int) -> LaserScan:
    message.ranges = message.ranges[:count]
    return message
