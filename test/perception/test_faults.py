"""What a scanner or the odometry does wrong is told in a line, and leaves no mark on the map."""

import math
from dataclasses import replace

import numpy as np
import pytest
from lidar_world import Laser, drive, room, straight, wall

from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.perception.perception import Perception
from mme_ilqr_ros.perception.scan import PointScan
from mme_ilqr_ros.perception.settings import PerceptionSettings

ORIGIN = RobotState(0.0, 0.0, 0.0)
BOXES = [*room((-4.0, -3.0), (4.0, 3.0)), wall(2.0, -1.0, 2.0, 0.0)]


def scene(t):
    return None, BOXES


def after_a_while(settings=None, laser=None, path=lambda t: ORIGIN, end=3.0):
    """Return a perception that has seen the room, and its history."""
    perception = Perception(settings or PerceptionSettings())
    history, lines = drive(perception, laser or Laser(noise=0.01), path, end, scene=scene)
    assert lines == []
    return perception, history


def known(perception):
    """Return all that could have changed."""
    grid = perception.grid()
    return grid.occupied.tobytes(), grid.unknown.tobytes(), grid.origin


FAULTS = {
    "empty": ({"ranges": np.zeros(0)}, "no rays"),
    "all inf": ({"ranges": np.full(360, np.inf)}, "nothing in range"),
    "all NaN": ({"ranges": np.full(360, np.nan)}, "no ray of 360"),
    "all too near": ({"ranges": np.full(360, 0.01)}, "no ray of 360"),
    "twice the rays": ({"ranges": np.full(720, 2.0)}, "more than a turn"),
    "late": ({"stamp": 2.5}, "not newer"),
    "from the future": ({"stamp": 9.0}, "ahead of the newest odometry"),
    "no angle": ({"angle_increment": 0.0}, "angle_increment is 0"),
    "angle is no number": ({"angle_min": math.nan}, "not finite"),
    "no time": ({"stamp": math.inf}, "not finite"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_scan_that_cannot_be_believed_leaves_everything_as_it_is(name):
    change, told = FAULTS[name]
    perception, history = after_a_while()
    before, stamp = known(perception), perception.stamp
    scan = Laser().scan(lambda t: ORIGIN, 3.0, boxes=BOXES)
    line = perception.take(replace(scan, **change), history)
    assert told in line
    assert "\n" not in line
    assert known(perception) == before
    assert perception.stamp == stamp
    assert perception.take(scan, history) == ""  # and the next one is taken


def test_without_odometry_no_scan_is_taken():
    scan = Laser().scan(lambda t: ORIGIN, 3.0, boxes=BOXES)
    assert "no odometry" in Perception(PerceptionSettings()).take(scan, PoseHistory())


def test_a_cloud_without_a_point_is_told():
    perception, history = after_a_while()
    for points in (np.zeros((0, 2)), np.full((9, 2), np.nan), np.zeros(5)):
        assert "not used" in perception.take(PointScan(points, 3.0), history)


def test_a_scanner_that_turns_away_from_the_only_wall_is_not_taken_for_blind():
    perception = Perception(PerceptionSettings())
    turning = straight(0.0, 1.5)
    narrow = Laser(360, 0.5 * math.pi)
    _, lines = drive(perception, narrow, turning, 2.0, scene=lambda t: (None, BOXES[-1:]))
    assert lines == []


def test_a_clock_that_begins_anew_begins_a_new_map():
    perception, _ = after_a_while(end=8.0)
    later = RobotState(1.0, 0.0, 0.0)
    _, lines = drive(perception, Laser(), lambda t: later, 0.5, begin=0.0, scene=scene)
    assert lines == []
    assert perception.stamp == pytest.approx(0.4)


@pytest.mark.parametrize("name", ["odometry", "robot", "nobody knows"])
def test_after_a_jump_the_walls_are_where_the_scanner_sees_them(name):
    """Half a metre to the side: of the odometry, of the robot, or to where nothing is known."""
    perception, _ = after_a_while(path=straight(0.3))
    there = straight(0.3)(3.0)

    def robot(t):
        if name == "odometry":
            return straight(0.3)(t)
        return replace(straight(0.3)(t), y=0.5)

    def told(t):
        return replace(robot(t), y=0.5)

    # The odometry of the first three seconds again: one history, in which the jump is.
    history = PoseHistory()
    for t in np.arange(0.0, 3.0, 0.02):
        history.add(float(t), straight(0.3)(t))
    boxes = BOXES if name != "nobody knows" else [wall(1.3, -0.3, 1.3, 1.2)]
    lines = []
    for t in np.arange(3.0, 4.0, 0.02):
        history.add(float(t), told(t))
        if round(50 * t) % 5 == 0:
            lines.append(perception.take(Laser().scan(robot, float(t), boxes=boxes), history))
    (line,) = filter(None, lines)
    assert "odometry jumped by 0.50 m" in line
    kept = {"odometry": "did not", "robot": "is there", "nobody knows": "anew"}[name]
    assert kept in line
    walls = perception.seen(4.0, told(4.0), 2.0).walls
    # In the frame of the odometry: what stands ahead, at the place where the scanner sees it now.
    shift = 0.5 if name == "odometry" else 0.0
    if name == "nobody knows":
        assert float(walls.value_and_gradient([1.29, 0.4])[0]) < 0.06
    else:
        assert float(walls.value_and_gradient([1.99, -0.5 + shift])[0]) < 0.06
        assert float(walls.value_and_gradient([1.99, 0.6 + shift])[0]) > 0.4
    assert there.x == pytest.approx(0.9)


def test_between_a_jump_and_the_next_scan_nothing_is_told_as_seen():
    perception, history = after_a_while()
    assert perception.stamp == pytest.approx(2.9)
    history.add(3.0, RobotState(0.0, 0.5, 0.0))
    assert perception.seen(3.0, ORIGIN, 1.0).stamp == -math.inf
    scan = Laser().scan(lambda t: ORIGIN, 2.96, boxes=BOXES)
    assert "meanwhile" in perception.take(replace(scan, time_increment=0.0005), history)
    perception.take(replace(scan, stamp=3.05), history)
    assert perception.stamp == pytest.approx(3.05)


def test_dirt_on_the_glass_is_told_left_out_and_never_a_wall():
    perception = Perception(PerceptionSettings(movers=False))
    laser, history, lines = Laser(360), PoseHistory(), []
    ends = []
    for t in np.arange(0.0, 4.0, 0.1):
        history.add(float(t), ORIGIN)
        scan = laser.scan(lambda t: ORIGIN, float(t), boxes=BOXES)
        scan.ranges[100:110] = 0.1
        lines.append(perception.take(scan, history))
        ends.append(len(perception.seen(float(t), ORIGIN, 0.3).points))
    (line,) = filter(None, lines)
    assert "10 of 360 rays" in line
    assert ends[5] == 10  # it may be a hand: the last gate is told at once
    assert ends[-1] == 0
    middle = perception.grid()
    assert not middle.occupied[tuple(middle.cell_at([0.0, 0.1]))]
    assert float(perception.seen(4.0, ORIGIN, 0.3).walls.value_and_gradient([0.0, 0.1])[0]) > 1.0


def test_the_robots_own_leg_is_no_obstacle():
    leg = wall(-0.2, 0.15, -0.2, 0.25)
    outline = np.array([[0.3, 0.3], [-0.3, 0.3], [-0.3, -0.3], [0.3, -0.3]])
    places = []
    for body in (outline, None):
        perception = Perception(PerceptionSettings(movers=False), body)
        drive(perception, Laser(720), lambda t: ORIGIN, 1.0, scene=lambda t: (None, [leg, *BOXES]))
        seen = perception.seen(1.0, ORIGIN, 0.5)
        places.append((len(seen.points), float(seen.walls.value_and_gradient([-0.18, 0.2])[0])))
    assert places[0][0] == 0
    assert places[0][1] > 1.0
    assert places[1][0] > 0
    assert places[1][1] < 0.06


def test_a_scanner_may_be_mounted_anywhere_and_upside_down():
    mount = Pose(0.3, -0.2, math.pi)
    perception, _ = after_a_while(laser=Laser(720, noise=0.0, mount=mount))
    walls = perception.seen(3.0, ORIGIN, 1.0).walls
    assert float(walls.value_and_gradient([1.98, -0.5])[0]) < 0.05
    assert float(walls.value_and_gradient([-3.0, 0.0])[0]) == pytest.approx(0.98, abs=0.03)


def test_a_range_to_the_moon_does_not_lay_out_the_way_there():
    perception, history = after_a_while()
    before = perception.evidence.tiles.bytes
    scan = Laser(range_max=1e12).scan(lambda t: ORIGIN, 3.0, boxes=BOXES)
    scan.ranges[::7] = 3.8e8
    assert perception.take(scan, history) == ""
    assert perception.evidence.tiles.bytes < before + 5e6


@pytest.mark.parametrize("away", [100.0, 1e6, 1e8])
def test_odometry_that_leads_out_of_the_world_does_not_lay_out_the_way_there(away):
    perception, history = after_a_while()
    before = perception.evidence.tiles.bytes
    history.add(3.0, RobotState(away, 0.0, 0.0))
    scan = Laser().scan(lambda t: ORIGIN, 2.96, boxes=BOXES)
    for stamp in (2.99, 3.0, 3.1, 3.2):
        history.add(stamp, RobotState(away, 0.0, 0.0))
        line = perception.take(replace(scan, stamp=stamp, time_increment=0.0001), history)
        assert "\n" not in line
        assert perception.evidence.tiles.bytes < before + 5e6
    assert perception.stamp == pytest.approx(3.2, abs=0.1)  # there a new map begins
