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
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor, Tensor]]:
    """Yield (dx, dy, distance, radius, stands) [m, T, L, S] of some circles at a time."""
    size = max(1, BLOCK.get(px.device.type, GPU_BLOCK) // max(1, px.numel()))
    for block in circles.split(size) if len(circles) else ():
        dx = px - (block[:, 0] + time * block[:, 3])
        dy = py - (block[:, 1] + time * block[:, 4])
        stands = (block[:, 3] == 0.0) & (block[:, 4] == 0.0)
        yield dx, dy, torch.sqrt(dx * dx + dy * dy + TINY), block[:, 2], stands


def charged_share(task: Task, U: Tensor) -> Tensor:
    """Return the share [T, L, S] charged of the cost of what stands, of U [T, L, nu, S]."""
    return task.barrier.standing + (task.energy * U * U).sum(2)


def world_costs(
    texts: SimpleNamespace, task: Task, px: Tensor, py: Tensor, stages: slice
) -> tuple[Tensor, Tensor]:
    """Return the barriers of what stands, to be charged by a share, and all else [T, L, S].

    All else is the barriers of what moves, what contact costs, and the cost-to-go.
    """
    barrier, standing, others = task.barrier, torch.zeros_like(px), torch.zeros_like(px)
    if task.walls.present:
        clearance = texts.interpolate(px, py, task.walls)[0] - barrier.radius
        standing = standing + _barrier(texts, clearance, barrier)
        others = others + texts.contact_cost(clearance, barrier)
    circles = circle_offsets(px, py, task.time[stages], task.inflated)
    for _, _, distance, radius, stands in circles:
        clearance = distance - (radius + barrier.radius)
        cost = _barrier(texts, clearance, barrier)
        standing = standing + torch.where(stands, cost, 0.0).sum(0)
        moving = torch.where(stands, 0.0, cost)
        others = others + (moving + texts.contact_cost(clearance, barrier)).sum(0)
    if task.goal.present:
        value, _, _ = texts.interpolate(px, py, task.goal)
        others = others + task.goal_weights[stages, None, None] * value
    return standing, others


def _barrier(texts: SimpleNamespace, clearance: Tensor, barrier: Barrier) -> Tensor:
    ratio, rest = texts.barrier_parts(clearance, barrier)
    return rest - barrier.weight * torch.log(ratio)


def world_quadratic(
    texts: SimpleNamespace,
    task: Task,
    px: Tensor,
    py: Tensor,
    share: Tensor | float,
    stages: slice,
) -> tuple[Tensor, ...]:
    """Return gradient in x, y and Gauss-Newton Hessian xx, xy, yy of the world's cost [T, L, S].

    `share` is the one that is charged of the barriers of what stands.
    """
    barrier, b = task.barrier, [torch.zeros_like(px)] * 5

    def add(nx: Tensor, ny: Tensor, clearance: Tensor, charged: Tensor | float) -> None:
        gradient, curvature = texts.barrier_derivatives(clearance, barrier)
        e = torch.clamp_max(clearance - barrier.contact, 0.0)
        gradient = charged * gradient + barrier.stiffness * e
        curvature = charged * curvature + barrier.stiffness * (e < 0.0)
        parts = (gradient * nx, gradient * ny)
        parts += tuple(curvature * n for n in (nx * nx, nx * ny, ny * ny))
        b[:] = [sum_ + part.sum(0) for sum_, part in zip(b, parts, strict=True)]

    if task.walls.present:
        distance, nx, ny = texts.interpolate(px, py, task.walls)
        add(nx[None], ny[None], (distance - barrier.radius)[None], share)
    circles = circle_offsets(px, py, task.time[stages], task.inflated)
    for dx, dy, distance, radius, stands in circles:
        charged = torch.where(stands, share, 1.0)
        add(dx / distance, dy / distance, distance - (radius + barrier.radius), charged)
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
    for _, _, distance, radius, _ in circle_offsets(px, py, time, task.circles):
        least = torch.fmin(least, (distance - radius).amin(0))
    return least.amin((0, 2))
