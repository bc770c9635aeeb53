"""The tasks of all lanes, as tensors on a device.

A lane is one mode of one robot; the modes of a robot stand side by side. Tensors are
[stage, lane, step length]: an axis of size 1 is shared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mme_ilqr_ros.control.kernel import Barrier, StageData
from mme_ilqr_ros.control.kernel.task import CONTENDING, Grid

Array = NDArray[np.float64]
AWAY = 1e6  # [m] where circles are that no robot shall meet


@dataclass(frozen=True)
class Task:
    """Limits, stage parameters, obstacles and cost-to-go of all lanes.

    Attributes:
        parameters: One tensor [T+1, 1 or L, 1] per parameter.
        dt: Stage duration [s].
        time: Time of every stage [T+1, 1, 1] [s].
        lower: Smallest controls [nu, 1].
        upper: Largest controls [nu, 1].
        change: Largest change of the controls in one stage [nu, 1]; inf without a limit.
        held: For every control the state that holds it [nu], 0 without one (`change` is inf then).
        circles: x, y, radius, vx, vy [M, 5, 1, 1 or L, 1].
        inflated: The circles that the barrier charges, see `control.kernel.program.sample.track`.
        barrier: Cost of clearance.
        energy: Share of the cost of what stands, for the square of every control [nu, 1].
        walls: Distance to the walls; `values` is a tensor.
        goal: Cost-to-go; `values` is a tensor.
        goal_weights: Weight of the cost-to-go at every stage [T+1].
        contending: Of every robot [R, 1], see `control.kernel.task.Task`.
    """

    parameters: tuple[Tensor, ...]
    dt: float
    time: Tensor
    lower: Tensor
    upper: Tensor
    change: Tensor
    held: Tensor
    circles: Tensor
    inflated: Tensor
    barrier: Barrier
    energy: Tensor
    walls: Grid
    goal: Grid
    goal_weights: Tensor
    contending: Tensor


def make_task(
    data: Sequence[StageData], held_state: tuple[int, ...], n_modes: int, like: Tensor
) -> Task:
    """Return the task of all lanes.

    Args:
        data: Of every robot.
        held_state: The model's.
        n_modes: Of every robot.
        like: Gives the device and the precision.

    Raises:
        ValueError: The robots differ in what a batch shares, or have a footprint.
    """
    first = data[0]
    if any(d.world.discs.any() for d in data):
        raise ValueError(
            "the batched kernel knows round robots only: set robot_radius, no footprint"
        )
    for name, value in _shared(first).items():
        if any(_shared(other)[name] != value for other in data[1:]):
            raise ValueError(f"robots of one batch must have the same {name}")

    def tensor(values: Array) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(values), dtype=like.dtype, device=like.device)

    def per_lane(values: Array) -> Tensor:
        """Return [..., 1 or L, 1] of an array [R, ...]."""
        if len(values) == 1:
            return tensor(values[0])[..., None, None]
        lanes = tensor(np.moveaxis(values, 0, -1)).repeat_interleave(n_modes, dim=-1)
        return lanes[..., None]

    lower, upper, rate = first.limits.as_arrays()
    change = np.where(np.array(held_state) >= 0, rate * first.dt, np.inf)
    parameters = per_lane(np.stack([d.parameters for d in data]))
    barrier, walls, goal, weights = first.world.packed(len(parameters) - 1, np.float64)
    circles = _stacked(data)
    inflated, ago = circles.copy(), barrier.surprise_time
    inflated[..., :2] -= ago * circles[..., 3:]
    inflated[..., 2] += ago * np.hypot(circles[..., 3], circles[..., 4])
    return Task(
        parameters=parameters.unbind(1),
        dt=first.dt,
        time=first.dt * torch.arange(len(parameters)).to(like)[:, None, None],
        lower=tensor(lower)[:, None],
        upper=tensor(upper)[:, None],
        change=tensor(change)[:, None],
        held=torch.tensor([max(state, 0) for state in held_state], device=like.device),
        circles=per_lane(circles)[:, :, None],
        inflated=per_lane(inflated)[:, :, None],
        barrier=barrier,
        energy=tensor(first.energy)[:, None],
        walls=walls._replace(values=tensor(walls.values)),
        goal=goal._replace(values=tensor(goal.values)),
        goal_weights=tensor(weights),
        contending=tensor(
            [[math.inf if d.world.circles[:, 3:].any() else CONTENDING] for d in data]
        ),
    )


def _stacked(data: Sequence[StageData]) -> Array:
    """Return the circles of all robots [R, M, 5]; those that are missing are far away."""
    circles = np.zeros((len(data), max(len(d.world.circles) for d in data), 5))
    circles[:, :, :2] = AWAY
    for row, d in zip(circles, data, strict=True):
        row[: len(d.world.circles)] = d.world.circles
    return circles


def _shared(data: StageData) -> dict[str, object]:
    goal = data.world.cost_to_go
    return {
        "stage duration": data.dt,
        "limits": data.limits,
        "number of stages": len(data.parameters),
        "barrier": (data.world.barrier, tuple(data.energy.tolist())),
        "distance field": id(data.world.field),
        "cost-to-go": (id(goal.values), goal.origin, data.world.goal_weights) if goal else None,
    }
