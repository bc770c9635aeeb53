"""The study of time learned by hour: its ends, and that it gains with runs."""

import pytest

from studies.own_drives import hours


def test_no_runs_are_the_shipped_plan_and_runs_gain(monkeypatch):
    monkeypatch.setattr(hours, "COUNTS", (0, 60))
    monkeypatch.setattr(hours, "N_QUERIES", 4)
    row = hours.measure(1)
    none, some = row["learned"]["0"], row["learned"]["60"]
    for name in ("one bit", "all day", "by hour", "own, by hour"):
        assert none[name] == pytest.approx(row["shipped"])
        assert some[name] >= row["oracle"]
    assert some["by hour"] < row["shipped"]
    assert min(line["over"] for line in hours.summary([row])) == 0.0
