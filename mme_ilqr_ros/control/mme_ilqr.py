"""Multimodal maximum-entropy iLQR: the control cycle.

Every cycle: shift all modes in time, take their Gaussian policies and soft values, start the modes
anew from samples of the mixture (the incumbent is kept as it is), optimise all of them by iLQR, and
choose the one that drives. Plain iLQR is one mode at temperature 0; unimodal ME-iLQR samples from
the incumbent's policy alone. The steps are joined in `kernel/text/cycle.py`.

Source: So, Wang, Theodorou, Maximum Entropy Differential Dynamic Programming, ICRA 2022.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel import CycleOptions, Kernel, StageData
from mme_ilqr_ros.control.modes import Modes
from mme_ilqr_ros.control.sampling import in_blocks, random_blocks
from mme_ilqr_ros.control.settings import MmeSettings

Array = NDArray[np.float64]


class MmeIlqr:
    """Several locally optimal plans, kept alive from cycle to cycle.

    The warm start (the controls of all modes and the incumbent's index) is the only state.

    Args:
        kernel: Runs the cycles.
        settings: Numbers of modes, iterations and stages, temperature and the like.
        multimodal: False samples from the incumbent's policy only.
        seed: Seed of all randomness.
    """

    def __init__(self, kernel: Kernel, settings: MmeSettings, multimodal: bool, seed: int) -> None:
        self._kernel = kernel
        self._seed = seed
        self._controls: Array | None = None
        self.update(settings, multimodal)
        self.reset()

    def reset(self) -> None:
        """Forget the warm start; the next cycle begins with random modes."""
        self._rng = np.random.default_rng(self._seed)
        self._controls = None
        self._incumbent = 0

    def update(self, settings: MmeSettings, multimodal: bool) -> None:
        """Use other settings from the next cycle on; the warm start stays if its shape fits."""
        self._settings = settings
        self._options = CycleOptions(
            n_iterations=settings.n_iterations,
            temperature=settings.temperature,
            weight_floor=settings.weight_floor,
            noise_correlation=settings.noise_correlation,
            n_restarts=settings.n_restarts,
            multimodal=multimodal,
            mode_switch_margin=settings.mode_switch_margin,
            mode_switch_cost=settings.mode_switch_cost,
        )
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
        warm = self._controls is not None
        found = self._kernel.cycle(
            x0,
            self._controls if warm else self._first_controls(data),
            self._incumbent,
            elapsed if warm else 0.0,
            self._rng,
            self._options,
            required_gap,
            data,
            warm,
            deadline,
        )
        switched = found.chosen != self._incumbent
        self._controls, self._incumbent = found.U, found.chosen
        return Modes(
            states=found.X,
            controls=found.U,
            costs=found.costs,
            weights=found.weights,
            gaps=found.gaps,
            feasible=found.gaps >= required_gap,
            chosen=found.chosen,
            switched=switched,
            iterations=found.iterations,
        )

    def _first_controls(self, data: StageData) -> Array:
        """Straight on at half speed for the incumbent, random blocks for the others.

        A robot at rest cannot be steered in the linearisation, so no mode starts at rest.
        """
        s = self._settings
        controls = in_blocks(random_blocks(s.n_modes, data.limits, self._rng), s.time_steps)
        controls[self._incumbent] = 0.0
        controls[self._incumbent, :, 0] = 0.5 * data.limits.upper[0]
        return controls
