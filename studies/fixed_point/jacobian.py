"""How strongly f feeds back on itself: ||df/dv||_F^2 by Hutchinson's estimate.

E |J^T e|^2 = ||J||_F^2 for random e of independent entries with mean 0 and variance 1. No
eigenvalue of J is larger than ||J||_F, so pushing it down pushes f towards a contraction, and both
solves get shorter. Where the penalty is weak nothing is certain: it is a pressure, no constraint.

Source: Bai, Koltun, Kolter, "Stabilizing Equilibrium Models by Jacobian Regularization", ICML 2021.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def squared_jacobian_norm(
    f: Callable[..., Tensor],
    value: Tensor,
    inputs: tuple[Tensor, ...],
    generator: torch.Generator,
) -> Tensor:
    """Return ||df/dv||_F^2 / n, averaged over the batch, estimated with one random sign each.

    Args:
        f: Takes v [B, ...] and the inputs; acts on each sample by itself.
        value: [B, ...] where the Jacobian is taken, n numbers a sample; a constant here.
        inputs: Tensors that f depends on; the result can be differentiated with respect to them.
        generator: Source of the signs.
    """
    with torch.enable_grad():
        v = value.detach().requires_grad_()
        signs = torch.randint(2, v.shape, generator=generator).to(v) * 2.0 - 1.0
        (back,) = torch.autograd.grad(f(v, *inputs), v, signs, create_graph=True)
    return back.square().mean()
