import csv
import json

import pytest

from mme_ilqr_ros.benchmark.drive import Trial
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.reporting.result import Outcome, RunResult
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.settings import build, flatten
from studies.__main__ import main
from studies.ablation.changes import CHANGES, PARTS, SHIPPED, Change, chosen
from studies.ablation.report import rows

POST = {"id": "post_1", "circles": [[1, 0.1, 0.2]], "start": [0, 0, 0], "goal": [2, 0.2]}


def trial(world, time, outcome=Outcome.SUCCESS):
    result = RunResult(world, outcome, time, 10.0, 0.1, 10, (0.001,), ())
    return Trial("", result, RunRecord(), None, 0)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_every_row_changes_something_that_there_is(change):
    shipped = flatten(ControllerSettings())
    changed = {**change.values, "variant": change.controller}
    build(ControllerSettings, changed)
    assert (change.name == SHIPPED) == all(shipped[key] == v for key, v in changed.items())


def test_parts_are_chosen_and_the_shipped_settings_always_come_first():
    assert chosen([]) == list(CHANGES)
    assert {row.part for row in chosen(["modes"])} == {"", "modes"}
    assert chosen(["modes"])[0].name == SHIPPED
    assert {"sampler", "modes", "iterations", "horizon", "temperature", "noise"} <= set(PARTS)


def test_rows_count_what_is_won_and_lost_against_the_shipped_settings():
    stuck = Outcome.STUCK
    shipped = [trial("a", 10.0), trial("b", 10.0), trial("c", 9.0, stuck)]
    other = [trial("a", 12.0), trial("b", 5.0, stuck), trial("c", 9.0)]
    first, second = rows({Change("", SHIPPED): shipped, Change("x", "y"): other})
    assert (first["won"], first["lost"], first["time_ratio"]) == (0, 0, 1.0)
    assert (second["won"], second["lost"], second["time_ratio"]) == (1, 1, 1.2)
    assert second["success_by_kind"] == {"a": 1.0, "b": 0.0, "c": 1.0}


def test_the_verb_writes_a_row_per_change(tmp_path, capsys):
    worlds, out = tmp_path / "worlds.json", tmp_path / "out"
    worlds.write_text(json.dumps(POST))
    command = ["ablation", "--worlds", str(worlds), "--parts", "iterations", "--out", str(out)]
    assert main(command) == 0
    with (out / "ablation.csv").open() as file:
        found = list(csv.DictReader(file))
    assert [row["changed"] for row in found] == [c.name for c in chosen(["iterations"])]
    assert {row["success_post"] for row in found} == {"1.0"}
    assert (out / "ablation.png").stat().st_size > 5_000
    assert capsys.readouterr().out.splitlines()[-1] in (out / "report.md").read_text()


def test_a_part_that_there_is_not_is_named_in_one_line(tmp_path, capsys):
    command = ["ablation", "--worlds", "trap", "--parts", "magic", "--out", str(tmp_path)]
    assert main(command) == 2
    said = capsys.readouterr().err
    assert "--parts magic: there is sampler" in said
    assert said.count("\n") == 1
