"""After the warm-up nothing compiles any more: a robot on its way must not wait for a compiler."""

import dataclasses
import itertools

import numpy as np
import pytest

from mme_ilqr_ros.control.controller import LocalController
from mme_ilqr_ros.control.settings import VARIANTS, ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, RobotState

PATHS = (None, Path([[0.0, 0.0], [6.0, 0.0]]))
CIRCLES = (no_circles(), np.asfortranarray([[2.0, 0.9, 0.6, 0, 0], [2.0, -0.9, 0.6, 0, 0]]))
FIELDS = (None, build_distance_field(np.eye(60, dtype=bool), 0.1, Pose(-3.0, -3.0, 0.5)))


def compiled(controller):
    """Return how many versions of each compiled function have been compiled or loaded."""
    modules = controller._kernel._program
    functions = [item for module in modules for item in vars(module).items()]
    return {name: len(f.signatures) for name, f in functions if hasattr(f, "signatures")}


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_kind_of_input_makes_the_controller_compile_after_its_warm_up(variant):
    controller = LocalController(ControllerSettings(variant=variant))
    controller.warm_up()
    before = compiled(controller)
    assert before
    cases = itertools.product(PATHS, CIRCLES, FIELDS, range(2))
    for cycle, (path, circles, field, _) in enumerate(cases):
        state, goal = RobotState(0.0, 0.0, 0.0), Pose(6.0, 0.0, 0.0)
        controller.compute_command(
            Situation(state, goal, 0.1 * cycle, path=path, circles=circles, walls=field)
        )
    assert compiled(controller) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": 1, "mode_switch_cost": 5, "mode_dwell_time": 0},  # where floats are meant
        {"sampler": "restart"},
        {"n_modes": 1},
        {"n_modes": 17, "n_restarts": 0},
    ],
    ids=str,
)
def test_no_setting_that_may_change_on_the_way_compiles_anything(changes):
    settings = ControllerSettings()
    controller = LocalController(settings)
    controller.warm_up()
    before = compiled(controller)
    controller.update(
        dataclasses.replace(settings, mme=dataclasses.replace(settings.mme, **changes))
    )
    for cycle in range(6):
        state = RobotState(0.1 * cycle, 0.0, 0.0)
        controller.compute_command(
            Situation(state, Pose(6.0, 0.0, 0.0), 0.1 * cycle, circles=CIRCLES[1], walls=FIELDS[1])
        )
    assert compiled(controller) == before
