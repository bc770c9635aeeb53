"""Robots and costs of a user's own, named by settings: `robot` and `extra_costs`.

`extended` derives a settings class that holds their settings as well, so that everything that
follows from a settings class (checks, ROS parameters, parameter files) follows for them too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from mme_ilqr_ros.control.costs import CostTerm
from mme_ilqr_ros.control.loading import group_name, load
from mme_ilqr_ros.control.robots import Robot
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.settings import SettingError, build, group, table

C = TypeVar("C", bound=ControllerSettings)
K = TypeVar("K")


def extended(settings_class: type[C], values: Mapping[str, Any]) -> type[C]:
    """Return a settings class with the settings of the robot and the costs that `values` name.

    Those of a cost are at `costs.<class name>`, those of a robot at `<class name>`, both in snake
    case.

    Args:
        settings_class: Settings of the controller.
        values: By dotted name; only `robot` and `extra_costs` are read.

    Raises:
        SettingError: A class cannot be loaded, or its settings cannot be used.
    """
    known = {row.name: row for row in table(settings_class)}
    given: dict[str, Any] = {
        n: known[n].check(values[n]) for n in ("robot", "extra_costs") if n in values
    }
    costs = [load("extra_costs", name, CostTerm) for name in given.get("extra_costs", ())]
    result = _with_costs(settings_class, costs)
    if given.get("robot"):
        robot = load("robot", given["robot"], Robot)  # type: ignore[type-abstract]
        if dataclasses.is_dataclass(robot):
            result = _with_groups(result, [robot], "robot", may_change=())
    return result


def build_extended(settings_class: type[C], values: Mapping[str, Any]) -> C:
    """Return settings with those of the robot and the costs that `values` name.

    Raises:
        SettingError: A class cannot be loaded, or a name or value is refused.
    """
    return build(extended(settings_class, values), values)


def add_costs(settings: C, *terms: CostTerm) -> C:
    """Return settings whose `costs` has further terms, with the numbers that these have.

    Raises:
        SettingError: Two terms have the same name, or a setting of one cannot be used.
    """
    kind = _with_costs(type(settings), [type(term) for term in terms])
    costs = {**_shallow(settings.costs), **{group_name(type(term)): term for term in terms}}
    return kind(**{**_shallow(settings), "costs": _costs_class(kind)(**costs)})


def _shallow(settings: Any) -> dict[str, Any]:
    return {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}


def _costs_class(settings_class: type[ControllerSettings]) -> Any:
    costs = next(f for f in dataclasses.fields(settings_class) if f.name == "costs")
    return costs.default_factory


def _with_costs(settings_class: type[C], kinds: Sequence[type[CostTerm]]) -> type[C]:
    if not kinds:
        return settings_class
    costs = _with_groups(_costs_class(settings_class), kinds, "extra_costs", (float, int))
    return _derived(settings_class, [("costs", costs, group(costs))])


def _with_groups(
    settings_class: type[K], kinds: Sequence[type], parameter: str, may_change: tuple[type, ...]
) -> type[K]:
    """Return a settings class with a group for each of some classes.

    Args:
        settings_class: To derive from.
        kinds: Settings classes.
        parameter: That names them, for messages.
        may_change: Kinds of settings that may be dynamic.
    """
    taken = {field.name for field in dataclasses.fields(settings_class)}  # type: ignore[arg-type]
    for kind in kinds:
        plain = [f.name for f in dataclasses.fields(kind) if "doc" not in f.metadata]
        if plain:
            raise SettingError(f"{parameter}: {kind.__name__}.{plain[0]} must be a setting(...)")
        for row in table(kind):
            if row.dynamic and row.kind not in may_change:
                raise SettingError(f"{parameter}: {kind.__name__}.{row.name} needs dynamic=False")
        name = group_name(kind)
        if name in taken:
            raise SettingError(f"{parameter}: {kind.__name__}: there is a '{name}' already")
        taken.add(name)
    return _derived(settings_class, [(group_name(kind), kind, group(kind)) for kind in kinds])


def _derived(settings_class: type[K], fields: list[tuple[str, type, Any]]) -> type[K]:
    name, bases = settings_class.__name__, (settings_class,)
    return dataclasses.make_dataclass(name, fields, bases=bases, frozen=True)
