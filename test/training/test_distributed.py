"""Two processes under torchrun train what one does."""

import os
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.planning.weights import load_weights
from mme_ilqr_ros.training.__main__ import main
from mme_ilqr_ros.training.distributed import World, join
from mme_ilqr_ros.training.loop import batch
from mme_ilqr_ros.training.settings import TrainSettings
from mme_ilqr_ros.training.task import TrainingError
from mme_ilqr_ros.training.tasks import held_out

# The command in double precision, with few tests of the finished model.
SMALL = """
import sys
import torch
from mme_ilqr_ros.training.__main__ import main
from mme_ilqr_ros.training.tasks import held_out

torch.set_default_dtype(torch.float64)
held_out.TESTS = (("9 x 9", 9, 1.0, 5),)
sys.exit(main(sys.argv[1:]))
"""
OPTIONS = ["navigation", "--maps", "480", "--size", "9", "--batch", "16", "--out"]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]


def train_alone(out, monkeypatch):
    monkeypatch.setattr(held_out, "TESTS", (("9 x 9", 9, 1.0, 5),))
    torch.set_default_dtype(torch.float64)
    try:
        assert main([*OPTIONS, str(out)]) == 0
    finally:
        torch.set_default_dtype(torch.float32)


def train_together(out, folder):
    script = folder / "small.py"
    script.write_text(SMALL)
    command = [sys.executable, *TORCHRUN, str(script), *OPTIONS, str(out)]
    # The script lies elsewhere, so this checkout has to be on the path.
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    environment["PYTHONPATH"] = path
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("wrote ") == 1  # one of the two speaks


def results(out):
    table = np.genfromtxt(out / f"{out.name}.csv", delimiter=",", names=True)
    return load_weights(out / f"{out.name}.safetensors"), table


def test_two_processes_train_what_one_does(tmp_path, monkeypatch):
    """The same batches give the same losses and weights, but for the order of sums.

    In double precision, because the training multiplies the rounding of the first step by some
    thousands in thirty steps; the weight files hold single precision.
    """
    train_alone(tmp_path / "one", monkeypatch)
    train_together(tmp_path / "two", tmp_path)
    one, one_table = results(tmp_path / "one")
    two, two_table = results(tmp_path / "two")
    assert len(two_table) == len(one_table) == 480 // 16
    for column in ("loss", "gradient_norm"):
        np.testing.assert_allclose(two_table[column], one_table[column], rtol=1e-9)
    for name, tensor in one.items():
        np.testing.assert_allclose(two[name], tensor, rtol=2e-7, atol=1e-9, err_msg=name)


def test_the_parts_of_a_batch_make_it_up():
    whole = batch(100, TrainSettings(batch=12, seed=3), step=5)
    parts = [World(rank, 3).part(whole) for rank in range(3)]
    assert [len(part) for part in parts] == [4, 4, 4]
    assert torch.equal(torch.cat(parts), whole)
    with pytest.raises(TrainingError, match="--batch 12: must be a multiple of the 5 processes"):
        World(0, 5).part(whole)


def test_every_epoch_shows_every_sample_once_in_an_order_of_its_own():
    settings = TrainSettings(batch=10, seed=1)
    epochs = [torch.cat([batch(40, settings, 4 * e + k) for k in range(4)]) for e in range(2)]
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(40))
    assert not torch.equal(*epochs)


def test_a_missing_gpu_is_said():
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(TrainingError, match="no GPU"), join("cuda"):
        pass
