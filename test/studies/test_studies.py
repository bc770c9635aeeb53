"""The studies at their smallest: what they write, and that they go on where they stopped."""

import csv
import json

import numpy as np
import pytest

pytest.importorskip("torch")

from studies.__main__ import main
from studies.experiments import runtime
from studies.experiments.study import PRESETS, Case, Study, mean_and_spread, run_study
from studies.experiments.verb import STUDIES
from studies.train_cost.step import run_steps

# Half of a smallest training would be its picture, which the tests of training look at.
pytestmark = pytest.mark.usefixtures("one_thread", "no_learning_curves")


def rows_of(folder):
    with open(folder / "results.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["navigation", "visual", "manipulation"])
def test_a_study_of_success_writes_its_table_and_picture(name, tmp_path, capsys):
    assert main(["experiment", name, "--preset", "smallest", "--out", str(tmp_path)]) == 0
    rows = rows_of(tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert len(rows) == len(summary["rows"]) == len(STUDIES[name].cases("smallest", "cpu"))
    assert name in summary["command"]
    assert (tmp_path / f"{name}.png").stat().st_size > 1000
    printed = capsys.readouterr().out
    for row in rows:
        assert 0.0 <= float(row["success %"]) <= 100.0
        assert f"| {row['view']} | {row['size']} x {row['size']} | {row['planner']} |" in printed
    maps = {row["view"]: row["map %"] for row in rows if "map %" in row}
    assert all((maps[view] != "") == view.startswith(("workspace", "panoramas")) for view in maps)


def test_the_study_of_stability_measures_both_directions(tmp_path):
    assert main(["experiment", "stability", "--preset", "smallest", "--out", str(tmp_path)]) == 0
    of = {}
    for row in rows_of(tmp_path):
        of.setdefault((row["variant"], row["curve"]), []).append((float(row["x"]), float(row["y"])))
    for variant in ("vin", "id_vin"):
        assert [x for x, _ in of[variant, "success"]] == [0.5, 1.0, 2.0, 4.0]
        residuals = [y for _, y in of[variant, "forward residual"]]
        assert residuals[-1] < residuals[0] == 1.0
    assert of["id_vin", "backward residual"][-1][1] < 1.0
    assert ("vin", "backward residual") not in of
    # A solve to a smaller tolerance makes no fewer iterations.
    iterations = [y for _, y in sorted(of["id_vin", "forward iterations"])]
    assert iterations == sorted(iterations, reverse=True)
    assert (tmp_path / "stability.png").stat().st_size > 1000


def test_the_study_of_runtime_measures_a_step(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(runtime, "measure_step", run_steps)  # in this process
    assert main(["experiment", "runtime", "--preset", "smallest", "--out", str(tmp_path)]) == 0
    (row,) = rows_of(tmp_path)
    assert float(row["step_ms"]) > 0.0
    assert "| id_vin | 7 | 2 |" in capsys.readouterr().out


def counting_study(measured):
    def measure(case, folder):
        if case.facts["fails"]:
            raise OSError("stopped")
        measured.append(case.name)
        return [{"name": case.name, "square": case.facts["x"] ** 2}]

    def cases(preset, device):
        return [Case(f"run{x}", {"x": x, "fails": x == 3}) for x in range(5)]

    return Study("a test", cases, measure, str, lambda rows, path: path.write_bytes(b""))


def run(study, folder):
    return run_study("test", study, preset="quick", device="cpu", out=folder, command="test")


def test_finished_runs_are_not_repeated_and_changed_ones_are(tmp_path):
    measured = []
    study = counting_study(measured)
    with pytest.raises(OSError, match="stopped"):
        run(study, tmp_path)
    assert measured == ["run0", "run1", "run2"]
    changed = Study(
        study.about,
        lambda *_: [Case(f"run{x}", {"x": x + (x == 1), "fails": False}) for x in range(5)],
        study.measure,
        study.table,
        study.draw,
    )
    run(changed, tmp_path)
    assert measured[3:] == ["run1", "run3", "run4"]
    assert [float(row["square"]) for row in rows_of(tmp_path)] == [0, 4, 4, 9, 16]
    run(changed, tmp_path)
    assert len(measured) == 6


def test_a_half_written_result_counts_as_none(tmp_path):
    measured = []
    study = counting_study(measured)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "run0.json").write_text('{"facts": {"x": 0')
    with pytest.raises(OSError, match="stopped"):
        run(study, tmp_path)
    assert "run0" in measured


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", STUDIES)
def test_every_run_of_every_preset_has_a_name_of_its_own(name, preset):
    cases = STUDIES[name].cases(preset, "cpu")
    names = [case.name for case in cases]
    assert len(names) == len(set(names)) > 0
    assert not [n for n in names if set(n) & set(" /,")]
    for case in cases:  # or a finished run would be repeated
        assert json.loads(json.dumps(dict(case.facts))) == dict(case.facts)


def test_spread_is_the_standard_deviation_over_seeds():
    assert mean_and_spread([1.0, 3.0]) == pytest.approx((2.0, np.sqrt(2.0)))
    assert mean_and_spread([5.0]) == (5.0, 0.0)
