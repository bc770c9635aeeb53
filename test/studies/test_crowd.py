"""People of navground answer the robot, its lidar sees them, and runs repeat."""

import json
from typing import ClassVar

import numpy as np
import pytest

pytest.importorskip("navground")

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.simulation.lidar import scan as our_scan
from studies.referee import crowd_run
from studies.referee.crowd_worlds import APART, CROWDS, ROOM, Crowd, Walker
from studies.referee.driver import DRIVERS, Driver
from studies.referee.run import End

EMPTY = GridMap.empty(1.0, 1.0, 1.0, Pose(0.0, 0.0, 0.0))


class Still(Driver):
    """Stands in the way; gives up after six seconds."""

    scans: ClassVar[list] = []

    def command(self, scan, state, goal):
        self.scans.append(scan)
        return None if scan.stamp > 6.0 else (0.0, 0.0)


class Ahead(Driver):
    """Drives on, whatever comes."""

    def command(self, scan, state, goal):
        return self.task.robot.vx_max, 0.0


@pytest.fixture(autouse=True)
def drivers(monkeypatch):
    monkeypatch.setitem(DRIVERS, "still", lambda: Still)
    monkeypatch.setitem(DRIVERS, "ahead", lambda: Ahead)
    Still.scans = []


def one_walker(*places, speed=1.0, goal=(6.0, 0.0), walls=()):
    return Crowd("one", Pose(0.0, 0.0, 0.0), goal, (Walker(places, speed),), walls)


@pytest.mark.parametrize("name", CROWDS)
def test_people_stand_apart_at_the_start_and_leave_the_robot_room(name):
    crowd, again, other = (CROWDS[name](np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert crowd == again
    assert crowd != other
    here = np.array([walker.places[0] for walker in crowd.walkers])
    assert len(here) >= 12
    away = np.hypot(*(here[:, None] - here).T)
    assert away[~np.eye(len(here), dtype=bool)].min() >= APART
    assert np.hypot(*(here - (crowd.start.x, crowd.start.y)).T).min() >= ROOM


def test_the_lidar_of_navground_sees_what_ours_does():
    walls = (((-3.0, 1.5), (5.0, 1.5)),)
    crowd = one_walker((3.0, 0.4), (9.0, 0.4), walls=walls)
    crowd_run.drive("still", crowd, "HL", 0)
    first = Still.scans[0]
    circles = np.array([[3.0, 0.4, crowd_run.BODY, 0.0, 0.0]])
    seen = our_scan(crowd.start, first.angles, circles, EMPTY, 10.0)
    on_person = np.isfinite(seen)
    assert on_person.sum() > 5
    np.testing.assert_allclose(first.ranges[on_person][1:-1], seen[on_person][1:-1], atol=0.01)
    left = int(np.argmin(np.abs(first.angles - 0.5 * np.pi)))
    assert first.ranges[left] == pytest.approx(1.5, abs=0.01)
    assert np.isinf(first.ranges[: len(first.ranges) // 3]).all()  # nothing to the right
    moved = [scan.ranges[on_person].min() for scan in Still.scans[:20]]
    assert moved[-1] > moved[0] + 1.0  # it walks away


def test_people_go_round_a_robot_that_stands():
    crowd = one_walker((4.0, 0.0), (-4.0, 0.0))
    run = crowd_run.drive("still", crowd, "HL", 0)
    assert run.end is End.GAVE_UP
    assert (run.own_contacts, run.other_contacts) == (0, 0)
    nearest = min(scan.ranges.min() for scan in Still.scans)
    assert nearest < 1.0  # it did come by


def test_a_contact_is_of_who_moves_into_whom():
    blind = one_walker((4.0, 0.0), (-4.0, 0.0))
    run = crowd_run.drive("still", blind, "Dummy", 0)  # people who see nobody
    assert (run.own_contacts, run.other_contacts) == (0, 1)
    stands = one_walker((2.0, 0.0), (2.0, 0.05), speed=0.01)
    run = crowd_run.drive("ahead", stands, "Dummy", 0)
    assert run.own_contacts >= 1
    assert run.other_contacts == 0
    wall = one_walker((2.0, 8.0), (9.0, 8.0), walls=(((2.0, -1.0), (2.0, 1.0)),))
    assert crowd_run.drive("ahead", wall, "HL", 0).own_contacts == 1


def test_an_agent_of_navground_drives_in_the_robots_place_and_runs_repeat(tmp_path, capsys):
    from studies.__main__ import main

    out = tmp_path / "out"
    given = ["--crowds", "crossing", "--drivers", "HL,straight", "--plots", "--out", str(out)]
    assert main(["crowd", *given]) == 0
    text = capsys.readouterr().out
    assert "| crossing | HL | 1 | 0 | reached |" in text
    rows = json.loads((out / "summary.json").read_text())["runs"]
    assert [row["driver"] for row in rows] == ["HL", "straight"]
    assert main(["crowd", *given]) == 0
    again = json.loads((out / "summary.json").read_text())["runs"]
    for row, other in zip(rows, again, strict=True):
        assert {**row, "cpu_ms": 0} == {**other, "cpu_ms": 0}
    assert main(["crowd", "--crowds", "moon", "--out", str(out)]) == 2
    assert "there is crossing, corridor, square" in capsys.readouterr().err
