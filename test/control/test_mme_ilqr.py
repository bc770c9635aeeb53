import dataclasses

import numpy as np
import pytest
from one_robot import OneRobotSolver, one_robot

from mme_ilqr_ros.control.kernel import Optimised
from mme_ilqr_ros.control.mme_ilqr import MmeIlqr, shift_controls
from mme_ilqr_ros.control.mme_settings import SAMPLERS as NAMES
from mme_ilqr_ros.control.modes import mixture_weights, select_mode, selection_costs, soft_value
from mme_ilqr_ros.control.objective import algorithm_settings, stage_data, standard_problem
from mme_ilqr_ros.control.own_units import in_own_units
from mme_ilqr_ros.control.samplers import SAMPLERS
from mme_ilqr_ros.control.samplers.mixture import draw
from mme_ilqr_ros.control.samplers.sampling import draw_noise, in_blocks
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.settings import build

SETTINGS = in_own_units(ControllerSettings())
KERNEL = one_robot(standard_problem())
PILLAR = np.array([[3.0, 0.0, 0.6, 0.0, 0.0]])
X0 = np.array([0.0, 0.0, 0.0, 0.5, 0.0])


def data(circles=PILLAR, goal=(6.0, 0.0)):
    return stage_data(KERNEL.problem, SETTINGS, np.array(goal), circles, None)


def solver(seed=0, **changes) -> OneRobotSolver:
    return OneRobotSolver(KERNEL, dataclasses.replace(SETTINGS.mme, **changes), seed)


def sides(modes):
    """+1 where a mode passes the pillar on the left, -1 on the right."""
    at_pillar = np.argmin(np.abs(modes.states[:, :, 0] - 3.0), axis=1)
    return np.sign(modes.states[np.arange(len(at_pillar)), at_pillar, 1])


def test_a_mirror_symmetric_scene_yields_both_ways_round_at_equal_cost():
    best = {+1: [], -1: []}
    for seed in range(4):  # first cycles, in which every mode is optimised to its end
        modes = solver(seed).cycle(X0, data(), 0.0, 0.2)
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
    followed, sample = [], KERNEL.kernel.sample

    def recording(policies, sources, *rest):
        followed.extend(sources[0])
        return sample(policies, sources, *rest)

    monkeypatch.setattr(KERNEL.kernel, "sample", recording)
    s = solver(sampler="unimodal", temperature=5.0)
    first = s.cycle(X0, data(), 0.0, 0.2)
    assert not followed  # there is nothing to follow at first
    s.cycle(X0, data(), 0.0, 0.2)
    assert set(followed) == {first.chosen}
    followed.clear()
    s = solver(temperature=5.0)
    for _ in range(4):
        s.cycle(X0, data(), 0.0, 0.2)
    assert len(set(followed)) > 1


def test_every_sampler_that_can_be_asked_for_is_there_and_keeps_the_incumbent():
    assert tuple(SAMPLERS) == NAMES
    for name in NAMES:
        s = solver(sampler=name)
        before = s.cycle(X0, data(), 0.0, 0.2)
        for _ in range(2):
            after = s.cycle(X0, data(), 0.0, 0.2)
            assert after.costs[before.chosen] <= before.costs[before.chosen] + 1e-9
            before = after


def test_random_restarts_leave_only_the_driving_mode(monkeypatch):
    starts, optimise = [], KERNEL.kernel.optimise

    def recording(x0, U, *rest):
        starts.append(U[0].copy())
        return optimise(x0, U, *rest)

    monkeypatch.setattr(KERNEL.kernel, "optimise", recording)
    s = solver(sampler="restart")
    before = s.cycle(X0, data(), 0.0, 0.2)
    rng = np.random.default_rng()
    rng.bit_generator.state = s._rngs[0].bit_generator.state
    s.cycle(X0, data(), 0.1, 0.2)
    blocks = draw_noise(8, 50, [data().limits], [rng]).blocks[0]
    random = np.all(starts[-1] == in_blocks(blocks, 50), axis=(1, 2))
    assert random.tolist() == [n != before.chosen for n in range(8)]


def test_variants_are_presets_of_the_samplers():
    mme = SETTINGS.mme
    expected = {
        "ilqr": dataclasses.replace(mme, n_modes=1, n_restarts=0, temperature=0.0),
        "me_ilqr": dataclasses.replace(mme, sampler="unimodal"),
        "sv_ilqr": dataclasses.replace(mme, sampler="stein"),
        "mme_ilqr": mme,
    }
    for variant, settings in expected.items():
        given = in_own_units(build(ControllerSettings, {"variant": variant}))
        assert algorithm_settings(given) == settings


def test_robots_side_by_side_plan_as_each_alone():
    """Same seeds, same plans, whoever else is computed with them."""
    places = np.array([X0, [1.0, 0.4, 0.2, 0.5, 0.0]])
    tasks = [data(), data(goal=(6.0, 1.0))]
    together = MmeIlqr(KERNEL.kernel, SETTINGS.mme, [3, 4])
    alone = [MmeIlqr(KERNEL.kernel, SETTINGS.mme, [seed]) for seed in (3, 4)]
    for _ in range(3):
        modes = together.cycle(places, tasks, 0.1, 0.2)
        for r, own in enumerate(alone):
            [expected] = own.cycle(places[r : r + 1], tasks[r : r + 1], 0.1, 0.2)
            assert np.array_equal(modes[r].controls, expected.controls)
            assert modes[r].chosen == expected.chosen


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


def test_a_cycle_follows_its_steps_one_by_one():
    """The cycle, and the same put together from its parts."""
    s, mme = solver(seed=4), SETTINGS.mme
    before = s.cycle(X0, data(), 0.0, 0.2)
    rng = np.random.default_rng()
    rng.bit_generator.state = s._rngs[0].bit_generator.state
    after = s.cycle(X0, data(), 0.1, 0.2)
    policies = KERNEL.policies(X0, shift_controls(before.controls, 0.1 / 0.2), data())
    noise = draw_noise(8, mme.time_steps, [data().limits], [rng])
    white, uniform, blocks = (part[0] for part in noise)
    size = mme.temperature, mme.time_steps, 2
    values = soft_value(policies.cost, policies.log_det, *size)
    weights = mixture_weights(values, mme.temperature, policies.distances >= 0.2, mme.weight_floor)
    drawn = (draw(weights, uniform), white, mme.temperature, mme.noise_correlation)
    starts = KERNEL.sample(policies, *drawn, data())
    starts[before.chosen] = policies.U[before.chosen]
    restarted = [n for n in range(8) if n != before.chosen][: mme.n_restarts]
    starts[restarted] = in_blocks(blocks, mme.time_steps)[restarted]
    found = KERNEL.optimise(X0, starts, data(), mme.n_iterations)
    assert after.costs == pytest.approx(found.costs, rel=1e-9)
    compared = selection_costs(found.costs, found.distances, 0.2)
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


def test_a_longer_dwell_time_means_fewer_switches():
    changes = []
    for dwell in (0.0, 0.35, 10.0):
        s = solver(mode_dwell_time=dwell, mode_switch_margin=0.0, mode_switch_cost=0.0)
        s.cycle(X0, data(), 0.1, 0.2)
        goals = ((6.0, 2.0 * (-1) ** n) for n in range(16))  # each time the other side is cheaper
        switches = [s.cycle(X0, data(goal=goal), 0.1, 0.2).switched for goal in goals]
        changes.append(sum(switches))
        apart = np.diff(np.flatnonzero(switches))
        assert all(cycles * 0.1 >= dwell - 1e-9 for cycles in apart)
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


def test_a_deadline_that_has_passed_leaves_the_driving_mode_as_it_is():
    s = solver(n_modes=20)
    for _ in range(3):
        before = s.cycle(X0, data(), 0.0, 0.2)
    after = s.cycle(X0, data(), 0.0, 0.2, deadline=0.0)
    kept = after.costs[after.chosen]
    assert kept <= before.costs[before.chosen] + 1e-9
    assert after.feasible[after.chosen]


def test_an_incumbent_may_lack_a_little_far_ahead_and_nothing_near():
    s = solver()
    states = np.zeros((1, 1, 51, 5))
    states[0, 0, :, 0] = np.linspace(0.0, 10.0, 51)  # 1 m/s along x

    def stays(lack, at):
        beside = data(np.array([[at, 0.2 + 0.4 - lack, 0.4, 0.0, 0.0]]))
        distances = KERNEL.kernel.distances(states, [beside])
        found = Optimised(states, states, distances, distances, distances, np.zeros(1))
        return s._may_stay(0, found, 0.2, beside)

    assert stays(-0.01, 1.0)
    assert stays(0.01, 5.0)
    assert not stays(0.01, 1.0)
    assert not stays(0.03, 5.0)


def test_of_several_groups_the_driving_mode_is_in_the_first(monkeypatch):
    served, chosen, optimise = [], [], KERNEL.kernel.optimise

    def recording(*given):
        served.append(int(s._incumbents[0]))
        return optimise(*given)

    monkeypatch.setattr(KERNEL.kernel, "optimise", recording)
    for seed in range(4):
        s = solver(seed, n_modes=20, mode_switch_margin=0.0, mode_switch_cost=0.0)
        for n in range(4):  # each time the other side is cheaper
            chosen.append(s.cycle(X0, data(goal=(6.0, 2.0 * (-1) ** n)), 1.0, 0.2).chosen)
    assert max(chosen) >= KERNEL.group  # modes of later groups take over
    assert max(served) < KERNEL.group
