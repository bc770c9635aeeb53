"""The static part of a run's pictures, the visible region, and the moments worth showing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.reporting.run_record import Floats, ModesMoment, RunRecord
from mme_ilqr_ros.simulation.scenario import Scenario

MARGIN = 0.5  # [m] free space shown around the drive
RIM = 0.25  # [m] free space shown around a circle
CANDIDATE_MARGIN = 1.6  # [m] candidate trajectories may widen the view by this
AGREEMENT = 0.1  # [m] modes that lie nearer to the chosen one than this tell no story
MORE = 0.3  # of the longer side by which the view may grow to show whole what stands
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

    @classmethod
    def of(cls, scenario: Scenario, setup: str) -> Scene:
        """Return what stands still in a scenario, driven by `setup`."""
        robot, grid = scenario.robot, scenario.map_with_walls()
        place = scenario.name, scenario.start, scenario.goal, scenario.goal_tolerance
        return cls(*place, robot.radius, grid, setup, robot.footprint)

    def outline(self, pose: Pose) -> Floats:
        """Return the robot's outline at a pose, closed, [N, 2]."""
        if self.footprint:
            return pose.transform(np.array(self.footprint))
        angles = np.linspace(0.0, 2.0 * np.pi, 48, endpoint=False)
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        return pose.transform(self.robot_radius * circle)


@dataclass(frozen=True, eq=False)
class View:
    """A rectangle of the world, from its lower left corner [2] to its upper right one [2], in m."""

    low: Floats
    high: Floats

    @classmethod
    def around(cls, points: Floats) -> View:
        """Return the smallest view that holds points [N, 2]."""
        return cls(points.min(axis=0), points.max(axis=0))

    @property
    def size(self) -> Floats:
        """Width and height [m]."""
        return self.high - self.low

    def grown(self, margin: float | Floats) -> View:
        """Return the view with `margin` [m] more on every side, or [2] for both directions."""
        return View(self.low - margin, self.high + margin)

    def at_least(self, size: Floats) -> View:
        """Return the view grown to both sides until it has this width and height [m]."""
        return self.grown(np.maximum(0.0, size - self.size) / 2)

    def holds(self, points: Floats) -> NDArray[np.bool_]:
        """Return which of the points [..., 2] lie in the view."""
        return np.all((points >= self.low) & (points <= self.high), axis=-1)


def view_of(scene: Scene, record: RunRecord, moments: Sequence[ModesMoment] = ()) -> View:
    """Return the part of the world a picture of the run shows.

    It holds the drive, the plans, the start and the goal, and what lies near them: whole circles
    and the candidate trajectories of `moments`. The rest of a large map is left out, so that a
    robot in a big building does not become a dot.
    """
    ends = np.array([[scene.start.x, scene.start.y], [scene.goal.x, scene.goal.y]])
    plans = [points for _, points in record.plans if len(points)]
    drive = View.around(np.vstack([ends, record.states[:, 1:3], *plans]))
    near = drive.grown(scene.robot_radius + MARGIN)
    reach = scene.goal_tolerance + RIM
    shown = [np.stack([near.low, near.high]), ends[1] + np.array([[-reach], [reach]])]
    lines = [
        moment.trajectories[n]
        for moment in moments
        for n in (moment.chosen, *moment.alternatives)  # which the pictures show
    ]
    wide = near.grown(CANDIDATE_MARGIN)
    shown += [line[wide.holds(line)] for line in lines]
    view = _with_circles(View.around(np.vstack(shown)), record)
    view = _with_walls(view, scene.grid)
    return view.at_least(NARROWEST * view.size[::-1])


def _with_circles(view: View, record: RunRecord) -> View:
    """Return the view grown to the whole of each circle that it would cut, where it is first.

    A row of circles is followed to its end, where that takes little room.
    """
    circles = record.circles[0][1] if record.circles else np.empty((0, 5))
    most, before = view.size + MORE * view.size.max(), None
    while before is None or (np.any(view.size > before.size) and np.all(view.size <= most)):
        before, shown = view, [view.low, view.high]
        for x, y, radius in circles[:, :3]:
            if view.grown(radius).holds(np.array([x, y])):
                reach = radius + RIM
                shown += [np.array([x - reach, y - reach]), np.array([x + reach, y + reach])]
        view = View.around(np.vstack(shown))
    return view


def _with_walls(view: View, grid: GridMap | None) -> View:
    """Return the view grown to all that stands on the map, where that is little more."""
    if grid is None or not grid.occupied.any():
        return view
    rows, columns = np.nonzero(grid.occupied)
    sides = (columns.min(), columns.max() + 1), (rows.min(), rows.max() + 1)
    cells = np.array([(column, row) for column in sides[0] for row in sides[1]], dtype=float)
    corners = grid.origin.transform(cells * grid.resolution)
    whole = View.around(np.vstack([view.low, view.high, corners])).grown(RIM)
    return whole if np.all(whole.size <= view.size + MORE * view.size.max()) else view


def disagreement(moment: ModesMoment) -> float:
    """Return the mean distance of the modes from the chosen one at equal steps [m]."""
    steps = min(len(line) for line in moment.trajectories)
    lines = np.array([line[:steps] for line in moment.trajectories])
    return float(np.hypot(*(lines - lines[moment.chosen]).T).mean())


def decision_moments(
    record: RunRecord, goal: Pose, apart: float = 0.7, limit: int = 5
) -> tuple[ModesMoment, ...]:
    """Return the moments of decision in order of time.

    The first control cycle always counts. Then come the cycles in which another mode took over,
    and then those in which the modes lie furthest from each other, unless they all but agree. Of
    several near one place only the most telling one is taken, and none near the goal, where
    nothing is left to decide; so the picture stays clear.

    Args:
        record: A finished run.
        goal: Where the robot had to go.
        apart: Least distance between two moments, and from the goal, at the robot's positions [m].
        limit: Largest number of moments.
    """
    if not record.modes or not len(record.states):
        return ()
    first, *later = record.modes
    later = [moment for moment in later if moment.switched or disagreement(moment) > AGREEMENT]
    ranked = sorted(later, key=lambda moment: (not moment.switched, -disagreement(moment)))
    places = [np.array([goal.x, goal.y]), record.state_at(first.time)[1:3]]
    chosen = [first]
    for moment in ranked:
        if len(chosen) == limit:
            break
        place = record.state_at(moment.time)[1:3]
        if all(np.hypot(*(place - other)) >= apart for other in places):
            places.append(place)
            chosen.append(moment)
    return tuple(sorted(chosen, key=lambda moment: moment.time))
