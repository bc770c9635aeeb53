"""Settings: every parameter is declared once, as a field of a frozen dataclass.

A field made with `setting` carries its unit, range and meaning. Validation, the ROS parameter
declarations, the commented YAML file and docs/parameters.md are all derived from these fields, so
they cannot drift apart. Nested settings dataclasses become dotted names (`costs.goal_weight`).
A class that derives from `Settings` checks its fields whenever one is made.
"""

from __future__ import annotations

import copy
import dataclasses
import difflib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from numbers import Integral, Real
from operator import attrgetter
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
        numbers: dict[type, type] = {float: Real, int: Integral}  # those of numpy too
        number = numbers.get(self.kind)
        if number and isinstance(value, number) and not isinstance(value, bool):
            try:
                return self.kind(value)
            except OverflowError as error:
                raise SettingError(f"{self.name} = {value!r:.40}: is too large a number") from error
        if number or not isinstance(value, self.kind):
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


class Settings:
    """Base of the settings dataclasses: what is made in Python is checked as a parameter file is.

    A class whose fields have to fit together adds that to its own `__post_init__`.

    Raises:
        SettingError: A field has a wrong type or a value out of range; the message names the class
            and the field.
    """

    def __post_init__(self) -> None:
        """Check every field; give numbers and lists the type of their setting."""
        kind: Any = type(self)  # which mypy does not take for hashable
        for name, check in _checks(kind):
            value = getattr(self, name)
            if (checked := check(value)) is not value:
                object.__setattr__(self, name, checked)


@cache
def _checks(settings_class: type) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """Return the names of a class's fields, and what checks each."""
    kinds = get_type_hints(settings_class)
    checks: list[tuple[str, Callable[[Any], Any]]] = []
    for field in dataclasses.fields(settings_class):
        name = f"{settings_class.__name__}.{field.name}"
        if dataclasses.is_dataclass(kinds[field.name]):
            checks.append((field.name, partial(_check_group, name, kinds[field.name])))
        elif "doc" in field.metadata:
            default: Any = field.default
            row = Setting(name, kinds[field.name], default, **field.metadata)
            checks.append((field.name, row.check))
    return tuple(checks)


def _check_group(name: str, kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        found = type(value).__name__
        raise SettingError(f"{name} = {value!r:.60}: must be of type {kind.__name__}, not {found}")
    return value


def check_order(settings: Settings, lower: str, upper: str) -> None:
    """Check that one setting, by dotted name, is not above another of the same unit.

    Raises:
        SettingError: It is.
    """
    least, most = attrgetter(lower)(settings), attrgetter(upper)(settings)
    if least > most:
        raise SettingError(f"{lower} = {least}: must be at most {upper} = {most}")


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
    """Return a copy with other values by dotted name, such as symbols in place of numbers.

    Nothing is checked, for nothing is constructed.
    """
    result = copy.copy(settings)
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        name, value = f"{prefix}{field.name}", getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            object.__setattr__(result, field.name, rebuilt(value, values, f"{name}."))
        elif name in values:
            object.__setattr__(result, field.name, values[name])
    return result


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
