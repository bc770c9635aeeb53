import numpy as np

from mme_ilqr_ros.reporting.speed_clearance import draw_speeds, medians


def test_medians_are_of_bins_with_enough_moments():
    near = np.column_stack([np.full(11, 0.07), np.linspace(0.0, 1.0, 11)])
    lonely = np.array([[0.3, 0.9]])
    np.testing.assert_allclose(medians(np.vstack([near, lonely])), [[0.075, 0.5]])
    assert medians(np.empty((0, 2))).shape == (0, 2)


def test_the_picture_takes_kinds_without_a_moment(tmp_path):
    rng = np.random.default_rng(0)
    draw_speeds({"docks": [rng.random((300, 2))], "none": []}, tmp_path / "speeds.png")
    assert (tmp_path / "speeds.png").stat().st_size > 10_000
