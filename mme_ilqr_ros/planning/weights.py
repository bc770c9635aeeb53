"""Weight files: safetensors beside their checksum; nothing is loaded that does not match it.

The format is simple (see `_parsed`) and read and written here with numpy alone: a robot that only
plans needs no package for it, and the same tensors always make the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.documents import parse_json
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.resources import share_path

SHORTEST = "shortest"
CLEARANCE = "clearance"
SHIPPED = (CLEARANCE, SHORTEST)
"""Names of the weight files that come with the package."""

WALLS = "walls"
"""Kind of the files that hold the cost of walls; files without a kind are of this one."""

HABITS = "habits"
"""Kind of the files that hold what was learned from an owner's drives."""

_FORMAT = "mme_ilqr_ros cost encoder 1"


class WeightsError(InputError):
    """A weight file is missing, damaged or of another kind; the message names it."""


@dataclass(frozen=True, eq=False)
class WeightFile:
    """What a weight file holds.

    Attributes:
        kind: Which encoder its tensors belong to.
        tensors: float32 arrays by name.
        facts: How it was made.
    """

    kind: str
    tensors: dict[str, np.ndarray]
    facts: dict[str, str]


def find_weights(name_or_file: str) -> Path:
    """Return the path of a shipped weight file (one of SHIPPED) by its name, or else of a file.

    Raises:
        WeightsError: It is a shipped one and not there.
    """
    if name_or_file not in SHIPPED:
        return Path(name_or_file)
    try:
        path = share_path("config", "weights", f"{name_or_file}.safetensors")
    except FileNotFoundError as error:
        raise WeightsError(str(error)) from error
    if not path.is_file():
        raise WeightsError(
            f"{path}: missing; reinstall the package or name a file in the parameter 'weights'"
        )
    return path


def checksum_file(path: Path) -> Path:
    """Return where the checksum of a weight file is kept (read by `sha256sum -c` too)."""
    return path.with_name(path.name + ".sha256")


def save_weights(path: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """Write a weight file and its checksum; return the checksum.

    Args:
        path: File to write, `.safetensors` by custom.
        tensors: Arrays by name, kept as float32.
        metadata: Facts about the training, kept in the file's header.
    """
    data = _packed(tensors, {"format": _FORMAT, **metadata})
    digest = hashlib.sha256(data).hexdigest()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    checksum_file(path).write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    return digest


def read_weights(path: Path) -> WeightFile:
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
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: not a safetensors file: {error!s:.200}") from error
    if metadata.get("format") != _FORMAT:
        raise WeightsError(f"{path}: not weights of the cost encoder of this version")
    return WeightFile(metadata.get("kind", WALLS), tensors, metadata)


def checked(
    tensors: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return a tensor of a weight file.

    Raises:
        WeightsError: It is missing, has another shape, or not all of it is finite.
    """
    if name not in tensors:
        raise WeightsError(f"the weights lack the tensor '{name}'")
    tensor = tensors[name]
    if tensor.shape != shape:
        raise WeightsError(f"a tensor has shape {tensor.shape} in place of {shape}")
    if not np.isfinite(tensor).all():
        raise WeightsError("a weight is not finite")
    return tensor.astype(np.float32)


def _packed(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bytes:
    """Return the bytes of a file; the counterpart of `_parsed`."""
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))}
    body = b""
    for name, tensor in sorted(tensors.items()):
        numbers = np.asarray(tensor, dtype="<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(np.shape(tensor)),
            "data_offsets": [len(body), len(body) + len(numbers)],
        }
        body += numbers
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the numbers start at a multiple of 8
    return len(text).to_bytes(8, "little") + text + body


def _parsed(data: bytes) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Return metadata and tensors: 8 bytes of header length, a JSON header, the numbers."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = parse_json(data[8:start].decode())
    metadata = header.pop("__metadata__", {})
    if not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError("__metadata__ holds more than texts")
    tensors, at = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        if entry["dtype"] != "F32":
            raise ValueError(f"tensor {name:.40} is {entry['dtype']} in place of F32")
        begin, end = entry["data_offsets"]
        if begin != at or len(data) < start + end:  # so no number is read twice
            raise ValueError(f"tensor {name:.40} does not begin where the one before ends")
        numbers = np.frombuffer(data[start + begin : start + end], "<f4")
        tensors[name], at = numbers.reshape(entry["shape"]).copy(), end
    return metadata, tensors
