"""A dynamic window that looks seconds ahead, in numpy alone.

Source: Fox, Burgard, Thrun, The Dynamic Window Approach to Collision Avoidance, 1997.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.settings import ControllerSettings
from studies.peers.peer import Peer, Plan, Task, gaps_along, within_reach

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DynamicWindowTuning:
    """Settings of the dynamic window."""

    n_speeds: int = 8
    n_turns: int = 31
    window_s: float = 0.4  # reach of the window: the speeds that are possible in this time
    horizon_s: float = 3.0
    dt: float = 0.1
    goal_weight: float = 1.0  # per metre from the arc's nearest point to the target
    heading_weight: float = 0.15  # per radian between the arc's end and the target
    speed_weight: float = 3.0  # per m/s below the top speed
    clearance_weight: float = 0.1  # for the least room along the arc
    clearance_distance: float = 0.4  # [m] beyond it more room is worth nothing
    steadiness_weight: float = 0.1  # per rad/s of change against the last command


class DynamicWindow(Peer):
    """Arcs of constant speeds; the best of those that touch nothing as far as it looks.

    Speed is worth so much that standing before an obstacle is never best: so it finds its way out
    of dead ends, sooner or later.
    """

    tuning: DynamicWindowTuning

    def __init__(
        self, settings: ControllerSettings, tuning: DynamicWindowTuning | None = None
    ) -> None:
        self.tuning = tuning or DynamicWindowTuning()
        super().__init__(settings)

    def forget(self) -> None:
        """Nothing is kept but the last command."""

    def plan(self, task: Task) -> Plan | None:
        """Return the best arc, or None when every one touches something."""
        tuning, s = self.tuning, self._settings
        commands = self._window(task.x0[3:])
        arcs = self._arcs(task.x0, commands)
        radius = s.robot_radius + s.clearance_margin
        room = radius + tuning.clearance_distance
        speed = max(s.vx_max, -s.vx_min)
        near = within_reach(task, speed, tuning.horizon_s, room)
        gaps = gaps_along(arcs[..., :2], tuning.dt, near) - radius
        costs = self._costs(task, commands, arcs, gaps)
        best = int(np.argmin(costs))
        if not np.isfinite(costs[best]):
            return None
        return Plan(arcs[best], tuning.dt, commands[best])

    def _window(self, held: Array) -> Array:
        """Return the pairs of speed and turning rate within reach [N, 2]."""
        tuning = self.tuning
        low, high = self._limits.reachable(held, tuning.window_s)
        v = np.linspace(low[0], high[0], tuning.n_speeds)
        w = np.append(np.linspace(low[1], high[1], tuning.n_turns), np.clip(0.0, low[1], high[1]))
        return np.stack(np.meshgrid(v, w, indexing="ij"), axis=-1).reshape(-1, 2)

    def _arcs(self, x0: Array, commands: Array) -> Array:
        """Return x, y, yaw along the arcs [N, T+1, 3], the ramp up to each command included."""
        tuning = self.tuning
        t = tuning.dt * np.arange(1, round(tuning.horizon_s / tuning.dt) + 1)
        change = (np.array(self._limits.rate) * t[:, None])[None]
        wanted = commands[:, None] - x0[3:]
        speeds = x0[3:] + np.clip(wanted, -change, change)
        speeds = np.concatenate([np.broadcast_to(x0[3:], speeds[:, :1].shape), speeds], axis=1)
        mean = 0.5 * (speeds[:, 1:] + speeds[:, :-1])
        yaw = x0[2] + tuning.dt * np.cumsum(mean[..., 1], axis=1)
        heading = yaw - 0.5 * tuning.dt * mean[..., 1]
        step = tuning.dt * mean[..., 0, None]
        moved = np.cumsum(step * np.stack([np.cos(heading), np.sin(heading)], axis=-1), axis=1)
        states = np.concatenate([x0[:2] + moved, yaw[..., None]], axis=-1)
        return np.concatenate([np.broadcast_to(x0[:3], states[:, :1].shape), states], axis=1)

    def _costs(self, task: Task, commands: Array, arcs: Array, gaps: Array) -> Array:
        """Return the cost of every arc [N]; inf for those that touch something."""
        tuning, s = self.tuning, self._settings
        admissible = (gaps >= 0.0).all(axis=1)
        to_target = np.hypot(*np.moveaxis(arcs[..., :2] - task.target, -1, 0))
        end = arcs[:, -1]
        bearing = np.arctan2(task.target[1] - end[:, 1], task.target[0] - end[:, 0]) - end[:, 2]
        off = np.abs(np.arctan2(np.sin(bearing), np.cos(bearing)))
        room = np.clip(gaps.min(axis=1), 0.0, tuning.clearance_distance)
        costs = (
            tuning.goal_weight * to_target.min(axis=1)
            + tuning.heading_weight * off
            + tuning.speed_weight * (s.vx_max - commands[:, 0])
            - tuning.clearance_weight * room / tuning.clearance_distance
            + tuning.steadiness_weight * np.abs(commands[:, 1] - task.x0[4])
        )
        return np.where(admissible, costs, np.inf)
