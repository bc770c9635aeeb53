import json

import pytest

from mme_ilqr_ros.reporting.result import Outcome, RunResult
from mme_ilqr_ros.reporting.run_record import RunRecord

# The keys of a run row as `drive` writes it, in order.
KEYS = [
    "world",
    "trial",
    "seed",
    "outcome",
    "time_s",
    "path_length_m",
    "min_clearance_m",
    "score",
    "control_cycles",
    "solve_ms",
    "plan_ms",
    "deadline_misses",
    "mode_switches",
    "way_changes",
    "flips",
]


def test_the_row_has_the_keys_of_the_drive_summary(record):
    row = RunResult.of(record, "trap", Outcome.SUCCESS, seed=7).row()
    assert list(row) == KEYS
    assert list(row["solve_ms"]) == ["median", "p95", "max"]
    assert list(row["plan_ms"]) == ["median", "max"]
    assert (row["world"], row["outcome"], row["seed"], row["score"]) == ("trap", "success", 7, None)
    assert row["control_cycles"] == len(record.commands)
    assert row["mode_switches"] == 1


def test_times_are_given_in_milliseconds():
    record = RunRecord()
    for seconds in range(1, 102):
        record.add_solve_time(1e-3 * seconds)
    result = RunResult.of(record, "w", Outcome.TIMEOUT)
    assert result.solve_ms == pytest.approx({"median": 51.0, "p95": 96.0, "max": 101.0})


def test_what_was_never_measured_is_null_in_json_and_absent_in_the_line():
    result = RunResult.of(RunRecord(), "empty", Outcome.STUCK)
    row = json.loads(result.to_json())
    assert row["min_clearance_m"] is None
    assert row["solve_ms"] == {"median": None, "p95": None, "max": None}
    assert result.line() == "empty: stuck after 0.0 s, 0.00 m driven"


def test_the_line_says_the_main_figures(record):
    line = RunResult.of(record, "trap", Outcome.SUCCESS).line()
    assert line.startswith("trap: success after ")
    assert "\n" not in line
    for part in (" s, ", " m driven", "clearance ", "solve ", "1 mode switch"):
        assert part in line
