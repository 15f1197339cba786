"""A thread that writes the files of one batch into one store, so that slow disks are slow side by side."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

# With blocks of 1 MiB this bounds the memory of a batch, however large its files are.
_WAITING = 32


@dataclass(frozen=True, slots=True)
class _Open:
    relative: str


@dataclass(frozen=True, slots=True)
class _Close:
    pass


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


_Order = _Open | bytes | _Close | _Stop


class FolderWriter:
    """Writes new files below a folder in the order they are given, in a thread of its own.

    Args:
        folder: existing folder that nobody else writes to.

    The first error stops all writing; it is raised by the next call, and at the latest by ``finish``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: set[str] = {""}
        self._orders: Queue[_Order] = Queue(_WAITING)
        self._error: OSError | None = None
        self._descriptor = -1
        self._thread = threading.Thread(target=self._run, name="package-writer", daemon=True)
        self._thread.start()

    def open(self, relative: str) -> None:
        """Begin a new file; it must not exist.

        Raises:
            OSError: of this or an earlier write.
        """
        self._order(_Open(relative))

    def append(self, data: bytes) -> None:
        """Add to the file that is open."""
        self._order(data)

    def close(self) -> None:
        """End the file that is open."""
        self._order(_Close())

    def finish(self) -> None:
        """Wait until everything is written, and end the thread. Safe to call again.

        Raises:
            OSError: the first that any write met.
        """
        self.stop()
        self._raise()

    def stop(self) -> None:
        """End the thread after what was ordered; raises nothing."""
        if self._thread.is_alive():
            self._orders.put(_Stop())
            self._thread.join()

    def _order(self, order: _Order) -> None:
        self._raise()
        self._orders.put(order)

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while not isinstance(order := self._orders.get(), _Stop):
            if self._error is not None:
                continue  # Keep taking orders, or the one who gives them would wait for ever.
            try:
                self._obey(order)
            except OSError as error:
                self._error = error
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def _obey(self, order: _Order) -> None:
        match order:
            case _Open(relative):
                self._descriptor = self._create(relative)
            case _Close():
                descriptor, self._descriptor = self._descriptor, -1
                os.close(descriptor)
            case bytes():
                view = memoryview(order)
                while view:
                    view = view[os.write(self._descriptor, view) :]

    def _create(self, relative: str) -> int:
        parent = relative.rpartition("/")[0]
        if parent not in self._made:
            self._make(parent)
        # Read-only from the start: content of packages is never written again, and no link is ever followed.
        return os.open(f"{self._folder}/{relative}", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o440)

    def _make(self, folder: str) -> None:
        parent = folder.rpartition("/")[0]
        if parent not in self._made:
            self._make(parent)
        os.mkdir(f"{self._folder}/{folder}", 0o750)
        self._made.add(folder)
