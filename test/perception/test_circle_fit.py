"""Circles of points: exact ones, noisy ones, short arcs with what is known of them beside."""

import numpy as np
import pytest

from mme_ilqr_ros.perception.circle_fit import enclosing, fit, kasa

NOTHING = np.zeros((3, 3))


def arc(circle, begin, end, count=30):
    x, y, radius = circle
    angles = np.linspace(begin, end, count)
    return np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=-1)


@pytest.mark.parametrize("circle", [(1.0, -2.0, 0.5), (-30.0, 40.0, 0.05), (0.0, 0.0, 0.9)])
def test_an_exact_arc_gives_its_circle(circle):
    points = arc(circle, 1.0, 3.5)
    start = kasa(points)
    found, _, rms, share = fit(points, start, start, NOTHING, 0.01, 1.0)
    np.testing.assert_allclose(start, circle, atol=1e-8)
    np.testing.assert_allclose(found, circle, atol=1e-8)
    assert rms < 1e-8
    assert share == 1.0


def test_the_information_tells_the_error_of_a_noisy_arc():
    rng = np.random.default_rng(0)
    circle, errors = np.array([2.0, 1.0, 0.4]), []
    for _ in range(300):
        points = arc(circle, 2.5, 4.7)
        points += 0.01 * rng.normal(size=points.shape)
        start = kasa(points)
        found, information, _, _ = fit(points, start, start, NOTHING, 0.01, 1.0)
        errors.append((found - circle) @ information @ (found - circle))
    assert np.mean(errors) == pytest.approx(3.0, rel=0.2)  # chi square with three degrees


def test_a_short_arc_takes_its_radius_from_what_is_known():
    rng = np.random.default_rng(1)
    circle = np.array([3.0, 0.0, 0.5])
    known = np.linalg.inv(np.diag([0.1, 0.1, 0.01]) ** 2)
    free, held = [], []
    for _ in range(50):
        points = arc(circle, np.pi - 0.25, np.pi + 0.25)
        points += 0.01 * rng.normal(size=points.shape)
        expected = circle + np.array([0.05, 0.05, 0.005])
        free.append(fit(points, expected, expected, NOTHING, 0.01, 1.0)[0] - circle)
        held.append(fit(points, expected, expected, known, 0.01, 1.0)[0] - circle)
    assert np.abs(np.array(held)[:, 0]).max() < 0.02
    assert np.abs(np.array(free)[:, 0]).max() > 0.05


def test_hits_of_something_else_do_not_count():
    points = np.vstack([arc((0.0, 0.0, 0.5), 2.0, 4.0), [[1.0, 1.0], [1.1, 1.0]]])
    expected = np.array([0.03, -0.02, 0.48])
    found, _, _, share = fit(points, expected, expected, 1e-6 * np.eye(3), 0.01, 0.1)
    np.testing.assert_allclose(found, [0.0, 0.0, 0.5], atol=1e-5)
    assert share == pytest.approx(30 / 32)


def test_points_in_a_line_have_no_circle():
    line = np.stack([np.linspace(0.0, 1.0, 9), np.linspace(0.0, 2.0, 9)], axis=-1)
    assert kasa(line)[2] < 0.0


def test_an_enclosing_circle_encloses_and_is_hardly_too_large():
    rng = np.random.default_rng(2)
    for _ in range(50):
        points = rng.normal(size=(12, 2))
        x, y, radius = enclosing(points)
        assert np.hypot(*(points - [x, y]).T).max() <= radius + 1e-9
        farthest = max(np.hypot(*(points - point).T).max() for point in points)
        assert radius <= 1.25 * farthest / np.sqrt(3.0)  # Jung: no smaller one is guaranteed
    np.testing.assert_allclose(enclosing(np.array([[0.0, 0.0], [2.0, 0.0]])), [1.0, 0.0, 1.0])
