"""`train-cost` on the smallest maps: what is measured is what it says."""

import json

import pytest

pytest.importorskip("torch")

from studies.__main__ import main
from studies.train_cost import verb
from studies.train_cost.report import crossovers
from studies.train_cost.step import StepCase, StepCost, make_model, measure, run_steps

pytestmark = pytest.mark.usefixtures("one_thread")


def cost(model, k, seconds, size=15):
    case = StepCase(model, size, k, 1, 1, 0, "cpu")
    return StepCost(case, (0.5 * seconds,), (0.5 * seconds,), None, None, None)


def test_the_crossover_is_where_the_lines_meet():
    explicit = [cost("vin", 10, 1.0), cost("vin", 20, 2.0), cost("vin", 40, 4.0)]
    implicit = [cost("id_vin", k, 3.0) for k in (10, 20, 40)]
    assert crossovers(explicit + implicit) == {"vin and id_vin": {"15": 30.0}}


def test_without_a_gain_there_is_no_crossover():
    assert crossovers([cost("vin", 10, 1.0), cost("id_vin", 10, 1.5)]) == {
        "vin and id_vin": {"15": None}
    }


def test_all_iterations_are_made():
    few, many = (run_steps(StepCase("vin", 15, k, 8, 2, 0, "cpu")) for k in (10, 100))
    assert min(many.forward) > 2.0 * min(few.forward)


def test_memory_is_measured_in_a_process_of_its_own():
    """That it does not grow with K is held by the bytes that autograd keeps (test_fixed_point)."""
    found = measure(StepCase("id_vin", 15, 10, 8, 1, 0, "cpu"))
    assert found.adjoint_iterations > 1
    assert found.peak is None or 0 < found.peak < 1e8


def test_a_new_model_has_kernels_whose_iteration_goes_on():
    model = make_model(StepCase("vin", 9, 5, 2, 1, 0, "cpu"))
    assert model.w.abs().flatten(1).sum(dim=1).tolist() == pytest.approx([0.97] * len(model.w))


def test_the_command_writes_table_summary_and_picture(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(verb, "measure", run_steps)  # in this process
    arguments = "--models vin id_vin structured --sizes 7 --iterations 2 4 --batch 2 --repeat 1"
    assert main(["train-cost", *arguments.split(), "--out", str(tmp_path)]) == 0
    content = json.loads((tmp_path / "summary.json").read_text())
    assert [(row["model"], row["iterations"]) for row in content["steps"]] == [
        ("vin", 2),
        ("vin", 4),
        ("id_vin", 2),
        ("id_vin", 4),
        ("structured", None),
    ]
    assert (tmp_path / "train_cost.png").stat().st_size > 10_000
    assert "| structured | 7 | exact |" in capsys.readouterr().out


def test_a_maze_that_is_too_small_is_refused_in_one_line(tmp_path, capsys):
    assert main(["train-cost", "--sizes", "3", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("python -m studies train-cost: --sizes 3: ")
