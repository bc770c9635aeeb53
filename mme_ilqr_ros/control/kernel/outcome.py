"""What a kernel returns, modes first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Policies:
    """The Gaussian policies N(U + k + K (x - X), temperature Quu^-1) of all modes.

    Attributes:
        X: State trajectories [N, T+1, nx].
        U: Controls [N, T, nu].
        k: Feedforward [N, T, nu].
        K: Gains [N, T, nu, nx].
        Quu: Action-value Hessians [N, T, nu, nu].
        cost: J + sum(Q_u'k + k'Q_uu k / 2) [N].
        log_det: Sum of log det Q_uu over the free controls [N].
        gaps: Smallest distance of the robot's centre to anything [N] [m].
    """

    X: Array
    U: Array
    k: Array
    K: Array
    Quu: Array
    cost: Array
    log_det: Array
    gaps: Array


@dataclass(frozen=True)
class Optimised:
    """Modes after some iLQR iterations.

    Attributes:
        X: State trajectories [N, T+1, nx].
        U: Controls [N, T, nu].
        costs: J [N].
        log_det: Sum of log det Q_uu over the free controls [N].
        gaps: Smallest distance of the robot's centre to anything [N] [m].
        iterations: Iterations done by the first group of modes.
    """

    X: Array
    U: Array
    costs: Array
    log_det: Array
    gaps: Array
    iterations: int


@dataclass(frozen=True)
class Cycled:
    """Modes after a control cycle.

    Attributes:
        X: State trajectories [N, T+1, nx].
        U: Controls [N, T, nu].
        costs: J [N].
        gaps: Smallest distance of the robot's centre to anything [N] [m].
        weights: Mixture weights [N].
        chosen: The mode that drives.
        iterations: Iterations done by the first group of modes.
    """

    X: Array
    U: Array
    costs: Array
    gaps: Array
    weights: Array
    chosen: int
    iterations: int
