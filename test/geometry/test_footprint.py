import math

import numpy as np
import pytest

from mme_ilqr_ros.geometry.discs import MOST, TOLERANCE
from mme_ilqr_ros.geometry.footprint import FootprintError, footprint_of, parse_footprint
from mme_ilqr_ros.geometry.polygon import convex_hull, distance_to_polygon

JACKAL = "[[0.254, 0.216], [0.254, -0.216], [-0.254, -0.216], [-0.254, 0.216]]"


def rectangle(length, width, ahead=0.0):
    x, y = 0.5 * length, 0.5 * width
    return [[ahead + x, y], [ahead + x, -y], [ahead - x, -y], [ahead - x, y]]


def regular(count, radius):
    angles = 2.0 * math.pi * np.arange(count) / count
    return radius * np.column_stack([np.cos(angles), np.sin(angles)])


SHAPES = {
    "jackal": rectangle(0.508, 0.4318),
    "cart": rectangle(1.2, 0.6),
    "wide": rectangle(0.4, 1.1),
    "nearly square": rectangle(1.6, 2.0),
    "car with its centre on the rear axle": rectangle(1.4, 0.6, 0.5),
    "wedge": [[1.0, 0.0], [-0.5, -0.4], [-0.5, 0.4]],
    "octagon": regular(8, 0.3),
    "lopsided": [[0.5, 0.3], [0.5, -0.1], [-0.3, -0.1], [-0.3, 0.2]],
}


def test_a_text_as_nav2_has_it_becomes_a_polygon_that_runs_counter_clockwise():
    found = parse_footprint(JACKAL)
    assert len(found.corners) == 4
    assert found.inscribed_radius == pytest.approx(0.216)
    assert found.circumscribed_radius == pytest.approx(math.hypot(0.254, 0.216))
    assert found.note == ""
    x, y = found.corners.T
    assert np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) == pytest.approx(2 * 0.508 * 0.432)
    assert parse_footprint("") is parse_footprint(" [] ") is None


def test_padding_moves_every_corner_away_from_both_axes():
    grown = parse_footprint(JACKAL, 0.01)
    assert np.abs(grown.corners) == pytest.approx(np.tile([0.264, 0.226], (4, 1)))


def test_of_a_shape_with_a_dent_the_convex_hull_counts_and_that_is_said():
    found = footprint_of([*rectangle(1.0, 0.6), [-0.2, 0.0]])
    assert len(found.corners) == 4
    assert "leaves out 1 " in found.note


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0.3", "list of three or more corners"),
        ("[[0.3, 0.2], [0.3", r"such as \[\["),
        ("[[0.3, 0.2], [-0.3, 0.2]]", "three or more"),
        ("[[0.3, 0.2], [-0.3, 0.2], ['a', 1]]", "list of corners"),
        ("[[254, 216], [254, -216], [-254, 0]]", r"corner \[254, 216\]: must lie within 10 m"),
        ("[[0.3, 0.3], [0.1, 0.1], [-0.3, -0.3]]", "on a line"),
        ("[[1, 1], [2, 1], [1, 2]]", r"centre \(0, 0\) must lie 0.01 m and more inside"),
        ("[[0.3, 0.2], [0.3, 1e999], [-0.3, 0.2]]", "inf"),
    ],
)
def test_what_is_no_footprint_is_refused_with_what_to_do(text, says):
    with pytest.raises(FootprintError, match=says):
        parse_footprint(text)


@pytest.mark.parametrize("corners", SHAPES.values(), ids=SHAPES)
def test_discs_cover_the_footprint_and_hardly_stick_out_beyond_its_sides(corners):
    footprint = footprint_of(corners)
    discs, low = footprint.discs, footprint.corners.min(axis=0)
    size = footprint.corners.max(axis=0) - low
    rng = np.random.default_rng(0)
    points = np.vstack([low + size * rng.uniform(size=(20_000, 2)), footprint.corners])
    points = points[footprint.distance(points) <= 0.0]
    assert len(points) > 5_000
    away = np.hypot(*(points[:, None] - discs.offsets).transpose(2, 0, 1)).min(axis=1)
    assert away.max() <= discs.radius + 1e-9
    across = discs.offsets[:, 1]
    ends = across.min() - discs.radius, across.max() + discs.radius
    out = max(low[1] - ends[0], ends[1] - low[1] - size[1])
    assert out == pytest.approx(discs.sticks_out)
    assert out <= TOLERANCE * 0.5 * size[1] + 1e-9
    assert len(discs.offsets) <= MOST


def test_as_few_discs_as_keep_the_tolerance():
    count = {name: len(footprint_of(corners).discs.offsets) for name, corners in SHAPES.items()}
    assert count["octagon"] == 1
    assert count["wide"] == 1
    assert count["nearly square"] == count["jackal"] == 2
    assert count["cart"] == 4
    jackal = footprint_of(SHAPES["jackal"]).discs
    assert jackal.radius == pytest.approx(math.hypot(0.127, 0.2159))
    assert jackal.offsets == pytest.approx(np.array([[-0.127, 0.0], [0.127, 0.0]]))
    turned = jackal.centres(1.0, 2.0, 0.5 * math.pi)
    assert turned == pytest.approx(np.array([[1.0, 1.873], [1.0, 2.127]]))


def test_a_round_footprint_is_one_disc_at_the_centre():
    discs = footprint_of(regular(16, 0.105)).discs
    assert discs.offsets == pytest.approx(np.zeros((1, 2)), abs=1e-9)
    assert discs.radius == pytest.approx(0.105)


def test_a_placed_footprint_is_turned_and_moved():
    corners = footprint_of(rectangle(1.2, 0.6)).placed(1.0, 2.0, 0.5 * math.pi)
    assert corners.min(axis=0) == pytest.approx([0.7, 1.4])
    assert corners.max(axis=0) == pytest.approx([1.3, 2.6])


def test_the_hull_of_random_points_is_convex_and_holds_them():
    points = np.random.default_rng(1).normal(size=(60, 2))
    hull = convex_hull(points)
    way = np.roll(hull, -1, axis=0) - hull
    after = np.roll(way, -1, axis=0)
    assert np.all(way[:, 0] * after[:, 1] - way[:, 1] * after[:, 0] > 0.0)
    assert distance_to_polygon(points, hull).max() <= 1e-12
