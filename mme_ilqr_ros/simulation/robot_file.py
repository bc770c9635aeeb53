"""Robots by name: ROS parameter files whose controller block says their shape and limits."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mme_ilqr_ros.documents import DocumentError, parse_yaml
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.resources import share_path
from mme_ilqr_ros.settings import SettingError, build
from mme_ilqr_ros.simulation.robot import RobotSpec, radius_round
from mme_ilqr_ros.simulation.settings import SimulatorSettings
from mme_ilqr_ros.simulation.world_file import ScenarioError

LIMITS = RobotSpec().limits.keys()
LONGEST_NAME = 400  # characters, of a path too


def robot_names() -> list[str]:
    """Return the names of the shipped robots, sorted."""
    return sorted(path.stem for path in share_path("config", "robots").glob("*.yaml"))


def robot_file(name_or_path: str | Path) -> Path:
    """Return the parameter file of a shipped robot's name; a path is returned as it is.

    Raises:
        ScenarioError: There is no shipped robot of this name.
    """
    if len(str(name_or_path)) > LONGEST_NAME:
        raise ScenarioError(
            f"no robot {str(name_or_path)!r:.60}: {LONGEST_NAME} characters at most"
        )
    path = Path(name_or_path)
    shipped = share_path("config", "robots", f"{name_or_path}.yaml")
    try:
        if path.suffix or len(path.parts) > 1:
            return path.resolve()
        if shipped.is_file():
            return shipped
    except (OSError, ValueError) as error:  # what no file can be called
        reason = getattr(error, "strerror", None) or error
        raise ScenarioError(f"no robot {str(name_or_path)!r:.60}: {reason}") from error
    near = difflib.get_close_matches(str(name_or_path), robot_names(), n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(robot_names())}"
    raise ScenarioError(f"no robot '{name_or_path}': {hint}; or give a parameter file")


def controller_parameters(name_or_path: str | Path) -> Mapping[str, Any]:
    """Return what a robot's file says of its controller, by dotted name.

    Raises:
        ScenarioError: There is no such robot, or its file cannot be used; one line.
    """
    path = robot_file(name_or_path)
    values = _block(_document(path), "controller")
    if not values:
        raise ScenarioError(f"{path}: must hold a block /**/controller: ros__parameters")
    return values


def load_robot(name_or_path: str | Path) -> RobotSpec:
    """Return the shape and limits of a robot, from the parameters of its controller.

    What the file does not say is as the package's own robot has it.

    Raises:
        ScenarioError: There is no such robot, or its file cannot be used; one line.
    """
    path, values = robot_file(name_or_path), controller_parameters(name_or_path)
    given = {name: _number(path, name, values[name]) for name in LIMITS & values.keys()}
    footprint = _corners(path, values.get("footprint", ""))
    if footprint:
        radius = radius_round(footprint)
    else:
        radius = _number(path, "robot_radius", values.get("robot_radius", RobotSpec.radius))
    scanners = _scanners(path, _block(_document(path), "simulator"))
    return RobotSpec(radius=radius, footprint=footprint, file=str(path), scanners=scanners, **given)


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = parse_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ScenarioError(f"{path}: cannot be read: {reason}") from error
    except DocumentError as error:
        raise ScenarioError(f"{path}: {error}") from error
    return document if isinstance(document, dict) else {}


def _block(document: Mapping[str, Any], node: str) -> Mapping[str, Any]:
    """Return the values of a node by dotted name; empty where there are none."""
    block = document.get(f"/**/{node}")
    values = block.get("ros__parameters") if isinstance(block, dict) else None
    return _dotted(values) if isinstance(values, dict) else {}


def _dotted(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat |= _dotted(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return flat


def _scanners(path: Path, values: Mapping[str, Any]) -> tuple[tuple[str, Pose], ...]:
    """Return topic and place of each scanner of the simulator's parameters."""
    of_scanners = {k: v for k, v in values.items() if k.startswith(("scan.", "scan_rear."))}
    try:
        settings = build(SimulatorSettings, of_scanners)
    except SettingError as error:
        raise ScenarioError(f"{path}: simulator: {error}") from error
    return tuple((name, spec.mount) for name, spec in settings.scanners.items())


def _number(path: Path, name: str, value: Any) -> float:
    if type(value) not in (int, float) or not -1e6 < value < 1e6:
        raise ScenarioError(f"{path}: {name}: must be a finite number, not {value!r:.60}")
    return float(value)


def _corners(path: Path, text: Any) -> tuple[tuple[float, float], ...]:
    """Return the corners of nav2's text `[[x, y], ...]`; none of an empty text."""
    if not text:
        return ()
    try:
        corners = tuple((float(x), float(y)) for x, y in parse_yaml(text))
    except (AttributeError, OverflowError, TypeError, ValueError) as error:
        wrong = f"{path}: footprint: must be '[[x, y], ...]' in m: {text!r:.60}"
        raise ScenarioError(wrong) from error
    if len(corners) < 3:
        raise ScenarioError(f"{path}: footprint: needs at least three corners, not {len(corners)}")
    return corners
