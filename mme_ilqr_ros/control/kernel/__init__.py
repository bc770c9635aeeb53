"""The solver's inner loops: printed from symbols, compiled by numba, replaceable."""

from mme_ilqr_ros.control.kernel.build import KernelError
from mme_ilqr_ros.control.kernel.kernel import Kernel, Optimised, Policies
from mme_ilqr_ros.control.kernel.world import (
    Barrier,
    StageData,
    ValueField,
    World,
    free_space,
)

__all__ = [
    "Barrier",
    "Kernel",
    "KernelError",
    "Optimised",
    "Policies",
    "StageData",
    "ValueField",
    "World",
    "free_space",
]
