"""The control cycle for very many modes or robots at once, on torch tensors (CPU or CUDA).

For studies and GPU workstations; the compiled kernel is the faster one for a single robot. Nothing
else of the controller loads torch. `control.robot_batch` drives many robots with it.
"""

import importlib.util

if importlib.util.find_spec("torch") is None:
    raise ImportError("studies.batched needs torch: pip install torch")

from studies.batched.kernel import BatchedKernel

__all__ = ["BatchedKernel"]
