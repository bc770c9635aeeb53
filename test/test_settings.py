"""Settings check themselves, whether they come from a file or are made in Python."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import pytest

from mme_ilqr_ros.control.costs import CostSettings
from mme_ilqr_ros.control.mme_settings import MmeSettings
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.parameters.verb import NODES
from mme_ilqr_ros.settings import (
    SettingError,
    Settings,
    build,
    check_order,
    group,
    rebuilt,
    setting,
    table,
)


@dataclass(frozen=True)
class Inner(Settings):
    gain: float = setting(1.0, "How much.", unit="m", low=0.0, high=2.0)


@dataclass(frozen=True)
class Outer(Settings):
    count: int = setting(3, "How many.", low=1, high=9)
    kind: str = setting("a", "Which.", choices=("a", "b"))
    names: tuple[str, ...] = setting((), "Some.")
    inner: Inner = group(Inner)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Inner(-1.0), r"Inner.gain = -1.0: must lie in \[0.0, 2.0\] m"),
        (lambda: Inner(math.nan), "Inner.gain = nan: must be a finite number"),
        (lambda: Inner("1"), "Inner.gain = '1': must be of type float, not str"),
        (lambda: Inner(10**400), "Inner.gain = 1000.*: is too large a number"),
        (lambda: Outer(10), r"Outer.count = 10: must lie in \[1, 9\]"),
        (lambda: Outer(True), "Outer.count = True: must be of type int, not bool"),
        (lambda: Outer(2.0), "Outer.count = 2.0: must be of type int, not float"),
        (lambda: Outer(kind="c"), "Outer.kind = 'c': must be one of a, b"),
        (lambda: Outer(names=[1]), "Outer.names .*: must be a list of strings"),
        (lambda: Outer(inner=3.0), "Outer.inner = 3.0: must be of type Inner, not float"),
        (lambda: dataclasses.replace(Outer(), count=0), "Outer.count = 0"),
        (lambda: ControllerSettings(robot_radius=-1.0), "ControllerSettings.robot_radius = -1.0"),
        (lambda: MmeSettings(n_modes=256), r"MmeSettings.n_modes = 256: must lie in \[1, 64\]"),
        (lambda: CostSettings(goal_weight=math.inf), "CostSettings.goal_weight = inf"),
    ],
)
def test_what_is_made_in_python_is_checked_by_the_same_table(make, words):
    with pytest.raises(SettingError, match=words):
        make()


def test_numbers_and_lists_get_the_type_of_their_setting():
    made = Outer(np.int64(4), names=["x", "y"], inner=Inner(np.float32(0.5)))
    assert made == Outer(4, names=("x", "y"), inner=Inner(0.5))
    assert type(made.count) is int
    assert type(Inner(1).gain) is float


def test_fields_have_to_fit_together_in_python_as_in_a_file():
    words = "min_lookahead_distance = 1.0: must be at most lookahead_distance = 0.5"
    with pytest.raises(SettingError, match=words):
        ControllerSettings(lookahead_distance=0.5, min_lookahead_distance=1.0)
    ControllerSettings(lookahead_distance=0.5)  # the least is derived: a doubt, not an error
    stiff = {"costs.stiff_distance": 0.4, "costs.clearance_distance": 0.3}
    with pytest.raises(SettingError, match=r"costs.stiff_distance = 0.4: must be at most costs.c"):
        build(ControllerSettings, stiff)
    build(ControllerSettings, {**stiff, "costs.clearance_distance": 0.4})
    check_order(Outer(), "inner.gain", "count")


def test_symbols_stand_in_for_numbers_while_a_problem_is_built():
    symbol = object()
    result = rebuilt(Outer(), {"inner.gain": symbol})
    assert result.inner.gain is symbol
    assert Outer().inner.gain == 1.0
    with pytest.raises(SettingError):
        Inner(symbol)


@pytest.mark.parametrize("settings_class", NODES.values())
def test_every_settings_class_of_the_package_checks_itself(settings_class):
    def groups(kind):
        yield kind
        for field in dataclasses.fields(kind):
            if dataclasses.is_dataclass(field.default_factory):
                yield from groups(field.default_factory)

    assert all(issubclass(kind, Settings) for kind in groups(settings_class))
    assert len(table(settings_class)) > 0
