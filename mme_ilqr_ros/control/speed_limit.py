"""A limit on the speed from outside: a zone, a person near by. It clamps and changes nothing else.

All speeds shrink by one share, as in nav2, so that the curves that can be driven stay the same.
"""

from __future__ import annotations

import math

from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.settings import rebuilt


def share_of(limit: float, vx_max: float, *, is_percentage: bool) -> float:
    """Return the share of the robot's speeds that a limit allows, in (0, 1].

    Args:
        limit: In m/s, or in percent of `vx_max`; 0 is no limit.
        vx_max: Top speed of the robot [m/s].
        is_percentage: Which of the two.

    Raises:
        ValueError: The limit is negative or not finite.
    """
    if not 0.0 <= limit < math.inf:
        raise ValueError(f"speed limit {limit:g}: must be finite and not negative; 0 is no limit")
    if limit == 0.0:
        return 1.0
    return min(limit / 100.0 if is_percentage else limit / vx_max, 1.0)


def limited(settings: ControllerSettings, share: float) -> ControllerSettings:
    """Return settings with a share of the speeds, and with what counts as progress at them.

    Args:
        settings: As the algorithm uses them, see `own_units`.
        share: In (0, 1].
    """
    names = ("vx_max", "vx_min", "vy_max", "wz_max", "path_speed", "required_movement_radius")
    return rebuilt(settings, {name: share * getattr(settings, name) for name in names})
