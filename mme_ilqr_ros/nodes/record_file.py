"""A record of serialised messages in an MCAP file that is whole whenever the writer dies."""

from __future__ import annotations

import contextlib
import os
from itertools import count
from pathlib import Path
from typing import BinaryIO

from mme_ilqr_ros.errors import InputError

CHUNK = 64 * 1024  # [B] written at a time: a second or two of a robot without scans


class RecordFile:
    """Writes messages as they come, in chunks.

    Attributes:
        path: Of the file.
    """

    def __init__(self, path: Path, chunk: int = CHUNK) -> None:
        """Begin a file; one that is there already is kept.

        Args:
            path: Of the file.
            chunk: Bytes that are written at a time.

        Raises:
            InputError: The library is missing, or the file cannot be made; one line.
        """
        try:
            from mcap.writer import CompressionType, Writer
        except ImportError as error:
            hint = "pip install 'mme_ilqr_ros[record]', or pip install mcap"
            raise InputError(f"nothing can be recorded: mcap is missing; {hint}") from error
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.path, self._stream = _new_file(path)
        except OSError as error:
            raise InputError(f"nothing can be recorded: {path}: {error.strerror}") from error
        try:
            self._writer = Writer(self._stream, chunk, CompressionType.ZSTD)
        except Exception:  # mcap without zstandard
            self._writer = Writer(self._stream, chunk, CompressionType.NONE)
        self._writer.start(profile="ros2", library="mme_ilqr_ros")
        self._schemas: dict[str, int] = {}
        self._sequence: dict[int, count[int]] = {}
        self._whole = 0  # bytes that end with a whole record

    @property
    def size(self) -> int:
        """Size so far in bytes, up to a chunk less."""
        return self._stream.tell()

    def channel(self, topic: str, kind: str, definition: str) -> int:
        """Begin a topic of `package/msg/Type`; return its number."""
        if kind not in self._schemas:
            schema = self._writer.register_schema(kind, "ros2msg", definition.encode())
            self._schemas[kind] = schema
        channel = self._writer.register_channel(topic, "cdr", self._schemas[kind])
        self._sequence[channel] = count()
        return channel

    def add(self, channel: int, nanoseconds: int, data: bytes) -> None:
        """Add a serialised message.

        Raises:
            OSError: It cannot be written.
        """
        number = next(self._sequence[channel])
        self._writer.add_message(channel, nanoseconds, data, nanoseconds, number)

    def flush(self) -> None:
        """Hand the chunks that are full to the system.

        Raises:
            OSError: They cannot be written.
        """
        self._stream.flush()
        self._whole = self._stream.tell()

    def close(self) -> None:
        """Write the rest and the index.

        Raises:
            OSError: They cannot be written.
        """
        self._writer.finish()
        self._stream.close()

    def give_up(self) -> None:
        """Close the file where nothing more can be written to it, and leave what was whole."""
        with contextlib.suppress(OSError):
            self._stream.close()
        with contextlib.suppress(OSError):
            os.truncate(self.path, self._whole)


def _new_file(path: Path) -> tuple[Path, BinaryIO]:
    """Open a file that is not there yet, of this name or with a number."""
    for number in count(1):
        own = path if number == 1 else path.with_name(f"{path.stem}_{number}{path.suffix}")
        with contextlib.suppress(FileExistsError):
            return own, own.open("xb")
    raise AssertionError("unreachable")
