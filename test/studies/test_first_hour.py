"""The way of somebody new: its steps exist, and a step that leaves nothing is said."""

import re
from pathlib import Path

import pytest

from studies import first_hour
from studies.__main__ import main
from studies.first_hour import STEPS, Step

ROOT = Path(__file__).resolve().parents[2]


def test_every_step_is_a_target_of_make_or_a_page_that_exists():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    for name, step in STEPS.items():
        word, *rest = step.what.split()
        known = rest[0] in targets if word == "make" else (ROOT / word).is_file()
        assert known or name == "clone"


def test_steps_are_timed_and_written_as_a_table(tmp_path, monkeypatch, capsys):
    made = Step("make sim", lambda folder: (folder / "run.png").touch(), "run.png")
    monkeypatch.setattr(first_hour, "STEPS", {"picture": made})
    assert main(["first_hour", "--folder", str(tmp_path)]) == 0
    assert re.search(r"\| picture \| `make sim` \| \d+\.\d \| run.png \|", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("step", "only", "line"),
    [
        (Step("make sim", lambda folder: None, "run.png"), "", "make sim left no run.png"),
        (Step("make sim", lambda folder: None), "dance", "--only dance: is none of picture"),
    ],
)
def test_what_went_wrong_is_one_line(step, only, line, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(first_hour, "STEPS", {"picture": step})
    assert main(["first_hour", "--folder", str(tmp_path), "--only", only]) == 2
    assert capsys.readouterr().err.strip().endswith(line)
