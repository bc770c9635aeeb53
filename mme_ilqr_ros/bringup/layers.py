"""Parameter files of a node in order of precedence: defaults, scenario, user, choices."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mme_ilqr_ros.bringup.system import NodeSpec
from mme_ilqr_ros.resources import share_path
from mme_ilqr_ros.settings import Scalar

_PARAMETERS = "ros__parameters"


def default_file() -> Path:
    """Return the file with every parameter."""
    return share_path("config", "mme_ilqr.yaml")


def own_file(file: Path | None) -> Path | None:
    """Return the user's parameter file as an absolute path; None where it is the default one."""
    return None if file is None or file.resolve() == default_file().resolve() else file.resolve()


def parameter_files(spec: NodeSpec, user_file: Path | None, folder: Path) -> list[Path]:
    """Return the parameter files of a node, each overruling the ones before it.

    rcl merges blocks of the same key in the order of the files; of different keys that match, the
    one that appeared later overrules. So the scenario's file uses the key of the default file, and
    choices are written under every key of the user's file too.

    Args:
        spec: The node.
        user_file: Parameter file of the user, or None; the default file counts as None.
        folder: Existing folder for what is generated.
    """
    user_file = own_file(user_file)
    key = f"/**/{spec.name}"
    facts = {key: {_PARAMETERS: dict(spec.facts)}}
    choices = {**_user_keys(user_file, spec.choices), key: {_PARAMETERS: dict(spec.choices)}}
    files = (
        default_file(),
        _write(folder / f"{spec.name}_facts.yaml", facts) if spec.facts else None,
        user_file,
        _write(folder / f"{spec.name}_choices.yaml", choices) if spec.choices else None,
    )
    return [file for file in files if file is not None]


def _user_keys(user_file: Path | None, values: Mapping[str, Scalar]) -> dict[str, Any]:
    """Return the user's document with these values in the place of every block of parameters."""
    if user_file is None:
        return {}
    try:
        document = yaml.safe_load(user_file.read_text())
    except (OSError, yaml.YAMLError):  # the node will say what is wrong with it
        return {}
    return _replaced(document, values) if isinstance(document, dict) else {}


def _replaced(block: Mapping[str, Any], values: Mapping[str, Scalar]) -> dict[str, Any]:
    replaced: dict[str, Any] = {}
    for key, inner in block.items():
        if key == _PARAMETERS:
            replaced[key] = dict(values)
        elif isinstance(inner, dict):
            replaced[key] = _replaced(inner, values)
    return replaced


def _write(path: Path, document: Mapping[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(dict(document)))
    return path
