"""GPPN and ID-GPPN: value iteration as a gated recurrence, with the map put in at every step.

    z, s = sigmoid(conv([r, v])),  n = tanh(conv([r, s v])),  v <- (1 - z) v + z n,
    v_0 = tanh(conv(r)),  logits = conv1x1(v)

All of v stays within [-1, 1]: it is mixed of itself and a tanh. So f maps a cube into itself and
has a fixed point (Brouwer). That it is unique, or that an iteration finds it, is not guaranteed;
`ContractingGPPN` bounds the kernels so that both are. In infinity norms, with W, Z and S the
kernels over v of n, z and s, each norm that of an output channel's kernel,

    |ds v| <= max_s s + s (1 - s) |S| <= 1            where |S| <= 1
    |df|   <= 1 - z + z |W| + 2 z (1 - z) |Z|         since |n - v| <= 2, |v| <= 1
           <= 1 - z (1 - L)                           where |W| + 2 |Z| <= L < 1

and z, a sigmoid of something bounded, has a lower bound above 0.

Sources: Zhao, Xu, Wong, "Scaling up and Stabilizing Differentiable Planning with Implicit
Differentiation", ICLR 2023 (the convolutional GRU, its first state from the map, the map in every
step); Lee et al., "Gated Path Planning Networks", ICML 2018, for which see `lstm_gppn.py`. The
bound is our own.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mme_ilqr_ros.planning.moves import STEPS
from studies.family.convolution import Convolution, convolve, kernel_norms, uniform
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
        return self.of_r(self.r(self.h(x))), self.gates, self.candidate

    def start(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Return v_0; the gradient goes through it only where the recurrence is unrolled."""
        return torch.tanh(inputs[0][:, 3 * self.settings.n_q :])

    def step(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return the state after one step of the GRU."""
        of_r, gates, candidate = inputs
        wrap, n = self.settings.wrap, self.settings.n_q
        z, s = torch.sigmoid(of_r[:, : 2 * n] + convolve(v, gates, wrap=wrap)).chunk(2, dim=1)
        new = torch.tanh(of_r[:, 2 * n : 3 * n] + convolve(s * v, candidate, wrap=wrap))
        return (1.0 - z) * v + z * new

    def logits(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return a linear function of the state of each cell."""
        return self.policy(v)


class ContractingGPPN(GPPN):
    """The same with kernels bounded by the settings' discount L, so that f is a contraction."""

    def __init__(self, generator: torch.Generator, settings: FreeKernelSettings) -> None:
        super().__init__(generator, settings)
        if settings.discount is None or not 0.0 < settings.discount < 1.0:
            raise ValueError(f"discount = {settings.discount}: must be between 0 and 1")
        # Saved with the weights, which mean nothing at another one.
        self.register_buffer("discount", torch.tensor(settings.discount))

    def inputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the same as `GPPN.inputs`, each channel's kernels scaled down to their bound."""
        of_r, gates, candidate = super().inputs(x)
        update, reset = gates.chunk(2)
        total = kernel_norms(candidate) + 2.0 * kernel_norms(update)
        scale = (self.discount / total).clamp(max=1.0)[:, None, None, None]
        reset = reset / kernel_norms(reset).clamp(min=1.0)[:, None, None, None]
        return of_r, torch.cat([scale * update, reset]), scale * candidate

    def bound(self, *inputs: Tensor) -> float:
        """Return 1 - z (1 - L) with the least z that the map allows."""
        of_r, gates, candidate = inputs
        update = kernel_norms(gates[: self.settings.n_q])
        feedback = kernel_norms(candidate) + 2.0 * update
        least = torch.sigmoid(of_r[:, : self.settings.n_q] - update[:, None, None])
        return (1.0 - least * (1.0 - feedback)[:, None, None]).max().item()
