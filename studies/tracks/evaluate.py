"""Tracks against the truth."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mme_ilqr_ros.perception.settings import PerceptionSettings
from mme_ilqr_ros.perception.tracker import Tracker
from studies.tracks.recording import Recording, Scanner

FloatArray = NDArray[np.float64]
REACH = 8.0  # [m] discs further away are not asked for
VISIBLE = 0.3  # share of a disc's width that must be seen
FAST = 0.2  # [m/s] slower discs are not asked for
NEAR = 0.5  # [m] a track this near to a disc's centre is of it
FALSE = 0.6  # [m] from the nearest disc that moves a track is false
FORGOTTEN = 1.0  # [s] out of sight: it may come back as another
JUMP = 1.0  # [m] in a scan: the disc begins its way anew


@dataclass
class Errors:
    """What was found in some runs.

    Attributes:
        scans: How many scans.
        asked: Visible moving discs, summed over scans.
        found: How many of them had a track that moves.
        false: Tracks that move where no disc does.
        switches: Tracks that change their number.
        position: Distances of centres [m].
        radius: Errors [m].
        velocity: Lengths of the errors [m/s].
        latency: From when a disc is visible until it has a moving track [s].
        milliseconds: Of the tracker per scan.
    """

    scans: int = 0
    asked: int = 0
    found: int = 0
    false: int = 0
    switches: int = 0
    position: list[float] = field(default_factory=list)
    radius: list[float] = field(default_factory=list)
    velocity: list[float] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    def add(self, other: Errors) -> None:
        """Add those of another run."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def row(self, period: float) -> dict[str, Any]:
        """Return the figures of a table; `period` is the time between scans [s]."""
        minutes = self.found * period / 60.0
        measured = ("position", "radius", "velocity", "latency", "milliseconds")
        return {
            "scans": self.scans,
            "asked": self.asked,
            "recall": self.found / self.asked if self.asked else None,
            "false": 1e3 * self.false / max(self.scans, 1),
            "switches": self.switches / minutes if minutes else None,
            **{name: quantiles(np.abs(getattr(self, name))) for name in measured},
        }


def quantiles(values: FloatArray) -> dict[str, float | None]:
    """Return the median and the 95th percentile; None of nothing."""
    if not len(values):
        return {"median": None, "p95": None}
    return {"median": float(np.median(values)), "p95": float(np.percentile(values, 95))}


def visible_share(pose: FloatArray, circles: FloatArray, index: int, scanner: Scanner) -> float:
    """Return the share of a disc's width that the scanner sees, in [0, 1]."""
    away = circles[:, :2] - pose[:2]
    distance = np.hypot(*away.T)
    bearing = np.arctan2(away[:, 1], away[:, 0])
    half = np.arcsin(np.clip(circles[:, 2] / np.maximum(distance, 1e-6), 0.0, 1.0))
    rays = bearing[index] + np.linspace(-0.97, 0.97, 25) * half[index]
    seen = np.abs(_wrapped(rays - pose[2])) <= 0.5 * scanner.field_of_view
    for other in np.flatnonzero(distance < distance[index]):
        seen &= np.abs(_wrapped(rays - bearing[other])) > half[other]
    near = distance[index] - circles[index, 2] <= REACH
    return float(seen.mean()) if near else 0.0


def _wrapped(angle: FloatArray) -> FloatArray:
    return np.mod(angle + math.pi, 2.0 * math.pi) - math.pi


class _Life:
    """What is remembered of one disc."""

    def __init__(self) -> None:
        self.place: FloatArray | None = None
        self.since: float | None = None
        self.number: int | None = None
        self.seen = -math.inf
        self.was_found = False


def evaluate(
    recording: Recording, scanner: Scanner, settings: PerceptionSettings, rng: np.random.Generator
) -> Errors:
    """Follow what moves in a recording; return the errors."""
    tracker, errors = Tracker(settings.tracks, settings.settled, settings.drift), Errors()
    lives: dict[int, _Life] = {}
    scans = recording.scans(scanner, rng)
    for points, pose, circles in zip(scans, recording.poses, recording.circles, strict=True):
        begin = time.thread_time()
        tracks = tracker.update(points)
        errors.milliseconds.append(1e3 * (time.thread_time() - begin))
        errors.scans += 1
        moving = np.array([[*t.circle, t.number] for t in tracks if t.moving]).reshape(-1, 6)
        shares = [visible_share(pose, circles, index, scanner) for index in range(len(circles))]
        of_disc = _pairs(circles, moving)
        for index, disc in enumerate(circles):
            life = lives.setdefault(index, _Life())
            track = moving[of_disc[index]] if index in of_disc else None
            _ask(disc, shares[index], track, life, points.stamp, errors)
        errors.false += _false(moving, circles)
    return errors


def _pairs(circles: FloatArray, moving: FloatArray) -> dict[int, int]:
    """Return the track of each disc that has one nearby; no track is of two discs."""
    apart = np.hypot(*np.moveaxis(circles[:, None, :2] - moving[None, :, :2], 2, 0))
    rows, columns = linear_sum_assignment(np.where(apart > NEAR, 1e3, apart))
    return {int(i): int(k) for i, k in zip(rows, columns, strict=True) if apart[i, k] <= NEAR}


def _ask(
    disc: FloatArray,
    share: float,
    track: FloatArray | None,
    life: _Life,
    now: float,
    errors: Errors,
) -> None:
    """Compare one disc with its track [6], if it has one."""
    if life.place is not None and np.hypot(*(disc[:2] - life.place)) > JUMP:
        life.since = life.number = None
    life.place = disc[:2].copy()
    if np.hypot(*disc[3:]) < FAST or share < VISIBLE:
        life.since = None
        return
    if now - life.seen > FORGOTTEN:
        life.number = None
    life.seen = now
    if life.since is None:
        life.since, life.was_found = now, False
    errors.asked += 1
    if track is None:
        return
    errors.found += 1
    errors.position.append(float(np.hypot(*(track[:2] - disc[:2]))))
    errors.radius.append(float(track[2] - disc[2]))
    errors.velocity.append(float(np.hypot(*(track[3:5] - disc[3:]))))
    errors.switches += int(life.number is not None and life.number != track[5])
    life.number = int(track[5])
    if not life.was_found:
        life.was_found = True
        errors.latency.append(now - life.since)


def _false(moving: FloatArray, circles: FloatArray) -> int:
    """Return how many tracks are where no disc moves."""
    discs = circles[np.hypot(circles[:, 3], circles[:, 4]) > 0.5 * FAST]
    apart = np.hypot(*np.moveaxis(moving[:, None, :2] - discs[None, :, :2], 2, 0))
    return int(np.sum(apart.min(axis=1, initial=np.inf) > FALSE))
