"""The recorder: writes topics into an MCAP file, as they are sent, for bug reports and Foxglove.

Messages are not read, only written, with the definitions of their types. The file is complete after
SIGINT or SIGTERM, and after SIGKILL readable up to the last second or two. A full disk ends the
record and nothing else.

Subscribes to what its parameter `topics` names, with the quality of service of the publishers. With
`drives` to odom and to goals, and writes where the robot is in the map (`drive_log.py`).
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.nodes.drive_log import DriveLog
from mme_ilqr_ros.nodes.message_definitions import definition, message_class
from mme_ilqr_ros.nodes.node import RunnableNode
from mme_ilqr_ros.nodes.record_file import CHUNK, RecordFile
from mme_ilqr_ros.nodes.running import run_node
from mme_ilqr_ros.parameters.record import DRIVE_TOPICS, RecorderSettings

NAME = "mme_ilqr_%Y%m%d_%H%M%S.mcap"
DRIVE_NAME = "drives/drive_%Y%m%d_%H%M%S.mcap"
PERIOD = 1.0  # s between looks for new topics
DEPTH = 100  # messages that may wait
DRIVE_CHUNK = 4096  # [B] written at a time of a drive: some ten seconds


class RecorderNode(RunnableNode[RecorderSettings]):
    """Subscribes to topics as they appear, and writes what comes."""

    NAME, SETTINGS = "recorder", RecorderSettings

    def set_up(self, settings: RecorderSettings) -> None:
        """Begin the file, and look for topics.

        Raises:
            InputError: The library is missing, or the file cannot be made.
        """
        name = settings.file or time.strftime(DRIVE_NAME if settings.drives else NAME)
        chunk = DRIVE_CHUNK if settings.drives else CHUNK
        file = RecordFile(Path(name).expanduser().absolute(), chunk)
        self._file: RecordFile | None = file
        topics = DRIVE_TOPICS if settings.drives else settings.topics
        self._wanted = {self.resolve_topic_name(topic) for topic in topics}
        if settings.drives:
            self._drive_log = DriveLog(self, file)
            self.create_timer(1.0 / settings.drive_rate, self._log_drive)
        self._begun = time.monotonic()
        self.get_logger().info(f"ready: records into {self._file.path}")
        self._look()
        self.create_timer(PERIOD, self._look)

    def stop(self) -> None:
        """Complete the file."""
        self._end("")

    def _look(self) -> None:
        """Subscribe to the wanted topics that there are now, and hand on what was written."""
        if self._file is None:
            return
        for topic, kinds in self.get_topic_names_and_types():
            if topic in self._wanted and self.count_publishers(topic):
                self._wanted.remove(topic)
                self._listen(topic, kinds)
        try:
            self._file.flush()
        except OSError as error:
            self._give_up(error)
            return
        s = self.settings
        if 0.0 < s.max_duration <= time.monotonic() - self._begun:
            self._end(f"max_duration = {s.max_duration:g} s are over")
        elif 0.0 < s.max_size <= 1e-6 * self._file.size:
            self._end(f"max_size = {s.max_size:g} MB are full")

    def _log_drive(self) -> None:
        if self._file is None:
            return
        try:
            self._drive_log.write()
        except OSError as error:
            self._give_up(error)

    def _listen(self, topic: str, kinds: list[str]) -> None:
        try:
            if len(kinds) != 1:
                raise InputError(f"it has several types, {', '.join(kinds)}")
            kind, text = message_class(kinds[0]), definition(kinds[0])
        except InputError as error:
            self.warnings.warn(topic, f"{topic} is not recorded: {error}")
            return
        assert self._file is not None, "see `_look`"
        channel = self._file.channel(topic, kinds[0], text)
        take: Any = partial(self._take, channel)  # rclpy's annotations know of no bytes
        self.create_subscription(kind, topic, take, self._profile(topic), raw=True)

    def _profile(self, topic: str) -> QoSProfile:
        """Return the strictest quality of service that every publisher of a topic offers."""
        offers = [info.qos_profile for info in self.get_publishers_info_by_topic(topic)]
        reliable = all(offer.reliability == ReliabilityPolicy.RELIABLE for offer in offers)
        latched = all(offer.durability == DurabilityPolicy.TRANSIENT_LOCAL for offer in offers)
        return QoSProfile(
            depth=DEPTH,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=(DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE),
        )

    def _take(self, channel: int, data: bytes) -> None:
        if self._file is None:
            return
        try:
            self._file.add(channel, self.get_clock().now().nanoseconds, data)
        except OSError as error:
            self._give_up(error)

    def _end(self, reason: str) -> None:
        """Complete the file, and say why unless the process ends."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except OSError as error:
            self._file = file
            self._give_up(error)
            return
        if reason:
            self.get_logger().info(f"the record is complete: {reason}")

    def _give_up(self, error: OSError) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.give_up()
            self.get_logger().error(f"the record ends here: {file.path}: {error.strerror}")


main = partial(run_node, RecorderNode)

if __name__ == "__main__":
    sys.exit(main())
