"""The world of the message faults: a robot among circles, and the messages that say so."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.clouds import circles_cloud
from mme_ilqr_ros.nodes.conversions import (
    occupancy_message,
    odometry_message,
    pose_stamped,
    stamp_of,
)
from mme_ilqr_ros.nodes.simulator_node import scan_message
from mme_ilqr_ros.simulation.scenario import Scenario, scenario_of
from mme_ilqr_ros.simulation.settings import ScanSettings, SimulatorSettings
from mme_ilqr_ros.simulation.simulator import Simulator
from mme_ilqr_ros.simulation.world_file import Keys

WIDE, HIGH, RESOLUTION = 8.0, 6.0, 0.1  # m
FRAME = "odom"  # of everything: where tf2 is, a transform would be waited for
ROOM = 0.45  # m from a place to stand to the nearest circle
NEAR, FAR = 1.5, 3.0  # m from the robot to a goal
TRIES = 200


@dataclass(frozen=True)
class Profile:
    """A way in which the nodes are set up.

    Attributes:
        name: For the table of what was done.
        topics: What the nodes are told of the world.
        controller: Parameters of the controller.
        planner: Those of the planner; None without one.
    """

    name: str
    topics: tuple[str, ...]
    controller: dict[str, Any] = field(default_factory=dict)
    planner: dict[str, Any] | None = field(default_factory=dict)


SEEING = {"scan_topics": ["scan"], "scanner_poses": ["0 0 0"], "use_map": False}
PROFILES = (
    Profile("map and planner", ("odom", "obstacles", "map")),
    Profile(
        "cost to go",
        ("odom", "obstacles", "map"),
        {"guidance": "cost_to_go"},
        {"use_filter_mask": True},
    ),
    Profile("no planner", ("odom", "obstacles"), {"use_plan": False, "use_map": False}, None),
    Profile("scans", ("odom", "scan"), SEEING, {"use_evidence": True}),
    Profile("scans, no planner", ("odom", "scan"), {**SEEING, "use_plan": False}, None),
)


def scenario(rng: np.random.Generator) -> Scenario:
    """Return a hall with two to five circles, the robot in its middle."""
    circles: list[list[float]] = []
    while len(circles) < int(rng.integers(2, 6)):
        x, y = rng.uniform(-0.4 * WIDE, 0.4 * WIDE), rng.uniform(-0.4 * HIGH, 0.4 * HIGH)
        radius = rng.uniform(0.15, 0.4)
        if math.hypot(x, y) > radius + 2.0 * ROOM:
            circles.append([float(x), float(y), float(radius)])
    values = {
        "name": "hall",
        "start": [0.0, 0.0, float(rng.uniform(-3.0, 3.0))],
        "goal": [0.0, 0.0],
        "circles": circles,
        "map": {
            "size": [WIDE, HIGH],
            "origin": [-0.5 * WIDE, -0.5 * HIGH],
            "resolution": RESOLUTION,
        },
    }
    return scenario_of(Keys(values, "studies/faults", "hall"), Path())


class World:
    """The simulator, and what of it is said on which topic.

    Attributes:
        simulator: The truth.
    """

    def __init__(self, profile: Profile, rng: np.random.Generator) -> None:
        """Put the robot into a hall of its own."""
        scanner = ScanSettings(beams=90) if "scan" in profile.topics else ScanSettings()
        self._settings = SimulatorSettings(scan=scanner, cmd_vel_timeout=0.25)
        self._rng, self._profile = rng, profile
        self.simulator = Simulator(scenario(rng), self._settings, rng)

    def step(self, seconds: float) -> None:
        """Let the robot drive."""
        self.simulator.step(seconds)

    def place(self) -> None:
        """Put the robot at rest where it has room."""
        x, y = self.free()
        self.simulator.reset(Pose(x, y, float(self._rng.uniform(-3.0, 3.0))))

    def free(self, near: tuple[float, float] | None = None) -> tuple[float, float]:
        """Return a place with room, at the distance of a goal from another one if that is given."""
        world = self.simulator.world
        for _ in range(TRIES):
            x = float(self._rng.uniform(ROOM - 0.5 * WIDE, 0.5 * WIDE - ROOM))
            y = float(self._rng.uniform(ROOM - 0.5 * HIGH, 0.5 * HIGH - ROOM))
            away = NEAR if near is None else math.hypot(x - near[0], y - near[1])
            if NEAR <= away <= FAR and world.clearance((x, y), self.simulator.time) > ROOM:
                return x, y
        return 0.0, 0.0

    def goal(self, ros: float) -> PoseStamped:
        """Return a goal that can be reached."""
        x, y = self.free(tuple(self.simulator.state.position))  # type: ignore[arg-type]
        return pose_stamped(Pose(x, y, 0.0), stamp_of(max(ros, 0.0)), FRAME)

    def message(self, topic: str, ros: float) -> Any:
        """Return what is said on a topic at ROS time `ros` [s]."""
        stamp, simulator = stamp_of(max(ros, 0.0)), self.simulator
        if topic == "odom":
            return odometry_message(simulator.measured_state(), stamp, FRAME, "base_link")
        if topic == "obstacles":
            return circles_cloud(simulator.circles(), stamp, FRAME)
        if topic == "map":
            return occupancy_message(simulator.scenario.map_of_what_stands(), stamp, FRAME)
        if topic == "scan":
            scan = simulator.measured_scan("scan")
            return scan_message(scan, 0.1, stamp, "base_scan")
        raise ValueError(topic)
