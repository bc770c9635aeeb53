"""Obstacles and the cost to go at the positions of all lanes at all stages at once."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import torch
from torch import Tensor

from studies.batched.task import Task

TINY = 1e-12  # [m^2] keeps the direction from a circle's very centre finite
BLOCK = {"cpu": 1 << 16}  # numbers in one tensor, for its cache
GPU_BLOCK = 1 << 25  # for as few launches as its memory allows


def circle_offsets(
    px: Tensor, py: Tensor, time: Tensor, circles: Tensor
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Yield (dx, dy, distance, radius) [m, T, L, S] from the centres of some circles at a time."""
    size = max(1, BLOCK.get(px.device.type, GPU_BLOCK) // max(1, px.numel()))
    for block in circles.split(size) if len(circles) else ():
        dx = px - (block[:, 0] + time * block[:, 3])
        dy = py - (block[:, 1] + time * block[:, 4])
        yield dx, dy, torch.sqrt(dx * dx + dy * dy + TINY), block[:, 2]


def world_cost(
    texts: SimpleNamespace, task: Task, px: Tensor, py: Tensor, time: Tensor, final: int
) -> Tensor:
    """Return the summed barriers of all obstacles, and the cost to go, at positions [T, L, S]."""
    shape, total = task.barrier, torch.zeros_like(px)
    field, frame = task.field
    if field is not None:
        distance, _, _ = texts.interpolate(px, py, field, frame)
        total = total + _barrier(texts, distance - shape[3], shape)
    for _, _, distance, radius in circle_offsets(px, py, time, task.priced):
        total = total + _barrier(texts, distance - (radius + shape[3]), shape).sum(0)
    values, frame = task.values
    if values is not None:
        value, _, _ = texts.interpolate(px, py, values, frame)
        total = total + task.value_weights[final] * value
    return total


def _barrier(texts: SimpleNamespace, gap: Tensor, shape: tuple[float, ...]) -> Tensor:
    ratio, rest = texts.barrier_parts(gap, shape)
    return rest - shape[0] * torch.log(ratio)


def world_quadratic(
    texts: SimpleNamespace, task: Task, px: Tensor, py: Tensor, time: Tensor, final: int
) -> tuple[Tensor, ...]:
    """Return slopes in x, y and Gauss-Newton curvatures xx, xy, yy of `world_cost` [T, L, S]."""
    shape, b = task.barrier, [torch.zeros_like(px)] * 5

    def add(nx: Tensor, ny: Tensor, gap: Tensor) -> None:
        slope, curvature = texts.barrier_slopes(gap, shape)
        parts = (slope * nx, slope * ny, *(curvature * n for n in (nx * nx, nx * ny, ny * ny)))
        b[:] = [sum_ + part.sum(0) for sum_, part in zip(b, parts, strict=True)]

    field, frame = task.field
    if field is not None:
        distance, nx, ny = texts.interpolate(px, py, field, frame)
        add(nx[None], ny[None], (distance - shape[3])[None])
    for dx, dy, distance, radius in circle_offsets(px, py, time, task.priced):
        add(dx / distance, dy / distance, distance - (radius + shape[3]))
    values, frame = task.values
    if values is not None:
        _, sx, sy = texts.interpolate(px, py, values, frame)
        weight = task.value_weights[final]
        b[0], b[1] = b[0] + weight * sx, b[1] + weight * sy
    return tuple(b)


def smallest_gap(texts: SimpleNamespace, task: Task, X: Tensor) -> Tensor:
    """Return the smallest gap [L] between the robot's centre and any obstacle along X [T+1, L, nx].

    Half-way points are checked too: at 1 m/s and 0.2 s the stages are 0.2 m apart.
    """
    points = torch.cat([X[..., :2], 0.5 * (X[:-1, :, :2] + X[1:, :, :2])])
    time = torch.cat([task.time, task.time[:-1] + 0.5 * task.dt])
    px, py = points[..., 0, None], points[..., 1, None]
    field, frame = task.field
    least = torch.full_like(px, frame[5])
    if field is not None:
        least = torch.fmin(least, texts.interpolate(px, py, field, frame)[0])
    for _, _, distance, radius in circle_offsets(px, py, time, task.circles):
        least = torch.fmin(least, (distance - radius).amin(0))
    return least.amin((0, 2))
