"""A process that publishes one large message when it is told to: `python -m ... KIND`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import rclpy
from nav_msgs.msg import OccupancyGrid
from nav_msgs.msg import Path as PathMessage
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2

from mme_ilqr_ros.geometry.cost_to_go import CostToGo
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.clouds import circles_cloud, cost_to_go_cloud
from mme_ilqr_ros.nodes.conversions import occupancy_message, path_message
from mme_ilqr_ros.nodes.node import LATCHED, STANDARD
from mme_ilqr_ros.simulation.scenario import load_scenario

SIDE, CORNER = 4000, Pose(-100.0, -100.0, 0.0)


def _grid(scenario: str) -> GridMap:
    """Return the scenario's map in the middle of one of 16 million cells."""
    small = load_scenario(scenario).map_with_walls()
    rows, columns = np.indices((SIDE, SIDE), sparse=True)
    cells = np.zeros((SIDE, SIDE), bool)
    cells[::40, ::40] = True
    x = CORNER.x + (columns + 0.5) * small.resolution
    y = CORNER.y + (rows + 0.5) * small.resolution
    column = np.floor((x - small.origin.x) / small.resolution).astype(int)
    row = np.floor((y - small.origin.y) / small.resolution).astype(int)
    inside = (column >= 0) & (column < small.shape[1]) & (row >= 0) & (row < small.shape[0])
    at = np.clip(row, 0, small.shape[0] - 1), np.clip(column, 0, small.shape[1] - 1)
    return GridMap(np.where(inside, small.occupied[at], cells), small.resolution, CORNER)


def _field(side: int = 2000) -> CostToGo:
    rows, columns = np.indices((side, side))
    return CostToGo(0.05 * np.hypot(rows - 900.0, columns - 900.0).astype(np.float32), 0.05, CORNER)


def _path(count: int = 10_000) -> np.ndarray:
    return np.stack([9.0 + 1e-3 * np.arange(count), np.full(count, 13.0)], axis=1)


def _circles(count: int = 100_000) -> np.ndarray:
    circles = np.random.default_rng(0).uniform(-400.0, 400.0, (count, 5))
    circles[:, 2:] = (0.1, 0.0, 0.0)
    return circles[np.hypot(*circles[:, :2].T) > 60.0]


Make = Callable[[Any, str], Any]
KINDS: Mapping[str, tuple[type, str, Any, Make]] = {
    "map": (OccupancyGrid, "map", LATCHED, lambda t, s: occupancy_message(_grid(s), t, "map")),
    "plan": (
        PathMessage,
        "plan",
        LATCHED,
        lambda t, _: path_message(_path(), np.zeros(len(_path())), t, "map"),
    ),
    "cost_to_go": (
        PointCloud2,
        "cost_to_go",
        LATCHED,
        lambda t, _: cost_to_go_cloud(_field(), t, "map"),
    ),
    "obstacles": (
        PointCloud2,
        "obstacles",
        STANDARD,
        lambda t, _: circles_cloud(_circles(), t, "odom"),
    ),
    "evidence": (
        OccupancyGrid,
        "evidence",
        LATCHED,
        lambda t, s: occupancy_message(_grid(s), t, "odom"),
    ),
}


def publish(node: Node, kind: str, scenario: str) -> None:
    """Make a message, wait for a line of the standard input, and publish it."""
    message_type, topic, profile, make = KINDS[kind]
    publisher = node.create_publisher(message_type, topic, profile)
    message = make(node.get_clock().now().to_msg(), scenario)
    while publisher.get_subscription_count() < 1:
        time.sleep(0.05)
    sys.stdout.write("made\n")
    sys.stdout.flush()
    sys.stdin.readline()
    message.header.stamp = node.get_clock().now().to_msg()
    publisher.publish(message)
    sys.stdout.write("sent\n")
    sys.stdout.flush()
    sys.stdin.readline()


if __name__ == "__main__":
    rclpy.init()
    publish(rclpy.create_node("heavy"), *sys.argv[1:3])
