"""GPPN as its first authors have it: an LSTM in each cell that hears one number of its neighbours.

    (h, c)_0 = conv3x3(conv3x3(x)),  u = conv(h),  (h, c) <- LSTM(u, (h, c)),  logits = conv1x1(h)

The map is read only in the first state, so f, and with it any fixed point, is the same for all
maps: it has no implicit twin. `gppn.py` has one.

Source: Lee et al., "Gated Path Planning Networks", ICML 2018, and the authors' code.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mme_ilqr_ros.planning.moves import STEPS
from studies.family.convolution import Convolution, uniform
from studies.family.free_kernel import FreeKernelPlanner, FreeKernelSettings


class LSTMGPPN(FreeKernelPlanner):
    """An LSTM in each cell, the same in all; v is its state (h, c) [B, 2 n, H, W]."""

    def __init__(self, generator: torch.Generator, settings: FreeKernelSettings) -> None:
        super().__init__(settings)
        if settings.adjoint == "implicit":
            raise ValueError("adjoint: the fixed point of this recurrence does not see the map")
        s, n = settings, settings.n_q
        self.h = Convolution(2, s.n_hidden, 3, generator, wrap=s.wrap, bias=True)
        self.first = Convolution(s.n_hidden, 2 * n, 3, generator, wrap=s.wrap, bias=True)
        self.message = Convolution(n, 1, s.kernel, generator, wrap=s.wrap, bias=True)
        self.of_message = uniform((4 * n, 1), n, generator)
        self.of_state = uniform((4 * n, n), n, generator)
        self.biases = uniform((2, 4 * n), n, generator)
        self.policy = Convolution(n, len(STEPS), 1, generator, wrap=s.wrap)

    def inputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the first state."""
        return (self.first(self.h(x)),)

    def start(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Return the first state."""
        return inputs[0]

    def step(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return the state after one step of the LSTM."""
        n = self.settings.n_q
        cells = v.permute(0, 2, 3, 1)
        message = self.message(v[:, :n]).permute(0, 2, 3, 1).reshape(-1, 1)
        state = tuple(part.reshape(-1, n) for part in cells.split(n, dim=3))
        stepped = torch.lstm_cell(message, state, self.of_message, self.of_state, *self.biases)
        return torch.cat(stepped, dim=1).view(cells.shape).permute(0, 3, 1, 2)

    def logits(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return a linear function of h in each cell."""
        return self.policy(v[:, : self.settings.n_q])
