"""The bond to nav2's lifecycle manager, which takes a node down whose heartbeat stops."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node

from mme_ilqr_ros.nodes.entities import Entities

try:
    from bondpy.bondpy import Bond
except ImportError:  # the PyPI set of ROS 2 packages has no bond
    Bond = None

TOPIC, TIMEOUT = "bond", 4.0  # of nav2's nodes; [s] without a heartbeat after which it is broken


class ManagerBond:
    """A bond that is alive, under the node's name, with a thread for its heartbeat."""

    def __init__(self, node: Node, period: float) -> None:
        """Send a heartbeat every `period` s."""
        before = Entities.of(node)
        self._node = node
        self._bond: Any = Bond(node, TOPIC, node.get_name())
        self._bond.set_heartbeat_period(period)
        self._bond.set_heartbeat_timeout(TIMEOUT)
        self._bond.start()
        self._entities = Entities.of(node).without(before)

    @classmethod
    def of(cls, node: Node, period: float) -> ManagerBond | None:
        """Return the bond of a node; None without bondpy, or where the period is 0."""
        return None if Bond is None or period == 0.0 else cls(node, period)

    def close(self) -> None:
        """Break the bond; the manager hears it."""
        self._bond.shutdown()
        self._entities.destroy(self._node)
