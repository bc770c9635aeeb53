"""Weight files: safetensors beside their checksum; nothing is loaded that does not match it.

Reading needs numpy alone, so a robot that only plans does without the safetensors package.
"""

from __future__ import annotations

import hashlib
import json
import os
import site
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

SHIPPED = "navigation.safetensors"
_FORMAT = "mme_ilqr_ros cost encoder 1"
_DTYPES = {"F32": "<f4", "F64": "<f8"}


class WeightsError(ValueError):
    """A weight file is missing, damaged or of another kind; the message names it."""


def shipped_weights() -> Path:
    """Return the weight file that comes with the package, in the checkout or installed.

    Raises:
        WeightsError: It is in none of the places where it could have been installed.
    """
    below = Path("share", "mme_ilqr_ros", "config", "weights", SHIPPED)
    checkout = Path(__file__).resolve().parents[2] / Path("config", "weights", SHIPPED)
    prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    prefixes = [p for p in prefixes if p] + [sys.prefix, site.getuserbase()]
    places = [checkout] + [Path(prefix) / below for prefix in prefixes]
    for place in places:
        if place.is_file():
            return place
    raise WeightsError(
        f"no {SHIPPED} in {', '.join(str(p.parent) for p in places)}; reinstall the package"
        " or name a file in the parameter 'weights'"
    )


def checksum_file(path: Path) -> Path:
    """Return where the checksum of a weight file is kept (read by `sha256sum -c` too)."""
    return path.with_name(path.name + ".sha256")


def save_weights(path: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """Write a weight file and its checksum; return the checksum. Needs the safetensors package.

    Args:
        path: File to write, `.safetensors` by custom.
        tensors: Arrays by name.
        metadata: Facts about the training, kept in the file's header.
    """
    from safetensors.numpy import save  # only who trains writes

    arrays = {name: np.array(tensor, order="C") for name, tensor in tensors.items()}
    data = save(arrays, {"format": _FORMAT, **metadata})
    digest = hashlib.sha256(data).hexdigest()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    checksum_file(path).write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    return digest


def load_weights(path: Path) -> dict[str, np.ndarray]:
    """Read a weight file after checking it against its checksum.

    Raises:
        WeightsError: File or checksum is missing, they disagree, or it is not a file of ours.
    """
    try:
        data = path.read_bytes()
        words = checksum_file(path).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path}: cannot read weights and their .sha256: {error}") from error
    digest = hashlib.sha256(data).hexdigest()
    if not words or words[0] != digest:
        raise WeightsError(f"{path}: the file does not match its .sha256; fetch it again")
    try:
        metadata, tensors = _parsed(data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{path}: not a safetensors file: {error}") from error
    if metadata.get("format") != _FORMAT:
        raise WeightsError(f"{path}: not weights of the cost encoder of this version")
    return tensors


def _parsed(data: bytes) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Return metadata and tensors: 8 bytes of header length, a JSON header, the numbers."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        numbers = np.frombuffer(data[start + begin : start + end], _DTYPES[entry["dtype"]])
        tensors[name] = numbers.reshape(entry["shape"]).copy()
    return metadata, tensors
