"""`solve` of the studies: the batch backend beside the compiled kernel."""

import dataclasses
import json

import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.benchmark.solve import compiled, time_cycles
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.settings import ControllerSettings
from studies.__main__ import main
from studies.solve_verb import batched


def test_both_backends_reach_the_same_cost():
    s = ControllerSettings()
    mme = dataclasses.replace(s.mme, n_modes=3, time_steps=12, n_iterations=4)
    settings = in_own_units(dataclasses.replace(s, mme=mme))
    ours, torchs = (
        time_cycles(settings, 16, 4, make) for make in (compiled(), batched("cpu", "float64"))
    )
    assert torchs.cost == pytest.approx(ours.cost, rel=1e-4)


def test_the_verb_says_what_it_ran_on(tmp_path, capsys):
    size = ["--modes", "2", "--horizon", "8", "--iterations", "2", "--repeat", "2"]
    assert main(["solve", *size, "--out", str(tmp_path)]) == 0
    settings = json.loads((tmp_path / "summary.json").read_text())["settings"]
    assert (settings["backend"], settings["device"]) == ("torch", "cpu")
    assert "| mme_ilqr | 2 | torch cpu float64 |" in capsys.readouterr().out


def test_a_gpu_that_is_not_there_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["solve", "--device", "cuda", "--out", str(tmp_path)]) == 2
    assert "finds no CUDA GPU" in capsys.readouterr().err
