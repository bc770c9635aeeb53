"""The modes of a cycle: their soft values and weights, and the choice of the one to execute.

With entropy weight alpha (the temperature) the value of mode n at the start is

    V^n = J^n + sum_t (Q_u'k + k'Q_uu k / 2)_t
          + alpha/2 sum_t log det Q_uu,t - alpha/2 T n_u log(2 pi alpha)

and its weight in the mixture policy is z^n / Z with z^n = exp(-V^n / alpha), Z = sum z^n.
The last part of V^n is the same for all modes, so weights do not need it; the log det part makes
a wide basin count for more than a narrow one of the same cost (Laplace's approximation).

Source: So, Wang, Theodorou, Maximum Entropy Differential Dynamic Programming, ICRA 2022, eq. for
V and for the multimodal policy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel.task import CONTENDING

Array = NDArray[np.float64]
INFEASIBLE = 1e3  # cost of touching something, before its depth
WORST = 1e12
TOLERATED_LACK = 0.02  # [m] of the required distance that the driving mode may lack for a while
NEAR = 2.0  # [s] within which it may lack nothing


@dataclass(frozen=True, eq=False)
class Modes:
    """The optimised modes of one control cycle.

    Attributes:
        states: Predicted states [N, T+1, nx]; x, y [m] and yaw [rad] first.
        controls: Planned controls [N, T, nu].
        costs: J of every mode [N].
        weights: Mixture weights [N], summing to one; 0 for modes that touch something, and for
            those whose cost is no alternative to the best (they need not be optimised).
        distances: Least predicted distance of the robot's centre to an obstacle [N] [m].
        feasible: Modes that keep the required distance [N].
        chosen: Index of the mode that drives.
        switched: True when it is another mode than in the cycle before.
        iterations: iLQR iterations done.
    """

    states: Array
    controls: Array
    costs: Array
    weights: Array
    distances: Array
    feasible: NDArray[np.bool_]
    chosen: int
    switched: bool
    iterations: int


def alternatives(costs: Array) -> NDArray[np.bool_]:
    """Return which modes [..., N] do not cost far more than the best; the kernel waits for them."""
    best = costs.min(axis=-1, keepdims=True)
    return costs <= best + (CONTENDING - 1.0) * np.maximum(np.abs(best), 1.0)


def selection_costs(costs: Array, distances: Array, required: float) -> Array:
    """Return the costs by which modes are compared [N]: feasibility first, then J."""
    depth = required - distances
    compared = costs + (depth > 0.0) * INFEASIBLE * (1.0 + depth)
    compared[~(compared < WORST)] = WORST  # a cost that is not finite must not win, nor stay
    return compared


def select_mode(
    costs: Array,
    incumbent: int,
    switch_margin: float,
    switch_cost: float = 0.0,
    dwells: bool = False,
) -> int:
    """Return the index of the mode that drives.

    The incumbent stays unless another mode is better by more than `switch_margin` times the
    incumbent's cost, or times `switch_cost` if that is more; and it stays while it dwells. There
    is one sign: larger margin, cost or dwell time always means fewer switches, never more.

    Args:
        costs: Selection costs [N].
        incumbent: The mode that drove in the cycle before, already shifted and optimised.
        switch_margin: Relative improvement that justifies a switch, >= 0.
        switch_cost: Cost below which the improvement asked for no longer shrinks, >= 0.
        dwells: The incumbent may stay and drives for less than the dwell time.
    """
    if dwells:
        return incumbent
    best = int(np.argmin(costs))
    if costs[best] < costs[incumbent] - switch_margin * max(abs(costs[incumbent]), switch_cost):
        return best
    return incumbent


def soft_value(
    cost: Array, log_det: Array, temperature: float, n_stages: int, n_controls: int
) -> Array:
    """Return the soft value V^n of every mode [..., N].

    Args:
        cost: Best cost of the quadratic model, J + sum(Q_u'k + k'Q_uu k / 2) [..., N].
        log_det: Sum over the stages of log det Q_uu [..., N].
        temperature: alpha >= 0, in cost units; 0 gives the plain cost.
        n_stages: Horizon T.
        n_controls: n_u.
    """
    if temperature == 0.0:
        return cost.copy()
    constant = n_stages * n_controls * math.log(2.0 * math.pi * temperature)
    return cost + 0.5 * temperature * (log_det - constant)


def mixture_weights(
    values: Array, temperature: float, feasible: NDArray[np.bool_], floor: float
) -> Array:
    """Return the weight z^n / Z of every mode [..., N]; those of a robot sum to one.

    Args:
        values: Soft values V^n [..., N].
        temperature: alpha >= 0; at 0 the best mode gets everything.
        feasible: Modes that touch nothing [..., N]; the others get no weight unless all touch.
        floor: Smallest weight of a feasible mode, so that the sampling never collapses.
    """
    barred = ~feasible & feasible.any(axis=-1, keepdims=True)
    above = np.where(barred, np.inf, values)
    above -= above.min(axis=-1, keepdims=True)
    if temperature == 0.0:
        best = np.argmin(above, axis=-1)[..., None]
        return (np.arange(values.shape[-1]) == best).astype(float)
    weights = np.exp(above / -temperature)
    weights = np.maximum(weights / weights.sum(axis=-1, keepdims=True), floor)
    weights[barred] = 0.0
    return weights / weights.sum(axis=-1, keepdims=True)
