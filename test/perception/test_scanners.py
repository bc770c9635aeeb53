"""Scanners that turn slower than they say, and scanners that contradict each other."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.perception.agreement import Agreement, contradicted
from mme_ilqr_ros.perception.points import ScanPoints
from mme_ilqr_ros.perception.scan import Scan
from mme_ilqr_ros.perception.spin import Spin

BEAMS = 360
STEP = 2.0 * math.pi / BEAMS


def turn(stamp, said):
    return Scan(np.ones(BEAMS), -math.pi, STEP, 0.05, 10.0, stamp, said / BEAMS)


@pytest.mark.parametrize(("takes", "mended"), [(0.10, False), (0.13, True), (0.2, False)])
def test_a_turn_that_takes_longer_than_is_said_is_mended_but_not_one_that_was_left_out(
    takes, mended
):
    spin = Spin()
    for k in range(12):
        scan, note = spin.corrected(turn(takes * k, 0.1))
    assert bool(note) == mended
    expected = takes if mended else 0.1
    assert scan.time_increment * BEAMS == pytest.approx(expected, rel=1e-6)


def test_a_scanner_with_a_blind_part_turns_as_it_says():
    spin = Spin()
    for k in range(12):
        three_quarters = replace(turn(0.1 * k, 0.1), ranges=np.ones(270))
        _, note = spin.corrected(three_quarters)
    assert note == ""


def points(ranges, place=(0.0, 0.0), stamp=0.0):
    """Return a full turn at a place."""
    angles = -math.pi + STEP * (np.arange(len(ranges)) + 0.5)
    origins = np.broadcast_to(np.asarray(place, float), (len(ranges), 2))
    hit = np.isfinite(ranges)
    length = np.where(hit, ranges, 10.0)
    ends = origins + length[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return ScanPoints(
        origins, ends, hit, np.ones(len(ranges), bool), ranges, stamp, STEP, Pose(0, 0, 0)
    )


def room(place):
    """Return the ranges of a turn in a room of 4 x 4 m."""
    angles = -math.pi + STEP * (np.arange(BEAMS) + 0.5)
    cos, sin = np.cos(angles), np.sin(angles)
    with np.errstate(divide="ignore"):
        sides = [(2.0 * np.sign(d) - p) / d for d, p in ((cos, place[0]), (sin, place[1]))]
    return np.minimum(*sides)


def test_two_scanners_in_one_room_agree_whatever_noise_they_have():
    rng = np.random.default_rng(0)
    here, there = (0.0, 0.0), (0.5, -0.3)
    one, other = (points(room(p) + 0.02 * rng.normal(size=BEAMS), p) for p in (here, there))
    through, looked = contradicted(one, other)
    assert through == 0
    assert looked > 0.9 * BEAMS


def test_what_one_scanner_hides_from_the_other_is_no_contradiction():
    ranges = room((0.0, 0.0))
    ranges[100:130] = 0.5  # a pillar near one of them
    through, _ = contradicted(points(room((0.5, 0.0)), (0.5, 0.0)), points(ranges))
    assert through == 0


def test_a_scanner_that_sees_what_the_other_looks_through_is_told_after_some_looks():
    wrong = room((0.0, 0.0))
    wrong[100:160] = 0.6
    agreement, said = Agreement(), []
    for k in range(20):
        stamp = 0.1 * k
        scans = {"scan": points(wrong, stamp=stamp), "rear": points(room((0.0, 0.0)), stamp=stamp)}
        said.append(agreement.look_at(scans))
    assert said[0] == ""
    assert said[-1].startswith("scan disagrees with rear, which sees through 60 of 360")
    right = {name: points(room((0.0, 0.0)), stamp=3.0) for name in ("scan", "rear")}
    assert agreement.look_at(right) == ""


def test_one_scanner_alone_has_nobody_to_disagree_with():
    assert Agreement().look_at({"scan": points(room((0.0, 0.0))), "rear": None}) == ""
