"""Simulator, planner, controller and monitor in one process: a short drive and two failures."""

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
  - [1.0, 0.4, 0.3]
"""


@pytest.fixture
def start(bench, tmp_path):
    """Return a function that starts a whole system and gives back its monitor."""

    def start(timeout, **monitor):
        file = tmp_path / "short.yaml"
        file.write_text(WORLD.format(timeout=timeout))
        bench.add(SimulatorNode, scenario=str(file))
        bench.add(PlannerNode, kind="dijkstra")
        bench.add(ControllerNode, mme__n_modes=4, guidance="cost_to_go")
        return bench.add(RunMonitorNode, scenario=str(file), **monitor)

    return start


def ended(bench, monitor):
    return bench.spin_until(lambda: monitor.exit_status is not None, 90.0)


def said(bench, log, line):
    return bench.spin_until(lambda: any(text.startswith(line) for _, text in log))


def test_a_run_down_the_planners_cost_to_go_reaches_its_goal_and_is_written_down(
    bench, start, tmp_path, log
):
    monitor = start(timeout=60.0, out_dir=str(tmp_path))
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
    assert said(bench, log, "result: short: success after")
    assert not [text for level, text in log if "following the plan" in text]


def test_a_run_by_nothing_but_scans_and_odometry_reaches_its_goal(bench, tmp_path, log):
    file = tmp_path / "short.yaml"
    file.write_text(WORLD.format(timeout=60.0))
    bench.add(
        SimulatorNode,
        scenario=str(file),
        publish_map=False,
        publish_obstacles=False,
        scan__beams=180,
    )
    bench.add(PlannerNode, kind="dijkstra", use_evidence=True)
    controller = bench.add(ControllerNode, mme__n_modes=4, scan_topics=["scan"], use_map=False)
    monitor = bench.add(RunMonitorNode, scenario=str(file))
    assert ended(bench, monitor)
    assert said(bench, log, "result: short: success after")
    assert controller.lidar.grid().occupied.any()


def test_a_run_that_takes_too_long_is_a_failure(bench, start, log):
    monitor = start(timeout=0.5)
    assert ended(bench, monitor)
    assert monitor.exit_status == 1
    assert said(bench, log, "result: short: timeout")


def test_a_system_that_does_not_get_ready_is_a_failure_that_says_what_is_missing(bench, log):
    monitor = bench.add(RunMonitorNode, startup_patience=1.0)
    assert ended(bench, monitor)
    assert monitor.exit_status == 1
    assert said(bench, log, "after 1 s still missing: the simulator's ground_truth, a controller")


def test_a_run_that_another_simulator_enters_ends_without_a_result(bench, start, log):
    monitor = start(timeout=60.0)
    assert bench.spin_until(lambda: monitor._judge is not None, 30.0)
    bench.add(SimulatorNode)
    assert ended(bench, monitor)
    assert monitor.exit_status == 1
    assert said(bench, log, "2 simulators in this ROS domain: no result; end the others")
    assert not [text for _, text in log if text.startswith("result: ")]
