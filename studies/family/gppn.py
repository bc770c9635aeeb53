"""GPPN and ID-GPPN: value iteration as a gated recurrence, with the map put in at every step.

    z, s = sigmoid(conv([r, v])),  n = tanh(conv([r, s v])),  v <- (1 - z) v + z n,
    v_0 = tanh(conv(r)),  logits = conv1x1(v)

All of v stays within [-1, 1]: it is mixed of itself and a tanh. So f maps a cube into itself and
has a fixed point (Brouwer). That it is unique, or that an iteration finds it, is not guaranteed.

`ContractingGPPN` guarantees both. Its update gate is at least half open, z = (1 + sigmoid(.)) / 2,
because a closed one keeps its state for ever, and its kernels are bounded. With the L1 norms |W|,
|Z| and |S| of an output channel's kernels over v in n, z and s, and everything in the largest norm,

    |d(s v)| <= s + s (1 - s) |S| <= 1                        where |S| <= 1 and |v| <= 1
    |df| <= 1 - z + z |W| + |n - v| |dz| <= 1 - z (1 - L)     where |W| + c |Z| <= L

with c = max 2 |dz| / z = max 2 y (1 - y) / (1 + y) = 6 - 4 sqrt(2), y = sigmoid(.), |n - v| <= 2.
As z >= 1/2, f contracts by (1 + L) / 2, which is the settings' discount.

Sources: Zhao, Xu, Wong, "Scaling up and Stabilizing Differentiable Planning with Implicit
Differentiation", ICLR 2023 (the convolutional GRU, its first state from the map, the map in every
step); Lee et al., "Gated Path Planning Networks", ICML 2018, for which see `lstm_gppn.py`. The
bound is our own.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from mme_ilqr_ros.planning.moves import STEPS
from studies.family.convolution import Convolution, convolve, in_turn, kernel_norms, uniform
from studies.family.free_kernel import FreeKernelPlanner, FreeKernelSettings


class GPPN(FreeKernelPlanner):
    """A convolutional GRU over the map."""

    def __init__(self, generator: torch.Generator, settings: FreeKernelSettings) -> None:
        super().__init__(settings)
        s, n = settings, settings.n_q
        self.h = Convolution(2, s.n_hidden, 3, generator, wrap=s.wrap, bias=True)
        self.r = Convolution(s.n_hidden, 1, 1, generator, wrap=s.wrap)
        # Of the update gate, the reset gate, the candidate and the first state.
        self.of_r = Convolution(1, 4 * n, s.kernel, generator, wrap=s.wrap, bias=True)
        fan_in = n * s.kernel**2
        self.gates = uniform((2 * n, n, s.kernel, s.kernel), fan_in, generator)
        self.candidate = uniform((n, n, s.kernel, s.kernel), fan_in, generator)
        self.policy = Convolution(n, len(STEPS), 1, generator, wrap=s.wrap)

    def inputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the parts from r [B, 4 n, H, W], and the kernels over v of gates and candidate."""
        r = in_turn(x, self.h.weight, self.h.bias, self.r.weight, wrap=self.settings.wrap)
        return self.of_r(r), self.gates, self.candidate

    def start(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Return v_0; the gradient goes through it only where the recurrence is unrolled."""
        return torch.tanh(inputs[0][:, 3 * self.settings.n_q :])

    def step(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return the state after one step of the GRU."""
        of_r, gates, candidate = inputs
        wrap, n = self.settings.wrap, self.settings.n_q
        z, s = torch.sigmoid(of_r[:, : 2 * n] + convolve(v, gates, wrap=wrap)).chunk(2, dim=1)
        z = self.update(z)
        new = torch.tanh(of_r[:, 2 * n : 3 * n] + convolve(s * v, candidate, wrap=wrap))
        return (1.0 - z) * v + z * new

    def update(self, z: Tensor) -> Tensor:
        """Return how much of the new state is taken for the sigmoid of the update gate."""
        return z

    def logits(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return a linear function of the state of each cell."""
        return self.policy(v)


_GATE = 6.0 - 4.0 * math.sqrt(2.0)  # c above


class ContractingGPPN(GPPN):
    """The same with bounded kernels and an update gate half open: a contraction by `discount`."""

    def __init__(self, generator: torch.Generator, settings: FreeKernelSettings) -> None:
        super().__init__(generator, settings)
        if settings.discount is None or not 0.5 < settings.discount < 1.0:
            raise ValueError(f"discount = {settings.discount}: must be between 0.5 and 1")
        # Saved with the weights, which mean nothing at another one.
        self.register_buffer("discount", torch.tensor(settings.discount))

    def inputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the same as `GPPN.inputs`, each channel's kernels scaled down to their bound."""
        of_r, gates, candidate = super().inputs(x)
        update, reset = gates.chunk(2)
        total = kernel_norms(candidate) + _GATE * kernel_norms(update)
        scale = ((2.0 * self.discount - 1.0) / total).clamp(max=1.0)[:, None, None, None]
        reset = reset / kernel_norms(reset).clamp(min=1.0)[:, None, None, None]
        return of_r, torch.cat([scale * update, reset]), scale * candidate

    def update(self, z: Tensor) -> Tensor:
        """Return a number between a half and 1."""
        return 0.5 + 0.5 * z

    def bound(self, *inputs: Tensor) -> float:
        """Return the discount."""
        return self.settings.discount
