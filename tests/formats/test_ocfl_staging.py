"""Two batches on their way into one store at the same time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import pytest

from cunzhen.errors import Unavailable
from cunzhen.formats.durable import FileSystemSync
from cunzhen.formats.ocfl import TUPLE_SIZE, object_path
from cunzhen.formats.ocfl_root import StoreFolder, prepare_store
from cunzhen.formats.ocfl_staging import Staging


def _staged(folder: StoreFolder, batch: str, object_id: str) -> Staging:
    staging = Staging(folder, batch)
    staging.begin_object(object_id, "v1")
    staging.open(object_id, "0=ocfl_object_1.1")
    staging.append(b"x")
    staging.close(hashlib.sha512(b"x").hexdigest())
    staging.seal()
    return staging


def _sharing_folders() -> tuple[str, str]:
    """Two ids whose objects lie below the same first folder and no other."""
    first: dict[str, str] = {}
    for number in count():
        place = object_path(name := f"urn:test:{number}")
        other = first.setdefault(place[:TUPLE_SIZE], name)
        if other != name:
            return other, name
    raise AssertionError


@pytest.mark.parametrize("earlier", [False, True], ids=["placed meanwhile", "placed before"])
def test_folders_that_another_batch_made_and_did_not_sync_are_synced_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: bool
) -> None:
    """A cut after the second batch's acknowledgement must not lose it with the first one's unsynced folder."""
    folder = StoreFolder("a", tmp_path / "a")
    prepare_store(folder, node="node-1", may_create=True)
    one, two = _sharing_folders()
    first = _staged(folder, "first", one)
    second = None if earlier else _staged(folder, "second", two)
    synced: list[set[Path]] = []

    def cut_off(self: FileSystemSync, paths: Iterable[Path]) -> None:
        raise OSError("the first batch never gets to its sync")

    with monkeypatch.context() as patched, first, pytest.raises(Unavailable):
        patched.setattr(FileSystemSync, "sync", cut_off)
        first.place()
    assert (folder.root / object_path(one)).is_dir()
    second = second or _staged(folder, "second", two)
    monkeypatch.setattr(FileSystemSync, "sync", lambda self, paths: synced.append(set(paths)))
    with second:
        second.place()
    target = folder.root / object_path(two)
    above = {parent for parent in target.parents if parent.is_relative_to(folder.root)}
    # What was moved came with all that is in it; every folder above has one more name.
    moved = min(above - {folder.root, folder.root / object_path(two)[:TUPLE_SIZE]}, key=lambda p: len(p.parts))
    assert {parent for parent in above if moved.is_relative_to(parent) and parent != moved} <= synced[-1]
