"""What a robot fits through: one distance for the planner's map and the controller's plans.

A robot may go where its centre keeps its radius and a third of its clearance margin from everything
that stands. The rest of the margin is wanted, and priced by both, but not required.
"""

from __future__ import annotations

from typing import Any

from mme_ilqr_ros.settings import setting

MARGIN = 0.3  # radii
REQUIRED_FRACTION = 1.0 / 3.0  # of the clearance margin, which must be kept


def margin_setting(doc: str) -> Any:
    """Declare the clearance margin, with the same default and range in planner and controller."""
    return setting(0.0, doc, unit="m", low=0.0, high=1.0)


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
