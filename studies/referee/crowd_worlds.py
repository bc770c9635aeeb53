"""Crowds to drive through: who walks where, drawn with a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.geometry.pose import Pose
from studies.referee.driver import Point

Wall = tuple[Point, Point]
Draw = Callable[[np.random.Generator], tuple[Point, ...]]

BODY = 0.25  # [m] radius of a person
APART = 0.7  # [m] between the centres of two people at the start
ROOM = 2.0  # [m] round the robot's start, free of people
STRIDE = (1.0, 0.15, 0.6, 1.4)  # [m/s] mean, deviation, slowest and fastest
TIMEOUT = 60.0  # [s]


@dataclass(frozen=True)
class Walker:
    """A person.

    Attributes:
        places: Where it starts, and its way points in order, for ever again.
        speed: At which it likes to walk [m/s].
    """

    places: tuple[Point, ...]
    speed: float


@dataclass(frozen=True)
class Crowd:
    """A place with people, and the robot's way through them.

    Attributes:
        name: Short name.
        start: Where the robot stands.
        goal: Where it has to go.
        walkers: The people.
        walls: Line segments.
        timeout: Time in s after which the run has failed.
    """

    name: str
    start: Pose
    goal: Point
    walkers: tuple[Walker, ...]
    walls: tuple[Wall, ...] = ()
    timeout: float = TIMEOUT


def crossing(rng: np.random.Generator) -> Crowd:
    """People walk up and down across the robot's way."""

    def draw(rng: np.random.Generator) -> tuple[Point, ...]:
        x, y, end = rng.uniform(-4.0, 4.0), rng.uniform(-6.0, 6.0), rng.choice([-6.0, 6.0])
        return (x, y), (x, end), (x, -end)

    start = Pose(-6.0, 0.0, 0.0)
    return Crowd("crossing", start, (6.0, 0.0), _people(rng, 12, start, draw))


def corridor(rng: np.random.Generator) -> Crowd:
    """The robot drives against a stream in a corridor of 3.5 m."""

    def draw(rng: np.random.Generator) -> tuple[Point, ...]:
        y = rng.uniform(-1.4, 1.4)
        return (rng.uniform(-3.0, 14.0), y), (-30.0, y)

    start, walls = Pose(-6.0, 0.0, 0.0), []
    for side in (-1.75, 1.75):
        walls.append(((-32.0, side), (16.0, side)))
    return Crowd("corridor", start, (6.0, 0.0), _people(rng, 14, start, draw), tuple(walls))


def square(rng: np.random.Generator) -> Crowd:
    """People walk to and fro on a square of 8 m; the robot crosses it from corner to corner."""

    def draw(rng: np.random.Generator) -> tuple[Point, ...]:
        return tuple((float(x), float(y)) for x, y in rng.uniform(-4.0, 4.0, (6, 2)))

    start = Pose(-5.0, -5.0, float(np.pi / 4.0))
    return Crowd("square", start, (5.0, 5.0), _people(rng, 24, start, draw))


CROWDS: dict[str, Callable[[np.random.Generator], Crowd]] = {
    "crossing": crossing,
    "corridor": corridor,
    "square": square,
}


def _people(rng: np.random.Generator, number: int, robot: Pose, draw: Draw) -> tuple[Walker, ...]:
    """Return people who stand neither in each other nor round the robot."""
    mean, deviation, slowest, fastest = STRIDE
    people: list[Walker] = []
    while len(people) < number:
        places = draw(rng)
        here = np.array(places[0])
        others = np.array([walker.places[0] for walker in people]).reshape(-1, 2)
        near = np.hypot(*(others - here).T).min(initial=np.inf) < APART
        if near or np.hypot(*(here - (robot.x, robot.y))) < ROOM:
            continue
        speed = float(np.clip(rng.normal(mean, deviation), slowest, fastest))
        people.append(Walker(tuple((float(x), float(y)) for x, y in places), speed))
    return tuple(people)
