"""Obstacles and the cost-to-go at the positions of all lanes at all stages at once."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import torch
from torch import Tensor

from mme_ilqr_ros.control.kernel import Barrier
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


def world_cost(texts: SimpleNamespace, task: Task, px: Tensor, py: Tensor, stages: slice) -> Tensor:
    """Return the summed barriers of all obstacles, and the cost-to-go, at positions [T, L, S]."""
    barrier, total = task.barrier, torch.zeros_like(px)
    if task.walls.present:
        distance, _, _ = texts.interpolate(px, py, task.walls)
        total = total + _barrier(texts, distance - barrier.radius, barrier)
    for _, _, distance, radius in circle_offsets(px, py, task.time[stages], task.inflated):
        total = total + _barrier(texts, distance - (radius + barrier.radius), barrier).sum(0)
    if task.goal.present:
        value, _, _ = texts.interpolate(px, py, task.goal)
        total = total + task.goal_weights[stages, None, None] * value
    return total


def _barrier(texts: SimpleNamespace, clearance: Tensor, barrier: Barrier) -> Tensor:
    ratio, rest = texts.barrier_parts(clearance, barrier)
    return rest - barrier.weight * torch.log(ratio)


def world_quadratic(
    texts: SimpleNamespace, task: Task, px: Tensor, py: Tensor, stages: slice
) -> tuple[Tensor, ...]:
    """Return gradient in x, y and Gauss-Newton Hessian xx, xy, yy of `world_cost` [T, L, S]."""
    barrier, b = task.barrier, [torch.zeros_like(px)] * 5

    def add(nx: Tensor, ny: Tensor, clearance: Tensor) -> None:
        gradient, curvature = texts.barrier_derivatives(clearance, barrier)
        parts = (gradient * nx, gradient * ny)
        parts += tuple(curvature * n for n in (nx * nx, nx * ny, ny * ny))
        b[:] = [sum_ + part.sum(0) for sum_, part in zip(b, parts, strict=True)]

    if task.walls.present:
        distance, nx, ny = texts.interpolate(px, py, task.walls)
        add(nx[None], ny[None], (distance - barrier.radius)[None])
    for dx, dy, distance, radius in circle_offsets(px, py, task.time[stages], task.inflated):
        add(dx / distance, dy / distance, distance - (radius + barrier.radius))
    if task.goal.present:
        _, gx, gy = texts.interpolate(px, py, task.goal)
        weight = task.goal_weights[stages, None, None]
        b[0], b[1] = b[0] + weight * gx, b[1] + weight * gy
    return tuple(b)


def least_distance(texts: SimpleNamespace, task: Task, X: Tensor) -> Tensor:
    """Return the least distance [L] of the robot's centre to any obstacle along X [T+1, L, nx].

    Half-way points are checked too: at 1 m/s and 0.2 s the stages are 0.2 m apart.
    """
    points = torch.cat([X[..., :2], 0.5 * (X[:-1, :, :2] + X[1:, :, :2])])
    time = task.time[: len(X)]
    time = torch.cat([time, time[:-1] + 0.5 * task.dt])
    px, py = points[..., 0, None], points[..., 1, None]
    least = torch.full_like(px, task.walls.outside)
    if task.walls.present:
        least = torch.fmin(least, texts.interpolate(px, py, task.walls)[0])
    for _, _, distance, radius in circle_offsets(px, py, time, task.circles):
        least = torch.fmin(least, (distance - radius).amin(0))
    return least.amin((0, 2))
