"""What cannot be taken in is a returned item with its finding, so that the receipt's sum closes over what was sent."""

from __future__ import annotations

import errno
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from cunzhen.capture import piles
from cunzhen.capture.models import Draft, Transfer
from cunzhen.capture.operations import close_transfer, open_transfer, receive_transfer, retry_drafts
from cunzhen.capture.piles import Incoming, Rejected
from cunzhen.capture.queries import inbox_of, retriable
from cunzhen.capture.receipts import Receipt, receipt_of
from cunzhen.errors import Invalid, Unavailable
from cunzhen.holdings.models import Series
from tests.world import NOW, World


def _receive(world: World, folder: Path, *rejected: Rejected) -> Transfer:
    clerk = world.actor("clerk")
    transfer = open_transfer(clerk, name="一批", now=NOW)
    incoming, found = piles.list_pile([folder]) if any(folder.iterdir()) else ([], [])
    return receive_transfer(clerk, transfer_id=transfer.id, incoming=incoming, rejected=[*found, *rejected], now=NOW)


def _receipt(world: World, transfer: Transfer) -> Receipt:
    return receipt_of(world.actor("clerk"), transfer_id=transfer.id, indexed=len)


def _told(receipt: Receipt) -> dict[str, tuple[str, list[str]]]:
    return {i["source"]: (i["state"], [f["code"] for f in i["findings"]]) for i in receipt["items"]}


@pytest.mark.django_db
def test_the_sum_closes_over_what_was_refused(world: World, tmp_path: Path) -> None:
    (tmp_path / "好.txt").write_text("一")
    (tmp_path / "链接.pdf").symlink_to(tmp_path / "好.txt")
    os.mkfifo(tmp_path / "管道.pdf")
    (tmp_path / "坏.zip").write_bytes(b"PK\x03\x04 no zip")
    with zipfile.ZipFile(tmp_path / "包.zip", "w") as zipped:
        zipped.writestr("../越界.pdf", b"x")
        zipped.writestr("里.txt", b"y")
    receipt = _receipt(world, _receive(world, tmp_path))
    assert receipt["sent"] == receipt["received"] == len(receipt["items"]) == 6
    assert (receipt["returned"], receipt["in_work"], receipt["findings"]) == (4, 2, [])
    told = _told(receipt)
    assert {name: codes for name, (state, codes) in told.items() if state == "returned"} == {
        "链接.pdf": ["T-PA-02"],
        "管道.pdf": ["T-PA-02"],
        "坏.zip": ["T-ZI-01"],
        "包.zip/../越界.pdf": ["T-PA-02"],
    }
    refused = next(i for i in receipt["items"] if i["source"] == "链接.pdf")
    assert (refused["sha256"], refused["sm3"], refused["pages"]) == ("", "", 0)
    assert refused["findings"][0]["message"].startswith("链接.pdf：")


@pytest.mark.django_db
def test_an_item_that_lacks_a_page_is_not_taken_at_all(world: World, tmp_path: Path) -> None:
    for number in (1, 3):
        page = io.BytesIO()
        Image.new("L", (40, 40), number).save(page, "JPEG")
        (tmp_path / f"审批表_{number}.jpg").write_bytes(page.getvalue())
    (tmp_path / "审批表_2.jpg").symlink_to(tmp_path / "审批表_1.jpg")
    receipt = _receipt(world, _receive(world, tmp_path))
    assert _told(receipt) == {"审批表": ("returned", ["T-PA-02"])}
    assert receipt["items"][0]["findings"][0]["message"].startswith("审批表_2.jpg：")
    assert (receipt["sent"], receipt["returned"], receipt["in_work"]) == (1, 1, 0)


@pytest.mark.django_db
def test_two_that_look_alike_stay_two(world: World, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("一")
    receipt = _receipt(world, _receive(world, tmp_path, *[Rejected("a.txt", "T-PA-03")] * 2))
    assert _told(receipt) == {
        "a.txt": ("waiting", []),
        "(2)/a.txt": ("returned", ["T-PA-03"]),
        "(3)/a.txt": ("returned", ["T-PA-03"]),
    }


@pytest.mark.django_db
def test_what_was_refused_cannot_be_read_again_and_keeps_nothing(world: World, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "管道.pdf")
    (tmp_path / "好.txt").write_text("一")
    transfer = _receive(world, tmp_path)
    refused = Draft.objects.get(transfer=transfer, name="管道.pdf")
    assert retry_drafts(world.actor("clerk"), draft_ids=[refused.id], now=NOW) == []
    refused.refresh_from_db()
    assert (refused.state, refused.findings.count()) == ("returned", 1)
    other = Draft.objects.get(transfer=transfer, name="好.txt")
    other.state = "returned"
    other.save()
    assert list(Draft.objects.filter(retriable())) == [other]
    (again,) = retry_drafts(world.actor("clerk"), draft_ids=[refused.id, other.id], now=NOW)
    assert again.id == other.id


@pytest.mark.django_db(transaction=True)
def test_a_pile_of_which_nothing_can_be_taken_is_closed_with_its_receipt(world: World, tmp_path: Path) -> None:
    (tmp_path / "坏.zip").write_bytes(b"no zip at all")
    transfer = _receive(world, tmp_path)
    close_transfer(world.actor("archivist"), transfer_id=transfer.id, now=NOW)
    transfer.refresh_from_db()
    assert transfer.state == "closed"
    assert _told(_receipt(world, transfer)) == {"坏.zip": ("returned", ["T-ZI-01"])}
    assert not inbox_of(transfer.id).exists()


FAILED = OSError(errno.EIO, os.strerror(errno.EIO))


class _FailingDisk(io.BytesIO):
    """Gives the first bytes, then fails as a scratched disc does."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise FAILED
        return super().read(100)


class _FailingFile(io.FileIO):
    """A file on such a disc."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise FAILED


def _fail(*_: object) -> int:
    raise FAILED


def test_a_source_that_fails_while_it_is_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("坏盘.pdf", "好.pdf"):
        (tmp_path / name).write_bytes(b"x" * 1000)
    bad = (tmp_path / "坏盘.pdf").stat().st_ino
    fdopen = os.fdopen
    monkeypatch.setattr(
        os, "fdopen", lambda fd, mode: _FailingFile(fd) if os.fstat(fd).st_ino == bad else fdopen(fd, mode)
    )
    monkeypatch.setattr(os, "copy_file_range", _fail)  # the kernel does not say which of the two disks it was
    pile = [Incoming(name, tmp_path / name) for name in ("坏盘.pdf", "好.pdf")]
    stored, rejected = piles.store_files(pile, tmp_path / "inbox")
    assert [s.path for s in stored] == ["好.pdf"]
    assert stored[0].stored.read_bytes() == b"x" * 1000
    assert rejected == [Rejected("坏盘.pdf", "T-PA-07")]
    assert [p.name for p in (tmp_path / "inbox").iterdir()] == [stored[0].stored.name]


@pytest.fixture
def broken_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A zip whose member cannot be read to its end."""
    folder = tmp_path / "pile"
    folder.mkdir()
    with zipfile.ZipFile(folder / "光盘.zip", "w") as zipped:
        zipped.writestr("a.pdf", b"x" * 1000)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: _FailingDisk(b"x" * 1000))
    yield folder


@pytest.mark.django_db
def test_a_zip_on_a_failing_disk_is_named(world: World, broken_zip: Path) -> None:
    receipt = _receipt(world, _receive(world, broken_zip))
    assert _told(receipt) == {"光盘.zip": ("returned", ["T-PA-07"])}


@pytest.mark.django_db(transaction=True)
def test_our_own_disk_failing_is_still_our_own(world: World, broken_zip: Path) -> None:
    """A zip that was sent over the line lies on our disk."""
    clerk = world.actor("clerk")
    transfer = open_transfer(clerk, name="一批", now=NOW)
    sent = [Incoming("光盘.zip", broken_zip / "光盘.zip", ours=True)]
    with pytest.raises(Unavailable) as refused:
        receive_transfer(clerk, transfer_id=transfer.id, incoming=sent, now=NOW)
    assert refused.value.code == "T-ST-01"
    assert not Draft.objects.filter(transfer=transfer).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("series", ["XX", "yl", "ZZ"])
def test_a_series_of_another_fonds_is_refused(world: World, series: str) -> None:
    Series.objects.create(fonds=world.neighbour_fonds, code="ZZ", name="邻县自设")
    with pytest.raises(Invalid) as refused:
        open_transfer(world.actor("clerk"), name="一批", series=series, now=NOW)
    assert refused.value.code == "T-OP-04"
    assert not Transfer.objects.exists()
    Series.objects.create(fonds=world.fonds, code="ZY", name="本县自设")
    assert open_transfer(world.actor("clerk"), name="一批", series="ZY", now=NOW).default_series == "ZY"
