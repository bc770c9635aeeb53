"""The modes of a control cycle, and the choice of the one to execute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
INFEASIBLE = 1e3  # cost of touching something, before its depth
WORST = 1e12
TOLERATED_LACK = 0.02  # [m] of the required distance that the executed mode may lack for a while
NEAR = 2.0  # [s] within which it may lack nothing


@dataclass(frozen=True, eq=False)
class Modes:
    """The optimised modes of one control cycle.

    Attributes:
        states: Predicted states [N, T+1, nx]; x, y [m] and yaw [rad] first.
        controls: Planned controls [N, T, nu].
        costs: J of every mode [N].
        weights: Mixture weights [N], summing to one.
        distances: Least predicted distance of the robot's centre to an obstacle [N] [m].
        feasible: Modes that keep the required distance [N].
        chosen: Index of the executed mode.
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
    """Return the index of the mode to execute.

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
