"""The referees' own part: who drives, whose a contact is, and the table."""

import numpy as np
import pytest

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.perception.scan import Scan
from mme_ilqr_ros.simulation.robot import RobotSpec
from studies.referee.baselines import Straight, hits
from studies.referee.contacts import AGAIN, Contacts
from studies.referee.driver import DRIVERS, Driver, Task, driver_of
from studies.referee.run import End, Run, report, totals

TASK = Task(RobotSpec(), Pose(0.0, 0.0, 0.0), ((5.0, 0.0),), 0.3, 0.3, 0.1, 10.0)
MINE = """
from studies.referee.driver import Driver

class Mine(Driver):
    def command(self, scan, state, goal):
        return 0.5, 0.0

class NoDriver:
    pass
"""


def finished(end, seed=0, steps=40, **changes):
    track = np.stack([np.linspace(0.0, 4.0, steps + 1), *np.zeros((2, steps + 1))], axis=-1)
    given = {
        **{"world": "hall", "worlds": "halls", "driver": "mine", "speed": 1.0, "seed": seed},
        **{"end": end, "message": "driving", "period": 0.1, "cpu": (0.002,) * steps},
        **{"track": track, "footprint": np.zeros((3, 2)), "way_points": ((4.0, 0.0),)},
    }
    return Run(**{**given, **changes})


def test_a_driver_of_ones_own_is_loaded_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "my_drivers.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    driver = driver_of("my_drivers:Mine")(TASK, 7)
    assert isinstance(driver, Driver)
    assert driver.seed == 7
    assert driver.task is TASK
    for wrong, reason in (
        ("my_drivers:NoDriver", "derived from Driver"),
        ("my_drivers:Missing", "has no Missing"),
        ("no_such_module:Mine", "cannot import"),
        ("nobody", "there is mme_ilqr, straight"),
    ):
        with pytest.raises(InputError, match=reason) as caught:
            driver_of(wrong)
        assert "\n" not in str(caught.value)


def test_every_driver_by_name_is_a_driver_or_says_what_to_install(monkeypatch):
    for name, kind in DRIVERS.items():
        assert issubclass(kind(), Driver)
        monkeypatch.setattr(kind(), "missing", classmethod(lambda cls: ""))
        assert driver_of(name) is kind()
    monkeypatch.setattr(Straight, "missing", classmethod(lambda cls: "pip install legs"))
    with pytest.raises(InputError, match="--drivers straight: pip install legs"):
        driver_of("straight")


def test_hits_are_where_the_rays_ended():
    ranges = np.array([2.0, 10.0, np.inf, np.nan, 1.0])
    scan = Scan(ranges, -np.pi / 2, np.pi / 4, 0.1, 10.0, 0.0, mount=Pose(0.5, 0.0, 0.0))
    points = hits(scan, Pose(1.0, 1.0, np.pi / 2))
    np.testing.assert_allclose(points, [[3.0, 1.5], [0.0, 1.5]], atol=1e-12)


def test_the_straight_driver_turns_drives_and_stops_before_what_is_in_the_way():
    driver = Straight(TASK, 0)
    free = Scan(np.full(91, np.inf), -np.pi / 4, np.pi / 180, 0.0, 10.0, 0.0)
    at_start = RobotState(0.0, 0.0, 0.0)
    vx, wz = driver.command(free, at_start, (5.0, 0.0))
    assert vx == 1.0
    assert wz == 0.0
    vx, wz = driver.command(free, at_start, (0.0, 5.0))
    assert vx == 0.0
    assert wz == 1.5
    near = Scan(np.full(91, 0.3), -np.pi / 4, np.pi / 180, 0.0, 10.0, 0.0)
    assert driver.command(near, at_start, (5.0, 0.0))[0] == 0.0
    assert "obstacle" in driver.message


def test_a_contact_is_of_whoever_came_nearer_the_faster():
    contacts, way, still = Contacts(), (1.0, 0.0), (0.0, 0.0)
    contacts.add(0.0, 1, way, (1.0, 0.0), (-0.5, 0.0))
    assert (contacts.own, contacts.others) == (1, 0)
    contacts.add(0.1, 2, way, (0.5, 0.0), (-1.0, 0.0))
    contacts.add(0.2, 3, way, still, still)  # what stands moves into nobody
    contacts.add(0.3, 4, way, (-1.0, 0.0), (-1.5, 0.0))  # a robot that flees is run into
    assert (contacts.own, contacts.others) == (2, 2)


def test_a_touch_that_goes_on_is_one_contact():
    contacts = Contacts()
    for n in range(30):
        contacts.add(0.1 * n, 1, (1.0, 0.0), (1.0, 0.0), (0.0, 0.0))
    assert contacts.own == 1
    contacts.add(2.9 + 1.1 * AGAIN, 1, (1.0, 0.0), (1.0, 0.0), (0.0, 0.0))
    assert contacts.own == 2


def test_totals_count_steps_of_what_arrived_and_contacts_of_all():
    runs = [
        finished(End.REACHED),
        finished(End.REACHED, 1, steps=60),
        finished(End.COLLISION, 2, steps=5, own_contacts=1),
        finished(End.TIMEOUT, 3, steps=900, worlds="squares", other_contacts=2),
    ]
    halls, squares = totals(runs)
    assert halls["runs"] == 3
    assert halls["reached"] == pytest.approx(2 / 3)
    assert halls["steps"] == 50
    assert halls["time"] == pytest.approx(5.0)
    assert (halls["own_contacts"], halls["other_contacts"]) == (1, 0)
    assert squares["steps"] is None
    assert runs[0].length == pytest.approx(4.0)
    text = report(runs)
    assert (
        "| hall | mine | 1 | 2 | collision | 5 | 0.5 | 4.0 | 1 | 0 | 2.0 | 2.0 | driving |" in text
    )
    assert "| squares | mine | 1 | 1 | 0.0 % | 0 | 2 | - | - | 2.0 | 2.0 |" in text
    assert len({run.picture_name for run in runs}) == len(runs)


def test_the_picture_of_a_run_is_written(tmp_path):
    from studies.referee.pictures import draw

    box = np.array([[1.0, 1.0], [2.0, 1.0], [2.0, 2.0], [1.0, 2.0]])
    corners = np.array([[0.2, 0.1], [-0.2, 0.1], [-0.2, -0.1], [0.2, -0.1]])
    file = tmp_path / "run.png"
    draw(finished(End.REACHED, footprint=corners, shapes=(box,)), file)
    assert file.stat().st_size > 5000
