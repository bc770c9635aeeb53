"""A building with crowds by hour: what a planner gains that learns time from its own runs.

A robot drives where its planner leads it, slower near walls and in crowds, which no map shows. A
crowd has a place, hours and a mean factor on the seconds per metre; in each run it is another one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.habits.drive import Drive
from mme_ilqr_ros.habits.explain import cost_on
from mme_ilqr_ros.habits.fit import Walk
from mme_ilqr_ros.habits.ground import Ground
from mme_ilqr_ros.habits.pace import learn_time
from mme_ilqr_ros.planning.habits import Habits
from studies.own_drives.owners import SETTINGS, drawn, found, planner_on, region_of, spent

COUNTS = (0, 10, 30, 100, 300, 1000)
N_QUERIES = 10
OPEN = range(7, 19)
"""Hours of the day in which the robot drives."""
SPEED = 0.8  # [m/s] on open floor
N_CROWDS, RADII, HOURS_LONG, FACTORS = 12, (1.5, 3.0), (2, 4), (2.5, 6.0)
LEAST_QUERY = 15.0  # [m] between the ends of a query
_DAY = 1_699_920_000.0  # [s] since 1970, a midnight UTC
_SPREAD = 0.15  # of the logarithm of the seconds per metre, by run


@dataclass(frozen=True, eq=False)
class Crowd:
    """People at a place in some hours.

    Attributes:
        inside: bool [H, W] of the ground.
        hours: Of the day.
        factor: Mean factor on the seconds per metre.
    """

    inside: np.ndarray
    hours: tuple[int, ...]
    factor: float


@dataclass(frozen=True, eq=False)
class Building:
    """A building, its crowds, and queries that no run had: (start, goal, hour)."""

    ground: Ground
    usual: np.ndarray  # [H, W] seconds per metre without crowds; inf where blocked
    crowds: tuple[Crowd, ...]
    queries: tuple[tuple[np.ndarray, np.ndarray, int], ...]

    def expected(self, hour: int) -> np.ndarray:
        """Return the expected seconds per metre [H, W] in an hour."""
        pace = self.usual.copy()
        for crowd in self.crowds:
            if hour in crowd.hours:
                pace[crowd.inside] *= crowd.factor
        return pace

    def seconds(self, walk: Walk, hour: int) -> float:
        """Return the expected seconds of a walk in an hour."""
        return self.ground.side * spent(walk, self.expected(hour))

    def run(self, cost: np.ndarray, hour: int, rng: np.random.Generator) -> Drive:
        """Return a run between random places in an hour, planned by a cost [H, W]."""
        ground = self.ground
        ((start, goal),) = drawn(ground, 1, rng)
        walk = found(planner_on(ground).walk(cost, start, goal))
        pace = self.usual * np.exp(_SPREAD * rng.normal() - 0.5 * _SPREAD**2)
        for crowd in self.crowds:
            if hour in crowd.hours:  # now and then nobody is there, now and then many are
                pace[crowd.inside] *= 1.0 + (crowd.factor - 1.0) * rng.exponential()
        points = ground.grid.centre_of(walk)
        at = pace[walk[:, 0], walk[:, 1]]
        steps = np.hypot(*np.diff(points, axis=0).T) * 0.5 * (at[1:] + at[:-1])
        begin = _DAY + 3600.0 * (hour + 0.8 * rng.random())
        return Drive(points, begin + np.append(0.0, np.cumsum(steps)))


def building(seed: int) -> Building:
    """Return a building of 5 x 3 blocks of rooms between corridors 2 to 3 m wide, with crowds."""
    rng = np.random.default_rng(seed)
    occupied = np.ones((240, 400), dtype=bool)
    for row in np.linspace(15, 225, 4):
        width = rng.integers(10, 16)
        occupied[int(row) - width : int(row) + width, 4:-4] = False
    for column in np.linspace(20, 380, 6):
        width = rng.integers(10, 16)
        occupied[4:-4, int(column) - width : int(column) + width] = False
    occupied[[0, -1]] = occupied[:, [0, -1]] = True
    ground = region_of(Ground.of(GridMap(occupied, 0.1, Pose(0.0, 0.0, 0.0)), SETTINGS, {}))
    slow = 1.0 + 0.5 * (1.0 - np.minimum(4.0 * ground.features["clearance"], 1.0)) ** 2
    usual = np.where(ground.free, slow / SPEED, np.inf)
    crowds = tuple(_crowd(ground, rng) for _ in range(N_CROWDS))
    far = [
        pair for pair in drawn(ground, 20 * N_QUERIES, rng) if _apart(pair, ground) > LEAST_QUERY
    ]
    ends = far[:N_QUERIES]
    hours = rng.choice([hour for crowd in crowds for hour in crowd.hours], N_QUERIES)
    queries = tuple((*pair, int(hour)) for pair, hour in zip(ends, hours, strict=True))
    return Building(ground, usual, crowds, queries)


def _apart(pair: tuple[np.ndarray, np.ndarray], ground: Ground) -> float:
    return float(np.hypot(*(pair[0] - pair[1])) * ground.side)


def _crowd(ground: Ground, rng: np.random.Generator) -> Crowd:
    """Return a crowd at a random place."""
    cells = np.argwhere(ground.free)
    row, column = cells[rng.integers(len(cells))]
    rows, columns = np.indices(ground.shape)
    radius = rng.uniform(*RADII) / ground.side
    inside = (rows - row) ** 2 + (columns - column) ** 2 < radius**2
    first, n = int(rng.choice(OPEN[:-4])), int(rng.integers(HOURS_LONG[0], HOURS_LONG[1] + 1))
    return Crowd(inside & ground.free, tuple(range(first, first + n)), rng.uniform(*FACTORS))


def measure(seed: int) -> dict[str, Any]:
    """Return the expected seconds of plans for the queries of a building, mean over them.

    Learned ones are from the first so many runs, at random hours, that shipped plans led; `own`
    ones from runs that were planned by what the runs before had taught, by hour.
    """
    place = building(seed)
    ground, rng = place.ground, np.random.default_rng(seed + 1000)
    row: dict[str, Any] = {"seed": seed, "learned": {}}
    flat = np.where(ground.free, 1.0, np.inf)
    row["dijkstra"], row["shipped"] = (_mean(place, lambda _, c=c: c) for c in (flat, ground.cost))
    row["oracle"] = _mean(place, place.expected)
    hours = rng.choice(OPEN, max(COUNTS))
    runs = [place.run(ground.cost, int(hour), rng) for hour in hours]
    own: list[Drive] = []
    for n, following in zip(COUNTS, (*COUNTS[1:], max(COUNTS)), strict=True):
        habits = learn_time(ground.grid, runs[:n], SETTINGS)
        mine = learn_time(ground.grid, own, SETTINGS)
        bits = _one_bit(habits)
        row["learned"][str(n)] = {
            "one bit": _mean(place, lambda _, h=bits: cost_on(h, ground)),
            "all day": _mean(place, lambda _, h=habits: cost_on(h, ground)),
            "by hour": _mean(place, lambda hour, h=habits: cost_on(h, ground, hour)),
            "own, by hour": _mean(place, lambda hour, h=mine: cost_on(h, ground, hour)),
            "changed": _changed(place, lambda hour, h=habits: cost_on(h, ground, hour)),
        }
        costs = {hour: cost_on(mine, ground, hour) for hour in OPEN}
        own += [place.run(costs[int(hour)], int(hour), rng) for hour in hours[n:following]]
    return row


def _one_bit(habits: Habits) -> Habits:
    """Return what learns one bit of a block: it costs double where runs were held up in the mean.

    Held up: a metre took more than 1.3 times the usual seconds.
    """
    pace = habits.pace
    if pace is None:
        return habits
    bits = np.log(2.0) * (pace.all_day > np.log(1.3))
    return replace(habits, pace=replace(pace, all_day=bits, by_hour=np.zeros((0, *bits.shape))))


def _mean(place: Building, cost_at) -> float:
    """Return the mean expected seconds of the plans by a cost that may depend on the hour."""
    planner = planner_on(place.ground)
    seconds = [
        place.seconds(found(planner.walk(cost_at(hour), start, goal)), hour)
        for start, goal, hour in place.queries
    ]
    return float(np.mean(seconds))


def _changed(place: Building, cost_at) -> float:
    """Return the share of queries whose plan differs between the hour of a crowd and 6 h, UTC.

    Differs: a fifth of its cells or more lie further than 1 m from the other plan.
    """
    planner, n = planner_on(place.ground), 0
    for start, goal, hour in place.queries:
        plans = [found(planner.walk(cost_at(at), start, goal)) for at in (hour, 6)]
        apart = np.abs(plans[0][:, None] - plans[1][None]).max(axis=2).min(axis=1)
        n += bool(np.mean(apart * place.ground.side > 1.0) >= 0.2)
    return n / len(place.queries)


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the means over the seeds, a line per cost, beside the oracle."""
    lines = []
    oracle = np.array([row["oracle"] for row in rows])
    figures = {name: [row[name] for row in rows] for name in ("dijkstra", "shipped")}
    for n in rows[0]["learned"]:
        for name in ("one bit", "all day", "by hour", "own, by hour"):
            figures[f"{name}, {n} runs"] = [row["learned"][n][name] for row in rows]
    figures["oracle"] = list(oracle)
    for name, seconds in figures.items():
        over = 100.0 * (np.array(seconds) / oracle - 1.0)
        lines.append(
            {
                "cost": name,
                "seconds": float(np.mean(seconds)),
                "over": float(over.mean()),
                "error": float(over.std(ddof=1) / np.sqrt(len(over))) if len(over) > 1 else 0.0,
            }
        )
    return lines
