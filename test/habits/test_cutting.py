"""What is driving and what is not, a case for each rule."""

import itertools

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.habits.cutting import CutSettings, cut_drives
from mme_ilqr_ros.habits.track import Track, TrackError

GRID = GridMap.empty(20.0, 10.0, 0.1, Pose(0.0, -5.0, 0.0))
SPEED, RATE = 0.5, 5.0  # m/s, Hz


def along(*corners):
    """Return points of a drive through corners at SPEED."""
    parts = [np.array(corners[:1], dtype=float)]
    for a, b in itertools.pairwise(corners):
        n = max(1, round(np.hypot(*np.subtract(b, a)) / SPEED * RATE))
        parts.append(np.add(a, np.linspace(0.0, 1.0, n + 1)[1:, None] * np.subtract(b, a)))
    return np.concatenate(parts)


def standing(at, seconds):
    return (
        np.tile(at, (round(seconds * RATE), 1)) + 0.01 * np.sin(np.arange(seconds * RATE))[:, None]
    )


def track(*parts, **fields):
    points = np.concatenate(parts)
    given = {"times": 10.0 + np.arange(len(points)) / RATE, "yaws": None, **fields}
    return Track(points, given.pop("times"), given.pop("yaws"), "run.csv", "a test", **given)


def cut(*tracks, grid=GRID, **settings):
    return cut_drives(tracks, grid, CutSettings(**settings))


def ends(drives):
    return [(d.points[0].round(1).tolist(), d.points[-1].round(1).tolist()) for d in drives]


def test_a_drive_stays_whole():
    drives, tally = cut(track(along((1, 0), (8, 0), (8, 3))))
    assert ends(drives) == [([1, 0], [8, 3])]
    assert drives[0].length == pytest.approx(10.0)
    assert drives[0].source == "run.csv, at 0 s"
    assert tally.lines() == ["used: 1 drives, 10 m, of 20 s and 10 m recorded"]


@pytest.mark.parametrize("seconds", [3.0, 20.0])
def test_long_stops_end_a_drive_and_short_ones_do_not(seconds):
    parts = along((1, 0), (5, 0)), standing((5, 0), seconds), along((5, 0), (9, 0))
    drives, tally = cut(track(*parts))
    assert len(drives) == (1 if seconds < 5.0 else 2)
    assert ("standing" in tally.lost) == (seconds > 5.0)
    assert sum(d.length for d in drives) == pytest.approx(8.0, abs=0.3)


def test_turning_on_the_spot_is_no_driving():
    parts = along((1, 0), (5, 0)), standing((5, 0), 10.0), along((5, 0), (5, 4))
    yaws = np.concatenate(
        [np.zeros(len(parts[0])), np.linspace(0, 3, 50), np.full(len(parts[2]), 3)]
    )
    drives, tally = cut(track(*parts, yaws=yaws))
    assert len(drives) == 2
    assert set(tally.lost) == {"turning on the spot"}


def test_a_localisation_that_says_nothing_while_standing():
    points = along((1, 0), (9, 0))[::2]
    times = 0.4 * np.arange(len(points))
    times[len(times) // 2 :] += 60.0
    drives, tally = cut(track(points, times=times))
    assert len(drives) == 2
    assert tally.lost["standing"][1] == pytest.approx(60.4)


def test_goals_end_drives():
    moving = along((1, 0), (9, 0))
    drives, tally = cut(track(moving, goals=np.array([10.0 + 8.0])))
    assert ends(drives) == [([1, 0], [4.9, 0]), ([5, 0], [9, 0])]
    assert tally.cuts == {"goals": 1}


@pytest.mark.parametrize("offset", [0.0, 0.9])
def test_a_tour_is_cut_where_it_turns_back(offset):
    there_and_back = along((1, 0), (9, 0), (9, offset), (1, offset))
    drives, tally = cut(track(there_and_back))
    assert len(drives) == 2
    np.testing.assert_allclose(drives[0].points[-1], (9.0, 0.5 * offset), atol=0.6)
    assert tally.cuts == {"turning back": 1}
    drives, _ = cut(track(there_and_back, goals=np.array([10.0 + 35.0])))
    assert len(drives) == 1  # its end was meant


def test_the_other_side_of_a_wall_is_no_return():
    occupied = GRID.occupied.copy()
    occupied[54:56, :90] = True
    walls = GridMap(occupied, GRID.resolution, GRID.origin)
    drives, _ = cut(track(along((1, 0), (9.6, 0), (9.6, 1), (1, 1))), grid=walls)
    assert len(drives) == 1


@pytest.mark.parametrize(
    ("gap", "reason"), [(0.2, "jumps, faster than 3 m/s"), (9.0, "gaps of over 3 s")]
)
def test_jumps_and_gaps_cut(gap, reason):
    points = np.concatenate([along((1, 0), (5, 0)), along((9, 2), (13, 2))])
    times = np.arange(len(points)) / RATE
    times[len(points) // 2 :] += gap
    drives, tally = cut(track(points, times=times))
    assert len(drives) == 2
    assert set(tally.lost) == {reason}
    assert tally.metres == pytest.approx(8.0)


@pytest.mark.parametrize("far", [-7.0, 0.05])
def test_off_the_map_and_inside_walls(far):
    occupied = GRID.occupied.copy()
    occupied[50, 70:75] = True
    moving = along((1, 0.05), (13, 0.05))
    moving[60:65, 1] = far
    drives, tally = cut(track(moving), grid=GridMap(occupied, GRID.resolution, GRID.origin))
    assert len(drives) == 2
    assert set(tally.lost) >= {"off the map" if far < 0 else "inside a wall"}


def test_short_ones_are_left_out_and_nothing_left_is_told():
    with pytest.raises(
        TrackError, match=r"no drive is left .*gone no further than 1\.5 m: 1 x, 1\.0 m"
    ):
        cut(track(along((1, 0), (2, 0))))


def test_a_parked_robot_whose_localisation_trembles_is_no_drive():
    rng = np.random.default_rng(0)
    parked = (5.0, 0.0) + 0.15 * rng.standard_normal((3000, 2))
    with pytest.raises(TrackError, match="no drive is left"):
        cut(track(parked))


def test_another_map_is_told():
    with pytest.raises(TrackError, match=r"100% of the positions lie off the map.*is it the map"):
        cut(track(along((101, 0), (109, 0))))


def test_positions_without_times_are_one_drive():
    drives, _ = cut(track(np.array([[1.0, 0.0], [9.0, 0.0]]), times=None))
    assert drives[0].times is None
    assert ends(drives) == [([1, 0], [9, 0])]
