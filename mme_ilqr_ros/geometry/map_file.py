"""Maps on disk: the YAML and image pair that map_server reads and writes.

Source: the rules of nav2_map_server for the modes trinary, scale and raw (docs.nav2.org).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mme_ilqr_ros.documents import DocumentError, parse_yaml
from mme_ilqr_ros.geometry.grid_map import GridLayer, GridMap, MapError
from mme_ilqr_ros.geometry.pose import Pose

_MODES = ("trinary", "scale", "raw")
_UNKNOWN = -1
_FORMATS = ("PPM", "PNG", "BMP", "GIF", "JPEG", "TIFF", "WEBP", "TGA")  # none runs a program
_MOST_CELLS = 80_000_000  # 450 x 450 m at 0.05 m; a file of a few bytes can ask for any number
_SLAB = 1_000_000  # pixels in colours that are looked at at once


def load_map(path: str | Path) -> GridMap:
    """Read a map_server YAML file and the image it names.

    Args:
        path: The YAML file. Its image path is relative to it unless absolute.

    Returns:
        The map; in the modes scale and raw a cell is occupied from 65 % on.

    Raises:
        MapError: A file is missing or broken, or a key is absent or malformed; the message names
            the file and the key.
    """
    path = Path(path)
    keys = _read_yaml(path)
    return GridMap.from_occupancy(_cells(path, keys), _resolution(path, keys), _origin(path, keys))


def load_layer(path: str | Path) -> GridLayer:
    """Read a filter mask, or the grey values of a map, as numbers in [0, 1] beside a map.

    Args:
        path: A map_server YAML file, as in `load_map`; unknown cells count as 0.

    Raises:
        MapError: As `load_map`.
    """
    path = Path(path)
    keys = _read_yaml(path)
    values = np.maximum(0.01 * _cells(path, keys), 0.0)
    return GridLayer(values, _resolution(path, keys), _origin(path, keys))


def _resolution(path: Path, keys: dict[str, Any]) -> float:
    resolution = _number(path, keys, "resolution")
    if resolution <= 0.0:
        raise MapError(f"{path}: resolution: must be above 0 m, not {resolution}")
    return resolution


def _cells(path: Path, keys: dict[str, Any]) -> NDArray[np.int16]:
    """Return the occupancy [H, W] in percent, -1 where unknown, of the picture that is named."""
    image = keys.get("image")
    if not isinstance(image, str) or not image:
        raise MapError(f"{path}: image: must name the picture of the map, not {image!r:.60}")
    _resolution(path, keys)
    mode = keys.get("mode", "trinary")
    if mode not in _MODES:
        raise MapError(f"{path}: mode: must be one of {', '.join(_MODES)}, not {mode!r:.60}")
    pixels = _read_image(path.parent / image)
    convert = partial(
        _occupancy,
        mode=mode,
        negate=bool(_number(path, keys, "negate", 0)),
        occupied_above=_number(path, keys, "occupied_thresh", 0.65),
        free_below=_number(path, keys, "free_thresh", 0.196),
    )
    # Pictures start at the top, grids at the lowest y.
    return _converted(pixels, convert)[::-1]


def save_map(grid: GridMap, path: str | Path) -> None:
    """Write a map as a trinary YAML file and a PGM picture of the same name beside it."""
    path = Path(path)
    picture = path.with_suffix(".pgm")
    shades = np.where(grid.occupied, 0, 254)
    shades = np.where(grid.unknown, 205, shades).astype(np.uint8)
    Image.fromarray(np.ascontiguousarray(shades[::-1])).save(picture)
    origin = grid.origin
    path.write_text(
        f"image: {picture.name}\n"
        "mode: trinary\n"
        f"resolution: {grid.resolution!r}\n"
        f"origin: [{origin.x!r}, {origin.y!r}, {origin.yaw!r}]\n"
        "negate: 0\n"
        "occupied_thresh: 0.65\n"
        "free_thresh: 0.196\n",
        encoding="utf-8",
    )


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        keys = parse_yaml(path.read_text(encoding="utf-8"))
    except DocumentError as error:
        raise MapError(f"{path}: {error}") from error
    except (OSError, ValueError) as error:  # of its name or of its text
        raise MapError(f"{path}: cannot be read: {error}") from error
    if not isinstance(keys, dict):
        raise MapError(f"{path}: must hold keys such as image and resolution")
    return keys


def _number(path: Path, keys: dict[str, Any], name: str, default: float | None = None) -> float:
    value: Any = keys.get(name, default)
    if not _is_number(value):
        raise MapError(f"{path}: {name}: must be a finite number, not {value!r:.60}")
    return float(value)


def _is_number(value: Any) -> bool:
    # The bounds refuse NaN and infinity, and integers too long to become floats.
    return isinstance(value, (int, float)) and -1e300 < value < 1e300


def _origin(path: Path, keys: dict[str, Any]) -> Pose:
    values = keys.get("origin")
    triple = values if isinstance(values, list) and len(values) == 3 else [None]
    if not all(map(_is_number, triple)):
        raise MapError(f"{path}: origin: must be three numbers [x, y, yaw], not {values!r:.60}")
    return Pose(*map(float, triple))


def _read_image(path: Path) -> NDArray[np.uint8]:
    """Return [H, W, 1] of a grey picture, [H, W, 3], or [H, W, 4] of one with an alpha channel."""
    try:
        with Image.open(path, formats=_FORMATS) as image:
            if image.width * image.height > _MOST_CELLS:
                raise MapError(f"{image.width} x {image.height} pixels; {_MOST_CELLS} at most")
            if image.mode.startswith("I"):  # 16 bit grey, which Pillow would clip to 255
                return (np.asarray(image) >> 8).astype(np.uint8)[..., None]
            has_alpha = "A" in image.getbands() or "transparency" in image.info
            if image.mode in ("1", "L") and not has_alpha:
                return np.asarray(image.convert("L"))[..., None]
            return np.asarray(image.convert("RGBA" if has_alpha else "RGB"))
    except Exception as error:  # Pillow's decoders raise whatever comes of broken pictures
        said = getattr(error, "strerror", None) or str(error)  # without the name once more
        reason = " ".join(said.split()) or type(error).__name__
        raise MapError(f"{path}: image: cannot be read: {reason:.200}") from error


def _converted(
    pixels: NDArray[np.uint8], convert: Callable[[NDArray[np.uint8]], NDArray[np.int16]]
) -> NDArray[np.int16]:
    """Return [H, W] occupancy, without numbers of 8 bytes for every pixel of a large picture."""
    if pixels.shape[-1] == 1:
        return convert(np.arange(256, dtype=np.uint8)[:, None, None])[:, 0][pixels[..., 0]]
    slabs = np.array_split(pixels, max(1, min(len(pixels), pixels.size // _SLAB)))
    return np.concatenate([convert(slab) for slab in slabs])


def _occupancy(
    pixels: NDArray[np.uint8], mode: str, *, negate: bool, occupied_above: float, free_below: float
) -> NDArray[np.int16]:
    """Return [H, W] occupancy in percent, -1 where unknown, in the picture's row order."""
    # map_server averages alpha in with the colours, in trinary mode only.
    channels = pixels if mode == "trinary" else pixels[..., :3]
    shade = channels.mean(axis=-1) / 255.0
    if mode == "raw":
        percent = np.rint(shade * 255.0)
        return np.where(percent <= 100, percent, _UNKNOWN).astype(np.int16)
    darkness = shade if negate else 1.0 - shade
    if mode == "trinary":
        between = np.full(shade.shape, float(_UNKNOWN))
    else:
        span = max(occupied_above - free_below, 1e-12)
        between = np.rint(100.0 * np.clip((darkness - free_below) / span, 0.0, 1.0))
    percent = np.where(darkness < free_below, 0.0, between)
    percent = np.where(darkness > occupied_above, 100.0, percent)
    if mode == "scale" and pixels.shape[-1] == 4:
        percent = np.where(pixels[..., 3] < 255, _UNKNOWN, percent)
    return percent.astype(np.int16)
