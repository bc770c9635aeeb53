import dataclasses

import numpy as np
import pytest
from mme_ilqr_ros.control.composed import composed_starts
from mme_ilqr_ros.control.distinct import ways_round
from mme_ilqr_ros.control.sampling import cycle_noise, in_blocks

from mme_ilqr_ros.control.kernel import Kernel
from mme_ilqr_ros.control.mme_ilqr import MmeIlqr
from mme_ilqr_ros.control.modes import selection_costs
from mme_ilqr_ros.control.objective import algorithm_settings, stage_data, standard_problem
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.settings import build

SETTINGS = ControllerSettings()
KERNEL = Kernel(standard_problem())
PILLAR = np.array([[3.0, 0.0, 0.6, 0.0, 0.0]])
X0 = np.array([0.0, 0.0, 0.0, 0.5, 0.0])
DATA = stage_data(KERNEL.problem, SETTINGS, np.array([6.0, 0.0]), PILLAR, None)


def mme(**changes):
    return dataclasses.replace(SETTINGS.mme, **changes)


def sides(states):
    """+1 where a mode passes the pillar on the left, -1 on the right."""
    at_pillar = np.argmin(np.abs(states[:, :, 0] - 3.0), axis=1)
    return np.sign(states[np.arange(len(at_pillar)), at_pillar, 1])


def driven(settings, cycles=3):
    """Modes after some cycles, and the state of the randomness then."""
    solver = MmeIlqr(KERNEL, settings, seed=0)
    modes = [solver.cycle(X0, DATA, 0.0, 0.2) for _ in range(cycles)][-1]
    return solver, modes, solver._rng.bit_generator.state


def rng_at(state):
    rng = np.random.default_rng()
    rng.bit_generator.state = state
    return rng


def starts_of(settings, modes, state):
    ways = lambda X, costs: ways_round(X, costs, DATA.dt, PILLAR)  # noqa: E731
    given = (KERNEL, X0, modes.controls, modes.chosen, 0.1, rng_at(state), settings, 0.2, DATA)
    return composed_starts(*given, ways)


@pytest.mark.parametrize("sampler", ["mixture", "unimodal", "restart"])
def test_it_starts_the_modes_as_the_compiled_cycle_does(sampler):
    settings = mme(sampler=sampler)
    solver, modes, state = driven(settings)
    starts = starts_of(settings, modes, state)
    expected = solver.cycle(X0, DATA, 0.1, 0.2)
    found = KERNEL.optimise(X0, starts, DATA, settings.n_iterations)
    assert found.costs == pytest.approx(expected.costs, rel=1e-9)


def test_random_restarts_leave_only_the_driving_mode():
    settings = mme(sampler="restart")
    _, modes, state = driven(settings)
    starts = starts_of(settings, modes, state)
    _, _, blocks = cycle_noise(8, 50, DATA.limits, rng_at(state))
    anew = np.all(starts == in_blocks(blocks, 50), axis=(1, 2))
    assert anew.tolist() == [n != modes.chosen for n in range(8)]


def test_duplicates_restart_all_but_the_best_of_a_way():
    settings = mme(duplicates="restart", n_restarts=0)
    _, modes, state = driven(mme())
    assert set(sides(modes.states)) == {-1, 1}
    starts = starts_of(settings, modes, state)
    _, _, blocks = cycle_noise(8, 50, DATA.limits, rng_at(state))
    anew = np.all(starts == in_blocks(blocks, 50), axis=(1, 2))
    ways = ways_round(modes.states, modes.costs, DATA.dt, PILLAR)
    assert anew.sum() == 8 - len(set(ways))
    assert not anew[modes.chosen]


def test_merging_duplicates_makes_rare_ways_likelier():
    """Seven modes on one side and one on the other: unmerged, hardly a sample follows the one."""
    left = KERNEL.optimise(X0, np.tile([0.8, 0.25], (1, 50, 1)) * guess(), DATA, 40)
    right = KERNEL.optimise(X0, np.tile([0.8, -0.25], (1, 50, 1)) * guess(), DATA, 40)
    assert sides(left.X) == -sides(right.X)
    U = np.concatenate([np.repeat(left.U, 7, axis=0), right.U])
    followed = {}
    for duplicates in ("keep", "merge"):
        settings, rng, counts = mme(duplicates=duplicates, n_restarts=0), None, 0
        for seed in range(12):
            rng = np.random.default_rng(seed)
            ways = lambda X, costs: ways_round(X, costs, DATA.dt, PILLAR)  # noqa: E731
            starts = composed_starts(KERNEL, X0, U, 0, 0.0, rng, settings, 0.2, DATA, ways)
            X = KERNEL.policies(X0, starts, DATA).X
            counts += int(np.sum(sides(X)[1:] == sides(right.X)))
        followed[duplicates] = counts
    assert followed["merge"] > 1.5 * followed["keep"]


def guess():
    """Turn away first, then back."""
    return np.where(np.arange(50) < 12, 1.0, -0.3)[None, :, None] ** [0.0, 1.0]


def test_variants_are_presets_of_the_samplers():
    expected = {
        "ilqr": mme(n_modes=1, n_restarts=0, temperature=0.0),
        "me_ilqr": mme(sampler="unimodal"),
        "sv_ilqr": mme(sampler="stein"),
        "mme_ilqr": mme(),
    }
    for variant, settings in expected.items():
        assert algorithm_settings(build(ControllerSettings, {"variant": variant})) == settings


@pytest.mark.parametrize("duplicates", ["merge", "restart"])
def test_the_driving_mode_is_never_touched(duplicates):
    solver, before, _ = driven(mme(duplicates=duplicates))
    for _ in range(3):
        after = solver.cycle(X0, DATA, 0.0, 0.2)
        assert after.costs[before.chosen] <= before.costs[before.chosen] + 1e-9
        compared = selection_costs(after.costs, after.gaps, 0.2)
        assert compared[after.chosen] <= compared[before.chosen] + 1e-9
        before = after
