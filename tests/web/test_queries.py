"""No page asks the database more often because there is more to show."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cunzhen.access.operations import follow_ledger, search_items
from cunzhen.capture.models import Draft, Finding, Transfer, Upload
from cunzhen.capture.rules import Description
from cunzhen.holdings.rules import NamedPerson, NamedUnit
from cunzhen.ledger.operations import sequence
from tests.web.client import Browser
from tests.web.conftest import Sit
from tests.web.papers import BENEFIT, filed, opened, waiting
from tests.world import NOW, World

pytestmark = pytest.mark.django_db


def _queries(browser: Browser, address: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        browser.get(address)
    return [q["sql"] for q in asked.captured_queries]


def _same(browser: Browser, address: Callable[[], str], grow: Callable[[int], None]) -> None:
    """The page asks as often with 20 as with 2."""
    grow(2)
    browser.get(address())
    few = _queries(browser, address())
    grow(18)
    many = _queries(browser, address())
    assert len(few) == len(many), "\n".join(q[:160] for q in many if q not in few)


def _drafts(transfer: Transfer, count: int, state: str) -> None:
    start = Draft.objects.filter(transfer=transfer).count()
    for number in range(start + 1, start + count + 1):
        draft = Draft.objects.create(
            transfer=transfer, number=number, name=f"{number}.pdf", state=state, content_sha256=uuid.uuid4().hex,
            title="退休审批表", changed_at=NOW, item_id=uuid.uuid4() if state == "filed" else None,
            archival_code=f"J019-{number}",
        )  # fmt: skip
        Finding.objects.create(transfer=transfer, draft=draft, code="T-RT-01", params={"reason": "缺页"}, found_at=NOW)
    Transfer.objects.filter(id=transfer.id).update(state="working", received_at=NOW)


@pytest.mark.parametrize("address", ["/", "/transfers/"])
def test_transfers(sit: Sit, world: World, address: str) -> None:
    def grow(count: int) -> None:
        for _ in range(count):
            transfer = opened(world)
            for state in ("waiting", "returned", "filed"):
                _drafts(transfer, 1, state)
            search_items(world.actor("archivist"), query="退休", now=NOW)

    _same(sit("archivist"), lambda: address, grow)


@pytest.mark.parametrize("part", ["", "receipt/"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_one_transfer(sit: Sit, world: World, part: str, language: str) -> None:
    transfer = opened(world)

    def grow(count: int) -> None:
        for state in ("waiting", "returned", "filed", "received"):
            _drafts(transfer, count, state)

    _same(sit("archivist").speak(language), lambda: f"/transfers/{transfer.id}/{part}", grow)


def test_uploads(sit: Sit, world: World) -> None:
    transfer = opened(world)

    def grow(count: int) -> None:
        for _ in range(count):
            Upload.objects.create(transfer=transfer, path=f"{uuid.uuid4()}.pdf", size=10, offset=10, created_at=NOW)

    _same(sit("clerk"), lambda: f"/transfers/{transfer.id}/", grow)


def test_describing(sit: Sit, world: World, tmp_path: Path) -> None:
    (draft,) = waiting(world, tmp_path, BENEFIT)

    def grow(count: int) -> None:
        before = Description.from_json(Draft.objects.get(id=draft.id).description or "")
        more = Description(
            before.kind, before.series, before.title, before.year,
            persons=(*before.persons, *(NamedPerson(f"甲{n}") for n in range(count))),
            units=(*before.units, *(NamedUnit(f"厂{n}") for n in range(count))),
        )  # fmt: skip
        Draft.objects.filter(id=draft.id).update(description=more.to_json())
        _drafts(opened(world), count, "waiting")

    _same(sit("clerk"), lambda: f"/describe/{draft.id}/", grow)


def test_items(sit: Sit, world: World, tmp_path: Path) -> None:
    _same(sit("clerk"), lambda: "/items/", lambda count: filed(world, tmp_path, count) and None)


@pytest.mark.parametrize("tab", ["summary", "text", "keeping", "history"])
def test_one_item(sit: Sit, world: World, tmp_path: Path, tab: str) -> None:
    found = []

    def grow(count: int) -> None:
        found[:] = filed(world, tmp_path, 1, pages=count)
        sequence()

    _same(sit("clerk"), lambda: f"/items/{found[0]}/?tab={tab}", grow)


def test_results(sit: Sit, world: World, tmp_path: Path) -> None:
    search = search_items(world.actor("clerk"), query="退休审批表", now=NOW)

    def grow(count: int) -> None:
        filed(world, tmp_path, count)
        sequence()
        follow_ledger()

    _same(sit("clerk"), lambda: f"/search/{search.id}/", grow)


def test_earlier_searches(sit: Sit, world: World) -> None:
    def grow(count: int) -> None:
        for _ in range(count):
            search_items(world.actor("clerk"), query="退休", now=NOW)

    _same(sit("clerk"), lambda: "/search/", grow)


def test_the_ledger(sit: Sit, world: World, tmp_path: Path) -> None:
    def grow(count: int) -> None:
        filed(world, tmp_path, count)
        sequence()

    _same(sit("audit_officer"), lambda: "/ledger/", grow)
