"""The controller node and the robot that it drives, in one process."""

from __future__ import annotations

from typing import Any

import numpy as np
from rclpy.context import Context
from rclpy.parameter import Parameter

from mme_ilqr_ros.nodes.controller_node import ControllerNode
from studies.scan_faults import corridor
from studies.scan_faults.robot import REAR, Robot

NEAR, STRAY = 4.0, 0.12  # m from the robot; m from what stands


class Rig(Robot):
    """A robot, driven by its two scanners.

    Attributes:
        controller: The controller node.
    """

    def __init__(self, context: Context, **parameters: Any) -> None:
        """Start the robot and the node with some parameters of its own."""
        values = {
            "scan_topics": ["scan", "scan_rear"],
            "scanner_poses": ["0 0 0", f"{REAR.x} {REAR.y} {REAR.yaw}"],
            "use_map": False,
            "use_plan": False,
            "controller_frequency": 20.0,
            "vx_max": 0.7,
            **parameters,
        }
        told = [Parameter(name, value=value) for name, value in values.items()]
        self.controller = ControllerNode(context=context, parameter_overrides=told)
        super().__init__(context)
        self._executor.add_node(self.controller)

    def close(self) -> None:
        """Take everything down."""
        self._executor.remove_node(self.controller)
        self.controller.destroy_node()
        super().close()

    def strays(self) -> int:
        """Return how many cells near the robot are taken for occupied though nothing is there."""
        lidar = self.controller.lidar
        if lidar is None or (grid := lidar.grid()) is None:
            return 0
        cells = self.offset.inverse().transform(grid.centre_of(np.argwhere(grid.occupied)))
        near = cells[np.hypot(*(cells - self.state.position).T) < NEAR]
        return int(np.count_nonzero(corridor.distance(near) > STRAY))
