"""What a kernel is told about the task: limits, stage parameters, obstacles, cost to go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.pose import Pose
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
        surprise_time: How long ago a moving circle may have turned [s]; see `World.priced`.
    """

    weight: float
    stiff_gap: float
    cutoff_gap: float
    radius: float
    surprise_time: float = 0.0


@dataclass(frozen=True)
class ValueField:
    """A planner's cost to go as a cost of the controller.

    Attributes:
        values: Cost to go at cell centres [H, W], finite.
        resolution: Side of a cell [m].
        origin: Pose of the corner of cell (0, 0) in the controller's frame.
        outside: Value beyond the map.
        stage_weight: Weight at every stage.
        final_weight: Weight at the end of the horizon.
    """

    values: Array
    resolution: float
    origin: Pose
    outside: float
    stage_weight: float
    final_weight: float


@dataclass(frozen=True)
class World:
    """Everything to keep clear of, and where it leads, in the controller's frame.

    Attributes:
        circles: x, y, radius, vx, vy [M, 5].
        field: Distance field of the walls, or None.
        barrier: How clearance is priced.
        cost_to_go: The planner's field, or None.
    """

    circles: Array
    field: DistanceField | None
    barrier: Barrier
    cost_to_go: ValueField | None = None

    @property
    def priced(self) -> Array:
        """The circles as the barrier prices them [..., M, 5]; gaps are those to the circles.

        A circle that turned some time ago is within the disc round where it was then, of what it
        drove since. The disc touches where it is if it went straight on, and reaches beside and
        behind: where a turn that nobody foresees takes it.
        """
        turned, speed = self.circles.copy(), np.hypot(self.circles[..., 3], self.circles[..., 4])
        turned[..., :2] -= self.barrier.surprise_time * self.circles[..., 3:]
        turned[..., 2] += self.barrier.surprise_time * speed
        return turned

    def pack(self, dtype: DTypeLike) -> tuple[NDArray, ...]:
        """Return the arrays that the kernel text calls `world`."""
        b = self.barrier
        shape = np.array([b.weight, b.stiff_gap, b.cutoff_gap, b.radius], dtype)
        circles = np.ascontiguousarray(self.circles, dtype)
        field, frame = (
            _absent(dtype)
            if self.field is None
            else _pack_field(
                self.field.values,
                self.field.resolution,
                self.field.origin,
                self.field.max_distance,
                dtype,
            )
        )
        goal = self.cost_to_go
        if goal is None:
            return circles, shape, field, frame, *_absent(dtype), np.zeros(2, dtype)
        values = _pack_field(goal.values, goal.resolution, goal.origin, goal.outside, dtype)
        weights = np.array([goal.stage_weight, goal.final_weight], dtype)
        return circles, shape, field, frame, *values, weights


def _absent(dtype: DTypeLike) -> tuple[NDArray, NDArray]:
    return np.zeros((2, 2), dtype), np.array([0, 0, 1, 0, 1, FAR, 0], dtype)


def _pack_field(
    values: Array, resolution: float, origin: Pose, outside: float, dtype: DTypeLike
) -> tuple[NDArray, NDArray]:
    """Return a field and its frame; a single row or column is doubled, to have cells between."""
    rows, columns = values.shape
    if rows < 2 or columns < 2:
        values = np.pad(values, ((0, max(2 - rows, 0)), (0, max(2 - columns, 0))), mode="edge")
    turn = (np.cos(origin.yaw), np.sin(origin.yaw))
    frame = np.array([origin.x, origin.y, *turn, 1.0 / resolution, outside, 1.0], dtype)
    return np.ascontiguousarray(values, dtype), frame


@dataclass(frozen=True)
class StageData:
    """The numbers of one solve that all modes share.

    Attributes:
        parameters: Stage parameters in the problem's order [T+1, NP].
        dt: Stage duration [s].
        limits: Box and rate limits of the controls.
        world: Obstacles and cost to go.
    """

    parameters: Array
    dt: float
    limits: ControlLimits
    world: World

    def tracks(self) -> Array:
        """Return where the priced circles will be at every stage, and their size [T+1, M, 4].

        Columns: x, y, the square of the distance from the centre within which a circle costs
        something, and the distance at which the robot touches it.
        """
        circles, barrier = self.world.priced, self.world.barrier
        tracks = np.empty((len(self.parameters), len(circles), 4))
        time = self.dt * np.arange(len(self.parameters))
        tracks[..., :2] = circles[:, :2] + time[:, None, None] * circles[:, 3:]
        tracks[..., 2] = (circles[:, 2] + barrier.radius + barrier.cutoff_gap) ** 2
        tracks[..., 3] = circles[:, 2] + barrier.radius
        return tracks


def free_space(radius: float = 0.0) -> World:
    """Return a world without obstacles."""
    return World(no_circles(), None, Barrier(1.0, 0.03, 0.3, radius))
