"""Whether a robot comes nearer: standing, circling, other measures, jumps."""

import math

import numpy as np
import pytest

from mme_ilqr_ros.control.progress import Progress

PERIOD, RADIUS, ALLOWANCE = 0.1, 0.5, 10.0
PLAN = object()


def after(positions, to_go=None, measure=PLAN, progress=None):
    """Progress after some cycles; by default the distance to go is that to (10, 0)."""
    progress = progress or Progress()
    for n, position in enumerate(positions):
        left = math.dist(position, (10.0, 0.0)) if to_go is None else to_go[n]
        progress.update(PERIOD, np.array(position), left, measure, RADIUS)
    return progress


def straight(speed, seconds, start=0.0):
    return [(start + speed * PERIOD * n, 0.0) for n in range(round(seconds / PERIOD))]


def circling(seconds, radius=0.6):
    angles = np.arange(round(seconds / PERIOD)) * 0.15
    return [(radius * math.cos(a), radius * math.sin(a)) for a in angles]


def test_who_comes_nearer_makes_progress_at_any_usual_speed():
    for speed in (1.0, 0.1, 0.06):
        progress = after(straight(speed, min(9.0 / speed, 40.0)))
        assert progress.stalled < 0.25 * RADIUS / speed + 0.2
        assert not progress.needs_a_way_out(ALLOWANCE)


def test_who_stands_looks_for_a_way_out_after_a_quarter_of_the_time():
    assert not after([(0.0, 0.0)] * 25).needs_a_way_out(ALLOWANCE)
    assert after([(0.0, 0.0)] * 27).needs_a_way_out(ALLOWANCE)
    trembling = [(0.03 * (-1) ** n, 0.0) for n in range(30)]
    assert after(trembling).needs_a_way_out(ALLOWANCE)


def test_who_circles_comes_no_nearer_but_is_given_all_the_time():
    progress = after(circling(9.0))
    assert progress.stalled < ALLOWANCE
    assert not progress.needs_a_way_out(ALLOWANCE)
    progress = after(circling(15.0))
    assert progress.stalled > ALLOWANCE
    assert progress.needs_a_way_out(ALLOWANCE)


def test_driving_back_and_forth_is_no_progress():
    there = straight(1.0, 2.0)
    progress = after((there + there[::-1]) * 4)
    assert progress.stalled > ALLOWANCE  # since it was nearest for the first time


def test_another_measure_counts_only_what_is_made_good_by_it():
    """A way out is longer than the straight line; its length is no step back, nor one forward."""
    for longer in (8.0, -4.0):
        progress = after([(0.0, 0.0)] * 20)
        before = progress.stalled
        way = object()
        after([(0.0, 0.0)] * 3, to_go=[10.0 + longer] * 3, measure=way, progress=progress)
        assert progress.stalled == pytest.approx(before + 0.3)
        nearer = [10.0 + longer - 0.2 * n for n in range(3)]
        after([(0.0, 0.0)] * 3, to_go=nearer, measure=way, progress=progress)
        assert progress.stalled == 0.0


def test_a_jump_of_localisation_is_neither_progress_nor_a_loss():
    progress = after(straight(0.5, 4.0))
    stood = after([(2.0, 0.0)] * 20, progress=progress).stalled
    after([(5.0, 0.0)] * 5, progress=progress)  # carried 3 m on
    assert progress.stalled == pytest.approx(stood + 0.5)
    after(straight(0.5, 1.0, start=5.0), progress=progress)
    assert progress.stalled < 0.3
    after([(-5.0, 0.0)] * 5, progress=progress)  # and 10 m back
    after(straight(0.5, 1.0, start=-5.0), progress=progress)
    assert progress.stalled < 0.3
