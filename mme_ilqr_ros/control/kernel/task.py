"""What the compiled program is given, as NamedTuples of arrays and numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


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
        weight: Cost scale per stage.
        stiff: Clearance below which the log goes on as a quadratic [m].
        cutoff: Clearance at and beyond which the cost is exactly zero [m].
        radius: The robot's radius, margin included [m].
        surprise_time: How long ago a moving circle may have turned [s].
    """

    weight: float
    stiff: float
    cutoff: float
    radius: float
    surprise_time: float = 0.0


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
        circles: x, y, radius, vx, vy [M, 5].
        tracks: Where the circles' costs are at every stage [T+1, M, 4]: x, y, the square of the
            centre distance within which a circle costs something, the centre distance at contact.
        barrier: Cost of clearance.
        walls: Distance to the walls of the map [m].
        goal: The planner's cost-to-go [m].
        goal_weights: Of the cost-to-go at every stage [T+1].
    """

    p: Array
    dt: float
    limits: Limits
    circles: Array
    tracks: Array
    barrier: Barrier
    walls: Grid
    goal: Grid
    goal_weights: Array


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
