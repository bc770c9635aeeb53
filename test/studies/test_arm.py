"""The arm: kinematics in closed form, collisions against dense sampling, the torus."""

from itertools import pairwise

import numpy as np
import pytest

from studies.arm import Arm, distance_to_segment, grid_angles

ARM = Arm((0.5, 0.4), 0.03)


def test_kinematics_are_those_of_the_textbook():
    angles = np.random.default_rng(0).uniform(-7.0, 7.0, (50, 2))
    q1, q2 = angles.T
    elbow = 0.5 * np.stack([np.cos(q1), np.sin(q1)], axis=1)
    tip = elbow + 0.4 * np.stack([np.cos(q1 + q2), np.sin(q1 + q2)], axis=1)
    points = ARM.points(angles)
    np.testing.assert_allclose(points[:, 1], elbow, atol=1e-14)
    np.testing.assert_allclose(points[:, 2], tip, atol=1e-14)
    # Law of cosines: how far the tip is depends on the elbow alone.
    distance = np.sqrt(0.5**2 + 0.4**2 + 2 * 0.5 * 0.4 * np.cos(q2))
    np.testing.assert_allclose(np.linalg.norm(points[:, 2], axis=1), distance, atol=1e-14)


def test_a_stretched_arm_reaches_its_lengths_and_a_folded_one_their_difference():
    np.testing.assert_allclose(ARM.points((0.0, 0.0))[2], (0.9, 0.0))
    np.testing.assert_allclose(ARM.points((0.0, np.pi))[2], (0.1, 0.0), atol=1e-15)
    assert ARM.reach == pytest.approx(0.93)


def test_clearance_is_that_of_densely_sampled_links():
    rng = np.random.default_rng(1)
    for _ in range(40):
        angles = rng.uniform(0.0, 2.0 * np.pi, 2)
        discs = np.column_stack([rng.uniform(-1.0, 1.0, (3, 2)), rng.uniform(0.01, 0.3, 3)])
        corners = ARM.points(angles)
        share = np.linspace(0.0, 1.0, 20_001)[:, None]
        links = [a + share * (b - a) for a, b in pairwise(corners)]
        offset = np.concatenate(links)[:, None] - discs[:, :2]
        dense = (np.linalg.norm(offset, axis=2) - discs[:, 2]).min() - ARM.radius
        # Samples are 25 um apart at most, so the nearest one is that close to the true point.
        assert dense - 3e-5 <= ARM.clearance(angles, discs) <= dense + 1e-12


def test_configuration_space_is_what_sampled_links_touch():
    """Disc by disc, with links as 2001 discs each; cells at the very edge may go either way."""
    discs = np.array([(0.4, 0.3, 0.1), (-0.6, 0.2, 0.15)])
    space = ARM.configuration_space(discs, 18)
    clearance = ARM.clearance(grid_angles(18), discs)
    corners = ARM.points(grid_angles(18))
    share = np.linspace(0.0, 1.0, 2001)[:, None, None, None]
    links = np.concatenate(
        [corners[..., k, :] + share * (corners[..., k + 1, :] - corners[..., k, :]) for k in (0, 1)]
    )
    touched = np.zeros((18, 18), dtype=bool)
    for x, y, radius in discs:
        touched |= (np.hypot(links[..., 0] - x, links[..., 1] - y) < radius + ARM.radius).any(0)
    sure = np.abs(clearance) > 1e-3
    assert sure.mean() > 0.95
    assert space.any()
    assert not space.all()
    np.testing.assert_array_equal(space[sure], touched[sure])


def test_turning_the_workspace_rolls_the_first_joint():
    rng = np.random.default_rng(2)
    discs = np.column_stack([rng.uniform(-0.8, 0.8, (4, 2)), rng.uniform(0.05, 0.2, 4)])
    turn = 2.0 * np.pi * 5 / 36
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    turned = np.column_stack([discs[:, :2] @ matrix.T, discs[:, 2]])
    before, after = (ARM.clearance(grid_angles(36), d) for d in (discs, turned))
    np.testing.assert_allclose(after, np.roll(before, 5, axis=0), atol=1e-12)


def test_no_discs_block_nothing():
    assert not ARM.configuration_space(np.zeros((0, 3)), 6).any()
    assert np.isposinf(ARM.clearance((0.0, 0.0), []))


def test_lengths_must_be_lengths():
    with pytest.raises(ValueError, match="lengths"):
        Arm((0.5, 0.0))


def test_distance_to_a_segment_beside_and_beyond_it():
    points = [(0.5, 2.0), (-3.0, 4.0), (1.0, 0.0)]
    np.testing.assert_allclose(distance_to_segment(points, (0, 0), (1, 0)), [2.0, 5.0, 0.0])
