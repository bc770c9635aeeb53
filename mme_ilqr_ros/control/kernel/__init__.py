"""The solver's inner loops: printed from symbols, compiled by numba, replaceable."""

from mme_ilqr_ros.control.kernel.build import LANES, KernelError
from mme_ilqr_ros.control.kernel.kernel import Kernel
from mme_ilqr_ros.control.kernel.options import CycleOptions
from mme_ilqr_ros.control.kernel.outcome import Cycled, Optimised, Policies
from mme_ilqr_ros.control.kernel.world import (
    Barrier,
    StageData,
    ValueField,
    World,
    free_space,
)

__all__ = [
    "LANES",
    "Barrier",
    "CycleOptions",
    "Cycled",
    "Kernel",
    "KernelError",
    "Optimised",
    "Policies",
    "StageData",
    "ValueField",
    "World",
    "free_space",
]
