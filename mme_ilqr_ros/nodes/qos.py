"""The three quality-of-service profiles of the package, with nav2's names."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

# Commands, goals, paths: everything that must arrive and is stale when late.
STANDARD = QoSProfile(depth=10)

# Maps and plans: one value that a late subscriber still gets.
LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)

# Streams of which only the newest counts; a best-effort subscriber takes every publisher.
SENSOR = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
