"""What was corrected is found as it is now, and by the archival codes it bore."""

from __future__ import annotations

from pathlib import Path

import pytest

from cunzhen.access.operations import follow_ledger, search_items
from cunzhen.access.queries import compare_index, results
from cunzhen.holdings.corrections import Correction
from cunzhen.holdings.models import Item, Mention
from cunzhen.holdings.operations import correct_items
from cunzhen.holdings.rules import NamedPerson
from cunzhen.ledger.operations import sequence
from tests.access.filed import file_papers, page
from tests.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)


def found(world: World, query: str) -> list[str]:
    """Titles that a search finds once the index has followed."""
    while sequence():
        pass
    while follow_ledger():
        pass
    actor = world.actor("archivist")
    search = search_items(actor, query=query, now=NOW)
    return [hit.title for hit in results(actor, search.id).hits]


def test_the_index_follows_a_correction(world: World, tmp_path: Path) -> None:
    [filed] = file_papers(world, tmp_path, [[page("企业职工 退休")]], title="退休审批表", person="薛玉梅")
    assert found(world, "name:薛玉梅") == ["退休审批表"]
    wrong = Mention.objects.get(item_id=filed.id, kind="person")
    asked = Correction(
        filed.id, 1, title="提前退休审批表", year=2018, document_date="", retracted=(wrong.id,),
        persons=(NamedPerson("薛玉枚"),),
    )  # fmt: skip
    correct_items(world.actor("reviewer"), corrections=[asked], reason="看错", now=NOW)
    assert found(world, "name:薛玉梅") == []
    assert found(world, "name:薛玉枚") == ["提前退休审批表"]
    assert found(world, "year:2018") == ["提前退休审批表"]
    assert found(world, "year:2019") == []
    now = Item.objects.get(id=filed.id)
    assert now.archival_code != filed.archival_code
    for code in (now.archival_code, filed.archival_code):
        assert found(world, f"code:{code}") == ["提前退休审批表"]
    report = compare_index()
    assert (report.missing, report.extra) == ((), ())


def test_the_index_follows_a_change_set_item_by_item(world: World, tmp_path: Path) -> None:
    filed = file_papers(world, tmp_path, [[page(f"第{n}件")] for n in range(51)])
    asked = [Correction(f.id, 1, title="批量更正") for f in filed]
    assert correct_items(world.actor("archivist"), corrections=asked, reason="统一", now=NOW).change_set_id
    assert set(found(world, "year:2019")) == {"批量更正"}
