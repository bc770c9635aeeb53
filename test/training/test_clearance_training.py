"""Learning the cost of little clearance from paths alone, small."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.__main__ import main
from mme_ilqr_ros.learning.encoders import ClearanceEncoder
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings
from mme_ilqr_ros.planning.weights import read_weights
from mme_ilqr_ros.training.tasks import clearance, hidden_cost


@pytest.mark.usefixtures("one_thread", "no_learning_curves")
def test_the_command_learns_the_formula_and_the_planner_takes_the_weights(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(hidden_cost, "SIZES", ((20, 2),))
    monkeypatch.setattr(hidden_cost, "VALIDATION_MAPS", 10)
    out = tmp_path / "mine"
    few = ["--maps", "40", "--size", "32", "--epochs", "40", "--validations", "1"]
    assert main(["train", "clearance", *few, "--out", str(out)]) == 0
    assert "regret median %" in capsys.readouterr().out
    GlobalPlanner(PlannerSettings(weights=str(out / "mine.safetensors")))
    assert "256 shifted" in (out / "mine.md").read_text()

    learned = ClearanceEncoder(torch.Generator())
    tensors = read_weights(out / "mine.safetensors").tensors
    learned.load_state_dict({name: torch.from_numpy(t) for name, t in tensors.items()})
    at = torch.linspace(0.0, 3.0, 31)
    found = learned(torch.zeros(1, 1, 31), at[None, None, None]).exp()[0, 0].detach().numpy()
    np.testing.assert_allclose(found, clearance.hidden_cost(at.numpy()), rtol=0.15)
