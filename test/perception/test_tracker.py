"""What moves is followed with one number, and what stands never counts as moving."""

from dataclasses import replace

import numpy as np
import pytest
from lidar_world import Laser, drive

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.geometry.pose_history import PoseHistory
from mme_ilqr_ros.perception.perception import Perception
from mme_ilqr_ros.perception.points import scan_points
from mme_ilqr_ros.perception.scan import CENTRED, Scan
from mme_ilqr_ros.perception.settings import PerceptionSettings
from mme_ilqr_ros.perception.track import Track
from mme_ilqr_ros.perception.track_settings import TrackSettings
from mme_ilqr_ros.perception.tracker import Tracker
from mme_ilqr_ros.simulation.lidar import scan as cast
from mme_ilqr_ros.simulation.obstacles import Box

NO_GRID = GridMap.empty(0.1, 0.1, 0.1, Pose(-500.0, -500.0, 0.0))
PERIOD = 0.1
ROOM = tuple(
    Box(Pose(*place), size)
    for place, size in [
        ((4.0, -6.0, 0.0), (20.0, 0.1)),
        ((4.0, 6.0, 0.0), (20.0, 0.1)),
        ((-6.0, 0.0, 0.0), (0.1, 12.0)),
        ((14.0, 0.0, 0.0), (0.1, 12.0)),
    ]
)


class World:
    """A robot that sees, what it sees, and the tracker."""

    def __init__(self, seed=0, beams=720, view=1.5 * np.pi):
        self.tracker = Tracker(TrackSettings(), settled=1.0, drift=0.01)
        self.rng = np.random.default_rng(seed)
        self.history = PoseHistory()
        self.step = view / (beams - 1)
        self.angles = -0.5 * view + self.step * np.arange(beams)

    def see(self, time, state, discs, boxes=ROOM, mount=CENTRED, told=None):
        """Let the tracker see discs (x, y, radius) and boxes; return the tracks that move.

        `told` is where the odometry says the robot is, if not where it is.
        """
        circles = np.zeros((len(discs), 5))
        circles[:, :3] = np.reshape(discs, (-1, 3))
        true = cast(state.pose.compose(mount), self.angles, circles, NO_GRID, 10.0, boxes)
        ranges = true + 0.01 * self.rng.normal(size=len(true))
        self.history.add(time, told or state)
        scan = Scan(ranges, self.angles[0], self.step, 0.05, 10.0, time, 0.0, mount)
        self.points = scan_points(scan, self.history, 10.0)
        return [track for track in self.tracker.update(self.points) if track.moving]


def times(seconds):
    return PERIOD * np.arange(round(seconds / PERIOD))


def at_rest(time):
    return RobotState(0.0, 0.0, 0.0)


def driving(time):
    """Drive at 1 m/s, swinging."""
    yaw = 0.6 * np.sin(time)
    return RobotState(1.0 * time - 3.0, 0.8 * np.sin(0.7 * time), yaw, 1.0)


@pytest.mark.parametrize("robot", [at_rest, driving])
def test_a_disc_on_a_curve_is_followed(robot):
    world, numbers = World(), set()
    for time in times(6.0):
        angle = 1.0 * time  # round a circle of 1.5 m at 1.5 m/s
        centre = np.array([5.0 + 1.5 * np.cos(angle), 1.5 * np.sin(angle)])
        velocity = 1.5 * np.array([-np.sin(angle), np.cos(angle)])
        moving = world.see(time, robot(time), [[*centre, 0.4]])
        if time < 0.6:
            continue
        [track] = moving
        numbers.add(track.number)
        assert np.hypot(*(track.mean[:2] - centre)) < 0.05
        assert np.hypot(*(track.mean[2:4] - velocity)) < 0.3
        assert track.mean[4] == pytest.approx(0.4, abs=0.04)
    assert len(numbers) == 1


def standing_world(seed):
    """Return pillars and boxes that stand anywhere."""
    rng = np.random.default_rng(seed)
    pillars = np.column_stack(
        [rng.uniform(-5.0, 12.0, 60), rng.uniform(-5.0, 5.0, 60), rng.uniform(0.05, 0.4, 60)]
    )
    boxes = [*ROOM]
    for _ in range(8):
        place = Pose(rng.uniform(-5, 12), rng.uniform(-5, 5), rng.uniform(0, 3))
        boxes.append(Box(place, (rng.uniform(0.1, 1.0), rng.uniform(0.1, 0.6))))
    return pillars, boxes


@pytest.mark.parametrize("seed", range(6))
def test_in_a_world_that_stands_nothing_moves(seed):
    pillars, boxes = standing_world(seed)
    world = World(seed)
    for time in times(8.0):
        assert world.see(time, driving(time), pillars, boxes) == []
        assert not world.tracker.moving_hits.any()


@pytest.mark.parametrize("seed", range(3))
def test_nor_does_it_where_the_odometry_drifts(seed):
    pillars, boxes = standing_world(seed)
    world, driven, before = World(seed), 0.0, driving(0.0)
    for time in times(6.0):
        state = driving(time)
        driven += np.hypot(state.x - before.x, state.y - before.y)
        before = state
        drifted = Pose(0.0, 0.0, 0.01 * driven).compose(state.pose)  # rad in a metre
        told = RobotState(1.02 * drifted.x, 1.02 * drifted.y, drifted.yaw, state.vx)
        assert world.see(time, state, pillars, boxes, told=told) == []


def test_where_all_stands_perception_learns_the_same_with_and_without_it():
    pillars, boxes = standing_world(3)
    circles = np.hstack([pillars, np.zeros((len(pillars), 2))])
    grids = []
    for movers in (True, False):
        perception = Perception(PerceptionSettings(movers=movers))
        laser = Laser(720, 1.5 * np.pi, noise=0.01)
        drive(perception, laser, driving, 4.0, scene=lambda time: (circles, boxes))
        grids.append(perception.grid())
    np.testing.assert_array_equal(grids[0].occupied, grids[1].occupied)
    np.testing.assert_array_equal(grids[0].unknown, grids[1].unknown)
    assert grids[0].occupied.sum() > 500


def test_numbers_outlast_an_occlusion():
    world, near, far = World(), set(), set()
    for time in times(5.0):
        discs = [[3.0, 1.0 * time - 2.5, 0.35], [5.0, 2.0 - 0.8 * time, 0.35]]
        for track in world.see(time, at_rest(time), discs):
            (near if track.mean[0] < 4.0 else far).add(track.number)
            assert np.hypot(*(np.array(discs)[:, :2] - track.mean[:2]).T).min() < 0.25
    assert len(near) == len(far) == 1
    assert near != far


def test_two_that_walk_side_by_side_stay_two():
    world, seen = World(), []
    for time in times(4.0):
        gap = 0.62 + 0.5 * max(0.0, 2.0 - time)  # they come together: outlines almost touch
        x = 2.0 + 0.6 * time
        moving = world.see(time, at_rest(time), [[x, 0.5 * gap, 0.3], [x, -0.5 * gap, 0.3]])
        if time >= 1.0:
            seen.append({(track.number, track.mean[1] > 0.0) for track in moving})
    assert all(numbers == seen[0] and len(numbers) == 2 for numbers in seen)


def test_what_is_not_round_is_enclosed():
    world, found = World(), 0
    for time in times(4.0):
        cart = Box(Pose(3.0, 0.8 * time - 1.5, 0.785), (0.7, 0.5))
        moving = world.see(time, at_rest(time), [], (*ROOM, cart))
        if time < 1.0:
            continue
        found += len(moving) == 1
        for track in moving:
            hits = world.points.ends[world.points.hit]
            on_cart = hits[cart.distance(hits) < 0.05]
            beyond = np.hypot(*(on_cart - track.mean[:2]).T) - track.mean[4]
            assert beyond.max() < 0.12
            assert np.hypot(*(track.mean[2:4] - [0.0, 0.8])) < 0.35
    assert found >= 28


def test_what_stops_stands_after_a_second_and_what_starts_moves():
    world, moved = World(), {}
    for time in times(9.0):
        x = 2.0 + min(time, 3.0) * 0.8 + max(time - 6.0, 0.0) * 0.8
        moving = world.see(time, at_rest(time), [[x, 0.5, 0.3]])
        moved[round(float(time), 1)] = len(moving)
        if not moving:
            assert not world.tracker.moving_hits.any()
    assert all(moved[t] == 1 for t in (1.0, 2.0, 2.9))
    assert all(moved[t] == 0 for t in (5.0, 5.5, 5.9))
    assert all(moved[t] == 1 for t in (7.2, 8.0, 8.9))


def test_a_disc_that_is_gone_is_dropped_at_once():
    world = World()
    for time in times(2.0):
        discs = [[3.0, time - 1.0, 0.3]]
        assert len(world.see(time, at_rest(time), discs)) == (time >= 0.5) or time < 0.5
    after = [len(world.see(2.0 + k * PERIOD, at_rest(0.0), [])) for k in range(3)]
    assert after[-1] == 0


def test_a_disc_that_passes_pillars_takes_none_of_them():
    pillars = [[3.0, y, 0.15] for y in (-2.0, -1.0, 0.0, 1.0, 2.0)]
    world = World()
    for time in times(6.0):
        disc = [2.35, 0.8 * time - 2.6, 0.3]
        moving = world.see(time, at_rest(time), [*pillars, disc])
        assert len(moving) <= 1
        ends = world.points.ends[world.tracker.moving_hits]
        if len(ends):
            assert (np.hypot(*(ends - disc[:2]).T) - 0.3).max() < 0.2


@pytest.mark.parametrize("rate", [5.0, 40.0])
def test_slow_and_fast_scanners_follow_what_moves_and_nothing_else(rate):
    pillars, _ = standing_world(1)
    world, numbers = World(), set()
    for time in np.arange(0.0, 5.0, 1.0 / rate):
        disc = [1.0 + 0.3 * time, 1.8 - 0.9 * time, 0.35]
        room = np.hypot(*(pillars[:, :2] - [1.5, 0.0]).T) > 3.0
        moving = world.see(time, at_rest(time), [*pillars[room], disc], ROOM)
        if 1.5 < time < 3.5:
            [track] = moving
            numbers.add(track.number)
            assert np.hypot(*(track.mean[:2] - disc[:2])) < 0.1
            assert np.hypot(*(track.mean[2:4] - [0.3, -0.9])) < 0.3
        assert len(moving) <= 1
    assert len(numbers) == 1


@pytest.mark.parametrize("lag", [0.03, 0.0, -0.03])  # of the second; it comes second
def test_two_scanners_follow_one_disc(lag):
    world, numbers = World(view=np.pi), set()
    front, back = Pose(0.2, 0.0, 0.0), Pose(-0.2, 0.0, np.pi)
    for time in times(6.0):
        angle = 1.2 * time
        disc = [2.5 * np.cos(angle), 2.5 * np.sin(angle), 0.3]
        for late, mount in ((0.0, front), (lag, back)):
            later = angle + 1.2 * late
            disc = [2.5 * np.cos(later), 2.5 * np.sin(later), 0.3]
            moving = world.see(time + late, at_rest(time), [disc], ROOM, mount)
        if time > 0.8:
            [track] = moving
            numbers.add(track.number)
            assert np.hypot(*(track.mean[:2] - disc[:2])) < 0.1
    assert len(numbers) == 1


def test_circles_are_where_they_are_now():
    world = World()
    for time in times(2.0):
        world.see(time, at_rest(time), [[3.0, time - 1.0, 0.3]])
    now, later = world.tracker.circles(1.9), world.tracker.circles(2.4)
    np.testing.assert_allclose(later[0, :2] - now[0, :2], 0.5 * now[0, 3:])
    np.testing.assert_allclose(now[0], [3.0, 0.9, 0.3, 0.0, 1.0], atol=0.12)


def test_an_older_scan_changes_nothing_and_a_reset_forgets():
    world = World()
    for time in times(2.0):
        world.see(time, at_rest(time), [[3.0, time - 1.0, 0.3]])
    [before] = world.tracker.circles(2.0)
    world.see(1.85, at_rest(0.0), [[3.0, 0.85, 0.3]])
    [after] = world.tracker.circles(2.0)
    np.testing.assert_array_equal(before, after)
    world.tracker.reset()
    assert world.tracker.circles(2.0).shape == (0, 5)


def test_a_track_of_which_rounding_left_nothing_is_dropped():
    track = Track(0, 0.0, 0.0, 0.0, np.zeros(5), np.eye(5), np.zeros(2))
    assert track.is_sound
    for covariance in (np.diag([1.0, 1.0, -1e-9, -1e-9, 1.0]), np.full((5, 5), np.nan)):
        spoilt = replace(track, covariance=covariance)
        assert not spoilt.is_sound
        assert not spoilt.speed_deviation < 0.0
        assert not spoilt.place_deviation < 0.0
