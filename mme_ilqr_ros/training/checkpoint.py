"""Checkpoints that survive a kill at any moment: a file is the old one or the new one, whole."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from mme_ilqr_ros.training.task import TrainingError


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file beside its place, bring it to the disk, then move it there in one go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last: matplotlib goes by it.
    new = path.with_name(f".{path.stem}.new{path.suffix}")
    write(new)
    with open(new, "rb") as file:
        os.fsync(file.fileno())
    os.replace(new, path)


def save_checkpoint(path: Path, made: Mapping[str, str], state: Mapping[str, Any]) -> None:
    """Write a checkpoint.

    Args:
        path: Where to.
        made: What the training depends on, by name; a resumed one must agree.
        state: Tensors and plain values.
    """
    write_whole(path, lambda new: torch.save({"made": dict(made), "state": dict(state)}, new))


def load_checkpoint(path: Path, made: Mapping[str, str] | None) -> dict[str, Any] | None:
    """Return the state of a checkpoint, or None where there is none.

    Args:
        path: Where it is.
        made: What a training that goes on with it depends on; None asks for nothing.

    Raises:
        TrainingError: It cannot be read, or it is of a training that was made otherwise.
    """
    if not path.exists():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        was, state = content["made"], content["state"]
    except (OSError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError) as error:
        first = (str(error).splitlines() or ["empty"])[0]
        raise TrainingError(f"{path}: not a checkpoint of a training: {first}") from error
    if made is None:
        return state
    for name in {**was, **made}:
        if was.get(name) != made.get(name):
            raise TrainingError(
                f"{path} was made with {name} = {was.get(name)}, now it is {made.get(name)};"
                " resume with the same options, or choose another --out"
            )
    return state
