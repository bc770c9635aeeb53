import csv
import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from mme_ilqr_ros.benchmark.drive import drive
from mme_ilqr_ros.control.controller import ControlStatus
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.reporting.result import Outcome
from mme_ilqr_ros.simulation.scenario import scenario_of
from mme_ilqr_ros.simulation.world_file import Keys
from studies.__main__ import main
from studies.peers.registry import LEAVES_PATH, PEERS, PeerKind
from studies.peers.verb import PeerSetup

MOVING = [[9.0, 9.0, 1.0, 0.1, 0.0]]

ROBOT = {"v_max": 0.8, "w_max": 1.2, "a_max": 1.5, "aw_max": 3.0, "v_min": 0.0}
WORLD = {"id": "post_1", "start": [0, 0, 0], "goal": [2.5, 0.2], "circles": [[1.2, 0.05, 0.2]]}
OTHERS = [name for name in LEAVES_PATH if name not in ("mme_ilqr", "ilqr")]
SOLVERS = ["boxddp", "boxfddp", "fatrop", "ipopt"]


def skip_without(name):
    if lack := PEERS[name].missing():
        pytest.skip(lack)


def world(tmp_path, **changes):
    return scenario_of(Keys({**WORLD, "robot": ROBOT, **changes}, "file", "post_1"), tmp_path)


@pytest.fixture(params=OTHERS)
def peer(request):
    skip_without(request.param)
    return request.param


def test_every_peer_goes_round_a_post_within_its_limits_and_the_same_way_twice(peer, tmp_path):
    scenario, setup = world(tmp_path), PeerSetup(peer, "none", timeout=12.0)
    first, second = (drive(scenario, setup, seed=3) for _ in range(2))
    assert first.result.outcome is Outcome.SUCCESS, first.result.line()
    np.testing.assert_array_equal(first.record.states, second.record.states)
    time, vx, wz = first.record.commands.T
    assert vx.min() >= 0.0
    assert vx.max() <= 0.8
    assert np.abs(wz).max() <= 1.2
    assert np.abs(np.diff(vx) / np.diff(time)).max() <= 1.5 + 1e-6
    assert np.abs(np.diff(wz) / np.diff(time)).max() <= 3.0 + 1e-6


def test_every_peer_stops_where_it_is_boxed_in_and_follows_a_path(peer):
    settings = dataclasses.replace(ControllerSettings(), seed=1)
    controller = PEERS[peer].make(settings)
    controller.warm_up()
    ring = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
    fence = np.column_stack([0.5 * np.cos(ring), 0.5 * np.sin(ring), np.full((12, 3), 0.15)])
    fence[:, 3:] = 0.0
    fence = np.column_stack([fence, np.zeros(12)])[:, :5]
    moving, goal = RobotState(0.0, 0.0, 0.0, 0.3, 0.0), Pose(4.0, 0.0, 0.0)
    for n in range(5):
        result = controller.compute_command(Situation(moving, goal, 0.1 * n, circles=fence))
    assert result.vx < 0.1
    controller.reset()
    path = Path(np.array([[0.0, 0.0], [0.0, 4.0], [4.0, 4.0]]))
    for n in range(3):
        state = RobotState(0.0, 0.0, 0.0)
        left = controller.compute_command(
            Situation(state, goal, 0.1 * n, path=path, circles=fence[:0])
        )
    assert left.wz > 0.1
    there = RobotState(4.0, 0.0, 0.0)
    arrived = controller.compute_command(Situation(there, goal, 0.3, circles=fence[:0]))
    assert arrived.status is ControlStatus.GOAL_REACHED


@pytest.mark.parametrize("name", SOLVERS)
def test_solvers_agree_on_an_easy_problem(name, tmp_path):
    """Without obstacles everybody minimises the same cost, so the drives are alike."""
    skip_without(name)
    free = world(tmp_path, circles=[])
    setup = PeerSetup(name, "none", timeout=8.0)
    ours = drive(free, dataclasses.replace(setup, controller="ilqr"))
    theirs = drive(free, setup)
    n = min(len(ours.record.states), len(theirs.record.states))
    gap = ours.record.states[:n, 1:3] - theirs.record.states[:n, 1:3]
    assert np.hypot(*gap.T).max() < 0.1
    assert theirs.result.time == pytest.approx(ours.result.time, abs=0.15)


@pytest.fixture
def worlds(tmp_path):
    path = tmp_path / "worlds.json"
    path.write_text(json.dumps({"worlds": [{**WORLD, "id": f"w{n}"} for n in range(2)]}))
    return path


def test_the_report_has_a_block_per_peer_and_says_whom_it_skipped(
    worlds, tmp_path, capsys, monkeypatch
):
    absent = PeerKind("nobody", PEERS["dwa"].make, "no-such-peer", "no_such_peer")
    monkeypatch.setitem(PEERS, "nobody", absent)
    out = tmp_path / "out"
    command = ["peers", "--worlds", str(worlds), "--peers", "mme_ilqr,nobody,dwa"]
    assert main([*command, "--plots", "--limit", "1", "--trials", "2", "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "peer nobody is skipped: pip install no-such-peer" in said.err
    content = json.loads((out / "summary.json").read_text())
    assert list(content["peers"]) == ["mme_ilqr", "dwa"]
    for block in content["peers"].values():
        assert block["totals"]["trials"] == 2
        assert {"success", "collision", "stuck", "timeout", "solve_ms"} <= block["totals"].keys()
        assert block["against_ours"]["worlds"] == 2
    assert content["peers"]["mme_ilqr"]["against_ours"]["time_ratio"] == 1.0
    assert content["peers"]["dwa"]["on_common_set"]["worlds"] == 2
    assert content["peers"]["dwa"]["on_common_set"]["time_vs_best"] == 1.0
    assert content["peers"]["dwa"]["settings"]["horizon_s"] > 0.0
    assert content["settings"]["mme.time_steps"] == 50
    with (out / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["peer"] for row in rows] == ["mme_ilqr", "mme_ilqr", "dwa", "dwa"]
    assert (out / "dwa" / "w0_1.png").stat().st_size > 10_000
    told = (out / "report.md").read_text()
    assert "`dwa`: n_speeds" in told
    assert said.out.strip() in told


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--peers", "magic"], "--peers magic: there is mme_ilqr, ilqr"),
        (["--peers", "dwa", "--planner", "file"], "path: is missing"),
        (["--ids", "w9", "--peers", "dwa"], "no world 'w9'"),
    ],
)
def test_unusable_input_is_named_in_one_line(worlds, tmp_path, capsys, more, words):
    assert main(["peers", "--worlds", str(worlds), "--out", str(tmp_path / "out"), *more]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_no_peer_is_loaded_before_it_is_asked_for():
    code = "import sys, studies.peers.verb; print(*sys.modules)"
    run = [sys.executable, "-c", code]
    loaded = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    assert not {"crocoddyl", "pytorch_mppi", "torch"} & set(loaded)


def test_pure_pursuit_stops_before_what_its_path_did_not_know(tmp_path):
    blocked = world(tmp_path, goal=[3, 0], circles=[[1.5, 0, 0.3]], timeout=5)
    trial = drive(blocked, PeerSetup("pure_pursuit", "none"))
    assert trial.result.outcome is Outcome.TIMEOUT
    assert 0.0 < trial.result.min_clearance < 0.5


def test_pure_pursuit_follows_the_worlds_own_path(tmp_path):
    bend = world(tmp_path, goal=[2, 0], circles=[], path=[[0, 0], [1, 1], [2, 0]])
    trial = drive(bend, PeerSetup("pure_pursuit", "file"))
    assert trial.result.outcome is Outcome.SUCCESS
    assert trial.record.states[:, 2].max() > 0.5


def test_peers_take_a_polygon_for_one_disc_whose_corners_only_what_moves_would_find(tmp_path):
    robot = {"footprint": [[0.5, 0.2], [-0.5, 0.2], [-0.5, -0.2], [0.5, -0.2]]}
    still, moving = world(tmp_path, robot=robot), world(tmp_path, robot=robot, circles=MOVING)
    radii = []
    for scenario in (still, moving):
        setup = PeerSetup("mme_ilqr", "none")
        for settings in (setup.controller_settings(scenario, 0), setup.planner_settings(scenario)):
            assert settings.footprint == ""
            radii.append(settings.robot_radius)
    inner, outer = still.robot.inscribed_radius, still.robot.radius
    assert radii == pytest.approx([0.5 * (inner + outer)] * 2 + [outer] * 2)
