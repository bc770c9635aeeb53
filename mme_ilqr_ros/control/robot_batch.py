"""The control cycle of `MmeIlqr` for many robots in one batch, each with modes of its own.

What is cheap stays numpy and robot by robot, in the functions that one robot's cycle calls too:
weights, draws, choice. What is dear (rollouts, policies, iterations) is one batch of all modes.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel import Optimised, Policies, StageData
from mme_ilqr_ros.control.mme_ilqr import first_controls
from mme_ilqr_ros.control.mme_settings import MmeSettings
from mme_ilqr_ros.control.modes import NEAR, Modes, may_stay, select_mode, selection_costs
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.control.sampling import (
    cycle_noise,
    draw,
    in_blocks,
    shift_controls,
)
from mme_ilqr_ros.control.soft_value import mixture_weights, soft_value

Array = NDArray[np.float64]
AWAY = 1e6  # [m] where states are put that shall meet no obstacle, and circles that shall not count


class ManyModes(Protocol):
    """What a batch asks of its kernel, as of `control.batched.BatchedKernel`: x0 is [R, nx]."""

    problem: Problem

    def policies(self, x0: Array, U: Array, data: StageData) -> Policies:
        """Roll out U [R N, T, nu] and take every mode's policy."""
        ...

    def sample(
        self,
        policies: Policies,
        sources: NDArray[np.int64],
        white: Array,
        temperature: float,
        rho: float,
        data: StageData,
    ) -> Array:
        """Return the controls of rollouts of modes' policies with their noise."""
        ...

    def optimise(
        self,
        x0: Array,
        U: Array,
        data: StageData,
        iterations: int,
        deadline: float | None = None,
    ) -> Optimised:
        """Improve every mode."""
        ...


def stack_robots(data: Sequence[StageData]) -> StageData:
    """Return the tasks of several robots as one: parameters [R, T+1, NP], circles [R, M, 5].

    Raises:
        ValueError: The robots differ in what a batch shares: stage duration, limits, number of
            stages, barrier, distance field, cost to go.
    """
    first = data[0]
    for name, value in _shared(first).items():
        if any(_shared(other)[name] != value for other in data[1:]):
            raise ValueError(f"robots of one batch must have the same {name}")
    most = max(len(d.world.circles) for d in data)
    circles = np.zeros((len(data), most, 5))
    circles[:, :, :2] = AWAY
    for row, d in zip(circles, data, strict=True):
        row[: len(d.world.circles)] = d.world.circles
    return dataclasses.replace(
        first,
        parameters=np.stack([d.parameters for d in data]),
        world=dataclasses.replace(first.world, circles=circles),
    )


def _shared(data: StageData) -> dict[str, object]:
    goal = data.world.cost_to_go
    return {
        "stage duration": data.dt,
        "limits": data.limits,
        "number of stages": len(data.parameters),
        "barrier": data.world.barrier,
        "distance field": id(data.world.field),
        "cost to go": None if goal is None else {**vars(goal), "values": id(goal.values)},
    }


class RobotBatch:
    """Several locally optimal plans for each of many robots, kept alive from cycle to cycle.

    Args:
        kernel: Rollout, backward pass and line search of all modes.
        settings: Numbers of modes, iterations and stages, temperature and the like, of all robots.
        seeds: For every robot the seed of its randomness; its plans do not depend on the others.

    Raises:
        ValueError: The settings ask for what only `MmeIlqr` has.
    """

    def __init__(
        self,
        kernel: ManyModes,
        settings: MmeSettings,
        seeds: Sequence[int],
    ) -> None:
        if settings.sampler == "stein" or settings.duplicates != "keep":
            raise ValueError("a batch of robots has no sampler 'stein' and keeps duplicates")
        self._kernel, self._settings = kernel, settings
        self._seeds = tuple(seeds)
        self.reset()

    def reset(self) -> None:
        """Forget the warm starts; the next cycle begins with random modes."""
        self._rngs = [np.random.default_rng(seed) for seed in self._seeds]
        self._controls: Array | None = None  # [R, N, T, nu]
        self._incumbents = np.zeros(len(self._seeds), int)
        self._drives_for = np.full(len(self._seeds), np.inf)

    def cycle(
        self,
        x0: Array,
        data: StageData,
        elapsed: float,
        required_gap: float,
        deadline: float | None = None,
    ) -> list[Modes]:
        """Run one control cycle of every robot.

        Args:
            x0: States at which the first controls apply [R, nx].
            data: What `stack_robots` returns; or one robot's, where all have the same task.
            elapsed: Time since the cycle before [s].
            required_gap: Distance of the robots' centres to obstacles that a mode must keep [m].
            deadline: `time.perf_counter()` value after which no iteration starts.
        """
        starts = self._starts(x0, data, elapsed, required_gap)
        flat = starts.reshape(-1, *starts.shape[2:])
        found = self._kernel.optimise(x0, flat, data, self._settings.n_iterations, deadline)
        warm, self._controls = self._controls is not None, found.U.reshape(starts.shape)
        near = found.X[np.arange(len(x0)) * self._settings.n_modes + self._incumbents]
        near[:, math.ceil(NEAR / data.dt) + 1 :, :2] = AWAY
        near_gaps = self._kernel.smallest_gaps(near, data)
        self._drives_for += elapsed
        given = (found, required_gap, warm)
        return [self._chosen(r, float(near_gaps[r]), *given) for r in range(len(x0))]

    def _chosen(
        self, robot: int, near_gap: float, found: Optimised, required_gap: float, warm: bool
    ) -> Modes:
        """Choose a robot's mode."""
        s, own, incumbent = self._settings, self._own(robot), int(self._incumbents[robot])
        costs, gaps = found.costs[own], found.gaps[own]
        compared = selection_costs(costs, gaps, required_gap)
        stays = may_stay(gaps[incumbent], near_gap, required_gap) and np.isfinite(costs[incumbent])
        if stays:
            compared[incumbent] = costs[incumbent]
        dwells = stays and self._drives_for[robot] < s.mode_dwell_time
        margins = (s.mode_switch_margin, s.mode_switch_cost)
        chosen = select_mode(compared, incumbent, *margins, dwells)
        if chosen != incumbent and warm:
            self._drives_for[robot] = 0.0
        self._incumbents[robot] = chosen
        feasible, n_controls = gaps >= required_gap, found.U.shape[2]
        return Modes(
            states=found.X[own],
            controls=found.U[own],
            costs=costs,
            weights=self._weights(costs, found.log_det[own], feasible, n_controls),
            gaps=gaps,
            feasible=feasible,
            chosen=chosen,
            switched=chosen != incumbent,
            iterations=found.iterations,
        )

    def _starts(self, x0: Array, data: StageData, elapsed: float, required_gap: float) -> Array:
        """Return the controls [R, N, T, nu] from which this cycle optimises."""
        s = self._settings
        first = None
        if self._controls is None:
            first = np.stack(
                [first_controls(self._settings, data.limits, rng) for rng in self._rngs]
            )
        size = s.n_modes, s.time_steps, data.limits
        noises = [cycle_noise(*size, rng) for rng in self._rngs]  # in every cycle, as the kernel
        if first is not None:
            return first
        shifted = [shift_controls(own, elapsed / data.dt) for own in self._controls]
        policies = self._kernel.policies(x0, np.concatenate(shifted), data)
        starts = policies.U.reshape(self._controls.shape).copy()
        if self._settings.temperature > 0.0:
            self._resample(starts, policies, policies.gaps >= required_gap, noises, data)
        return starts

    def _resample(
        self,
        starts: Array,
        policies: Policies,
        feasible: NDArray[np.bool_],
        noises: list[tuple[Array, Array, Array]],
        data: StageData,
    ) -> None:
        """Replace all modes but the incumbents by samples of the mixture and random starts."""
        s, (_, n_modes, n_stages, nu) = self._settings, starts.shape
        sources, whites, places = [], [], []
        for r, (noise, incumbent) in enumerate(zip(noises, self._incumbents, strict=True)):
            own, others = self._own(r), np.delete(np.arange(n_modes), incumbent)
            white, uniform, blocks = noise
            n_restarts = n_modes if s.sampler == "restart" else s.n_restarts
            restarted, resampled = others[:n_restarts], others[n_restarts:]
            starts[r, restarted] = in_blocks(blocks[restarted], n_stages)
            source = np.full(n_modes, incumbent)
            if s.sampler == "mixture":
                own_policies = policies.cost[own], policies.log_det[own], feasible[own]
                source = draw(self._weights(*own_policies, nu), uniform)
            places.append(resampled)
            sources.append(source[resampled] + own.start)
            whites.append(white[resampled])
        if places[0].size == 0:
            return
        noise = s.temperature, s.noise_correlation
        drawn = self._kernel.sample(
            policies, np.concatenate(sources), np.concatenate(whites), *noise, data
        )
        starts[np.arange(len(starts))[:, None], np.stack(places)] = drawn.reshape(
            len(starts), -1, n_stages, nu
        )

    def _weights(
        self, cost: Array, log_det: Array, feasible: NDArray[np.bool_], n_controls: int
    ) -> Array:
        s = self._settings
        values = soft_value(cost, log_det, s.temperature, s.time_steps, n_controls)
        return mixture_weights(values, s.temperature, feasible, s.weight_floor)

    def _own(self, robot: int) -> slice:
        """Return where a robot's modes stand among all."""
        return slice(robot * self._settings.n_modes, (robot + 1) * self._settings.n_modes)
