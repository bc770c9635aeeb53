"""The worlds of docs/tuning.md in which a symptom shows, and the one parameter that is changed.

Each was searched for until the symptom showed; so a picture says what a parameter does there, and
not how often a robot has the symptom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mme_ilqr_ros.settings import Scalar

ROBOT = {"radius": 0.2, "v_min": 0.0, "v_max": 1.0, "w_max": 1.5, "a_max": 2.5, "aw_max": 5.0}
THICK = 0.15  # [m] of a wall
Change = tuple[str, Scalar]
SHIPPED: Change = ("", 0.0)  # no change


@dataclass(frozen=True)
class Symptom:
    """A world, and the same drive with the shipped parameters and with single changes.

    Attributes:
        name: Of the picture.
        title: What an owner sees.
        world: Keys of a scenario.
        changes: A parameter of the controller and its value, a panel each.
        planner: Who plans, as in `mme-ilqr drive --planner`.
        plant: Parameters of the simulator, in all panels.
    """

    name: str
    title: str
    world: Mapping[str, Any]
    changes: tuple[Change, ...]
    planner: str = "id_vin"
    plant: Mapping[str, Scalar] = field(default_factory=dict)


def _wall(left: float, right: float, low: float, high: float) -> dict[str, list[float]]:
    return {"center": [(left + right) / 2, (low + high) / 2], "size": [right - left, high - low]}


def _hall(width: float, height: float, resolution: float = 0.05) -> dict[str, Any]:
    """Return a closed hall [m], whose left wall is at x = -1 and whose middle is at y = 0."""
    right, top = width - 1.0, height / 2
    return {
        "map": {"size": [width, height], "origin": [-1.0, -top], "resolution": resolution},
        "walls": [
            _wall(-1.0, THICK - 1.0, -top, top),
            _wall(right - THICK, right, -top, top),
            _wall(-1.0, right, -top, THICK - top),
            _wall(-1.0, right, top - THICK, top),
        ],
    }


def _parted(width: float, gap: float, left: float, right: float, **size: float) -> dict[str, Any]:
    """Return a hall with a wall across from x = left to right, and a gap in it."""
    hall = _hall(width, **size)
    top = size["height"] / 2
    hall["walls"] += [_wall(left, right, gap / 2, top), _wall(left, right, -top, -gap / 2)]
    return hall


SYMPTOMS = (
    Symptom(
        "slow",
        "drives too slowly near things: a corridor of 0.60 m, a robot of 0.40 m",
        {**_parted(10.0, 0.6, 1.5, 6.5, height=4.0), "start": [0, 0, 0], "goal": [8, 0]},
        (SHIPPED, ("costs.caution", 2.0), ("costs.clearance_distance", 0.1)),
    ),
    Symptom(
        "close",
        "keeps too little distance where there is room",
        {"circles": [[2.5, 0.3, 0.4], [4.5, -0.6, 0.4]], "start": [0, 0, 0], "goal": [7, 0]},
        (SHIPPED, ("costs.clearance_distance", 0.8), ("costs.caution", 20.0)),
    ),
    Symptom(
        "corner",
        "cuts the corners of its plan",
        {
            "map": {"size": [6.0, 5.5], "origin": [-0.8, -1.0], "resolution": 0.05},
            "path": [[0, 0], [4, 0], [4, 3.5]],
            "start": [0, 0, 0],
            "goal": [4, 3.5, 1.57],
        },
        (SHIPPED, ("lookahead_distance", 1.0), ("costs.contour_weight", 2.0)),
        planner="file",
    ),
    Symptom(
        "doorway",
        "hesitates at a doorway of 0.54 m",
        {**_parted(7.0, 0.54, 2.0, 2.15, height=5.0), "start": [0, 1.4, 0], "goal": [4.8, -1.2]},
        (SHIPPED, ("clearance_margin", 0.02), ("costs.caution", 2.0)),
    ),
    Symptom(
        "swings",
        "swings between two ways: two discs go to and fro across the way",
        {
            "moving": [
                {"radius": 0.5, "from": [3.5, -0.8], "to": [3.5, 0.8], "speed": 0.7},
                {"radius": 0.5, "from": [6.0, -0.8], "to": [6.0, 0.8], "speed": 0.9},
            ],
            "start": [0, 0, 0],
            "goal": [9, 0],
        },
        (SHIPPED, ("mme.mode_switch_margin", 0.3), ("mme.mode_dwell_time", 3.0)),
        planner="none",
    ),
    Symptom(
        "overshoots",
        "overshoots the goal: the base acts 0.5 s late, 4 cm of tolerance",
        {"start": [0, 0, 0], "goal": [4, 1.5], "goal_tolerance": 0.04},
        (SHIPPED, ("command_delay", 0.5), ("ax_max", 1.0)),
        plant={"command_delay": 0.5},
    ),
    Symptom(
        "gap",
        "stands in front of a gap of 0.46 m that it fits through",
        {
            **_parted(6.5, 0.46, 2.0, 2.15, height=4.0, resolution=0.02),
            "start": [0, 0, 0],
            "goal": [4.5, 0],
        },
        (SHIPPED, ("clearance_margin", 0.02), ("costs.caution", 2.0)),
    ),
)
