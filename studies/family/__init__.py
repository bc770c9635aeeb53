"""The planners that can be trained, by name; each is made from a seeded generator.

structured              learned cost, known moves, exact fixed point: the planner that ships
vin, gppn, symvin       free kernels, unrolled: the papers' baselines
id_vin, id_gppn, ...    the same three with the implicit adjoint
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
from studies.family.gppn import GPPN
from studies.family.symvin import SymVIN
from studies.family.vin import VIN
from studies.fixed_point import Stopping
from studies.torus import TorusIDVIN

STRUCTURED = "structured"
UNROLLED = FreeKernelSettings()
IMPLICIT = FreeKernelSettings(adjoint="implicit", stopping=Stopping(1e-4, 400, relative=True))
# A gated recurrence often has no fixed point to the tolerance. The plain sum, cut off at the cap,
# is still a gradient to learn from then; Anderson's mix of such sums is not.
GATED = replace(IMPLICIT, adjoint_solver="forward")

FREE_KERNEL: Mapping[str, tuple[type[FreeKernelPlanner], FreeKernelSettings]] = {
    "vin": (VIN, UNROLLED),
    "id_vin": (VIN, IMPLICIT),
    "gppn": (GPPN, UNROLLED),
    "id_gppn": (GPPN, GATED),
    "symvin": (SymVIN, UNROLLED),
    "id_symvin": (SymVIN, IMPLICIT),
}
"""Class and settings of the planners with a free kernel."""
DECISION_PROCESS: Mapping[type[FreeKernelPlanner], type[FreeKernelPlanner]] = {
    VIN: DecisionVIN,
    SymVIN: DecisionSymVIN,
}
"""What a discount makes of a class."""


def structured(generator: torch.Generator, *, wrap: bool = False) -> StructuredIDVIN:
    """Return the planner of this package: a learned cost, known moves, the exact fixed point."""
    return (TorusIDVIN if wrap else StructuredIDVIN)(CostEncoder(generator))


def free_kernel(
    name: str, generator: torch.Generator, settings: FreeKernelSettings | None = None
) -> FreeKernelPlanner:
    """Return a planner with a free kernel, with other settings than its own if some are given.

    Settings with a discount make it a decision process.
    """
    kind, own = FREE_KERNEL[name]
    settings = settings or own
    if settings.discount is not None:
        kind = DECISION_PROCESS.get(kind, kind)
    return kind(generator, settings)


def settings_of(name: str, tensors: Mapping[str, np.ndarray]) -> FreeKernelSettings:
    """Return the settings of a planner with a free kernel that its weights [...] go with.

    Widths and discount are theirs; what does not show in weights, as `wrap`, is the default's.

    Raises:
        KeyError: They are not of this planner.
    """
    own = FREE_KERNEL[name][1]
    kind = name.removeprefix("id_")
    first, iterated = {
        "vin": ("h.weight", "w"),
        "gppn": ("h.weight", "candidate"),
        "symvin": ("h.kernel.free", "w.free"),
    }[kind]
    discount = tensors.get("discount")
    return replace(
        own,
        n_hidden=len(tensors[first]),
        n_q=len(tensors[iterated]),
        kernel=own.kernel if kind == "symvin" else tensors[iterated].shape[-1],
        discount=None if discount is None else float(discount),
    )


MODELS: Mapping[str, Callable[[torch.Generator], nn.Module]] = {
    STRUCTURED: structured,
    **{name: partial(free_kernel, name) for name in FREE_KERNEL},
}
