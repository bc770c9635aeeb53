import dataclasses

import numpy as np
import pytest
from one_robot import OneRobotSolver, _only, one_robot

from mme_ilqr_ros.control.controller import LocalController
from mme_ilqr_ros.control.objective import algorithm_settings, stage_data, standard_problem
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.samplers import Sampling
from mme_ilqr_ros.control.samplers.stein import COST_CAP, stein
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.settings import build

SETTINGS = in_own_units(build(ControllerSettings, {"variant": "sv_ilqr"}))
KERNEL = one_robot(standard_problem())
PILLAR = np.array([[3.0, 0.0, 0.6, 0.0, 0.0]])
X0 = np.array([0.0, 0.0, 0.0, 0.5, 0.0])


def data(circles=PILLAR):
    return stage_data(KERNEL.problem, SETTINGS, np.array([6.0, 0.0]), circles, None)


def stein_starts(kernel, x0, policies, temperature, data):
    """The sampler for one robot."""
    several = _only(policies)
    settings = dataclasses.replace(SETTINGS.mme, temperature=temperature)
    given = kernel.kernel, x0[None], [data], several, np.ones(several.cost.shape), np.zeros(1, int)
    return stein(Sampling(*given, None, settings))[0]


def policies(n_modes, seed=0):
    U = np.random.default_rng(seed).uniform([0.2, -0.8], [0.9, 0.8], (n_modes, 5, 2))
    return KERNEL.policies(X0, U[:, np.arange(50) // 10], data())


def test_one_mode_alone_follows_its_own_policy():
    """Its Stein step is the Newton step k, so the start is the rollout of its policy."""
    one = policies(1)
    starts = stein_starts(KERNEL, X0, one, 0.5, data())
    white = np.zeros((1, 50, 2))
    followed = KERNEL.sample(one, np.zeros(1, int), white, 0.0, 0.0, data())
    before, after = (KERNEL.optimise(X0, U, data(), 0).costs[0] for U in (one.U, followed))
    assert after < COST_CAP * before
    assert starts == pytest.approx(followed, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_no_step_leads_above_the_cap_and_limits_hold(seed):
    modes = policies(8, seed)
    before = KERNEL.optimise(X0, modes.U, data(), 0).costs
    starts = stein_starts(KERNEL, X0, modes, 50.0, data())  # pushed apart with force
    after = KERNEL.optimise(X0, starts, data(), 0)
    stayed = np.all(starts == modes.U, axis=(1, 2))
    assert not stayed.all()
    assert np.all(after.costs[~stayed] <= COST_CAP * before.min() + 1e-9)
    assert np.abs(after.U - starts).max() < 1e-9  # a rollout within limits changes nothing


def test_modes_that_lie_close_are_pushed_apart():
    base = policies(1).U
    near = base + 0.01 * np.random.default_rng(1).normal(size=(6, 5, 2))[:, np.arange(50) // 10]
    close = KERNEL.policies(X0, KERNEL.optimise(X0, near, data(), 30).U, data())
    apart = stein_starts(KERNEL, X0, close, 5.0, data())
    assert apart.std(axis=0).mean() > 1.1 * close.U.std(axis=0).mean()


def test_the_variant_is_the_algorithm_with_another_sampler():
    s = algorithm_settings(SETTINGS)
    assert s == dataclasses.replace(SETTINGS.mme, sampler="stein")
    solver = OneRobotSolver(KERNEL, s, seed=0)
    before = solver.cycle(X0, data(), 0.0, 0.2)
    for _ in range(3):
        after = solver.cycle(X0, data(), 0.0, 0.2)
        assert after.costs[before.chosen] <= before.costs[before.chosen] + 1e-9  # never moved
        before = after
    assert after.feasible[after.chosen]


def test_it_drives_a_robot_round_a_pillar():
    from mme_ilqr_ros.geometry.pose import Pose, RobotState

    controller, state = LocalController(SETTINGS), RobotState(0.0, 0.0, 0.0)
    for n in range(80):
        result = controller.compute_command(
            Situation(state, Pose(6.0, 0.0, 0.0), 0.1 * n, circles=PILLAR)
        )
        yaw = state.yaw + 0.1 * result.wz
        x, y = state.x + 0.1 * result.vx * np.cos(yaw), state.y + 0.1 * result.vx * np.sin(yaw)
        state = RobotState(x, y, yaw, result.vx, result.wz)
        assert np.hypot(x - 3.0, y) > 0.8
    assert np.hypot(state.x - 6.0, state.y) < 0.3
