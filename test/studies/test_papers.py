"""The family at its papers' budget, at its smallest: both ways to count, and that it resumes."""

import csv
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.resources import share_path
from mme_ilqr_ros.training.tasks.mazes import MazeSet, generate_mazes, with_expert
from studies.__main__ import main
from studies.experiments import before_after, papers
from studies.family import MODELS
from studies.kept import RESULTS, read_kept

pytestmark = pytest.mark.usefixtures("one_thread", "no_learning_curves")


def write_mazes(path, mazes):
    """Write mazes as the authors do: 1 is free, goal and one shortest move as one of many."""
    n, height, width = mazes.occupied.shape
    goal = np.zeros((n, 1, height, width))
    goal[np.arange(n), 0, mazes.goals[:, 0], mazes.goals[:, 1]] = 1.0
    labels = mazes.labels()
    action = (labels == labels.max(axis=1, keepdims=True)) & (labels > 0.0)
    action &= np.cumsum(action, axis=1) == 1
    arrays = {"maze": ~mazes.occupied, "goal": goal, "action": action[:, :, None]}
    splits = {f"{split}_{key}": x for split in ("train", "val") for key, x in arrays.items()}
    np.savez(path, **splits)
    return path


def test_a_planner_is_trained_tested_and_not_trained_again(tmp_path, monkeypatch, capsys):
    small = ("--hidden", "8", "--actions", "4", "--iterations", "6", "--batch", "16")
    monkeypatch.setattr(papers, "OPTIONS", dict.fromkeys(papers.OPTIONS, small))
    file = write_mazes(tmp_path / "m.npz", generate_mazes(48, 9, np.random.default_rng(0)))
    command = ["family", "--data", str(file), "--out", str(tmp_path / "out"), "--epochs", "2"]
    command += ["--planners", "vin", "id_vin", "--seeds", "0", "1", "--tests", "20"]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "77.4, 79.0" in printed  # beside what is published
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    vin, *_, implicit = summary["rows"]
    assert list(vin["validation success %"]) == ["1", "2"]
    assert (vin["converged %"], vin["adjoint converged %"]) == (None, None)
    assert 0.0 <= implicit["adjoint converged %"] <= 100.0
    with open(tmp_path / "out" / "results.csv", newline="", encoding="utf-8") as table:
        assert [row["planner"] for row in csv.DictReader(table)] == ["vin"] * 2 + ["id_vin"] * 2
    assert (tmp_path / "out" / "family.png").stat().st_size > 1000
    monkeypatch.setattr(papers, "trained", None)  # would fail if it were asked to train
    assert main(command) == 0


def test_no_maze_file_is_one_clear_line(tmp_path, capsys):
    assert main(["family", "--data", str(tmp_path / "none.npz")]) == 2
    assert "none.npz: is not a file" in capsys.readouterr().err


class Upwards:
    """Always goes up."""

    planner = None

    def answer(self, model, mazes, multiple):
        logits = torch.zeros(len(mazes), 4, *mazes.occupied.shape[1:])
        logits[:, 0] = 1.0
        return type("Plan", (), {"logits": logits})


def test_success_is_counted_in_two_ways():
    """A corridor of four cells up to the goal, one beside it, and a room without any way."""
    occupied = np.ones((1, 7, 7), dtype=bool)
    occupied[0, 1:6, 1] = False  # goal at the top and four cells below it
    occupied[0, 5, 2] = False  # upwards is a wall
    occupied[0, 3, 4] = False  # no way
    mazes: MazeSet = with_expert(occupied, np.array([[1, 1]]))
    model = MODELS["vin"](torch.Generator())
    scores = papers.tested(Upwards(), model, mazes, 1)
    assert scores["success %"] == scores["optimal %"] == 80.0
    assert scores["their success %"] == pytest.approx(100.0 * 5 / 7, abs=1e-3)


def test_the_kept_curves_are_drawn_before_beside_now(tmp_path):
    """Of both planners there are runs of both forms, and as many numbers as places."""
    rows = read_kept(share_path() / RESULTS)["family_curves"].rows
    forms = {(row["planner"], row["form"]) for row in rows}
    assert forms == set(before_after.WHAT)
    assert all(len(row["x"]) == len(row["success"]) for row in rows)
    before_after.draw(rows, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 1000
