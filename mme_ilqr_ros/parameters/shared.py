"""Parameters that several nodes have: declared once, so that their defaults agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mme_ilqr_ros.settings import Settings, setting


@dataclass(frozen=True)
class ManagedSettings(Settings):
    """The parameters of a node with the states of a lifecycle."""

    autostart_node: bool = setting(
        True,
        "Whether the node configures and activates itself; false waits for a lifecycle manager.",
        dynamic=False,
    )
    bond_heartbeat_period: float = setting(
        0.1,
        "Time between heartbeats to nav2's lifecycle manager, where bondpy is installed; 0: none.",
        unit="s",
        low=0.0,
        high=1.0,
        dynamic=False,
    )


def stamped_setting() -> Any:
    """Return the type of the velocity commands."""
    return setting(False, "Whether cmd_vel is a TwistStamped (nav2 from Kilted on).", dynamic=False)


def tolerance_setting() -> Any:
    """Return the age up to which a transform is used."""
    return setting(
        0.5, "Age from which a transform is too old to use.", unit="s", low=0.0, high=60.0
    )


def navigation_setting() -> Any:
    """Return whether goals are taken, or left to another navigator."""
    return setting(
        True,
        "Whether this node takes goals and plans from topics and, where nav2_msgs is installed,"
        " serves navigate_to_pose. false beside nav2's bt_navigator, which owns the goals and calls"
        " compute_path_to_pose and follow_path.",
        dynamic=False,
    )
