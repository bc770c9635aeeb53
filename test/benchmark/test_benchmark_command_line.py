import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mme_ilqr_ros.__main__ import main

WORLDS = {
    "worlds": [
        {"id": f"w{n}", "circles": [[1, 0.1, 0.2]], "start": [0, 0, 0], "goal": [2, 0.2 * n]}
        for n in range(3)
    ]
}
UNTIMED = ("world", "trial", "seed", "outcome", "time_s", "path_length_m", "min_clearance_m")


@pytest.fixture
def worlds(tmp_path):
    path = tmp_path / "worlds.json"
    path.write_text(json.dumps(WORLDS))
    return path


def rows(folder):
    with (folder / "results.csv").open() as file:
        return [[row[key] for key in UNTIMED] for row in csv.DictReader(file)]


def drive(worlds, out, *more):
    return main(["drive", "--worlds", str(worlds), "--planner", "none", "--out", str(out), *more])


def test_shipped_scenarios_have_names(tmp_path):
    assert drive("trap", tmp_path, "--controller", "ilqr", "--timeout", "1") == 0
    assert rows(tmp_path)[0][0] == "trap"


def test_drive_writes_rows_summary_and_pictures(worlds, tmp_path, capsys):
    out = tmp_path / "out"
    assert drive(worlds, out, "--ids", "w0", "--plots", "--gif", "--seed", "4") == 0
    content = json.loads((out / "summary.json").read_text())
    assert content["command"].startswith("python -m mme_ilqr_ros drive --worlds")
    assert [run["seed"] for run in content["runs"]] == [4]
    assert content["totals"]["success"] == 1.0
    assert content["settings"]["controller_settings"]["mme.n_modes"] == 8
    assert (out / "w0.png").stat().st_size > 10_000
    assert (out / "w0.gif").read_bytes()[:3] == b"GIF"
    assert (out / "speed_clearance.png").stat().st_size > 10_000
    shown = capsys.readouterr()
    assert "| w | 1 | 100.0 % |" in shown.out
    assert "[1/1] w0: success" in shown.err


def test_weights_are_the_planners(worlds, tmp_path):
    chosen = ("--planner", "id_vin", "--weights", "shortest")
    assert drive(worlds, tmp_path, "--ids", "w0", "--timeout", "1", *chosen) == 0
    settings = json.loads((tmp_path / "summary.json").read_text())["settings"]
    assert settings["planner_settings"]["weights"].endswith("config/weights/shortest.safetensors")


BASELINE = ("--trials", "2", "--controller", "ilqr")


def test_the_number_of_jobs_changes_nothing(worlds, tmp_path):
    assert drive(worlds, tmp_path / "one", *BASELINE) == 0
    assert drive(worlds, tmp_path / "two", *BASELINE, "--jobs", "2") == 0
    assert len(rows(tmp_path / "one")) == 6
    assert rows(tmp_path / "one") == rows(tmp_path / "two")


def test_a_dask_cluster_drives_the_same(worlds, tmp_path):
    distributed = pytest.importorskip("distributed")
    assert drive(worlds, tmp_path / "here", "--limit", "2") == 0
    root = str(Path(__file__).resolve().parents[2])
    cluster = distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        dashboard_address=None,
        env={"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])},
    )
    with cluster:
        assert (
            drive(
                worlds, tmp_path / "there", "--limit", "2", "--scheduler", cluster.scheduler_address
            )
            == 0
        )
    assert rows(tmp_path / "here") == rows(tmp_path / "there")


def test_what_was_driven_before_an_interruption_is_kept(worlds, tmp_path, monkeypatch):
    def interrupted(function, tasks, *_):
        yield function(*tasks[0])
        raise KeyboardInterrupt

    monkeypatch.setattr("mme_ilqr_ros.benchmark.drive_verb.run_all", interrupted)
    assert drive(worlds, tmp_path / "out", *BASELINE) == 130
    assert [row[0] for row in rows(tmp_path / "out")] == ["w0"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--ids", "w7"], "no world 'w7'"),
        (["--planner", "file"], "world 'w0': path: is missing"),
        (["--guidance", "cost_to_go"], "--guidance cost_to_go: needs --planner"),
        (["--params", "none.yaml"], "none.yaml: cannot be read"),
        (["--max-speed", "-1"], "'-1' must be a number above 0"),
        (["--jobs", "0"], "'0' must be a whole number"),
        (["--controller", "magic"], "invalid choice: 'magic'"),
        (["--max-speed", "99"], "vx_max = 99.0: must lie"),
    ],
)
def test_unusable_input_is_named_in_one_line(worlds, tmp_path, capsys, more, words):
    try:
        status = drive(worlds, tmp_path / "out", *more)
    except SystemExit as ended:  # argparse's way
        status = ended.code
    assert status == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_help_teaches_the_verbs():
    text = subprocess.run(
        [sys.executable, "-m", "mme_ilqr_ros", "drive", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for word in ("examples:", "--worlds", "--scheduler", "results.csv", "leaderboard"):
        assert word in text


def test_solve_reports_speed_and_the_cost_reached(tmp_path, capsys):
    out = tmp_path / "solve"
    assert main(["solve", "--modes", "2", "--repeat", "25", "--out", str(out)]) == 0
    content = json.loads((out / "summary.json").read_text())
    cycle = content["totals"]["cycle_ms"]
    assert 0.0 < cycle["median"] <= cycle["p95"] <= cycle["p99"] <= cycle["max"]
    assert content["totals"]["iteration_us"] > 0.0
    assert content["totals"]["first_call_s"] > 0.0
    assert main(["solve", "--modes", "2", "--repeat", "25", "--out", str(out)]) == 0
    again = json.loads((out / "summary.json").read_text())
    assert again["totals"]["cost"] == content["totals"]["cost"]
    assert "| mme_ilqr | 2 |" in capsys.readouterr().out


def test_solve_takes_more_modes_than_a_robot_may(tmp_path):
    size = ["--modes", "70", "--horizon", "8", "--iterations", "1", "--repeat", "1"]
    assert main(["solve", *size, "--out", str(tmp_path)]) == 0
    settings = json.loads((tmp_path / "summary.json").read_text())["settings"]
    assert settings["mme.n_modes"] == 70
    assert settings["mme.model_dt"] == 0.2  # as it was driven, not as it was given


@pytest.mark.slow
def test_solve_in_single_precision(tmp_path):
    """Compiles the whole cycle once more."""
    costs = []
    for precision in ("float64", "float32"):
        size = ["--modes", "3", "--horizon", "12", "--iterations", "4", "--repeat", "4"]
        assert main(["solve", "--precision", precision, *size, "--out", str(tmp_path)]) == 0
        costs.append(json.loads((tmp_path / "summary.json").read_text())["totals"]["cost"])
    assert costs[1] == pytest.approx(costs[0], rel=1e-2)


def test_solve_names_what_it_cannot_do(tmp_path, capsys):
    assert main(["solve", "--out", str(tmp_path), "--horizon", "3"]) == 2
    assert "mme.time_steps = 3" in capsys.readouterr().err
