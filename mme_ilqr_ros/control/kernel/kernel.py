"""What the algorithm asks of a kernel, in values; the only door to the generated module."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.kernel.build import build_module
from mme_ilqr_ros.control.problem import Problem
from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.models import ControlLimits

Array = NDArray[np.float64]
FAR = 1e3  # [m] the gap reported where there is no obstacle at all


@dataclass(frozen=True)
class Barrier:
    """Cut-off relaxed log barrier of the gap between the robot's edge and an obstacle.

    Attributes:
        weight: Cost scale per stage.
        stiff_gap: Below it the log goes on as a quadratic [m].
        cutoff_gap: At and beyond it the cost is exactly zero [m].
        radius: The robot's radius, margin included [m].
    """

    weight: float
    stiff_gap: float
    cutoff_gap: float
    radius: float


@dataclass(frozen=True)
class World:
    """Everything to keep clear of, in the controller's frame.

    Attributes:
        circles: x, y, radius, vx, vy [M, 5].
        field: Distance field of the walls, or None.
        barrier: How clearance is priced.
    """

    circles: Array
    field: DistanceField | None
    barrier: Barrier

    def pack(self) -> tuple[Array, Array, Array, Array]:
        """Return the arrays that the generated functions read."""
        b = self.barrier
        shape = np.array([b.weight, b.stiff_gap, b.cutoff_gap, b.radius])
        circles = np.ascontiguousarray(self.circles, dtype=np.float64)
        if self.field is None:
            frame = np.array([FAR * FAR, FAR * FAR, 1.0, 0.0, 1.0, FAR])
            return circles, np.full((1, 1), FAR), frame, shape
        o = self.field.origin
        frame = [o.x, o.y, np.cos(o.yaw), np.sin(o.yaw), self.field.resolution]
        values = np.ascontiguousarray(self.field.values, dtype=np.float64)
        return circles, values, np.array([*frame, self.field.max_distance]), shape


@dataclass(frozen=True)
class StageData:
    """The numbers of one solve that all modes share.

    Attributes:
        parameters: Stage parameters in the problem's order [T+1, NP].
        dt: Stage duration [s].
        limits: Box and rate limits of the controls.
        world: Obstacles.
    """

    parameters: Array
    dt: float
    limits: ControlLimits
    world: World


@dataclass(frozen=True)
class Policies:
    """The Gaussian policies N(U + k + K (x - X), temperature Quu^-1) of all modes.

    Attributes:
        X: State trajectories [N, T+1, nx].
        U: Controls [N, T, nu].
        k: Feedforward [N, T, nu].
        K: Gains [N, T, nu, nx].
        Quu: Action-value Hessians [N, T, nu, nu].
        cost: J + sum(Q_u'k + k'Q_uu k / 2) [N].
        log_det: Sum of log det Q_uu over the free controls [N].
    """

    X: Array
    U: Array
    k: Array
    K: Array
    Quu: Array
    cost: Array
    log_det: Array


class Kernel:
    """Rollout, policies and optimisation of many modes at once.

    Args:
        problem: Model and cost terms.
        backend: `numba`, or `python` for the reference.
    """

    def __init__(self, problem: Problem, backend: str = "numba") -> None:
        self.problem = problem
        self._module = build_module(problem, backend)

    def policies(self, x0: Array, U: Array, data: StageData) -> Policies:
        """Roll out U [N, T, nu] from x0 [nx] within the limits and take every mode's policy."""
        (n, horizon, nu), nx = U.shape, self.problem.model.nx
        X = self._states(x0, n, horizon)
        U = np.array(U, dtype=np.float64)
        k, K = np.zeros((n, horizon, nu)), np.zeros((n, horizon, nu, nx))
        Quu, cost, log_det = np.zeros((n, horizon, nu, nu)), np.zeros(n), np.zeros(n)
        self._module.policies(X, U, *self._pack(data), k, K, Quu, cost, log_det)
        return Policies(X, U, k, K, Quu, cost, log_det)

    def sample(self, policies: Policies, source: int, noise: Array, data: StageData) -> Array:
        """Return the controls [T, nu] of one rollout of a mode's policy with noise [T, nu]."""
        X_new, U_new = np.empty_like(policies.X[source]), np.empty_like(policies.U[source])
        of = (policies.X[source], policies.U[source], policies.k[source], policies.K[source])
        self._module.rollout_policy(*of, 1.0, noise, X_new, U_new, *self._pack(data))
        return U_new

    def optimise(
        self,
        x0: Array,
        U: Array,
        data: StageData,
        iterations: int,
        deadline: float | None = None,
    ) -> tuple[Array, Array, Array, int]:
        """Improve every mode by up to `iterations` iLQR iterations.

        Args:
            x0: Initial state [nx].
            U: Controls to start from [N, T, nu].
            data: What the modes share.
            iterations: Largest number of iterations of a mode.
            deadline: Value of `time.perf_counter()` after which no further iteration starts.

        Returns:
            X [N, T+1, nx], U [N, T, nu], J [N], iterations done.
        """
        n, horizon, _ = U.shape
        X, U, packed = self._states(x0, n, horizon), np.array(U, dtype=np.float64), self._pack(data)
        cost = np.array([self._module.rollout(X[i], U[i], *packed) for i in range(n)])
        reg, done = np.zeros(n), np.zeros(n, dtype=np.bool_)
        count = 0
        while count < iterations and not done.all():
            if deadline is not None and time.perf_counter() > deadline:
                break
            self._module.optimise(X, U, cost, reg, done, 1, *packed)
            count += 1
        return X, U, cost, count

    def smallest_gaps(self, X: Array, data: StageData) -> Array:
        """Return the smallest gap [N] between the robot's centre and obstacles along X [m]."""
        dt, world = np.array([data.dt]), data.world.pack()
        return np.array([self._module.smallest_gap(states, dt, world) for states in X])

    def _states(self, x0: Array, n: int, horizon: int) -> Array:
        X = np.zeros((n, horizon + 1, self.problem.model.nx))
        X[:, 0] = x0
        return X

    def _pack(self, data: StageData) -> tuple:
        parameters = np.ascontiguousarray(data.parameters, dtype=np.float64)
        return parameters, np.array([data.dt]), data.limits.as_arrays(), data.world.pack()


def free_space(radius: float = 0.0) -> World:
    """Return a world without obstacles."""
    return World(no_circles(), None, Barrier(1.0, 0.03, 0.3, radius))
