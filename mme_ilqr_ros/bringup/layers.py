"""Parameter files of a node in the order of their weight: defaults, scenario, user, choices."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from mme_ilqr_ros.bringup.system import NodeSpec, Value
from mme_ilqr_ros.resources import share_path


def default_file() -> Path:
    """Return the file with every parameter."""
    return share_path("config", "mme_ilqr.yaml")


def parameter_files(spec: NodeSpec, user_file: Path | None, folder: Path) -> list[Path]:
    """Return the parameter files of a node, each overruling the ones before it.

    All generated files use the key `/**/<name>`: rcl merges blocks of the same key in the order of
    the files, while blocks of different keys weigh by which key came first.

    Args:
        spec: The node.
        user_file: Parameter file of the user, or None; the default file counts as None.
        folder: Existing folder for what is generated.
    """
    if user_file is not None and user_file.resolve() == default_file().resolve():
        user_file = None
    files = (
        default_file(),
        _write(folder / f"{spec.name}_facts.yaml", spec.name, spec.facts),
        user_file.resolve() if user_file is not None else None,
        _write(folder / f"{spec.name}_choices.yaml", spec.name, spec.choices),
    )
    return [file for file in files if file is not None]


def _write(path: Path, node: str, values: Mapping[str, Value]) -> Path | None:
    if not values:  # rcl does not take an empty block
        return None
    path.write_text(yaml.safe_dump({f"/**/{node}": {"ros__parameters": dict(values)}}))
    return path
