"""The animation of one run: the static world is drawn once, moving objects in every frame."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.reporting.result import RunResult
from mme_ilqr_ros.reporting.run_record import RunRecord
from mme_ilqr_ros.reporting.scene import Scene, View, decision_moments, view_of
from mme_ilqr_ros.reporting.world_axes import (
    ARROW,
    CANDIDATE,
    CHOSEN,
    COMMAND,
    GOAL,
    INK,
    OBSTACLE,
    OBSTACLE_EDGE,
    PLAN,
    ROBOT,
    SEEN,
    draw_scene,
)

FRAME_PERIOD = 0.1  # [s] on the screen
MOST_FRAMES = 160  # longer runs play faster
LAST_FRAME = 2.5  # [s] on the screen
LONG_SIDE, SHORT_SIDE = 640, 520  # [px] of the world at most
NARROWEST = 480  # [px] so that the text fits
HEAD, FOOT = 26, 22  # [px] text above the world, and below it what the lines mean
SAMPLE, SPACE = 16, 12  # [px] of a line in the legend, and between two of them
FINE = 2  # drawn this many times larger, then scaled down: smooth lines
STALE = 0.6  # [s] candidate trajectories older than this are not shown


def animate_run(record: RunRecord, scene: Scene, result: RunResult, path: str | Path) -> None:
    """Write the run's animation as GIF; long runs are played faster.

    Args:
        record: The finished run, with at least one state.
        scene: The world and the task.
        result: Tells how it ended, shown in the last frame.
        path: The file to write.

    Raises:
        ValueError: The record holds no state.
    """
    if not len(record.states):
        raise ValueError("nothing to draw: the record holds no state")
    start, end = record.states[0, 0], record.states[-1, 0]
    n_frames = int(np.clip(np.ceil(record.duration / FRAME_PERIOD), 2, MOST_FRAMES))
    stage = _Stage(scene, record)
    frames = [stage.frame(time) for time in np.linspace(start, end, n_frames)]
    frames[-1] = stage.frame(end, ending=result.outcome.value)
    palette = frames[len(frames) // 2].quantize(
        colors=128, method=Image.Quantize.MEDIANCUT, kmeans=1
    )
    indexed = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    indexed[0].save(
        path,
        save_all=True,
        append_images=indexed[1:],
        duration=[int(1e3 * FRAME_PERIOD)] * (n_frames - 1) + [int(1e3 * LAST_FRAME)],
        loop=0,
        optimize=False,
    )


class _Stage:
    """The still background and the way from metres to pixels."""

    def __init__(self, scene: Scene, record: RunRecord) -> None:
        self._scene = scene
        self._record = record
        self._states = record.states
        view = view_of(scene, record, decision_moments(record, scene.goal))
        self._pixels_per_metre = FINE * float(np.min((LONG_SIDE, SHORT_SIDE) / view.size))
        view = view.at_least(np.array([NARROWEST * FINE / self._pixels_per_metre, 0.0]))
        self._background, self._axes = _background(scene, view, self._pixels_per_metre)
        fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        self._font = ImageFont.truetype(str(fonts / "DejaVuSans.ttf"), 13 * FINE)
        self._bold = ImageFont.truetype(str(fonts / "DejaVuSans-Bold.ttf"), 13 * FINE)
        self._small = ImageFont.truetype(str(fonts / "DejaVuSans.ttf"), 10 * FINE)
        self._write_foot(ImageDraw.Draw(self._background))

    def frame(self, time: float, ending: str = "") -> Image.Image:
        """Return the picture of one moment."""
        picture = self._background.copy()
        draw = ImageDraw.Draw(picture)
        self._draw_circles(draw, time)
        self._draw_seen(draw, time)
        self._line(draw, self._record.plan_at(time), PLAN, 1.0)
        self._draw_modes(draw, time)
        until = np.searchsorted(self._states[:, 0], time, side="right")
        self._line(draw, self._states[:until, 1:3], COMMAND, 2.0)
        state = self._record.state_at(time)
        self._draw_robot(draw, *state[1:4])
        self._write_head(draw, state, ending)
        return picture.resize((picture.width // FINE, picture.height // FINE), Image.Resampling.BOX)

    def _draw_circles(self, draw: ImageDraw.ImageDraw, time: float) -> None:
        for circle in self._record.circles_at(time):
            self._disc(draw, circle[:2], circle[2], OBSTACLE, OBSTACLE_EDGE)

    def _draw_seen(self, draw: ImageDraw.ImageDraw, time: float) -> None:
        """Draw what a scanner made of the world: points that stand, circles that move."""
        pixels = self._pixels(self._record.seen_at(time))
        size = FINE
        for x, y in pixels:
            draw.rectangle((x - size, y - size, x + size, y + size), fill=SEEN)
        for circle in self._record.tracks_at(time):
            self._disc(draw, circle[:2], circle[2], None, SEEN)
            ahead = np.stack([circle[:2], circle[:2] + ARROW * circle[3:]])
            self._line(draw, ahead, SEEN, 1.5)

    def _draw_modes(self, draw: ImageDraw.ImageDraw, time: float) -> None:
        moment = self._record.modes_at(time)
        if moment is None or time - moment.time > STALE:
            return
        for n in moment.alternatives:
            self._line(draw, moment.trajectories[n], CANDIDATE, 1.2)
        self._line(draw, moment.trajectories[moment.chosen], CHOSEN, 3.0)

    def _draw_robot(self, draw: ImageDraw.ImageDraw, x: float, y: float, yaw: float) -> None:
        radius = self._scene.robot_radius
        outline = self._pixels(self._scene.outline(Pose(x, y, yaw)))
        draw.polygon([tuple(pixel) for pixel in outline], fill=ROBOT, outline=INK, width=FINE)
        tip = x + radius * np.cos(yaw), y + radius * np.sin(yaw)
        self._line(draw, np.array([(x, y), tip]), INK, 2.0)

    def _write_head(self, draw: ImageDraw.ImageDraw, state: NDArray, ending: str) -> None:
        draw.rectangle((0, 0, self._background.width, HEAD * FINE), fill="white")
        left, top = 10 * FINE, 6 * FINE
        time, speed = state[0] - self._states[0, 0], state[4]
        text = f"{self._scene.name}   {time:4.1f} s   {speed:4.2f} m/s   "
        draw.text((left, top), text, fill=INK, font=self._font)
        if ending:
            colour = GOAL if ending == "success" else CHOSEN
            after = left + draw.textlength(text, font=self._font)
            draw.text((after, top), ending, fill=colour, font=self._bold)

    def _write_foot(self, draw: ImageDraw.ImageDraw) -> None:
        """Say once what the colours of the lines mean, of those that this run has."""
        record = self._record
        several = any(len(moment.trajectories) > 1 for moment in record.modes)
        entries = [
            ("driven", COMMAND, 2.0, True),
            ("executed plan", CHOSEN, 3.0, bool(record.modes)),
            ("other plans", CANDIDATE, 1.2, several),
            ("global plan", PLAN, 1.0, bool(record.plans)),
            ("seen by laser", SEEN, 2.0, bool(record.seen)),
        ]
        x, middle = 10.0 * FINE, self._background.height - FOOT * FINE / 2
        for name, colour, width, is_shown in entries:
            if not is_shown:
                continue
            ends = (x, middle, x + SAMPLE * FINE, middle)
            draw.line(ends, fill=colour, width=round(width * FINE))
            x += (SAMPLE + 4) * FINE
            draw.text((x, middle), name, fill=INK, font=self._small, anchor="lm")
            x += draw.textlength(name, font=self._small) + SPACE * FINE

    def _line(self, draw: ImageDraw.ImageDraw, points: NDArray, colour: str, width: float) -> None:
        if len(points) > 1:
            pixels = [tuple(pixel) for pixel in self._pixels(points)]
            draw.line(pixels, fill=colour, width=round(width * FINE), joint="curve")

    def _disc(
        self,
        draw: ImageDraw.ImageDraw,
        centre: ArrayLike,
        radius: float,
        fill: str | None,
        edge: str,
    ) -> None:
        (x, y), reach = self._pixels(np.array([centre]))[0], radius * self._pixels_per_metre
        box = (x - reach, y - reach, x + reach, y + reach)
        draw.ellipse(box, fill=fill, outline=edge, width=FINE)

    def _pixels(self, points: NDArray) -> NDArray:
        """Turn points [N, 2] in metres into pixels from the upper left corner."""
        pixels = self._axes.transData.transform(points)
        return pixels * [1.0, -1.0] + [0.0, self._background.height]


def _background(scene: Scene, view: View, pixels_per_metre: float) -> tuple[Image.Image, Axes]:
    """Draw what never moves: map, start and goal."""
    sides = view.size * pixels_per_metre + (0, (HEAD + FOOT) * FINE)
    # Whole multiples of FINE, so that scaling down meets the pixel grid.
    width, height = (FINE * round(float(side) / FINE) for side in sides)
    dpi = 72 * FINE
    figure = Figure(figsize=(width / dpi, height / dpi), dpi=dpi, facecolor="white")
    foot = FOOT * FINE / height
    axes = figure.add_axes((0.0, foot, 1.0, 1.0 - foot - HEAD * FINE / height))
    draw_scene(axes, scene, view)
    axes.set(xticks=[], yticks=[])
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"), axes
