"""What the lanes are told about their tasks, as tensors on a device.

A lane is one mode of one robot; the modes of a robot stand side by side. Tensors are
[stage, lane, step length]: an axis of size 1 is shared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mme_ilqr_ros.control.kernel import StageData

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """Limits, stage parameters, obstacles and cost to go of all lanes.

    Attributes:
        parameters: One tensor [T+1, 1 or L, 1] per parameter.
        dt: Stage duration [s].
        time: Time of every stage [T+1, 1, 1] [s].
        lower: Smallest controls [nu, 1].
        upper: Largest controls [nu, 1].
        change: Largest change of the controls in one stage [nu, 1]; inf without a limit.
        held: For every control the state that holds it [nu], 0 without one (`change` is inf then).
        circles: x, y, radius, vx, vy [M, 5, 1, 1 or L, 1].
        priced: The circles as the barrier prices them, see `World.priced`.
        barrier: Weight, stiff gap, cut-off gap, radius.
        field: Distance field [H, W] or None, and its frame.
        values: Cost to go [H, W] or None, and its frame.
        value_weights: Weight of the cost to go at a stage and at the end.
    """

    parameters: tuple[Tensor, ...]
    dt: float
    time: Tensor
    lower: Tensor
    upper: Tensor
    change: Tensor
    held: Tensor
    circles: Tensor
    priced: Tensor
    barrier: tuple[float, ...]
    field: tuple[Tensor | None, tuple[float, ...]]
    values: tuple[Tensor | None, tuple[float, ...]]
    value_weights: tuple[float, ...]


def make_task(data: StageData, held_state: tuple[int, ...], n_lanes: int, like: Tensor) -> Task:
    """Return the task of `n_lanes` lanes.

    Args:
        data: For one robot, or with a leading axis of robots: parameters [R, T+1, NP] and circles
            [R, M, 5]. Every robot has n_lanes / R modes then.
        held_state: The model's.
        n_lanes: Modes of all robots.
        like: Gives the device and the precision.

    Raises:
        ValueError: The lanes cannot be shared out among the robots.
    """

    def tensor(values: Array) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(values), dtype=like.dtype, device=like.device)

    def per_lane(values: Array, n_axes: int) -> Tensor:
        """Return [..., 1 or L, 1] of an array [...] or [R, ...]."""
        if values.ndim == n_axes:
            return tensor(values)[..., None, None]
        n_modes, rest = divmod(n_lanes, len(values))
        if rest:
            raise ValueError(f"{n_lanes} modes cannot be shared out among {len(values)} robots")
        lanes = tensor(np.moveaxis(values, 0, -1)).repeat_interleave(n_modes, dim=-1)
        return lanes[..., None]

    lower, upper, rate = data.limits.as_arrays()
    change = np.where(np.array(held_state) >= 0, rate * data.dt, np.inf)
    parameters = per_lane(data.parameters, 2)
    _, shape, field, frame, values, value_frame, weights = data.world.pack(np.float64)
    return Task(
        parameters=parameters.unbind(1),
        dt=data.dt,
        time=data.dt * torch.arange(len(parameters)).to(like)[:, None, None],
        lower=tensor(lower)[:, None],
        upper=tensor(upper)[:, None],
        change=tensor(change)[:, None],
        held=torch.tensor([max(state, 0) for state in held_state], device=like.device),
        circles=per_lane(data.world.circles, 2)[:, :, None],
        priced=per_lane(data.world.priced, 2)[:, :, None],
        barrier=tuple(shape.tolist()),
        field=(tensor(field) if frame[6] > 0.0 else None, tuple(frame.tolist())),
        values=(tensor(values) if value_frame[6] > 0.0 else None, tuple(value_frame.tolist())),
        value_weights=tuple(weights.tolist()),
    )
