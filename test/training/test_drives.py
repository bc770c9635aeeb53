"""`train drives`: from recordings to a planner that plans otherwise, on a small map."""

import subprocess
import sys

import numpy as np
import pytest

from mme_ilqr_ros.__main__ import main
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.map_file import load_map, save_map
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.planning.weights import read_weights


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a map of two corridors round a block, and drives by the longer one."""
    folder = tmp_path_factory.mktemp("drives")
    grid = GridMap.empty(10.0, 6.0, 0.2)
    occupied = grid.occupied.copy()
    occupied[[0, -1]] = occupied[:, [0, -1]] = True
    occupied[9:21, 10:40] = True
    save_map(GridMap(occupied, grid.resolution, grid.origin), folder / "map.yaml")
    save_map(grid, folder / "wet.yaml")  # a mask that says nothing
    (folder / "drives").mkdir()
    rng = np.random.default_rng(0)
    for number in range(6):
        (x0, x1), y0 = rng.uniform([0.5, 8.5], [1.5, 9.4]), rng.uniform(3.0, 3.6)
        corners = [(x0, y0), (1.2, 0.9), (8.8, 0.9), (x1, y0)]
        rows = "\n".join(f"{x:.2f},{y:.2f}" for x, y in corners)
        (folder / "drives" / f"{number}.csv").write_text(f"x,y\n{rows}\n")
    return folder


@pytest.fixture(scope="module")
def learned(folder):
    """Return the folder with what was learned."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mme_ilqr_ros.training.drives.MOST_FOLDS", 2)
        assert main(arguments_of(folder)) == 0
    return folder


def arguments_of(folder):
    arguments = ["train", "drives", "--map", str(folder / "map.yaml")]
    arguments += ["--layer", f"wet={folder / 'wet.yaml'}"]
    return [*arguments, "--drives", str(folder / "drives"), "--out", str(folder / "mine")]


def plan(folder, **settings):
    planner = GlobalPlanner(PlannerSettings(robot_radius=0.2, **settings))
    grid = load_map(folder / "map.yaml")
    planner.bind({"wet": np.zeros(grid.shape)})
    return planner.plan(grid, (1.0, 3.9), (9.0, 3.9))


def test_the_planner_drives_as_its_owner_did(learned):
    before = plan(learned)
    after = plan(learned, weights=str(learned / "mine" / "mine.safetensors"))
    assert before.path.points[:, 1].max() > 4.5  # the shorter way
    assert after.path.points[:, 1].max() < 4.5
    assert not after.fallback_used


def test_weights_card_report_and_pictures_are_written(learned):
    mine = learned / "mine"
    assert read_weights(mine / "mine.safetensors").kind == "habits"
    report, card = (mine / "report.md").read_text(), (mine / "mine.md").read_text()
    assert "used: 6 drives" in report
    assert "Unseen drives are explained better" in report
    for name in ("cost", "uncertainty", "held_out"):
        assert f"({name}.png)" in report
        assert (mine / f"{name}.png").stat().st_size > 5000
    assert "- Drives: 6," in card
    assert "train drives" in card


def test_time_is_learned_from_runs_by_place_and_hour(folder, capsys):
    runs = folder / "runs"
    runs.mkdir()
    x = np.arange(1.0, 9.01, 0.2)
    for number in range(12):  # at noon, a metre behind x = 5 takes ten times as long
        at = number % 2
        seconds = 0.25 * np.where((x > 5.0) & (x < 6.1) & (at == 0), 10.0, 1.0)
        times = 1_700_049_600.0 + 86_400.0 * number - 14_400.0 * at + np.cumsum(seconds)
        rows = "\n".join(f"{a:.2f},{(4.9, 5.1)[at]},{t:.2f}" for a, t in zip(x, times, strict=True))
        (runs / f"{number}.csv").write_text(f"x,y,t\n{rows}\n")
    arguments = arguments_of(folder)
    arguments = [*arguments[:4], "--drives", str(runs), "--out", str(folder / "time")]
    assert main([*arguments, "--learn", "time"]) == 0
    told = capsys.readouterr().out
    assert "held-out runs" in told
    assert "times between 12 and 13 h UTC" in told
    assert (folder / "time" / "cost.png").stat().st_size > 5000
    assert plan(folder, weights=str(folder / "time" / "time.safetensors")).path is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--map", "no.yaml", "--drives", "drives"], "no.yaml: cannot be read"),
        (["--map", "map.yaml", "--drives", "none"], "none: there is no such file or folder"),
        (["--map", "map.yaml", "--drives", "far.csv"], "is it the map that this was driven on?"),
        (["--map", "map.yaml", "--drives", "drives", "--layer", "x"], "--layer x: must be NAME="),
        (
            ["--map", "map.yaml", "--drives", "d", "--layer", "wet=wet.yaml", "--learn", "time"],
            "--layer: has no part in --learn time",
        ),
        (["--map", "map.yaml"], "the following arguments are required: --drives"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_status_2(folder, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(folder)
    (folder / "far.csv").write_text("100,100\n105,105\n")
    try:
        status = main(["train", "drives", *arguments])
    except SystemExit as left:
        status = left.code
    told = capsys.readouterr().err
    assert status == 2
    assert said in told
    assert told.count("\n") == 1


def test_help_teaches_and_loads_no_torch():
    code = "import sys; from mme_ilqr_ros.__main__ import main\n"
    code += "try: main(['train', 'drives', '--help'])\n"
    code += "except SystemExit: sys.exit('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    for word in ("examples:", "record:=drives", ".csv", "weights"):
        assert word in run.stdout
