"""What a robot fits through: one distance for the planner's map and the controller's plans.

A robot may go where its centre keeps its radius and a third of its clearance margin from everything
that stands. The rest of the margin is wanted, and priced by both, but not required.

A robot with a footprint is a few discs in a row, and their radius counts: that much it needs where
it drives straight on, in whatever direction. The planner looks at no turns, asks for no more,
and for no less: the inscribed radius would lead to gaps that the controller's discs do not pass.
"""

from __future__ import annotations

from typing import Any, Protocol

from mme_ilqr_ros.geometry.discs import Discs, one_disc
from mme_ilqr_ros.geometry.footprint import Footprint, FootprintError, parse_footprint
from mme_ilqr_ros.settings import SettingError, setting

MARGIN = 0.3  # radii
REQUIRED_FRACTION = 1.0 / 3.0  # of the clearance margin, which must be kept


def margin_setting(doc: str) -> Any:
    """Declare the clearance margin, with the same default and range in planner and controller."""
    return setting(0.0, doc, unit="m", low=0.0, high=1.0)


def footprint_setting() -> Any:
    """Declare the robot's shape, the same in planner and controller."""
    return setting(
        "",
        "The robot's corners [x, y] in m round its centre, x ahead, as nav2's footprint: '[[0.3,"
        " 0.2], [0.3, -0.2], [-0.3, -0.2], [-0.3, 0.2]]'. Discs that cover it then take the place"
        " of robot_radius, so that a long robot fits through. Empty: a disc. Give both nodes the"
        " same.",
    )


def padding_setting() -> Any:
    """Declare by how much the robot's shape is made larger, the same in planner and controller."""
    return setting(
        0.0,
        "By how much every corner of the footprint is moved away from both axes, as in nav2.",
        unit="m",
        low=0.0,
        high=1.0,
    )


class Shaped(Protocol):
    """Settings that hold a robot's shape."""

    @property
    def robot_radius(self) -> float:
        """Radius of the robot without a footprint [m]."""

    @property
    def footprint(self) -> str:
        """Its corners; see `footprint_setting`."""

    @property
    def footprint_padding(self) -> float:
        """Added to its corners [m]."""


def footprint_in(settings: Shaped) -> Footprint | None:
    """Return the footprint in some settings, None for a round robot.

    Raises:
        SettingError: It is none.
    """
    try:
        return parse_footprint(settings.footprint, settings.footprint_padding)
    except FootprintError as error:
        raise SettingError(f"footprint = '{settings.footprint:.60}': {error}") from error


def discs_in(settings: Shaped) -> Discs:
    """Return the discs that the robot of some settings is planned as.

    Raises:
        SettingError: The footprint is none.
    """
    found = footprint_in(settings)
    return one_disc(settings.robot_radius) if found is None else found.discs


def outer_radius(settings: Shaped) -> float:
    """Return the radius of the disc round the centre that holds the robot of some settings [m]."""
    found = footprint_in(settings)
    return settings.robot_radius if found is None else found.circumscribed_radius


def margin_of(radius: float, margin: float) -> float:
    """Return the clearance margin [m] of a robot; a setting of 0 is derived from its radius."""
    return margin if margin > 0.0 else MARGIN * radius


def least_distance(radius: float, margin: float) -> float:
    """Return how far the centre of a robot must stay from what stands [m].

    Args:
        radius: Of the robot [m].
        margin: Its clearance margin [m]; 0: derived.
    """
    return radius + REQUIRED_FRACTION * margin_of(radius, margin)
