"""nav2's error codes: why a goal was aborted, as a number; 0 says that there was no error.

They are those of nav2_msgs from Jazzy on, whose actions carry them; here they need no nav2_msgs.
A goal's life says them on `goal_reason`.
"""

from __future__ import annotations

from enum import IntEnum

from mme_ilqr_ros.planning.result import PlanStatus

NONE = 0


class PlanCode(IntEnum):
    """Of compute_path_to_pose; those of compute_path_through_poses are THROUGH larger."""

    UNKNOWN = 200
    INVALID_PLANNER = 201
    TF_ERROR = 202
    START_OUTSIDE_MAP = 203
    GOAL_OUTSIDE_MAP = 204
    START_OCCUPIED = 205
    GOAL_OCCUPIED = 206
    TIMEOUT = 207
    NO_VALID_PATH = 208


THROUGH = 100  # added to a PlanCode by compute_path_through_poses
NO_VIAPOINTS_GIVEN = 309  # of compute_path_through_poses alone


class FollowCode(IntEnum):
    """Of follow_path."""

    UNKNOWN = 100
    INVALID_CONTROLLER = 101
    TF_ERROR = 102
    INVALID_PATH = 103
    PATIENCE_EXCEEDED = 104
    FAILED_TO_MAKE_PROGRESS = 105
    NO_VALID_CONTROL = 106
    CONTROLLER_TIMED_OUT = 107


class SpinCode(IntEnum):
    """Of spin."""

    UNKNOWN = 700
    TIMEOUT = 701
    TF_ERROR = 702
    COLLISION_AHEAD = 703


class BackUpCode(IntEnum):
    """Of backup."""

    UNKNOWN = 710
    TIMEOUT = 711
    TF_ERROR = 712
    INVALID_INPUT = 713
    COLLISION_AHEAD = 714


class DriveCode(IntEnum):
    """Of drive_on_heading."""

    UNKNOWN = 720
    TIMEOUT = 721
    TF_ERROR = 722
    COLLISION_AHEAD = 723
    INVALID_INPUT = 724


def plan_code(status: PlanStatus) -> int:
    """Return the code for how a planning request ended; NONE where it succeeded."""
    if status is PlanStatus.SUCCEEDED:
        return NONE
    return PlanCode.__members__.get(status.name, PlanCode.UNKNOWN)
