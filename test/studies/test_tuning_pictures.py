"""The worlds of docs/tuning.md can be driven, their changes are parameters, pictures are drawn."""

import re

import pytest

from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.settings import build
from studies import tuning_pictures
from studies.__main__ import main
from studies.tuning_symptoms import SHIPPED, SYMPTOMS
from studies.tutorials import DOCS


@pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda symptom: symptom.name)
def test_a_symptom_has_a_world_and_changes_one_parameter_at_a_time(symptom):
    world = tuning_pictures.world(symptom)
    assert (world.path is not None) == (symptom.planner == "file")
    assert symptom.changes[0] == SHIPPED
    for name, value in symptom.changes[1:]:
        assert build(ControllerNodeSettings, {name: value}) != ControllerNodeSettings()


def test_the_page_shows_every_picture():
    text = (DOCS / "tuning.md").read_text(encoding="utf-8")
    shown = re.findall(r"images/tuning_(\w+)\.png", text)
    assert sorted(shown) == sorted(symptom.name for symptom in SYMPTOMS)


def test_a_picture_is_drawn_and_a_row_told_for_each_change(monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(tuning_pictures, "TIMEOUT", 0.5)
    assert main(["tuning_pictures", "--only", "swings", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "tuning_swings.png").stat().st_size > 10_000
    rows = capfd.readouterr().out
    assert "as shipped (mme.mode_switch_margin: 0.08) | timeout" in rows
    assert rows.count("| swings |") == 3
    assert main(["tuning_pictures", "--only", "never"]) == 2


@pytest.mark.slow
def test_a_smaller_margin_opens_the_gap():
    [gap] = [symptom for symptom in SYMPTOMS if symptom.name == "gap"]
    assert not tuning_pictures.driven(gap, SHIPPED).succeeded
    assert tuning_pictures.driven(gap, ("clearance_margin", 0.02)).succeeded
