"""A ROS parameter file without ROS: the values that it holds for each node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from mme_ilqr_ros.control.extensions import extended
from mme_ilqr_ros.documents import DocumentError, parse_yaml
from mme_ilqr_ros.parameters.verb import NODES
from mme_ilqr_ros.settings import Scalar, SettingError, build, table


@dataclass(frozen=True)
class Parameters:
    """Values by dotted name, for each part that has settings."""

    controller: Mapping[str, Scalar] = field(default_factory=dict)
    planner: Mapping[str, Scalar] = field(default_factory=dict)
    simulator: Mapping[str, Scalar] = field(default_factory=dict)


def read_parameters(path: Path) -> Parameters:
    """Read a parameter file as the nodes take it: `<node>: ros__parameters: {...}`.

    The node's name may be written `/**/controller`; `/**` holds for all.

    Raises:
        SettingError: The file cannot be read, or a name or value is refused; one line.
    """
    given, values = _blocks(path), {}
    for node in (part.name for part in fields(Parameters)):
        everywhere, own = given.get("**", {}), given.get(node, {})
        try:
            extends = node == "controller"
            kind = extended(NODES[node], {**everywhere, **own}) if extends else NODES[node]
            known = {row.name for row in table(kind)}
            values[node] = {**{k: v for k, v in everywhere.items() if k in known}, **own}
            build(kind, values[node])
        except SettingError as error:
            raise SettingError(f"{path}: {node}: {error}") from error
    return Parameters(**values)


def _blocks(path: Path) -> dict[str, dict[str, Scalar]]:
    """Return the values of every node by dotted name."""
    try:
        content = parse_yaml(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            f"{path}: cannot be read: {getattr(error, 'strerror', error)}"
        ) from error
    except DocumentError as error:
        raise SettingError(f"{path}: {error}") from error
    blocks: dict[str, dict[str, Scalar]] = {}
    for key, block in content.items() if isinstance(content, dict) else ():
        inside = block.get("ros__parameters") if isinstance(block, dict) else None
        if not isinstance(inside, dict):
            raise SettingError(f"{path}: {key}: must hold a block ros__parameters")
        blocks.setdefault(str(key).rsplit("/", 1)[-1], {}).update(_dotted(inside))
    if not blocks:
        raise SettingError(f"{path}: must hold a block per node: controller, planner, simulator")
    return blocks


def _dotted(values: Mapping[str, Any], prefix: str = "") -> dict[str, Scalar]:
    flat: dict[str, Scalar] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat.update(_dotted(value, f"{name}.") if isinstance(value, dict) else {name: value})
    return flat
