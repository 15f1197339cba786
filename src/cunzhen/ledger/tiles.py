"""The published ledger on disk: ``checkpoint``, ``vkey`` and the tiles, in one folder that can be served as it is.

Tiles never change. Order of writing: tiles, then the directories that name them, then the checkpoint that relies on
them; so whatever a published checkpoint needs is durable before anybody can read that checkpoint.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings

from cunzhen.errors import Invalid, Unavailable
from cunzhen.formats import signed_note, tlog
from cunzhen.formats.durable import fsync_path, replace_file
from cunzhen.formats.failpoints import failpoint
from cunzhen.keys import sealing

CHECKPOINT = "checkpoint"
VKEY = "vkey"


class TileFolder:
    """Reads and writes the published files below one folder.

    Args:
        root: the folder; made at the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._touched: set[Path] = set()

    def read(self, tile: tlog.Tile) -> bytes:
        """The bytes of a tile or bundle; a partial one that has given way to the full one is cut from that.

        Raises:
            Unavailable: ``L-18`` where it is not there or cannot be read.
        """
        content = self._content(tile.path)
        if content is None and tile.width < tlog.TILE_WIDTH:
            full = self._content(tile.full.path)
            content = None if full is None else cut(tile, full)
        if content is None:
            raise Unavailable(
                "L-18",
                f"账本瓦片 {tile.path} 不在磁盘上。请运行 cunzhen ledger audit，并从备份恢复。",
                f"Ledger tile {tile.path} is not on the disk. Run cunzhen ledger audit and restore it from a backup.",
                tile=tile.path,
            )
        return content

    def write(self, tile: tlog.Tile, content: bytes) -> None:
        """Put a tile in its place, its bytes durable; ``sync`` makes its name durable.

        Raises:
            Unavailable: ``L-15`` where another content stands there, ``L-14`` where the disk refuses.
        """
        path = self.root / tile.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._touched.update(self._up_to_root(path.parent))
            if path.exists():
                if path.read_bytes() == content:
                    return
                raise Unavailable(
                    "L-15",
                    f"账本瓦片 {tile.path} 已有不同内容，未覆盖。请运行 cunzhen ledger audit 查明原因。",
                    f"Ledger tile {tile.path} holds other bytes and was left alone. Run cunzhen ledger audit.",
                    tile=tile.path,
                )
            self._write_new(path, content)
        except OSError as error:
            raise disk_refuses(error) from error

    def sync(self) -> None:
        """Make the names of everything written so far durable."""
        try:
            for folder in sorted(self._touched):
                fsync_path(folder)
        except OSError as error:
            raise disk_refuses(error) from error
        self._touched.clear()

    def write_text(self, name: str, text: str) -> None:
        """Replace what is no tile, such as ``checkpoint``, durable when it returns.

        Raises:
            Unavailable: ``L-14`` where the disk refuses.
        """
        self.write_bytes(name, text.encode())

    def write_bytes(self, name: str, content: bytes) -> None:
        """The same for bytes; ``name`` may lie in a folder below."""
        path = self.root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, content)
            for folder in self._up_to_root(path.parent):
                fsync_path(folder.parent)
        except OSError as error:
            raise disk_refuses(error) from error

    def read_bytes(self, name: str) -> bytes | None:
        """What is no tile as it stands; None where there is none."""
        return self._content(name)

    def read_text(self, name: str) -> str | None:
        """The same as text."""
        content = self._content(name)
        return None if content is None else content.decode("utf-8", errors="replace")

    def checkpoint(self) -> signed_note.Checkpoint | None:
        """The published checkpoint, its signature verified with this home's key; None before the first.

        Raises:
            Unavailable: ``L-13`` where it is not signed by this home's key.
        """
        text = self.read_text(CHECKPOINT)
        return None if text is None else trusted(text)

    def drop_partials(self, old: int, size: int) -> None:
        """Remove partial tiles whose full tile the published checkpoint of this size serves.

        Args:
            old: size of the checkpoint before; below it everything was dropped already.
            size: size of the published checkpoint.
        """
        for level in range(tlog.ENTRIES, tlog.LEVEL_AT_MOST + 1):
            shift = 8 * max(level, 0)
            first, end = (old >> shift) // tlog.TILE_WIDTH, (size >> shift) // tlog.TILE_WIDTH
            for index in range(first, end):
                self._drop(self.root / (tlog.Tile(level, index).path + ".p"))
            if not size >> shift:
                return

    def _drop(self, folder: Path) -> None:
        if not folder.is_dir():
            return
        for file in folder.iterdir():
            file.unlink(missing_ok=True)
        folder.rmdir()
        failpoint("ledger-drop-partials")

    def _content(self, name: str) -> bytes | None:
        try:
            return (self.root / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise disk_refuses(error) from error

    def _write_new(self, path: Path, content: bytes) -> None:
        # One fixed name: only the sequencer writes, and a killed run's remainder is written over by the next.
        temporary = path.with_name(f".{path.name}.new")
        try:
            with temporary.open("wb") as out:
                out.write(content)
                out.flush()
                failpoint("ledger-tile-written")
                os.fsync(out.fileno())
            failpoint("ledger-tile-synced")
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        failpoint("ledger-tile-named")

    def _up_to_root(self, folder: Path) -> list[Path]:
        inside = [folder, *folder.parents]
        return inside[: inside.index(self.root) + 1]


def current() -> TileFolder:
    """The published ledger of this home."""
    return TileFolder(settings.HOME / "ledger")


def own_verifier() -> signed_note.Verifier:
    """The key that this home's checkpoints must be signed with."""
    return signed_note.Verifier(settings.LEDGER_ORIGIN, sealing.current().ledger_public)


def own_vkey() -> str:
    """The public key as it is published, one line."""
    return signed_note.make_vkey(settings.LEDGER_ORIGIN, own_verifier().public) + "\n"


def trusted(checkpoint: str) -> signed_note.Checkpoint:
    """The published checkpoint, its signature verified with this home's key.

    Raises:
        Unavailable: ``L-13`` where it is not signed by this home's key, or altered.
    """
    try:
        return signed_note.open_checkpoint(checkpoint, [own_verifier()], settings.LEDGER_ORIGIN)
    except Invalid as error:
        raise Unavailable(
            "L-13",
            f"已发布的账本检查点不可信（{error.message}）账本已停写，请通知安全审计员。",
            f"The published checkpoint is not to be trusted ({error.english}) The ledger stands still.",
        ) from error


def cut(tile: tlog.Tile, full: bytes) -> bytes:
    """The partial tile or bundle that is the beginning of a full one."""
    if tile.level != tlog.ENTRIES:
        return full[: tile.width * tlog.HASH_BYTES]
    return tlog.encode_bundle(tlog.decode_bundle(full)[: tile.width])


def disk_refuses(error: OSError) -> Unavailable:
    """What an error of the disk under the ledger's folder becomes."""
    return Unavailable(
        "L-14",
        "账本目录读写失败（磁盘已满或损坏）。条目已在数据库中，磁盘恢复后会自动补发，不会丢失。",
        f"The ledger's folder cannot be read or written ({error.strerror}). Nothing is lost; it is published later.",
        errno=error.errno,
    )
