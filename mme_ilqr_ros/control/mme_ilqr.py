"""Multimodal maximum-entropy iLQR: the control cycle.

Every cycle: shift all modes in time, take their Gaussian policies and soft values, start the modes
anew from samples of the mixture (the incumbent is kept as it is), optimise all of them by iLQR, and
choose the one that drives. Plain iLQR is one mode at temperature 0; unimodal ME-iLQR samples from
the incumbent's policy alone.

Source: So, Wang, Theodorou, Maximum Entropy Differential Dynamic Programming, ICRA 2022.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel import Kernel, Policies, StageData
from mme_ilqr_ros.control.modes import Modes, select_mode, selection_costs
from mme_ilqr_ros.control.sampling import draw, random_controls
from mme_ilqr_ros.control.settings import MmeSettings
from mme_ilqr_ros.control.soft_value import mixture_weights, soft_value

Array = NDArray[np.float64]


class MmeIlqr:
    """Several locally optimal plans, kept alive from cycle to cycle.

    The warm start (the controls of all modes and the incumbent's index) is the only state.

    Args:
        kernel: Rollout, backward pass and line search.
        settings: Numbers of modes, iterations and stages, temperature and the like.
        multimodal: False samples from the incumbent's policy only.
        seed: Seed of all randomness.
    """

    def __init__(self, kernel: Kernel, settings: MmeSettings, multimodal: bool, seed: int) -> None:
        self._kernel = kernel
        self._settings = settings
        self._multimodal = multimodal
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Forget the warm start; the next cycle begins with random modes."""
        self._rng = np.random.default_rng(self._seed)
        self._controls: Array | None = None
        self._incumbent = 0

    def update(self, settings: MmeSettings, multimodal: bool) -> None:
        """Use other settings from the next cycle on; the warm start stays if its shape fits."""
        self._settings, self._multimodal = settings, multimodal
        shape = (settings.n_modes, settings.time_steps)
        if self._controls is not None and self._controls.shape[:2] != shape:
            self._controls, self._incumbent = None, 0

    def cycle(
        self,
        x0: Array,
        data: StageData,
        elapsed: float,
        required_gap: float,
        deadline: float | None = None,
    ) -> Modes:
        """Run one control cycle.

        Args:
            x0: State at which the first control applies [nx].
            data: Stage parameters, limits and world.
            elapsed: Time since the cycle before [s].
            required_gap: Distance of the robot's centre to obstacles that a mode must keep [m].
            deadline: `time.perf_counter()` value after which no iteration starts.
        """
        s = self._settings
        starts = self._starts(x0, data, elapsed, required_gap)
        found = self._kernel.optimise(x0, starts, data, s.n_iterations, deadline)
        feasible = found.gaps >= required_gap
        compared = selection_costs(found.costs, found.gaps, required_gap)
        chosen = select_mode(compared, self._incumbent, s.mode_switch_margin, s.mode_switch_cost)
        switched = chosen != self._incumbent
        self._controls, self._incumbent = found.U, chosen
        return Modes(
            states=found.X,
            controls=found.U,
            costs=found.costs,
            weights=self._weights(found.costs, found.log_det, feasible, found.U.shape[2]),
            gaps=found.gaps,
            feasible=feasible,
            chosen=chosen,
            switched=switched,
            iterations=found.iterations,
        )

    def _starts(self, x0: Array, data: StageData, elapsed: float, required_gap: float) -> Array:
        """Return the controls [N, T, nu] from which this cycle optimises."""
        if self._controls is None:
            return self._first_controls(data)
        shifted = shift_controls(self._controls, self._held_controls(x0), elapsed, data.dt)
        policies = self._kernel.policies(x0, shifted, data)
        if self._settings.temperature == 0.0:
            return policies.U
        return self._sampled(policies, policies.gaps >= required_gap, data)

    def _sampled(self, policies: Policies, feasible: NDArray[np.bool_], data: StageData) -> Array:
        """Replace every mode but the incumbent by a sample of the mixture or a random start."""
        s, n_modes = self._settings, len(policies.U)
        others = np.delete(np.arange(n_modes), self._incumbent)
        restarted, resampled = others[: s.n_restarts], others[s.n_restarts :]
        starts = policies.U.copy()
        for n in restarted:
            starts[n] = random_controls(s.time_steps, data.limits, self._rng)
        sources = np.full(len(resampled), self._incumbent)
        if self._multimodal:
            nu = policies.U.shape[2]
            weights = self._weights(policies.cost, policies.log_det, feasible, nu)
            sources = draw(weights, self._rng.random(len(resampled)))
        white = self._rng.standard_normal((len(resampled), *policies.U.shape[1:]))
        starts[resampled] = self._kernel.sample(
            policies, sources, white, s.temperature, s.noise_correlation, data
        )
        return starts

    def _weights(
        self, cost: Array, log_det: Array, feasible: NDArray[np.bool_], n_controls: int
    ) -> Array:
        s = self._settings
        values = soft_value(cost, log_det, s.temperature, s.time_steps, n_controls)
        return mixture_weights(values, s.temperature, feasible, s.weight_floor)

    def _first_controls(self, data: StageData) -> Array:
        """Straight on at half speed for the incumbent, random blocks for the others.

        A robot at rest cannot be steered in the linearisation, so no mode starts at rest.
        """
        s = self._settings
        draws = [random_controls(s.time_steps, data.limits, self._rng) for _ in range(s.n_modes)]
        controls = np.stack(draws)
        controls[self._incumbent] = 0.0
        controls[self._incumbent, :, 0] = 0.5 * data.limits.upper[0]
        return controls

    def _held_controls(self, x0: Array) -> Array:
        """Return the controls [nu] that hold at x0 (NaN where the model keeps none)."""
        held = self._kernel.problem.model.held_state
        return np.array([x0[i] if i >= 0 else np.nan for i in held])


def shift_controls(controls: Array, held: Array, elapsed: float, dt: float) -> Array:
    """Return controls [N, T, nu] moved `elapsed` seconds into the future.

    U[t] is reached at the end of stage t, linearly, so the profile is interpolated at the new
    stage ends; its last value goes on beyond the horizon.

    Args:
        controls: Controls [N, T, nu].
        held: Controls that hold now [nu]; NaN repeats the first control.
        elapsed: Shift [s], >= 0.
        dt: Stage duration [s].
    """
    n_stages = controls.shape[1]
    first = np.where(np.isnan(held), controls[:, :1], held)
    profile = np.concatenate([np.broadcast_to(first, controls[:, :1].shape), controls], axis=1)
    position = np.minimum(np.arange(1, n_stages + 1) + elapsed / dt, n_stages)
    left = np.minimum(position.astype(int), n_stages - 1)
    share = (position - left)[None, :, None]
    return (1.0 - share) * profile[:, left] + share * profile[:, left + 1]
