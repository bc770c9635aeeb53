"""What the algorithm asks of a kernel: policies, samples, optimised modes, distances.

R robots, each with N modes, side by side: arrays begin with [R, N]. Every robot has a `StageData`
of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel.task import StageData
from mme_ilqr_ros.control.problem import Problem

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Policies:
    """The Gaussian policies N(U + k + K (x - X), temperature Quu^-1) of all modes.

    Attributes:
        X: State trajectories [R, N, T+1, nx].
        U: Controls [R, N, T, nu].
        k: Feedforward [R, N, T, nu].
        K: Gains [R, N, T, nu, nx].
        Quu: Action-value Hessians [R, N, T, nu, nu].
        cost: J + sum(Q_u'k + k'Q_uu k / 2) [R, N].
        log_det: Sum of log det Q_uu over the controls that are not at a bound [R, N].
        distances: Least distance of the robot's centre to an obstacle [R, N] [m].
    """

    X: Array
    U: Array
    k: Array
    K: Array
    Quu: Array
    cost: Array
    log_det: Array
    distances: Array


@dataclass(frozen=True)
class Optimised:
    """Modes after some iLQR iterations.

    Attributes:
        X: State trajectories [R, N, T+1, nx].
        U: Controls [R, N, T, nu].
        costs: J [R, N].
        log_det: Sum of log det Q_uu over the controls that are not at a bound [R, N].
        distances: Least distance of the robot's centre to an obstacle [R, N] [m].
        iterations: Iterations of every robot's first group of modes [R].
    """

    X: Array
    U: Array
    costs: Array
    log_det: Array
    distances: Array
    iterations: NDArray[np.int64]


class Kernel(Protocol):
    """Rollouts, policies and iterations of many modes at once.

    Attributes:
        problem: Model and cost terms.
        group: Number of modes that are optimised side by side; groups come one after the other.
    """

    problem: Problem
    group: int

    def policies(self, x0: Array, U: Array, data: Sequence[StageData]) -> Policies:
        """Roll U [R, N, T, nu] out from x0 [R, nx] within the limits; return the policies."""
        ...

    def sample(
        self,
        policies: Policies,
        sources: NDArray[np.int64],
        white: Array,
        temperature: float,
        rho: float,
        data: Sequence[StageData],
    ) -> Array:
        """Return the controls [R, S, T, nu] of rollouts of policies with their noise.

        Args:
            policies: The policies.
            sources: Mode that each rollout follows [R, S].
            white: Independent unit normal numbers [R, S, T, nu].
            temperature: alpha, in cost units; the noise has covariance alpha Quu^-1.
            rho: Correlation of the noise between neighbouring stages, in [0, 1).
            data: What each robot's modes share.
        """
        ...

    def optimise(
        self,
        x0: Array,
        U: Array,
        data: Sequence[StageData],
        iterations: int,
        deadline: float | None = None,
    ) -> Optimised:
        """Improve every mode by up to `iterations` iLQR iterations.

        Args:
            x0: Initial states [R, nx].
            U: Controls to start from [R, N, T, nu].
            data: What each robot's modes share.
            iterations: Largest number of iterations of a mode.
            deadline: Value of `time.perf_counter()` after which no further iteration starts.
        """
        ...

    def distances(self, X: Array, data: Sequence[StageData]) -> Array:
        """Return the least distance [R, N] of the centre to an obstacle along X [R, N, ., nx]."""
        ...
