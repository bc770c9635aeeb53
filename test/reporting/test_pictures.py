import time

import numpy as np
import pytest
from PIL import Image

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.reporting.animation import MOST_FRAMES, animate_run
from mme_ilqr_ros.reporting.pictures import draw_run
from mme_ilqr_ros.reporting.result import Outcome, RunResult
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.reporting.scene import NARROWEST, Scene, decision_moments, disagreement, view_of

FAR = Pose(100.0, 0.0, 0.0)


def make_result(record, outcome=Outcome.SUCCESS):
    return RunResult.of(record, "trap", outcome)


def standing_record():
    """Return the poorest run there is: one state, no command, no modes."""
    record = RunRecord()
    record.add_state(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    return record


def bare_scene():
    return Scene("bare", Pose(0.0, 0.0, 0.0), Pose(0.0, 9.0, 0.0), 0.2, 0.2)


def test_the_picture_shows_walls_goal_and_modes(record, scene, tmp_path):
    draw_run(record, scene, make_result(record), tmp_path / "run.png")
    with Image.open(tmp_path / "run.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert pixels.shape[1] == 1500
    for colour in ((0xE6, 0x9F, 0x00), (0x00, 0x9E, 0x73), (0xB9, 0xB9, 0xB9)):
        near = np.abs(pixels - colour).max(axis=2) < 40
        assert near.sum() > 100, colour


@pytest.mark.parametrize("outcome", [Outcome.SUCCESS, Outcome.STUCK])
def test_the_poorest_run_has_a_picture_and_an_animation(outcome, tmp_path):
    record = standing_record()
    result = make_result(record, outcome)
    draw_run(record, bare_scene(), result, tmp_path / "run.png")
    animate_run(record, bare_scene(), result, tmp_path / "run.gif")
    assert (tmp_path / "run.png").stat().st_size > 1000
    with Image.open(tmp_path / "run.gif") as animation:
        assert animation.n_frames >= 1


def test_an_empty_record_is_refused(tmp_path):
    empty = RunRecord()
    for draw in (draw_run, animate_run):
        with pytest.raises(ValueError, match="no state"):
            draw(empty, bare_scene(), make_result(empty), tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_the_animation_is_small_and_quick(record, scene, tmp_path):
    begin = time.process_time()
    animate_run(record, scene, make_result(record), tmp_path / "run.gif")
    assert time.process_time() - begin < 8.0
    assert (tmp_path / "run.gif").stat().st_size < 3e6
    with Image.open(tmp_path / "run.gif") as animation:
        assert record.duration / 0.1 * 0.9 < animation.n_frames <= MOST_FRAMES


def test_circles_that_appear_and_vanish_are_drawn(tmp_path):
    record = standing_record()
    for seconds in (0.5, 1.0):
        record.add_state(seconds, 0.0, seconds, 0.0, 1.0, 0.0)
    record.add_circles(0.5, [[0.0, 4.0, 0.5, 0.5, 0.0]])
    record.add_circles(1.0, np.empty((0, 5)))
    draw_run(record, bare_scene(), make_result(record), tmp_path / "run.png")
    animate_run(record, bare_scene(), make_result(record), tmp_path / "run.gif")
    with Image.open(tmp_path / "run.gif") as animation:
        shown = [np.asarray(frame.convert("RGB")).astype(int) for frame in frames(animation)]
    grey = [(np.abs(pixels - 0xB9) < 12).all(axis=2).sum() for pixels in shown]
    assert grey[0] > grey[-1] + 200


def frames(animation):
    """Yield every frame of an animation."""
    for number in range(animation.n_frames):
        animation.seek(number)
        yield animation


def test_moments_start_with_the_first_cycle_and_hold_the_switch(record):
    moments = decision_moments(record, FAR)
    assert moments[0] is record.modes[0]
    assert any(moment.switched for moment in moments)
    assert 3 <= len(moments) <= 5
    places = np.array([record.state_at(moment.time)[1:3] for moment in moments])
    gaps = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    assert np.all(gaps[~np.eye(len(gaps), dtype=bool)] >= 0.7)


def test_modes_that_agree_are_no_moment():
    record = RunRecord()
    for step in range(100):
        record.add_state(step, step, 0.0, 0.0, 1.0, 0.0)
        line = np.array([[step, 0.0], [step + 2.0, 0.0]])
        record.add_modes(step, [line, line + np.array([0.0, 0.01])], [0.5, 0.5], 0)
    assert len(decision_moments(record, FAR)) == 1


def test_disagreement_is_the_mean_distance_at_equal_steps():
    """Of three modes two lie 3 m aside at one of two steps: 2/3 of the modes, half the steps."""
    record = RunRecord()
    lines = [[(0.0, 0.0), (2.0, y)] for y in (0.0, 3.0, -3.0)]
    record.add_modes(0.0, [*lines[:2], [*lines[2], (9.0, 9.0)]], np.ones(3), 0)
    assert disagreement(record.modes[0]) == pytest.approx(1.0)


def test_no_moment_near_the_goal_but_the_first(record):
    goal = Pose(*record.state_at(3.0)[1:3], 0.0)
    moments = decision_moments(record, goal, apart=1.5)
    places = np.array([record.state_at(moment.time)[1:3] for moment in moments[1:]])
    assert len(places) > 0
    assert np.all(np.hypot(*(places - [goal.x, goal.y]).T) >= 1.5)


def test_the_view_holds_start_goal_and_whole_circles_nearby_but_not_far_ones():
    record = standing_record()
    record.add_circles(0.0, [[1.8, 4.0, 1.5], [50.0, 50.0, 1.0]])
    view = view_of(bare_scene(), record)
    assert view.holds(np.array([[0.0, 0.0], [0.0, 9.0], [3.3, 4.0], [0.3, 5.5]])).all()
    assert not view.holds(np.array([50.0, 50.0]))
    assert min(view.size) >= (NARROWEST - 1e-9) * max(view.size)


def test_the_view_follows_a_row_of_circles_to_its_end_where_that_takes_little_room():
    record = standing_record()
    near = [[x, 4.5, 0.3] for x in np.arange(1.0, 3.0, 0.5)]
    record.add_circles(0.0, near)
    assert view_of(bare_scene(), record).holds(np.array([2.8, 4.5]))
    record = standing_record()
    record.add_circles(0.0, [[x, 4.5, 0.3] for x in np.arange(1.0, 90.0, 0.5)])
    assert not view_of(bare_scene(), record).holds(np.array([30.0, 4.5]))


@pytest.mark.parametrize(("width", "whole"), [(95, True), (1200, False)])
def test_the_view_holds_a_room_and_leaves_out_a_building(width, whole):
    occupied = np.zeros((100, width), dtype=bool)
    occupied[:, [0, -1]] = occupied[[0, -1]] = True
    grid = GridMap(occupied, 0.1, Pose(-2.0, -0.5, 0.0))
    scene = Scene("room", Pose(0.0, 0.0, 0.0), Pose(6.0, 8.0, 0.0), 0.2, 0.2, grid)
    view = view_of(scene, standing_record())
    corners = np.array([[-2.0, -0.5], [-2.0 + 0.1 * width, 9.5]])
    assert view.holds(corners).all() == whole
