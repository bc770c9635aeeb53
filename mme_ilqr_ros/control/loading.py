"""Classes that a setting names as `module:Class`."""

from __future__ import annotations

import importlib
import re
from typing import TypeVar

from mme_ilqr_ros.settings import SettingError

K = TypeVar("K")


def group_name(kind: type) -> str:
    """Return the name of a class as that of its settings: `KeepRight` -> `keep_right`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower()


def load(parameter: str, name: str, base: type[K]) -> type[K]:
    """Return the class `module:Class`.

    Args:
        parameter: The parameter that names it, for messages.
        name: `module:Class`.
        base: What it must derive from.

    Raises:
        SettingError: There is no such module or class, or it derives from something else.
    """
    module_name, _, class_name = name.partition(":")
    if not module_name or not class_name:
        raise SettingError(f"{parameter} = '{name}': must be module:Class")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # whatever the user's module does while it is imported
        reason = f"{type(error).__name__}: {error}"
        raise SettingError(f"{parameter} = '{name}': cannot import it: {reason}") from error
    kind = getattr(module, class_name, None)
    if kind is None:
        raise SettingError(f"{parameter} = '{name}': module {module_name} has no {class_name}")
    if not (isinstance(kind, type) and issubclass(kind, base)):
        raise SettingError(f"{parameter} = '{name}': must be a class derived from {base.__name__}")
    return kind
