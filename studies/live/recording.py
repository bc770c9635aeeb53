"""`python -m studies live_recording`: the whole argument in ten seconds, as a GIF."""

from __future__ import annotations

import argparse
import io
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.reporting.world_axes import (
    CANDIDATE,
    CHOSEN,
    COMMAND,
    GOAL,
    INK,
    OBSTACLE,
    ROBOT,
)
from studies.live.browser import LivePage, chromium, served

ABOUT = """\
Record the live view in a headless Chromium: plain iLQR drives into the trap and stands, one click
switches to MME-iLQR, and it drives out and on to the goal. The session is paused and stepped, so
that the recording is the same however busy the machine is.
"""
EXAMPLES = """\
examples:
  python -m studies live_recording --out out/live
  python -m studies live_recording --out out/live --gif docs/images/live.gif
"""
STEPS = 4  # control cycles between two pictures
FRAME = 90  # [ms] that a picture stays; 0.2 s pass in it
HOLD = 9  # pictures that show the click
LIMIT = 1_500_000  # [bytes]
COLOURS = 96
SWATCH = 24  # [px] of each colour that must not be lost
MEANINGS = (INK, CHOSEN, CANDIDATE, GOAL, ROBOT, COMMAND, OBSTACLE, "#ffffff")
RUNNING = """
const show = live.panel.setFrame.bind(live.panel);
live.panel.setFrame = (frame) => show({...frame, paused: false});
"""
"""The session is stepped, and shown as if it ran."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the pictures")
    parser.add_argument("--gif", type=Path, metavar="FILE", help="in place of DIR/live.gif")
    parser.add_argument("--width", type=positive_int, default=840, help="px (%(default)s)")


def run(options: argparse.Namespace, command: str) -> str:
    """Make the recording; return where it is and how large.

    Raises:
        InputError: There is no browser, or the file is too large.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    with served("trap", "--controller", "ilqr", "--paused") as url, chromium() as chrome:
        pictures = record(LivePage(chrome, url), options.out)
    path = options.gif or options.out / "live.gif"
    write(pictures, path, options.width)
    size = path.stat().st_size
    if size > LIMIT:
        raise InputError(f"{path}: {size} bytes, above {LIMIT}; give a smaller --width")
    return f"{path}: {len(pictures)} pictures, {len(pictures) * FRAME / 1e3:.1f} s, {size} bytes"


def record(page: LivePage, folder: Path) -> list[Image.Image]:
    """Return the pictures of the argument; three of them are kept as PNG too."""
    pictures: list[Image.Image] = []
    page.js(RUNNING)

    def take(until: Callable[[], bool], most: int) -> None:
        for _ in range(most):
            page.steps(STEPS)
            pictures.append(picture(page))
            if until():
                return

    take(lambda: abs(page.frame["robot"][3]) < 0.01 and page.frame["time"] > 3.0, 30)
    page.shot(folder / "stuck.png")
    take(lambda: False, 5)  # it stands
    at = page.js(
        "const b = document.getElementById('controller-mme_ilqr').getBoundingClientRect();"
        "return [b.left + b.width / 2, b.top + b.height / 2]"
    )
    still = picture(page)
    pictures += [clicked(still, at, share) for share in (0.0, 0.0, 0.3, 0.6, 1.0)]
    page.press("controller-mme_ilqr")
    page.wait(lambda: page.js("return live.view.world.choices.controller.now") == "mme_ilqr")
    pictures += [clicked(picture(page), at, 0.0)] * (HOLD - 5)
    take(lambda: page.frame["time"] > 12.0, 12)
    page.shot(folder / "free.png")
    take(lambda: page.frame["status"] == "GOAL_REACHED", 90)
    page.shot(folder / "there.png")
    return [*pictures, *[pictures[-1]] * 8]


def picture(page: LivePage) -> Image.Image:
    """Return what the window shows."""
    return Image.open(io.BytesIO(page.chrome.get_screenshot_as_png())).convert("RGB")


def clicked(picture: Image.Image, at: list[float], share: float) -> Image.Image:
    """Return a picture with the pointer at a place, and a ring of a click that spreads."""
    shown = picture.copy()
    draw, (x, y) = ImageDraw.Draw(shown), at
    if share:
        reach = 10 + 24 * share
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), outline=CHOSEN, width=4)
    shape = [(0, 0), (0, 26), (6, 20), (11, 30), (15, 28), (10, 18), (18, 18)]
    draw.polygon([(x + a, y + b) for a, b in shape], fill=INK, outline="white")
    return shown


def write(pictures: list[Image.Image], path: Path, width: int) -> None:
    """Write pictures as a GIF of one palette, scaled down; what stays the same is not written."""
    height = round(pictures[0].height * width / pictures[0].width)
    small = [p.resize((width, height), Image.Resampling.LANCZOS) for p in pictures]
    sample = Image.new("RGB", (width, 3 * height + SWATCH * len(MEANINGS)))
    for row, colour in enumerate(MEANINGS):  # a robot and a star have few pixels, and a meaning
        top = 3 * height + SWATCH * row
        sample.paste(Image.new("RGB", (width, SWATCH), colour), (0, top))
    for row, index in enumerate((0, len(small) // 2, len(small) - 10)):
        sample.paste(small[index], (0, row * height))
    palette = sample.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=1)
    flat = [np.asarray(p.quantize(palette=palette, dither=Image.Dither.NONE)) for p in small]
    frames = [_indexed(flat[0], palette)]
    for before, now in itertools.pairwise(flat):
        frames.append(_indexed(np.where(now == before, COLOURS, now).astype(np.uint8), palette))
    path.parent.mkdir(parents=True, exist_ok=True)
    frames[0].save(
        path,
        save_all=True,
        append_images=frames[1:],
        duration=FRAME,
        loop=0,
        optimize=False,
        disposal=1,
        transparency=COLOURS,
    )


def _indexed(cells: np.ndarray, palette: Image.Image) -> Image.Image:
    """Return cells [H, W] of a palette's colours as an image; one more colour is transparent."""
    image = Image.fromarray(cells, "P")
    colours = (palette.getpalette() or [])[: 3 * COLOURS]
    image.putpalette([*colours, 255, 255, 255])
    return image
