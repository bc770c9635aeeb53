"""Convolutions with seeded weights, and the norm that bounds their iteration."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None = None, *, wrap: bool) -> Tensor:
    """Return the convolution [B, n_out, H, W] of x [B, n_in, H, W] with [n_out, n_in, F, F].

    Beyond the map is 0, or with `wrap` its opposite side.
    """
    margin = weight.shape[-1] // 2
    if wrap and margin:
        x, margin = functional.pad(x, (margin,) * 4, mode="circular"), 0
    return functional.conv2d(x, weight, bias, padding=margin)


def neighbourhoods(x: Tensor, size: int, *, wrap: bool) -> Tensor:
    """Return what a kernel of `size` sees of x [B, C, H, W] in each cell: [C size^2, B H W].

    Beyond the map is 0, or with `wrap` its opposite side.
    """
    seen = padded(x, size // 2, wrap=wrap).unfold(2, size, 1).unfold(3, size, 1)
    return seen.permute(1, 4, 5, 0, 2, 3).reshape(x.shape[1] * size * size, -1)


def padded(x: Tensor, margin: int, *, wrap: bool) -> Tensor:
    """Return x [B, C, H, W] with a margin of zeros, or with `wrap` of its opposite side."""
    return functional.pad(x, (margin,) * 4, mode="circular" if wrap and margin else "constant")


def uniform(shape: tuple[int, ...], fan_in: int, generator: torch.Generator) -> nn.Parameter:
    """Return a parameter drawn from U(-1/sqrt(fan_in), 1/sqrt(fan_in))."""
    numbers = torch.rand(shape, generator=generator) * 2.0 - 1.0
    return nn.Parameter(numbers / math.sqrt(fan_in))


class Convolution(nn.Module):
    """A convolution; see `convolve`."""

    def __init__(
        self,
        n_in: int,
        n_out: int,
        size: int,
        generator: torch.Generator,
        *,
        wrap: bool,
        bias: bool = False,
    ) -> None:
        super().__init__()
        fan_in = n_in * size * size
        self.weight = uniform((n_out, n_in, size, size), fan_in, generator)
        self.bias = uniform((n_out,), fan_in, generator) if bias else None
        self.wrap = wrap

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, n_out, H, W] for x [B, n_in, H, W]."""
        return convolve(x, self.weight, self.bias, wrap=self.wrap)


def largest(q: Tensor) -> Tensor:
    """Return the maximum over the first dimension; of equal entries one gets the gradient.

    Where it is taken, which only the gradient needs to know, is found by comparison, in a tenth of
    the time of torch's own maximum with indices.
    """
    if torch.is_grad_enabled() and q.requires_grad:
        return _Largest.apply(q)
    return q.amax(dim=0)


class _Largest(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q):
        best = q.amax(dim=0)
        kind = torch.uint8 if len(q) <= 255 else torch.int32
        places = torch.arange(len(q), dtype=kind).to(q.device).view(-1, *(1,) * best.ndim)
        ctx.save_for_backward(((q == best).to(kind) * places).amax(dim=0))
        ctx.n = len(q)
        return best

    @staticmethod
    def backward(ctx, gradient):
        (place,) = ctx.saved_tensors
        zeros = gradient.new_zeros((ctx.n, *gradient.shape))
        return zeros.scatter(0, place.long()[None], gradient[None])


def in_turn(x: Tensor, first: Tensor, bias: Tensor, second: Tensor, *, wrap: bool) -> Tensor:
    """Return second * (first * x + bias) as the one convolution that it is.

    The channels between the two, 150 in the papers, then cost nothing.

    Args:
        x: [B, n_in, H, W].
        first: [n, n_in, F, F].
        bias: [n].
        second: [n_out, n, 1, 1].
        wrap: See `convolve`.
    """
    mix = second[:, :, 0, 0]
    return convolve(x, torch.einsum("on,nifg->oifg", mix, first), mix @ bias, wrap=wrap)


def kernel_norms(weight: Tensor) -> Tensor:
    """Return [n_out] the L1 norm of each output's kernel.

    Their maximum L bounds the iteration v <- max_a (x_a + w_a * v):

        |f(v) - f(v')|_inf <= max_a |w_a * (v - v')|_inf <= L |v - v'|_inf
    """
    return weight.abs().sum(dim=(1, 2, 3))
