"""An MCAP file whose writer was cut off, made readable: its whole records, an index and an end."""

from __future__ import annotations

import shutil
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

MAGIC = b"\x89MCAP0\r\n"
_RECORD = struct.Struct("<BQ")  # opcode and length
_CHUNK, _MESSAGES, _ENDS = 0x06, 0x07, (0x00, 0x02, 0x0F)  # ends: nothing, footer, end of data
_DATA_END = struct.pack("<BQI", 0x0F, 4, 0)
_NO_STATISTICS = struct.pack("<BQ46x", 0x0B, 46)  # a reader counts for itself
_FOOTER = struct.Struct("<BQQQI")


def is_cut_off(path: Path) -> bool:
    """Return whether a file begins as MCAP and does not end so."""
    with path.open("rb") as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            return False
        stream.seek(-len(MAGIC), 2)
        return stream.read() != MAGIC


def mend(path: Path, copy: Path) -> None:
    """Write a copy of a cut off file with its whole records, their index and an end."""
    shutil.copyfile(path, copy)
    with copy.open("r+b") as stream:
        end, chunks = len(MAGIC), list[_Chunk]()
        while (record := _whole_record(stream, end, copy.stat().st_size)) is not None:
            opcode, length = record
            if opcode == _CHUNK:
                chunks.append(_Chunk(end, 9 + length, stream.read(40 + 32)))
            elif opcode == _MESSAGES and chunks:
                chunks[-1].messages.append((*struct.unpack("<H", stream.read(2)), end, 9 + length))
            end += 9 + length
        stream.seek(end)
        stream.truncate()
        stream.write(_DATA_END)
        summary = stream.tell()
        stream.write(b"".join(chunk.index() for chunk in chunks) + _NO_STATISTICS)
        stream.write(_FOOTER.pack(0x02, 20, summary, 0, 0) + MAGIC)


@dataclass
class _Chunk:
    """A chunk: where its record is, how long, its first bytes, and the indices of its messages.

    An index of messages is (channel, where its record is, how long).
    """

    at: int
    length: int
    head: bytes
    messages: list[tuple[int, int, int]] = field(default_factory=list)

    def index(self) -> bytes:
        """Return the index record of the chunk."""
        first, last, uncompressed, _, n = struct.unpack_from("<QQQII", self.head)
        compression = self.head[32 : 32 + n]
        (compressed,) = struct.unpack_from("<Q", self.head, 32 + n)
        offsets = b"".join(struct.pack("<HQ", channel, at) for channel, at, _ in self.messages)
        content = struct.pack("<QQQQI", first, last, self.at, self.length, len(offsets)) + offsets
        content += struct.pack("<QI", sum(length for *_, length in self.messages), n)
        content += compression + struct.pack("<QQ", compressed, uncompressed)
        return _RECORD.pack(0x08, len(content)) + content


def _whole_record(stream: BinaryIO, at: int, size: int) -> tuple[int, int] | None:
    """Return opcode and length of the record at a place, with the stream behind them."""
    stream.seek(at)
    head = stream.read(_RECORD.size)
    if len(head) < _RECORD.size:
        return None
    opcode, length = _RECORD.unpack(head)
    return None if opcode in _ENDS or at + 9 + length > size else (opcode, length)
