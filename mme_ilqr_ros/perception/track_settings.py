"""Settings of what follows things that move."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.settings import Settings, check_order, setting


@dataclass(frozen=True)
class TrackSettings(Settings):
    """Which parts of a scan are things that move, and how they do."""

    radius_min: float = setting(
        0.05, "Smallest thing that is followed.", unit="m", low=0.01, high=1.0
    )
    radius_max: float = setting(
        0.9, "Largest thing that is followed.", unit="m", low=0.05, high=3.0
    )
    gap: float = setting(0.12, "Hits further apart are two things.", unit="m", low=0.01, high=1.0)
    least_hits: int = setting(4, "Things with fewer hits are not followed.", low=3, high=50)
    acceleration: float = setting(
        2.0,
        "How fast things change their velocity (standard deviation).",
        unit="m/s^2",
        low=0.1,
        high=20.0,
    )
    sharpest: float = setting(
        10.0, "The same when they turn sharply.", unit="m/s^2", low=0.1, high=100.0
    )
    speed_min: float = setting(0.2, "Slower things stand.", unit="m/s", low=0.05, high=2.0)
    speed_max: float = setting(4.0, "Faster things are errors.", unit="m/s", low=0.5, high=20.0)
    coast: float = setting(
        0.8,
        "How long a moving thing is expected to go on while it is hidden.",
        unit="s",
        low=0.0,
        high=5.0,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_order(self, "radius_min", "radius_max")
        check_order(self, "speed_min", "speed_max")
