"""VIN and SymVIN as what they are modelled on: value iteration in a Markov decision process.

    h = conv3x3(x),  r = conv1x1(h),  P_a = softmax(w_a),
    q_a = P_a * (r + discount v),  v = max_a q_a,
    policy(m) = sum_a softmax(sharpness (q - v))_a P_a(m)

Reward, transitions and sharpness are learned; in place of free kernels over r and v, and of a free
policy over q, stands what these mean. P_a(m) is the probability that action a leads to the cell
that move m leads to, so an action is as good as where it goes, and a move as likely as the good
actions that make it. Nothing else fits: no action is ahead for a bias of its own, and no policy can
settle on the mirror image, a value to flee from. Since probabilities sum to 1, f is a contraction
with the factor `discount`: one fixed point, which plain iteration reaches from anywhere.

Sources: Bellman, "Dynamic Programming", 1957; Tamar et al., "Value Iteration Networks", NeurIPS
2016, section 3 (the iteration that its free kernels stand for).
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn

from mme_ilqr_ros.planning.moves import STEPS
from studies.family.convolution import Convolution, in_turn, uniform
from studies.family.free_kernel import FreeKernelSettings
from studies.family.symmetry import (
    REGULAR,
    TRIVIAL,
    SymmetricConvolution,
    SymmetricKernel,
)
from studies.family.value_iteration import ValueIteration

_NEVER = 1e-8  # probability of a move that no action makes


class DecisionProcess(ValueIteration):
    """v <- max_a P_a * (r + discount v); a subclass says what its reward and w are."""

    def __init__(self, settings: FreeKernelSettings) -> None:
        super().__init__(settings)
        if settings.discount is None or not 0.0 < settings.discount < 1.0:
            raise ValueError(f"discount = {settings.discount}: must be between 0 and 1")
        if settings.kernel < 3:
            raise ValueError(f"kernel = {settings.kernel}: transitions need at least 3 cells")
        self.log_sharpness = nn.Parameter(torch.zeros(()))
        # Saved with the weights, which mean nothing at another one.
        self.register_buffer("discount", torch.tensor(settings.discount))

    def inputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return r, and P beside discount P."""
        chances = transitions(self.action_weights())
        return self.reward(x), torch.cat([chances, self.discount * chances], dim=1)

    @abstractmethod
    def reward(self, x: Tensor) -> Tensor:
        """Return r [B, 1, H, W]."""

    @abstractmethod
    def action_weights(self) -> Tensor:
        """Return w [A, 1, F, F]."""

    def logits(self, v: Tensor, *inputs: Tensor) -> Tensor:
        """Return the log of the policy; the rest of its probability is to stay or go farther."""
        q = self._q(v, *inputs)
        advantages = q - q.amax(dim=1, keepdim=True)
        actions = torch.softmax(self.log_sharpness.exp() * advantages, dim=1)
        centre = self.settings.kernel // 2
        rows, columns = centre + torch.from_numpy(STEPS).T
        chances = inputs[1][:, 0, rows, columns]  # [A, 8]
        return torch.log(torch.einsum("bahw,am->bmhw", actions, chances) + _NEVER)

    def bound(self, *inputs: Tensor) -> float:
        """Return the discount."""
        return self.settings.discount


class DecisionVIN(DecisionProcess):
    """Any reward, any actions."""

    def __init__(self, generator: torch.Generator, settings: FreeKernelSettings) -> None:
        super().__init__(settings)
        s = settings
        self.h = Convolution(2, s.n_hidden, 3, generator, wrap=s.wrap, bias=True)
        self.r = Convolution(s.n_hidden, 1, 1, generator, wrap=s.wrap)
        self.w = nn.Parameter(torch.randn(s.n_q, 1, s.kernel, s.kernel, generator=generator))

    def reward(self, x: Tensor) -> Tensor:
        """Return a linear function of what lies around a cell."""
        return in_turn(x, self.h.weight, self.h.bias, self.r.weight, wrap=self.settings.wrap)

    def action_weights(self) -> Tensor:
        """Return w."""
        return self.w


class DecisionSymVIN(DecisionProcess):
    """Reward and actions turn with the map: of each action there are all eight images."""

    def __init__(self, generator: torch.Generator, settings: FreeKernelSettings) -> None:
        super().__init__(settings)
        s = settings
        h = SymmetricKernel(2, TRIVIAL, s.n_hidden, TRIVIAL, 3, generator)
        r = SymmetricKernel(s.n_hidden, TRIVIAL, 1, TRIVIAL, 1, generator)
        bias = uniform((s.n_hidden,), 2 * 9, generator)
        self.h = SymmetricConvolution(h, wrap=s.wrap, bias=bias)
        self.r = SymmetricConvolution(r, wrap=s.wrap)
        self.w = SymmetricKernel(1, TRIVIAL, s.n_q, REGULAR, s.kernel, generator)
        nn.init.normal_(self.w.free, generator=generator)

    def reward(self, x: Tensor) -> Tensor:
        """Return the same that a turned map has, turned."""
        return in_turn(x, self.h.kernel(), self.h.bias, self.r.kernel(), wrap=self.settings.wrap)

    def action_weights(self) -> Tensor:
        """Return w, eight for each action."""
        return self.w()


def transitions(weight: Tensor) -> Tensor:
    """Return the probabilities of where each action leads.

    [A, 1, F, F] of any numbers become positive, and those of an action sum to 1.
    """
    return torch.softmax(weight.flatten(1), dim=1).view_as(weight)
