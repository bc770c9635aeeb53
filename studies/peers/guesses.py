"""Initial guesses for solvers that find only the nearest local minimum: arcs to either side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.mme_settings import MmeSettings
from studies.peers.peer import Task

Array = NDArray[np.float64]
BULGES = (0.0, 1.0, -1.0, 2.0, -2.0, 4.0, -4.0)  # [m], tried in turn
NOWHERE = 0.5  # fraction of the distance that could be driven, below which a plan makes no progress


def first_guess(task: Task, speed: float, dt: float, n: int, bulge: float) -> tuple[Array, Array]:
    """Return states [n+1, 5] and controls [n, 2] on a bow to the target, through obstacles too.

    Args:
        task: Start and target.
        speed: On the way [m/s].
        dt: Stage duration [s].
        n: Stages.
        bulge: Of the bow, to the left, in its middle [m].
    """
    offset = task.target - task.x0[:2]
    fraction = np.linspace(0.0, 1.0, 100)
    side = np.array([-offset[1], offset[0]]) / max(float(np.hypot(*offset)), 1e-9)
    bow = task.x0[:2] + fraction[:, None] * offset
    bow = bow + bulge * np.sin(np.pi * fraction)[:, None] * side
    arc = np.append(0.0, np.cumsum(np.hypot(*np.diff(bow, axis=0).T)))
    s = np.minimum(speed * dt * np.arange(n + 1), arc[-1])
    states = np.zeros((n + 1, 5))
    states[:, 0], states[:, 1] = np.interp(s, arc, bow[:, 0]), np.interp(s, arc, bow[:, 1])
    gradient = np.gradient(bow, axis=0)
    heading = np.unwrap(np.append(task.x0[2], np.arctan2(gradient[:, 1], gradient[:, 0])))[1:]
    states[:, 2] = np.interp(s, arc, heading)
    controls = np.column_stack([np.diff(s), np.diff(states[:, 2])]) / dt
    states[1:, 3:] = controls
    states[0] = task.x0
    return states, controls


def goes_nowhere(states: Array, task: Task, mme: MmeSettings, speed: float) -> bool:
    """Return whether a plan is much shorter than it could be: the mark of a local minimum.

    Args:
        states: The plan [T+1, 5].
        task: Start and target.
        mme: Stages and their duration.
        speed: Top speed [m/s].
    """
    length = float(np.hypot(*np.diff(states[:, :2], axis=0).T).sum())
    distance = float(np.hypot(*(task.target - task.x0[:2])))
    return length < NOWHERE * min(distance, speed * mme.model_dt * mme.time_steps)


def roll(x0: Array, controls: Array, dt: float) -> Array:
    """Return the states [T+1, 5] that follow controls [T, 2]; see `models.differential_drive`."""
    held = np.vstack([x0[3:], controls])
    mean = 0.5 * (held[1:] + held[:-1])
    yaw = x0[2] + dt * np.cumsum(mean[:, 1])
    heading = yaw - 0.5 * dt * mean[:, 1]
    moved = dt * np.cumsum(mean[:, :1] * np.stack([np.cos(heading), np.sin(heading)], -1), axis=0)
    return np.vstack([x0, np.column_stack([x0[:2] + moved, yaw, controls])])
