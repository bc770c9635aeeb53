"""Sends what was seen: a map for planners and people, and pictures of what moves."""

from __future__ import annotations

from collections.abc import Callable

from nav_msgs.msg import OccupancyGrid
from visualization_msgs.msg import MarkerArray

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.conversions import occupancy_message
from mme_ilqr_ros.nodes.frames import TfOutput
from mme_ilqr_ros.nodes.lidar_input import LidarInput
from mme_ilqr_ros.nodes.markers import track_markers
from mme_ilqr_ros.nodes.node import LATCHED, STANDARD, RunnableNode
from mme_ilqr_ros.nodes.threads import Background
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.perception.map_walls import MapWalls


class EvidencePublisher:
    """Makes the map of what was seen now and then, beside the commands."""

    def __init__(
        self,
        node: RunnableNode[ControllerNodeSettings],
        lidar: LidarInput,
        map_walls: Callable[[], tuple[MapWalls, Pose] | None],
    ) -> None:
        """Begin to publish.

        Args:
            node: The controller.
            lidar: What is seen.
            map_walls: Returns the walls of the map, and the pose of its frame in that of `lidar`.
        """
        self._node, self._lidar, self._walls_of_map = node, lidar, map_walls
        settings = node.settings
        self._background = Background()
        self._grids = node.create_publisher(OccupancyGrid, "evidence", LATCHED)
        self._tracks = node.create_publisher(MarkerArray, "~/tracks", STANDARD)
        self._tf = None
        if settings.perception.match and settings.publish_match_tf:
            self._tf = TfOutput(node)
        node.create_timer(1.0 / settings.evidence_frequency, self._begin)
        node.create_timer(0.1, self._draw)

    def close(self) -> None:
        """Publish no more."""
        self._background.close()

    def _begin(self) -> None:
        self._background.do("evidence", self._publish)

    def _publish(self) -> None:
        grid = self._lidar.grid()
        if grid is None:
            return
        if (walls := self._walls_of_map()) is not None:
            self._lidar.lay_map(*walls, grid)
        if self._grids.get_subscription_count():
            frame = self._lidar.frame
            self._grids.publish(occupancy_message(grid, self._node.stamp(), frame))

    def _draw(self) -> None:
        stamp, frame = self._node.stamp(), self._lidar.frame
        if self._tracks.get_subscription_count():
            tracks, pose = self._lidar.perception.tracks, self._lidar.map_pose
            self._tracks.publish(track_markers(tracks, pose, stamp, frame))
        if self._tf is not None and self._lidar.odom_frame:
            correction = self._lidar.perception.correction
            self._tf.send(correction, stamp, frame, self._lidar.odom_frame)
