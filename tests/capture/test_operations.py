"""The path from a pile to filed items, on real papers through real OCR and a real database."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
from django.utils import timezone

from cunzhen.capture.extraction import describing
from cunzhen.capture.extraction.kinds import load_rules
from cunzhen.capture.models import Draft, Transfer
from cunzhen.capture.operations import (
    close_transfer,
    describe_draft,
    file_drafts,
    open_transfer,
    read_drafts,
    receive_transfer,
    return_drafts,
)
from cunzhen.capture.piles import list_pile
from cunzhen.capture.receipts import receipt_of
from cunzhen.capture.rules import Description
from cunzhen.errors import Conflict, Invalid, Missing, Refused
from cunzhen.holdings.models import Item
from cunzhen.holdings.queries import page_texts
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.queries import entries_after, history
from cunzhen.preservation.operations import verify_packages
from cunzhen.preservation.queries import read_content, read_description
from tests.world import NOW, World

SAMPLES = Path(__file__).parents[2] / "samples"
PDFS = ("失业待遇/失业待遇核定表_冯志强.pdf", "生育待遇/生育待遇核定表_成晓燕.pdf")


@pytest.fixture
def pile(tmp_path: Path) -> Path:
    """Two digital papers, which need no OCR."""
    folder = tmp_path / "pile"
    for name in PDFS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SAMPLES / name, folder / name)
    return folder


def receive(world: World, *paths: Path, auto: bool = True, who: str = "clerk") -> Transfer:
    """Open and receive a transfer."""
    actor = world.actor(who)
    transfer = open_transfer(actor, name="测试批次", auto=auto, now=NOW)
    incoming, rejected = list_pile(paths)
    return receive_transfer(actor, transfer_id=transfer.id, incoming=incoming, rejected=rejected, now=NOW)


def work(world: World, transfer: Transfer) -> None:
    """Do what the jobs do."""
    service = world.actor("service")
    ids = list(Draft.objects.filter(transfer=transfer).order_by("number").values_list("id", flat=True))
    read_drafts(service, draft_ids=ids, clock=lambda: NOW)
    close_transfer(service, transfer_id=transfer.id, now=NOW)


def receipt(world: World, transfer: Transfer) -> dict[str, object]:
    return dict(receipt_of(world.actor("clerk"), transfer_id=transfer.id, indexed=len))


@pytest.mark.django_db(transaction=True)
def test_a_pile_is_filed_whole(world: World, pile: Path) -> None:
    transfer = receive(world, pile)
    work(world, transfer)
    said = receipt(world, transfer)
    assert (said["sent"], said["filed"], said["preserved"]) == (2, 2, 2), said
    items = list(Item.objects.order_by("archival_code"))
    assert [i.archival_code for i in items] == [
        i["archival_code"] for i in sorted(said["items"], key=lambda i: i["archival_code"])
    ]  # type: ignore[attr-defined, index]
    for item in items:
        component = item.components.get()
        original = (pile / component.name).read_bytes()
        assert read_content(item.id, component.path) == original
        description = read_description(item.id)
        assert description.title == item.title and description.codes[0].code == item.archival_code
        assert len(page_texts([item.id])[item.id]) == item.page_count > 0
    assert verify_packages(sample=None).ok
    sequence()
    filed = [e for e in entries_after(-1, 1000, ["file_drafts"])]
    assert sorted(e.subjects[0].id for e in filed) == sorted(i.id for i in items)
    assert "file_drafts" in [line.op for line in history(items[0].id)]
    assert Transfer.objects.get().state == "closed"


@pytest.mark.django_db(transaction=True)
def test_the_same_content_again_is_the_same_item(world: World, pile: Path) -> None:
    work(world, receive(world, pile))
    again = receive(world, pile)
    work(world, again)
    said = receipt(world, again)
    assert said["duplicates"] == 2 and said["filed"] == 0 and Item.objects.count() == 2
    assert all(i["archival_code"] and i["findings"][0]["code"] == "T-DU-01" for i in said["items"])  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
def test_two_batches_of_the_same_papers_meet_at_filing(world: World, pile: Path) -> None:
    first, second = receive(world, pile), receive(world, pile, who="archivist")
    work(world, first)
    work(world, second)
    assert Item.objects.count() == 2
    assert receipt(world, second)["duplicates"] == 2


@pytest.mark.django_db(transaction=True)
def test_without_auto_everything_waits_and_a_clerk_files_it(world: World, pile: Path) -> None:
    transfer = receive(world, pile, auto=False)
    work(world, transfer)
    draft = Draft.objects.filter(transfer=transfer, state="waiting").order_by("number").first()
    assert draft is not None and Item.objects.count() == 0
    clerk = world.actor("clerk")
    described = dataclasses.replace(Description.from_json(draft.description or ""), title="改过的题名")
    describe_draft(clerk, draft_id=draft.id, description=described, now=timezone.now())
    with pytest.raises(Conflict):
        describe_draft(clerk, draft_id=draft.id, description=described, now=timezone.now())
    file_drafts(world.actor("service"), draft_ids=[draft.id], now=NOW)
    assert Item.objects.get().title == "改过的题名"


@pytest.mark.django_db(transaction=True)
def test_a_description_that_cannot_be_is_refused(world: World, pile: Path) -> None:
    transfer = receive(world, pile, auto=False)
    work(world, transfer)
    draft = Draft.objects.filter(transfer=transfer).order_by("number").first()
    assert draft is not None
    bad = Description(kind="", series="XX", title=" ", year=3000)
    with pytest.raises(Invalid) as refused:
        describe_draft(world.actor("clerk"), draft_id=draft.id, description=bad, now=timezone.now())
    assert set(refused.value.params["fields"]) == {"kind", "series", "title", "year"}  # type: ignore[call-overload]


@pytest.mark.django_db(transaction=True)
def test_who_may_not_and_who_may_not_even_see(world: World, pile: Path) -> None:
    with pytest.raises(Refused):
        receive(world, pile, who="leader")
    transfer = receive(world, pile, auto=False)
    work(world, transfer)
    ids = list(Draft.objects.values_list("id", flat=True))
    with pytest.raises(Missing):
        return_drafts(world.actor("outsider"), draft_ids=ids, reason="不是我的", now=NOW)
    with pytest.raises(Refused):
        return_drafts(world.actor("audit_officer"), draft_ids=ids, reason="越权", now=NOW)
    return_drafts(world.actor("archivist"), draft_ids=ids, reason="缺签字页", now=NOW)
    assert receipt(world, transfer)["returned"] == 2


@pytest.mark.django_db(transaction=True)
def test_bad_files_are_named_and_the_rest_goes_on(world: World, pile: Path) -> None:
    (pile / "文字.pdf").write_text("这不是 PDF", encoding="utf-8")
    (pile / "空.jpg").write_bytes(b"")
    transfer = receive(world, pile)
    work(world, transfer)
    said = receipt(world, transfer)
    returned = {i["source"]: [f["code"] for f in i["findings"]] for i in said["items"] if i["state"] == "returned"}  # type: ignore[attr-defined]
    assert set(returned) == {"文字.pdf", "空.jpg"} and all(returned.values())
    assert said["filed"] == 2


@pytest.mark.django_db(transaction=True)
def test_papers_of_an_unknown_kind_wait(world: World, pile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take one kind's rules away: its papers must wait, not be filed."""
    kept = load_rules().without("unemployment_claim")
    assert len(kept.rules) == len(load_rules().rules) - 1
    monkeypatch.setattr(describing, "load_rules", lambda: kept)
    transfer = receive(world, pile)
    work(world, transfer)
    states = {i["source"]: i["state"] for i in receipt(world, transfer)["items"]}  # type: ignore[attr-defined]
    assert states == {PDFS[0]: "waiting", PDFS[1]: "filed"}


@pytest.mark.django_db(transaction=True)
def test_codes_have_no_gaps(world: World, pile: Path) -> None:
    work(world, receive(world, pile))
    codes = sorted(Item.objects.values_list("archival_code", flat=True))
    assert all(code.endswith("-000001") for code in codes), codes
