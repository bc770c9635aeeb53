"""What VIN, SymVIN and decision processes share: v <- max_a q_a, q = q_of_r + w * v.

The convolution is written as a product of matrices with actions first, in which the maximum over
actions runs along contiguous memory: a step of training takes half the time of one by `convolve`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from studies.family.convolution import kernel_norms, largest, neighbourhoods
from studies.family.free_kernel import FreeKernelPlanner


class ValueIteration(FreeKernelPlanner):
    """One value in each cell; `inputs` are q_of_r [A, B, H, W] and w [A, 1, F, F]."""

    def start(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Return v = 0."""
        return torch.zeros_like(inputs[0][0][:, None])

    def step(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return max_a q_a."""
        return largest(self._q(v, *inputs))[:, None]

    def bound(self, *inputs: Tensor) -> float:
        """Return the largest L1 norm of a kernel; see `kernel_norms`."""
        return kernel_norms(inputs[1]).max().item()

    def _q(self, v: Tensor, q_of_r: Tensor, w: Tensor) -> Tensor:
        """Return q [A, B, H, W] for v [B, C, H, W] and w [A, C, F, F]."""
        seen = neighbourhoods(v, w.shape[-1], wrap=self.settings.wrap)
        return torch.addmm(q_of_r.flatten(1), w.flatten(1), seen).view_as(q_of_r)


def actions_first(q: Tensor) -> Tensor:
    """Return q [B, A, H, W] as [A, B, H, W] in memory of that order."""
    return q.transpose(0, 1).contiguous()
