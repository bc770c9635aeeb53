"""Long robots among walls, with contact checked against their true polygon."""

from pathlib import Path

import pytest

from mme_ilqr_ros.benchmark.drive import drive
from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.reporting.result import Outcome
from mme_ilqr_ros.simulation.robot import radius_round
from mme_ilqr_ros.simulation.scenario import scenario_of
from mme_ilqr_ros.simulation.world_file import Keys

CART = ((0.6, 0.3), (-0.6, 0.3), (-0.6, -0.3), (0.6, -0.3))
WIDTH = 0.8  # [m] of the door


def door(start, timeout=30.0):
    """A wall across the way with a door in it, straight ahead of (0, 0)."""
    centre = 0.5 * WIDTH + 2.0
    world = {
        "id": "door",
        "start": start,
        "goal": [7.0, 0.0],
        "goal_tolerance": 0.3,
        "timeout": timeout,
        "map": {"size": [12.0, 9.0], "origin": [-3.0, -4.5], "resolution": 0.05},
        "walls": [{"center": [3.0, y], "size": [0.2, 4.0]} for y in (centre, -centre)],
        "robot": {"footprint": CART, "v_min": -0.5, "v_max": 1.0},
    }
    return scenario_of(Keys(world, "file", "door"), Path())


@pytest.mark.parametrize("planner", ["none", "id_vin"])
def test_a_long_cart_turns_to_fit_through_a_door_and_touches_nothing(planner):
    trial = drive(door([0.0, 0.8, 1.57]), Setup(planner=planner))
    assert trial.result.outcome is Outcome.SUCCESS
    assert trial.result.min_clearance > 0.02


def test_the_disc_round_the_cart_does_not_fit_through_that_door():
    outer = radius_round(CART)
    assert 2.0 * outer > WIDTH
    trial = drive(door([0.0, 0.0, 0.0], timeout=12.0), Setup(planner="none", planning_radius=outer))
    assert trial.result.outcome is not Outcome.SUCCESS
    assert trial.result.outcome is not Outcome.COLLISION
