"""Soft values and mixture weights of the modes.

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

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


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
