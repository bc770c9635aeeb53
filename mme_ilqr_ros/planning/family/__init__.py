"""The planners that can be trained, by name; each is made from a seeded generator alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn

from mme_ilqr_ros.planning.structured import CostEncoder, StructuredIDVIN


def structured(generator: torch.Generator) -> StructuredIDVIN:
    """Return the planner of this package: a learned cost, known moves, the exact fixed point."""
    return StructuredIDVIN(CostEncoder(generator))


MODELS: Mapping[str, Callable[[torch.Generator], nn.Module]] = {"structured": structured}
