"""Training the planners with a free kernel through the same loop, by name."""

import csv

import numpy as np
import pytest

from studies.__main__ import main

pytest.importorskip("torch")

from studies.family import FREE_KERNEL

pytestmark = pytest.mark.usefixtures("one_thread", "no_learning_curves")
SMALL = ["--maps", "96", "--size", "9", "--batch", "16", "--hidden", "8", "--actions", "4"]


@pytest.fixture(autouse=True)
def _small_tests(monkeypatch):
    tests = (("15 x 15", 9, 1.0, 5), ("28 x 28", 11, 1.0, 3))
    monkeypatch.setattr("mme_ilqr_ros.training.tasks.mazes.TESTS", tests)


def train(folder, *arguments):
    command = ["navigation", *SMALL, "--validations", "1", "--out", str(folder), *arguments]
    assert main(["train", *command]) == 0
    return folder / f"{folder.name}.safetensors"


@pytest.mark.parametrize("name", FREE_KERNEL)
def test_every_member_learns_by_name_and_repeats(name, tmp_path):
    # A kernel over eight channels leaves the region of contraction eight times as soon.
    rate = "1e-3" if name.endswith("symvin") else "4e-3"
    options = ("--model", name, "--iterations", "20", "--learning-rate", rate)
    if name.startswith("id_"):  # where f does not contract, the last iterates run away
        options += ("--jacobian-weight", "1")
    train(tmp_path / "a", *options, "--epochs", "5")
    train(tmp_path / "b", *options, "--epochs", "1")
    rows, again = history(tmp_path / "a"), history(tmp_path / "b")
    assert [row["loss"] for row in again] == [row["loss"] for row in rows[: len(again)]]
    card = (tmp_path / "a" / "a.md").read_text()
    for row in ("15 x 15, iterations x1", "15 x 15, iterations x4", "28 x 28, iterations x2"):
        assert f"| {row} |" in card
    losses = [row["loss"] for row in rows]
    fall = 0.05 if name == "lstm_gppn" else 0.1  # four channels learn slowly
    assert np.mean(losses[-6:]) < np.mean(losses[:4]) - fall


def test_success_stays_when_the_iterations_of_a_converged_planner_double(tmp_path):
    options = ["--discount", "0.9", "--tolerance", "1e-3", "--learning-rate", "1e-2"]
    train(tmp_path / "w", "--model", "id_vin", "--iterations", "100", "--epochs", "4", *options)
    rows = [line.split("|")[1:] for line in (tmp_path / "w" / "w.md").read_text().splitlines()]
    scores = {row[0].strip(): row[1:] for row in rows if row and ", iterations x" in row[0]}
    for size in ("15 x 15", "28 x 28"):
        success, *_, residual = (float(x) for x in scores[f"{size}, iterations x1"][:-1])
        assert success > 10.0
        assert residual <= 1e-3
        for more in ("x2", "x4"):
            assert scores[f"{size}, iterations {more}"] == scores[f"{size}, iterations x1"]


def history(folder):
    with open(folder / f"{folder.name}.csv", encoding="utf-8") as file:
        return [{k: float(x) for k, x in row.items() if x} for row in csv.DictReader(file)]


def test_options_reach_the_planner_and_the_history(tmp_path):
    folder = tmp_path / "w"
    options = ["--iterations", "50", "--tolerance", "1e-3", "--solver", "broyden"]
    options += ["--maps", "48"]
    options += ["--adjoint-solver", "forward", "--jacobian-weight", "0.1", "--discount", "0.5"]
    train(folder, "--model", "id_vin", "--learning-rate", "0.5", *options)
    rows = history(folder)
    assert max(row["kernel L1 norm"] for row in rows) == pytest.approx(0.5, abs=1e-5)
    assert any(row["penalty"] > 0 for row in rows)
    assert all(row["iterations"] <= 50 for row in rows)
    card = (folder / "w.md").read_text()
    assert "Stopping(tolerance=0.001, max_iterations=50, relative=True)" in card
    assert "'solver': 'broyden'" in card


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--model", "vin", "--solver", "anderson"], "--solver: vin is unrolled"),
        (["--model", "lstm_gppn", "--discount", "0.9"], "--discount: this recurrence"),
        (["--model", "structured", "--actions", "3"], "--actions: the model structured has no"),
        (["--model", "id_vin", "--kernel", "4"], "--kernel 4: must be odd"),
    ],
)
def test_an_option_that_does_not_go_with_the_planner_is_refused(options, says, tmp_path, capsys):
    assert main(["train", "navigation", *options, "--out", str(tmp_path / "w")]) == 2
    error = capsys.readouterr().err.strip()
    assert says in error
    assert len(error.splitlines()) == 1
