"""Mazes seen from inside: four pictures from the middle of every free cell, by casting rays.

Space is a grid of cells of side 1, walls as high as cells are wide, the eye half way up. A camera
looks along a straight move and sees 90 degrees across and 90 up and down, so its picture is the
square [-1, 1]^2 at distance 1. A column at x is one ray, walked from cell to cell up to the first
wall; distances are along the optical axis, and a wall at distance t covers |y| < 1 / (2 t).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mme_ilqr_ros.compiled import compiled
from mme_ilqr_ros.planning.moves import N_STRAIGHT, STEPS

PIXELS = 32
"""Along a side of a picture."""

OFFSETS = (2.0 * np.arange(PIXELS) + 1.0) / PIXELS - 1.0
"""x of the columns from left to right, and y of the rows from top to bottom.

All are odd multiples of 1 / 32, therefore no ray meets a corner of a cell.
"""

_FORWARD = STEPS[:N_STRAIGHT].astype(np.float64)  # north, west, south, east
_RIGHT = np.stack([_FORWARD[:, 1], -_FORWARD[:, 0]], axis=1)


@dataclass(frozen=True)
class Look:
    """What things look like. Colours are red, green, blue from 0 to 255.

    Attributes:
        wall: Colour of a wall seen close.
        shades: Brightness of walls that face north or south, and of those that face west or east.
        floor: Colour of the floor seen close.
        ceiling: Colour of the ceiling seen close.
        fog: Distance at which half of the light is left [cells].
        noise: Largest change of a pixel's brightness, uniform; below 128.
    """

    wall: tuple[int, int, int] = (200, 150, 110)
    shades: tuple[float, float] = (1.0, 0.7)
    floor: tuple[int, int, int] = (90, 110, 90)
    ceiling: tuple[int, int, int] = (120, 140, 190)
    fog: float = 6.0
    noise: int = 10


def panoramas(
    occupied: np.ndarray, rng: np.random.Generator, look: Look | None = None
) -> np.ndarray:
    """Return the pictures from the free cells of maps; of a wall there is none, which is black.

    Args:
        occupied: Walls, bool [N, H, W]; so is everything beyond the map.
        rng: Of the noise.
        look: Colours, fog and noise.

    Returns:
        uint8 [N, H, W, 4, 32, 32, 3] from each cell looking north (to row - 1), west, south and
        east: rows from top to bottom, columns from left to right, red, green and blue.
    """
    look = look or Look()
    cells = np.argwhere(~occupied)
    distance, faces = cast(occupied, cells)
    floor, ceiling, wall = (np.array(c, np.float64) for c in (look.floor, look.ceiling, look.wall))
    to_floor = _light(0.5 / np.abs(OFFSETS), look)[:, None]
    background = np.where(OFFSETS[:, None] > 0.0, floor, ceiling) * to_floor
    brightness = _light(distance, look) * np.where(faces, look.shades[1], look.shades[0])
    noise = rng.integers(-look.noise, look.noise, (*distance.shape, PIXELS), np.int8, endpoint=True)
    pixels = np.zeros((*occupied.shape, N_STRAIGHT, PIXELS, PIXELS, 3), np.uint8)
    heights = np.abs(OFFSETS)
    _paint(cells, distance, brightness, wall, background, heights, noise, pixels)
    return pixels


def cast(occupied: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what the rays meet.

    Args:
        occupied: bool [N, H, W].
        cells: int64 [F, 3] free cells (map, row, column).

    Returns:
        Distances along the optical axis [F, 4, 32] in cells, and whether the face met looks west
        or east, not north or south, bool [F, 4, 32].
    """
    rays = _FORWARD[:, None] + OFFSETS[None, :, None] * _RIGHT[:, None]  # [4, 32, 2]
    walls = np.pad(occupied, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    distance = np.empty((len(cells), *rays.shape[:2]))
    faces = np.empty(distance.shape, np.bool_)
    _walk(walls, cells, rays, distance, faces)
    return distance, faces


@compiled
def _walk(walls, cells, rays, distance, faces):
    """Walk every ray from cell to cell, always over the border that is met first.

    Source: Amanatides, Woo, "A Fast Voxel Traversal Algorithm for Ray Tracing", 1987.
    """
    for k in range(len(cells)):
        n = cells[k, 0]
        for d in range(rays.shape[0]):
            for j in range(rays.shape[1]):
                along_rows, along_columns = rays[d, j, 0], rays[d, j, 1]
                row, column = cells[k, 1] + 1, cells[k, 2] + 1
                next_row, next_column = 0.5 / abs(along_rows), 0.5 / abs(along_columns)
                t, across = 0.0, False
                while not walls[n, row, column]:
                    across = next_column < next_row
                    if across:
                        t = next_column
                        next_column += 1.0 / abs(along_columns)
                        column += 1 if along_columns > 0.0 else -1
                    else:
                        t = next_row
                        next_row += 1.0 / abs(along_rows)
                        row += 1 if along_rows > 0.0 else -1
                distance[k, d, j] = t
                faces[k, d, j] = across


@compiled
def _paint(cells, distance, brightness, wall, background, heights, noise, pixels):
    """Fill in pixels: wall where a column's wall is as tall as the row is high, else not."""
    for k in range(len(cells)):
        n, row, column = cells[k]
        for d in range(distance.shape[1]):
            for j in range(distance.shape[2]):
                top = 0.5 / distance[k, d, j]
                for i in range(len(heights)):
                    for c in range(3):
                        colour = wall[c] * brightness[k, d, j]
                        if heights[i] > top:
                            colour = background[i, c]
                        colour = min(max(colour + noise[k, d, j, i], 0.0), 255.0)
                        pixels[n, row, column, d, i, j, c] = np.uint8(colour)


def _light(distance: np.ndarray, look: Look) -> np.ndarray:
    """Return the fraction of light left after a distance in fog."""
    return 0.5 ** (distance / look.fog)
