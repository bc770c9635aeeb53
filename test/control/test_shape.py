"""The robot's footprint in the controller and the planner."""

import dataclasses
import math

import numpy as np
import pytest

from mme_ilqr_ros.control.controller import LocalController
from mme_ilqr_ros.control.objective import stage_data, standard_problem
from mme_ilqr_ros.control.own_units import doubts, in_own_units, summary
from mme_ilqr_ros.control.safety import distance_here
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.circles import as_circles
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.footprint import as_text
from mme_ilqr_ros.geometry.passable import discs_in, outer_radius
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.planning.settings import PlannerSettings
from mme_ilqr_ros.settings import SettingError, build

CART = as_text(((0.6, 0.3), (0.6, -0.3), (-0.6, -0.3), (-0.6, 0.3)))
LONG = ControllerSettings(footprint=CART)
CIRCLES = as_circles([[2.0, 0.3, 0.4], [3.5, -0.6, 0.5]])


def commands(settings, count=12):
    """The commands of a robot that follows them exactly."""
    control = LocalController(settings, realtime=False)
    control.warm_up()
    state, found = RobotState(0.0, 0.0, 0.0), []
    for i in range(count):
        goal = Pose(6.0, 0.0, 0.0)
        given = control.compute_command(Situation(state, goal, 0.1 * i, circles=CIRCLES))
        found.append((given.vx, given.wz))
        yaw = state.yaw + 0.1 * given.wz
        x, y = state.x + 0.1 * given.vx * math.cos(yaw), state.y + 0.1 * given.vx * math.sin(yaw)
        state = RobotState(x, y, yaw, given.vx, given.wz)
    return np.array(found)


def test_a_round_footprint_gives_the_commands_of_its_disc():
    angles = 2.0 * np.pi * np.arange(24) / 24
    corners = 0.3 * np.column_stack([np.cos(angles), np.sin(angles)])
    disc = commands(ControllerSettings(robot_radius=0.3))
    assert commands(ControllerSettings(footprint=as_text(corners))) == pytest.approx(disc, abs=1e-6)
    assert np.abs(disc[:, 1]).max() > 0.1


@pytest.mark.parametrize("kind", [ControllerSettings, PlannerSettings])
def test_a_text_that_is_no_footprint_is_refused_by_name(kind):
    with pytest.raises(SettingError, match=r"^footprint = '\[\[1, 2\]\]': must be a list of three"):
        build(kind, {"footprint": "[[1, 2]]"})


def test_padding_makes_the_robot_larger_for_planner_and_controller():
    for kind in (ControllerSettings, PlannerSettings):
        bare, padded = (kind(footprint=CART, footprint_padding=p) for p in (0.0, 0.05))
        assert outer_radius(padded) == pytest.approx(math.hypot(0.65, 0.35))
        assert discs_in(padded).radius > discs_in(bare).radius + 0.04


def test_the_disc_s_radius_is_the_robot_s_and_what_the_planner_keeps_clear():
    own, radius = in_own_units(LONG), discs_in(LONG).radius
    assert own.robot_radius == radius
    assert own.clearance_margin == pytest.approx(0.3 * radius)
    assert PlannerSettings(footprint=CART).least_distance == pytest.approx(1.1 * radius)
    assert f"4 discs of {radius:.3g} m" in summary(LONG)
    assert not doubts(LONG)
    dented = dataclasses.replace(LONG, footprint=CART[:-1] + ", [-0.2, 0.0]]")
    assert "convex hull" in doubts(dented)[0]


def test_the_corners_speed_counts_as_the_energy_of_a_contact():
    data = stage_data(standard_problem(), in_own_units(LONG), np.zeros(2), CIRCLES, None)
    vx, wz = data.world.energy
    assert math.sqrt(wz / vx) == pytest.approx(math.hypot(0.6, 0.3))
    assert len(data.world.discs) == 4


def test_the_distance_here_is_that_of_the_nearest_disc():
    discs, wall = discs_in(LONG), np.zeros((40, 60), bool)
    wall[:, 0] = True
    walls = build_distance_field(wall, 0.1, Pose(-1.0, -2.0, 0.0), 3.0)
    situation = Situation(RobotState(0.0, 0.0, 0.0), None, 0.0, circles=CIRCLES, walls=walls)
    ahead = discs.offsets[:, 0].max()
    along = distance_here(discs.centres(0.0, 0.0, 0.0), situation)
    assert along == pytest.approx(0.9 - ahead, abs=1e-6)  # the wall is behind
    across = distance_here(discs.centres(0.0, 0.0, 0.5 * math.pi), situation)
    assert across == pytest.approx(0.9, abs=1e-6)
