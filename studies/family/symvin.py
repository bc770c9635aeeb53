"""SymVIN and ID-SymVIN: VIN that is equivariant under rotation of the map, policy included.

    h = conv3x3(x),  r = conv1x1(h),  q = conv([r, v]),  v = max over the fields of q,
    logits = conv1x1(q)

h is a field of scalars; r, v and q have one channel for each of the square's eight symmetries; the
logits are permuted as the moves are. Turn or mirror the map, and the plan is turned or mirrored.

Sources: Zhao et al., "Integrating Symmetry into Differentiable Planning with Steerable
Convolutions", ICLR 2023; with the implicit adjoint, Zhao, Xu, Wong, ICLR 2023 (whose code leaves
the policy without symmetry by default).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from studies.family.convolution import in_turn, kernel_norms, largest, neighbourhoods, uniform
from studies.family.free_kernel import FreeKernelPlanner, FreeKernelSettings
from studies.family.symmetry import (
    MOVES,
    REGULAR,
    TRIVIAL,
    SymmetricConvolution,
    SymmetricKernel,
)


class SymVIN(FreeKernelPlanner):
    """VIN over fields that the symmetries of the square permute.

    Its many channels are worth the room for q_of_r, the part of q that no iteration changes, and
    for a gradient of all of q. Both have their actions first, so that the maximum over them runs
    along contiguous memory.
    """

    def __init__(self, generator: torch.Generator, settings: FreeKernelSettings) -> None:
        super().__init__(settings)
        s = settings
        h = SymmetricKernel(2, TRIVIAL, s.n_hidden, TRIVIAL, 3, generator)
        r = SymmetricKernel(s.n_hidden, TRIVIAL, 1, REGULAR, 1, generator)
        q = SymmetricKernel(1, REGULAR, s.n_q, REGULAR, s.kernel, generator)
        policy = SymmetricKernel(s.n_q, REGULAR, 1, MOVES, 1, generator)
        bias = uniform((s.n_hidden,), 2 * 9, generator)
        self.h = SymmetricConvolution(h, wrap=s.wrap, bias=bias)
        self.r = SymmetricConvolution(r, wrap=s.wrap)
        self.q = SymmetricConvolution(q, wrap=s.wrap)
        self.w = SymmetricKernel(1, REGULAR, s.n_q, REGULAR, s.kernel, generator)
        nn.init.zeros_(self.w.free)
        self.policy = SymmetricConvolution(policy, wrap=s.wrap)

    def inputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return q_of_r [A 8, B, H, W], and w."""
        r = in_turn(x, self.h.kernel(), self.h.bias, self.r.kernel(), wrap=self.settings.wrap)
        return self.q(r).transpose(0, 1).contiguous(), self.w()

    def start(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Return v = 0."""
        return torch.zeros_like(inputs[0][: len(REGULAR)].transpose(0, 1))

    def step(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return the maximum over the fields, each symmetry's channel by itself."""
        fields = self._q(v, *inputs).unflatten(0, (self.settings.n_q, len(REGULAR)))
        return largest(fields).transpose(0, 1)

    def bound(self, *inputs: Tensor) -> float:
        """Return the largest L1 norm of a kernel; see `kernel_norms`."""
        return kernel_norms(inputs[1]).max().item()

    def logits(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return a linear function of the q of each cell."""
        return self.policy(self._q(v, *inputs).transpose(0, 1))

    def _q(self, v: Tensor, q_of_r: Tensor, w: Tensor) -> Tensor:
        """Return q [A 8, B, H, W]."""
        seen = neighbourhoods(v, w.shape[-1], wrap=self.settings.wrap)
        return torch.addmm(q_of_r.flatten(1), w.flatten(1), seen).view_as(q_of_r)
