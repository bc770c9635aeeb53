"""Multiple shooting with interior points: IPOPT and fatrop through CasADi.

Source: Waechter, Biegler, On the Implementation of an Interior-Point Filter Line-Search Algorithm,
2006; Vanroye et al., FATROP: A Fast Constrained Optimal Control Problem Solver, IROS 2023.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import casadi as ca
import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.mme_ilqr import shift_controls
from mme_ilqr_ros.control.settings import ControllerSettings
from studies.peers.guesses import BULGES, first_guess, goes_nowhere, roll
from studies.peers.peer import Peer, Plan, Task, gaps_along
from studies.peers.unicycle import NU, NX, Unicycle, cost_of

Array = NDArray[np.float64]
SLOTS = 8  # circles come in multiples of this; those too many are far away
FAR = [1e3, 1e3, 0.0, 0.0, 0.0]
NZ = NX + NU
SLIP = 0.02  # [m] by which an answer may miss the dynamics or come too close


@dataclass(frozen=True)
class ShootingTuning:
    """Settings of the solver; stages and cost are those of the package's controller."""

    solver: str = "fatrop"
    obstacles: str = "barrier"  # the package's own cost; or "constraint"
    iterations: int = 60
    tolerance: float = 1e-3
    barrier_start: float = 0.1  # mu of the interior point method
    bulges: tuple[float, ...] = BULGES  # [m] of first guesses


class Shooting(Peer):
    """One plan, states and controls both unknowns, warm-started with its own last one."""

    tuning: ShootingTuning

    def __init__(self, settings: ControllerSettings, tuning: ShootingTuning | None = None) -> None:
        self.tuning = tuning or ShootingTuning()
        self._slots = -1
        super().__init__(settings)

    def forget(self) -> None:
        """Forget the last plan."""
        self._controls: Array | None = None
        self._failed = False
        self._guesses = 0

    def prepare(self, n_circles: int) -> None:
        """Build the solver where the number of circles outgrew the last one."""
        slots = -(-n_circles // SLOTS) * SLOTS
        if slots != self._slots:
            self._slots = slots
            self._solver, self._bounds = _build(replace(self._settings, seed=0), self.tuning, slots)

    def plan(self, task: Task) -> Plan | None:
        """Solve from the last plan; while that fails, drive it on and try first guesses."""
        dt, kept = self._settings.mme.model_dt, None
        if self._controls is not None:
            kept = shift_controls(self._controls[None], task.elapsed / dt)[0]
        solved = self._solve(task, *self._start(task, kept))
        self._failed = solved is None
        states, self._controls = solved or (None, kept)
        if self._controls is None:
            return None
        if states is None:
            states = roll(task.x0, self._controls, dt)
        elif goes_nowhere(states, task, self._settings.mme, self._settings.vx_max):
            self._failed = True
        else:
            self._guesses = 0
        share = min(1.0, self._period / dt)
        command = task.x0[3:] + share * (self._controls[0] - task.x0[3:])
        return Plan(states[:, :3], dt, command)

    def _start(self, task: Task, kept: Array | None) -> tuple[Array, Array]:
        """Return the states and controls from which the solver begins."""
        mme = self._settings.mme
        if kept is not None and not self._failed:
            return roll(task.x0, kept, mme.model_dt), kept
        bulge = self.tuning.bulges[self._guesses % len(self.tuning.bulges)]
        self._guesses += 1
        return first_guess(task, self._settings.vx_max, mme.model_dt, mme.time_steps, bulge)

    def _solve(self, task: Task, states: Array, controls: Array) -> tuple[Array, Array] | None:
        low_z, high_z, low_g, high_g = self._bounds
        spare = [FAR] * (self._slots - len(task.circles))
        circles = np.vstack([task.circles, np.reshape(spare, (-1, 5))])
        found = self._solver(
            x0=np.append(np.hstack([states[:-1], controls]).ravel(), states[-1]),
            p=np.concatenate([task.target, circles.ravel()]),
            lbx=np.append(task.x0, low_z[NX:]),
            ubx=np.append(task.x0, high_z[NX:]),
            lbg=low_g,
            ubg=high_g,
        )
        z = np.asarray(found["x"]).ravel()
        stages = z[:-NX].reshape(-1, NZ)
        states, controls = np.vstack([stages[:, :NX], z[-NX:]]), stages[:, NX:]
        return (states, controls) if self._usable(task, states, controls) else None

    def _usable(self, task: Task, states: Array, controls: Array) -> bool:
        """Return whether an answer, converged or not, can be driven and touches nothing."""
        if not (np.isfinite(states).all() and np.isfinite(controls).all()):
            return False
        dt = self._settings.mme.model_dt
        driven = roll(states[0], controls, dt)
        if np.abs(driven[:, :2] - states[:, :2]).max() > SLIP:
            return False
        gaps = gaps_along(states[:, :2], dt, task.circles) - self._settings.robot_radius
        return bool(gaps.min() > min(0.0, gaps[0] - SLIP))


class _Constraints:
    """Expressions with their bounds, in order."""

    def __init__(self) -> None:
        self.values: list[ca.SX] = []
        self.equal: list[bool] = []
        self._bounds: list[Array] = []

    def add(self, values: ca.SX, lowest: float | Array, highest: float | Array) -> None:
        """Demand lowest <= values <= highest."""
        bounds = [np.broadcast_to(bound, values.numel()) for bound in (lowest, highest)]
        self.values.append(values)
        self.equal += (bounds[0] == bounds[1]).tolist()
        self._bounds.append(np.array(bounds))

    @property
    def bounds(self) -> Array:
        """Lowest and highest values [2, NG]."""
        return np.hstack(self._bounds)


@lru_cache(maxsize=8)
def _build(
    settings: ControllerSettings, tuning: ShootingTuning, slots: int
) -> tuple[ca.Function, tuple[Array, Array, Array, Array]]:
    """Return the solver, and the bounds of unknowns and constraints.

    Unknowns are x_0, u_0, x_1, ..., x_T; constraints come stage by stage: the dynamics, the rates
    of the controls, the distances to the circles: the order from which fatrop tells the structure.
    """
    barrier = tuning.obstacles == "barrier"
    task = Unicycle(settings, slots if barrier else 0)
    n, dt = settings.mme.time_steps, settings.mme.model_dt
    p = ca.SX.sym("p", 2 + 5 * slots)
    circles = ca.reshape(p[2:], 5, slots).T
    moves = ca.logic_or(circles[:, 3] != 0.0, circles[:, 4] != 0.0)
    rate = dt * np.array([settings.ax_max, settings.az_max])
    x, unknowns, cost, rows = ca.SX.sym("x_0", NX), [], ca.SX(0), _Constraints()
    for t in range(n + 1):
        final = t == n
        at = ca.horzcat(circles[:, :2] + t * dt * circles[:, 3:], circles[:, 2], moves)
        u = ca.SX(NU, 1) if final else ca.SX.sym(f"u_{t}", NU)
        cost += cost_of(task.penalties(final, x, u, p[:2], at))
        unknowns += [x] if final else [x, u]
        ahead = ca.SX.sym(f"x_{t + 1}", NX)
        if not final:
            rows.add(ahead - task.step(x, u), 0.0, 0.0)
            rows.add(u - x[3:], -rate, rate)
        if not barrier and t > 0 and slots:
            offsets = ca.vertcat(x[0] - at[:, 0].T, x[1] - at[:, 1].T)
            room = settings.robot_radius + settings.clearance_margin + at[:, 2]
            rows.add(ca.sum1(offsets**2).T - room**2, 0.0, np.inf)
        x = ahead
    nlp = {"x": ca.vertcat(*unknowns), "f": cost, "g": ca.vertcat(*rows.values), "p": p}
    solver = ca.nlpsol("shooting", tuning.solver, nlp, _options(tuning, rows.equal))
    return solver, (*_box(settings), *rows.bounds)


def _box(settings: ControllerSettings) -> tuple[Array, Array]:
    """Return the lowest and highest values of the unknowns: only the controls have any."""
    count = settings.mme.time_steps * NZ + NX
    low, high = np.full(count, -np.inf), np.full(count, np.inf)
    limits = ((settings.vx_min, settings.vx_max), (-settings.wz_max, settings.wz_max))
    for i, (least, most) in enumerate(limits):
        low[NX + i :: NZ], high[NX + i :: NZ] = least, most
    return low, high


def _options(tuning: ShootingTuning, equal: list[bool]) -> dict:
    common = {"print_time": False, "error_on_fail": False}
    if tuning.solver == "fatrop":
        return {
            **common,
            "structure_detection": "auto",
            "equality": equal,
            "fatrop": {
                "print_level": 0,
                "max_iter": tuning.iterations,
                "tol": tuning.tolerance,
                "mu_init": tuning.barrier_start,
            },
        }
    return {
        **common,
        "ipopt": {
            "print_level": 0,
            "sb": "yes",
            "max_iter": tuning.iterations,
            "tol": tuning.tolerance,
            "acceptable_tol": 10 * tuning.tolerance,
            "mu_init": tuning.barrier_start,
        },
    }


TUNED = {
    "fatrop": ShootingTuning(solver="fatrop"),
    "ipopt": ShootingTuning(solver="ipopt"),
}
