"""Time learned from a robot's own runs: by place, by hour, with no runs today's plan."""

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.habits.cutting import CutSettings, cut_drives
from mme_ilqr_ros.habits.drive import Drive, DriveError
from mme_ilqr_ros.habits.pace import held_out_seconds, learn_time
from mme_ilqr_ros.habits.settings import HabitSettings
from mme_ilqr_ros.habits.track import Track
from mme_ilqr_ros.planning.habits import load_habits
from mme_ilqr_ros.planning.pace import hour_at, hours_of
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.planning.weights import WeightsError, read_weights, save_weights

DAY = 1.7e9 - 1.7e9 % 86400.0  # a midnight, UTC
SETTINGS = HabitSettings()
ENDS = (1.5, 3.6), (12.5, 3.6)


def two_ways():
    """Two corridors along x round a block, the upper one shorter from the ends in the middle."""
    occupied = np.zeros((60, 140), dtype=bool)
    occupied[[0, -1]] = occupied[:, [0, -1]] = True
    occupied[20:38, 30:110] = True
    return GridMap(occupied, 0.1, Pose(0.0, 0.0, 0.0))


def run(at, slow=1.0, y=4.8, begin=DAY):
    """A run along a corridor at 1 m/s that takes `slow` times as long between x = 6 and 8 m."""
    x = np.arange(1.0, 13.0, 0.2)
    seconds = 0.2 * np.where((x[1:] > 6.0) & (x[1:] <= 8.05), slow, 1.0)
    times = begin + 3600.0 * at + np.append(0.0, np.cumsum(seconds))
    return Drive(np.stack([x, np.full_like(x, y)], axis=1), times)


def of(habits, hour=None, x=7.0, y=4.8):
    return float(np.exp(habits.pace.at(hour)[int(y), int(x - 0.01)]))


def planned(tmp_path, habits, hour=None):
    habits.save(tmp_path / "t.safetensors")
    planner = GlobalPlanner(PlannerSettings(weights=str(tmp_path / "t.safetensors")))
    planner.at_hour(hour)
    return planner.plan(two_ways(), *ENDS).path.points


def test_no_runs_and_usual_runs_give_todays_plan(tmp_path):
    today = GlobalPlanner(PlannerSettings()).plan(two_ways(), *ENDS).path.points
    assert learn_time(two_ways(), [], SETTINGS).pace is None
    np.testing.assert_array_equal(planned(tmp_path, learn_time(two_ways(), [], SETTINGS)), today)
    usual = learn_time(two_ways(), [run(at) for at in range(24)], SETTINGS)
    np.testing.assert_allclose(usual.pace.by_hour, 0.0, atol=0.02)
    np.testing.assert_array_equal(planned(tmp_path, usual), today)


def test_the_estimate_shrinks_and_converges():
    grid, n = two_ways(), (1, 8, 200)
    free = [run(9, y=1.0) for _ in range(30)]  # elsewhere: what is usual
    learned = [learn_time(grid, free + [run(9, 3.0)] * k, SETTINGS) for k in n]
    ratios = [of(habits) for habits in learned]
    assert ratios == sorted(ratios)
    assert ratios[0] < 1.4
    assert 1.8 < ratios[1] < 2.4
    assert ratios[2] == pytest.approx(3.0, abs=0.15)
    errors = [float(habits.pace.error[4, 6]) for habits in learned]
    assert errors == sorted(errors, reverse=True)


def test_one_long_wait_is_believed_no_further_than_it_should():
    habits = learn_time(two_ways(), [run(9) for _ in range(3)] + [run(9, 300.0)], SETTINGS)
    assert 1.2 < of(habits) < 2.6


def test_plans_change_by_hour_and_the_file_keeps_it(tmp_path):
    grid = two_ways()
    noon = [run(12, 6.0) for _ in range(25)]
    runs = noon + [run(hour, y=y) for hour in range(6, 18) for y in (1.0, 4.8) if hour != 12] * 2
    habits = learn_time(grid, runs, SETTINGS)
    assert of(habits, 12) > of(habits) > of(habits, 7)
    assert of(habits, 12) > 3.0
    assert planned(tmp_path, habits, 12)[:, 1].min() < 2.0
    assert planned(tmp_path, habits, 7)[:, 1].min() > 3.0
    read = load_habits(tmp_path / "t.safetensors").pace
    for name in ("all_day", "by_hour", "error", "usual"):
        np.testing.assert_array_equal(getattr(read, name), getattr(habits.pace, name))
    taken, *predicted = held_out_seconds(grid, runs, SETTINGS, 2).T
    usual, all_day, by_hour = ((seconds - taken).std() for seconds in predicted)
    assert by_hour < 0.8 * min(usual, all_day)


def test_one_planner_plans_anew_when_the_hour_changes(tmp_path):
    grid = two_ways()
    runs = [run(12, 6.0) for _ in range(25)] + [run(h, y=y) for h in (7, 8) for y in (1.0, 4.8)] * 5
    learn_time(grid, runs, SETTINGS).save(tmp_path / "t.safetensors")
    planner = GlobalPlanner(PlannerSettings(weights=str(tmp_path / "t.safetensors")))
    lowest = []
    for hour in (7, 12, 12, 7):
        planner.at_hour(hour)
        lowest.append(planner.plan(grid, *ENDS).path.points[:, 1].min())
    assert lowest[0] == lowest[3] > 3.0
    assert lowest[1] == lowest[2] < 2.0


def test_a_clock_from_zero_shows_no_hour(tmp_path):
    assert hours_of(np.array([DAY + 3.5 * 3600.0, 5000.0])).tolist() == [3, -1]
    assert hour_at(5000.0) is None
    assert hour_at(DAY + 23.9 * 3600.0) == 23
    habits = learn_time(two_ways(), [run(0, 6.0, begin=0.0)] * 20, SETTINGS)
    assert len(habits.pace.by_hour) == 0
    assert of(habits, 12) == of(habits)
    habits.save(tmp_path / "t.safetensors")
    assert load_habits(tmp_path / "t.safetensors").pace.by_hour.shape[0] == 0


def test_bad_input_is_told(tmp_path):
    untimed = Drive(run(9).points, None)
    with pytest.raises(DriveError, match="they need times"):
        learn_time(two_ways(), [untimed], SETTINGS)
    habits = learn_time(two_ways(), [run(9)], SETTINGS)
    habits.save(tmp_path / "t.safetensors")
    file = read_weights(tmp_path / "t.safetensors")
    bad = file.tensors | {"pace.by_hour": np.zeros((3, 6, 14))}
    save_weights(tmp_path / "bad.safetensors", bad, {**file.facts, "kind": file.kind})
    with pytest.raises(WeightsError, match="hours are not 0 or 24"):
        load_habits(tmp_path / "bad.safetensors")


def test_a_wait_on_the_way_to_a_goal_counts_and_one_at_the_goal_does_not():
    """A robot stands 40 s at x = 7 for people, and 100 s at its goal before the next one comes."""
    out, back = np.arange(1.0, 13.0, 0.2), np.arange(13.0, 1.0, -0.2)
    x = np.concatenate([out, back])
    seconds = np.full(len(x), 0.2)
    seconds[30] += 40.0
    seconds[len(out)] += 100.0
    times = DAY + np.cumsum(seconds)
    goals = times[[0, len(out) - 1, len(out), -1]]
    points = np.stack([x, np.full_like(x, 4.8)], axis=1)
    track = Track(points, times, None, "log", "poses", goals + 0.01)
    drives, _ = cut_drives([track], two_ways(), CutSettings(stop_time=120.0))
    habits = learn_time(two_ways(), drives, SETTINGS)
    assert 1.5 < of(habits) < 2.6
    assert of(habits, x=12.5) == pytest.approx(1.0, abs=0.05)
    assert of(habits, x=2.5) == pytest.approx(1.0, abs=0.05)
