"""Multimodal maximum-entropy iLQR: the control cycle.

Every cycle: shift all modes in time, take their Gaussian policies and soft values, start the modes
anew from samples of the mixture (the incumbent is kept as it is), optimise all of them by iLQR, and
choose the one that drives. Plain iLQR is one mode at temperature 0; unimodal ME-iLQR samples from
the incumbent's policy alone. The steps are joined in `kernel/text/cycle.py`; those of samplers for
studies in `composed.py`.

Source: So, Wang, Theodorou, Maximum Entropy Differential Dynamic Programming, ICRA 2022.
"""

from __future__ import annotations

import math
import time

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.composed import composed_starts
from mme_ilqr_ros.control.distinct import wall_points, ways_round
from mme_ilqr_ros.control.kernel import LANES, Cycled, CycleOptions, Kernel, StageData
from mme_ilqr_ros.control.mme_settings import MmeSettings
from mme_ilqr_ros.control.mode_budget import ModeBudget
from mme_ilqr_ros.control.modes import Modes, by_merit, selection_costs
from mme_ilqr_ros.control.sampling import in_blocks, random_blocks
from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.models import ControlLimits

Array = NDArray[np.float64]


class MmeIlqr:
    """Several locally optimal plans, kept alive from cycle to cycle.

    The warm start (the controls of all modes, the incumbent and since when it drives) is the only
    state.

    Args:
        kernel: Runs the cycles.
        settings: Numbers of modes, iterations and stages, temperature and the like.
        seed: Seed of all randomness.
    """

    def __init__(self, kernel: Kernel, settings: MmeSettings, seed: int) -> None:
        self._kernel = kernel
        self._seed = seed
        self._budget = ModeBudget(LANES)
        self._walls: tuple[DistanceField | None, Array] = (None, no_circles())
        self._controls: Array | None = None
        self.update(settings)
        self.reset()

    def reset(self) -> None:
        """Forget the warm start; the next cycle begins with random modes."""
        self._rng = np.random.default_rng(self._seed)
        self._controls = None
        self._incumbent = 0
        self._drives_for = math.inf
        self._budget.reset()

    def update(self, settings: MmeSettings) -> None:
        """Use other settings from the next cycle on; the warm start stays if its horizon fits."""
        self._settings = settings
        restarts = settings.n_modes if settings.sampler == "restart" else settings.n_restarts
        self._options = CycleOptions(  # numbers of one kind: an int would compile another cycle
            n_iterations=settings.n_iterations,
            temperature=float(settings.temperature),
            weight_floor=float(settings.weight_floor),
            noise_correlation=float(settings.noise_correlation),
            n_restarts=restarts,
            multimodal=settings.sampler == "mixture",
            mode_switch_margin=float(settings.mode_switch_margin),
            mode_switch_cost=float(settings.mode_switch_cost),
        )
        if self._controls is not None and self._controls.shape[1] != settings.time_steps:
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
        begin, warm = time.perf_counter(), self._controls is not None
        if warm:
            controls = self._affordable(data)
        else:
            controls = first_controls(self._settings, data.limits, self._rng)
        self._drives_for += elapsed
        found = self._found(x0, controls, elapsed, required_gap, data, warm, deadline)
        switched = found.chosen != self._incumbent
        turned = switched and self._turned(found, data)
        if switched and warm:  # nothing drove before the first cycle
            self._drives_for = 0.0
        self._controls, self._incumbent = found.U, found.chosen
        allowed = math.inf if deadline is None else deadline - begin
        self._budget.note(time.perf_counter() - begin, allowed, len(controls))
        self._order = self._next_order(found, required_gap, data)
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
            turned=turned,
        )

    def _found(
        self,
        x0: Array,
        controls: Array,
        elapsed: float,
        required_gap: float,
        data: StageData,
        warm: bool,
        deadline: float | None,
    ) -> Cycled:
        """Run the compiled cycle; where it does not know the sampler, on starts made before."""
        s, dwells = self._settings, self._drives_for < self._settings.mode_dwell_time
        if warm and s.temperature > 0.0 and (s.sampler == "stein" or s.duplicates != "keep"):
            given = (self._incumbent, elapsed, self._rng, s, required_gap, data)
            controls = composed_starts(
                self._kernel, x0, controls, *given, lambda X, J: self._ways(X, J, data)
            )
            warm = False
        return self._kernel.cycle(
            x0,
            controls,
            self._incumbent,
            elapsed if warm else 0.0,
            self._rng,
            self._options,
            required_gap,
            data,
            warm,
            dwells,
            deadline,
        )

    def _affordable(self, data: StageData) -> Array:
        """Return the controls of as many modes as there is time for, the incumbent's among them.

        Groups are optimised in order: of several, the incumbent's comes first.
        """
        s, n_modes = self._settings, self._budget.modes(self._settings.n_modes)
        controls = self._controls
        if len(controls) > n_modes or self._incumbent >= LANES:
            controls, self._incumbent = controls[self._order[:n_modes]], 0
        missing = n_modes - len(controls)
        if missing > 0:
            fresh = in_blocks(random_blocks(missing, data.limits, self._rng), s.time_steps)
            controls = np.concatenate([controls, fresh])
        return controls

    def _next_order(self, found: Cycled, required_gap: float, data: StageData) -> NDArray[np.int64]:
        """Return the modes in the order in which to optimise them, the one that drives first."""
        modes = np.arange(len(found.costs))
        if self._budget.modes(self._settings.n_modes) >= len(modes):
            return np.argsort(modes != found.chosen, kind="stable")
        compared = selection_costs(found.costs, found.gaps, required_gap)
        return by_merit(compared, self._ways(found.X, compared, data), found.chosen)

    def _turned(self, found: Cycled, data: StageData) -> bool:
        """Return True when the chosen mode is another way round than the incumbent."""
        both = found.X[[found.chosen, self._incumbent]]
        return bool(self._ways(both, np.arange(2.0), data)[1] != 0)

    def _ways(self, X: Array, costs: Array, data: StageData) -> NDArray[np.int64]:
        """Return for every mode the best that is the same way round; points of walls are kept."""
        circles, field = data.world.circles, data.world.field
        if field is not self._walls[0]:
            self._walls = field, no_circles() if field is None else wall_points(field)
        return ways_round(X, costs, data.dt, circles, field, self._walls[1])


def first_controls(settings: MmeSettings, limits: ControlLimits, rng: np.random.Generator) -> Array:
    """Return controls [N, T, nu]: straight on at half speed for mode 0, random blocks for the rest.

    A robot at rest cannot be steered in the linearisation, so no mode starts at rest.
    """
    blocks = random_blocks(settings.n_modes, limits, rng)
    controls = in_blocks(blocks, settings.time_steps)
    controls[0] = 0.0
    controls[0, :, 0] = 0.5 * limits.upper[0]
    return controls
