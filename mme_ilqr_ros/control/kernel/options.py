"""What a control cycle is told about the algorithm."""

from __future__ import annotations

from typing import NamedTuple


class CycleOptions(NamedTuple):
    """Numbers of `MmeSettings` in the form that compiled code takes.

    Attributes:
        n_iterations: Largest number of iLQR iterations of a mode.
        temperature: Entropy weight alpha, in cost units; 0 samples nothing.
        weight_floor: Smallest sampling share of a feasible mode.
        noise_correlation: Of sampling noise between neighbouring stages, in [0, 1).
        n_restarts: Modes that start from random controls.
        multimodal: Whether samples follow all modes by their weights, or the incumbent alone.
        mode_switch_margin: Relative improvement that justifies a switch.
        mode_switch_cost: Cost below which that improvement no longer shrinks.
    """

    n_iterations: int
    temperature: float
    weight_floor: float
    noise_correlation: float
    n_restarts: int
    multimodal: bool
    mode_switch_margin: float
    mode_switch_cost: float
