"""The parameter files of a node: defaults, facts of the scenario, the robot, the user, choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from mme_ilqr_ros.bringup.system import NAV2_NAMES, NodeSpec
from mme_ilqr_ros.documents import DocumentError, parse_yaml
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
    key = f"/**/{spec.called or spec.name}"
    facts = {key: {_PARAMETERS: dict(spec.facts)}}
    choices = {**_user_keys(user_file, spec.choices), key: {_PARAMETERS: dict(spec.choices)}}
    robot_file = Path(spec.robot_file) if spec.robot_file else None
    files = (
        default_file(),
        _write(folder / f"{spec.name}_facts.yaml", facts) if spec.facts else None,
        _taken_over(spec, robot_file, folder / f"{spec.name}_of_robot.yaml"),
        robot_file,
        _taken_over(spec, user_file, folder / f"{spec.name}_of_user.yaml"),
        user_file,
        _write(folder / f"{spec.name}_choices.yaml", choices) if spec.choices else None,
    )
    there = [file for file in files if file is not None]
    if not spec.called:
        return there
    return [each for file in there for each in (*_called(spec, file, folder), file)]


def _called(spec: NodeSpec, file: Path, folder: Path) -> list[Path]:
    """Write what a file says of a node under the name that the node has here, if it says any."""
    document = _renamed(_document(file), (spec.name,), spec.called, dict)
    return [_write(folder / f"{spec.called}_{file.name}", document)] if document else []


def _taken_over(spec: NodeSpec, file: Path | None, target: Path) -> Path | None:
    """Write what a file says of the node that this one takes after, said of this one."""
    if file is None or not spec.takes_after:
        return None
    names = (spec.takes_after, NAV2_NAMES.get(spec.takes_after, ""))
    document = _renamed(_document(file), names, spec.name, lambda values: _only(spec.taken, values))
    return _write(target, document) if document else None


def _only(names: tuple[str, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names}


def _renamed(
    block: Mapping[str, Any],
    names: tuple[str, ...],
    called: str,
    kept: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """Return the blocks of nodes of some names, as blocks of another, with what is kept of them."""
    renamed: dict[str, Any] = {}
    for key, inner in block.items():
        if not isinstance(inner, dict):
            continue
        *above, name = str(key).split("/")
        if name in names and isinstance(inner.get(_PARAMETERS), dict):
            if values := kept(inner[_PARAMETERS]):
                renamed["/".join([*above, called])] = {_PARAMETERS: values}
        elif found := _renamed(inner, names, called, kept):
            renamed[key] = found
    return renamed


def _document(file: Path | None) -> dict[str, Any]:
    """Return a parameter file; empty where it is none: the node will say what is wrong with it."""
    try:
        document = parse_yaml(file.read_text()) if file else {}
    except (OSError, UnicodeDecodeError, DocumentError):
        return {}
    return document if isinstance(document, dict) else {}


def _user_keys(user_file: Path | None, values: Mapping[str, Scalar]) -> dict[str, Any]:
    """Return the user's document with these values in the place of every block of parameters."""
    return _replaced(_document(user_file), values)


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
