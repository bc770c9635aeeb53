"""Learn how many seconds a metre takes, by place and hour, from a robot's own runs.

The map is cut into blocks. A visit to one is a stretch of a run inside it; its excess is how many
times the usual seconds it took. With an inverse gamma prior of mean 1, worth `PRIOR` visits of 1 m,
and visits that are exponential about the block's mean, the mean afterwards is

    pace = (PRIOR + sum of excesses) / (PRIOR + number of visits),

so zero runs leave 1 and the mean of many visits is reached. The prior's mean is not 1 but what the
visits to adjacent blocks make of 1 by the same formula, each counting `BESIDE`: a crowd fills more
than a lane. An hour is shrunk to all day in the same way. One visit counts at most `LARGEST`: a
robot that was forgotten somewhere says little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.habits.drive import Drive, DriveError
from mme_ilqr_ros.habits.ground import Ground
from mme_ilqr_ros.habits.on_ground import learn_on
from mme_ilqr_ros.habits.settings import HabitSettings
from mme_ilqr_ros.planning.habits import Habits
from mme_ilqr_ros.planning.pace import HOURS, LARGEST, Pace, hours_of

BLOCK = 1.0  # [m]
PRIOR, PRIOR_OF_HOUR = 8.0, 2.0
"""Visits that the usual pace is worth against a block's own, and all day against an hour's."""
BESIDE = 0.5
"""What a visit counts in adjacent blocks."""
UNSEEN_ERROR = 0.99 / np.sqrt(PRIOR - 1.0)
"""Standard deviation of the log pace of a block from which on it counts as never visited."""
_ENDS = 0.5  # [m] at either end of a run that say nothing: it speeds up, slows down, docks
_PIECE = 0.25  # [m] into which runs are cut, at most
_BANDS = np.array([0.125, 0.25, 0.5])  # of clearance, in 8 radii: 1, 2 and 4 radii


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Pieces of runs on a map, in the order that they were driven.

    Attributes:
        run: [N] number of the run.
        block: [N, 2] row and column of the block.
        band: [N] of clearance.
        metres: [N]
        seconds: [N]
        hour: [N] UTC, -1 where it is not known.
    """

    run: np.ndarray
    block: np.ndarray
    band: np.ndarray
    metres: np.ndarray
    seconds: np.ndarray
    hour: np.ndarray


def learn_time(grid: GridMap, drives: Sequence[Drive], settings: HabitSettings) -> Habits:
    """Learn the pace by place and hour; no drive gives exactly the plan without it.

    Args:
        grid: The map.
        drives: The robot's own runs on it, waiting included. Those without times are of no use.
        settings: Parameters: of the robot.

    Raises:
        DriveError: There are drives, but none has times and leads over the map.
    """
    ground = Ground.of(grid, settings, {})
    habits = learn_on(ground, (), settings)
    timed = [drive for drive in drives if drive.times is not None]
    if not drives:
        return habits
    pieces = _pieces_of(timed, ground)
    if not len(pieces.run):
        raise DriveError(
            f"none of the {len(drives)} drives tells how long it took on this map: they need times"
        )
    return replace(habits, pace=_pace(pieces, ground), n_drives=len(np.unique(pieces.run)))


def predicted_seconds(
    drives: Sequence[Drive], habits: Habits, grid: GridMap, settings: HabitSettings
) -> np.ndarray:
    """Return the seconds [N, 4] of drives on a map: taken, usual, by all-day and by hourly pace.

    Drives without times are left out, and so are the ends of each.
    """
    assert habits.pace is not None, "who asks has learned one"
    pace, timed = habits.pace, [drive for drive in drives if drive.times is not None]
    pieces = _pieces_of(timed, Ground.of(grid, settings, {}))
    usual = pace.usual[pieces.band] * pieces.metres
    rows, columns = pieces.block.T
    all_day = np.exp(pace.all_day[rows, columns])
    by_hour = all_day
    if len(pace.by_hour):
        hourly = np.exp(pace.by_hour[pieces.hour, rows, columns])
        by_hour = np.where(pieces.hour < 0, all_day, hourly)
    columns_of = pieces.seconds, usual, usual * all_day, usual * by_hour
    sums = [np.bincount(pieces.run, column, len(timed)) for column in columns_of]
    return np.stack(sums, axis=1)[np.bincount(pieces.run, minlength=len(timed)) > 0]


def held_out_seconds(
    grid: GridMap, drives: Sequence[Drive], settings: HabitSettings, folds: int
) -> np.ndarray:
    """Return what `predicted_seconds` does, [N, 4], of each run by what the other folds teach.

    N is 0 for fewer than two runs.
    """
    timed = [drive for drive in drives if drive.times is not None]
    order = np.random.default_rng(settings.seed).permutation(len(timed))
    rows = [np.zeros((0, 4))]
    folds = min(folds, len(timed)) if len(timed) > 1 else 0
    for fold in range(folds):
        held = set(order[fold::folds].tolist())
        habits = learn_time(grid, [d for k, d in enumerate(timed) if k not in held], settings)
        unseen = [timed[k] for k in sorted(held)]
        rows.append(predicted_seconds(unseen, habits, grid, settings))
    return np.concatenate(rows)


def _pieces_of(drives: Sequence[Drive], ground: Ground) -> _Pieces:
    """Return the pieces of all runs but for their ends, as far as they lie on the map."""
    parts = [_cut(drive) for drive in drives]
    lengths = [len(part) for part in parts]
    run = np.repeat(np.arange(len(parts)), lengths)
    table = np.concatenate([np.zeros((0, 5)), *parts])
    cells = ground.cells_at(table[:, :2])
    inside = ground.contains(cells)
    run, table, cells = run[inside], table[inside], cells[inside]
    clearance = ground.features["clearance"][cells[:, 0], cells[:, 1]]
    block = np.floor((cells + 0.5) * ground.side / BLOCK).astype(np.int64)
    band = np.searchsorted(_BANDS, clearance)
    return _Pieces(run, block, band, table[:, 2], table[:, 3], hours_of(table[:, 4]))


def _cut(drive: Drive) -> np.ndarray:
    """Return the pieces [N, 5] of a run without its ends: x, y, metres, seconds, time."""
    points, times = drive.points, drive.times
    assert times is not None, "runs without times are left out before"
    metres, seconds = np.hypot(*np.diff(points, axis=0).T), np.diff(times)
    n = np.maximum(1, np.ceil(metres / _PIECE)).astype(np.int64)
    of = np.repeat(np.arange(len(n)), n)
    within = (np.arange(len(of)) - np.repeat(np.cumsum(n) - n, n) + 0.5) / n[of]
    at = points[of] + within[:, None] * (points[of + 1] - points[of])
    driven = (np.cumsum(metres) - metres)[of] + within * metres[of]
    kept = (driven > _ENDS) & (driven < metres.sum() - _ENDS)
    when = times[of] + within * seconds[of]
    columns = (*at.T, metres[of] / n[of], seconds[of] / n[of], when)
    return np.stack(columns, axis=1)[kept]


def _pace(pieces: _Pieces, ground: Ground) -> Pace:
    """Return the pace of blocks and hours."""
    key = np.column_stack([pieces.run, pieces.block])
    first = np.append(0, np.flatnonzero((np.diff(key, axis=0) != 0).any(axis=1)) + 1)
    usual = _usual(pieces, first)
    shape = tuple(int(np.ceil(n * ground.side / BLOCK)) for n in ground.shape)
    visits = np.add.reduceat(pieces.metres, first) / BLOCK
    excess = np.add.reduceat(pieces.seconds / usual[pieces.band], first) / BLOCK
    excess = np.minimum(excess, LARGEST)
    rows, columns = pieces.block[first].T
    hour = pieces.hour[first]
    seen = np.zeros((2, HOURS + 1, *shape))  # visits and excess; the last hour is no hour
    np.add.at(seen[0], (hour, rows, columns), visits)
    np.add.at(seen[1], (hour, rows, columns), excess)
    n, total = seen.sum(axis=1)
    all_day = _shrunk(np.ones(shape), PRIOR, np.stack([n, total]))
    by_hour = np.zeros((0, *shape))
    if (hour >= 0).any():
        hourly = seen[:, :HOURS]
        by_hour = np.stack([_shrunk(all_day, PRIOR_OF_HOUR, hourly[:, k]) for k in range(HOURS)])
    error = 1.0 / np.sqrt(PRIOR + n - 1.0)
    logs = (_log(all_day), _log(by_hour), error.astype(np.float32), usual.astype(np.float32))
    return Pace(BLOCK, *logs)


def _shrunk(mean: np.ndarray, weight: float, seen: np.ndarray) -> np.ndarray:
    """Return the mean of blocks [h, w] after what was seen there and around.

    Args:
        mean: [h, w] of the prior.
        weight: Of the prior, in visits.
        seen: [2, h, w] number of visits, and the sum of their excesses.
    """
    ring = BESIDE * np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    n, total = (ndimage.convolve(of, ring, mode="constant") for of in seen)
    around = (weight * mean + total) / (weight + n)
    return (weight * around + seen[1]) / (weight + seen[0])


def _log(pace: np.ndarray) -> np.ndarray:
    """Return the logarithm of a ratio to the usual pace, which is the quickest that is believed."""
    return np.log(np.clip(pace, 1.0, LARGEST)).astype(np.float32)


def _usual(pieces: _Pieces, first: np.ndarray) -> np.ndarray:
    """Return the usual s/m of each band of clearance: the mean of visits that nothing held up.

    That is of those no slower than twice the median; of bands seldom visited, that of all.
    """
    metres = np.add.reduceat(pieces.metres, first)
    seconds = np.add.reduceat(pieces.seconds, first)
    band = pieces.band[first]
    long = metres > 0.3 * BLOCK
    if not long.any():
        long = metres >= 0.0
    pace = seconds / np.maximum(metres, 1e-3)
    free = long & (pace <= 2.0 * np.median(pace[long]))
    of_all = max(seconds[free].sum() / max(metres[free].sum(), 1e-3), 1e-3)
    usual = np.full(len(_BANDS) + 1, of_all)
    for number in range(len(usual)):
        of = long & (band == number)
        if of.any():
            of &= pace <= 2.0 * np.median(pace[of])
            prior = PRIOR * BLOCK
            usual[number] = (prior * of_all + seconds[of].sum()) / (prior + metres[of].sum())
    return usual
