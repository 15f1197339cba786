"""A catalogue that has lived: several fonds and stores, persons under several names, corrections of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from uuid_utils.compat import uuid7

from cunzhen.accounts.models import Agency
from cunzhen.accounts.operations import found_agency
from cunzhen.accounts.queries import service_actor
from cunzhen.formats.digests import digest_file
from cunzhen.formats.page_text import PageText, Word
from cunzhen.holdings.corrections import Correction
from cunzhen.holdings.models import Fonds, Item, Mention, RetentionSchedule, Series
from cunzhen.holdings.operations import (
    add_renditions,
    correct_items,
    file_items,
    found_fonds,
    set_store_policy,
)
from cunzhen.holdings.operations.renditions import NewRendition
from cunzhen.holdings.rules import NamedPerson, NamedUnit, NewComponent, NewPage
from cunzhen.ledger.operations import sequence
from cunzhen.preservation.models import Package, PendingChange
from cunzhen.preservation.operations import fold_changes
from tests.holdings.items import NUMBER, OTHER_NUMBER, USCC, new_item
from tests.world import NOW, World

LATER, STILL_LATER = NOW + timedelta(days=1), NOW + timedelta(days=2)
BULK = 51  # one more than go into their packages at once
REASON = "著录时看错"


@dataclass(frozen=True)
class Life:
    """What there is to compare: items of the world's fonds, of a town's below it, and of the neighbour's."""

    world: World
    town: Agency
    town_fonds: Fonds
    items: Sequence[UUID]

    def actor(self) -> Any:
        """The machine, for the agency and those below it."""
        return service_actor(self.world.agency)


def live(world: World, folder: Path) -> Life:
    """Make it; two stores must be configured. Some corrections are folded, some still wait."""
    town = found_agency(
        name="白文镇社会保障所", region_code="141124102", valid_from=date(2012, 7, 1), now=NOW, parent=world.agency
    )
    schedule = RetentionSchedule.objects.get()
    town_fonds = found_fonds(
        keeper=town, code="J020", name="白文镇社会保障所", schedule=schedule, actor_id=world.agency.id, now=NOW
    )
    one_store = Series.objects.get(fonds=world.fonds, code="SB")
    set_store_policy(
        world.actor("system_officer"), series_id=one_store.id, stores=[next(iter(settings.STORES))], now=NOW
    )
    items = _file(world, town_fonds, folder)
    _correct(world, items)
    _rendition(world, folder, items[2])
    while sequence():
        pass
    return Life(world, town, town_fonds, items)


def _file(world: World, town_fonds: Fonds, folder: Path) -> list[UUID]:
    actor = service_actor(world.agency)
    persons = (NamedPerson("薛玉梅", NUMBER, page=0, box=(1, 2, 3, 4)), NamedPerson("某某"))
    units = (NamedUnit("临县晋昌纺织厂", USCC, page=0), NamedUnit("临县农机站"), NamedUnit("临县纺织厂", USCC))
    first = [
        new_item(world, folder, b"first %d" % n, persons=persons, units=units, extra={"decision_number": f"{n}号"})
        for n in range(BULK + 3)
    ]
    second = [
        new_item(world, folder, b"pages", **_two_files(folder), persons=(NamedPerson("薛玉枚", NUMBER, page=1),)),
        new_item(world, folder, b"pending", kind="other", series="GL", title="其他材料 \U000f0000𬛃", extra={}),
        new_item(world, folder, b"unemployment", series="SB", kind="unemployment_benefit_approval", year=2020,
                 document_date="2020", persons=(NamedPerson("冯志强", OTHER_NUMBER),)),
        new_item(world, folder, b"town", fonds_id=town_fonds.id, persons=persons),
        new_item(world, folder, b"bare", persons=(), units=(), extra={}, document_date="", pages=()),
    ]  # fmt: skip
    filed = [*file_items(actor, items=first, now=NOW), *file_items(actor, items=second, now=LATER)]
    there = new_item(world, folder, b"first 1", fonds_id=world.neighbour_fonds.id)
    file_items(service_actor(world.neighbour), items=[there], now=LATER)
    return [one.id for one in filed]


def _two_files(folder: Path) -> dict[str, Any]:
    """One item of two files and three pages, one of them blank."""
    components = []
    for name, content in (("正面.TIF", b"front"), ("背面 \u202etxt.tif", b"back")):
        path = folder / f"{content.decode()}.tif"
        path.write_bytes(content)
        digests = digest_file(path)
        components.append(
            NewComponent(uuid7(), path, name, digests.size, digests.sha256, digests.sm3, digests.sha512, "fmt/353",
                         "image/tiff", "TIFF")
        )  # fmt: skip
    words = (Word("退休审批表", (1, 2, 30, 12), 0.991234, 0), Word("薛玉枚\U0002b740", (1, 20, 30, 32), 0.5, 1))
    texts = [
        PageText(2480, 3508, 90, -1.23456, False, words, "reader-1"),
        PageText(2480, 3508, 0, 0.1, True, (), "reader-1"),
        PageText(1240, 1754, 270, 0.0, False, words[:1], "pdf"),
    ]
    pages = tuple(NewPage(uuid7(), n // 2, n % 2, text) for n, text in enumerate(texts))
    return {"components": tuple(components), "pages": pages}


def _correct(world: World, items: Sequence[UUID]) -> None:
    """At once; by a change-set that is folded; by one that still waits, upon which another waits."""
    actor = world.actor("archivist")

    def correct(ids: Sequence[UUID], now: Any, **fields: Any) -> None:
        versions = dict(Item.objects.filter(id__in=ids).values_list("id", "version"))
        asked = [Correction(one, versions[one], **fields) for one in ids]
        correct_items(actor, corrections=asked, reason=REASON, now=now)

    named = NamedPerson("薛 玉梅", NUMBER, page=0)
    retracted = Mention.objects.filter(item_id=items[0], name="某某").values_list("id", flat=True)
    correct(
        items[:1],
        LATER,
        title="更正后的题名",
        year=2018,
        document_date="2018",
        persons=(named,),
        retracted=tuple(retracted),
    )
    correct(
        items[1:2],
        LATER,
        units=(NamedUnit("临县第二纺织厂"),),
        term="Y",
        term_confirmed=True,
        security_level="restricted",
    )
    correct(items[2 : 2 + BULK], LATER, case_number="批-9")
    change_set = Package.objects.get(kind=Package.Kind.CHANGES).id
    fold_changes(service_actor(world.agency), change_set_id=change_set, clock=lambda: STILL_LATER)
    assert not PendingChange.objects.exists()
    correct(items[1 : 1 + BULK], STILL_LATER, year=2020, document_date="2020-05", extra={"amount": "3,200.00"})
    correct(items[1 : 1 + BULK], STILL_LATER, persons=(NamedPerson("梁样本"),))
    assert PendingChange.objects.count() == 2 * BULK


def _rendition(world: World, folder: Path, item: UUID) -> None:
    made = folder / "made.pdf"
    made.write_bytes(b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
    file = NewRendition(made, "长期保存.pdf", "长期保存格式", 1)
    add_renditions(world.actor("archivist"), item_id=item, files=[file], now=STILL_LATER)
