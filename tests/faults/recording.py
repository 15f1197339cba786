"""What a program does to the disk, recorded call by call, and calls that fail: the Python side of ``shim/disk.c``."""

from __future__ import annotations

import errno
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parent / "shim" / "disk.c"
SYNCS = ("fsync", "fdatasync", "syncfs")


@cache
def built(folder: Path, source: Path = SOURCE) -> Path:
    """A shim, compiled into a folder."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "false disks and clocks need a C compiler: apt-get install gcc libc6-dev (as root, make does it)"
    library = folder / f"{source.stem}.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl", "-lpthread"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library


@dataclass(frozen=True)
class Fault:
    """Calls that fail: from the ``first`` that matches on, so many of them.

    Args:
        calls: such as ``write`` or ``fsync``.
        path: beginning of the path that they are for.
        number: errno; 0 where they shall move only some ``bytes`` instead.
    """

    calls: Sequence[str]
    path: Path
    first: int = 1
    count: int = 1
    number: int = errno.EIO
    bytes: int = 7

    def __str__(self) -> str:
        return f"{','.join(self.calls)}:{self.path}:{self.first}:{self.count}:{self.number}:{self.bytes}"


def environment(under: Path, log: Path, fault: Fault | None = None) -> dict[str, str]:
    """What the shim is told."""
    told = {"DISK_UNDER": str(under), "DISK_LOG": str(log)}
    return {**told, "DISK_FAULT": str(fault)} if fault else told


@dataclass(frozen=True)
class Event:
    """One change, or one sync, or one call that failed.

    ``what`` is create, mkdir, write, truncate, rename, link, unlink, fsync, fdatasync, syncfs or fault.
    """

    what: str
    path: str = ""
    target: str = ""
    inode: int = 0
    at: int = 0
    data: bytes = field(default=b"", repr=False)
    failed: bool = False


def events(log: Path) -> Iterator[Event]:
    """What was recorded, in the order in which it took effect."""
    if not log.exists():
        return
    with log.open("rb") as stream:
        while line := stream.readline():
            what, *rest = line.decode("utf-8", "surrogateescape").rstrip("\n").split("\t")
            match what:
                case "create" | "mkdir":
                    yield Event(what, rest[1], inode=int(rest[0]))
                case "write":
                    data = stream.read(int(rest[2]) + 1)[:-1]
                    yield Event(what, inode=int(rest[0]), at=int(rest[1]), data=data)
                case "truncate":
                    yield Event(what, inode=int(rest[0]), at=int(rest[1]))
                case "rename" | "link":
                    yield Event(what, rest[0], rest[1])
                case "unlink":
                    yield Event(what, rest[0])
                case "fsync" | "fdatasync" | "syncfs":
                    yield Event(what, rest[2], inode=int(rest[0]), failed=rest[1] != "0")
                case "fault":
                    yield Event(what, rest[2], rest[0])


def faults(log: Path) -> list[Event]:
    """Calls that were made to fail."""
    return [event for event in events(log) if event.what == "fault"]
