"""A short run of the fuzz command; how long cycles take is for the command itself to say."""

import warnings

import numpy as np

from mme_ilqr_ros.control.settings import ControllerSettings
from studies.fuzz import Fuzz
from studies.fuzz_verb import summary
from studies.hostile import CIRCLES, COSTS_TO_GO, PATHS, WALLS, hostile


def test_hostile_inputs_neither_break_the_controller_nor_leave_a_trace():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = Fuzz(ControllerSettings(), seed=1).run(300)
    assert found.failures == []
    assert sum(found.outcomes.values()) == 300
    refused = found.outcomes["refused when made"]
    assert 50 < refused < 250  # it does test the controller too
    assert found.outcomes["driving"] > 30
    assert found.sane > 100
    assert "failures: 0" in summary(found)


def test_a_run_says_what_fails(monkeypatch):
    monkeypatch.setattr(
        "mme_ilqr_ros.control.situation.Situation.fault", lambda self, fastest: "always\nso"
    )
    found = Fuzz(ControllerSettings(), seed=1).run(5)
    assert any("does not drive" in line for line in found.failures)
    assert any("not one line" in line for line in found.failures)
    assert "failures: 0" not in summary(found)


def test_an_input_depends_on_its_seed_alone():
    for seed in range(40):
        names = {hostile(np.random.default_rng(seed), None)[0] for _ in range(2)}
        assert len(names) == 1


def test_there_are_many_kinds_of_hostility():
    assert sum(map(len, (CIRCLES, PATHS, WALLS, COSTS_TO_GO))) > 100
