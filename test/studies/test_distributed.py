"""Two processes under torchrun train what one does."""

import os
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.planning.weights import read_weights
from mme_ilqr_ros.training.loop import batch
from mme_ilqr_ros.training.task import TrainingError, TrainSettings
from studies.tasks.distributed import Processes

# The command in double precision, with one small test of the finished model.
SMALL = """
import sys
import torch
from mme_ilqr_ros.training.tasks import mazes as evaluate
from studies.__main__ import main

torch.set_default_dtype(torch.float64)
evaluate.TESTS = (("9 x 9", 9, 1.0, 5),)
sys.exit(main(sys.argv[1:]))
"""
OPTIONS = ["train", "navigation", "--maps", "160", "--size", "7", "--batch", "16", "--out"]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]


def train(folder, *launcher):
    script = folder.parent / "small.py"
    script.write_text(SMALL)
    # The script lies elsewhere, so this checkout has to be on the path.
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(
        [sys.executable, *launcher, str(script), *OPTIONS, str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=environment | {"PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("wrote ") == 1  # one of the two prints
    table = np.genfromtxt(folder / f"{folder.name}.csv", delimiter=",", names=True)
    return read_weights(folder / f"{folder.name}.safetensors").tensors, table


@pytest.mark.slow
def test_two_processes_train_what_one_does(tmp_path):
    """The same batches give the same losses and weights, but for the order of sums.

    In double precision, because the training amplifies the rounding of the first step; the weight
    files hold single precision.
    """
    one, one_table = train(tmp_path / "one")
    two, two_table = train(tmp_path / "two", *TORCHRUN)
    assert len(two_table) == len(one_table) == 160 // 16
    for column in ("loss", "gradient_norm"):
        np.testing.assert_allclose(two_table[column], one_table[column], rtol=1e-9)
    for name, tensor in one.items():
        np.testing.assert_allclose(two[name], tensor, rtol=2e-7, atol=1e-9, err_msg=name)


def test_the_parts_of_a_batch_make_it_up():
    whole = batch(100, TrainSettings(batch=12, seed=3), step=5)
    parts = [Processes(rank, 3).part(whole) for rank in range(3)]
    assert [len(part) for part in parts] == [4, 4, 4]
    assert torch.equal(torch.cat(parts), whole)
    with pytest.raises(TrainingError, match="--batch 12: must be a multiple of the 5 processes"):
        Processes(0, 5).part(whole)
