import csv
import json

import pytest

from mme_ilqr_ros.benchmark.drive import Trial
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.reporting.judge import Outcome
from mme_ilqr_ros.reporting.result import RunResult
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.settings import build, flatten
from studies.__main__ import main
from studies.ablation.changes import CHANGES, PARTS, SHIPPED, Change, chosen
from studies.ablation.report import rows

POST = {"id": "post_1", "circles": [[1, 0.1, 0.2]], "start": [0, 0, 0], "goal": [2, 0.2]}
UNTIMED = ("part", "changed", "trials", "success", "mean_time_s", "switches")


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


def test_the_verb_writes_a_row_per_change_whatever_the_number_of_jobs(tmp_path, capsys):
    worlds = tmp_path / "worlds.json"
    worlds.write_text(json.dumps(POST))
    told = []
    for jobs in ("1", "2"):
        out = tmp_path / jobs
        command = ["ablation", "--worlds", str(worlds), "--parts", "iterations", "--jobs", jobs]
        assert main([*command, "--out", str(out)]) == 0
        with (out / "ablation.csv").open() as file:
            told.append([[row[key] for key in UNTIMED] for row in csv.DictReader(file)])
        assert (out / "ablation.png").stat().st_size > 5_000
    assert told[0] == told[1]
    assert [row[1] for row in told[0]] == [change.name for change in chosen(["iterations"])]
    assert capsys.readouterr().out.splitlines()[-1] in (out / "report.md").read_text()


def test_a_part_that_there_is_not_is_named_in_one_line(tmp_path, capsys):
    command = ["ablation", "--worlds", "trap", "--parts", "magic", "--out", str(tmp_path)]
    assert main(command) == 2
    said = capsys.readouterr().err
    assert "--parts magic: there is sampler" in said
    assert said.count("\n") == 1
