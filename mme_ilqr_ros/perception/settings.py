"""Parameters of perception, readable without compiling anything."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.perception.track_settings import TrackSettings
from mme_ilqr_ros.settings import Settings, group, setting


@dataclass(frozen=True)
class PerceptionSettings(Settings):
    """How scans become walls, circles that move and a map."""

    resolution: float = setting(
        0.05, "Side of a cell of the map that is made.", unit="m", low=0.01, high=0.5, dynamic=False
    )
    window: float = setting(
        6.0,
        "The controller gets the distance to what stands up to this far ahead, aside and behind;"
        " give what it drives within its horizon and some metres more.",
        unit="m",
        low=1.0,
        high=50.0,
    )
    field_reach: float = setting(
        1.2,
        "Distances beyond this are not told apart; must exceed the radius and the distance from"
        " which the controller charges clearance.",
        unit="m",
        low=0.1,
        high=10.0,
    )
    skin: float = setting(
        0.01,
        "Taken off every distance: hit points scatter about the surface.",
        unit="m",
        low=0.0,
        high=0.5,
    )
    clear_max: float = setting(
        10.0,
        "Rays without a hit are taken for free up to here.",
        unit="m",
        low=0.1,
        high=200.0,
    )
    hit: int = setting(20, "Evidence that a hit adds to a cell.", low=11, high=60, dynamic=False)
    miss: int = setting(
        7, "Evidence that a ray takes off a cell that it passes.", low=1, high=60, dynamic=False
    )
    lowest: int = setting(-40, "Least evidence of a cell.", low=-60, high=-1, dynamic=False)
    highest: int = setting(60, "Most evidence of a cell.", low=11, high=60, dynamic=False)
    near: float = setting(
        0.015,
        "A ray must pass what was hit in a cell this near to speak against it.",
        unit="m",
        low=0.0,
        high=1.0,
        dynamic=False,
    )
    drift: float = setting(
        0.01,
        "By how much odometry errs in a metre: what was hit that long ago yields to rays that"
        " pass it at a greater distance. 0 trusts odometry for ever.",
        low=0.0,
        high=0.2,
        dynamic=False,
    )
    settled: float = setting(
        1.0,
        "What was hit for this long stands: it is remembered out of view, and is no mover.",
        unit="s",
        low=0.0,
        high=60.0,
        dynamic=False,
    )
    fleeting: float = setting(
        3.0,
        "What was hit for less than `settled` is let go when it was not hit for this long.",
        unit="s",
        low=0.1,
        high=3600.0,
        dynamic=False,
    )
    look_time: float = setting(
        3.0,
        "What was not seen free within this time counts as unseen: the robot does not turn or"
        " reverse into it before it has looked.",
        unit="s",
        low=0.1,
        high=3600.0,
    )
    body_radius: float = setting(
        0.0,
        "What is hit within this distance of the robot's centre is the robot itself; 0 where a"
        " footprint is given, or the scanner cannot see the robot.",
        unit="m",
        low=0.0,
        high=10.0,
    )
    lens: float = setting(
        0.15,
        "What stays nearer to the scanner than this for `lens_time` is dirt on its glass: such rays"
        " are left out.",
        unit="m",
        low=0.0,
        high=5.0,
    )
    lens_time: float = setting(2.0, "See `lens`.", unit="s", low=0.1, high=60.0)
    movers: bool = setting(
        True, "Tell what moves from what stands; false takes everything for standing."
    )
    match: bool = setting(
        False,
        "Correct the drift of odometry by matching scans against what was seen before. Where a"
        " localisation does it, leave it off.",
        dynamic=False,
    )
    tracks: TrackSettings = group(TrackSettings)
