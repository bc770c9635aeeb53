import json

import pytest

from mme_ilqr_ros.control.result import ControlStatus
from mme_ilqr_ros.reporting.result import DRIVING, Outcome, RunResult, speed_near
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
    "speed_near",
    "turn_change_rad_s2",
    "shortest_m",
    "said",
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
    assert result.line() == "empty: stuck after 0.0 s, 0.00 m driven, stood or circled at the end"


def test_the_line_says_the_main_figures(record):
    line = RunResult.of(record, "trap", Outcome.SUCCESS).line()
    assert line.startswith("trap: success after ")
    assert "\n" not in line
    for part in (" s, ", " m driven", "clearance ", "solve ", "1 plan switch"):
        assert part in line


def run_beside(clearances_and_speeds):
    record = RunRecord()
    for n, (clearance, speed) in enumerate(clearances_and_speeds):
        record.add_state(0.1 * n, 0.1 * n, 0.0, 0.0, speed, 0.0)
        record.add_clearance(clearance)
    return record


def test_speed_near_things_is_the_median_between_five_and_ten_centimetres():
    record = run_beside(
        [(0.5, 2.0), (0.06, 1.0), (0.07, -0.4), (0.09, 0.2), (0.04, 2.0), (0.08, 0.0)]
    )
    result = RunResult.of(record, "w", Outcome.SUCCESS, top_speed=2.0)
    assert result.speed_near == result.row()["speed_near"] == 0.2
    fast = RunResult.of(run_beside([(0.05, 2.0)] * 4), "v", Outcome.SUCCESS, top_speed=2.0)
    assert speed_near([result, fast]) == 1.0  # of all moments, not of the two medians
    far = RunResult.of(run_beside([(0.2, 2.0)]), "v", Outcome.SUCCESS, top_speed=2.0)
    assert far.speed_near is None
    assert RunResult.of(record, "w", Outcome.SUCCESS).speed_near is None  # top speed not known


def said(*statuses, outcome=Outcome.STUCK, duration=30.0):
    record = RunRecord()
    for time in (0.0, duration):
        record.add_state(time, 0.0, 0.0, 0.0, 0.0, 0.0)
    for time, message in statuses:
        record.add_status(time, message)
    return RunResult.of(record, "w", outcome)


def test_a_run_is_silent_that_says_driving_in_its_last_ten_seconds_and_does_not_arrive():
    assert ControlStatus.DRIVING.value.startswith(DRIVING)
    assert said((0.0, "driving")).said_driving
    assert said((0.0, "driving"), (20.5, "stuck: blocked")).said_driving
    assert said((0.0, "driving"), (5.0, "stuck"), (24.0, "driving"), (25.0, "stuck")).said_driving
    honest = said((0.0, "driving"), (15.0, "stuck: blocked"))
    assert not honest.said_driving
    assert honest.row()["said"] == "stuck: blocked"
    assert not said((0.0, "driving"), outcome=Outcome.SUCCESS).said_driving
    assert not said((0.0, "driving"), outcome=Outcome.COLLISION).said_driving
    assert said().row()["said"] is None
