"""Cuts tracks into drives and leaves out what is not driving, with a count of each reason.

A cut costs nothing but what is lost at it: every part of a best path is a best path itself. What
would mislead is a track that goes somewhere and comes back, taken as one way from where it began to
where it ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.habits.drive import Drive
from mme_ilqr_ros.habits.tally import Tally
from mme_ilqr_ros.habits.track import Track, TrackError
from mme_ilqr_ros.settings import Settings, setting

SPACING = 0.05  # [m] between the points of a drive, at least
_AFTER_GOAL = 10.0  # [s] within which the end of a goal is told
_MOST_OFF = 0.5  # fraction of positions off the map or in walls from which it is another map


@dataclass(frozen=True)
class CutSettings(Settings):
    """What counts as driving."""

    stop_time: float = setting(
        5.0, "A robot that has stood for so long has ended a drive.", unit="s", low=0.1, high=3600.0
    )
    stop_distance: float = setting(
        0.1, "Moving less than this is standing, turning or not.", unit="m", low=0.0, high=10.0
    )
    max_speed: float = setting(
        3.0,
        "Faster is no driving: the localisation jumped, or the robot was carried.",
        unit="m/s",
        low=0.01,
        high=100.0,
    )
    max_gap: float = setting(
        3.0,
        "Time without positions after which one that lies elsewhere begins another drive.",
        unit="s",
        low=0.1,
        high=3600.0,
    )
    min_length: float = setting(
        1.5,
        "Drives that lead no further from where they began say nothing.",
        unit="m",
        low=0.0,
        high=1000.0,
    )
    return_distance: float = setting(
        1.2,
        "A robot that comes as near as this to where it was on the same drive, no wall between, has"
        " returned: the drive is cut at its furthest point, unless it ends at a recorded goal.",
        unit="m",
        low=0.05,
        high=10.0,
    )
    return_length: float = setting(
        4.0, "Length driven in between, at least, for a return.", unit="m", low=0.5, high=1000.0
    )


def cut_drives(
    tracks: Sequence[Track], grid: GridMap, settings: CutSettings
) -> tuple[list[Drive], Tally]:
    """Cut tracks into drives on a map.

    Raises:
        TrackError: Most positions lie off the map or inside its walls, or no drive is left.
    """
    tally, drives = Tally(), list[Drive]()
    for track in tracks:
        _check_map(track, grid)
        drives += _of_track(track, grid, settings, tally)
    if not drives:
        said = "; ".join(tally.lines())
        raise TrackError(f"no drive is left to learn from ({said})")
    tally.n_drives = len(drives)
    tally.used = sum(drive.length for drive in drives)
    return drives, tally


def _check_map(track: Track, grid: GridMap) -> None:
    off, walls = _off(track.points, grid), _in_walls(track.points, grid)
    if (off | walls).mean() > _MOST_OFF:
        raise TrackError(
            f"{track.source}: {off.mean():.0%} of the positions lie off the map and"
            f" {walls.mean():.0%} inside its walls: is it the map that this was driven on?"
        )


def _off(points: NDArray[np.float64], grid: GridMap) -> NDArray[np.bool_]:
    return ~grid.contains(grid.cell_at(points))


def _in_walls(points: NDArray[np.float64], grid: GridMap) -> NDArray[np.bool_]:
    cells = grid.cell_at(points)
    inside = grid.contains(cells)
    rows, columns = np.where(inside[:, None], cells, 0).T
    return inside & grid.occupied[rows, columns]


def _of_track(track: Track, grid: GridMap, settings: CutSettings, tally: Tally) -> Iterator[Drive]:
    """Yield the drives of a track."""
    for part in _pieces(track, grid, settings, tally):
        parts: Iterable[tuple[int, int]] = [(0, len(part) - 1)]
        if not _ends_at_goal(track, part):
            parts = _without_returns(track.points[part], grid, settings, tally)
        for first, last in parts:
            indices = _apart(track.points, part[first : last + 1])
            points = track.points[indices]
            length = float(_lengths(points).sum())
            reached = float(np.hypot(*(points - points[0]).T).max())
            if len(points) < 2 or reached < settings.min_length:
                tally.lose(f"gone no further than {settings.min_length:g} m", 0.0, length)
                continue
            times = None if track.times is None else track.times[indices]
            where = f"from point {indices[0]}"
            if times is not None and track.times is not None:
                where = f"at {times[0] - track.times[0]:.0f} s"
            yield Drive(points, times, f"{track.source}, {where}")


def _pieces(
    track: Track, grid: GridMap, settings: CutSettings, tally: Tally
) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of each stretch of driving: between stops, goals, jumps and bad places."""
    steps = _lengths(track.points)
    cut = _jumps(track, steps, settings, tally)
    tally.metres += float(steps[~cut].sum())
    tally.seconds += _duration(track, np.arange(len(track.points)))
    inside, still = _standing(track, steps, settings, tally)
    keep, cut = ~inside, cut | still
    for reason, bad in (
        ("off the map", _off(track.points, grid)),
        ("inside a wall", _in_walls(track.points, grid)),
    ):
        for run in _runs(bad & keep):
            tally.lose(reason, _duration(track, run), float(steps[run[:-1]].sum()))
        keep &= ~bad
    if track.times is not None and len(track.goals):
        at_goals = np.unique(np.searchsorted(track.times, track.goals)) - 1
        at_goals = at_goals[(at_goals >= 0) & (at_goals < len(cut))]
        tally.cut("goals", int((~cut[at_goals] & keep[at_goals] & keep[at_goals + 1]).sum()))
        cut[at_goals] = True
    for run in _runs(keep):
        at = np.flatnonzero(cut[run[0] : run[-1]]) + 1
        yield from (part for part in np.split(run, at) if len(part) > 1)


def _jumps(
    track: Track, steps: NDArray[np.float64], settings: CutSettings, tally: Tally
) -> NDArray[np.bool_]:
    """Return which steps [N - 1] are no driving."""
    if track.times is None:
        return np.zeros(len(steps), dtype=bool)
    seconds = np.diff(track.times)
    apart = steps > _noise(settings)
    gap = (seconds > settings.max_gap) & apart
    jump = (steps > settings.max_speed * np.maximum(seconds, 1e-3)) & apart & ~gap
    for reason, which in (
        (f"jumps, faster than {settings.max_speed:g} m/s", jump),
        (f"gaps of over {settings.max_gap:g} s", gap),
    ):
        for index in np.flatnonzero(which):
            tally.lose(reason, float(seconds[index]), float(steps[index]))
    return gap | jump


def _noise(settings: CutSettings) -> float:
    """Return how far [m] a position may move without driving: localisation corrects itself."""
    return max(3.0 * settings.stop_distance, 0.3)


def _standing(
    track: Track, steps: NDArray[np.float64], settings: CutSettings, tally: Tally
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which points [N] and which steps [N - 1] lie inside stops.

    A stop stays within `stop_distance` for `stop_time`. Both its ends are left: one drive ends and
    the next one begins there. A localisation may send nothing meanwhile.
    """
    points, times = track.points, track.times
    inside, still = np.zeros(len(points), dtype=bool), np.zeros(len(steps), dtype=bool)
    if times is None:
        return inside, still
    first, n = 0, len(points)
    while first < n:
        last = first
        while last + 1 < n and _distance(points[last + 1], points[first]) <= settings.stop_distance:
            last += 1
        if times[last] - times[first] >= settings.stop_time:
            inside[first + 1 : last] = True
            still[first:last] = True
            tally.lose(_kind_of_stop(track, first, last), float(times[last] - times[first]), 0.0)
            first = last
        first += 1
    seconds = np.diff(times)
    silent = (seconds >= settings.stop_time) & (steps <= _noise(settings)) & ~still
    for index in np.flatnonzero(silent):
        tally.lose("standing", float(seconds[index]), 0.0)
    return inside, still | silent


def _kind_of_stop(track: Track, first: int, last: int) -> str:
    if track.yaws is None:
        return "standing"
    yaws = np.unwrap(track.yaws[first : last + 1])
    return "turning on the spot" if np.ptp(yaws) > 0.5 * np.pi else "standing"


def _ends_at_goal(track: Track, part: NDArray[np.int64]) -> bool:
    """Return whether a stretch ends where a goal did, so that its end was meant."""
    if track.times is None:
        return False
    begin, end = track.times[part[0]], track.times[part[-1]]
    return bool(((track.goals > begin) & (track.goals <= end + _AFTER_GOAL)).any())


def _without_returns(
    points: NDArray[np.float64], grid: GridMap, settings: CutSettings, tally: Tally
) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of the parts of a stretch, none of which comes back to where it was."""
    near = settings.return_distance
    arc = np.append(0.0, np.cumsum(_lengths(points)))
    cells = np.floor(points / near).astype(np.int64)
    begin, seen = 0, dict[tuple[int, int], int]()
    index = 0
    while index < len(points):
        before = _met(seen, cells[index], points, index, near)
        if (
            before is not None
            and arc[index] - arc[before] > settings.return_length
            and _sees(grid, points[before], points[index])
        ):
            away = np.hypot(*(points[before : index + 1] - points[before]).T)
            turn = before + int(np.argmax(away))
            yield begin, turn
            tally.cut("turning back")
            begin, seen, index = turn, {}, turn
        seen.setdefault((int(cells[index, 0]), int(cells[index, 1])), index)
        index += 1
    yield begin, len(points) - 1


def _met(
    seen: dict[tuple[int, int], int],
    cell: NDArray[np.int64],
    points: NDArray[np.float64],
    index: int,
    near: float,
) -> int | None:
    """Return the earliest point near point `index`, if one was seen."""
    row, column = int(cell[0]), int(cell[1])
    around = (seen.get((row + i, column + j)) for i in (-1, 0, 1) for j in (-1, 0, 1))
    hits = [k for k in around if k is not None and _distance(points[k], points[index]) <= near]
    return min(hits, default=None)


def _sees(grid: GridMap, a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Return whether no wall stands between two points [2]."""
    n = int(2.0 * _distance(a, b) / grid.resolution) + 2
    return not _in_walls(a + np.linspace(0.0, 1.0, n)[:, None] * (b - a), grid).any()


def _apart(points: NDArray[np.float64], indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the indices whose points lie SPACING apart at least, and the last one."""
    kept = [int(indices[0])]
    for index in indices[1:].tolist():
        if _distance(points[index], points[kept[-1]]) >= SPACING:
            kept.append(index)
    if kept[-1] != indices[-1] and len(kept) > 1:
        kept[-1] = int(indices[-1])
    return np.array(kept)


def _distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


def _lengths(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.hypot(*np.diff(points, axis=0).T)


def _runs(mask: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Return the indices of each unbroken run of True."""
    indices = np.flatnonzero(mask)
    if not len(indices):
        return []
    return np.split(indices, np.flatnonzero(np.diff(indices) > 1) + 1)


def _duration(track: Track, run: NDArray[np.int64]) -> float:
    return 0.0 if track.times is None else float(track.times[run[-1]] - track.times[run[0]])
