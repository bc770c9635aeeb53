"""The solver's inner loops: a small interface, and the compiled kernel behind it."""

from mme_ilqr_ros.control.kernel.build import KernelError
from mme_ilqr_ros.control.kernel.compiled import CompiledKernel
from mme_ilqr_ros.control.kernel.protocol import Kernel, Optimised, Policies
from mme_ilqr_ros.control.kernel.task import Barrier, StageData, World, free_space

__all__ = [
    "Barrier",
    "CompiledKernel",
    "Kernel",
    "KernelError",
    "Optimised",
    "Policies",
    "StageData",
    "World",
    "free_space",
]
