"""Hits split into things, things cut out of walls, hits claimed by what is followed."""

from itertools import pairwise

import numpy as np

from mme_ilqr_ros.perception.segments import claim, cut, split

BEAMS = 720
ANGLES = np.linspace(-np.pi, np.pi, BEAMS, endpoint=False)
STEP = ANGLES[1] - ANGLES[0]


def ends_of(ranges):
    return ranges[:, None] * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=-1)


def parts_of(ranges, stands=None, widest=2.0, least=4):
    hit = np.isfinite(ranges)
    ends = ends_of(np.where(hit, ranges, 10.0))
    order, bounds = split(ends, hit, ranges, 0.12, 2.5 * STEP)
    if stands is not None:
        order, bounds = cut(order, bounds, ends, stands, widest, least)
    return [order[a:b].tolist() for a, b in pairwise(bounds)]


def blocks(*spans):
    ranges = np.full(BEAMS, np.inf)
    for begin, end, distance in spans:
        ranges[begin:end] = distance
    return ranges


def test_things_apart_are_two_and_a_step_in_depth_divides():
    assert parts_of(blocks((100, 120, 3.0), (130, 150, 3.0))) == [
        list(range(100, 120)),
        list(range(130, 150)),
    ]
    assert len(parts_of(blocks((100, 120, 3.0), (120, 150, 3.5)))) == 2


def test_a_lost_ray_does_not_divide():
    ranges = blocks((100, 120, 3.0))
    ranges[110] = np.inf
    assert len(parts_of(ranges)) == 1


def test_a_thing_across_the_seam_of_a_turn_is_whole():
    parts = parts_of(blocks((0, 8, 2.0), (712, 720, 2.0), (300, 310, 2.0)))
    assert sorted(map(len, parts)) == [10, 16]
    assert [*range(712, 720), *range(8)] in parts


def test_nothing_and_a_closed_ring_are_no_errors():
    assert parts_of(blocks()) == []
    assert [len(part) for part in parts_of(np.full(BEAMS, 2.0))] == [BEAMS]


def test_what_stands_is_left_out_and_what_is_new_before_a_wall_is_cut_out():
    ranges = blocks((100, 300, 3.0))
    stands = np.ones(BEAMS, dtype=bool)
    assert parts_of(ranges, stands) == []
    stands[180:200] = False
    assert parts_of(ranges, stands) == [list(range(180, 200))]
    assert parts_of(ranges, stands, least=21) == []


def test_hits_are_claimed_by_the_nearest_outline():
    circles = np.array([[3.0, 0.3, 0.3], [3.0, -0.3, 0.3]])
    angles = np.linspace(np.pi - 1.2, np.pi + 1.2, 20)
    on = [c[:2] + c[2] * np.stack([np.cos(angles), np.sin(angles)], axis=-1) for c in circles]
    ends = np.vstack([*on, [[2.0, 2.0]]])
    loose = np.ones(len(ends), dtype=bool)
    owner = claim(ends, loose, circles, np.full(2, 0.1))
    assert owner.tolist() == [0] * 20 + [1] * 20 + [-1]
    assert (claim(ends, ~loose, circles, np.full(2, 0.1)) == -1).all()
