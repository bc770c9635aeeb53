"""Parameters that several nodes have: declared once, so that their defaults agree."""

from __future__ import annotations

from typing import Any

from mme_ilqr_ros.settings import setting


def scenario_setting() -> Any:
    """Return the scenario that simulator and run monitor load."""
    return setting("trap", "Name of a shipped scenario, or path of a scenario file.", dynamic=False)


def world_id_setting() -> Any:
    """Return which world of the scenario's file is meant."""
    return setting("", "Which world, where the scenario file holds several.", dynamic=False)


def stamped_setting() -> Any:
    """Return the type of the velocity commands."""
    return setting(False, "Whether cmd_vel is a TwistStamped (nav2 from Kilted on).", dynamic=False)


def tolerance_setting() -> Any:
    """Return the age up to which a transform is used."""
    return setting(
        0.5, "Age from which a transform is too old to use.", unit="s", low=0.0, high=60.0
    )
