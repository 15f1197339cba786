"""A backup folder on disk: its card, its bases, its marks and lists, each with digests that common commands can check.

Whatever is whole has a file that was written last: a base its ``manifest.json``, a package its line in
``packages.sha512``, a moment its line in ``marks``. What a killed run leaves has no such file and is done again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from cunzhen.errors import Conflict, CunzhenError, Missing, Unavailable
from cunzhen.formats.durable import fsync_path, replace_file
from cunzhen.preservation.backups.rules import FORMAT, Base, BaseKind, Card, Damage, Mark, MarkKind

T = TypeVar("T")
README = "README 说明.txt"
CARD, MANIFEST, MARKS, KEYS = "backup.json", "manifest.json", "marks", "keys.sealed.json"
DATA, DUMP = "data", "database.dump"
PACKAGES = "packages.sha512"
_TIMES = frozenset({"created_at", "started_at", "ended_at", "at"})
_NO_SPACE = {28, 122}  # ENOSPC, EDQUOT


class BackupFolder:
    """Reads and writes the small files of one backup folder and knows where the large ones lie.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bases = root / "bases"
        self.wal = root / "wal"
        self.packages = root / "packages"
        self.staging = root / "staging"
        self.ledger = root / "ledger"
        self.inbox = root / "inbox"
        self.keys = root / KEYS
        self._folders = (self.bases, self.wal, self.packages, self.staging, self.ledger, self.inbox)

    def card(self) -> Card | None:
        """Whose folder it is; None where it is none yet.

        Raises:
            Unavailable: ``B-04`` the card is damaged.
        """
        if not (self.root / CARD).exists():
            return None
        return _made(Card, self._note(CARD))

    def make(self, card: Card) -> None:
        """Turn an empty folder into a backup folder, durable when it returns.

        Raises:
            Conflict: ``B-05`` something lies in it.
        """
        if self.root.exists() and not all(self._is_left(p) for p in self.root.iterdir()):
            raise Conflict(
                "B-05",
                f"{self.root} 里有别的内容，不能用作备份文件夹。请换一个空文件夹。",
                f"{self.root} holds other things and cannot become a backup folder. Name an empty one.",
            )
        for folder in (self.root, *self._folders):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(self.root / README, README_TEXT.encode())
        self._write_note(CARD, asdict(card))

    def _is_left(self, path: Path) -> bool:
        """Whether it is the disk's own, or of a first run that was cut off before it wrote the card."""
        own = {"lost+found", README, f"{CARD}.sha256"}
        half = path.name.startswith(tuple(f".{name}." for name in (README, CARD))) and path.suffix == ".new"
        return path.name in own or half or (path in self._folders and path.is_dir() and not any(path.iterdir()))

    def whole_bases(self) -> list[Base]:
        """The bases that were finished, oldest first.

        Raises:
            Unavailable: ``B-04`` a manifest is damaged.
        """
        names = sorted(p.parent.name for p in self.bases.glob(f"*/{MANIFEST}"))
        return [_made(Base, self._note(f"bases/{name}/{MANIFEST}")) for name in names]

    def readable_bases(self) -> tuple[list[Base], list[Damage]]:
        """The finished bases whose manifest can be read, and what cannot."""
        found, damage = [], []
        for name in sorted(p.parent.name for p in self.bases.glob(f"*/{MANIFEST}")):
            try:
                found.append(_made(Base, self._note(f"bases/{name}/{MANIFEST}")))
            except CunzhenError:
                damage.append(Damage("base", f"bases/{name}/{MANIFEST}"))
        return found, damage

    def finish(self, base: Base) -> None:
        """Write a base's manifest: from now on it counts."""
        self._write_note(f"bases/{base.id}/{MANIFEST}", asdict(base))

    def drop_base(self, base_id: str) -> None:
        """Remove a base; a run killed on the way leaves one that does not count."""
        folder = self.bases / base_id
        for name in (MANIFEST, f"{MANIFEST}.sha256"):
            (folder / name).unlink(missing_ok=True)
        if folder.exists():
            fsync_path(folder)
            shutil.rmtree(folder, ignore_errors=True)

    def unfinished(self) -> list[str]:
        """Bases that a killed run left."""
        if not self.bases.is_dir():
            return []
        return sorted(p.name for p in self.bases.iterdir() if p.is_dir() and not (p / MANIFEST).exists())

    def marks(self) -> list[Mark]:
        """All marks, oldest first; a last line that was cut off by a kill does not count.

        Raises:
            Unavailable: ``B-04`` a line in the middle is damaged.
        """
        found = []
        lines = self._lines(MARKS)
        for number, line in enumerate(lines):
            body = _checked(line)
            if body is None and number + 1 == len(lines):
                break
            if body is None:
                raise _damaged(MARKS)
            found.append(_made(Mark, body))
        return found

    def add_mark(self, mark: Mark) -> None:
        """Append a mark, durable when it returns."""
        body = json.dumps(_plain(asdict(mark)), sort_keys=True)
        self.append_lines(MARKS, [f"{hashlib.sha256(body.encode()).hexdigest()}  {body}"])

    def keep_marks(self, marks: list[Mark]) -> None:
        """Put these in place of all others."""
        bodies = [json.dumps(_plain(asdict(m)), sort_keys=True) for m in marks]
        text = "".join(f"{hashlib.sha256(b.encode()).hexdigest()}  {b}\n" for b in bodies)
        replace_file(self.root / MARKS, text.encode())

    def append_lines(self, name: str, lines: list[str]) -> None:
        """Append whole lines to a list, durable when it returns; what a kill cut off before is removed first."""
        if not lines:
            return
        path = self.root / name
        end = _end_of_whole_lines(path) if path.exists() else 0
        try:
            with path.open("ab") as out:
                if end != path.stat().st_size:
                    out.truncate(end)
                out.write("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
                out.flush()
                os.fsync(out.fileno())
        except OSError:
            with contextlib.suppress(OSError):  # what the disk may never have got must not be read as kept
                os.truncate(path, end)
            raise
        fsync_path(self.root)

    def lines(self, name: str) -> Iterator[str]:
        """The whole lines of a list."""
        path = self.root / name
        if path.exists():
            with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
                yield from (line.rstrip("\n") for line in lines if line.endswith("\n"))

    def base_folder(self, base: Base) -> Path:
        """Where the copy of the cluster lies."""
        return self.bases / base.id / DATA

    def dump_file(self, base: Base) -> Path:
        """Where the dump lies."""
        return self.bases / base.id / DUMP

    def clear_staging(self) -> None:
        """Remove what a killed run was about to put in place."""
        shutil.rmtree(self.staging, ignore_errors=True)
        self.staging.mkdir(exist_ok=True, mode=0o700)

    def _lines(self, name: str) -> list[str]:
        path = self.root / name
        return path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1] if path.exists() else []

    def _note(self, name: str) -> dict[str, Any]:
        try:
            data = (self.root / name).read_bytes()
            beside = (self.root / f"{name}.sha256").read_text(encoding="ascii", errors="replace")
        except FileNotFoundError as error:
            raise _damaged(name) from error
        if beside.split(" ")[0] != hashlib.sha256(data).hexdigest():
            raise _damaged(name)
        return dict(json.loads(data))

    def _write_note(self, name: str, value: Mapping[str, Any]) -> None:
        data = (json.dumps(_plain(value), ensure_ascii=False, indent=1) + "\n").encode()
        path = self.root / name
        line = f"{hashlib.sha256(data).hexdigest()}  {path.name}\n"
        replace_file(path.with_name(f"{path.name}.sha256"), line.encode())
        replace_file(path, data)


def opened(root: Path) -> tuple[BackupFolder, Card]:
    """A backup folder that is one.

    Raises:
        Missing: ``B-06`` it is none. Unavailable: ``B-04`` its card is damaged.
    """
    folder = BackupFolder(root)
    card = folder.card()
    if card is None or card.format != FORMAT:
        raise Missing(
            "B-06",
            f"{root} 不是备份文件夹，或备份磁盘没有挂载。",
            f"{root} is no backup folder, or its disk is not mounted.",
        )
    return folder, card


@contextlib.contextmanager
def disk_of(root: Path) -> Iterator[None]:
    """Turn errors of the backup disk into a refusal that says what to do.

    Raises:
        Unavailable: ``B-07`` no space left, ``B-08`` the disk failed.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise Unavailable(
                "B-07",
                f"备份磁盘空间不足（{root}），这次备份没有完成；以前的备份不受影响。请腾出空间后重试。",
                f"The backup disk is full ({root}). This run is not complete; earlier backups are as they were.",
            ) from error
        raise Unavailable(
            "B-08",
            f"备份磁盘读写失败（{root}，{error.strerror}）。以前的备份不受影响，请检查磁盘后重试。",
            f"The backup disk failed ({root}, {error.strerror}). Check the disk, then try again.",
        ) from error


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in value.items()}


_KINDS: dict[str, type[StrEnum]] = {"Base": BaseKind, "Mark": MarkKind}


def _made(kind: type[T], body: Mapping[str, Any]) -> T:
    try:
        values: dict[str, Any] = {k: datetime.fromisoformat(v) if k in _TIMES else v for k, v in body.items()}
        values |= {k: tuple(v) for k, v in values.items() if isinstance(v, list)}
        if "kind" in values:
            values["kind"] = _KINDS[kind.__name__](values["kind"])
        return kind(**values)
    except (TypeError, ValueError, KeyError) as error:
        raise _damaged(kind.__name__) from error


def _checked(line: str) -> dict[str, Any] | None:
    digest, _, body = line.partition("  ")
    if hashlib.sha256(body.encode("utf-8", "surrogateescape")).hexdigest() != digest:
        return None
    return dict(json.loads(body))


def _end_of_whole_lines(path: Path) -> int:
    size = path.stat().st_size
    with path.open("rb") as stream:
        at = size
        while at:
            start = max(0, at - 4096)
            stream.seek(start)
            found = stream.read(at - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            at = start
    return 0


def _damaged(name: str) -> Unavailable:
    return Unavailable(
        "B-04",
        f"备份文件夹中的 {name} 已损坏。请运行 cunzhen backup --verify 查明范围，并改用另一份备份。",
        f"{name} in the backup folder is damaged. Run cunzhen backup --verify, and use another backup.",
        file=name,
    )


README_TEXT = """\
存真 Cunzhen 备份文件夹
======================

请勿修改、改名、增加或删除本文件夹内的任何文件。本文件夹含有档案原文，应放在加密磁盘上。

bases/        数据库基础备份；有 manifest.json 的才是完整的
wal/          其后的数据库日志，用于恢复到任一时刻
marks         完整时刻的清单：每行一个，行首为其后内容的 SHA-256
packages/     保存包，一个 OCFL 1.1 存储根（其中另有说明），可脱离本程序读取和校验
packages.sha512   每个保存包清单的 SHA-512；校验：sha512sum -c packages.sha512
wal.sha256    日志文件的 SHA-256；校验：sha256sum -c wal.sha256
ledger/       已发布的存证账本
inbox/        已接收、尚未归档的文件；received 为其清单
keys.sealed.json  用口令加密的密钥库（只在备份时给了口令才有）。没有它时，须另有密钥库副本才能恢复

核验：cunzhen backup --verify 本文件夹
恢复：cunzhen restore 本文件夹 --home 新目录（见操作指南“备份与恢复”）

A backup folder of Cunzhen. Change, rename, add or remove nothing here, and keep it on an encrypted disk: it holds the
papers themselves. bases/ holds copies of the database (those with a manifest.json are whole), wal/ the log since,
packages/ the packages as an OCFL 1.1 storage root, ledger/ the published ledger, inbox/ received files not filed yet.
keys.sealed.json is the key store under a passphrase, if one was given; without it a copy of the key store is needed.
"""
