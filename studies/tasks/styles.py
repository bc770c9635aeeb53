"""Rendering styles of picture mazes: what walls and floor look like in one map.

Every cell is 6 x 6 pixels. A style draws, for each map anew, how its walls and its floor look; what
is dark in one map is bright in the next, so no look is a wall by itself. `GRATINGS` is to learn
from; the other three have textures that no grating is, and are for tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

PIXELS = 6
"""Along a side of a cell."""

Style = Callable[[NDArray[np.bool_], np.random.Generator], NDArray[np.float32]]
"""From one map [H, W] to the pixels [H, W, 6, 6] of its cells, without noise."""

_ROWS, _COLUMNS = np.indices((PIXELS, PIXELS))


def gratings(occupied: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw waves of one direction and length in walls, of another on the floor; phases vary."""
    phase = 2.0 * np.pi * rng.random(occupied.shape)[..., None, None]
    looks = []
    for down, right in _two_waves(rng):
        wave = 2.0 * np.pi * (down * _ROWS + right * _COLUMNS) / PIXELS
        looks.append(rng.uniform(0.6, 1.0) * np.cos(wave + phase) + rng.uniform(-0.3, 0.3))
    return np.where(occupied[..., None, None], *looks).astype(np.float32)


def _two_waves(rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return two wave vectors (down, right) in waves a cell, at least one wave a cell apart."""
    while True:
        length, angle = rng.uniform(0.5, 3.0, size=2), rng.uniform(0.0, np.pi, size=2)
        one, other = np.stack([length * np.sin(angle), length * np.cos(angle)], axis=1)
        if min(np.linalg.norm(one - other), np.linalg.norm(one + other)) >= 1.0:
            return [tuple(one), tuple(other)]


def bricks(occupied: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw courses of bricks against upright planks, either of which may be the wall."""
    shift = rng.integers(PIXELS, size=occupied.shape)[..., None, None]
    course = (_ROWS + shift) % 3 == 0
    joint = (_COLUMNS + 3 * ((_ROWS + shift) // 3 % 2)) % PIXELS == 0
    mortar = np.where(course | joint, -0.8, 0.5)
    planks = np.where((_COLUMNS + shift) % 3 == 0, -0.8, 0.5)
    return _either(occupied, mortar, planks, rng)


def speckle(occupied: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw blots of 2 x 2 pixels against salt and pepper, of the same mean and variance."""
    coarse = rng.choice((-0.7, 0.7), size=(*occupied.shape, 3, 3)).repeat(2, -1).repeat(2, -2)
    fine = rng.choice((-0.7, 0.7), size=(*occupied.shape, PIXELS, PIXELS))
    return _either(occupied, coarse, fine, rng)


def glyphs(occupied: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw a cross or a ring of five pixels across, anywhere in the cell and cut at its edge."""
    at = rng.integers(1, PIXELS - 1, size=(2, *occupied.shape))[..., None, None]
    down, right = np.abs(_ROWS - at[0]), np.abs(_COLUMNS - at[1])
    far = np.maximum(down, right)
    cross = np.where((down == right) & (far <= 2), 0.8, -0.4)
    ring = np.where(far == 2, 0.8, -0.4)
    return _either(occupied, cross, ring, rng)


def dots(occupied: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw a lattice of dots against diagonal strokes, shifted at random."""
    shift = rng.integers(PIXELS, size=(2, *occupied.shape))[..., None, None]
    down, right = _ROWS + shift[0], _COLUMNS + shift[1]
    lattice = np.where((down % 3 == 0) & (right % 3 == 0), 1.0, -0.1)
    strokes = np.where((down + right) % 3 == 0, 0.7, -0.3)
    return _either(occupied, lattice, strokes, rng)


def shades(occupied: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw plain walls and plain floor, light falling off towards one side of each cell."""
    light = (_COLUMNS - (PIXELS - 1) / 2) / PIXELS
    dark, bright = rng.uniform(-0.6, -0.4), rng.uniform(0.4, 0.6)
    return _either(occupied, dark + 0.4 * light, bright - 0.4 * light, rng)


def _either(
    occupied: NDArray[np.bool_], one: NDArray, other: NDArray, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return one look in the walls and the other on the floor, or the reverse."""
    wall = occupied if rng.random() < 0.5 else ~occupied
    return np.where(wall[..., None, None], one, other).astype(np.float32)


UNSEEN: Mapping[str, Style] = {
    "bricks": bricks,
    "dots": dots,
    "shades": shades,
    "glyphs": glyphs,
    "speckle": speckle,
}
"""Styles by name that no training sees."""


def picture(
    style: Style, occupied: NDArray[np.bool_], noise: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return a picture [6 H, 6 W] of a map [H, W] with noise of that standard deviation."""
    cells = style(occupied, rng)
    cells += noise * rng.standard_normal(cells.shape, dtype=np.float32)
    height, width = occupied.shape
    return cells.swapaxes(1, 2).reshape(PIXELS * height, PIXELS * width)
