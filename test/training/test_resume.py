"""A training that is killed goes on where it was: the same weights, bit by bit."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("torch")

from mme_ilqr_ros.__main__ import main
from mme_ilqr_ros.training.recorder import load_checkpoint, save_checkpoint, write_whole
from mme_ilqr_ros.training.task import TrainingError

pytestmark = pytest.mark.usefixtures("one_thread", "no_learning_curves")
OPTIONS = ["navigation", "--maps", "160", "--size", "9", "--batch", "16", "--epochs", "3"]
N_STEPS = 3 * 160 // 16


@pytest.fixture(autouse=True)
def _few_tests(monkeypatch):
    monkeypatch.setattr("mme_ilqr_ros.training.tasks.mazes.TESTS", (("9 x 9", 9, 1.0, 5),))


def run(out, *more):
    return main(["train", *OPTIONS, "--out", str(out), *more])


def kill_after(out, step, *more):
    """Train in a process of its own; kill it without warning when that many steps are saved."""
    command = [sys.executable, "-m", "mme_ilqr_ros", "train", *OPTIONS, "--save-every", "0"]
    process = subprocess.Popen(
        [*command, "--out", str(out), *more], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while saved_steps(out) < step:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    return saved_steps(out)


def saved_steps(out):
    state = load_checkpoint(out / "w.checkpoint", None)  # never torn, whenever it is read
    return 0 if state is None else state["progress"]["step"]


def test_killed_and_resumed_equals_never_interrupted(tmp_path, capsys):
    whole, broken = tmp_path / "whole" / "w", tmp_path / "broken" / "w"
    assert 5 <= kill_after(broken, 5) < N_STEPS
    assert run(broken) == 2  # nobody loses a training by forgetting --resume
    assert "add --resume" in capsys.readouterr().err
    assert run(broken, "--resume") == 0
    assert run(whole) == 0
    told = capsys.readouterr().err
    assert told.count("testing the weights of step ") == 2  # no silence behind a full bar
    assert f"[{N_STEPS}/{N_STEPS}] loss " in told
    assert "\r" not in told
    for name in ("w.safetensors", "w.csv"):
        assert (broken / name).read_bytes() == (whole / name).read_bytes()


def test_killed_before_the_first_checkpoint_or_after_the_last(tmp_path):
    """--resume is right both times: it begins, or it writes the results."""
    out = tmp_path / "w"
    assert run(out, "--resume") == 0
    weights = (out / "w.safetensors").read_bytes()
    (out / "w.safetensors").unlink()
    assert run(out, "--resume") == 0
    assert (out / "w.safetensors").read_bytes() == weights


def test_a_file_is_the_old_one_or_the_new_one(tmp_path):
    path = tmp_path / "f.txt"
    write_whole(path, lambda new: new.write_text("old") and None)

    def torn(new):
        new.write_text("ne")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, torn)
    assert path.read_text() == "old"


def test_what_cannot_be_resumed_is_named(tmp_path):
    path = tmp_path / "w.checkpoint"
    assert load_checkpoint(path, {}) is None
    save_checkpoint(path, {"batch": "32"}, {"x": 1})
    assert load_checkpoint(path, {"batch": "32"}) == {"x": 1}
    with pytest.raises(TrainingError, match="was made with batch = 32, now it is 16"):
        load_checkpoint(path, {"batch": "16"})
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(TrainingError, match="not a checkpoint"):
        load_checkpoint(path, {})
