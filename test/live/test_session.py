"""The live view without web: commands in, messages out."""

import json
import math
import re
from importlib.resources import files

import numpy as np
import pytest

from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.live.commands import parse
from mme_ilqr_ros.live.session import Session
from mme_ilqr_ros.live.sliders import SLIDERS, setting_of
from mme_ilqr_ros.parameters.files import read_parameters
from mme_ilqr_ros.reporting import world_axes
from mme_ilqr_ros.simulation.scenario import load_scenario


@pytest.fixture(scope="module")
def session():
    """Plain iLQR in the trap; each test leaves it at the start."""
    return Session(load_scenario("trap"), Setup(controller="ilqr"), paused=True, clock=lambda: 0.0)


@pytest.fixture
def at_start(session):
    yield session
    if session.run.setup.controller != "ilqr":
        session.take({"do": "choose", "what": "controller", "name": "ilqr"})
    session.take({"do": "reset"})


def drive(session, seconds, until=lambda frame: False):
    """Step a session; return the last frame."""
    for _ in range(round(seconds / session.period)):
        frame = session.take({"do": "step"})[-1]
        if until(frame):
            break
    return frame


def circle(**values):
    return {"x": 1.0, "y": 2.0, "r": 0.3, "vx": 0.0, "vy": 0.0, **values}


def test_one_switch_frees_plain_ilqr_from_the_trap(at_start):
    stands = drive(at_start, 6.0)
    assert stands["robot"][0] < 2.5
    assert abs(stands["robot"][3]) < 0.05
    assert len(stands["modes"]["weights"]) == 1
    world, *_ = at_start.take({"do": "choose", "what": "controller", "name": "mme_ilqr"})
    assert world["choices"]["controller"]["now"] == "mme_ilqr"
    freed = drive(at_start, 15.0, lambda frame: abs(frame["robot"][1]) > 1.2)
    assert abs(freed["robot"][1]) > 1.2  # beside the circles that make the pocket
    assert not freed["collided"]


def test_the_opening_is_complete_and_small_enough(at_start):
    world, *others, frame = at_start.opening()
    assert [world["kind"], frame["kind"]] == ["world", "frame"]
    assert {message["kind"] for message in others} == {"field", "plan", "seen"}
    assert len(json.dumps([world, *others, frame], allow_nan=False)) < 300_000
    assert at_start.advance() == []  # it is paused
    drive(at_start, 0.1)
    assert [message["kind"] for message in at_start.take({"do": "step"})] == ["frame"]


def test_a_thrown_circle_moves_and_comes_back_at_the_edge(at_start):
    before = at_start.run.free_circles()
    frame = at_start.take({"do": "add_circle", **circle(y=3.8, vy=2.0)})[-1]
    assert frame["free"] == len(before) + 1
    drive(at_start, 0.5)
    thrown = at_start.run.free_circles()[-1]
    assert thrown[4] == pytest.approx(-2.0)
    np.testing.assert_allclose(at_start.run.free_circles()[:-1], before)
    at_start.take({"do": "remove_circle", "index": len(before)})
    assert len(at_start.run.free_circles()) == len(before)


def test_a_circle_is_not_put_on_the_robot(at_start):
    frame = at_start.take({"do": "add_circle", **circle(x=0.05, y=0.0)})[-1]
    assert not frame["collided"]
    assert frame["clearance"] > 0.0


def test_keys_drive_by_hand_and_not_into_a_circle(at_start):
    at_start.take({"do": "drive", "ahead": 1.0, "turn": 0.3})
    frame = drive(at_start, 1.0)
    assert frame["status"] == "MANOEUVRE"
    assert frame["robot"][2] > 0.1
    at_start.take({"do": "drive", "ahead": 0.0, "turn": 0.0})
    assert drive(at_start, 0.1)["status"] != "MANOEUVRE"


def test_a_slider_changes_what_drives_and_what_is_saved(at_start, tmp_path):
    at_start.take({"do": "set", "name": "vx_max", "value": 0.4})
    at_start.take({"do": "set", "name": "robot_radius", "value": 0.25})
    assert at_start.run.settings.vx_max == 0.4
    assert at_start.run.simulator.scenario.robot.radius == 0.25
    assert drive(at_start, 2.0)["robot"][3] < 0.41
    [message] = at_start.take({"do": "save", "form": "yaml"})
    file = tmp_path / "mine.yaml"
    file.write_text(message["text"])
    saved = read_parameters(file)
    assert saved.controller["vx_max"] == 0.4
    assert saved.controller["variant"] == "ilqr"
    assert saved.planner["robot_radius"] == 0.25
    [message] = at_start.take({"do": "save", "form": "commands"})
    assert "ros2 param set /controller vx_max 0.4\n" in message["text"]
    for name, value in (("vx_max", 1.0), ("robot_radius", 0.2)):
        at_start.take({"do": "set", "name": name, "value": value})


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ({}, "do: must be a text"),
        ({"do": "dance"}, "there is no command 'dance'"),
        ({"do": ["goal"]}, "do: must be a text"),
        ({"do": "goal", "x": math.nan, "y": 0}, "x: must lie"),
        ({"do": "goal", "x": 10**400, "y": 0}, "x: must lie"),
        ({"do": "goal", "x": True, "y": 0}, "x: must be a number"),
        ({"do": "goal", "x": 1e4, "y": 0}, "lies outside the map"),
        ({"do": "goal", "x": 2.9, "y": 0}, "stand in an obstacle"),
        ({"do": "add_circle", **circle(r=-1.0)}, "r: must lie"),
        ({"do": "add_circle", **circle(vx=1e9)}, "vx: must lie"),
        ({"do": "move_circle", "index": 99, **circle()}, "there is no circle 99"),
        ({"do": "remove_circle", "index": -1}, "there is no circle -1"),
        ({"do": "drive", "ahead": 2.0, "turn": 0}, "ahead: must lie from -1 to 1"),
        ({"do": "choose", "what": "scenario", "name": "../../etc"}, "name: must be one of"),
        ({"do": "choose", "what": "robot", "name": "/etc/passwd"}, "name: must be one of"),
        ({"do": "choose", "what": "planner", "name": "file"}, "is missing"),
        ({"do": "set", "name": "seed", "value": 1}, "no slider is called 'seed'"),
        ({"do": "set", "name": "vx_max", "value": math.inf}, "must be a finite number"),
        ({"do": "set", "name": "mme.n_modes", "value": 2.5}, "must be of type int"),
        ({"do": "save", "form": "xml"}, "form: must be one of"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(session, command, says):
    before = session.run.setup, session.run.goal, session.run.free_circles().tolist()
    with pytest.raises(InputError) as refused:
        session.take(command)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert before == (session.run.setup, session.run.goal, session.run.free_circles().tolist())


@pytest.mark.parametrize("text", ["", "[]", "7", "{", "[" * 100_000, '"x"', "{}" * 20_000])
def test_what_is_no_command_is_one_line(text):
    with pytest.raises(InputError, match=r"^a command"):
        parse(text)


@pytest.mark.parametrize("slider", SLIDERS, ids=lambda slider: slider.name)
def test_sliders_stay_within_what_their_parameters_take(slider):
    setting = setting_of(slider.name)
    for value in (slider.low, slider.high):
        setting.check(setting.kind(value))


def test_the_colours_of_the_page_are_those_of_the_pictures():
    css = (files("mme_ilqr_ros.live") / "page" / "style.css").read_text()
    found = dict(re.findall(r"--([a-z-]+): (#[0-9A-Fa-f]{6});", css))
    names = ("ink", "wall", "unknown", "obstacle", "obstacle-edge", "command", "chosen")
    for name in (*names, "candidate", "goal", "robot", "seen"):
        assert found[name] == getattr(world_axes, name.replace("-", "_").upper()), name
