"""Pictures of any style, hard mazes: what they show, and what is learned from them."""

import csv

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.training.loop import train
from mme_ilqr_ros.training.task import TrainSettings
from mme_ilqr_ros.training.tasks.mazes import generate_mazes, rollout
from studies import long_mazes, picture_mazes
from studies.__main__ import main
from studies.tasks.hard_mazes import hard_mazes
from studies.tasks.reader import StyleReader
from studies.tasks.styled import StyledTask
from studies.tasks.styles import PIXELS, UNSEEN, gratings, picture, shades, speckle
from studies.tasks.two_looks import two_looks

pytestmark = pytest.mark.usefixtures("one_thread")
STYLES = {"gratings": gratings, **UNSEEN}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_a_style_shows_each_cell_where_it_is_and_no_look_is_a_wall(style):
    """In the same map wall and floor change looks from picture to picture."""
    occupied = np.zeros((3, 5), dtype=bool)
    occupied[1, 3] = True
    looks = []
    for seed in range(12):
        shown = picture(style, occupied, 0.0, np.random.default_rng(seed))
        assert shown.shape == (3 * PIXELS, 5 * PIXELS)
        cells = shown.reshape(3, PIXELS, 5, PIXELS).swapaxes(1, 2)
        np.testing.assert_array_equal(cells, style(occupied, np.random.default_rng(seed)))
        looks.append(float(cells[1, 3].mean() - cells[0, 0].mean()))
    if style is shades:
        assert min(looks) < -0.5 < 0.5 < max(looks)


def reader():
    return StyleReader(torch.Generator().manual_seed(0))


def test_odds_turn_with_what_the_border_looks_like_and_not_with_brightness():
    """Walls and floor exchanged, or the picture made brighter and harder: the same odds."""
    occupied = np.ones((9, 9), dtype=bool)
    occupied[1:-1, 1:-1] = np.random.default_rng(1).random((7, 7)) < 0.5
    occupied[4, 4] = False
    goal = torch.zeros(1, 9, 9)
    goal[0, 4, 4] = 1.0
    light = np.where(occupied[..., None, None], -0.5, 0.5) * np.ones((PIXELS, PIXELS))
    flat = light.swapaxes(1, 2).reshape(1, 54, 54).astype(np.float32)
    odds = reader().odds(torch.from_numpy(flat), goal)[0]
    np.testing.assert_array_equal(odds.detach().numpy() < 0.0, occupied)
    for other in (-flat, 3.0 * flat):
        again = reader().odds(torch.from_numpy(other), goal)[0]
        np.testing.assert_array_equal(again.detach().numpy() < 0.0, occupied)


def test_large_mazes_in_an_unseen_style_are_solved_from_small_ones():
    mazes, validation = (
        generate_mazes(n, 15, np.random.default_rng(s)) for n, s in ((128, 0), (8, 1))
    )
    settings = TrainSettings(epochs=4, batch=16, learning_rate=1e-2, validations=1)
    progress = train(StyledTask("in its own style", mazes, validation), settings)
    (maze,) = [generate_mazes(1, 51, np.random.default_rng(2), openness=0.0)]
    view = picture_mazes.View.of(maze, shades, 0.15, 0)
    row = picture_mazes.Seen.by(progress.model.eval(), maze, view).row(maze)
    assert row["cells misread"] == 0
    assert row["success %"] == row["optimal %"] == 100.0


def test_the_two_looks_of_a_part_tell_the_rest_of_the_map_from_a_bad_first_guess():
    (maze,) = [generate_mazes(1, 101, np.random.default_rng(0), openness=0.0)]
    view = picture_mazes.View.of(maze, speckle, 0.15, 0)
    part, kept = view.ends(30), np.r_[:30, 71:101]
    occupied = maze.occupied[0]
    np.testing.assert_array_equal(
        part.cells, view.cells.reshape(101, 101, -1)[kept].reshape(-1, 36)
    )
    guess = occupied[kept] ^ (np.random.default_rng(1).random((60, 101)) < 0.2)
    wall = two_looks(view.cells, part.cells, guess.ravel())
    np.testing.assert_array_equal(wall.reshape(occupied.shape), occupied)
    assert two_looks(view.cells, part.cells[:50], guess.ravel()[:50]) is None  # too few


def test_the_verb_says_whose_mazes_they_are(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(picture_mazes, "FOREIGN", picture_mazes.FOREIGN[:1])
    command = ["picture_mazes", "--cells", "11", "--steps", "4", "--out", str(tmp_path)]
    assert main(command) == 0
    with open(tmp_path / "results.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    added = {picture_mazes.REFINED, picture_mazes.ALONE, picture_mazes.CLONED}
    assert {row["read"] for row in rows} == {*picture_mazes.READERS, *added}
    assert len(rows) == 4 * len(STYLES) + 1
    assert {row["mazes"] for row in rows} <= {picture_mazes.OWN, "kruskal"}
    assert main(["picture_mazes", "--cells", "10"]) == 2
    assert "--cells 10: must be odd" in capsys.readouterr().err


def test_hard_mazes_show_one_long_shortest_path_each():
    mazes = hard_mazes(6, np.random.default_rng(0))
    assert mazes.occupied.shape == (6, 30, 30)
    length = mazes.distance[mazes.starts]
    assert (length >= 110.0).all()
    shown = mazes.labels()
    np.testing.assert_array_equal(shown.sum(axis=(1, 2, 3)), length)  # a move for each step
    assert (shown.sum(axis=1) <= 1.0).all()
    arrows = shown.argmax(axis=1)
    arrived, moves = rollout(arrows, mazes)
    assert arrived[mazes.starts].all()
    np.testing.assert_array_equal(moves[mazes.starts], length)
    part = mazes.part(2, 4)
    np.testing.assert_array_equal(part.labels(), shown[2:4])
    assert part.starts.sum() == 2


def test_the_verb_of_hard_mazes_has_both_rows(tmp_path, capsys):
    command = ["hard_mazes", "--examples", "16", "--tests", "4", "--epochs", "1", "--seeds", "0"]
    assert main([*command, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "| structured | 0 |" in printed
    assert "| no planner | 0 |" in printed


def test_dead_ends_have_one_way_out_and_goals_lie_in_the_largest_region():
    plan = np.array(["#####", "#...#", "#.#.#", "#.###", "#####"])
    occupied = np.array([[c == "#" for c in row] for row in plan])[None]
    assert np.argwhere(long_mazes.dead_ends(occupied)[0]).tolist() == [[2, 3], [3, 1]]
    mazes = long_mazes.percolation(5, 21, 0.4, np.random.default_rng(0))
    assert (mazes.starts.sum(axis=(1, 2)) > 30).all()
    assert not long_mazes.dead_ends(mazes.occupied)[mazes.occupied].any()


def test_the_verb_of_long_mazes_has_a_column_for_each_model(tmp_path, capsys):
    command = ["long_mazes", "--cells", "15", "--mazes", "1", "--steps", "4", "--seeds", "0"]
    assert main([*command, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "| structured | VIN as a decision process | no planner |" in printed
    assert "| trees | dead ends |" in printed
    assert "| walls at random, 0.4 | passages |" in printed
