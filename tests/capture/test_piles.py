"""The pile as it comes: what is taken, what is left out, what is refused."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from cunzhen.capture import piles
from cunzhen.errors import Invalid, Missing


def test_a_folder_without_its_litter(tmp_path: Path) -> None:
    for name in ("a.pdf", "甲/1.jpg", ".truth/a.json", "README.md", "甲/Thumbs.db", "甲/.DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found, rejected = piles.list_pile([tmp_path])
    assert sorted(f.path for f in found) == ["a.pdf", "甲/1.jpg"]
    assert rejected == []


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    pile = tmp_path / "pile"
    pile.mkdir()
    (pile / "a.pdf").symlink_to(tmp_path / "secret")
    os.mkfifo(pile / "b.pdf")
    found, rejected = piles.list_pile([pile])
    assert found == []
    assert sorted((r.path, r.code) for r in rejected) == [("a.pdf", "T-PA-02"), ("b.pdf", "T-PA-02")]


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff\xfe.pdf")).write_bytes(b"x")
    found, rejected = piles.list_pile([tmp_path])
    assert found == [] and [r.code for r in rejected] == ["T-PA-03"]


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="T-PA-01"):
        piles.list_pile([tmp_path / "nowhere"])


def _zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return path


def test_zip_tricks_stay_inside(tmp_path: Path) -> None:
    archive = _zip(tmp_path / "a.zip", {"../../evil": b"x", "/etc/evil": b"x", "ok/1.jpg": b"y", "c:/evil": b"x"})
    into = tmp_path / "into"
    into.mkdir()
    found, rejected = piles.expand_zip(archive, into)
    assert [f.path for f in found] == ["ok/1.jpg"]
    assert {r.code for r in rejected} == {"T-PA-02"} and len(rejected) == 3
    assert not (tmp_path.parent / "evil").exists() and len(list(into.iterdir())) == 1


def test_zip_names_without_the_flag_are_gb18030(tmp_path: Path) -> None:
    archive = _zip(tmp_path / "a.zip", {"x" * 8: b"1"})
    data = archive.read_bytes().replace(b"x" * 8, "审批表一".encode("gb18030"))
    archive.write_bytes(data)
    into = tmp_path / "into"
    into.mkdir()
    assert [f.path for f in piles.expand_zip(archive, into)[0]] == ["审批表一"]


def test_a_zip_bomb_is_refused_unopened(tmp_path: Path) -> None:
    archive = _zip(tmp_path / "a.zip", {"zeros": b"\0" * 60_000_000})
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(Invalid, match="T-ZI-02"):
        piles.expand_zip(archive, into)
    assert list(into.iterdir()) == []


def test_a_cut_zip_is_refused(tmp_path: Path) -> None:
    archive = _zip(tmp_path / "a.zip", {"a": os.urandom(10_000)})
    archive.write_bytes(archive.read_bytes()[:5_000])
    with pytest.raises(Invalid, match="T-ZI-01"):
        piles.expand_zip(archive, tmp_path)


def test_storing_keeps_every_byte_and_says_the_digests(tmp_path: Path) -> None:
    import hashlib

    data = os.urandom(3_000_000)
    (tmp_path / "a.PDF").write_bytes(data)
    [stored], _ = piles.store_files([piles.Incoming("a.PDF", tmp_path / "a.PDF")], tmp_path / "inbox")
    assert stored.stored.read_bytes() == data and stored.stored.suffix == ".pdf"
    assert stored.digests.sha256 == hashlib.sha256(data).hexdigest()
    assert stored.digests.size == len(data)


def test_a_vanished_source_is_said_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "b.pdf").write_bytes(b"x")
    pile = [piles.Incoming(name, tmp_path / name) for name in ("a.pdf", "b.pdf")]
    stored, rejected = piles.store_files(pile, tmp_path / "inbox")
    assert [s.path for s in stored] == ["b.pdf"]
    assert [(r.path, r.code) for r in rejected] == [("a.pdf", "T-PA-05")]
