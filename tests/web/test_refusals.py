"""Asking for what one may not do: the answer tells nothing, the ledger is told, and cannot be flooded."""

from __future__ import annotations

from uuid import UUID

import pytest

from cunzhen.accounts.models import Refusal
from cunzhen.ledger.models import LedgerEntry
from cunzhen.ledger.queries import history
from tests.api.doors import Door
from tests.web.conftest import Sit
from tests.world import World

pytestmark = pytest.mark.django_db


def _told(user_id: UUID) -> list[object]:
    return [(line.detail or {}).get("operation") for line in history(user_id) if line.op == "refuse"]


@pytest.mark.parametrize(
    ("who", "method", "address", "operation"),
    [
        ("clerk", "get", "/ledger/", "view_ledger"),
        ("leader", "get", "/describe/", "describe_draft"),
        ("leader", "get", "/transfers/new/", "open_transfer"),
        ("audit_officer", "get", "/items/", "view_item"),
        ("audit_officer", "get", "/search/", "search_items"),
        ("system_officer", "get", "/transfers/", "view_transfer"),
        ("clerk", "post", "/items/export/", "export_items"),
        ("clerk", "get", "/ledger/tile/entries/000.p/1", "view_ledger"),
    ],
)
def test_a_refused_page_leaves_an_entry(
    sit: Sit, world: World, who: str, method: str, address: str, operation: str
) -> None:
    browser = sit(who)
    for _ in range(3):
        answer = browser.raw(method, address, **({"data": browser.token()} if method == "post" else {}))
        assert answer.status_code == 404
    assert _told(getattr(world, who).id) == [operation]


def test_a_refused_upload_leaves_an_entry(sit: Sit, world: World) -> None:
    leader = sit("leader")
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": "1",
        "Upload-Metadata": "transfer " + "MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw",
    }
    headers["X-CSRFToken"] = leader.token()["csrfmiddlewaretoken"]
    assert leader.raw("post", "/uploads/", headers=headers).status_code == 404
    assert _told(world.leader.id) == ["add_files"]


def test_the_answer_is_the_one_for_what_is_not_there(sit: Sit, world: World) -> None:
    assert sit("clerk").get("/ledger/", 404).text == sit("clerk").get("/no-such-page/", 404).text


def test_what_is_not_there_and_what_is_wrong_leave_none(sit: Sit, world: World) -> None:
    clerk = sit("clerk")
    clerk.get(f"/items/{UUID(int=7)}/", 404)
    clerk.get("/no-such-page/", 404)
    clerk.submit(clerk.get("/transfers/new/"), "main form", 422, name="", year="x")
    sit("").raw("get", "/ledger/tile/entries/000.p/1")
    sit("").raw("get", "/items/")
    assert not LedgerEntry.objects.filter(op="refuse").exists()


def test_a_program_that_may_not_leaves_an_entry(world: World) -> None:
    door = Door(world)
    for _ in range(3):
        assert door.get("/transfers", who="audit_officer").json()["code"] == "A-01"
    assert _told(world.audit_officer.id) == ["view_transfer"]
    assert door.get("/items", who="audit_officer").status_code == 403
    assert sorted(map(str, _told(world.audit_officer.id))) == ["view_item", "view_transfer"]


def test_a_flood_fills_neither_ledger_nor_table(sit: Sit, world: World) -> None:
    clerk = sit("clerk")
    for _ in range(50):
        clerk.raw("get", "/ledger/")
    assert LedgerEntry.objects.filter(op="refuse").count() == Refusal.objects.count() == 1
