import dataclasses

import numpy as np
import pytest
from mme_ilqr_ros.control.mode_budget import LATE_CYCLES, SPARE_CYCLES
from mme_ilqr_ros.control.sampling import cycle_noise, draw, in_blocks, shift_controls

from mme_ilqr_ros.control.kernel import LANES, Kernel
from mme_ilqr_ros.control.kernel.build import build_module
from mme_ilqr_ros.control.mme_ilqr import MmeIlqr
from mme_ilqr_ros.control.modes import select_mode, selection_costs
from mme_ilqr_ros.control.objective import stage_data, standard_problem
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.soft_value import mixture_weights, soft_value

SETTINGS = ControllerSettings()
KERNEL = Kernel(standard_problem())
PILLAR = np.array([[3.0, 0.0, 0.6, 0.0, 0.0]])
X0 = np.array([0.0, 0.0, 0.0, 0.5, 0.0])


def data(circles=PILLAR, goal=(6.0, 0.0)):
    return stage_data(KERNEL.problem, SETTINGS, np.array(goal), circles, None)


def solver(seed=0, **changes) -> MmeIlqr:
    return MmeIlqr(KERNEL, dataclasses.replace(SETTINGS.mme, **changes), seed)


def sides(modes):
    """+1 where a mode passes the pillar on the left, -1 on the right."""
    at_pillar = np.argmin(np.abs(modes.states[:, :, 0] - 3.0), axis=1)
    return np.sign(modes.states[np.arange(len(at_pillar)), at_pillar, 1])


def test_a_mirror_symmetric_scene_yields_both_ways_round_at_equal_cost():
    s, best = solver(), {+1: [], -1: []}
    for _ in range(8):
        modes = s.cycle(X0, data(), 0.0, 0.2)
        for side, costs in best.items():
            costs.extend(modes.costs[sides(modes) == side])
    assert min(best[+1]) == pytest.approx(min(best[-1]), rel=1e-3)
    assert modes.feasible[modes.chosen]


def test_in_a_symmetric_scene_the_choice_is_stable():
    s = solver()
    s.cycle(X0, data(), 0.0, 0.2)
    chosen = [s.cycle(X0, data(), 0.0, 0.2).switched for _ in range(15)]
    assert sum(chosen) <= 1


def test_the_incumbent_is_never_resampled():
    s = solver()
    before = s.cycle(X0, data(), 0.0, 0.2)
    after = s.cycle(X0, data(), 0.0, 0.2)
    kept = after.costs[before.chosen]
    assert kept <= before.costs[before.chosen] + 1e-9  # only optimised further


def test_the_same_seed_gives_the_same_modes_bit_for_bit():
    runs = []
    for _ in range(2):
        s = solver(seed=7)
        runs.append([s.cycle(X0, data(), 0.1, 0.2).controls for _ in range(3)])
    assert np.array_equal(runs[0], runs[1])
    other = solver(seed=8).cycle(X0, data(), 0.1, 0.2).controls
    assert not np.array_equal(runs[0][0], other)


def test_plain_ilqr_is_one_mode_at_temperature_zero():
    s = solver(n_modes=1, n_restarts=0, temperature=0.0)
    modes = [s.cycle(X0, data(), 0.0, 0.2) for _ in range(3)]
    assert modes[-1].weights == pytest.approx([1.0])
    assert np.diff([m.costs[0] for m in modes]).max() <= 1e-9


def test_unimodal_me_ilqr_samples_round_the_incumbent_only(monkeypatch):
    """Seen in the reference, whose functions can be listened to."""
    followed = []
    module = build_module(KERNEL.problem, "python")
    sample = module.sample

    def recording(X_, U_, policy, sources, *rest):
        followed.extend(sources)
        return sample(X_, U_, policy, sources, *rest)

    monkeypatch.setattr(module, "sample", recording)
    settings = dataclasses.replace(SETTINGS.mme, time_steps=8, n_iterations=1, temperature=5.0)
    short = dataclasses.replace(SETTINGS, mme=settings)
    near = stage_data(KERNEL.problem, short, np.array([6.0, 0.0]), PILLAR, None)
    kernel = Kernel(KERNEL.problem, "python")
    s = MmeIlqr(kernel, dataclasses.replace(settings, sampler="unimodal"), seed=0)
    first = s.cycle(X0, near, 0.0, 0.2)
    assert not followed  # there is nothing to follow at first
    s.cycle(X0, near, 0.0, 0.2)
    assert set(followed) == {first.chosen}
    followed.clear()
    s = MmeIlqr(kernel, settings, seed=0)
    for _ in range(4):
        s.cycle(X0, near, 0.0, 0.2)
    assert len(set(followed)) > 1


def test_obstacle_order_does_not_matter():
    circles = np.array([[2.0, 0.5, 0.4, 0, 0], [3.0, -0.6, 0.5, 0, 0], [4.0, 1.0, 0.3, 0, 0.2]])
    a = solver().cycle(X0, data(circles), 0.0, 0.2)
    b = solver().cycle(X0, data(circles[::-1]), 0.0, 0.2)
    assert a.costs == pytest.approx(b.costs, rel=1e-6)


def test_shifting_a_linear_profile_is_exact():
    dt, n = 0.2, 10
    profile = 0.1 + 0.3 * dt * np.arange(1, n + 1)  # velocity at the stage ends
    U = profile[None, :, None]
    shifted = shift_controls(U, 0.05 / dt)
    assert shifted[0, :-1, 0] == pytest.approx(profile[:-1] + 0.3 * 0.05)
    assert shifted[0, -1, 0] == profile[-1]  # held beyond the horizon


def test_shifting_by_a_whole_stage_drops_the_first():
    U = np.arange(5.0)[None, :, None]
    shifted = shift_controls(U, 1.0)
    assert shifted[0, :, 0] == pytest.approx([1, 2, 3, 4, 4])


@pytest.mark.parametrize("backend", ["numba", "python"])
def test_the_kernel_shifts_in_place_as_the_function_does(backend):
    U = np.random.default_rng(3).normal(size=(8, 9, 2))
    for stages in (0.0, 0.3, 1.0, 2.75, 20.0):
        lanes = np.ascontiguousarray(U.transpose(1, 2, 0))[None]
        build_module(KERNEL.problem, backend).shift(lanes, stages)
        assert lanes[0].transpose(2, 0, 1) == pytest.approx(shift_controls(U, stages), abs=1e-12)


def test_a_cycle_follows_its_steps_one_by_one():
    """The compiled cycle, and the same put together from the kernel's parts."""
    s, mme = solver(seed=4), SETTINGS.mme
    before = s.cycle(X0, data(), 0.0, 0.2)
    rng = np.random.default_rng()
    rng.bit_generator.state = s._rng.bit_generator.state
    after = s.cycle(X0, data(), 0.1, 0.2)
    policies = KERNEL.policies(X0, shift_controls(before.controls, 0.1 / 0.2), data())
    white, uniform, blocks = cycle_noise(8, mme.time_steps, data().limits, rng)
    size = mme.temperature, mme.time_steps, 2
    values = soft_value(policies.cost, policies.log_det, *size)
    weights = mixture_weights(values, mme.temperature, policies.gaps >= 0.2, mme.weight_floor)
    drawn = (draw(weights, uniform), white, mme.temperature, mme.noise_correlation)
    starts = KERNEL.sample(policies, *drawn, data())
    starts[before.chosen] = policies.U[before.chosen]
    restarted = [n for n in range(8) if n != before.chosen][: mme.n_restarts]
    starts[restarted] = in_blocks(blocks, mme.time_steps)[restarted]
    found = KERNEL.optimise(X0, starts, data(), mme.n_iterations)
    assert after.costs == pytest.approx(found.costs, rel=1e-9)
    compared = selection_costs(found.costs, found.gaps, 0.2)
    margins = mme.mode_switch_margin, mme.mode_switch_cost
    assert after.chosen == select_mode(compared, before.chosen, *margins)


def test_another_number_of_modes_keeps_the_one_that_drives():
    s = solver()
    for _ in range(3):
        before = s.cycle(X0, data(), 0.1, 0.2)
    for n_modes in (3, 12):
        s.update(dataclasses.replace(SETTINGS.mme, n_modes=n_modes))
        modes = s.cycle(X0, data(), 0.0, 0.2)
        assert len(modes.costs) == n_modes
        best = modes.costs[modes.chosen]
        assert best <= before.costs[before.chosen] + 1e-9
        before = modes


def test_a_longer_dwell_time_means_fewer_changes_of_the_way():
    changes = []
    for dwell in (0.0, 0.35, 10.0):
        s = solver(mode_dwell_time=dwell, mode_switch_margin=0.0, mode_switch_cost=0.0)
        s.cycle(X0, data(), 0.1, 0.2)
        goals = ((6.0, 2.0 * (-1) ** n) for n in range(16))  # each time the other way is cheaper
        turns = [s.cycle(X0, data(goal=goal), 0.1, 0.2).turned for goal in goals]
        changes.append(sum(turns))
        apart = np.diff(np.flatnonzero(turns))
        assert all(gap * 0.1 >= dwell - 1e-9 for gap in apart)
    assert changes[0] > changes[1] > changes[2] >= 0


def test_a_mode_that_becomes_infeasible_does_not_dwell():
    s = solver(mode_dwell_time=10.0)
    for _ in range(3):
        before = s.cycle(X0, data(), 0.1, 0.2)
    side = sides(before)[before.chosen]
    closed = np.array([[3.0, side * y, 0.5, 0.0, 0.0] for y in (0.9, 1.5, 2.1, 2.7, 3.3)])
    modes = [s.cycle(X0, data(np.concatenate([PILLAR, closed])), 0.1, 0.2) for _ in range(4)][-1]
    assert modes.feasible[modes.chosen]
    assert sides(modes)[modes.chosen] == -side


def counts(s, n_cycles, deadline):
    cycles = [s.cycle(X0, data(), 0.0, 0.2, deadline) for _ in range(n_cycles)]
    return [len(modes.costs) for modes in cycles], cycles[-1]


def test_modes_make_way_for_a_short_budget_and_come_back():
    """A deadline that has passed makes every cycle late, none leaves time to spare."""
    s = solver(n_modes=20)
    full, before = counts(s, 4, None)
    assert full == [20] * 4
    short, modes = counts(s, 10, 0.0)
    assert short == [20] * LATE_CYCLES + [16] * LATE_CYCLES + [8] * (10 - 2 * LATE_CYCLES)
    kept = modes.costs[modes.chosen]
    assert kept <= before.costs[before.chosen] + 1e-9  # the best was among those that stayed
    assert modes.feasible[modes.chosen]
    back, modes = counts(s, 2 * SPARE_CYCLES + 1, None)
    assert back == [8] * SPARE_CYCLES + [16] * SPARE_CYCLES + [20]
    assert modes.feasible[modes.chosen]


def test_of_several_groups_the_driving_mode_is_in_the_first(monkeypatch):
    served, cycle, chosen = [], KERNEL.cycle, []

    def recording(x0, U, incumbent, *rest):
        served.append(incumbent)
        return cycle(x0, U, incumbent, *rest)

    monkeypatch.setattr(KERNEL, "cycle", recording)
    for seed in range(4):
        s = solver(seed, n_modes=20, mode_switch_margin=0.0, mode_switch_cost=0.0)
        for n in range(4):  # each time the other way is cheaper
            chosen.append(s.cycle(X0, data(goal=(6.0, 2.0 * (-1) ** n)), 1.0, 0.2).chosen)
    assert max(chosen) >= LANES  # modes of later groups take over
    assert max(served) < LANES
