"""The Stein variational Newton direction: modes descend together and keep apart.

At every stage the modes' controls u_n are particles of the density exp(-Q(u) / alpha). They move
along w(u) = sum_m beta_m k(u_m, u), with the kernel `k(u, u') = exp(-|u - u'|^2 / h)`. To second
order, the divergence of the particles from that density falls fastest with the beta that solve

    sum_n H[m, n] beta_n = phi_m
    phi_m   = 1/N sum_l (-k_lm Q_u,l / alpha + grad k_lm)
    H[m, n] = 1/N sum_l (k_lm k_ln Q_uu,l / alpha + grad k_lm grad k_ln')

with k_lm = k(u_l, u_m) and gradients in u_l. The system couples all modes; solving only its
diagonal blocks would let modes that lie close push one another too far. Its second part stands for
(div w)^2, which is what tr(grad w grad w) is for one control, and never indefinite for several.

Source: Detommaso, Cui, Spantini, Marzouk, Scheichl, A Stein variational Newton method, NeurIPS
2018, Galerkin system of section 3 and Gauss-Newton Hessian.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RIDGE = 1e-4  # of the mean diagonal of H, whose rows for modes that lie close are nearly the same


def rbf_kernel(U: Array) -> tuple[Array, Array]:
    """Return k(u_l, u_m) [..., N, N] and its gradient in u_l [..., N, N, nu].

    Its width follows the particles: h is the mean squared distance of two of them / log(N + 1).

    Args:
        U: Controls of the modes [..., N, nu].
    """
    n = U.shape[-2]
    apart = U[..., :, None, :] - U[..., None, :, :]
    squared = np.sum(apart**2, axis=-1)
    mean = squared.sum(axis=(-2, -1)) / max(n * (n - 1), 1)
    h = np.maximum(mean / np.log(n + 1.0), np.finfo(float).tiny)[..., None, None]
    k = np.exp(-squared / h)
    return k, (-2.0 / h * k)[..., None] * apart


@dataclass(frozen=True)
class NewtonSystem:
    """The coupled linear system of all modes.

    Attributes:
        phi: Right-hand side [..., N, nu].
        H: Matrix [..., N, nu, N, nu].
        kernel: k(u_l, u_m) [..., N, N].
        kernel_gradient: Its gradient in u_l [..., N, N, nu].
    """

    phi: Array
    H: Array
    kernel: Array
    kernel_gradient: Array


def newton_system(U: Array, gradient: Array, hessian: Array, temperature: float) -> NewtonSystem:
    """Return the system whose solution beta is the Newton direction's coefficients.

    Args:
        U: Controls of the modes [..., N, nu].
        gradient: Q_u at each [..., N, nu].
        hessian: Q_uu at each [..., N, nu, nu], positive definite.
        temperature: alpha > 0, in cost units.
    """
    n = U.shape[-2]
    k, grad = rbf_kernel(U)
    pull = np.einsum("...li,...lm->...mi", -gradient / temperature, k)
    phi = (pull + grad.sum(axis=-3)) / n
    curvature = np.einsum("...lij,...lm,...ln->...minj", hessian / temperature, k, k, optimize=True)
    spread = np.einsum("...lmi,...lnj->...minj", grad, grad, optimize=True)
    return NewtonSystem(phi, (curvature + spread) / n, k, grad)


def stein_direction(
    U: Array, gradient: Array, hessian: Array, temperature: float
) -> tuple[Array, Array]:
    """Return the change of every mode's controls w(u_n) [..., N, nu], and its largest stretch.

    Leading axes are stages. One mode alone takes the Newton step -Q_uu^-1 Q_u. The stretch [...] is
    the largest norm of grad w at a mode: while step times stretch is below 1, the map u + step w(u)
    is one to one round every mode, and modes do not jump over one another.

    Args:
        U: Controls of the modes [..., N, nu].
        gradient: Q_u at each [..., N, nu].
        hessian: Q_uu at each [..., N, nu, nu], positive definite.
        temperature: alpha > 0, in cost units.
    """
    system = newton_system(U, gradient, hessian, temperature)
    n, size = U.shape[-2], U.shape[-2] * U.shape[-1]
    H = system.H.reshape(*U.shape[:-2], size, size)
    ridge = RIDGE * (n > 1) * np.trace(H, axis1=-2, axis2=-1)[..., None, None] / size
    phi = system.phi.reshape(*U.shape[:-2], size, 1)
    beta = np.linalg.solve(H + ridge * np.eye(size), phi).reshape(U.shape)
    w = np.einsum("...mi,...lm->...li", beta, system.kernel)
    slopes = np.einsum("...mi,...lmj->...lij", beta, system.kernel_gradient)
    return w, np.sqrt(np.sum(slopes**2, axis=(-2, -1)).max(axis=-1))
