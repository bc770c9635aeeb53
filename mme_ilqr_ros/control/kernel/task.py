"""What one solve is given: limits, stage parameters, obstacles, cost-to-go.

`StageData` is how the controller puts it, `Task` how the compiled program reads it: NamedTuples of
arrays and numbers.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import DistanceField
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.models import ControlLimits

Array = NDArray[np.floating]
CONTENDING = 2.0  # times the best cost: a mode above it is no alternative
FAR = 1e3  # [m] the distance reported where there is no obstacle at all


class Grid(NamedTuple):
    """A field on a grid, and where it lies.

    Attributes:
        values: At cell centres [H, W], at least 2 x 2.
        x: Corner of cell (0, 0) in the controller's frame [m].
        y: Likewise [m].
        cos: Of the grid's yaw.
        sin: Of the grid's yaw.
        cells_per_metre: 1 / resolution.
        outside: Value beyond the grid.
        present: False where there is no such field.
    """

    values: Array
    x: float
    y: float
    cos: float
    sin: float
    cells_per_metre: float
    outside: float
    present: bool


class Barrier(NamedTuple):
    """Relaxed log barrier of the clearance between the robot's edge and an obstacle.

    Attributes:
        weight: Cost scale per stage and disc of the robot.
        stiff: Clearance below which the log goes on as a quadratic [m].
        cutoff: Clearance at and beyond which the cost is exactly zero [m].
        radius: Of the robot's discs, margin included [m].
        surprise_time: How long ago a moving circle may have turned [s].
        standing: Share of the cost of what stands that a robot at rest is charged.
        contact: Clearance below which what stands is charged in full too, at any speed [m].
        stiffness: Of that charge per stage: half of this, times the square of what is below
            [1/m^2].
    """

    weight: float
    stiff: float
    cutoff: float
    radius: float
    surprise_time: float = 0.0
    standing: float = 1.0
    contact: float = 0.0
    stiffness: float = 0.0


class Limits(NamedTuple):
    """Box and rate limits of the controls.

    Attributes:
        lower: Smallest control [NU].
        upper: Largest control [NU].
        rate: Largest change per second [NU].
    """

    lower: Array
    upper: Array
    rate: Array


class Task(NamedTuple):
    """One solve's numbers, the same for all its modes.

    Attributes:
        p: Cost parameters at every stage [T+1, NP].
        dt: Duration of a stage [s].
        limits: Of the controls.
        circles: x, y, radius, vx, vy [M, 5]; first those at rest.
        n_standing: Number of circles at rest.
        tracks: Where the circles' costs are at every stage [T+1, M, 4]: x, y, the square of the
            centre distance within which a circle costs something, the centre distance at contact.
        barrier: Cost of clearance.
        discs: Centres of the robot's discs in its frame [K, 2] [m].
        turns: Whether it matters to obstacles where the robot is headed.
        energy: Share of the cost of what stands, for the square of every control [NU].
        walls: Distance to the walls of the map [m].
        goal: The planner's cost-to-go [m].
        goal_weights: Of the cost-to-go at every stage [T+1].
        contending: Times the best cost, above which a mode is not waited for; inf waits for all.
    """

    p: Array
    dt: float
    limits: Limits
    circles: Array
    n_standing: int
    tracks: Array
    barrier: Barrier
    discs: Array
    turns: bool
    energy: Array
    walls: Grid
    goal: Grid
    goal_weights: Array
    contending: float


class Memory(NamedTuple):
    """Working memory of one group of modes, [..., LANES].

    Attributes:
        X: States [T+1, NX, L].
        U: Controls [T, NU, L].
        X_new: States that are tried [T+1, NX, L].
        U_new: Controls that are tried [T, NU, L].
        k: Feedforward [T, NU, L].
        K: Gains [T, NU, NX, L].
        Quu: Action-value Hessians [T, NU, NU, L].
        facts: J, expected change of J, log det, least distance [4, L].
        modes: Which modes the lanes hold [L].
    """

    X: Array
    U: Array
    X_new: Array
    U_new: Array
    k: Array
    K: Array
    Quu: Array
    facts: Array
    modes: NDArray[np.int64]


def centre_alone() -> NDArray[np.float64]:
    """Return the offsets of a round robot's discs [1, 2]: one, at its centre."""
    return np.zeros((1, 2))


@dataclass(frozen=True)
class World:
    """Everything to keep clear of, and where it leads, in the controller's frame.

    Attributes:
        circles: x, y, radius, vx, vy [M, 5].
        field: Distance field of the walls, or None.
        barrier: Cost of clearance.
        energy: Share of the cost of what stands, for the square of every control [NU]; beside the
            one at rest. None for zeros.
        cost_to_go: The planner's field, finite everywhere, or None.
        goal_weights: Weights of the cost-to-go at a stage and at the end of the horizon.
        discs: Centres of the robot's discs in its frame [K, 2] [m]; their radius is `barrier`'s.
    """

    circles: NDArray[np.float64]
    field: DistanceField | None
    barrier: Barrier
    cost_to_go: CostToGo | None = None
    goal_weights: tuple[float, float] = (0.0, 0.0)
    energy: NDArray[np.float64] | None = None
    discs: NDArray[np.float64] = dataclasses.field(default_factory=centre_alone)

    def packed(self, n_stages: int, dtype: DTypeLike) -> tuple[Barrier, Grid, Grid, Array]:
        """Return barrier, walls, cost-to-go and its weights as the program reads them."""
        walls = goal = _absent(dtype)
        if self.field is not None:
            f = self.field
            walls = _grid(f.values, f.resolution, f.origin, f.max_distance, dtype)
        weights = np.zeros(n_stages + 1, dtype)
        if self.cost_to_go is not None:
            g = self.cost_to_go
            goal = _grid(g.values, g.resolution, g.origin, g.highest, dtype)
            weights[:-1], weights[-1] = self.goal_weights
        return Barrier(*map(float, self.barrier)), walls, goal, weights


def _absent(dtype: DTypeLike) -> Grid:
    return Grid(np.zeros((2, 2), dtype), 0.0, 0.0, 1.0, 0.0, 1.0, FAR, False)


def _grid(values: Array, resolution: float, origin: Pose, outside: float, dtype: DTypeLike) -> Grid:
    """Return a field as a grid; a single row or column is doubled, to have cells between."""
    rows, columns = values.shape
    if rows < 2 or columns < 2:
        values = np.pad(values, ((0, max(2 - rows, 0)), (0, max(2 - columns, 0))), mode="edge")
    cos, sin = math.cos(origin.yaw), math.sin(origin.yaw)
    cells = np.ascontiguousarray(values, dtype)
    return Grid(
        cells, float(origin.x), float(origin.y), cos, sin, 1.0 / resolution, float(outside), True
    )


@dataclass(frozen=True)
class StageData:
    """The numbers of one solve that all modes share.

    Attributes:
        parameters: Stage parameters in the problem's order [T+1, NP].
        dt: Stage duration [s].
        limits: Box and rate limits of the controls.
        world: Obstacles and cost-to-go.
    """

    parameters: Array
    dt: float
    limits: ControlLimits
    world: World

    @property
    def energy(self) -> NDArray[np.float64]:
        """`World.energy`, with its zeros [NU]."""
        given = self.world.energy
        return np.zeros(len(self.limits.lower)) if given is None else given


def free_space(radius: float = 0.0) -> World:
    """Return a world without obstacles."""
    return World(no_circles(), None, Barrier(1.0, 0.03, 0.3, radius))
