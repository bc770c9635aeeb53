"""Collisions that were avoidable and one that was not, and a search that agrees with the plant."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest

from mme_ilqr_ros.benchmark.drive import Trial
from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.reporting.result import Outcome, RunResult
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.simulation.robot import RobotSpec
from mme_ilqr_ros.simulation.scenario import scenario_of
from mme_ilqr_ros.simulation.simulator import Simulator
from mme_ilqr_ros.simulation.world_file import Keys
from studies.__main__ import main
from studies.avoidable import driven, examined, manoeuvres, search, survivors

JACKAL = {"footprint": RobotSpec.jackal().footprint, "v_min": -0.5, "v_max": 2.0}
COMES = [{"radius": 0.3, "keyframes": [[0, 6, 0], [20, -14, 0]]}]  # at 1 m/s along the way
TUBE = [
    *({"center": [3, side * 0.45], "size": [8, 0.2]} for side in (1, -1)),
    {"center": [-1.1, 0], "size": [0.2, 1.1]},
]


def world(**changes):
    keys = {"id": "w", "start": [0, 0, 0], "goal": [8, 0], "obstacles": COMES, "robot": {}}
    return scenario_of(Keys(keys | changes, "file", "w"), Path())


def simulator_of(scenario):
    settings = Setup(planner="none").simulator_settings(scenario)
    return Simulator(scenario, settings, np.random.default_rng(0))


def straight_on(scenario, speed):
    """Return the trial of a robot that drives straight on, whatever comes."""
    simulator, record = simulator_of(scenario), RunRecord()
    while not simulator.collided:
        record.add_command(simulator.time, speed, 0.0)
        simulator.command(speed, 0.0)
        for _ in range(5):
            simulator.step(0.02)
            state = simulator.state
            record.add_state(simulator.time, *state.as_array())
    return Trial("", RunResult.of(record, "w", Outcome.COLLISION), record, None, 0)


def test_a_disc_in_the_open_is_avoidable_half_a_second_or_a_second_before():
    scenario = world()
    trial = straight_on(scenario, 1.0)
    finding = examined(scenario, Setup(planner="none"), trial, 500, np.random.default_rng(1))
    assert finding.time == pytest.approx((6.0 - 0.5) / 2.0, abs=0.3)
    assert finding.disc_speed == 1.0
    assert finding.avoidable[2.0] is not None
    assert max(finding.avoidable) == 2.5  # before that it had not begun
    assert float(finding.row["avoided_from"].split()[0]) <= 1.5
    json.dumps(finding.row, allow_nan=False)


def test_in_a_closed_tube_nothing_helps():
    scenario = world(robot={"v_min": 0.0}, walls=TUBE)
    trial = straight_on(scenario, 0.3)
    finding = examined(scenario, Setup(planner="none"), trial, 500, np.random.default_rng(1))
    assert set(finding.avoidable.values()) == {None}
    assert finding.row["avoided_from"] == "nowhere"
    assert finding.row["unavoidable_from"] == "4.0 s before"


def test_a_collision_with_what_stands_is_not_examined():
    scenario = world(obstacles=[], circles=[[2, 0, 0.3]])
    trial = straight_on(scenario, 1.0)
    assert examined(scenario, Setup(), trial, 10, np.random.default_rng(1)) is None


@pytest.mark.parametrize("robot", [{}, JACKAL], ids=["disc", "footprint"])
def test_the_search_agrees_with_the_simulator(robot):
    """It may let a manoeuvre pass that grazes, as it looks every 2 cm; it loses none."""
    simulator = simulator_of(world(robot=robot, start=[2.0, 0.2, 0.3]))
    simulator.command(0.8, 0.2)
    simulator.step(0.4)
    blocks = manoeuvres(simulator, 8, 100, np.random.default_rng(2))
    found = survivors(copy.deepcopy(simulator), blocks, 4.0)
    true = np.array([driven(copy.deepcopy(simulator), block, 4.0) for block in blocks])
    assert 10 < true.sum() < 95
    assert np.sum(found != true) <= 2


def test_what_the_search_returns_was_driven_and_stands_in_no_wall():
    walls = [{"center": [3, side * 0.9], "size": [8, 0.2]} for side in (1, -1)]
    simulator = simulator_of(world(walls=walls, start=[0, -0.3, 0], robot={"radius": 0.1}))
    found = search(simulator, 6.0, 2000, np.random.default_rng(3))
    assert found is not None
    assert driven(copy.deepcopy(simulator), np.array(found), 6.0)
    assert not driven(copy.deepcopy(simulator), np.tile([1.0, 1.5], (12, 1)), 6.0)


def test_the_verb_says_when_there_was_nothing_to_examine(tmp_path, capsys):
    file = tmp_path / "w.json"
    file.write_text(json.dumps({"id": "open", "start": [0, 0, 0], "goal": [1, 0]}))
    assert main(["avoidable", "--worlds", str(file), "--out", str(tmp_path / "out")]) == 0
    assert "1 runs, 0 collisions with what moves" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["collisions"] == []
