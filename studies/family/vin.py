"""VIN and ID-VIN: value iteration as a convolution and a maximum over actions.

    h = conv3x3(x),  r = conv1x1(h),  q = conv([r, v]),  v = max_a q,  logits = conv1x1(q)

Sources: Tamar et al., "Value Iteration Networks", NeurIPS 2016; with the implicit adjoint, Zhao,
Xu, Wong, "Scaling up and Stabilizing Differentiable Planning with Implicit Differentiation", ICLR
2023.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mme_ilqr_ros.planning.moves import STEPS
from studies.family.convolution import Convolution, in_turn
from studies.family.free_kernel import FreeKernelSettings
from studies.family.value_iteration import ValueIteration


class VIN(ValueIteration):
    """v <- max_a (q_a * r + w_a * v): the kernel over [r, v] in its two parts."""

    def __init__(self, generator: torch.Generator, settings: FreeKernelSettings) -> None:
        super().__init__(settings)
        s = settings
        self.h = Convolution(2, s.n_hidden, 3, generator, wrap=s.wrap, bias=True)
        self.r = Convolution(s.n_hidden, 1, 1, generator, wrap=s.wrap)
        self.q = Convolution(1, s.n_q, s.kernel, generator, wrap=s.wrap)
        self.w = nn.Parameter(torch.zeros(s.n_q, 1, s.kernel, s.kernel))
        self.policy = Convolution(s.n_q, len(STEPS), 1, generator, wrap=s.wrap)

    def inputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return r and the kernels over it and over v."""
        r = in_turn(x, self.h.weight, self.h.bias, self.r.weight, wrap=self.settings.wrap)
        return r, torch.cat([self.q.weight, self.w], dim=1)

    def logits(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return a linear function of the q of each cell."""
        return self.policy(self._q(v, *inputs))
