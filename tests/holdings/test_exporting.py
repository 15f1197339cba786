"""Lists of items that leave the house: what is in them, who may have them, what the ledger says of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cunzhen.errors import Invalid, Refused
from cunzhen.holdings import rules
from cunzhen.holdings.models import Item
from cunzhen.holdings.operations import export_items, exporting
from cunzhen.holdings.queries import listed_items
from cunzhen.holdings.rules import ItemFilter, check_export
from cunzhen.ledger.models import LedgerDetail, LedgerEntry
from cunzhen.ledger.queries import entries_after
from tests.access.filed import file_papers, page
from tests.web.papers import COVERED, NUMBER, PERSON
from tests.world import NOW, World

pytestmark = pytest.mark.django_db
EVERYTHING = ItemFilter()


def _file(world: World, folder: Path, count: int, **more: object) -> Sequence[object]:
    folder.mkdir(exist_ok=True)
    papers = [[page("退休审批表")]] * count
    return file_papers(world, folder, papers, person=PERSON, number=NUMBER, **more)  # type: ignore[arg-type]


def test_export_items_holds_the_filtered_list_with_covered_numbers(world: World, tmp_path: Path) -> None:
    _file(world, tmp_path, 3, year=2019)
    _file(world, tmp_path, 2, year=2008)
    _file(world, tmp_path, 1, who="outsider")
    leader = world.actor("leader")
    everything = export_items(leader, chosen=EVERYTHING, form="csv", now=NOW)
    rows = list(everything.rows)
    assert everything.count == len(rows) == 5
    assert [r.id for r in rows] == list(
        Item.objects.filter(fonds=world.fonds).order_by("-id").values_list("id", flat=True)
    )
    assert {r.persons for r in rows} == {((PERSON, COVERED),)} and all(r.units for r in rows)
    old = export_items(leader, chosen=ItemFilter(year=2008, kind="retirement_approval"), form="xlsx", now=NOW)
    assert old.count == 2 and {r.year for r in old.rows} == {2008}
    assert export_items(leader, chosen=ItemFilter(year=0), form="csv", now=NOW).count == 0


def test_the_ledger_says_how_many_and_seals_what_was_asked(world: World, tmp_path: Path) -> None:
    _file(world, tmp_path, 2)
    export_items(world.actor("reviewer"), chosen=ItemFilter(year=2019, code="x"), form="csv", now=NOW)
    export_items(world.actor("reviewer"), chosen=ItemFilter(year=2019), form="csv", now=NOW)
    entries = LedgerEntry.objects.filter(op="export_items").order_by("id")
    assert [e.actor_id for e in entries] == [world.reviewer.id] * 2
    assert all(b"2019" not in bytes(d.sealed) for d in LedgerDetail.objects.filter(entry__op="export_items"))
    from cunzhen.ledger.queries import _detail

    details = [_detail(d.sealed) for d in LedgerDetail.objects.filter(entry__op="export_items").order_by("entry_id")]
    assert [d and d["count"] for d in details] == [0, 2]
    assert details[1] and details[1]["filter"] == {
        "year": 2019, "series": "", "kind": "", "term": None, "code": "", "held": False,
    }  # fmt: skip
    assert entries_after(-1, 10) == []


@pytest.mark.parametrize("who", ["clerk", "service", "system_officer", "security_officer", "audit_officer"])
def test_others_take_nothing_out(world: World, tmp_path: Path, who: str) -> None:
    with pytest.raises(Refused, match="A-01"):
        export_items(world.actor(who), chosen=EVERYTHING, form="csv", now=NOW)
    assert not LedgerEntry.objects.filter(op="export_items").exists()


def test_more_than_can_be_taken_out_is_said_before_anything_is(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _file(world, tmp_path, 3)
    monkeypatch.setattr(exporting, "MOST_EXPORTED", 2)
    monkeypatch.setattr(rules, "MOST_EXPORTED", 2)
    with pytest.raises(Invalid, match="H-08"):
        export_items(world.actor("leader"), chosen=EVERYTHING, form="csv", now=NOW)
    assert not LedgerEntry.objects.filter(op="export_items").exists()
    check_export(2)


def test_rows_are_read_by_key_and_what_is_filed_meanwhile_stays_out(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _file(world, tmp_path, 7)
    monkeypatch.setattr(exporting, "_AT_ONCE", 3)
    export = export_items(world.actor("leader"), chosen=EVERYTHING, form="csv", now=NOW)
    first = next(export.rows)
    _file(world, tmp_path, 1)
    with CaptureQueriesContext(connection) as asked:
        rest = list(export.rows)
    assert len({first.id, *(r.id for r in rest)}) == 7 == export.count
    assert not [q for q in asked.captured_queries if "OFFSET" in q["sql"]]
    assert len(asked) <= 2 + 3 * 3, "three queries for each part and no more"


def test_every_narrowing_of_a_list_is_served_by_an_index(world: World, tmp_path: Path) -> None:
    """With many rows the planner must not read the whole table to find the first page.

    What a planner would choose over a handful of rows is chance; it sorts here only where no index has the order.
    """
    _file(world, tmp_path, 1)
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    actor = world.actor("leader")
    for chosen in (EVERYTHING, ItemFilter(year=2019), ItemFilter(kind="x"), ItemFilter(term=""), ItemFilter(held=True)):
        for order in ("-id", "archival_code", "-document_date") if chosen == EVERYTHING else ("-id",):
            _, (part,) = listed_items(actor, chosen)
            keys = [order] if order == "-id" else [order, ("-" if order[0] == "-" else "") + "id"]
            plan = part.select_related(None).order_by(*keys)[:51].explain()
            assert "Sort" not in plan, (chosen, order, plan)
