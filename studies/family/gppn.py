"""GPPN and ID-GPPN: value iteration as a gated recurrence, with the map put in at every step.

    z, s = sigmoid(conv([r, v])),  n = tanh(conv([r, s v])),  v = (1 - z) v + z n,
    logits = conv1x1(v)

Put in only at the start, as in the first of the sources, the map is forgotten: the fixed point
would be the same for all maps. Here it goes in at every step, for both adjoints.

All of v stays within [-1, 1]: it is mixed of itself and a tanh. So f maps a cube into itself and
has a fixed point (Brouwer). That it is unique, or that an iteration finds it, is not guaranteed.

Sources: Lee et al., "Gated Path Planning Networks", ICML 2018 (there an LSTM); the convolutional
GRU and its implicit form, Zhao, Xu, Wong, ICLR 2023.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mme_ilqr_ros.planning.moves import STEPS
from studies.family.convolution import Convolution, convolve, uniform
from studies.family.free_kernel import FreeKernelPlanner, FreeKernelSettings


class GPPN(FreeKernelPlanner):
    """A convolutional GRU over the map."""

    def __init__(self, generator: torch.Generator, settings: FreeKernelSettings) -> None:
        if settings.discount is not None:
            raise ValueError("discount: a gated recurrence has no transitions")
        super().__init__(settings)
        s, n = settings, settings.n_q
        self.h = Convolution(2, s.n_hidden, 3, generator, wrap=s.wrap, bias=True)
        self.r = Convolution(s.n_hidden, 1, 1, generator, wrap=s.wrap)
        self.of_r = Convolution(1, 3 * n, s.kernel, generator, wrap=s.wrap, bias=True)
        fan_in = n * s.kernel**2
        self.gates = uniform((2 * n, n, s.kernel, s.kernel), fan_in, generator)
        self.candidate = uniform((n, n, s.kernel, s.kernel), fan_in, generator)
        self.policy = Convolution(n, len(STEPS), 1, generator, wrap=s.wrap)

    def inputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the parts of gates and candidate that come from r, and their kernels over v."""
        return self.of_r(self.r(self.h(x))), self.gates, self.candidate

    def start(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Return v = 0."""
        return torch.zeros_like(inputs[0][:, : self.settings.n_q])

    def step(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return the state after one step of the GRU."""
        of_r, gates, candidate = inputs
        wrap, n = self.settings.wrap, self.settings.n_q
        z, s = torch.sigmoid(of_r[:, : 2 * n] + convolve(v, gates, wrap=wrap)).chunk(2, dim=1)
        new = torch.tanh(of_r[:, 2 * n :] + convolve(s * v, candidate, wrap=wrap))
        return (1.0 - z) * v + z * new

    def logits(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return a linear function of the state of each cell."""
        return self.policy(v)
