"""Inputs that no controller should see, and that some sensor will send one day."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.distance_field import DistanceField, build_distance_field
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose

Array = NDArray[Any]
Rng = np.random.Generator
Make = Callable[[], Any]
LARGE, HUGE, TINY = 1e6, 1e300, 5e-324
NUMBERS: tuple[Any, ...] = (
    *(math.nan, math.inf, -math.inf, LARGE, -LARGE, 1e4, 1e9, -1e9, HUGE, -HUGE, TINY, 1e-310),
    *(10**400, np.float32(LARGE), np.float64(HUGE), np.int64(2**62), True),
    *("1.0", None, 1.0 + 2.0j, np.zeros(2), [1.0]),
)
FIELDS = (
    *(f"state.{name}" for name in ("x", "y", "yaw", "vx", "wz", "vy")),
    *("goal.x", "goal.y", "goal.yaw", "now"),
)
NOTHINGS: tuple[Any, ...] = ("text", 3, b"", {"x": 1.0}, [[0.0, 0.0], [1.0, 1.0]], object())


def hostile(rng: Rng, sane: Situation) -> tuple[str, Callable[[], Situation]]:
    """Return what is wrong with an input, in a few words, and what makes it.

    It makes a sane situation with one to three parts replaced.
    """
    names, makes = [], []
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        name, part, make = _PARTS[int(rng.integers(len(_PARTS)))](rng)
        names.append(name)
        makes.append((part, make))

    def made() -> Situation:
        changed = sane
        for part, make in makes:
            changed = _with(changed, part, make())
        return changed

    return ", ".join(names), made


def _with(situation: Situation, part: str, value: Any) -> Situation:
    """Return a situation with another part, or with another number in a part."""
    whole, _, number = part.partition(".")
    if number:
        value = dataclasses.replace(getattr(situation, whole), **{number: value})
    return dataclasses.replace(situation, **{whole: value})


def _number(rng: Rng) -> tuple[str, str, Make]:
    field, value = rng.choice(FIELDS), NUMBERS[int(rng.integers(len(NUMBERS)))]
    said = "10**400" if value is NUMBERS[12] else repr(value)
    return f"{field} = {said}", str(field), lambda: value


def _chosen(part: str, kinds: dict[str, Callable[[Rng], Any]]) -> Callable[[Rng], Any]:
    def choose(rng: Rng) -> tuple[str, str, Make]:
        name = str(rng.choice(list(kinds)))
        seed = int(rng.integers(2**32))
        return f"{part}: {name}", part, lambda: kinds[name](np.random.default_rng(seed))

    return choose


def _wrong_type(rng: Rng) -> tuple[str, str, Make]:
    part = str(rng.choice(["state", "goal", "path", "circles", "walls", "cost_to_go"]))
    value = NOTHINGS[int(rng.integers(len(NOTHINGS)))]
    return f"{part} is a {type(value).__name__}", part, lambda: value


def _circles(rng: Rng, count: int, speed: float = 0.5) -> Array:
    """Return circles all around [M, 5]."""
    place = np.column_stack([rng.uniform(-30.0, 30.0, (count, 2)), rng.uniform(0.0, 0.3, count)])
    return np.column_stack([place, speed * rng.normal(size=(count, 2))])


def _odd_circles(number: float) -> Callable[[Rng], Array]:
    """Return what makes circles, one number of which is odd."""

    def make(rng: Rng) -> Array:
        circles = _circles(rng, 5)
        circles[rng.integers(5), rng.integers(5)] = number
        return circles

    return make


def _here(radius: float, speed: float = 0.0) -> Callable[[Rng], Array]:
    """Return what makes a circle at the place where the robot starts."""
    return lambda rng: np.array([[0.0, 0.0, radius, speed, 0.0]])


CIRCLES: dict[str, Callable[[Rng], Any]] = {
    **{f"a {number:g} among them": _odd_circles(number) for number in NUMBERS[:12]},
    **{f"radius {r:g} on the robot": _here(r) for r in (0.0, -1.0, 0.3, LARGE, HUGE)},
    **{f"at {v:g} m/s over the robot": _here(0.1, v) for v in (1.0, 50.0, LARGE, HUGE)},
    "none": lambda rng: np.zeros((0, 5)),
    "none, of no shape": lambda rng: [],
    "none, of another shape": lambda rng: np.zeros((0, 4)),
    "one number each": lambda rng: np.zeros(5),
    "four columns": lambda rng: np.zeros((3, 4)),
    "turned": lambda rng: np.zeros((5, 3)).T[:, :4],
    "stacked": lambda rng: np.zeros((1, 2, 5)),
    "ragged": lambda rng: [[1.0, 2.0, 0.5], [1.0, 2.0]],
    "text": lambda rng: [["a", "b", "c"]],
    "truths": lambda rng: np.ones((2, 5), bool),
    "objects": lambda rng: np.array([[None, 1.0, 2.0]]),
    "whole numbers": lambda rng: np.full((2, 3), 3),
    "half precision": lambda rng: _circles(rng, 9).astype(np.float16),
    "columns first": lambda rng: np.asfortranarray(_circles(rng, 50)),
    "every second": lambda rng: _circles(rng, 60)[::2],
    "fifty equal ones": lambda rng: np.repeat(_circles(rng, 1), 50, axis=0),
    "a ring around": lambda rng: _ring(0.45),
    "a ring that closes": lambda rng: _ring(1.5, speed=2.0),
    "2,000": lambda rng: _circles(rng, 2000),
    "100,000": lambda rng: _circles(rng, 100_000),
    "300,000": lambda rng: _circles(rng, 300_000),
}


def _ring(radius: float, speed: float = 0.0) -> Array:
    angle = np.linspace(0.0, 2.0 * np.pi, 40, endpoint=False)
    outward = np.column_stack([np.cos(angle), np.sin(angle)])
    return np.column_stack([radius * outward, np.full(40, 0.1), -speed * outward])


def _odd_path(number: Any) -> Callable[[Rng], Path]:
    """Return what makes a plan, one number of which is odd."""

    def make(rng: Rng) -> Path:
        points = np.linspace([0.0, 0.0], [6.0, 0.0], 20)
        points[rng.integers(20), rng.integers(2)] = number
        return Path(points)

    return make


def _eight(turns: int) -> Path:
    t = np.linspace(0.0, turns * 2.0 * np.pi, 400)
    return Path(np.column_stack([2.0 * np.sin(t), np.sin(2.0 * t)]))


PATHS: dict[str, Callable[[Rng], Any]] = {
    **{f"through {number:g}": _odd_path(number) for number in NUMBERS[:12]},
    "crosses itself": lambda rng: _eight(1),
    "crosses itself a hundred times": lambda rng: _eight(100),
    "fifty equal points": lambda rng: Path(np.ones((50, 2))),
    "a point": lambda rng: Path([[2.0, 0.0]]),
    "a point far away": lambda rng: Path([[LARGE, LARGE]]),
    "far away": lambda rng: Path([[LARGE, 0.0], [LARGE + 5.0, 0.0]]),
    "to and fro": lambda rng: Path(np.tile([[0.0, 0.0], [5.0, 0.0]], (40, 1))),
    "very long": lambda rng: Path([[-1e8, 0.0], [1e8, 0.0]]),
    "very long, with a short step": lambda rng: Path([[-1e8, 0.0], [1e8, 0.0], [1e8, 2e-8]]),
    "very fine": lambda rng: Path(np.cumsum(rng.uniform(0.0, 1e-8, (5000, 2)), axis=0)),
    "noise": lambda rng: Path(rng.normal(scale=3.0, size=(5000, 2))),
    "100,000 points": lambda rng: Path(rng.normal(scale=3.0, size=(100_000, 2))),
    "300,000 points": lambda rng: Path(rng.normal(scale=3.0, size=(300_000, 2))),
    "no points": lambda rng: Path(np.zeros((0, 2))),
    "three columns": lambda rng: Path(np.zeros((4, 3))),
    "of text": lambda rng: Path("a path"),  # type: ignore[arg-type]
    "of nothing": lambda rng: Path(None),  # type: ignore[arg-type]
    "ragged": lambda rng: Path([[0.0, 0.0], [1.0]]),  # type: ignore[arg-type]
    "complex": lambda rng: Path(np.ones((3, 2)) * 1j),
}


def _field(values: Any, resolution: Any = 0.05, origin: Any = None, far: Any = 2.0) -> Any:
    return DistanceField(values, resolution, origin or Pose(-2.0, -2.0, 0.0), far)


@lru_cache(maxsize=1)
def _large_map() -> DistanceField:
    """Return a map of 200 x 200 m."""
    blocked = np.random.default_rng(0).random((4000, 4000)) < 1e-4
    return build_distance_field(blocked, 0.05, Pose(-100.0, -100.0, 0.0))


def _odd_values(number: float) -> Callable[[Rng], Array]:
    """Return what makes the values of a field, one of which is odd."""

    def make(rng: Rng) -> Array:
        values = rng.uniform(0.5, 2.0, (80, 80))
        values[rng.integers(80), rng.integers(80)] = number
        return values

    return make


WALLS: dict[str, Callable[[Rng], Any]] = {
    **{
        f"a {number:g} among the values": lambda rng, n=number: _field(_odd_values(n)(rng))
        for number in NUMBERS[:12]
    },
    **{
        f"cells of {side} m": lambda rng, side=side: _field(np.ones((9, 9)), side)
        for side in (0.0, -0.05, math.nan, math.inf, HUGE, TINY, 1e-4, 1e4, "0.05", None)
    },
    **{
        f"at {x:g} m": lambda rng, x=x: _field(np.ones((9, 9)), origin=Pose(x, 0.0, 1.0))
        for x in (900.0, LARGE, HUGE, math.nan)
    },
    **{
        f"at most {far} m": lambda rng, far=far: _field(np.ones((9, 9)), far=far)
        for far in (0.0, -1.0, math.nan, math.inf, 1e8)
    },
    "one cell": lambda rng: _field(np.ones((1, 1))),
    "one row": lambda rng: _field(np.ones((1, 90))),
    "no cell": lambda rng: _field(np.ones((0, 9))),
    "a line": lambda rng: _field(np.ones(9)),
    "whole numbers": lambda rng: _field(np.ones((9, 9), int)),
    "a list": lambda rng: _field([[1.0, 1.0], [1.0, 1.0]]),
    "all blocked": lambda rng: build_distance_field(np.ones((90, 90), bool), 0.05, Pose(-2, -2, 0)),
    "the robot in a wall": lambda rng: build_distance_field(
        np.eye(90, dtype=bool), 0.05, Pose(-2.0, -2.0, 0.0)
    ),
    "a fine checkerboard": lambda rng: build_distance_field(
        np.indices((90, 90)).sum(axis=0) % 2 == 0, 0.05, Pose(-2.0, -2.0, 0.5)
    ),
    "16 million cells": lambda rng: _large_map(),
    "half precision": lambda rng: _field(np.ones((90, 90), np.float16)),
    "columns first": lambda rng: _field(np.asfortranarray(rng.uniform(0.0, 2.0, (90, 80)))),
}
COSTS_TO_GO: dict[str, Callable[[Rng], Any]] = {
    **{
        f"a {number:g} among the values": lambda rng, n=number: CostToGo(
            _odd_values(n)(rng), 0.05, Pose(-2.0, -2.0, 0.0)
        )
        for number in NUMBERS[:12]
    },
    **{
        f"cells of {side} m": lambda rng, side=side: CostToGo(
            np.ones((9, 9)), side, Pose(0.0, 0.0, 0.0)
        )
        for side in (0.0, math.nan, TINY, HUGE, 1e-4, 1e4)
    },
    "nowhere finite": lambda rng: CostToGo(np.full((9, 9), math.inf), 0.05, Pose(0, 0, 0)),
    "the same everywhere": lambda rng: CostToGo(np.ones((90, 90)), 0.05, Pose(-2.0, -2.0, 0.0)),
    "a cliff": lambda rng: CostToGo(
        np.where(np.indices((90, 90))[1] < 45, 0.0, LARGE), 0.05, Pose(-2.0, -2.0, 0.0)
    ),
    "one cell": lambda rng: CostToGo(np.ones((1, 1)), 0.05, Pose(0.0, 0.0, 0.0)),
    "of 16 million cells": lambda rng: _large_costs(),
    "noise": lambda rng: CostToGo(rng.uniform(0.0, 99.0, (90, 90)), 0.05, Pose(-2.0, -2.0, 0.0)),
    "whole numbers": lambda rng: CostToGo(np.ones((9, 9), int), 0.05, Pose(0.0, 0.0, 0.0)),
    "a list": lambda rng: CostToGo([[1.0]], 0.05, Pose(0.0, 0.0, 0.0)),  # type: ignore[arg-type]
}


@lru_cache(maxsize=1)
def _large_costs() -> CostToGo:
    rows, columns = np.indices((4000, 4000), dtype=np.float32)
    away = np.hypot(rows - 2000.0, columns - 2120.0)
    return CostToGo(0.05 * away, 0.05, Pose(-100.0, -100.0, 0.0))


_PARTS = (
    *(_number, _number, _number, _wrong_type),
    *(_chosen("circles", CIRCLES), _chosen("circles", CIRCLES), _chosen("path", PATHS)),
    *(_chosen("walls", WALLS), _chosen("cost_to_go", COSTS_TO_GO)),
)
