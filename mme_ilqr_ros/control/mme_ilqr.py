"""Multimodal maximum-entropy iLQR: the control cycle.

Several locally optimal plans (modes) are kept alive from cycle to cycle. Each has a Gaussian
policy u ~ N(U + k + K (x - X), alpha Quu^-1), and together they are a mixture with weights from
their soft values. New starts are drawn from the mixture, all modes are optimised by iLQR, and the
best feasible one drives. Plain iLQR is one mode at temperature 0; unimodal ME-iLQR samples from
the driving mode's policy alone.

R robots with N modes each are computed side by side; a controller has one robot.

Source: So, Wang, Theodorou, Maximum Entropy Differential Dynamic Programming, ICRA 2022.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel import Kernel, Optimised, StageData
from mme_ilqr_ros.control.mme_settings import MmeSettings
from mme_ilqr_ros.control.modes import (
    NEAR,
    TOLERATED_LACK,
    Modes,
    alternatives,
    mixture_weights,
    select_mode,
    selection_costs,
    soft_value,
)
from mme_ilqr_ros.control.samplers import SAMPLERS, Sampling
from mme_ilqr_ros.control.samplers.sampling import draw_noise, in_blocks, random_blocks
from mme_ilqr_ros.models import ControlLimits

Array = NDArray[np.float64]


class MmeIlqr:
    """Keeps the plans of R robots; the warm start is its only state.

    Args:
        kernel: Takes policies, samples them, optimises.
        settings: Numbers of modes, iterations and stages, temperature and the like.
        seeds: Seed of every robot's randomness [R]; its plans do not depend on the other robots.
    """

    def __init__(self, kernel: Kernel, settings: MmeSettings, seeds: Sequence[int]) -> None:
        self._kernel = kernel
        self._seeds = tuple(seeds)
        self._controls: Array | None = None  # [R, N, T, nu]
        self.update(settings)
        self.reset()

    def reset(self) -> None:
        """Forget the warm start; the next cycle begins with random modes."""
        self._rngs = [np.random.default_rng(seed) for seed in self._seeds]
        self._controls = None
        self._incumbents = np.zeros(len(self._seeds), np.int64)
        self._drives_for = np.full(len(self._seeds), math.inf)  # [s], every robot's incumbent

    def update(self, settings: MmeSettings) -> None:
        """Use other settings from the next cycle on; the warm start stays if its horizon fits."""
        self._settings = settings
        if self._controls is not None and self._controls.shape[2] != settings.time_steps:
            self._controls, self._incumbents = None, np.zeros_like(self._incumbents)

    @np.errstate(over="ignore", invalid="ignore")  # what is not finite loses every comparison
    def cycle(
        self,
        x0: Array,
        data: Sequence[StageData],
        elapsed: float,
        required: float,
        deadline: float | None = None,
    ) -> list[Modes]:
        """Run one control cycle; return every robot's modes.

        Args:
            x0: States at which the first controls apply [R, nx].
            data: Stage parameters, limits and world of every robot.
            elapsed: Time since the cycle before [s].
            required: Distance of the robots' centres to obstacles that a mode must keep [m].
            deadline: `time.perf_counter()` value after which no iteration starts.
        """
        s, kernel, robots = self._settings, self._kernel, np.arange(len(x0))
        warm = self._controls is not None
        U = self._shifted(data, elapsed) if warm else self._first_guesses(data)
        noise = draw_noise(s.n_modes, s.time_steps, [d.limits for d in data], self._rngs)
        if warm and s.temperature > 0.0:
            # The policies of the shifted plans, and the weights z^n / Z of their mixture.
            policies = kernel.policies(x0, U, data)
            weights = self._weights(policies.cost, policies.log_det, policies.distances >= required)
            # New starts: samples of the mixture, some random restarts, the incumbent as it is.
            given = (kernel, x0, data, policies, weights, self._incumbents, noise, s)
            U = SAMPLERS[s.sampler](Sampling(*given))
            restarted = others_of(self._incumbents, s.n_modes)[:, : s.n_restarts]
            random = robots[:, None], restarted
            U[random] = in_blocks(noise.blocks[random], s.time_steps)
            U[robots, self._incumbents] = policies.U[robots, self._incumbents]
        found = kernel.optimise(x0, U, data, s.n_iterations, deadline)
        clear = (found.distances >= required) & alternatives(found.costs)
        weights = self._weights(found.costs, found.log_det, clear)
        self._controls, self._drives_for = found.U, self._drives_for + elapsed
        return [self._choose(r, found, weights, required, d, warm) for r, d in enumerate(data)]

    def _weights(self, cost: Array, log_det: Array, feasible: NDArray[np.bool_]) -> Array:
        """Return the weight z^n / Z of every mode in the mixture policy [R, N]."""
        s, n_controls = self._settings, self._kernel.problem.model.nu
        values = soft_value(cost, log_det, s.temperature, s.time_steps, n_controls)
        return mixture_weights(values, s.temperature, feasible, s.weight_floor)

    def _choose(
        self,
        robot: int,
        found: Optimised,
        weights: Array,
        required: float,
        data: StageData,
        warm: bool,
    ) -> Modes:
        """Choose the mode that drives a robot, and note it."""
        s, incumbent = self._settings, int(self._incumbents[robot])
        costs, distances = found.costs[robot], found.distances[robot]
        compared = selection_costs(costs, distances, required)
        stays = math.isfinite(costs[incumbent]) and self._may_stay(robot, found, required, data)
        if stays:
            compared[incumbent] = costs[incumbent]
        dwells = stays and self._drives_for[robot] < s.mode_dwell_time
        chosen = select_mode(compared, incumbent, s.mode_switch_margin, s.mode_switch_cost, dwells)
        if chosen != incumbent and warm:  # nothing drove before the first cycle
            self._drives_for[robot] = 0.0
        self._incumbents[robot] = chosen
        return Modes(
            states=found.X[robot],
            controls=found.U[robot],
            costs=costs,
            weights=weights[robot],
            distances=distances,
            feasible=distances >= required,
            chosen=chosen,
            switched=chosen != incumbent,
            iterations=int(found.iterations[robot]),
        )

    def _may_stay(self, robot: int, found: Optimised, required: float, data: StageData) -> bool:
        """Return True for an incumbent that is feasible, or so nearly that it need not give way.

        An optimum may lie some millimetres beyond what is required, on one side or the other from
        cycle to cycle. Far ahead that is no reason to switch; there is time to correct it.
        """
        incumbent = self._incumbents[robot]
        lack = required - found.distances[robot, incumbent]
        if not 0.0 < lack <= TOLERATED_LACK:
            return bool(lack <= 0.0)
        near = found.X[robot, incumbent, : math.ceil(NEAR / data.dt) + 1]
        return bool(self._kernel.distances(near[None, None], [data])[0, 0] >= required)

    def _shifted(self, data: Sequence[StageData], elapsed: float) -> Array:
        """Return the last plans [R, N, T, nu], moved to now; as many as are wanted now.

        Groups are optimised one after the other. So that a deadline leaves the incumbent time, it
        moves into the first one.
        """
        s, U = self._settings, self._controls
        assert U is not None
        known = U.shape[1]
        if known != s.n_modes or self._incumbents.max() >= self._kernel.group:
            order = others_of(self._incumbents, known)
            order = np.concatenate([self._incumbents[:, None], order], axis=1)[:, : s.n_modes]
            missing = range(known, s.n_modes)
            U = np.stack(
                [
                    np.concatenate([U[r, order[r]], self._random(r, len(missing), data[r].limits)])
                    for r in range(len(U))
                ]
            )
            self._incumbents = np.zeros_like(self._incumbents)
        return shift_controls(U, elapsed / data[0].dt)

    def _random(self, robot: int, count: int, limits: ControlLimits) -> Array:
        blocks = random_blocks(count, limits, self._rngs[robot])
        return in_blocks(blocks, self._settings.time_steps)

    def _first_guesses(self, data: Sequence[StageData]) -> Array:
        """Return controls [R, N, T, nu]: straight on at half speed for mode 0, random for the rest.

        A robot at rest cannot be steered in the linearisation, so no mode starts at rest.
        """
        n_modes = self._settings.n_modes
        U = np.stack([self._random(r, n_modes, d.limits) for r, d in enumerate(data)])
        U[:, 0] = 0.0
        U[:, 0, :, 0] = [[0.5 * d.limits.upper[0]] for d in data]
        return U


def others_of(incumbents: NDArray[np.int64], n_modes: int) -> NDArray[np.int64]:
    """Return every robot's modes but the incumbent, in order [R, N - 1]."""
    others = np.arange(n_modes - 1)
    return others + (others >= incumbents[:, None])


def shift_controls(controls: Array, stages: float) -> Array:
    """Return controls [..., T, nu] moved a number of stages, >= 0, into the future.

    U[t] is reached at the end of stage t, linearly, so the profile is interpolated at the new stage
    ends; its last value goes on beyond the horizon.
    """
    n_stages = controls.shape[-2]
    whole = min(int(stages), n_stages)
    fraction = min(stages - whole, 1.0)
    beyond = np.repeat(controls[..., -1:, :], whole + 1, axis=-2)
    moved = np.concatenate([controls[..., whole:, :], beyond], axis=-2)
    return (1.0 - fraction) * moved[..., :-1, :] + fraction * moved[..., 1:, :]
