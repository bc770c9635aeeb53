"""What VIN and the decision processes share: v <- max_a q_a, q = W * [r, v].

A kernel is of two parts, over the reward and over the values; see `best_action` for the maximum.
"""

from __future__ import annotations

import torch
from torch import Tensor

from studies.family.best_action import best_action
from studies.family.convolution import convolve, kernel_norms
from studies.family.free_kernel import FreeKernelPlanner


class ValueIteration(FreeKernelPlanner):
    """One value in each cell; `inputs` are r [B, 1, H, W] and W [A, 2, F, F]."""

    def start(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Return v = 0."""
        return torch.zeros_like(inputs[0])

    def step(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return max_a q_a."""
        r, kernels = inputs
        return best_action(torch.cat([r, v], dim=1), kernels, wrap=self.settings.wrap)

    def bound(self, *inputs: Tensor) -> float:
        """Return the largest L1 norm of a kernel over v; see `kernel_norms`."""
        return kernel_norms(inputs[1][:, 1:]).max().item()

    def _q(self, v: Tensor, r: Tensor, kernels: Tensor) -> Tensor:
        """Return q [B, A, H, W]."""
        return convolve(torch.cat([r, v], dim=1), kernels, wrap=self.settings.wrap)
