"""What a power cut may leave of a folder, by the rules that a program may rely on and no others.

- Bytes of a file are safe once it was synced after they were written; until then each block of 4 KiB may be old or new.
- A name is safe once its folder was synced after it was given or taken away; until then it may be there or not, each
  by itself and in any order. A rename is one step: it happened or it did not.
- After a sync that failed the bytes written before it are gone for good, though reading still shows them until the
  cut, and though the next sync of the file succeeds: so do Linux's file systems. Names go through a journal, which
  stops altogether when it fails; they stay what they were, not safe.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tests.faults.recording import SYNCS, Event

BLOCK = 4096


class Loss(StrEnum):
    """Which of the changes that were not safe a cut leaves."""

    ALL = "none of them"
    NOTHING = "all of them"
    LATER = "the earlier names, some blocks"
    ANY = "some names, some blocks"


@dataclass(eq=False)
class File:
    """A file's bytes: those that are safe, and what was done since, in order: bytes written at a place, or a length."""

    safe: bytes = b""
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self, *, failed: bool) -> None:
        """Make safe what was written, or lose it."""
        if not failed:
            self.safe = self.now()
        self.since.clear()

    def now(self) -> bytes:
        """With everything that was done."""
        content = bytearray(self.safe)
        for at, data in self.since:
            if data is None:
                content[at:] = bytes(max(0, at - len(content)))
            else:
                content[len(content) :] = bytes(max(0, at - len(content)))
                content[at : at + len(data)] = data
        return bytes(content)

    def after(self, loss: Loss, chance: random.Random) -> bytes:
        """As a cut may leave it."""
        if loss == Loss.ALL or not self.since:
            return self.safe
        new = self.now()
        if loss == Loss.NOTHING:
            return new
        size = chance.choice([len(self.safe), len(new), chance.randint(0, len(new))])
        old = self.safe.ljust(size, b"\0")[:size]
        return b"".join(
            (new if chance.random() < 0.5 else old)[at : at + BLOCK].ljust(min(BLOCK, size - at), b"\0")
            for at in range(0, size, BLOCK)
        )


@dataclass(eq=False)
class Folder:
    """A folder; its names are in ``Disk``, as they are now and as they come out of a cut."""


Node = File | Folder
Tree = dict[Folder, dict[str, Node]]


@dataclass
class _Change:
    """A name given (``node``), or taken away (``node`` is None); a rename does both at once."""

    folder: Folder
    name: str
    node: Node | None
    old_folder: Folder | None = None
    old_name: str = ""
    safe: bool = False

    def do(self, tree: Tree) -> None:
        if self.old_folder is not None and tree.setdefault(self.old_folder, {}).get(self.old_name) is self.node:
            del tree[self.old_folder][self.old_name]
        if self.node is None:
            tree.setdefault(self.folder, {}).pop(self.name, None)
        else:
            tree.setdefault(self.folder, {})[self.name] = self.node


class Disk:
    """A folder as it is, and what of it is safe.

    Args:
        top: its path; what lies there now is safe.
        parts: names in it that are looked at; the rest of it is nobody's business here.
    """

    def __init__(self, top: Path, parts: Sequence[str]) -> None:
        self.top = top
        self._parts = parts
        self.root = Folder()
        self._now: Tree = {self.root: {}}
        self._safe: Tree = {self.root: {}}
        self._changes: list[_Change] = []
        self._inodes: dict[int, Node] = {}
        self._files: set[File] = set()  # those with bytes that are not safe
        self._take_in(top, self.root, [top / part for part in parts if (top / part).exists()])

    def _take_in(self, path: Path, folder: Folder, below: Iterable[Path]) -> None:
        self._inodes[path.stat().st_ino] = folder
        self._now[folder], self._safe[folder] = {}, {}
        for one in below:
            node: Node = Folder() if one.is_dir() else File(one.read_bytes())
            self._now[folder][one.name] = self._safe[folder][one.name] = node
            self._inodes[one.stat().st_ino] = node
            if isinstance(node, Folder):
                self._take_in(one, node, one.iterdir())

    def apply(self, event: Event) -> None:
        """Go on by one event."""
        if event.path and not self._is_ours(event.path):
            if event.what in {"create", "mkdir"}:
                self._inodes.pop(event.inode, None)  # a number that was used before
            return
        match event.what:
            case "create" | "mkdir":
                node: Node = File() if event.what == "create" else Folder()
                if isinstance(node, Folder):
                    self._now[node] = {}
                self._inodes[event.inode] = node
                self._change(*self._place(event.path), node)
            case "write" | "truncate":
                if not isinstance(file := self._inodes.get(event.inode), File):
                    return
                file.since.append((event.at, event.data if event.what == "write" else None))
                self._files.add(file)
            case "rename":
                old, name = self._place(event.path)
                self._change(*self._place(event.target), self._now[old][name], old, name)
            case "link":
                old, name = self._place(event.path)
                self._change(*self._place(event.target), self._now[old][name])
            case "unlink":
                self._change(*self._place(event.path), None)
            case what if what in SYNCS:
                self._sync(event)

    def _is_ours(self, path: str) -> bool:
        below = Path(path).relative_to(self.top).parts
        return not below or below[0] in self._parts

    def _place(self, path: str) -> tuple[Folder, str]:
        *parents, name = Path(path).relative_to(self.top).parts
        folder = self.root
        for part in parents:
            below = self._now[folder][part]
            assert isinstance(below, Folder)
            folder = below
        return folder, name

    def _change(
        self, folder: Folder, name: str, node: Node | None, old_folder: Folder | None = None, old_name: str = ""
    ) -> None:
        change = _Change(folder, name, node, old_folder, old_name)
        change.do(self._now)
        self._changes.append(change)

    def _sync(self, event: Event) -> None:
        if event.what == "syncfs":
            for file in self._files:
                file.sync(failed=event.failed)
            self._files.clear()
        node = self._inodes.get(event.inode)
        if event.what != "syncfs" and isinstance(node, File):
            node.sync(failed=event.failed)
            self._files.discard(node)
        if event.failed:
            return
        for change in self._changes:
            change.safe = change.safe or event.what == "syncfs" or change.folder is node
        while self._changes and self._changes[0].safe:
            self._changes.pop(0).do(self._safe)

    def after_cut(self, loss: Loss, chance: random.Random) -> Iterator[tuple[str, bytes | None]]:
        """Paths below the top with their bytes, folders with None, parents first, as a cut at this moment leaves it."""
        tree = {folder: dict(names) for folder, names in self._safe.items()}
        kept = {Loss.ALL: 0, Loss.NOTHING: len(self._changes)}.get(loss, chance.randint(0, len(self._changes)))
        share = chance.random()
        for number, change in enumerate(self._changes):
            if change.safe or (chance.random() < share if loss == Loss.ANY else number < kept):
                change.do(tree)
        yield from self._listed(tree, self.root, "", loss, chance)

    def leave(self, top: Path, loss: Loss, chance: random.Random) -> None:
        """Make the state after a cut real, in place of what lies in a folder."""
        for part in self._parts:
            shutil.rmtree(top / part, ignore_errors=True)
        for path, data in self.after_cut(loss, chance):
            if data is None:
                (top / path).mkdir(mode=0o700)
            else:
                (top / path).write_bytes(data)

    def _listed(
        self, tree: Tree, folder: Folder, below: str, loss: Loss, chance: random.Random
    ) -> Iterator[tuple[str, bytes | None]]:
        for name, node in tree.get(folder, {}).items():
            if isinstance(node, File):
                yield f"{below}{name}", node.after(loss, chance)
            else:
                yield f"{below}{name}", None
                yield from self._listed(tree, node, f"{below}{name}/", loss, chance)


def relevant(events: Iterable[Event], top: Path, parts: Sequence[str]) -> Iterator[Event]:
    """The events that are about some parts of a folder; a cut between others changes nothing here."""
    foreign: set[int] = set()
    for event in events:
        below = Path(event.path).relative_to(top).parts if event.path else ()
        ours = event.inode not in foreign if not event.path else not below or below[0] in parts
        if event.what in {"create", "mkdir"}:
            (foreign.discard if ours else foreign.add)(event.inode)
        if ours:
            yield event
