"""What stands is remembered, what went is cleared, what moved leaves nothing."""

import math

import numpy as np
import pytest
from lidar_world import Laser, drive, room, straight, wall

from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.perception.evidence import Evidence
from mme_ilqr_ros.perception.perception import Perception
from mme_ilqr_ros.perception.points import ScanPoints
from mme_ilqr_ros.perception.settings import PerceptionSettings
from mme_ilqr_ros.perception.tiles import SIDE, Tiles
from mme_ilqr_ros.simulation.obstacles import Box

ORIGIN = RobotState(0.0, 0.0, 0.0)


def standing_still(pose=ORIGIN):
    return lambda t: pose


def distance(perception, x, y):
    """Return the field's distance at a place, as far as perception can tell."""
    field = perception.clearance(np.array([[x - 1.0, y - 1.0], [x + 1.0, y + 1.0]]))
    return float(field.value_and_gradient([x, y])[0])


def test_a_pillar_is_not_eroded_by_rays_that_graze_it():
    perception = Perception(PerceptionSettings(movers=False))
    pillar = Box(Pose(1.513, 0.627, 0.2), np.array([0.14, 0.14]))
    boxes = [pillar, *room((-3.0, -4.0), (6.0, 4.0))]
    corners = pillar.pose.transform(
        np.array([[-0.07, -0.07], [0.0, -0.07], [0.07, -0.07], [-0.07, 0.0], [-0.07, 0.07]])
    )
    laser = Laser(720, noise=0.01)
    least = []
    for begin in range(12):  # past it, again and again
        path = straight(1.0, start=(-begin - 0.5, 0.1 * (begin % 3), 0.0))
        drive(perception, laser, path, begin + 2.9, begin=begin, scene=lambda t: (None, boxes))
        least.append([distance(perception, *corner) for corner in corners])
    assert np.max(least[1:]) < 0.055  # there is always a point of it near
    assert distance(perception, 1.513, 0.627 - 0.35) > 0.2  # and none where there is none


def test_what_went_away_is_cleared_within_a_second():
    perception = Perception(PerceptionSettings(movers=False))
    box = Box(Pose(2.0, 0.0, 0.0), np.array([0.4, 0.6]))
    walls = room((-4.0, -4.0), (4.0, 4.0))

    def scene(t):
        return None, walls + ([box] if t < 4.0 else [])

    drive(perception, Laser(720, noise=0.01), standing_still(), 3.95, scene=scene)
    assert distance(perception, 1.8, 0.0) < 0.05
    drive(perception, Laser(720, noise=0.01), standing_still(), 5.0, begin=4.0, scene=scene)
    assert distance(perception, 1.8, 0.0) > 0.9


def test_a_dead_end_out_of_view_is_remembered_and_a_trail_is_let_go():
    perception = Perception(PerceptionSettings(movers=False))
    end = [wall(4.0, -1.0, 4.0, 1.0)]

    def scene(t):
        # Someone walks across ahead, and out of view.
        walker = np.array([[2.0, -1.5 + 1.5 * t, 0.25, 0.0, 1.5]])
        return walker if t < 2.0 else None, end

    laser = Laser(360, math.pi / 2.0, noise=0.01)
    drive(perception, laser, standing_still(), 1.95, scene=scene)
    assert distance(perception, 3.99, 0.0) < 0.05
    assert min(distance(perception, 1.8, y) for y in np.linspace(-1.0, 1.0, 9)) < 0.2
    away = RobotState(0.0, 0.0, math.pi)
    drive(perception, laser, standing_still(away), 7.0, begin=2.0, scene=scene)
    assert distance(perception, 3.99, 0.0) < 0.05
    assert min(distance(perception, 1.8, y) for y in np.linspace(-1.0, 1.0, 9)) > 0.5


def test_of_two_scanners_that_disagree_the_one_that_sees_something_is_believed():
    perception = Perception(PerceptionSettings(movers=False))
    low, high = Laser(mount=Pose(0.1, 0.0, 0.0)), Laser(mount=Pose(0.0, 0.0, 0.0))
    walls = room((-4.0, -4.0), (4.0, 4.0))
    box = Box(Pose(2.0, 0.0, 0.0), np.array([0.4, 0.6]))  # of which the higher one sees nothing
    for t in np.arange(0.0, 2.0, 0.1):
        both = ((low, [*walls, box], t), (high, walls, t + 0.05))
        for laser, boxes, begin in both:
            drive(
                perception,
                laser,
                standing_still(),
                begin + 0.01,
                begin=begin,
                scene=lambda t, boxes=boxes: (None, boxes),
            )
    assert distance(perception, 1.8, 0.0) < 0.05
    assert len(perception.newest) == 2


def rays(origins, ends, hit, stamp):
    """Return rays [B, 2] that all hit, or all do not."""
    count = len(ends)
    lengths = np.hypot(*(ends - origins).T)
    masks = np.full(count, hit), np.ones(count, bool)
    # With 1 rad between them no ray speaks for another.
    return ScanPoints(origins, ends, *masks, lengths, stamp, 1.0, Pose(0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("drift", "travel", "stays"), [(0.0, 9.0, True), (0.01, 9.0, False), (0.01, 1.0, True)]
)
def test_a_ray_beside_a_point_speaks_against_it_only_if_odometry_may_have_drifted(
    drift, travel, stays
):
    evidence = Evidence(PerceptionSettings(drift=drift))
    use = np.ones(1, bool)
    for k in range(20):
        seen = rays(np.array([[0.0, 0.0]]), np.array([[1.01, 0.01]]), True, 0.1 * k)
        evidence.integrate(seen, use, 0.0)
    for k in range(20, 40):  # 3 cm beside it, in the same cell
        beside = rays(np.array([[0.0, 0.04]]), np.array([[3.0, 0.04]]), False, 0.1 * k)
        evidence.integrate(beside, use, travel)
    assert (evidence.tiles.cells.evidence > 0).any() == stays


def test_memory_is_for_what_was_seen_and_grows_to_all_sides_without_a_change():
    tiles = Tiles()
    tiles.cover(np.array([3, 5]), np.array([10, 9]))
    wanted = np.ones(tiles.cells.tile.shape, bool)
    tiles.lay_out(wanted)
    first = int(tiles.cells.tile[0, 0])
    tiles.cells.evidence[first * SIDE**2 + 3 * SIDE + 5] = 7
    tiles.cover(np.array([-700, -300]), np.array([900, 400]))
    assert tiles.cells.tile.shape == (26, 12)
    row, column = 0 - tiles.corner[0], 0 - tiles.corner[1]
    assert tiles.cells.tile[row // SIDE, column // SIDE] == first
    assert (tiles.cells.tile >= 0).sum() == wanted.sum()
    before = tiles.bytes
    wanted = np.zeros(tiles.cells.tile.shape, bool)
    wanted[::5, ::5] = True
    tiles.lay_out(wanted)
    assert tiles.cells.evidence[first * SIDE**2 + 3 * SIDE + 5] == 7
    assert tiles.bytes - before < 40 * 9 * SIDE**2


def test_a_hall_costs_what_was_seen_of_it():
    perception = Perception(PerceptionSettings())
    corridor = [wall(-2.0, 1.0, 60.0, 1.0), wall(-2.0, -1.0, 60.0, -1.0)]
    path = straight(10.0)
    drive(perception, Laser(180), path, 5.0, scene=lambda t: (None, corridor))
    grid = perception.grid()
    assert grid.width * grid.resolution > 50.0
    rectangle = 9 * (60.0 / 0.05) ** 2  # bytes, were the corridor's own square laid out
    assert perception.evidence.tiles.bytes < 0.25 * rectangle


def test_the_map_says_occupied_free_and_unknown_and_holds_what_it_must():
    perception = Perception(PerceptionSettings())
    boxes = [wall(2.0, -1.0, 2.0, 1.0)]
    drive(perception, Laser(720), standing_still(), 1.0, scene=lambda t: (None, boxes))
    grid = perception.grid(np.array([[-3.0, -2.0], [12.0, 2.0]]))
    assert grid.contains(grid.cell_at([[12.0, 2.0], [-3.0, -2.0]])).all()
    for place, occupied, unknown in (
        ([1.985, 0.2], True, False),
        ([1.0, 0.2], False, False),
        ([3.0, 0.1], False, True),
    ):
        cell = tuple(grid.cell_at(place))
        assert (grid.occupied[cell], grid.unknown[cell]) == (occupied, unknown), place
    empty = Perception(PerceptionSettings()).grid(np.array([[0.0, 0.0], [1.0, 1.0]]))
    assert empty.unknown.all()


def test_what_was_not_seen_lately_is_told_but_not_the_robots_own_place():
    perception = Perception(PerceptionSettings(body_radius=0.3, look_time=2.0))
    boxes = [wall(1.0, -3.0, 1.0, 3.0)]
    half = Laser(360, math.pi, mount=Pose(0.2, 0.0, 0.0))
    drive(perception, half, standing_still(), 1.0, scene=lambda t: (None, boxes))
    unseen = perception.seen(1.0, ORIGIN, 0.9).unseen
    assert len(unseen) > 100
    assert unseen[:, 0].max() < 0.2
    assert np.hypot(*unseen.T).min() > 0.25
    turned = RobotState(0.0, 0.0, math.pi)
    drive(perception, half, standing_still(turned), 1.5, begin=1.05, scene=lambda t: (None, boxes))
    aside = perception.seen(1.5, turned, 0.9).unseen  # a strip that it cannot see
    assert np.abs(aside[:, 0]).max() < 0.2
    assert len(perception.seen(3.5, turned, 0.9).unseen) > 100  # what was ahead is long ago


def test_points_near_the_robot_are_of_the_newest_scan_and_of_what_stands():
    perception = Perception(PerceptionSettings())
    boxes = [wall(1.0, -3.0, 1.0, 3.0), wall(-1.0, -3.0, -1.0, 3.0)]
    ahead = Laser(360, math.pi / 2.0)
    for begin, yaw in ((0.0, 0.0), (2.0, math.pi)):
        path = standing_still(RobotState(0.0, 0.0, yaw))
        drive(perception, ahead, path, begin + 1.5, begin, scene=lambda t: (None, boxes))
    points = perception.seen(3.5, ORIGIN, 1.2).points
    assert np.hypot(*points.T).max() <= 1.2
    assert points[:, 0].max() == pytest.approx(0.99, abs=0.02)  # behind it now
    assert points[:, 0].min() == pytest.approx(-0.99, abs=0.02)


def test_a_far_wall_of_a_corridor_is_remembered_although_few_rays_fall_on_it():
    """Rays run along it and hit a cell in ten: that must not take the others for gone."""
    corridor = [wall(-8.0, 1.0, 20.0, 1.0), wall(-8.0, -1.0, 20.0, -1.0)]
    perception = Perception(PerceptionSettings(movers=False))
    laser = Laser(360, noise=0.01)
    drive(perception, laser, straight(2.0), 6.0, scene=lambda t: (None, corridor))

    def back(t):
        return RobotState(12.0 - 2.0 * (t - 6.0), 0.0, math.pi, 2.0)

    drive(perception, laser, back, 11.0, begin=6.0, scene=lambda t: (None, corridor))
    places = np.stack([np.linspace(-2.0, 13.0, 301), np.full(301, 0.98)], axis=-1)
    gaps = perception.clearance().value_and_gradient(places)[0]
    assert gaps.max() < 0.15


def test_a_wall_that_the_robot_all_but_touches_stays_and_a_ghost_under_it_goes():
    body = np.array([[0.3, 0.3], [-0.3, 0.3], [-0.3, -0.3], [0.3, -0.3]])
    boxes = [wall(-3.0, 0.5, 3.0, 0.5), wall(1.2, 0.0, 1.2, 0.1)]
    perception = Perception(PerceptionSettings(movers=False), body)
    drive(perception, Laser(720), standing_still(), 1.5, scene=lambda t: (None, boxes))
    blind = Laser(10, 0.1, mount=Pose(0.0, 0.0, -math.pi / 2.0))
    beside = RobotState(1.2, 0.185, 0.0)  # half a centimetre from the wall, on top of the other
    drive(perception, blind, standing_still(beside), 3.0, 1.55, scene=lambda t: (None, boxes))
    assert distance(perception, 1.2, 0.49) < 0.05
    assert distance(perception, 1.2, 0.05) > 0.3
