"""Maps, evidence and masks as they come to the planner: read beside its goals, then planned on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from nav_msgs.msg import OccupancyGrid

from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.nodes.beside_map import MAP_LAYER
from mme_ilqr_ros.nodes.cdr import read_map
from mme_ilqr_ros.nodes.filter_mask import FilterMask
from mme_ilqr_ros.nodes.ground import Ground
from mme_ilqr_ros.nodes.node import LATCHED, RunnableNode
from mme_ilqr_ros.nodes.threads import Background
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings


class GroundInputs:
    """Hands what comes to the ground, on the thread that plans, and says what is lacking."""

    def __init__(
        self,
        node: RunnableNode[PlannerNodeSettings],
        ground: Ground,
        background: Background,
        path: Callable[[], Path | None],
        when_new: Callable[[str], object],
    ) -> None:
        """Subscribe.

        Args:
            node: The planner.
            ground: What is planned on.
            background: The thread that plans.
            path: Returns the plan in force.
            when_new: Called when the ground has changed, with the frame that it was in before.
        """
        self._node, self._ground, self._do = node, ground, background.do
        self._path, self._when_new = path, when_new
        settings = node.settings
        node.create_subscription(OccupancyGrid, "map", self._take_map, LATCHED)
        masks = {name: [layer] for name, layer in ground.beside.layers.items() if name != MAP_LAYER}
        of_filter = masks.pop("filter_mask", [])
        if settings.use_filter_mask:
            of_filter.append(ground.beside.mask)
        if of_filter:
            take_mask = partial(self._take_mask, of_filter)
            node.create_subscription(OccupancyGrid, "filter_mask", take_mask, LATCHED)
        for layer, takers in masks.items():
            take_layer = partial(self._take_mask, takers)
            node.create_subscription(OccupancyGrid, layer, take_layer, LATCHED)
        if settings.use_evidence:
            take: Any = self._take_evidence  # rclpy's annotations know of no bytes
            node.create_subscription(OccupancyGrid, "evidence", take, LATCHED, raw=True)
        node.create_timer(settings.map_patience, self._ask)

    def _take_map(self, message: OccupancyGrid) -> None:
        self._do("map", lambda: self._read_map(message))

    def _read_map(self, message: OccupancyGrid) -> None:
        frame, said = self._ground.frame, self._ground.take_map(message)
        if said:
            self._node.get_logger().info(said)
            self._when_new(frame)

    def _take_evidence(self, data: bytes) -> None:
        self._do("evidence", lambda: self._read_evidence(data))

    def _read_evidence(self, data: bytes) -> None:
        frame, path, read = self._ground.frame, self._path(), self._node.warnings.read
        message = read("evidence", read_map, data, "this message is not used")
        if message is None or not self._ground.take_evidence(message):
            return
        if frame != self._ground.frame or path is None or self._ground.blocks(path):
            self._when_new(frame)

    def _take_mask(self, takers: Sequence[FilterMask], message: OccupancyGrid) -> None:
        self._do("mask", lambda: self._read_mask(takers, message))

    def _read_mask(self, takers: Sequence[FilterMask], message: OccupancyGrid) -> None:
        taken = [taker.take(message) for taker in takers]
        if any(taken):
            self._when_new(self._ground.frame)

    def _ask(self) -> None:
        lack, warn = self._ground.lack, self._node.warnings.warn
        topic = self._node.resolve_topic_name(lack or "map")
        if lack == "map":
            warn(
                "no map", f"no map on '{topic}' yet; is the publisher's durability transient_local?"
            )
        elif lack in self._ground.beside.layers:
            warn(f"no {lack}", f"no mask on '{topic}' yet, a layer that the weights need")
        elif lack:
            warn(
                "no evidence",
                f"no evidence on '{topic}' yet; does the controller have scan_topics?",
            )
