"""Robots and costs of other packages, and the page that shows how to write them."""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import casadi as ca
import numpy as np
import pytest
import yaml

from mme_ilqr_ros.control.controller import ControlStatus, LocalController
from mme_ilqr_ros.control.costs import CostTerm, Penalty
from mme_ilqr_ros.control.extensions import add_costs, build_extended, extended
from mme_ilqr_ros.control.kernel import CompiledKernel
from mme_ilqr_ros.control.objective import standard_problem
from mme_ilqr_ros.control.robots import DifferentialDrive, Robot, robot_of
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.parameters.files import read_parameters
from mme_ilqr_ros.settings import SettingError, setting, table

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "my_robot_package"
PAGE = (ROOT / "docs" / "extending.md").read_text()
KEEP_RIGHT = "my_robot.costs:KeepRight"


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLE))


@dataclass(frozen=True)
class Plain(CostTerm):
    weight: float = 1.0


@dataclass(frozen=True)
class WithText(CostTerm):
    side: str = setting("left", "A side.")


@dataclass(frozen=True)
class DependsOnState(CostTerm):
    weight: float = setting(1.0, "A weight.")

    def stage(self, x, u, ref):
        return [Penalty(self.weight * x[0] ** 2, u, ca.sumsqr)]


@dataclass(frozen=True)
class NeedsTenStates(CostTerm):
    def stage(self, x, u, ref):
        return [Penalty(1.0, x[9], ca.sumsqr)]


@dataclass
class Dynamic(DifferentialDrive):
    length: float = setting(1.0, "A length.")


class NeedsArguments(DifferentialDrive):
    def __init__(self, length):
        self.length = length


def test_settings_of_a_robot_and_of_costs_are_settings_like_all_others():
    values = read_parameters(EXAMPLE / "config" / "my_robot.yaml").controller
    kind = extended(ControllerSettings, values)
    rows = {row.name: row for row in table(kind)}
    assert rows["costs.keep_right.weight"].dynamic
    assert not rows["trailer.length"].dynamic
    assert rows.keys() - {row.name for row in table(ControllerSettings)} == {
        "trailer.length",
        "costs.keep_right.weight",
        "costs.keep_right.line_y",
        "costs.straight_trailer.weight",
    }
    settings = build_extended(ControllerSettings, values)
    assert isinstance(settings, ControllerSettings)
    assert settings.costs.keep_right.line_y == -0.5
    assert robot_of(settings).length == 0.4
    assert standard_problem(settings=settings).model.nx == 6


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"robot": "trailer"}, "robot = 'trailer': must be module:Class"),
        ({"robot": "no_such.thing:A"}, "cannot import it: ModuleNotFoundError: .*'no_such'"),
        ({"robot": "math:Trailer"}, "module math has no Trailer"),
        ({"robot": KEEP_RIGHT}, "must be a class derived from Robot"),
        ({"extra_costs": ["math:pi"]}, "must be a class derived from CostTerm"),
        ({"extra_costs": KEEP_RIGHT}, "extra_costs = .*: must be a list of strings"),
        ({"extra_costs": [KEEP_RIGHT] * 2}, "KeepRight: there is a 'keep_right' already"),
        ({"extra_costs": [f"{__name__}:Plain"]}, r"Plain.weight must be a setting\(...\)"),
        ({"extra_costs": [f"{__name__}:WithText"]}, "WithText.side needs dynamic=False"),
        ({"robot": f"{__name__}:Dynamic"}, "Dynamic.length needs dynamic=False"),
        (
            {"extra_costs": [KEEP_RIGHT], "costs.keep_right.weight": -1.0},
            "costs.keep_right.weight = -1.0: must lie at or above 0.0",
        ),
        ({"costs.keep_right.weight": 1.0}, "unknown parameter 'costs.keep_right.weight'"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(values, message):
    with pytest.raises(SettingError, match=message) as refused:
        build_extended(ControllerSettings, values)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"robot": f"{__name__}:NeedsArguments"}, "robot = .*NeedsArguments': .*length"),
        ({"extra_costs": [f"{__name__}:NeedsTenStates"]}, "a cost does not fit the robot 'diff"),
        ({"extra_costs": [f"{__name__}:DependsOnState"]}, "a weight may read settings"),
    ],
)
def test_what_does_not_fit_the_problem_is_refused_when_it_is_built(values, message):
    settings = build_extended(ControllerSettings, values)
    with pytest.raises(SettingError, match=message):
        standard_problem(settings=settings).functions()


def test_the_trailer_follows_the_hitch_and_stands_straight_after_a_straight_line():
    robot = build_extended(ControllerSettings, {"robot": "my_robot.robots:Trailer"})
    robot = robot_of(robot)
    assert isinstance(robot, Robot)
    for yaw in np.linspace(0.0, 1.0, 11):
        turned = robot.initial_state(RobotState(0.0, 0.0, yaw), np.zeros(2))
    assert turned[5] == pytest.approx(0.0)  # turning on the spot moves no trailer
    for s in np.linspace(0.0, 4.0, 81):
        state = RobotState(s * np.cos(1.0), s * np.sin(1.0), 1.0)
        pulled = robot.initial_state(state, np.zeros(2))
    assert pulled[5] == pytest.approx(1.0, abs=0.01)


def test_the_page_can_be_followed(monkeypatch):
    """Its Python blocks run, and what they make keeps right; its YAML is a parameter file."""
    names: dict = {"__name__": "page"}
    for block in re.findall(r"```python\n(.*?)```", PAGE, flags=re.S):
        if "LocalController" in block:
            reference = functools.partial(CompiledKernel, backend="python")
            monkeypatch.setattr("mme_ilqr_ros.control.controller.CompiledKernel", reference)
        exec(block, names)
    assert isinstance(names["controller"], LocalController)
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.S)
    given = yaml.safe_load(text)["/**/controller"]["ros__parameters"]
    assert given["extra_costs"] == [KEEP_RIGHT]
    small = {"mme.time_steps": 15, "mme.n_modes": 2, "mme.n_iterations": 5}
    goal = Pose(6.0, 0.0, 0.0)
    ends = []
    for weight in (0.0, 5.0):
        settings = add_costs(
            build_extended(ControllerSettings, small), names["KeepRight"](weight, -0.5)
        )
        control = LocalController(settings, names["Tracked"](), realtime=False)
        result = control.compute_command(Situation(RobotState(0.0, 0.0, 0.0, 0.5), goal, 0.0))
        assert result.status is ControlStatus.DRIVING
        ends.append(result.plan[:, 1].min())
    assert ends[0] > -0.1
    assert ends[1] < -0.3
