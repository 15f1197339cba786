"""OCFL 1.1: where objects lie, what an inventory says, and which names may stand inside.

The clauses meant are those of the specification at https://ocfl.io/1.1/spec/. Writing is in ``ocfl_write`` and
``ocfl_staging``, checking in ``ocfl_check``, recovery in ``ocfl_recover``, the storage root in ``ocfl_root``.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cunzhen.errors import Invalid, Missing

INVENTORY = "inventory.json"
SIDECAR = "inventory.json.sha512"
OBJECT_NAMASTE = "0=ocfl_object_1.1"
OBJECT_NAMASTE_TEXT = b"ocfl_object_1.1\n"
TUPLE_SIZE, TUPLES = 3, 3

_TYPE = "https://ocfl.io/1.1/spec/#inventory"
_PART_BYTES, _PATH_BYTES = 200, 900  # below the 255 and 1,024 of common file systems and object stores
_SHA512 = re.compile(r"[0-9a-f]{128}")
_VERSION = re.compile(r"v[1-9][0-9]{0,6}")
# Letters that some system in the next hundred years will not take in a name.
_UNPORTABLE = set('<>:"|?*\\')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")


@dataclass(frozen=True, slots=True)
class ContentFile:
    """One file of a package.

    Args:
        path: logical path inside the package, such as ``originals/0001.pdf``.
        source: file to copy from, or the bytes themselves.
        sha256, sm3: promised digests (hex) of the bytes; an empty one is not compared.
    """

    path: str
    source: Path | bytes
    sha256: str = ""
    sm3: str = ""


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """Who made a version, when and why; ``address`` is a URI of the author."""

    created_at: datetime
    message: str
    author: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """One version as its inventory has it; ``state``: logical path to SHA-512."""

    info: VersionInfo
    state: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What an object holds.

    Args:
        id: URI of the object.
        manifest: SHA-512 to content path; every content is stored once.
        versions: version name to version, in order; the last one is the head.
        sha256: content path to SHA-256, the ``fixity`` block.
    """

    id: str
    manifest: Mapping[str, str]
    versions: Mapping[str, Version]
    sha256: Mapping[str, str] = field(default_factory=dict)

    @property
    def head(self) -> str:
        """Name of the newest version."""
        return f"v{len(self.versions)}"

    def content_path(self, logical_path: str, version: str = "") -> tuple[str, str]:
        """Where a logical path of a version (default: head) lies inside the object, and its SHA-512.

        Raises:
            Missing: ``P-03`` where that version has no such path.
        """
        known = self.versions.get(version or self.head)
        if known is None or logical_path not in known.state:
            raise Missing("P-03", "保存包中没有这个文件。", "The package has no such file.")
        digest = known.state[logical_path]
        return self.manifest[digest], digest

    def to_bytes(self) -> bytes:
        """The inventory as JSON for people: equal inventories give equal bytes."""
        fixity: dict[str, list[str]] = {}
        for path, digest in self.sha256.items():
            fixity.setdefault(digest, []).append(path)
        return (
            json.dumps(
                {
                    "id": self.id,
                    "type": _TYPE,
                    "digestAlgorithm": "sha512",
                    "head": self.head,
                    "contentDirectory": "content",
                    "manifest": {digest: [path] for digest, path in self.manifest.items()},
                    "versions": {name: _version_out(version) for name, version in self.versions.items()},
                    "fixity": {"sha256": fixity},
                },
                ensure_ascii=False,
                indent=1,
            )
            + "\n"
        ).encode(errors="backslashreplace")  # a lone surrogate becomes the escape that JSON has for it

    @classmethod
    def from_bytes(cls, data: bytes) -> Inventory:
        """Read an inventory, whoever wrote it.

        Raises:
            Invalid: ``P-04`` for anything that ``to_bytes`` would not write; a path that leaves the object included.
        """
        try:
            return _inventory_in(json.loads(data))
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            raise Invalid(
                "P-04", "保存包的清单 inventory.json 无法读取。", "The inventory of a package cannot be read."
            ) from None


def earlier_inventory(head: Inventory, version: str) -> Inventory:
    """The inventory that an earlier version had, told from that of a later one, which repeats all of it.

    Args:
        head: any later inventory of the object.
        version: the earlier version, such as ``v1``.
    """
    number = int(version[1:])
    manifest = {d: path for d, path in head.manifest.items() if int(path.split("/", 1)[0][1:]) <= number}
    paths = set(manifest.values())
    return Inventory(
        head.id,
        manifest,
        {name: said for name, said in head.versions.items() if int(name[1:]) <= number},
        {path: digest for path, digest in head.sha256.items() if path in paths},
    )


def object_path(object_id: str) -> str:
    """Folder of an object below the storage root (extension 0004: SHA-256, three tuples of three)."""
    digest = hashlib.sha256(object_id.encode()).hexdigest()
    return "/".join([*(digest[n * TUPLE_SIZE : (n + 1) * TUPLE_SIZE] for n in range(TUPLES)), digest])


def sidecar(inventory: bytes) -> bytes:
    """Content of the file beside an inventory, in the form that ``sha512sum -c`` reads."""
    return f"{hashlib.sha512(inventory).hexdigest()}  {INVENTORY}\n".encode()


def require_safe_paths(paths: Iterable[str]) -> None:
    """Refuse logical paths that could not be kept, found or copied everywhere.

    Raises:
        Invalid: ``P-01`` for an empty, absolute, climbing, over-long or unportable path, for two that differ only in
            case or in Unicode form, and for a file that is also a folder.
    """
    folded: set[str] = set()
    for path in paths:
        if not _is_safe(path):
            raise _unsafe("保存包内的文件路径不安全。", "A path inside the package is not safe.")
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
        if key in folded:
            raise _unsafe("保存包内有两个相同的路径。", "Two paths inside the package are the same.")
        folded.add(key)
    for key in folded:
        parts = key.split("/")
        if any("/".join(parts[:n]) in folded for n in range(1, len(parts))):
            raise _unsafe("保存包内的文件与文件夹同名。", "A path inside the package is a file and a folder.")


def _is_safe(path: str) -> bool:
    try:
        parts = [part.encode() for part in path.split("/")]
    except UnicodeEncodeError:  # a lone surrogate, from a name that was no valid text
        return False
    if len(path.encode()) > _PATH_BYTES or any(not part or len(part) > _PART_BYTES for part in parts):
        return False
    return not any(_is_unsafe_part(part) for part in path.split("/"))


def _is_unsafe_part(part: str) -> bool:
    if part in {".", ".."} or part[-1] in ". " or part[0] == " " or _RESERVED.fullmatch(part):
        return True
    # Cc controls, Cf marks that turn the reading direction, Zl and Zp line breaks.
    return any(c in _UNPORTABLE or unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"} for c in part)


def _unsafe(chinese: str, english: str) -> Invalid:
    return Invalid("P-01", chinese, english)


def _version_out(version: Version) -> dict[str, object]:
    state: dict[str, list[str]] = {}
    for path, digest in version.state.items():
        state.setdefault(digest, []).append(path)
    user = {"name": version.info.author} | ({"address": version.info.address} if version.info.address else {})
    created = version.info.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {"created": created, "message": version.info.message, "user": user, "state": state}


def _inventory_in(raw: dict[str, Any]) -> Inventory:
    if raw["type"] != _TYPE or raw["digestAlgorithm"] != "sha512" or raw["contentDirectory"] != "content":
        raise ValueError("another kind of inventory")
    manifest = {_digest(digest): _content_path(paths) for digest, paths in raw["manifest"].items()}
    versions = {name: _version_in(raw["versions"][name], manifest) for name in _in_order(raw["versions"])}
    known = set(manifest.values())
    sha256 = {path: digest for digest, paths in raw["fixity"]["sha256"].items() for path in paths}
    if raw["head"] != f"v{len(versions)}" or not versions or not sha256.keys() <= known or len(known) != len(manifest):
        raise ValueError("an inventory that contradicts itself")
    if not isinstance(raw["id"], str):
        raise TypeError("id")
    return Inventory(raw["id"], manifest, versions, sha256)


def _in_order(versions: dict[str, Any]) -> list[str]:
    names = [f"v{n}" for n in range(1, len(versions) + 1)]
    if set(names) != versions.keys():
        raise ValueError("versions are not numbered from 1")
    return names


def _digest(text: str) -> str:
    if not _SHA512.fullmatch(text):
        raise ValueError("no SHA-512")
    return text


def _content_path(paths: list[str]) -> str:
    (path,) = paths
    version, content, *parts = path.split("/")
    if not _VERSION.fullmatch(version) or content != "content" or not parts or {"", ".", ".."} & set(parts):
        raise ValueError("a path outside the content")
    return path


def _version_in(raw: dict[str, Any], manifest: Mapping[str, str]) -> Version:
    state = {path: _digest(digest) for digest, paths in raw["state"].items() for path in paths}
    if not set(state.values()) <= manifest.keys() or not all(isinstance(path, str) for path in state):
        raise ValueError("a state without content")
    user = raw["user"]
    created = datetime.fromisoformat(raw["created"])
    return Version(VersionInfo(created, str(raw["message"]), str(user["name"]), str(user.get("address", ""))), state)
