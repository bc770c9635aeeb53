"""Simulator, planner, controller and monitor in one process: a short drive, and two that fail."""

import json

import pytest

pytest.importorskip("rclpy")

from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.planner_node import PlannerNode
from mme_ilqr_ros.nodes.run_monitor_node import RunMonitorNode
from mme_ilqr_ros.nodes.simulator_node import SimulatorNode

WORLD = """\
name: short
start: [0.0, 0.0, 0.0]
goal: [2.0, 0.0]
goal_tolerance: 0.3
timeout: {timeout}
circles:
  - [1.0, {beside}, 0.3]
"""


@pytest.fixture
def start(bench, tmp_path):
    """Return a function that starts a whole system and gives back its monitor."""

    def start(timeout=20.0, beside=0.15, guidance="path", **monitor):
        file = tmp_path / "short.yaml"
        file.write_text(WORLD.format(timeout=timeout, beside=beside))
        bench.add(SimulatorNode, scenario=str(file))
        bench.add(PlannerNode, kind="dijkstra")
        bench.add(ControllerNode, mme__n_modes=4, guidance=guidance)
        return bench.add(RunMonitorNode, scenario=str(file), out_dir=str(tmp_path), **monitor)

    return start


def ended(bench, monitor):
    return bench.spin_until(lambda: monitor.exit_status is not None, 30.0)


def test_a_run_that_reaches_its_goal_is_a_success_and_is_written_down(bench, start, tmp_path, log):
    monitor = start()
    assert ended(bench, monitor)
    assert monitor.exit_status == 0
    row = json.loads((tmp_path / "result.json").read_text())
    assert row["outcome"] == "success"
    assert 1.7 < row["path_length_m"] < 3.0
    assert 0.0 < row["min_clearance_m"] < 0.5
    assert row["control_cycles"] > 10
    assert row["solve_ms"]["median"] > 0.0
    assert row["plan_ms"]["median"] > 0.0
    assert (tmp_path / "run.png").stat().st_size > 10_000
    assert (tmp_path / "run.gif").stat().st_size > 10_000
    bench.spin_until(lambda: any("result: short: success" in text for _, text in log), 2.0)
    assert any(text.startswith("result: short: success after") for _, text in log)


def test_a_run_down_the_planners_cost_to_go_is_a_success(bench, start, log):
    monitor = start(guidance="cost_to_go")
    assert ended(bench, monitor)
    assert monitor.exit_status == 0
    assert not [text for level, text in log if "following the plan" in text]


def test_a_run_that_takes_too_long_is_a_failure(bench, start, tmp_path):
    monitor = start(timeout=0.5)
    assert ended(bench, monitor)
    assert monitor.exit_status == 1
    assert json.loads((tmp_path / "result.json").read_text())["outcome"] == "timeout"


def test_a_system_that_does_not_get_ready_is_a_failure_that_says_what_is_missing(bench, log):
    monitor = bench.add(RunMonitorNode, startup_patience=1.0)
    assert ended(bench, monitor)
    assert monitor.exit_status == 1
    bench.spin_until(lambda: log, 2.0)
    assert "still missing: the simulator's ground_truth, a controller" in log[0][1]
