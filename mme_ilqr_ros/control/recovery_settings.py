"""The parameters of what a stuck robot does before its goal is aborted."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.settings import Settings, setting


@dataclass(frozen=True)
class RecoverySettings(Settings):
    """How often and how far a stuck robot tries to free itself."""

    rounds: int = setting(
        3,
        "How often a stuck robot tries to free itself before its goal is aborted; progress toward"
        " the goal begins anew. 0 aborts after `recovery.patience`.",
        low=0,
        high=1000,
    )
    patience: float = setting(
        5.0,
        "Time for which the robot says that it is stuck (after movement_time_allowance) before it"
        " tries to free itself. It waits longer, by four times `recovery.wait`, for what moves.",
        unit="s",
        low=0.0,
        high=3600.0,
    )
    backup: float = setting(
        0.0,
        "How far a stuck robot goes back along what it drove, in reverse where vx_min allows it;"
        " 0: 5 radii, more in each round.",
        unit="m",
        low=0.0,
        high=20.0,
    )
    turn: float = setting(
        1.57,
        "How far it turns then, to look, once to each side by turns; 0: not at all.",
        unit="rad",
        low=0.0,
        high=6.3,
    )
    wait: float = setting(
        5.0,
        "How long it stands then, for what is in the way to go.",
        unit="s",
        low=0.0,
        high=600.0,
    )
