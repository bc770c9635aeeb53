"""Settings: every parameter is declared once, as a field of a frozen dataclass.

A field made with `setting` carries its unit, range and meaning. Validation, the ROS parameter
declarations, the commented YAML file and docs/parameters.md are all derived from these fields, so
they cannot drift apart. Nested settings dataclasses become dotted names (`costs.goal_weight`).
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from mme_ilqr_ros.errors import InputError

S = TypeVar("S")
Scalar = bool | int | float | str | tuple[str, ...]
STRINGS = tuple[str, ...]


class SettingError(InputError):
    """A setting has an unknown name, a wrong type or a value out of range."""


@dataclass(frozen=True)
class Setting:
    """One declared parameter.

    Attributes:
        name: Dotted name below the settings class, e.g. `costs.goal_weight`.
        kind: `bool`, `int`, `float`, `str` or `tuple[str, ...]`.
        default: Value used when it is not set.
        unit: SI unit as text, empty for pure numbers.
        low: Smallest allowed value, or None.
        high: Largest allowed value, or None.
        choices: Allowed strings, empty when any is.
        dynamic: False when it is read at start-up only.
        doc: What it does and what to do with it, one or two sentences.
    """

    name: str
    kind: type
    default: Scalar
    unit: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    dynamic: bool
    doc: str

    def check(self, value: Any) -> Scalar:
        """Return `value` as this setting's type.

        Raises:
            SettingError: It has the wrong type, is not finite, out of range or not a choice.
        """
        value = self._typed(value)
        if self.kind is float and not math.isfinite(value):
            raise SettingError(f"{self.name} = {value}: must be a finite number")
        too_low = self.low is not None and value < self.low
        too_high = self.high is not None and value > self.high
        if too_low or too_high:
            raise SettingError(f"{self.name} = {value}: must lie {self.range_text()}")
        if self.choices and value not in self.choices:
            raise SettingError(f"{self.name} = '{value}': must be one of {', '.join(self.choices)}")
        return value

    def _typed(self, value: Any) -> Any:
        if self.kind == STRINGS:
            if not isinstance(value, (list, tuple)) or any(not isinstance(v, str) for v in value):
                raise SettingError(f"{self.name} = {value!r}: must be a list of strings")
            return tuple(text for text in value if text)  # ROS knows no empty list of strings
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not isinstance(value, self.kind) or (self.kind is int and isinstance(value, bool)):
            raise SettingError(
                f"{self.name} = {value!r}: must be of type {self.kind_text},"
                f" not {type(value).__name__}"
            )
        return value

    @property
    def kind_text(self) -> str:
        """The kind in words."""
        return "list of strings" if self.kind == STRINGS else self.kind.__name__

    def range_text(self) -> str:
        """Return the range in words, e.g. `in [0.0, 1.0] m/s`, or an empty text."""
        unit = f" {self.unit}" if self.unit else ""
        if self.low is not None and self.high is not None:
            return f"in [{self.low}, {self.high}]{unit}"
        if self.low is not None:
            return f"at or above {self.low}{unit}"
        if self.high is not None:
            return f"at or below {self.high}{unit}"
        return ""


def setting(
    default: Scalar,
    doc: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    dynamic: bool = True,
) -> Any:
    """Declare one field of a settings dataclass; see `Setting` for the meaning of each part."""
    facts = {
        "doc": doc,
        "unit": unit,
        "low": low,
        "high": high,
        "choices": choices,
        "dynamic": dynamic,
    }
    return dataclasses.field(default=default, metadata=facts)


def group(settings_class: type) -> Any:
    """Declare a nested block of settings."""
    return dataclasses.field(default_factory=settings_class)


def table(settings_class: type, prefix: str = "") -> tuple[Setting, ...]:
    """Return every setting of a settings dataclass, nested blocks included, in order."""
    return tuple(_rows(settings_class, prefix))


def _rows(settings_class: Any, prefix: str) -> Iterator[Setting]:
    kinds = get_type_hints(settings_class)
    for field in dataclasses.fields(settings_class):
        kind = kinds[field.name]
        if dataclasses.is_dataclass(kind):
            yield from _rows(kind, f"{prefix}{field.name}.")
        else:
            default: Any = field.default
            yield Setting(f"{prefix}{field.name}", kind, default, **field.metadata)


def flatten(settings: Any, prefix: str = "") -> dict[str, Scalar]:
    """Return the values of a settings object by dotted name."""
    values: dict[str, Scalar] = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            values.update(flatten(value, f"{prefix}{field.name}."))
        else:
            values[f"{prefix}{field.name}"] = value
    return values


def rebuilt(settings: S, values: Mapping[str, Any], prefix: str = "") -> S:
    """Return a copy with other values, unchecked, by dotted name."""
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        name, value = f"{prefix}{field.name}", getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            changes[field.name] = rebuilt(value, values, f"{name}.")
        elif name in values:
            changes[field.name] = values[name]
    return dataclasses.replace(settings, **changes)  # type: ignore[type-var]


def build(settings_class: type[S], values: Mapping[str, Any]) -> S:
    """Make a settings object from dotted names; what is not named keeps its default.

    Raises:
        SettingError: A name is unknown (the nearest known one is suggested) or a value is refused.
    """
    known = {row.name: row for row in table(settings_class)}
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise SettingError(f"unknown parameter '{name}'{hint}")
    checked = {name: known[name].check(value) for name, value in values.items()}
    return _build(settings_class, checked, "")


def _build(settings_class: type[S], checked: Mapping[str, Scalar], prefix: str) -> S:
    kinds = get_type_hints(settings_class)
    arguments: dict[str, Any] = {}
    for field in dataclasses.fields(settings_class):  # type: ignore[arg-type]
        name = f"{prefix}{field.name}"
        if dataclasses.is_dataclass(kinds[field.name]):
            arguments[field.name] = _build(kinds[field.name], checked, f"{name}.")
        elif name in checked:
            arguments[field.name] = checked[name]
    return settings_class(**arguments)
