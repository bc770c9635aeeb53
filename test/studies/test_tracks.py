"""Tracks against the truth: a disc that passes is found, what stands is not."""

import json

import numpy as np
import pytest

from studies.__main__ import main
from studies.tracks.evaluate import Errors, visible_share
from studies.tracks.recording import Scanner

PASSES = {"radius": 0.3, "keyframes": [[0, 3, -3], [6, 3, 3]]}  # at 1 m/s across the way
PILLARS = [[1.5, 1.2, 0.2], [2.0, -1.5, 0.2], [4.5, 0.9, 0.3]]


def test_a_disc_is_found_and_pillars_are_not(tmp_path, capsys):
    world = tmp_path / "crossing.json"
    keys = {"id": "crossing", "start": [0, 0, 0], "goal": [5, -0.6], "timeout": 4.0}
    world.write_text(json.dumps(keys | {"cylinders": PILLARS, "obstacles": [PASSES]}))
    arguments = ["--worlds", str(world), "--fov", "270", "--beams", "540"]
    assert main(["tracks", *arguments, "--out", str(tmp_path / "out")]) == 0
    [row] = json.loads((tmp_path / "out" / "summary.json").read_text())["views"]
    assert row["scans"] >= 30
    assert row["asked"] >= 20
    assert row["recall"] > 0.7
    assert row["false"] == 0.0
    assert row["switches"] == 0.0
    assert row["position"]["median"] < 0.02
    assert row["velocity"]["p95"] < 0.35
    assert "| 270° |" in capsys.readouterr().out


def test_more_than_a_turn_is_refused_in_one_line(tmp_path, capsys):
    arguments = ["--worlds", "any.json", "--fov", "400", "--out", str(tmp_path)]
    assert main(["tracks", *arguments]) == 2
    assert capsys.readouterr().err.endswith("--fov 400: must be at most 360\n")


@pytest.mark.parametrize(
    ("hidden_by", "view", "share"),
    [
        (None, 270.0, 1.0),
        ([2.0, 0.0, 0.5], 270.0, 0.0),
        ([2.0, 0.5, 0.5], 270.0, 0.5),
        (None, 10.0, 0.9),
        ([6.0, 0.0, 0.5], 270.0, 1.0),
    ],
)
def test_how_much_of_a_disc_is_seen(hidden_by, view, share):
    circles = [[4.0, 0.0, 0.4, 1.0, 0.0]]
    if hidden_by:
        circles.append([*hidden_by, 0.0, 0.0])
    seen = visible_share(np.zeros(3), np.array(circles), 0, Scanner(np.radians(view)))
    assert seen == pytest.approx(share, abs=0.1)


def test_a_run_without_discs_has_no_figures_of_them():
    row = Errors(scans=10, false=1).row(0.1)
    assert row["false"] == 100.0
    assert row["recall"] is None
    assert row["switches"] is None
    assert row["velocity"] == {"median": None, "p95": None}
