"""Places in PostgreSQL's write-ahead log, and the names of the files that hold them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cunzhen.errors import Invalid

PARTIAL = ".partial"
_LSN = re.compile(r"([0-9A-F]{1,8})/([0-9A-F]{1,8})")
_SEGMENT = re.compile(r"[0-9A-F]{24}")


def parse_lsn(text: str) -> int:
    """A place in the log, in bytes from its beginning.

    Args:
        text: as PostgreSQL writes it, such as ``0/3000090``.

    Raises:
        Invalid: ``B-01``.
    """
    found = _LSN.fullmatch(text)
    if found is None:
        raise Invalid("B-01", "备份中的日志位置写得不对，备份可能已损坏。", "A place in the log is malformed.")
    return int(found[1], 16) << 32 | int(found[2], 16)


def lsn_text(place: int) -> str:
    """A place in the log as PostgreSQL writes it."""
    return f"{place >> 32:X}/{place & 0xFFFFFFFF:X}"


def is_segment(name: str) -> bool:
    """Whether a file is called as a whole segment is."""
    return _SEGMENT.fullmatch(name) is not None


@dataclass(frozen=True)
class Segments:
    """The log of one timeline as files.

    Args:
        timeline: number of the timeline.
        size: bytes of a segment.
    """

    timeline: int
    size: int

    def name(self, place: int) -> str:
        """The file that holds the byte at a place."""
        number, per_log = place // self.size, 0x100000000 // self.size
        return f"{self.timeline:08X}{number // per_log:08X}{number % per_log:08X}"

    def names(self, start: int, end: int) -> list[str]:
        """The files that hold the bytes from start up to, not including, end."""
        return [self.name(number * self.size) for number in range(start // self.size, -(-end // self.size))]

    def offset(self, place: int) -> int:
        """Where a place lies in its file."""
        return place % self.size
