"""The animation of an arm that follows a plan: its workspace, and the torus of its angles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from mme_ilqr_ros.planning.moves import STEPS
from studies.arm import Arm

SIDE = 360  # [px] of either half
FINE = 2  # drawn this many times larger, then scaled down: smooth lines
PER_MOVE = 4  # frames from one cell to the next
FRAME_MS, LAST_MS = 60, 1800
INK, OBSTACLE, GOAL, TRAIL, ARM, TOUCHES = (
    "#333333",
    "#9a9a9a",
    "#009E73",
    "#56B4E9",
    "#0072B2",
    "#D55E00",
)


def walk(
    best_move: np.ndarray, occupied: np.ndarray, start: Sequence[int], goal: Sequence[int]
) -> np.ndarray:
    """Return the cells [K, 2] of the walk along the best moves [n, n] from start.

    They are counted on past the sides (n follows n - 1), so that neighbours are one apart. The walk
    ends at the goal, in a cell that is occupied, or where it has been before.
    """
    n = len(best_move)
    cells = [np.array(start)]
    been: set[tuple[int, int]] = set()
    while (here := tuple((cells[-1] % n).tolist())) not in been:
        if here == tuple(goal) or occupied[here]:
            break
        been.add(here)
        cells.append(cells[-1] + STEPS[best_move[here]])
    return np.array(cells)


def animate_arm(
    arm: Arm,
    discs: np.ndarray,
    occupied: np.ndarray,
    goal: np.ndarray,
    cells: np.ndarray,
    path: Path,
) -> None:
    """Write a GIF of an arm that goes through cells of its configuration space.

    Between two cells the arm turns evenly; where it touches a disc on the way, which a plan on
    cells knows nothing of, it is drawn in another colour.

    Args:
        arm: Whose lengths and width.
        discs: [M, 3] rows x, y, radius in m.
        occupied: bool [n, n] configuration space; row i is the first angle.
        goal: Cell [2] to arrive at.
        cells: [K, 2] as `walk` returns them.
        path: The file to write.
    """
    times = np.linspace(0.0, len(cells) - 1.0, PER_MOVE * (len(cells) - 1) + 1)
    index = np.arange(len(cells))
    places = np.stack([np.interp(times, index, cells[:, k]) for k in (0, 1)], axis=1)
    turn = 2.0 * math.pi / len(occupied)
    angles = places * turn
    still = _workspace(arm, discs, goal * turn), _torus(occupied, goal, cells)
    dots = (places + 0.5) / len(occupied) % 1.0
    frames = [_frame(arm, discs, still, angles[: k + 1], dots[k]) for k in range(len(times))]
    palette = frames[-1].quantize(colors=64, method=Image.Quantize.MEDIANCUT, kmeans=1)
    indexed = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    durations = [FRAME_MS] * (len(frames) - 1) + [LAST_MS]
    indexed[0].save(
        path, save_all=True, append_images=indexed[1:], duration=durations, loop=0, optimize=False
    )


def _frame(
    arm: Arm,
    discs: np.ndarray,
    still: tuple[Image.Image, Image.Image],
    angles: np.ndarray,
    dot: np.ndarray,
) -> Image.Image:
    """Return the picture of a moment: angles [K, 2] until now, and where the dot is, in [0, 1)."""
    work, torus = (half.copy() for half in still)
    draw = ImageDraw.Draw(work)
    tips = _pixels(arm, arm.points(angles)[:, 2])
    if len(tips) > 1:
        draw.line([tuple(tip) for tip in tips], fill=TRAIL, width=2 * FINE)
    touches = arm.clearance(angles[-1], discs) < 0.0
    _draw_arm(draw, arm, angles[-1], TOUCHES if touches else ARM)
    row, column = dot * torus.width
    x, y, r = column, torus.width - row, 5 * FINE
    ImageDraw.Draw(torus).ellipse((x - r, y - r, x + r, y + r), fill=TOUCHES)
    both = Image.new("RGB", (2 * SIDE * FINE + 8 * FINE, SIDE * FINE), "white")
    both.paste(work, (0, 0))
    both.paste(torus.resize((SIDE * FINE,) * 2), (SIDE * FINE + 8 * FINE, 0))
    return both.resize((both.width // FINE, both.height // FINE), Image.Resampling.BOX)


def _workspace(arm: Arm, discs: np.ndarray, goal: np.ndarray) -> Image.Image:
    """Return what does not move: discs, and where the arm shall be."""
    image = Image.new("RGB", (SIDE * FINE,) * 2, "white")
    draw = ImageDraw.Draw(image)
    scale = SIDE * FINE / (2.0 * arm.reach)
    for centre, radius in zip(_pixels(arm, discs[:, :2]), discs[:, 2] * scale, strict=True):
        draw.ellipse((*(centre - radius), *(centre + radius)), fill=OBSTACLE)
    _draw_arm(draw, arm, goal, GOAL)
    return image


def _torus(occupied: np.ndarray, goal: np.ndarray, cells: np.ndarray) -> Image.Image:
    """Return the configuration space with the path; the first angle goes up, the second right."""
    n = len(occupied)
    cell = SIDE * FINE // n
    image = Image.new("RGB", (n * cell,) * 2, "white")
    draw = ImageDraw.Draw(image)

    def box(row: int, column: int) -> tuple[int, int, int, int]:
        top = (n - 1 - row) * cell
        return column * cell, top, (column + 1) * cell - 2, top + cell - 2

    for row, column in np.ndindex(n, n):
        draw.rectangle(box(row, column), fill=OBSTACLE if occupied[row, column] else "#f4f4f4")
    for row, column in (cells % n).tolist():
        draw.rectangle(box(row, column), fill=TRAIL)
    draw.rectangle(box(*goal.tolist()), fill=GOAL)
    return image


def _draw_arm(draw: ImageDraw.ImageDraw, arm: Arm, angles: np.ndarray, colour: str) -> None:
    width = 2.0 * arm.radius * SIDE * FINE / (2.0 * arm.reach)
    corners = _pixels(arm, arm.points(angles))
    draw.line([tuple(corner) for corner in corners], fill=colour, width=round(width))
    for corner in corners:
        draw.ellipse((*(corner - width / 2.0), *(corner + width / 2.0)), fill=colour)
    draw.ellipse((*(corners[0] - width), *(corners[0] + width)), fill=INK)


def _pixels(arm: Arm, points: np.ndarray) -> np.ndarray:
    """Return pixels [..., 2] of points [..., 2] in m; up is up."""
    return (points * (1.0, -1.0) / arm.reach + 1.0) * (SIDE * FINE / 2.0)
