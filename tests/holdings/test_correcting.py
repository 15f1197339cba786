"""更正: what it changes, what it keeps, who may, and that packages and catalogue say the same at every moment."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils import timezone

from cunzhen.errors import Conflict, Invalid, Missing, Refused
from cunzhen.holdings import kinds
from cunzhen.holdings.changing import recorded_now
from cunzhen.holdings.corrections import Correction
from cunzhen.holdings.models import ArchivalCode, Item, Mention, Person, ScheduleRow
from cunzhen.holdings.operations import correct_items, file_items, preview_corrections, verify_catalogue
from cunzhen.holdings.queries import item_by_code
from cunzhen.holdings.rules import NamedPerson, NamedUnit
from cunzhen.holdings.undoing import undo_of
from cunzhen.ledger.models import LedgerEntry
from cunzhen.ledger.queries import history
from cunzhen.preservation.models import Package, PendingChange
from cunzhen.preservation.operations import fold_changes, verify_packages
from cunzhen.preservation.queries import content_paths, read_content, read_description
from tests.holdings.items import NUMBER, OTHER_NUMBER, USCC, file_some, new_item
from tests.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(days=1)
REASON = "著录时看错"


def correct(world: World, item: Item, who: str = "archivist", **fields: Any) -> Item:
    """One correction of one item as it is now; the item as it is then."""
    asked = Correction(item.id, Item.objects.get(id=item.id).version, **fields)
    correct_items(world.actor(who), corrections=[asked], reason=REASON, now=LATER)
    return Item.objects.select_related("fonds", "series", "schedule_row").get(id=item.id)


def assert_same_everywhere(world: World) -> None:
    """Catalogue, packages and their copies agree."""
    assert verify_packages().ok
    report = verify_catalogue(world.actor("archivist"), sample=None, now=LATER)
    assert (report.altered, report.missing, report.extra) == ((), (), ())


def test_plain_fields_are_corrected_in_row_package_and_ledger(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    old_mets = read_content(item.id, "mets.xml")
    after = correct(
        world, item, title="职工退休审批表", document_date="2019-04", security_level="restricted", case_number="受理-7",
        extra={"decision_number": "", "amount": "3,200.00"},
    )  # fmt: skip
    assert (after.version, after.archival_code) == (2, item.archival_code)
    assert (after.title, after.document_date, after.security_level) == ("职工退休审批表", "2019-04", "restricted")
    assert kinds.read_extra(after.extra) == {"amount": "3,200.00"}
    said = read_description(item.id)
    assert (said.title, said.date_precision, said.case_number, said.version) == ("职工退休审批表", "month", "受理-7", 2)
    assert [(e.op, e.detail) for e in said.events] == [("file_drafts", ""), ("correct_items", REASON)]
    package = Package.objects.get(id=item.id)
    assert package.version == "v2"
    assert set(content_paths(item.id)) == {"originals/0001.pdf", "text/pages.json", "mets.xml", "manifest-sm3.txt"}
    line = history(item.id)[-1]
    assert line.op == "correct_items" and line.detail is not None
    assert line.detail["reason"] == REASON
    assert line.detail["changes"]["title"] == ["企业职工退休审批表", "职工退休审批表"]
    assert line.detail["changes"]["extra.decision_number"] == ["临社审〔2019〕1号", ""]
    assert old_mets != read_content(item.id, "mets.xml")
    assert_same_everywhere(world)


def test_the_old_version_of_the_package_stays_as_it_was(world: World, tmp_path: Path) -> None:
    from cunzhen.preservation.queries import inventory_of, stores
    from cunzhen.preservation.rules import object_id

    [item] = file_some(world, tmp_path, 1)
    before = read_content(item.id, "mets.xml")
    correct(world, item, title="改过的题名")
    inventory = inventory_of(Package.objects.get(id=item.id))
    path, digest = inventory.content_path("mets.xml", "v1")
    for store in stores():
        stream = store.open_content(object_id(item.id), path, digest)
        assert stream is not None
        assert stream.read() == before
    assert inventory.versions["v2"].info.message == f"更正 {item.archival_code}"


def test_another_series_or_year_gives_the_next_code_and_keeps_the_old_one(world: World, tmp_path: Path) -> None:
    first, second, third = file_some(world, tmp_path, 3)
    moved = correct(world, second, year=2020, document_date="2020-01-02")
    assert moved.archival_code == "J019-ZY·SBYL·2020-000001"
    assert moved.retention_end is not None and moved.retention_end.year == 2070
    archivist = world.actor("archivist")
    assert item_by_code(archivist, second.archival_code).id == second.id  # findable by what it was called
    codes = list(ArchivalCode.objects.filter(item=second).order_by("id").values_list("code", "valid_to"))
    assert codes == [(second.archival_code, LATER), (moved.archival_code, None)]
    again = correct(world, third, year=2020, document_date="")
    assert again.archival_code == "J019-ZY·SBYL·2020-000002"
    [fresh] = file_items(
        world.actor("service"), items=[new_item(world, tmp_path, b"new", year=2020, document_date="")], now=LATER
    )
    assert fresh.archival_code == "J019-ZY·SBYL·2020-000003"  # no gap, no number twice
    said = read_description(second.id)
    assert [(c.code, c.valid_to) for c in said.codes] == codes
    back = correct(world, second, year=2019, document_date="2019-03-06")
    assert back.archival_code == second.archival_code  # it gets its own back; nobody else ever bore it
    assert item_by_code(archivist, moved.archival_code).id == second.id
    detail = history(second.id)[-1].detail
    assert detail is not None and (detail["old_code"], detail["code"]) == (moved.archival_code, back.archival_code)
    assert first.archival_code == Item.objects.get(id=first.id).archival_code
    assert_same_everywhere(world)


def test_series_schedule_row_and_term_follow_the_kind(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    kind = next(k for k in kinds.all_kinds().values() if k.category != "YL" and k.item)
    moved = correct(world, item, kind=kind.code)
    row = ScheduleRow.objects.get(schedule=world.fonds.schedule, category=kind.category, number=str(kind.item))
    assert (moved.series.code, moved.schedule_row_id, moved.term) == (kind.category, row.id, row.term)
    assert moved.archival_code == f"J019-ZY·SB{kind.category}·2019-000001"
    said = read_description(item.id)
    assert (said.series.code, said.kind_name, said.retention.row_id) == (kind.category, kind.name, row.id)
    assert_same_everywhere(world)


def test_a_term_is_confirmed_by_a_person_and_the_hold_is_lifted(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    assert item.hold_reason == "term_unconfirmed"
    confirmed = correct(world, item, term_confirmed=True)
    assert (confirmed.hold_reason, confirmed.term) == ("", "50")
    assert read_description(item.id).retention.confirmed
    other = correct(world, item, term="100")
    assert (other.term, other.hold_reason) == ("100", "term_unconfirmed")  # another term is nobody's word yet
    assert other.retention_end is not None and other.retention_end.year == 2119
    pending = correct(world, item, term="")
    assert (pending.hold_reason, pending.retention_end) == ("term_pending", None)
    with pytest.raises(Invalid, match="H-22") as refusal:
        correct(world, item, term_confirmed=True)
    assert "term_confirmed" in refusal.value.params["fields"]  # type: ignore[operator]
    assert_same_everywhere(world)


def test_filing_and_correcting_say_the_same_of_a_term_that_nobody_knows(world: World, tmp_path: Path) -> None:
    ScheduleRow.objects.update(term="", confirmed=True)
    [item] = file_some(world, tmp_path, 1)
    filed = read_description(item.id).retention
    assert (filed.term, filed.hold_reason, filed.confirmed) == ("", "term_pending", False)
    correct(world, item, term="30", term_confirmed=True)
    assert read_description(item.id).retention.confirmed
    correct(world, item, term="")
    assert read_description(item.id).retention == filed


def test_a_hold_of_another_kind_is_never_lifted_by_a_term(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    Item.objects.filter(id=item.id).update(hold_reason="litigation")
    assert correct(world, item, term="Y", term_confirmed=True).hold_reason == "litigation"


def test_persons_are_asserted_and_taken_back_and_nothing_is_erased(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    wrong = Mention.objects.get(item=item)
    correct(
        world, item, retracted=(wrong.id,), persons=(NamedPerson("张样本", OTHER_NUMBER, page=0),),
        units=(NamedUnit("临县晋昌纺织厂", USCC),),
    )  # fmt: skip
    wrong.refresh_from_db()
    assert (wrong.retracted_at, wrong.name, wrong.number) == (LATER, "薛玉梅", NUMBER)
    person, unit = Mention.objects.filter(item=item, retracted_at=None).order_by("id")
    assert (person.name, person.source, person.page, unit.name) == ("张样本", "correction", 0, "临县晋昌纺织厂")
    assert person.person_id not in {None, wrong.person_id} and unit.employer_id
    assert Person.objects.count() == 2
    said = read_description(item.id)
    assert [(m.name, m.retracted_at) for m in said.persons] == [("薛玉梅", LATER), ("张样本", None)]
    detail = history(item.id)[-1].detail
    assert detail is not None
    assert [m["name"] for m in detail["retracted"]] == ["薛玉梅"]
    assert {m["name"] for m in detail["asserted"]} == {"张样本", "临县晋昌纺织厂"}
    assert OTHER_NUMBER not in str(detail)
    with pytest.raises(Invalid, match="H-22"):  # it is taken back already
        correct(world, item, retracted=(wrong.id,))
    assert_same_everywhere(world)


def test_the_number_of_a_correction_is_nowhere_in_clear(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    correct(world, item, persons=(NamedPerson("张样本", OTHER_NUMBER),))
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{OTHER_NUMBER}%"])
            assert (table, cursor.fetchone()[0]) == (table, 0)


def test_somebody_was_faster(world: World, tmp_path: Path) -> None:
    one, two = file_some(world, tmp_path, 2)
    correct(world, one, title="先改的")
    asked = [Correction(one.id, 1, title="后改的"), Correction(two.id, 1, title="后改的")]
    with pytest.raises(Conflict, match="H-21") as refusal:
        correct_items(world.actor("reviewer"), corrections=asked, reason=REASON, now=LATER)
    assert refusal.value.params["items"] == {str(one.id): 2}
    assert {i.title for i in Item.objects.all()} == {"先改的", "企业职工退休审批表"}  # all or none


def test_only_archivists_and_reviewers_correct(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    for who in ("clerk", "leader", "system_officer", "security_officer", "audit_officer", "service"):
        with pytest.raises(Refused):
            correct(world, item, who, title="改")
    assert correct(world, item, "reviewer", title="改").title == "改"


def test_other_agencies_have_no_such_item(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    for fields in ({"title": "改"}, {"year": 2020}):
        with pytest.raises(Missing, match="H-01"):
            correct(world, item, "outsider", **fields)
    with pytest.raises(Missing):
        correct_items(
            world.actor("archivist"), corrections=[Correction(uuid4(), 1, title="改")], reason="错", now=LATER
        )
    assert not LedgerEntry.objects.filter(op="correct_items").exists()


BAD: list[tuple[str, dict[str, Any]]] = [
    ("title", {"title": "  "}),
    ("title", {"title": "题" * 301}),
    ("title", {"title": "退休\x07审批表"}),
    ("kind", {"kind": "no_such_kind"}),
    ("series", {"series": "??"}),
    ("year", {"year": 1800}),
    ("year", {"year": 2040}),
    ("document_date", {"document_date": "2019-02-30"}),
    ("document_date", {"document_date": "2014-02-03"}),
    ("document_date", {"year": 2010}),
    ("term", {"term": "7"}),
    ("schedule_row", {"schedule_row_id": UUID(int=7)}),
    ("security_level", {"security_level": "绝密"}),
    ("case_number", {"case_number": "7" * 81}),
    ("extra.decision_number", {"extra": {"decision_number": "号" * 501}}),
    ("persons-0-id_number", {"persons": (NamedPerson("张样本", "11010119000101002X"),)}),
    ("persons-0-name", {"persons": (NamedPerson(""),)}),
    ("persons-0-page", {"persons": (NamedPerson("张样本", page=1),)}),
    ("units-0-uscc", {"units": (NamedUnit("某厂", "123"),)}),
    ("retracted", {"retracted": (UUID(int=9),)}),
]


def test_what_cannot_be_accepted_changes_nothing(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    for field, asked in BAD:
        with pytest.raises(Invalid, match="H-22") as refusal:
            correct(world, item, **asked)
        fields: Any = refusal.value.params["fields"]
        assert field in fields and refusal.value.params["items"] == {str(item.id): fields}
        assert refusal.value.params["fields_en"].keys() == fields.keys()  # type: ignore[attr-defined]
    assert Item.objects.get(id=item.id).version == 1
    assert Package.objects.get(id=item.id).version == "v1"


def test_asking_wrongly(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    archivist, one = world.actor("archivist"), Correction(item.id, 1, title="改")
    for code, corrections, reason in (
        ("H-20", [one], "  "),
        ("H-20", [one], "由" * 501),
        ("H-23", [Correction(item.id, 1, title=item.title)], REASON),
        ("H-23", [], REASON),
        ("H-25", [Correction(uuid4(), 1) for _ in range(10_001)], REASON),
        ("H-26", [one, one], REASON),
    ):
        with pytest.raises(Invalid, match=code):
            correct_items(archivist, corrections=corrections, reason=reason, now=LATER)


def test_a_package_that_says_otherwise_is_not_built_upon(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    Item.objects.filter(id=item.id).update(version=5)
    with pytest.raises(Conflict, match="H-24"):
        correct(world, item, title="改")
    assert Item.objects.get(id=item.id).title == item.title


def test_fifty_one_write_one_change_set_and_read_the_same(world: World, tmp_path: Path) -> None:
    items = file_some(world, tmp_path, 52)
    asked = [Correction(i.id, 1, case_number="批-9", year=2020, document_date="") for i in items]
    asked[-1] = Correction(items[-1].id, 1, title=items[-1].title)  # already as asked
    done = correct_items(world.actor("reviewer"), corrections=asked, reason=REASON, now=LATER)
    assert (done.changed_count, done.items[-1].is_changed, done.items[-1].version) == (51, False, 1)
    assert done.change_set_id is not None
    assert [i.archival_code[-11:] for i in done.items[:2]] == ["2020-000001", "2020-000002"]
    assert Package.objects.get(id=done.change_set_id).kind == "changes"
    assert set(Package.objects.filter(kind="item").values_list("version", flat=True)) == {"v1"}
    assert PendingChange.objects.count() == 51
    said = read_description(items[0].id)
    assert (said.case_number, said.year, said.version, said.codes[-1].code) == (
        "批-9",
        2020,
        2,
        done.items[0].archival_code,
    )
    assert_same_everywhere(world)
    detail = history(items[0].id)[-1].detail
    assert detail is not None and detail["change_set"] == str(done.change_set_id)


def test_folding_puts_them_into_the_packages_once(world: World, tmp_path: Path) -> None:
    items = file_some(world, tmp_path, 51)
    archivist, service = world.actor("archivist"), world.actor("service")
    done = correct_items(
        archivist, corrections=[Correction(i.id, 1, case_number="批-9") for i in items], reason=REASON, now=LATER
    )
    assert done.change_set_id is not None
    again = correct_items(
        archivist, corrections=[Correction(i.id, 2, title="两次") for i in items], reason=REASON, now=LATER
    )
    assert again.change_set_id is not None
    before = [read_description(i.id) for i in items]
    assert fold_changes(service, change_set_id=done.change_set_id, clock=timezone.now) == 51
    assert PendingChange.objects.count() == 0  # the second set went in with the first
    assert fold_changes(service, change_set_id=again.change_set_id, clock=timezone.now) == 0
    assert [read_description(i.id) for i in items] == before
    assert set(Package.objects.filter(kind="item").values_list("version", flat=True)) == {"v2"}
    inventory = _inventory(items[0].id)
    assert inventory.versions["v2"].info.message == f"并入变更集 {done.change_set_id}、{again.change_set_id}"
    assert [line.op for line in history(items[0].id)] == [
        "file_drafts",
        "correct_items",
        "correct_items",
        "fold_changes",
    ]
    assert_same_everywhere(world)


def _inventory(item_id: UUID) -> Any:
    from cunzhen.preservation.queries import inventory_of

    return inventory_of(Package.objects.get(id=item_id))


def test_a_single_correction_takes_in_what_waits(world: World, tmp_path: Path) -> None:
    items = file_some(world, tmp_path, 51)
    archivist = world.actor("archivist")
    done = correct_items(
        archivist, corrections=[Correction(i.id, 1, case_number="批-9") for i in items], reason=REASON, now=LATER
    )
    after = correct(world, items[0], title="单独再改")
    assert after.version == 3
    said = read_description(items[0].id)
    assert (said.title, said.case_number, said.version) == ("单独再改", "批-9", 3)
    assert PendingChange.objects.count() == 50
    assert done.change_set_id is not None
    assert fold_changes(world.actor("service"), change_set_id=done.change_set_id, clock=timezone.now) == 50
    assert read_description(items[0].id) == said
    assert_same_everywhere(world)


def test_one_bad_package_does_not_keep_the_others_from_being_folded(world: World, tmp_path: Path) -> None:
    from cunzhen.errors import Unavailable
    from cunzhen.preservation.models import PackageCopy

    items = file_some(world, tmp_path, 51)
    done = correct_items(
        world.actor("archivist"),
        corrections=[Correction(i.id, 1, case_number="批-9") for i in items],
        reason="错",
        now=LATER,
    )
    assert done.change_set_id is not None
    PackageCopy.objects.filter(package_id=items[3].id).update(state="damaged")
    with pytest.raises(Unavailable, match="P-74"):
        fold_changes(world.actor("service"), change_set_id=done.change_set_id, clock=timezone.now)
    assert list(PendingChange.objects.values_list("package_id", flat=True)) == [items[3].id]
    assert read_description(items[3].id).case_number == "批-9"  # it waits and is read all the same
    PackageCopy.objects.filter(package_id=items[3].id).update(state="kept")
    assert fold_changes(world.actor("service"), change_set_id=done.change_set_id, clock=timezone.now) == 1
    with pytest.raises(Refused):
        fold_changes(world.actor("archivist"), change_set_id=done.change_set_id, clock=timezone.now)
    assert_same_everywhere(world)


def undo(world: World, item: Item, line: int = -1) -> tuple[str, ...]:
    """Take back the correction that a line of the history records; the fields that were left."""
    found = undo_of(world.actor("reviewer"), item_id=item.id, entry_id=history(item.id)[line].entry_id)
    correct_items(world.actor("reviewer"), corrections=[found.correction], reason="改错了", now=LATER)
    return found.left


def facts(item: Item) -> dict[str, Any]:
    """What a correction can change, without the version."""
    row = Item.objects.select_related("series", "schedule_row").get(id=item.id)
    mentions = Mention.objects.filter(item=item, retracted_at=None).order_by("name")
    said = [(m.name, m.number, m.page, m.box, m.person_id) for m in mentions]
    return {**dataclasses.asdict(recorded_now(row)), "code": row.archival_code, "end": row.retention_end, "said": said}


def test_a_correction_is_taken_back_whole(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    mention = Mention.objects.get(item=item)
    other = next(k for k in kinds.all_kinds().values() if k.category != "YL" and k.item)
    for fields in (
        {"title": "错", "case_number": "7", "extra": {"decision_number": "", "amount": "3"}},
        {"kind": other.code, "year": 2018, "document_date": ""},
        {"kind": other.code},
        {"term": "30", "term_confirmed": True},
        {"term_confirmed": True},
        {"term": "", "security_level": "public"},
        {"retracted": (mention.id,), "persons": (NamedPerson("张样本", OTHER_NUMBER, page=0),)},
    ):
        before = facts(item)
        correct(world, item, **fields)
        assert facts(item) != before
        assert undo(world, item) == ()
        assert facts(item) == before
        mention = Mention.objects.get(item=item, retracted_at=None)
    assert_same_everywhere(world)


def test_what_was_corrected_again_is_left(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    correct(world, item, title="第一次", case_number="7")
    correct(world, item, title="第二次")
    assert undo(world, item, 1) == ("title",)
    after = Item.objects.get(id=item.id)
    assert (after.title, after.case_number) == ("第二次", "")
    for entry in (history(item.id)[0].entry_id, uuid4()):
        with pytest.raises(Missing, match="H-27"):
            undo_of(world.actor("reviewer"), item_id=item.id, entry_id=entry)
    line = history(item.id)[1].entry_id
    with pytest.raises(Missing, match="H-01"):
        undo_of(world.actor("outsider"), item_id=item.id, entry_id=line)
    with pytest.raises(Refused):
        undo_of(world.actor("clerk"), item_id=item.id, entry_id=line)


def test_a_preview_says_what_would_change_and_changes_nothing(world: World, tmp_path: Path) -> None:
    one, two = file_some(world, tmp_path, 2)
    asked = [Correction(one.id, 1, year=2018, document_date=""), Correction(two.id, 1, title=two.title)]
    first, second = preview_corrections(world.actor("archivist"), corrections=asked, now=LATER)
    assert (first.moves, first.is_changed, second.is_changed) == (True, True, False)
    assert {d.name: (d.before, d.after) for d in first.differences} == {
        "year": ("2019", "2018"),
        "document_date": ("2019-03-06", ""),
        "retention_end": ("2069-12-31", "2068-12-31"),
    }
    assert Item.objects.get(id=one.id).version == 1
    with pytest.raises(Refused):
        preview_corrections(world.actor("clerk"), corrections=asked, now=LATER)


def test_a_retracted_person_can_be_asserted_again(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    mention = Mention.objects.get(item=item)
    correct(world, item, retracted=(mention.id,))
    assert not Mention.objects.filter(item=item, retracted_at=None).exists()
    back = NamedPerson(mention.name, mention.number or "", page=mention.page, box=tuple(mention.box or ()))
    correct(world, item, persons=(back,))
    again = Mention.objects.get(item=item, retracted_at=None)
    assert (again.person_id, again.box) == (mention.person_id, mention.box)
    assert dataclasses.asdict(back)["name"] == again.name
