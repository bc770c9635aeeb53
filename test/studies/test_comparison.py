import pytest

from mme_ilqr_ros.benchmark.drive import Trial
from mme_ilqr_ros.reporting.result import Outcome, RunResult
from mme_ilqr_ros.reporting.run_record import RunRecord
from studies.comparison import common_set, on_common_set


def trial(world, time, length, outcome=Outcome.SUCCESS):
    result = RunResult(world, outcome, time, length, 0.1, 10, (), ())
    return Trial("", result, RunRecord(), None, 0)


RUNS = {
    "ours": [trial("a", 10.0, 9.0), trial("b", 12.0, 11.0), trial("c", 5.0, 4.0)],
    "swift": [trial("a", 8.0, 9.9), trial("b", 12.0, 12.1), trial("c", 1.0, 1.0, Outcome.STUCK)],
    "short": [trial("a", 20.0, 8.0), trial("b", 20.0, 10.0), trial("c", 5.0, 4.0)],
}


def test_only_what_all_solved_is_compared_with_the_best_rival_in_each_figure():
    assert common_set(RUNS) == [("a", 0), ("b", 0)]
    found = on_common_set(RUNS, ("swift", "short"))
    assert found["ours"] == {
        "worlds": 2,
        "mean_time_s": 11.0,
        "mean_length_m": 10.0,
        "time_vs_best": pytest.approx(1.1),
        "length_vs_best": pytest.approx(10.0 / 9.0, abs=1e-3),
    }
    assert found["swift"]["time_vs_best"] == found["short"]["length_vs_best"] == 1.0


def test_without_rivals_everybody_is_one_and_nothing_in_common_compares_nothing():
    assert on_common_set({"ours": RUNS["ours"]}, ())["ours"]["time_vs_best"] == 1.0
    lost = [trial("a", 1.0, 1.0, Outcome.COLLISION)]
    found = on_common_set({**RUNS, "lost": lost}, ("swift",))
    assert found["ours"]["worlds"] == 0
    assert found["ours"]["mean_time_s"] is found["ours"]["time_vs_best"] is None
