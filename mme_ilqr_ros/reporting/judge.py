"""The judge: says when a run is over and how it ended."""

from __future__ import annotations

import math
from enum import Enum

import numpy as np

from mme_ilqr_ros.geometry.pose import Pose


class Outcome(Enum):
    """How a run ended; the values are the words of the benchmark's result rows."""

    SUCCESS = "success"
    COLLISION = "collision"
    TIMEOUT = "timeout"
    STUCK = "stuck"


class RunJudge:
    """Watches one run, state by state, and names its outcome once.

    A run is a success when the robot's centre comes within the tolerance of the goal, a collision
    when it touches something, and a timeout when neither happened in time.

    It is stuck when it found no new place for `stuck_time`. The judge keeps a list of visited
    places: the first position, and then every position that lies at least `new_place_distance`
    from all places visited before. Only a new place restarts the clock. So a robot that trembles
    inside such a ball, swings between two old places or drives the same loop over and over makes
    no progress, however far its wheels turn; and one that creeps forward does.
    """

    def __init__(
        self,
        goal: Pose,
        goal_tolerance: float,
        timeout: float,
        stuck_time: float = 20.0,
        new_place_distance: float = 0.1,
    ) -> None:
        """Start a run whose clock begins with the first `update`.

        Args:
            goal: Where the robot has to go; the heading does not matter.
            goal_tolerance: Distance at which the goal counts as reached [m].
            timeout: Longest time a run may take [s].
            stuck_time: Time without a new place after which the robot is stuck [s].
            new_place_distance: How far a new place lies from all visited ones [m].
        """
        self._goal = goal
        self._goal_tolerance = goal_tolerance
        self._timeout = timeout
        self._stuck_time = stuck_time
        self._new_place_distance = new_place_distance
        self._start_time = math.nan
        self._progress_time = 0.0
        self._places = np.empty((0, 2))
        self._outcome: Outcome | None = None

    @property
    def outcome(self) -> Outcome | None:
        """How the run ended, or None while it goes on."""
        return self._outcome

    def update(self, time: float, x: float, y: float, collided: bool) -> Outcome | None:
        """Take the next state; return the outcome, or None while the run goes on.

        Args:
            time: Time of the state [s], not before the last one.
            x: Position of the robot's centre [m].
            y: Position of the robot's centre [m].
            collided: True when the robot touches something.
        """
        if math.isnan(self._start_time):
            self._start_time = self._progress_time = time
        if self._outcome is None:
            self._note_place(time, x, y)
            self._outcome = self._judge(time, time - self._start_time, x, y, collided)
        return self._outcome

    def _judge(
        self, time: float, elapsed: float, x: float, y: float, collided: bool
    ) -> Outcome | None:
        if collided:
            return Outcome.COLLISION
        if math.hypot(x - self._goal.x, y - self._goal.y) <= self._goal_tolerance:
            return Outcome.SUCCESS
        if elapsed >= self._timeout:
            return Outcome.TIMEOUT
        if time - self._progress_time >= self._stuck_time:
            return Outcome.STUCK
        return None

    def _note_place(self, time: float, x: float, y: float) -> None:
        place = np.array([x, y])
        distances = np.hypot(*(self._places - place).T)
        if np.all(distances >= self._new_place_distance):
            self._places = np.vstack([self._places, place])
            self._progress_time = time
