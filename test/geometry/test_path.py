import numpy as np
import pytest

from mme_ilqr_ros.geometry.path import MOST_POINTS, Path, PathError, PathProgress
from mme_ilqr_ros.geometry.pose import Pose

CORNER = Path([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0]])


def figure_of_eight(count=400):
    t = np.linspace(0.0, 2.0 * np.pi, count)
    return Path(np.stack([3.0 * np.sin(t), 3.0 * np.sin(t) * np.cos(t)], axis=-1))


def test_arc_length_point_and_heading():
    assert CORNER.length == 7.0
    np.testing.assert_array_equal(CORNER.arc_length, [0.0, 3.0, 7.0])
    np.testing.assert_allclose(
        CORNER.point_at([-1.0, 1.5, 5.0, 99.0]), [[0, 0], [1.5, 0], [3, 2], [3, 4]]
    )
    np.testing.assert_allclose(
        CORNER.heading_at([0.0, 2.9, 3.0, 7.0]), [0, 0, np.pi / 2, np.pi / 2]
    )
    assert CORNER.heading_at(1.0).shape == ()


def test_repeated_points_are_dropped_and_a_single_point_is_a_path():
    path = Path([[1.0, 1.0], [1.0, 1.0], [2.0, 1.0], [2.0, 1.0]])
    np.testing.assert_array_equal(path.points, [[1.0, 1.0], [2.0, 1.0]])
    single = Path([[1.0, 2.0], [1.0, 2.0]])
    assert single.length == 0.0
    np.testing.assert_array_equal(single.point_at([0.0, 5.0]), [[1.0, 2.0], [1.0, 2.0]])
    assert single.heading_at(0.0) == 0.0
    assert PathProgress(single).advance([9.0, 9.0]) == 0.0


def test_a_transformed_path_keeps_its_lengths():
    pose = Pose(1.0, -2.0, 0.9)
    path, moved = figure_of_eight(), figure_of_eight().transformed(pose)
    np.testing.assert_allclose(moved.arc_length, path.arc_length, atol=1e-9)
    np.testing.assert_allclose(moved.point_at(1.0), pose.transform(path.point_at(1.0)), atol=1e-9)


def test_progress_on_a_figure_of_eight_never_jumps_at_the_crossing():
    path, rng = figure_of_eight(), np.random.default_rng(0)
    progress, step = PathProgress(path, window=1.0), 0.05
    for true in np.arange(0.0, path.length, step):
        before = progress.s
        found = progress.advance(path.point_at(true) + rng.normal(scale=0.03, size=2))
        assert found >= before
        assert abs(found - true) < 0.2
    assert progress.advance(path.points[-1]) == pytest.approx(path.length, abs=1e-3)


def test_progress_passes_the_crossing_on_the_right_branch_exactly():
    path = figure_of_eight(2001)
    progress = PathProgress(path, window=0.5)
    for true in np.linspace(0.0, path.length, 300):
        assert progress.advance(path.point_at(true)) == pytest.approx(true, abs=1e-6)


def test_progress_does_not_go_back_and_looks_no_further_than_its_window():
    progress = PathProgress(CORNER, window=1.0)
    assert progress.advance([0.8, 0.3]) == pytest.approx(0.8)
    assert progress.advance([0.1, 0.0]) == pytest.approx(0.8)
    assert progress.advance([3.0, 3.0]) <= 1.8
    before = progress.s
    assert progress.advance([np.nan, 0.0]) == before


def test_progress_catches_up_after_a_way_round():
    progress = PathProgress(Path([[0.0, 0.0], [20.0, 0.0]]), window=1.0)
    for _ in range(12):
        progress.advance([10.0, 2.0])
    assert progress.s == pytest.approx(10.0)


def test_each_segment_of_a_very_long_path_has_a_length():
    """A step of 2e-8 m is lost in an arc length of 2e8 m."""
    path = Path([[-1e8, 0.0], [1e8, 0.0], [1e8, 2e-8]])
    assert np.all(np.diff(path.arc_length) > 0.0)
    progress = PathProgress(path)
    progress.s = path.length - 0.5
    assert progress.advance([1e8, 1.0]) == path.length


def test_the_first_near_approach_is_found_however_long_the_path_is():
    there_and_back = Path([[0.0, 0.0], [1e6, 0.0], [1e6, 0.1], [0.0, 0.1]])
    assert there_and_back.first_nearest([5e5, 0.08], slack=0.2) == pytest.approx(5e5)
    assert there_and_back.first_nearest([5e5, 0.08], slack=0.01) == pytest.approx(1.5e6 + 0.1)
    assert CORNER.first_nearest([4.0, 1.0], slack=0.2) == pytest.approx(4.0)
    assert CORNER.first_nearest([1e6, 1e6], slack=0.2) == pytest.approx(7.0)
    assert Path([[1.0, 2.0]]).first_nearest([9.0, 9.0], slack=0.2) == 0.0


@pytest.mark.parametrize(
    ("points", "word"),
    [
        (np.zeros((0, 2)), "shape"),
        (np.zeros((3, 3)), "shape"),
        ([[0.0, 0.0], [np.nan, 1.0]], "point 1"),
        ([[0.0, 0.0], [0.0, 1e300]], r"point 1 is \[0.0, 1e\+300\]: must lie within 1e\+08 m"),
        (np.zeros((MOST_POINTS + 1, 2)), f"{MOST_POINTS + 1} points: must be at most"),
        ("a path", "a str holds no points"),
        (None, "a NoneType holds no points"),
        ([[0.0, 0.0], [1.0]], "a list holds no points"),
        (np.ones((3, 2)) * 1j, "a ndarray holds no points"),
    ],
)
def test_bad_points_are_refused(points, word):
    with pytest.raises(PathError, match=word):
        Path(points)


def test_a_bad_window_is_refused():
    with pytest.raises(PathError, match="window"):
        PathProgress(CORNER, window=0.0)


@pytest.mark.parametrize("s", [-1.0, 0.0, 1.5, 3.0, 4.0, 9.0])
def test_the_rest_of_a_path_has_its_points_and_its_length(s):
    path = Path(np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]]))
    rest = path.after(s)
    assert rest.length == pytest.approx(path.length - np.clip(s, 0.0, path.length))
    np.testing.assert_allclose(rest.points[0], path.point_at(s))
    np.testing.assert_allclose(rest.points[-1], path.points[-1])


def test_a_thinned_path_stays_near_and_keeps_its_ends_and_corners():
    turn = np.linspace(0.0, np.pi / 2, 60)
    arc = np.stack([2.0 + np.sin(turn), 1.0 - np.cos(turn)], axis=-1)
    straight = np.stack([np.linspace(0.0, 2.0, 50, endpoint=False), np.zeros(50)], axis=-1)
    back = np.stack([np.full(20, 3.0), np.linspace(1.0, 0.5, 20)], axis=-1)
    path = Path(np.concatenate([straight, arc, back[1:]]))  # at its end it turns round
    thin = path.thinned(0.01, 0.25)
    assert len(thin.points) < len(path.points) / 4
    assert np.diff(thin.arc_length).max() <= 0.25 + 1e-9
    assert np.array_equal(thin.points[[0, -1]], path.points[[0, -1]])
    for point in path.points:
        feet = thin.feet(point, 0, len(thin.points) - 1)
        assert np.hypot(*(thin.point_at(feet) - point).T).min() <= 0.01 + 1e-9
    assert path.length - thin.length < 0.02


def test_a_path_of_far_points_is_not_thinned():
    path = Path(np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 1.0]]))
    assert np.array_equal(path.thinned(0.01, 0.25).points, path.points)
    assert np.array_equal(path.thinned(0.01, 9.0).points, path.points[[0, 2, 3]])
    assert len(Path(np.zeros((1, 2))).thinned(0.01, 0.25).points) == 1


def test_via_points_go_with_the_path_and_its_end_is_none():
    path = Path([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0]], [3.0, 5.0, 7.0])
    np.testing.assert_array_equal(path.vias, [3.0, 5.0])
    np.testing.assert_array_equal(path.after(4.0).vias, [1.0])
    np.testing.assert_array_equal(path.transformed(Pose(1.0, 2.0, 3.0)).vias, [3.0, 5.0])
    for vias in ([2.0, 1.0], [-1.0], [np.nan], [[1.0]]):
        with pytest.raises(PathError, match="rising arc lengths"):
            Path([[0.0, 0.0], [3.0, 0.0]], vias)


def test_progress_does_not_go_beyond_a_via_point_before_it_is_near_or_abreast():
    path = Path([[0.0, 0.0], [5.0, 0.0], [0.0, 0.0]], [5.0])
    progress = PathProgress(path, window=2.0, reach=0.5)
    for x in np.arange(0.0, 4.4, 0.1):
        assert progress.advance((x, 0.1)) == pytest.approx(x)
    assert progress.advance((4.6, 0.1)) > 5.0
    assert len(progress.vias_ahead) == 0
    abreast = PathProgress(Path([[0.0, 0.0], [5.0, 0.0], [9.0, 0.0]], [5.0]), reach=0.5)
    for x in np.arange(0.0, 5.5, 0.1):
        assert abreast.advance((x, 0.9)) == pytest.approx(x)


def test_a_thinned_path_keeps_its_via_points():
    x = np.linspace(0.0, 4.0, 81)
    path = Path(np.stack([np.append(x, x[::-1]), np.zeros(162)], axis=-1), [1.35, 4.0])
    thin = path.thinned(0.01, 1.0)
    assert len(thin.points) < 14
    np.testing.assert_allclose(thin.point_at(thin.vias), path.point_at(path.vias), atol=1e-9)
    np.testing.assert_allclose(thin.vias, path.vias, atol=1e-9)


def test_a_path_that_comes_back_gets_its_turning_point_as_a_via_point():
    there_and_back = Path([[0.0, 0.0], [3.0, 0.0], [3.0, 1.0], [0.1, 0.0]])
    np.testing.assert_array_equal(there_and_back.opened(0.4).vias, [4.0])
    for other in (CORNER, Path([[0.0, 0.0], [0.5, 0.0], [0.1, 0.0]])):
        assert other.opened(0.4) is other
    marked = Path(there_and_back.points, [1.0])
    assert marked.opened(0.4) is marked
