"""Parameters that several nodes have: declared once, so that their defaults agree."""

from __future__ import annotations

from typing import Any

from mme_ilqr_ros.settings import setting


def stamped_setting() -> Any:
    """Return the type of the velocity commands."""
    return setting(False, "Whether cmd_vel is a TwistStamped (nav2 from Kilted on).", dynamic=False)


def tolerance_setting() -> Any:
    """Return the age up to which a transform is used."""
    return setting(
        0.5, "Age from which a transform is too old to use.", unit="s", low=0.0, high=60.0
    )
