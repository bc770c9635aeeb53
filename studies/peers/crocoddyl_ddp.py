"""Crocoddyl's box-constrained solvers: BoxDDP and BoxFDDP.

The robot and the cost are CasADi functions behind a Python action model, so the time of a cycle
holds the calls from C++ into Python; a model written in C++ would take a fraction of it.

Source: Mastalli et al., Crocoddyl: An Efficient and Versatile Framework for Multi-Contact Optimal
Control, ICRA 2020.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import casadi as ca
import crocoddyl
import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.mme_ilqr import shift_controls
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.geometry import circles as circle_math
from studies.peers.guesses import BULGES, first_guess, goes_nowhere
from studies.peers.peer import Peer, Plan, Task
from studies.peers.unicycle import COLUMNS, NU, NX, Unicycle

Array = NDArray[np.float64]
SOLVERS = {"boxddp": crocoddyl.SolverBoxDDP, "boxfddp": crocoddyl.SolverBoxFDDP}
SLOTS = 8  # circles come in multiples of this; those too many are far away


@dataclass(frozen=True)
class CrocoddylTuning:
    """Settings of the solver; stages and cost are those of the package's controller."""

    solver: str = "boxddp"
    iterations: int = 30
    rate_weight: float = 20.0
    first_speed_share: float = 0.5  # of the top speed, in the first guess
    stop: float = 1e-4
    bulges: tuple[float, ...] = BULGES  # [m] of first guesses while the plan goes nowhere


class Crocoddyl(Peer):
    """One plan by DDP with box-limited controls, warm-started with its own last one."""

    tuning: CrocoddylTuning

    def __init__(self, settings: ControllerSettings, tuning: CrocoddylTuning | None = None) -> None:
        self.tuning = tuning or CrocoddylTuning()
        self._problem: Any = None
        self._n_circles = -1
        super().__init__(settings)

    def forget(self) -> None:
        """Forget the last plan."""
        self._controls: Array | None = None
        self._guesses = 0

    def warm_up(self) -> None:
        """Build the smallest problem."""
        self.prepare(0)

    def prepare(self, n_circles: int) -> None:
        """Build the problem where the number of circles outgrew the last one."""
        slots = -(-n_circles // SLOTS) * SLOTS
        if slots == self._n_circles:
            return
        self._n_circles = slots
        mme, rate_weight = self._settings.mme, self.tuning.rate_weight
        functions = _functions(Unicycle(replace(self._settings, seed=0), slots, rate_weight))
        limits = self._limits.as_arrays()[:2]
        n_p = 2 + COLUMNS * slots
        stages = [_Stage(functions[:2], n_p, limits) for _ in range(mme.time_steps)]
        last = _Stage(functions[2:], n_p, None)
        self._stages = [*stages, last]
        self._problem = crocoddyl.ShootingProblem(np.zeros(NX), stages, last)
        self._solver = SOLVERS[self.tuning.solver](self._problem)
        self._solver.th_stop = self.tuning.stop

    def plan(self, task: Task) -> Plan | None:
        """Improve the last plan; while that goes nowhere, try another first guess as well."""
        self._tell(task)
        self._problem.x0 = task.x0
        mme, best = self._settings.mme, None
        if self._controls is not None:
            stages = task.elapsed / mme.model_dt
            best = self._improved(shift_controls(self._controls[None], stages)[0])
        if best is None or goes_nowhere(best[1], task, mme, self._settings.vx_max):
            bulge = self.tuning.bulges[self._guesses % len(self.tuning.bulges)]
            self._guesses += 1
            speed = self.tuning.first_speed_share * self._settings.vx_max
            guess = first_guess(task, speed, mme.model_dt, mme.time_steps, bulge)[1]
            other = self._improved(np.clip(guess, *self._limits.as_arrays()[:2]))
            best = min(filter(None, (best, other)), key=lambda found: found[0], default=None)
        self._controls = None if best is None else best[2]
        if best is None:
            return None
        _, states, controls = best
        share = min(1.0, self._period / mme.model_dt)
        command = task.x0[3:] + share * (controls[0] - task.x0[3:])
        return Plan(states[:, :3], mme.model_dt, command)

    def _improved(self, controls: Array) -> tuple[float, Array, Array] | None:
        """Return (cost, states [T+1, 5], controls [T, 2]) of a solve; None for a broken one."""
        guess = list(controls)
        states = list(self._problem.rollout(guess))
        self._solver.solve(states, guess, self.tuning.iterations, False)
        states, controls = np.array(self._solver.xs), np.array(self._solver.us)
        cost = float(self._solver.cost)
        sound = np.isfinite(cost) and np.isfinite(states).all() and np.isfinite(controls).all()
        return (cost, states, controls) if sound else None

    def _tell(self, task: Task) -> None:
        """Write goal and circles, where they will be, into every stage."""
        times = self._settings.mme.model_dt * np.arange(len(self._stages))
        moved = circle_math.predict(task.circles, times)[..., :COLUMNS]
        moved[..., 3] = task.circles[:, 3:].any(axis=1)
        for stage, rows in zip(self._stages, moved, strict=True):
            stage.p[:2] = task.target
            stage.p[2 : 2 + rows.size] = rows.ravel()
            stage.p[2 + rows.size :] = np.tile([1e3, 1e3, 0.0, 0.0], self._n_circles - len(rows))


class _Stage(crocoddyl.ActionModelAbstract):
    """A stage of the unicycle's problem, or its end; `p` holds goal and circles."""

    def __init__(
        self, functions: tuple[ca.Function, ...], n_p: int, limits: tuple[Array, Array] | None
    ) -> None:
        crocoddyl.ActionModelAbstract.__init__(
            self, crocoddyl.StateVector(NX), NU if limits else 0, 0
        )
        if limits:
            self.u_lb, self.u_ub = limits
        self._final = limits is None
        self.p = np.zeros(n_p)
        self._x, self._u = np.zeros(NX), np.zeros(NU)
        inputs = (self._x, self._u, self.p)
        self._value, self._quadratic = (_Bound(function, inputs) for function in functions)

    def calc(self, data: Any, x: Array, u: Array | None = None) -> None:
        """Compute the next state and the cost."""
        self._x[:] = x
        if u is not None and not self._final:
            self._u[:] = u
        ahead, cost = self._value()
        data.xnext = x if self._final else ahead
        data.cost = float(cost[0])

    def calcDiff(self, data: Any, x: Array, u: Array | None = None) -> None:  # noqa: N802
        """Compute the derivatives."""
        self._x[:] = x
        if u is not None and not self._final:
            self._u[:] = u
        _, _, fx, fu, lx, lu, lxx, lxu, luu = self._quadratic()
        data.Lx, data.Lxx = lx, lxx
        if not self._final:
            data.Fx, data.Fu, data.Lu, data.Lxu, data.Luu = fx, fu, lu, lxu, luu


class _Bound:
    """A CasADi function on arrays of its own; some microseconds faster than a plain call."""

    def __init__(self, function: ca.Function, inputs: tuple[Array, ...]) -> None:
        self._buffer, self._trigger = function.buffer()
        shapes = [function.size_out(i) for i in range(function.n_out())]
        flat = [np.zeros(rows * columns) for rows, columns in shapes]
        for i, array in enumerate(inputs):
            self._buffer.set_arg(i, memoryview(array))
        for i, array in enumerate(flat):
            self._buffer.set_res(i, memoryview(array))
        self._outputs = [
            array if 1 in shape else array.reshape(shape, order="F")
            for array, shape in zip(flat, shapes, strict=True)
        ]

    def __call__(self) -> list[Array]:
        self._trigger()
        return self._outputs


@lru_cache(maxsize=8)
def _functions(task: Unicycle) -> tuple[ca.Function, ...]:
    """Return value and quadratic of a stage, and of the end of the horizon."""
    return task.value(False), task.quadratic(False), task.value(True), task.quadratic(True)
