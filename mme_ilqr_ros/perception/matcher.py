"""Drift of the odometry, from the newest hits against the sites of what was seen before.

Each hit is drawn to the nearest site, along the wall's normal where the sites round it make a
line, and by its whole offset where they do not. A few Gauss-Newton steps with robust weights find
the small motion of the scan that fits best; what the hits do not tell, such as the place along a
bare corridor, stays as odometry says it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.perception.circle_fit import inverse
from mme_ilqr_ros.perception.evidence import Evidence
from mme_ilqr_ros.perception.evidence_loops import in_cells
from mme_ilqr_ros.perception.tiles import SHIFT, Cells, Sites, number_of

FloatArray = NDArray[np.float64]
MOST_HITS = 240  # more tell nothing new
LEAST_HITS = 20
STEPS = 8
DONE = 1e-3  # cells or rad of a step after which there is no more to win
SCATTER = 0.02  # [m] of hits about a wall
ASIDE = 0.03  # [m] beyond which a hit counts less and less
LINE = 3  # sites at least that tell a line
BESIDE, AROUND = 2, 6  # cells within which they are looked for
STRAIGHT = 0.1  # ratio of the small to the large spread of sites that make a line
FLOOR = 0.003, 0.002  # [m], [rad] that odometry errs at rest
RATE = 0.1  # and for every metre or radian of motion
FARTHEST = 0.5, 0.3  # [m], [rad] correction of one scan beyond which it is no drift
AGREES = 0.1  # [m] from a site within which a hit belongs to it
SHARE = 0.4  # of the hits that must belong to a site


@dataclass(frozen=True)
class Match:
    """How a scan fits what was seen before.

    Attributes:
        motion: Of the fixed frame, that brings the scan's points to where they belong.
        share: Of the hits that then lie at a site.
        good: Whether `motion` can be trusted.
    """

    motion: Pose
    share: float
    good: bool


def match(
    evidence: Evidence, hits: FloatArray, centre: FloatArray, moved: float, turned: float
) -> Match:
    """Fit the hits of a scan to the sites.

    Args:
        evidence: What was seen before.
        hits: [N, 2] in the fixed frame, where odometry puts them [m].
        centre: [2] the robot.
        moved: How far it has come since the last scan [m].
        turned: And turned [rad].
    """
    if len(hits) < LEAST_HITS:
        return Match(Pose(0.0, 0.0, 0.0), 0.0, False)
    tiles, size = evidence.tiles, evidence.resolution
    hits = np.ascontiguousarray(hits[:: -(-len(hits) // MOST_HITS)])
    local = in_cells(hits, size, tiles.corner)
    x, y = evidence.in_cells(centre)
    trust = np.array([(FLOOR[0] + RATE * moved) / size] * 2 + [FLOOR[1] + RATE * turned])
    scales = np.array([SCATTER, ASIDE, AGREES]) / size
    found, share = fit(tiles.cells, tiles.sites, local, float(x), float(y), trust**-2, scales)
    turn = float(found[2])
    # The motion of the frame about its origin that moves and turns the scan about the robot.
    cos, sin = math.cos(turn), math.sin(turn)
    shift = size * found[:2]
    motion = Pose(
        float(shift[0] + centre[0] - cos * centre[0] + sin * centre[1]),
        float(shift[1] + centre[1] - sin * centre[0] - cos * centre[1]),
        turn,
    )
    small = math.hypot(*shift) <= FARTHEST[0] and abs(turn) <= FARTHEST[1]
    return Match(motion, share, small and share >= SHARE)


def share_at_sites(evidence: Evidence, hits: FloatArray) -> float:
    """Return the share of hits [N, 2] that lie at a site; 0 without hits."""
    if not len(hits) or not evidence.tiles.cells.tile.size:
        return 0.0
    tiles = evidence.tiles
    local = in_cells(np.ascontiguousarray(hits), evidence.resolution, tiles.corner)
    reach = AGREES / evidence.resolution
    return float(count_at_sites(tiles.cells, tiles.sites, local, reach) / len(hits))


@compiled
def count_at_sites(cells: Cells, sites: Sites, hits: FloatArray, reach: float) -> int:
    """Return how many of the hits [N, 2], in cells, have a site within reach."""
    count = 0
    for hit in range(len(hits)):
        x, y = hits[hit, 0], hits[hit, 1]
        if nearest_site(cells, sites, x, y, reach)[0] < reach:
            count += 1
    return count


@compiled
def nearest_site(
    cells: Cells, sites: Sites, x: float, y: float, reach: float
) -> tuple[float, float, float]:
    """Return distance, x and y of the nearest site within reach; else a distance of reach."""
    index, evidences, _, numbers = cells
    places = sites.place
    rows, columns = index.shape[0] << SHIFT, index.shape[1] << SHIFT
    best, best_x, best_y = reach * reach, x, y
    for row in range(max(int(y - reach), 0), min(int(y + reach) + 1, rows)):
        for column in range(max(int(x - reach), 0), min(int(x + reach) + 1, columns)):
            cell = number_of(index, row, column)
            if cell < 0 or evidences[cell] <= 0:
                continue
            site_x = column + places[numbers[cell], 0]
            site_y = row + places[numbers[cell], 1]
            square = (site_x - x) ** 2 + (site_y - y) ** 2
            if square < best:
                best, best_x, best_y = square, site_x, site_y
    return math.sqrt(best), best_x, best_y


@compiled
def normal_at(
    cells: Cells, sites: Sites, x: float, y: float, reach: int
) -> tuple[int, bool, float, float, float, float]:
    """Return how many sites lie within `reach` cells, if in a line, its normal and middle."""
    index, evidences, _, numbers = cells
    places = sites.place
    rows, columns = index.shape[0] << SHIFT, index.shape[1] << SHIFT
    count, sx, sy, sxx, sxy, syy = 0, 0.0, 0.0, 0.0, 0.0, 0.0
    for row in range(max(int(y) - reach, 0), min(int(y) + reach + 1, rows)):
        for column in range(max(int(x) - reach, 0), min(int(x) + reach + 1, columns)):
            cell = number_of(index, row, column)
            if cell < 0 or evidences[cell] <= 0:
                continue
            right = column + places[numbers[cell], 0] - x
            up = row + places[numbers[cell], 1] - y
            count += 1
            sx, sy = sx + right, sy + up
            sxx, sxy, syy = sxx + right * right, sxy + right * up, syy + up * up
    if count < LINE:
        return count, False, 0.0, 0.0, x, y
    mx, my = sx / count, sy / count
    a, b, c = sxx / count - mx * mx, sxy / count - mx * my, syy / count - my * my
    middle, half = 0.5 * (a + c), math.sqrt(0.25 * (a - c) ** 2 + b * b)
    if middle - half > STRAIGHT * (middle + half):
        return count, False, 0.0, 0.0, x, y
    angle = 0.5 * math.atan2(2.0 * b, a - c)  # of the line
    return count, True, -math.sin(angle), math.cos(angle), x + mx, y + my


@compiled
def fit(
    cells: Cells,
    sites: Sites,
    hits: FloatArray,
    x: float,
    y: float,
    prior: FloatArray,
    scales: FloatArray,
) -> tuple[FloatArray, float]:
    """Return the motion (right, up, turn about x, y) of the hits [N, 2] that fits, and their share.

    All in cells; `prior` [3] weighs what odometry says, `scales` are SCATTER, ASIDE and AGREES.
    """
    motion = np.zeros(3)
    near = 0
    for step in range(STEPS):
        reach = max(3.0 * scales[2] / (1.0 + step), scales[2])
        weights = np.diag(prior)
        pull = -prior * motion
        cos, sin = math.cos(motion[2]), math.sin(motion[2])
        near = 0
        for hit in range(len(hits)):
            right, up = hits[hit, 0] - x, hits[hit, 1] - y
            right, up = cos * right - sin * up, sin * right + cos * up
            at_x, at_y = x + right + motion[0], y + up + motion[1]
            distance, site_x, site_y = nearest_site(cells, sites, at_x, at_y, reach)
            if distance >= reach:
                continue
            near += distance < scales[2]
            count, is_line, nx, ny, mx, my = normal_at(cells, sites, site_x, site_y, BESIDE)
            if count < LINE:  # far away, where few rays fall on a wall
                count, is_line, nx, ny, mx, my = normal_at(cells, sites, site_x, site_y, AROUND)
            if count < LINE:
                continue  # it may slide along a wall
            for axis in range(1 if is_line else 2):
                if not is_line:
                    nx, ny = (1.0, 0.0) if axis == 0 else (0.0, 1.0)
                    mx, my = site_x, site_y
                off = nx * (mx - at_x) + ny * (my - at_y)
                weight = scales[0] ** -2 / (1.0 + (off / scales[1]) ** 2)
                row = nx, ny, ny * right - nx * up
                for i in range(3):
                    pull[i] += weight * off * row[i]
                    for j in range(3):
                        weights[i, j] += weight * row[i] * row[j]
        change = inverse(weights) @ pull
        motion += change
        if np.abs(change).max() < DONE:
            break
    return motion, near / len(hits)
