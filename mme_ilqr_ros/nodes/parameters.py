"""ROS parameters from a settings class: declared, checked and swapped as one frozen object."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.settings import Setting, build, flatten, table

S = TypeVar("S")


class NodeParameters(Generic[S]):
    """The parameters of one node, always available as one valid settings object.

    A change replaces `settings` as a whole, after it was checked as a whole; with a single-threaded
    executor this happens between two control ticks. A refused change leaves everything as it was.

    Attributes:
        settings: The values in force.
    """

    def __init__(
        self,
        node: Node,
        settings_class: type[S],
        on_change: Callable[[S], None] = lambda settings: None,
        check: Callable[[S], object] = lambda settings: None,
    ) -> None:
        """Declare every setting on `node`; warn of overrides that are not declared.

        Args:
            node: The node that gets the parameters.
            settings_class: Frozen dataclass made with `setting` and `group`.
            on_change: Called with the new settings after each accepted change.
            check: Raises InputError for settings that cannot be used together.

        Raises:
            SettingError: A start-up value has the wrong type or is out of range.
        """
        self._class = settings_class
        self._on_change, self._check_all = on_change, check
        self._rows = {row.name: row for row in table(settings_class)}
        given = overrides(node)
        self._warn_of_unknown(node, given)
        known = {name: value for name, value in given.items() if name in self._rows}
        self.settings: S = build(settings_class, known)
        for name, setting in flatten(self.settings).items():
            value = setting if not isinstance(setting, tuple) else list(setting or ("",))
            # Our own check came first: it takes `1` for a float, and its refusals name the range.
            node.declare_parameter(name, value, descriptor(self._rows[name]), ignore_override=True)
        node.add_on_set_parameters_callback(self._check)
        if hasattr(node, "add_post_set_parameters_callback"):
            node.add_post_set_parameters_callback(self._apply)

    def _warn_of_unknown(self, node: Node, given: Mapping[str, Any]) -> None:
        for name in given:
            if name in self._rows or node.has_parameter(name) or name.startswith("qos_overrides."):
                continue
            near = difflib.get_close_matches(name, self._rows, n=1)
            hint = f"did you mean '{near[0]}'?" if near else "nothing here has a similar name"
            node.get_logger().warning(f"unknown parameter '{name}' is ignored; {hint}")

    def _changed(self, parameters: Sequence[Parameter]) -> S:
        changes: dict[str, Any] = {p.name: p.value for p in parameters if p.name in self._rows}
        return build(self._class, {**flatten(self.settings), **changes})

    def _check(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        try:
            self._check_all(self._changed(parameters))
        except InputError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if not hasattr(Node, "add_post_set_parameters_callback"):  # Humble
            self._apply(parameters)
        return SetParametersResult(successful=True)

    def _apply(self, parameters: Sequence[Parameter]) -> None:
        settings = self._changed(parameters)
        if settings != self.settings:
            self.settings = settings
            self._on_change(settings)


def overrides(node: Node) -> dict[str, Any]:
    """Return the start-up values of a node's parameters, declared or not."""
    # rclpy has no public way to see those that no declaration asked for, which is where a
    # misspelt name in a parameter file ends.
    given: dict[str, Parameter] = node._parameter_overrides
    return {name: parameter.value for name, parameter in given.items()}


def descriptor(row: Setting) -> ParameterDescriptor:
    """Describe one setting as `ros2 param describe` shows it."""
    unit = f" [{row.unit}]" if row.unit else ""
    result = ParameterDescriptor(description=f"{row.doc}{unit}", read_only=not row.dynamic)
    result.additional_constraints = (
        f"one of {', '.join(row.choices)}" if row.choices else row.range_text()
    )
    if row.low is None or row.high is None:
        return result
    if row.kind is float:
        limits = FloatingPointRange(from_value=float(row.low), to_value=float(row.high))
        result.floating_point_range = [limits]
    elif row.kind is int:
        result.integer_range = [IntegerRange(from_value=int(row.low), to_value=int(row.high))]
    return result
