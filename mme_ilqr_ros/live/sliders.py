"""The parameters that the page has sliders for; their meaning is that of the settings table."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.live.source import Message
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.parameters.verb import yaml_value
from mme_ilqr_ros.settings import Scalar, Setting, flatten, table


@dataclass(frozen=True)
class Slider:
    """A parameter of the controller with a range that is of use; the setting's own is wider.

    Attributes:
        name: Dotted name.
        low: Least value of the slider, in the unit of the parameter.
        high: Largest value.
        step: From one value to the next.
        planner: Whether the planner has a parameter of this name, which gets the same value.
        robot: What of the simulated robot it changes too, or nothing.
    """

    name: str
    low: float
    high: float
    step: float
    planner: bool = False
    robot: str = ""


SLIDERS = (
    Slider("vx_max", 0.1, 2.5, 0.05, robot="vx_max"),
    Slider("wz_max", 0.2, 4.0, 0.1, robot="wz_max"),
    Slider("robot_radius", 0.08, 0.6, 0.01, planner=True, robot="radius"),
    Slider("clearance_margin", 0.0, 0.5, 0.01, planner=True),
    Slider("costs.caution", 0.5, 40.0, 0.5),
    Slider("costs.clearance_weight", 0.05, 5.0, 0.05),
    Slider("costs.wz_weight", 0.0, 2.0, 0.02),
    Slider("mme.n_modes", 1, 16, 1),
    Slider("mme.temperature", 0.05, 5.0, 0.05),
    Slider("mme.mode_switch_margin", 0.0, 0.5, 0.01),
)
BY_NAME = {slider.name: slider for slider in SLIDERS}
_TABLE = {row.name: row for row in table(ControllerNodeSettings)}


def setting_of(name: str) -> Setting:
    """Return the declared parameter of a slider.

    Raises:
        InputError: No slider has this name.
    """
    if name not in BY_NAME:
        raise InputError(f"name: no slider is called {name!r:.40}")
    return _TABLE[name]


def slider_messages(settings: Any) -> list[Message]:
    """Return the sliders as the page gets them, with the values of the settings in force."""
    values = flatten(settings)
    return [
        {
            "name": slider.name,
            "value": values[slider.name],
            "low": slider.low,
            "high": slider.high,
            "step": slider.step,
            "unit": _TABLE[slider.name].unit,
            "doc": _TABLE[slider.name].doc,
            "instead": "footprint" if slider.robot == "radius" and values["footprint"] else "",
        }
        for slider in SLIDERS
    ]


def yaml_of(blocks: Mapping[str, Mapping[str, Scalar]]) -> str:
    """Return a ROS parameter file with these values by dotted name for each node."""
    lines = ["# From the live view; pass it as params_file:=FILE or --params FILE."]
    for node, values in blocks.items():
        if values:
            lines += [f"/**/{node}:", "  ros__parameters:"]
            lines += [f"    {name}: {yaml_value(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def commands_of(blocks: Mapping[str, Mapping[str, Scalar]]) -> str:
    """Return the same as commands for running nodes."""
    return "".join(
        f"ros2 param set /{node} {name} {shlex.quote(yaml_value(value))}\n"
        for node, values in blocks.items()
        for name, value in values.items()
    )
