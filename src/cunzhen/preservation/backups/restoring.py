"""A new home from a backup folder, as far as the database; what stands beside it comes after (``refilling``).

This half needs no settings: it reads the folder, checks what the database's part of it is worth, and brings the
database up in the new home.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from cunzhen.database import base_backup, cluster, recovery
from cunzhen.database.launcher import ensure_running, settled
from cunzhen.database.places import Place
from cunzhen.errors import Conflict
from cunzhen.formats.durable import replace_file
from cunzhen.formats.wal import Segments
from cunzhen.keys import escrow, keystore
from cunzhen.preservation.backups import parts
from cunzhen.preservation.backups.folder import BackupFolder
from cunzhen.preservation.backups.rules import Card, Damage, MarkKind, Target
from cunzhen.preservation.backups.unfinished import UNFINISHED
from cunzhen.preservation.backups.verifying import check_target

SETTINGS = "settings.env"


def begin(home: Path, folder: BackupFolder, card: Card) -> None:
    """Take a new home; one that an earlier restore of this backup left unfinished is begun anew.

    Raises:
        Conflict: ``B-20`` something lies there, ``B-21`` a restore of another backup was not finished there.
    """
    mark = home / UNFINISHED
    if mark.exists():
        if json.loads(mark.read_bytes()).get("card") != card.id:
            raise Conflict(
                "B-21",
                f"{home} 里有一次没有完成的恢复，来自另一个备份。请删除它或另选目录。",
                f"A restore of another backup was not finished in {home}. Remove it, or choose another folder.",
            )
    elif home.exists() and any(home.iterdir()):
        raise Conflict(
            "B-20",
            f"{home} 不是空的。恢复只能放进新目录，绝不覆盖已有数据。请另选 --home。",
            f"{home} is not empty. A restore goes into a new folder and never over existing data. "
            f"Choose another --home.",
        )
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_file(mark, (json.dumps({"card": card.id, "from": str(folder.root)}) + "\n").encode())


def give_keys(home: Path, folder: BackupFolder, card: Card, *, file: Path | None, passphrase: str) -> None:
    """Put the key store into the new home: the operator's copy, or the sealed one opened.

    Raises:
        Conflict: ``B-22`` there is none, ``B-23`` it is another archive's. Invalid: ``K-06``, ``K-07``.
    """
    if file is not None:
        source = file / keystore.FILE_NAME if file.is_dir() else file
        content = source.read_bytes() if source.is_file() else b""
    else:
        content = escrow.open_keys(folder.keys.read_bytes(), passphrase) if passphrase and folder.keys.exists() else b""
    if not content:
        raise Conflict(
            "B-22",
            "恢复需要密钥库：用 --keys 指定另存的 keys 文件夹，或用 --passphrase-file 打开备份中加密的密钥库。",
            "A restore needs the key store: name its copy with --keys, or open the sealed one with --passphrase-file.",
        )
    keys = home / "keys"
    keys.mkdir(exist_ok=True, mode=0o700)
    path = keys / keystore.FILE_NAME
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    keystore.load.cache_clear()
    if escrow.fingerprint(keystore.load(keys)) != card.keys_check:
        shutil.rmtree(keys)
        keystore.load.cache_clear()
        raise Conflict(
            "B-23",
            "这个密钥库不是这套档案的，打不开备份中的密封内容。请核对副本。",
            "This key store belongs to another archive and opens nothing of this backup.",
        )


def bring_database(home: Path, folder: BackupFolder, card: Card, target: Target) -> datetime | None:
    """The database of the moment that is asked for, in the new home, stopped.

    Returns:
        when its last transaction was committed; None where that is not known.

    Raises:
        Conflict: ``B-24`` this part of the backup is damaged; the parts are named.
        Unavailable: ``D-01`` to ``D-20``.
    """
    bases = folder.whole_bases()
    damage = check_target(folder, card, target, bases)
    if damage:
        raise damaged(damage)
    with settled(home) as (place, passwords):
        cluster.stop(place)  # of an attempt that was killed
        shutil.rmtree(place.data, ignore_errors=True)
        if target.mark.kind == MarkKind.DUMP:
            last = None
        else:
            parent = next((folder.base_folder(b) for b in bases if b.id == target.base.parent), None)
            recovery.lay(place, folder.base_folder(target.base), parent, _log(folder, card, target))
            last = _recover(place, passwords, target)
    if target.mark.kind == MarkKind.DUMP:
        with ensure_running(home) as server:
            base_backup.load_dump(server.owner_url, folder.dump_file(target.base))
    return last


def _recover(place: Place, passwords: dict[str, str], target: Target) -> datetime | None:
    if target.at is not None:
        try:
            return recovery.recover(place, passwords, recovery.Goal(at=target.at), target.base.database)
        except Conflict as error:
            if error.code != "D-19":
                raise
            # Nothing was committed after that time: the state at the mark is the state then.
    return recovery.recover(place, passwords, recovery.Goal(name=target.mark.name), target.base.database)


def _log(folder: BackupFolder, card: Card, target: Target) -> Iterator[tuple[Path, str]]:
    if target.mark.kind != MarkKind.POINT:
        return
    for name in Segments(card.timeline, card.segment_bytes).names(target.base.start, target.mark.lsn):
        path = parts.segment_file(folder, name)
        if path is not None:
            yield path, name


def damaged(damage: Sequence[Damage]) -> Conflict:
    """The refusal that names what is damaged."""
    named = "、".join(d.path for d in damage[:10]) + (f" …（{len(damage)}）" if len(damage) > 10 else "")
    return Conflict(
        "B-24",
        f"备份已损坏，没有恢复：{named}。请改用另一份备份，或恢复到较早的时刻（--at）。",
        f"The backup is damaged and was not restored: {named}. Use another backup, or an earlier moment (--at).",
        damage=[d.path for d in damage],
    )


def write_settings(home: Path, values: dict[str, str]) -> None:
    """Write the settings that the new home needs, in the form that systemd and shells read."""
    text = "".join(f"{name}={value}\n" for name, value in values.items())
    replace_file(home / SETTINGS, text.encode())


def finish(home: Path) -> None:
    """The home may be used from now on."""
    (home / UNFINISHED).unlink(missing_ok=True)
