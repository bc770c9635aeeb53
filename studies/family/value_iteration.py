"""What VIN, SymVIN and decision processes share: v <- max_a q_a, q = q_of_r + w * v."""

from __future__ import annotations

import torch
from torch import Tensor

from studies.family.convolution import convolve, kernel_norms, largest
from studies.family.free_kernel import FreeKernelPlanner


class ValueIteration(FreeKernelPlanner):
    """One value in each cell; `inputs` are q_of_r [B, A, H, W] and w [A, 1, F, F]."""

    def start(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Return v = 0."""
        return torch.zeros_like(inputs[0][:, :1])

    def step(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return max_a q_a."""
        return largest(self._q(v, *inputs), dim=1)[:, None]

    def bound(self, *inputs: Tensor) -> float:
        """Return the largest L1 norm of a kernel; see `kernel_norms`."""
        return kernel_norms(inputs[1]).max().item()

    def _q(self, v: Tensor, q_of_r: Tensor, w: Tensor) -> Tensor:
        return q_of_r + convolve(v, w, wrap=self.settings.wrap)
