"""The slow baseline of `benchmark solve` is the same algorithm."""

import dataclasses

import numpy as np
import pytest

from mme_ilqr_ros.benchmark.vm_kernel import VmKernel
from mme_ilqr_ros.control.kernel import Kernel, KernelError
from mme_ilqr_ros.control.objective import stage_data, standard_problem
from mme_ilqr_ros.control.settings import MOTION_MODELS, ControllerSettings
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.pose import Pose

CIRCLES = np.array([[1.0, 0.1, 0.4, 0.0, 0.0], [1.5, -1.0, 0.3, 0.0, 0.3]])


def given(kind):
    settings = ControllerSettings(motion_model=kind)
    settings = dataclasses.replace(settings, mme=dataclasses.replace(settings.mme, time_steps=10))
    problem = standard_problem(settings=settings)
    data = stage_data(problem, settings, np.array([3.0, 0.5]), CIRCLES, None)
    lower, upper, _ = data.limits.as_arrays()
    U = np.random.default_rng(0).uniform(1.2 * lower, 1.2 * upper, size=(3, 10, len(lower)))
    return problem, data, U


@pytest.mark.parametrize("kind", MOTION_MODELS)
def test_the_virtual_machine_finds_what_the_kernel_finds(kind):
    problem, data, U = given(kind)
    reference, vm = Kernel(problem, "python"), VmKernel(problem)
    x0 = np.zeros(problem.model.nx)
    expected, got = (k.optimise(x0, U, data, 3) for k in (reference, vm))
    for name, value in vars(expected).items():
        assert getattr(got, name) == pytest.approx(value, abs=1e-8), name
    p = reference.policies(x0, U, data)
    for name, value in vars(vm.policies(x0, U, data)).items():
        assert value == pytest.approx(getattr(p, name), abs=1e-8), name
    noise = np.array([1, 2]), np.random.default_rng(1).normal(size=(2, *U.shape[1:])), 0.4, 0.9
    drawn = [k.sample(p, *noise, data) for k in (reference, vm)]
    assert drawn[1] == pytest.approx(drawn[0], abs=1e-9)


def test_it_says_that_it_knows_no_walls():
    problem, data, U = given("diff_drive")
    walls = build_distance_field(np.eye(4, dtype=bool), 0.5, Pose(0.0, 0.0, 0.0))
    data = dataclasses.replace(data, world=dataclasses.replace(data.world, field=walls))
    with pytest.raises(KernelError, match="knows circles only"):
        VmKernel(problem).optimise(np.zeros(problem.model.nx), U, data, 1)
