"""The static part of a run's pictures: the world, the task and the visible region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.reporting.run_record import ModesMoment, RunRecord

MARGIN = 0.5  # [m] free space shown around the drive
RIM = 0.25  # [m] free space shown around a circle
CANDIDATE_MARGIN = 1.6  # [m] candidate trajectories may widen the view by this
NARROWEST = 0.42  # the shorter side of the view is at least this part of the longer one


@dataclass(frozen=True, eq=False)
class Scene:
    """The still parts of a run.

    Attributes:
        name: Name of the scenario.
        start: Where the robot began.
        goal: Where it had to go.
        goal_tolerance: Distance at which the goal counts as reached [m].
        robot_radius: Radius of the robot's disc [m].
        grid: The map, or None where there is none.
        setup: Who drove, for the title, e.g. `mme_ilqr with id_vin`.
        footprint: Corners (x, y) of the robot in its own frame [m]; empty for the disc.
    """

    name: str
    start: Pose
    goal: Pose
    goal_tolerance: float
    robot_radius: float
    grid: GridMap | None = None
    setup: str = ""
    footprint: tuple[tuple[float, float], ...] = ()

    def outline(self, pose: Pose) -> NDArray[np.float64]:
        """Return the robot's outline at a pose, closed, [N, 2]."""
        corners = self.footprint
        if not corners:
            angles = np.linspace(0.0, 2.0 * np.pi, 48, endpoint=False)
            return pose.transform(
                self.robot_radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
            )
        return pose.transform(np.array(corners))


@dataclass(frozen=True)
class View:
    """A rectangle of the world [m]."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        """Width [m]."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height [m]."""
        return self.top - self.bottom

    def grown(self, margin: float) -> View:
        """Return the view with `margin` [m] more on every side."""
        return View(
            self.left - margin, self.bottom - margin, self.right + margin, self.top + margin
        )

    @property
    def corners(self) -> NDArray[np.float64]:
        """Lower left and upper right corner, [2, 2]."""
        return np.array([[self.left, self.bottom], [self.right, self.top]])

    def holds(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which of the points [..., 2] lie in the view."""
        low, high = self.corners
        return np.all((points >= low) & (points <= high), axis=-1)

    def at_least(self, width: float, height: float) -> View:
        """Return the view grown to both sides until it has this width and height [m]."""
        wider = max(0.0, width - self.width) / 2
        higher = max(0.0, height - self.height) / 2
        return View(self.left - wider, self.bottom - higher, self.right + wider, self.top + higher)

    @classmethod
    def around(cls, points: NDArray[np.float64]) -> View:
        """Return the smallest view that holds [N, 2] points."""
        (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
        return cls(float(left), float(bottom), float(right), float(top))


def view_of(scene: Scene, record: RunRecord, moments: Sequence[ModesMoment] = ()) -> View:
    """Return the part of the world a picture of the run shows.

    It holds the drive, the plans, the start and the goal, and what lies near them: whole circles
    and the candidate trajectories of `moments`. The rest of a large map is left out, so that a
    robot in a big building does not become a dot.
    """
    ends = [[scene.start.x, scene.start.y], [scene.goal.x, scene.goal.y]]
    plans = [points for _, points in record.plans if len(points)]
    drive = View.around(np.vstack([np.array(ends), record.states[:, 1:3], *plans]))
    near = drive.grown(scene.robot_radius + MARGIN)
    shown = [near.corners]
    for _, circles in record.circles[:1]:
        for circle in circles:
            if not near.grown(circle[2]).holds(circle[:2]):
                continue
            reach = circle[2] + RIM
            shown += [circle[None, :2] - reach, circle[None, :2] + reach]
    lines = [line for moment in moments for line in moment.trajectories]
    wide = near.grown(CANDIDATE_MARGIN)
    shown += [line[wide.holds(line)] for line in lines]
    view = View.around(np.vstack(shown))
    return view.at_least(NARROWEST * view.height, NARROWEST * view.width)
