"""The planners that can be trained, by name; each is made from a seeded generator.

structured              learned cost, known moves, exact fixed point: the planner that ships
vin, gppn, symvin       free kernels, unrolled: the papers' baselines
id_vin, id_gppn, ...    the same three with the implicit adjoint
lstm_gppn               GPPN as it was first published, which has no implicit twin
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import nn

from mme_ilqr_ros.learning.encoders import CostEncoder
from mme_ilqr_ros.learning.structured import StructuredIDVIN
from studies.family.decision import DecisionSymVIN, DecisionVIN
from studies.family.free_kernel import FreeKernelPlanner, FreeKernelSettings
from studies.family.gppn import GPPN, ContractingGPPN
from studies.family.lstm_gppn import LSTMGPPN
from studies.family.symvin import SymVIN
from studies.family.vin import VIN
from studies.fixed_point import Stopping
from studies.torus import TorusIDVIN

STRUCTURED = "structured"
UNROLLED = FreeKernelSettings()
IMPLICIT = FreeKernelSettings(adjoint="implicit", stopping=Stopping(1e-4, 400, relative=True))
_GATED = {"n_hidden": 150, "n_q": 150}

FREE_KERNEL: Mapping[str, tuple[type[FreeKernelPlanner], FreeKernelSettings]] = {
    "vin": (VIN, UNROLLED),
    "id_vin": (VIN, IMPLICIT),
    "gppn": (GPPN, replace(UNROLLED, **_GATED)),
    "id_gppn": (GPPN, replace(IMPLICIT, **_GATED)),
    "lstm_gppn": (LSTMGPPN, replace(UNROLLED, **_GATED, kernel=9, stopping=Stopping(0.0, 19))),
    "symvin": (SymVIN, UNROLLED),
    "id_symvin": (SymVIN, IMPLICIT),
}
"""Class and settings of the planners with a free kernel."""
CONTRACTING: Mapping[type[FreeKernelPlanner], type[FreeKernelPlanner]] = {
    VIN: DecisionVIN,
    SymVIN: DecisionSymVIN,
    GPPN: ContractingGPPN,
}
"""What a discount makes of a class: a contraction by construction."""
_SIZES = {
    "vin": ("h.weight", "w", 0, "w"),
    "gppn": ("h.weight", "candidate", 0, "candidate"),
    "lstm_gppn": ("h.weight", "policy.weight", 1, "message.weight"),
    "symvin": ("h.kernel.free", "w.free", 0, None),
}
"""Which tensors show the width of h, of Q (and along which axis), and the side of the kernel."""


def structured(generator: torch.Generator, *, wrap: bool = False) -> StructuredIDVIN:
    """Return the planner of this package: a learned cost, known moves, the exact fixed point."""
    return (TorusIDVIN if wrap else StructuredIDVIN)(CostEncoder(generator))


def free_kernel(
    name: str, generator: torch.Generator, settings: FreeKernelSettings | None = None
) -> FreeKernelPlanner:
    """Return a planner with a free kernel, with other settings than its own if some are given.

    Settings with a discount make it a contraction; see `CONTRACTING`.

    Raises:
        ValueError: The settings have a discount and the planner no such form.
    """
    kind, own = FREE_KERNEL[name]
    settings = settings or own
    if settings.discount is not None:
        if kind not in CONTRACTING:
            raise ValueError(f"discount: {name} has no form that is a contraction")
        kind = CONTRACTING[kind]
    return kind(generator, settings)


def settings_of(name: str, tensors: Mapping[str, np.ndarray]) -> FreeKernelSettings:
    """Return the settings of a planner with a free kernel that its weights [...] go with.

    Widths and discount are theirs; what does not show in weights, as `wrap`, is the default's.

    Raises:
        KeyError: They are not of this planner.
    """
    own = FREE_KERNEL[name][1]
    first, iterated, axis, kernel = _SIZES[name.removeprefix("id_")]
    discount = tensors.get("discount")
    return replace(
        own,
        n_hidden=len(tensors[first]),
        n_q=tensors[iterated].shape[axis],
        kernel=own.kernel if kernel is None else tensors[kernel].shape[-1],
        discount=None if discount is None else float(discount),
    )


MODELS: Mapping[str, Callable[[torch.Generator], nn.Module]] = {
    STRUCTURED: structured,
    **{name: partial(free_kernel, name) for name in FREE_KERNEL},
}
