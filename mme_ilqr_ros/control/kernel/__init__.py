"""The solver's inner loops: printed from symbols, compiled by numba, replaceable."""

from mme_ilqr_ros.control.kernel.build import KernelError
from mme_ilqr_ros.control.kernel.kernel import Barrier, Kernel, Policies, StageData, World

__all__ = ["Barrier", "Kernel", "KernelError", "Policies", "StageData", "World"]
