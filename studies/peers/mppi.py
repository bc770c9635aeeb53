"""Model predictive path integral control by pytorch-mppi, on the CPU.

Source: Williams et al., Information Theoretic MPC for Model-Based Reinforcement Learning, ICRA
2017; pytorch-mppi by Zhong (UM-ARM-Lab).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_mppi import MPPI

from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.geometry import circles as circle_math
from studies.peers.peer import Peer, Plan, Task, within_reach
from studies.peers.unicycle import Unicycle

Array = NDArray[np.float64]
THREADS = 1  # small tensors gain nothing from more


@dataclass(frozen=True)
class MppiTuning:
    """Settings of the sampler; the cost's weights are those of the package's controller."""

    samples: int = 1000
    time_steps: int = 30
    dt: float = 0.1  # [s] the control period, so that a shift by one stage is a shift in time
    temperature: float = 0.05  # lambda
    sigma_v: float = 0.5  # [m/s]
    sigma_w: float = 1.0  # [rad/s]
    contact_cost: float = 50.0  # per stage inside an obstacle
    goal_weight: float = 20.0  # times the package's running weight
    terminal_goal_weight: float = 8.0  # times the package's


class Mppi(Peer):
    """The mean of sampled controls, weighted by their cost, warm-started with the last one."""

    tuning: MppiTuning

    def __init__(self, settings: ControllerSettings, tuning: MppiTuning | None = None) -> None:
        self.tuning = tuning or MppiTuning()
        super().__init__(settings)

    def forget(self) -> None:
        """Start again, from the seed."""
        torch.set_num_threads(THREADS)
        limits, tuning = self._limits, self.tuning
        self._random = torch.Generator().manual_seed(self._settings.seed).get_state()
        first = torch.zeros(tuning.time_steps, 2)
        first[:, 0] = 0.5 * self._settings.vx_max
        self._unicycle = Unicycle(self._settings, 0)
        self._mppi = MPPI(
            self._step,
            lambda states, controls: torch.zeros(len(states)),  # all at once in _cost
            nx=5,
            noise_sigma=torch.diag(torch.tensor([tuning.sigma_v**2, tuning.sigma_w**2])),
            num_samples=tuning.samples,
            horizon=tuning.time_steps,
            terminal_state_cost=self._cost,
            lambda_=tuning.temperature,
            u_min=torch.tensor(limits.lower),
            u_max=torch.tensor(limits.upper),
            u_init=torch.zeros(2),
            U_init=first,
        )

    def plan(self, task: Task) -> Plan:
        """Sample once and take the weighted mean."""
        stages = self.tuning.dt * np.arange(1, self.tuning.time_steps + 1)
        s = self._settings
        room = s.robot_radius + s.clearance_margin + s.costs.clearance_distance
        near = within_reach(task, max(s.vx_max, -s.vx_min), stages[-1], room)
        self._circles = _tensor(circle_math.predict(near, stages)[..., :3])
        self._moves = torch.as_tensor(near[:, 3:].any(axis=1))
        self._goal, self._held = _tensor(task.target), _tensor(task.x0[3:])
        # pytorch-mppi draws from torch's global generator: ours stands in for it.
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.set_rng_state(self._random)
            command = self._mppi.command(_tensor(task.x0))
            self._random = torch.get_rng_state()
        state = _tensor(task.x0)[None]
        states = [state]
        for control in self._mppi.get_action_sequence():
            state = self._step(state, control[None])
            states.append(state)
        points = torch.cat(states)[:, :3].numpy().astype(float)
        return Plan(points, self.tuning.dt, command.numpy().astype(float))

    def _step(self, x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
        """Return the states [K, 5] a stage later, controls as far as the accelerations allow."""
        dt = self.tuning.dt
        held = x[:, 3:]
        change = dt * torch.tensor(self._limits.rate)
        u = torch.minimum(torch.maximum(u, held - change), held + change)
        mean = 0.5 * (held + u)
        heading = x[:, 2] + 0.5 * dt * mean[:, 1]
        return torch.stack(
            [
                x[:, 0] + dt * mean[:, 0] * torch.cos(heading),
                x[:, 1] + dt * mean[:, 0] * torch.sin(heading),
                x[:, 2] + dt * mean[:, 1],
                u[:, 0],
                u[:, 1],
            ],
            dim=-1,
        )

    def _cost(self, states: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Return the cost of whole trajectories [K] from states [1, K, T, 5]."""
        x, tuning = states[0], self.tuning
        w = self._unicycle.values
        scale = tuning.dt / self._settings.mme.model_dt  # the weights are per stage
        width = w["goal_width"]
        squared = ((x[..., :2] - self._goal) ** 2).sum(-1)
        distance = torch.sqrt(squared + width**2) - width
        speeds = torch.cat([self._held.expand(len(x), 1, 2), x[..., 3:]], dim=1)
        changes = (speeds[:, 1:] - speeds[:, :-1]) ** 2
        cost = scale * tuning.goal_weight * w["goal_weight"] * distance.sum(-1)
        cost = cost + tuning.terminal_goal_weight * w["terminal_goal_weight"] * distance[:, -1]
        cost = cost + scale * w["vx_weight"] * (x[..., 3] ** 2).sum(-1)
        cost = cost + scale * w["wz_weight"] * (x[..., 4] ** 2).sum(-1)
        cost = cost + w["ax_weight"] / scale * changes[..., 0].sum(-1)
        cost = cost + w["az_weight"] / scale * changes[..., 1].sum(-1)
        return cost + self._clearance_cost(x, w, scale)

    def _clearance_cost(
        self, x: torch.Tensor, w: dict[str, float], scale: float
    ) -> torch.Tensor | float:
        if not self._circles.shape[1]:
            return 0.0
        offsets = x[:, :, None, :2] - self._circles[None, ..., :2]
        gaps = torch.linalg.vector_norm(offsets, dim=-1) - self._circles[..., 2] - w["keep_away"]
        cutoff = w["cutoff_gap"]
        ratio = torch.clamp(gaps, w["stiff_gap"], cutoff) / cutoff
        near = scale * w["barrier_weight"] * (ratio - 1.0 - torch.log(ratio))
        share = self._unicycle.share(x[..., 3], x[..., 4])[..., None]
        charged = near * torch.where(self._moves, 1.0, share)
        touches = (gaps < 0.0).any(-1)
        return (charged.amax(-1) + self.tuning.contact_cost * touches).sum(-1)


def _tensor(values: Array) -> torch.Tensor:
    return torch.as_tensor(np.asarray(values), dtype=torch.float32)
