"""The controller's kernel for very many modes or robots at once, on torch tensors (CPU or CUDA).

For GPU workstations; on a CPU the compiled kernel is the faster one.
"""

import importlib.util

if importlib.util.find_spec("torch") is None:
    raise ImportError("studies.batched needs torch: pip install torch")

from studies.batched.kernel import BatchedKernel

__all__ = ["BatchedKernel"]
