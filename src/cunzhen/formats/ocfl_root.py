"""The storage root of a store: its declaration, its layout, and the document that explains it without us.

A store's folder holds ``ocfl/`` (the storage root, valid OCFL at every instant), ``staging/`` (work that nobody has
acknowledged) and ``quarantine/`` (objects set aside; nothing is deleted but through disposal), and ``store.json``
which says whose store it is, so that a swapped or foreign disk is noticed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from cunzhen.errors import Unavailable
from cunzhen.formats.durable import FileSystemSync, fsync_path, read_regular, replace_file
from cunzhen.formats.ocfl import OBJECT_NAMASTE, TUPLE_SIZE, TUPLES

LAYOUT = "0004-hashed-n-tuple-storage-layout"
README = "README 说明.txt"
_CARD = "store.json"
_CARD_BYTES_AT_MOST = 65_536


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


ROOT_FILES: dict[str, bytes] = {
    "0=ocfl_1.1": b"ocfl_1.1\n",
    "ocfl_layout.json": _json(
        {
            "extension": LAYOUT,
            "description": "SHA-256 of the object id; three tuples of three characters, then the whole digest",
        }
    ),
    f"extensions/{LAYOUT}/config.json": _json(
        {
            "extensionName": LAYOUT,
            "digestAlgorithm": "sha256",
            "tupleSize": TUPLE_SIZE,
            "numberOfTuples": TUPLES,
            "shortObjectRoot": False,
        }
    ),
}

README_TEXT = """\
存真 Cunzhen 保存包存储说明
=========================

本文件夹是一个 OCFL 1.1 存储根（Oxford Common File Layout，https://ocfl.io/1.1/spec/）。
不需要任何专用软件，用系统自带的命令即可找到、读出并校验每一件电子档案。

1. 一件档案 = 一个对象，编号为 urn:uuid:<件的 UUID>。求它所在的文件夹：
       printf '%s' 'urn:uuid:<UUID>' | sha256sum
   得到 64 位摘要 D。文件夹为：D 的第 1–3 位 / 第 4–6 位 / 第 7–9 位 / D 全文。
2. 对象文件夹内：
       inventory.json          清单：各版本有哪些文件（versions/state），各文件存于何处（manifest）
       inventory.json.sha512   清单的 SHA-512
       v1/content/…            第一版的文件；v2/content/… 为第二版新增的文件，旧版本从不改动
3. 每件档案中的文件：
       mets.xml                著录与管理过程元数据（METS 1.12 与 PREMIS 3）：题名、档号、年度、保管期限、
                               责任者、原文件名、格式、SHA-256、SM3、SHA-512 等，可据此重建全部目录
       originals/…             原始电子文件，逐字节未改
       renditions/…            衍生件：另转的格式，如 PDF/A；从不代替原始文件
       text/…                  各页识别出的文字（JSON）
       manifest-sm3.txt        其余各文件的 SM3（国密）摘要
   另有两种对象：只含 registry.json 的是登记包（机构、全宗、类别、保管期限表）；只含 changes.json 的是变更集，
   即一次批量更正。变更集中每一项写明哪一件（item_id）、更正后著录的版本（version）和新的内容（values）；
   某件 mets.xml 中的版本比它小一的，以变更集的内容为准；已经并入的（版本相同或更大）不用再管。
4. 校验（在对象文件夹内执行）：
       sha512sum -c inventory.json.sha512
       {command}
   校验 SM3（coreutils 9 以上，在 v1/content 内执行）：cksum -a sm3 --untagged -c manifest-sm3.txt
5. 请勿修改、改名、增加或删除本文件夹内的任何文件。
6. 本存储也可能在 S3 对象存储的桶中：“文件夹/文件”就是键名，路径与上述完全相同。用任何 S3 工具（如 aws s3 sync）
   整个下载后，按第 1–4 条查找和校验。

How to read this storage without our software
=============================================

This folder is an OCFL 1.1 storage root (https://ocfl.io/1.1/spec/). The usual commands of any system are enough.

1. One archival item is one object, called urn:uuid:<UUID of the item>. To find its folder:
       printf '%s' 'urn:uuid:<UUID>' | sha256sum
   gives 64 characters D. The folder is: characters 1-3 of D / 4-6 / 7-9 / all of D.
2. Inside: inventory.json says which files each version has (versions/state) and where each lies (manifest);
   inventory.json.sha512 is its SHA-512; v1/content, v2/content ... hold the files. Old versions never change.
3. The files: mets.xml (description, events, original names, formats, digests: METS 1.12 and PREMIS 3; the whole
   catalogue can be rebuilt from these), originals/ (the files byte for byte as received), renditions/ (other forms,
   never instead of an original), text/ (what was read on each page, JSON), manifest-sm3.txt (SM3 digests of the other
   files). An object with registry.json alone is the registry (agencies, fonds, series, schedules). One with
   changes.json alone is a change-set, one correction of many items: each entry names the item, the version of the
   description that results, and the new values; it counts where the item's mets.xml has the version before it.
4. To check, inside the folder of the object:
       sha512sum -c inventory.json.sha512
       {command}
   SM3, with coreutils 9 or later, inside v1/content: cksum -a sm3 --untagged -c manifest-sm3.txt
5. Change, rename, add or remove nothing here.
6. The same storage may lie in a bucket of an S3 service: folder/file is then the key, and the paths are the same.
   Download it with any S3 tool (such as aws s3 sync) and go on with 1 to 4.
""".replace(
    "{command}",
    'python3 -c \'import json; [print(d, p, sep="  ") for d, ps in json.load(open("inventory.json"))'
    '["manifest"].items() for p in ps]\' | sha512sum -c',
)


# SHA-256 of the texts that earlier releases wrote: they are still right where they stand. Whoever changes the text
# after a release adds the digest of the one before.
EARLIER_READMES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StoreFolder:
    """One local store by its folder; ``name`` is what settings call it."""

    name: str
    path: Path

    @property
    def root(self) -> Path:
        """The OCFL storage root."""
        return self.path / "ocfl"

    @property
    def staging(self) -> Path:
        """Work that nobody has acknowledged; on the same file system as the root."""
        return self.path / "staging"

    @property
    def quarantine(self) -> Path:
        """Objects set aside."""
        return self.path / "quarantine"


def prepare_store(folder: StoreFolder, *, node: str, may_create: bool) -> None:
    """Make the store on its first use, or see that it is the one that is meant.

    Args:
        folder: the store.
        node: name of this node; a store belongs to one.
        may_create: False where packages are known to lie in it: an empty folder then is a disk that is not mounted.

    Raises:
        Unavailable: ``P-12`` where the store is missing, ``P-13`` where it belongs to another store or node.
        OSError: the disk refused.
    """
    card = folder.path / _CARD
    expected = {"format": "cunzhen-store-1", "name": folder.name, "node": node}
    if not os.path.lexists(card):
        if not may_create:
            raise Unavailable(
                "P-12",
                f"存储“{folder.name}”不见了：目录为空或磁盘未挂载。请先挂载磁盘，不要新建目录。",
                f"Store {folder.name!r} is gone: its folder is empty or its disk is not mounted. Mount it; do not make "
                "a new one.",
                store=folder.name,
            )
        _create(folder, _json(expected))
    try:
        found = json.loads(read_regular(card, _CARD_BYTES_AT_MOST) or b"")
    except (ValueError, RecursionError):
        found = None
    if found != expected or not (folder.root / "0=ocfl_1.1").is_file():
        raise Unavailable(
            "P-13",
            f"存储“{folder.name}”的标识不符：可能挂载了另一个存储或另一机构的磁盘。未写入任何内容。",
            f"The card of store {folder.name!r} does not fit: another store's or agency's disk may be mounted. Nothing "
            "was written.",
            store=folder.name,
        )


def _create(folder: StoreFolder, card: bytes) -> None:
    missing = [p for p in (folder.path, *folder.path.parents) if not p.exists()]
    for path in (folder.path, folder.staging, folder.quarantine):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    sync = FileSystemSync(folder.staging)
    try:
        made = _stage_root(folder)
        sync.sync([p for p in (made, *made.rglob("*"))])
        try:
            made.rename(folder.root)
        except OSError:
            # Another process made it at the same moment; a root is never replaced.
            if not (folder.root / "0=ocfl_1.1").is_file():
                raise
            shutil.rmtree(made)
        sync.sync([folder.path, folder.path.parent, *(p.parent for p in missing)])
        replace_file(folder.path / _CARD, card)
    finally:
        sync.close()


def _stage_root(folder: StoreFolder) -> Path:
    made = folder.staging / f"root-{os.getpid()}-{os.urandom(4).hex()}"
    for name, data in own_files().items():
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return made


def root_problems(folder: StoreFolder) -> list[str]:
    """Names of the root's own files that are missing or altered."""
    return [name for name in own_files() if not is_own(name, _bytes(folder.root / name))]


def is_own(name: str, data: bytes | None) -> bool:
    """Whether these are the right bytes of one of the root's own files; None are those of a missing one."""
    if data is None:
        return False
    told_before = name == README and hashlib.sha256(data).hexdigest() in EARLIER_READMES
    return told_before or data == own_files()[name]


def own_files() -> dict[str, bytes]:
    """Every file that a storage root has of its own."""
    return {**ROOT_FILES, README: README_TEXT.encode()}


def mend_root(folder: StoreFolder) -> None:
    """Write the root's own files anew where they are missing or altered; what was there goes to quarantine.

    Raises:
        OSError: the disk refused.
    """
    for name in root_problems(folder):
        path = folder.root / name
        if os.path.lexists(path):
            path.rename(folder.quarantine / f"{name.replace('/', '-')}.{os.urandom(4).hex()}")
            fsync_path(folder.quarantine)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, own_files()[name], by_way_of=folder.staging)


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except FileNotFoundError:
        return None


def is_object(path: Path) -> bool:
    """Whether a folder declares itself an OCFL object."""
    return (path / OBJECT_NAMASTE).exists()
