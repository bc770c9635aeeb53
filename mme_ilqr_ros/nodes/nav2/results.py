"""Results of nav2's actions: their fields differ between distributions, so each is set if there."""

from __future__ import annotations

from typing import Any

from rclpy.duration import Duration

from mme_ilqr_ros.nodes.error_codes import NONE


def set_if_there(message: Any, **fields: Any) -> Any:
    """Set the fields that a message of this distribution has; return the message."""
    for name, value in fields.items():
        if hasattr(message, name):
            setattr(message, name, value)
    return message


def failure(kind: Any, code: int, text: str) -> Any:
    """Return the result of an action that failed; on Humble it says nothing."""
    return set_if_there(kind.Result(), error_code=int(code), error_msg=text)


def success(kind: Any) -> Any:
    """Return the result of an action that succeeded."""
    return set_if_there(kind.Result(), error_code=NONE)


def own_code(kind: Any, name: str, otherwise: int) -> int:
    """Return an action's own error code, e.g. TF_ERROR, or another where it has none."""
    return int(getattr(kind.Result, name, otherwise))


def duration(seconds: float) -> Any:
    """Return a time in s as a message."""
    return Duration(seconds=max(float(seconds), 0.0)).to_msg()


def poses_in(message: Any) -> Any:
    """Return a list of poses: from Kilted on they come as nav_msgs/Goals."""
    return getattr(message, "goals", message)
