"""The reconciler: whatever is changed past the program is found in one round and can be mended; nothing else is."""

from __future__ import annotations

import os
import random
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from cunzhen.accounts.queries import service_actor
from cunzhen.errors import Conflict, Missing, Refused
from cunzhen.holdings import registry
from cunzhen.holdings.models import Fonds, Item, Mention, Page, PersonIdentifier, Series
from cunzhen.holdings.operations import file_items, found_fonds, mend_catalogue, verify_catalogue
from cunzhen.holdings.operations.verifying import CatalogueReport
from cunzhen.holdings.queries import page_texts
from cunzhen.holdings.verdicts import WORDS
from cunzhen.keys.sealing import seal
from cunzhen.ledger.queries import history
from cunzhen.preservation.models import Package, PackageCopy
from tests.holdings.catalogue import everything
from tests.holdings.items import file_some, new_item
from tests.holdings.life import Life, live
from tests.holdings.test_rebuilding import flip, folder_of
from tests.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)
SEED = int(os.environ.get("CUNZHEN_SEED", "20261122"))
FULL = os.environ.get("CUNZHEN_FAULTS") == "full"
# Tables whose every row follows from packages, and the columns that do not: their keys, and states of checks.
FOLLOWS = {
    "accounts_agency": set[str](),
    "holdings_retentionschedule": set[str](),
    "holdings_schedulerow": set[str](),
    "holdings_fonds": set[str](),
    "holdings_series": set[str](),
    "holdings_codecounter": {"id"},
    "holdings_item": set[str](),
    "holdings_archivalcode": {"id"},
    "holdings_component": set[str](),
    "holdings_rendition": set[str](),
    "holdings_page": set[str](),
    "holdings_person": set[str](),
    "holdings_personname": {"id"},
    "holdings_personidentifier": {"id"},
    "holdings_employer": set[str](),
    "holdings_employername": {"id"},
    "holdings_mention": set[str](),
    "preservation_package": set[str](),
    "preservation_packagecopy": {"id", "state", "written_at", "checked_at"},
    "preservation_pendingchange": {"id"},
}
TABLES = sorted(FOLLOWS)


@pytest.fixture
def life(world: World, tmp_path: Path, settings: Settings) -> Iterator[Life]:
    """A catalogue that has lived, in two stores."""
    settings.STORES = {name: django_settings.HOME / "stores" / name for name in ("a", "b")}
    yield live(world, tmp_path)


def verified(**more: Any) -> CatalogueReport:
    """One round over everything."""
    return verify_catalogue(service_actor(), sample=None, now=NOW, **more)


@dataclass(frozen=True)
class Column:
    """A column as the database has it."""

    table: str
    name: str
    kind: str
    length: int | None
    nullable: bool


def columns() -> list[Column]:
    """Every column that follows from packages."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, udt_name, character_maximum_length, is_nullable = 'YES'"
            " FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ANY(%s)"
            " ORDER BY table_name, ordinal_position",
            [TABLES],
        )
        found = [Column(*row) for row in cursor.fetchall()]
    return [column for column in found if column.name not in FOLLOWS[column.table]]


def other(column: Column, value: Any, draw: random.Random) -> Any:
    """Another value that the column can hold."""
    if value is not None and column.nullable and draw.random() < 0.3:
        return None
    match column.kind:
        case "uuid":
            return uuid.UUID(int=draw.getrandbits(128))
        case "int4" | "int8":
            return (value or 0) + draw.choice([1, -1, 1000])
        case "float8":
            return (value or 0.0) + draw.choice([0.0001, -1.0])
        case "bool":
            return not value
        case "timestamptz" | "date":
            return (value or NOW) + timedelta(days=draw.choice([1, -400]))
        case "bytea":
            return _other_bytes(value, draw)
        case "jsonb":
            return '["elsewhere"]' if column.name == "stores" else "[9, 9, 9, 9]"
        case _:
            return _other_text(column, str(value or ""), draw)


def _other_bytes(value: Any, draw: random.Random) -> bytes:
    data = bytearray(bytes(value)) if value else bytearray(seal("holdings.mention", b"x"))
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(data)


def _other_text(column: Column, value: str, draw: random.Random) -> str:
    if column.name in {"inventory_sha512"}:
        return value[:-1] + ("0" if value[-1] != "0" else "1")
    if column.name == "kind" and column.table == "preservation_package":
        return "changes" if value != "changes" else "item"
    if column.name == "version" and column.table == "preservation_package":
        return "v9"
    if column.name == "store":
        return "c"
    return (
        (value + draw.choice("改甲x"))[-column.length :]
        if column.length and len(value) >= column.length
        else value + "改"
    )


def tamper(column: Column, draw: random.Random) -> tuple[Any, Any]:
    """Change one value of one row, as somebody who may do anything in the database: no foreign key holds them."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT id, "{column.name}" FROM {column.table} ORDER BY id')
        rows = cursor.fetchall()
        while True:
            key, value = draw.choice(rows)
            new = other(column, bytes(value) if isinstance(value, memoryview) else value, draw)
            try:
                with transaction.atomic():
                    cursor.execute("SET LOCAL session_replication_role = replica")
                    cursor.execute(f'UPDATE {column.table} SET "{column.name}" = %s WHERE id = %s', [new, key])
                    cursor.execute("SET LOCAL session_replication_role = origin")
            except IntegrityError:  # what is unique must stay so even then: another row, or another value
                continue
            return key, new


class Undone(Exception):
    """So that a transaction is rolled back."""


def test_the_whole_of_a_life_agrees(life: Life) -> None:
    report = verified()
    assert report.ok and report.findings == []
    assert report.checked == Package.objects.count() and report.away == ()
    parallel = verified(processes=2)
    assert (parallel.ok, parallel.checked) == (True, report.checked)
    assert verify_catalogue(service_actor(), sample=3, now=NOW).checked == 3


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_every_column_changed_alone_is_found(life: Life) -> None:
    """Columns of each table, each alone and taken back: a seeded part of them, in the full run each four times."""
    draw = random.Random(SEED)
    missed, columns_tried = [], 0
    chosen = [c for c in columns() for _ in range(4 if FULL else 1)]
    assert len({c.table for c in chosen}) == len(TABLES)
    if not FULL:
        chosen = draw.sample(chosen, 45)
    for column in chosen:
        try:
            with transaction.atomic():
                done = tamper(column, draw)
                columns_tried += 1
                report = verified()
                if not _names(report, column, done[0]) and not _a_paper_says_so(column, *done):
                    missed.append((column.table, column.name, str(done[1])[:40], [str(f) for f in report.findings[:3]]))
                raise Undone
        except Undone:
            continue
    assert columns_tried == len(chosen)
    assert missed == []
    assert verified().ok


def _names(report: CatalogueReport, column: Column, key: Any) -> bool:
    """Whether a finding is about the table, or about the package whose row it is, and says how to mend it."""
    assert all(f.mend.startswith("cunzhen re") and f.message and f.english for f in report.findings)
    return any(f.table == column.table or f.package == key for f in report.findings)


def _a_paper_says_so(column: Column, key: Any, value: Any) -> bool:
    """The one change that is known not to be found: to the moment of another paper that names the same subject."""
    subject = {"holdings_person": "person_id", "holdings_employer": "employer_id"}.get(column.table)
    if column.name != "created_at" or subject is None:
        return False
    return Mention.objects.filter(**{subject: key, "asserted_at": value}).exists()


def test_many_changed_at_once_are_all_found_and_mended(life: Life) -> None:
    before = everything(set(FOLLOWS))
    draw = random.Random(SEED + 1)
    tampered = []
    plain = [
        c for c in columns() if c.table.startswith("holdings_") and c.name not in {"id", "item_id", "code", "number"}
    ]
    of_items = [
        c for c in plain if c.table in {"holdings_item", "holdings_component", "holdings_page", "holdings_mention"}
    ]
    for column in draw.sample(of_items, 20):
        done = tamper(column, draw)
        tampered.append((column.table, column.name, done))
    report = verified()
    keys = {f.key for f in report.findings}
    assert [t for t in tampered if str(t[2][0]) not in keys] == []
    mended = mend_catalogue(life.actor(), item_ids=report.altered, derived=True, now=NOW)
    assert mended.items == len(report.altered) > 5 and mended.untold == []
    assert verified().findings == []
    after = everything(set(FOLLOWS))
    assert {t for t in before if before[t] != after[t]} == set()
    assert history(report.altered[0])[-1].op == "mend_catalogue"


def test_a_row_taken_away_is_found_and_mended(life: Life) -> None:
    before = everything(set(FOLLOWS))
    for table in (
        "component",
        "page",
        "mention",
        "archivalcode",
        "rendition",
        "personname",
        "personidentifier",
        "employer",
    ):
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(f"SELECT id FROM holdings_{table} ORDER BY id LIMIT 1")
            (key,) = cursor.fetchone()
            cursor.execute(f"DELETE FROM holdings_{table} WHERE id = %s", [key])
            cursor.execute("SET session_replication_role = origin")
        report = verified()
        assert {f.table for f in report.findings} == {f"holdings_{table}"}
        mend(life, report)
    assert everything(set(FOLLOWS)) == before


def mend(life: Life, report: CatalogueReport) -> None:
    """Do what the findings say, and see that nothing is left."""
    commands = {f.mend for f in report.findings}
    words = [word for command in commands for word in command.split()[2:]]
    ids = [UUID(word) for word in words if not word.startswith("--")]
    flags = {name: f"--{name}" in words for name in ("setup", "derived", "missing")}
    mend_catalogue(life.actor(), item_ids=ids, now=NOW, **flags)
    assert verified().findings == []


def test_an_item_without_row_and_a_row_without_item(life: Life, tmp_path: Path) -> None:
    gone, unfiled = life.items[5], UUID(int=5)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in ("mention", "page", "component", "archivalcode"):
            cursor.execute(f"DELETE FROM holdings_{table} WHERE item_id = %s", [gone])
        cursor.execute("DELETE FROM preservation_packagecopy WHERE package_id = %s", [gone])
        cursor.execute("DELETE FROM preservation_package WHERE id = %s", [gone])
        cursor.execute("DELETE FROM holdings_item WHERE id = %s", [gone])
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("CREATE TEMP TABLE one AS SELECT * FROM holdings_item WHERE id = %s", [life.items[6]])
        cursor.execute("UPDATE one SET id = %s, content_sha256 = 'x', title = '未归档'", [unfiled])
        cursor.execute("INSERT INTO holdings_item SELECT * FROM one")
        cursor.execute("DROP TABLE one")
    report = verified()
    assert report.missing == (gone,) and report.extra == (unfiled,)
    assert {f.code for f in report.findings} >= {"H-53", "H-54"}
    mend(life, report)
    assert not Item.objects.filter(id=unfiled).exists()
    assert history(unfiled)[-1].detail == {"removed": True, "code": report_code(life), "title": "未归档"}
    assert PackageCopy.objects.filter(package=gone).count() == 2


def report_code(life: Life) -> str:
    """Code of the item that the unfiled one was copied from."""
    return Item.objects.get(id=life.items[6]).archival_code


def test_two_items_with_each_others_code_are_mended_together(life: Life) -> None:
    one, two = life.items[10], life.items[11]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, item_id FROM holdings_archivalcode WHERE item_id IN (%s, %s) AND valid_to IS NULL", [one, two]
        )
        (first, owner), (second, another) = cursor.fetchall()
        cursor.execute("SET session_replication_role = replica")
        for key, item in ((first, UUID(int=1)), (second, owner), (first, another)):
            cursor.execute("UPDATE holdings_archivalcode SET item_id = %s WHERE id = %s", [item, key])
        cursor.execute("SET session_replication_role = origin")
    report = verified()
    assert set(report.altered) == {one, two}
    with pytest.raises(Conflict, match="H-44"):
        mend_catalogue(life.actor(), item_ids=[one], now=NOW)
    mend(life, report)


def test_set_up_altered_past_the_program_is_found_and_never_kept(life: Life) -> None:
    kept = registry.kept()
    Fonds.objects.filter(id=life.town_fonds.id).update(name="改过的名字")
    Series.objects.filter(fonds=life.town_fonds, code="YL").update(code="YX")
    report = verified()
    assert {f.mend for f in report.findings} == {"cunzhen rebuild --setup"}
    with pytest.raises(Conflict, match="H-40"):
        found_fonds(
            keeper=life.town, code="J021", name="x", schedule=life.town_fonds.schedule, actor_id=life.town.id, now=NOW
        )
    mend(life, report)
    assert registry.kept() == kept == registry.catalogued()


def test_an_agency_that_was_only_founded_gets_into_the_registry(life: Life) -> None:
    from datetime import date

    from cunzhen.accounts.operations import found_agency

    new = found_agency(name="城关社保所", region_code="141124", valid_from=date(2020, 1, 1), now=NOW, parent=life.town)
    report = verified()
    assert [(f.code, f.key) for f in report.findings] == [("H-56", str(new.id))]
    mend(life, report)
    assert new.id in {a.id for a in registry.kept().agencies}  # type: ignore[union-attr]


def test_a_change_set_that_the_register_lost_is_found_and_taken_in(life: Life) -> None:
    lost = Package.objects.filter(kind="changes").order_by("-id").values_list("id", flat=True)[0]
    before = everything(set(FOLLOWS))
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM preservation_pendingchange WHERE change_set_id = %s", [lost])
        cursor.execute("DELETE FROM preservation_packagecopy WHERE package_id = %s", [lost])
        cursor.execute("DELETE FROM preservation_package WHERE id = %s", [lost])
        cursor.execute("SET session_replication_role = origin")
    report = verified()
    assert "H-59" in {f.code for f in report.findings}
    mend_catalogue(life.actor(), missing=True, now=NOW)
    mend_catalogue(life.actor(), item_ids=verified().altered, derived=True, now=NOW)
    assert verified().findings == []
    assert everything(set(FOLLOWS)) == before


def test_words_read_on_pages_are_compared_opened(world: World, tmp_path: Path) -> None:
    items = file_some(world, tmp_path / "in", 2)
    first, second = (Page.objects.get(item=item) for item in items)
    assert bytes(first.words) != bytes(second.words)  # the same words, sealed twice
    Page.objects.filter(id=first.id).update(words=seal("page.words", b"not deflated"))
    report = verified()
    assert [(f.code, f.key, f.columns) for f in report.findings] == [("H-50", str(first.id), ("words",))]
    mend_catalogue(service_actor(), item_ids=[items[0].id], now=NOW)
    assert page_texts([items[0].id])[items[0].id][0].text == "退休审批表"


def test_sealed_numbers_are_compared_opened(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path / "in", 1)
    Mention.objects.filter(item=item).update(number="141124197506150023")
    PersonIdentifier.objects.update(value="141124197506150023")
    report = verified()
    assert {(f.table, f.columns) for f in report.findings} == {
        ("holdings_mention", ("number",)),
        ("holdings_personidentifier", ("value",)),
    }
    mend_catalogue(service_actor(), item_ids=[item.id], derived=True, now=NOW)
    assert verified().findings == []


def test_a_damaged_package_is_no_reason_to_believe_the_row(world: World, tmp_path: Path) -> None:
    items = file_some(world, tmp_path / "in", 2)
    flip(folder_of(items[0].id) / "v1" / "content" / "mets.xml")
    Item.objects.filter(id=items[0].id).update(title="改")
    report = verified()
    assert [(f.code, f.package, f.reason, f.mend) for f in report.findings] == [
        ("H-55", items[0].id, "P-14", f"cunzhen repair {items[0].id}")
    ]
    assert mend_catalogue(service_actor(), item_ids=[items[0].id], now=NOW).untold[0].reason == "P-14"
    assert Item.objects.get(id=items[0].id).title == "改"


def test_filing_meanwhile_is_no_alarm(world: World, tmp_path: Path) -> None:
    """Somebody files and corrects all the time while rounds are made."""
    file_some(world, tmp_path / "in", 20)
    stop = threading.Event()
    troubles: list[BaseException] = []

    def clerk() -> None:
        try:
            number = 0
            while not stop.is_set():
                number += 1
                items = [new_item(world, tmp_path, b"more %d %d" % (number, n)) for n in range(3)]
                file_items(world.actor("service"), items=items, now=timezone.now())
        except BaseException as error:
            troubles.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=clerk)
    thread.start()
    try:
        reports = [verified(processes=n) for n in (1, 1, 2)]
    finally:
        stop.set()
        thread.join()
    assert troubles == []
    assert [r.findings for r in reports] == [[], [], []]
    assert reports[0].checked <= reports[1].checked <= reports[2].checked


def test_who_may(world: World, tmp_path: Path) -> None:
    items = file_some(world, tmp_path / "in", 1)
    with pytest.raises(Refused):
        verify_catalogue(world.actor("clerk"), sample=None, now=NOW)
    for name in ("archivist", "system_officer", "audit_officer"):
        with pytest.raises(Refused):
            mend_catalogue(world.actor(name), item_ids=[items[0].id], now=NOW)
    with pytest.raises(Missing, match="H-01"):
        mend_catalogue(service_actor(), item_ids=[UUID(int=1)], now=NOW)
    assert mend_catalogue(service_actor(), item_ids=[items[0].id], now=NOW).items == 0


def test_every_finding_has_words() -> None:
    assert sorted(WORDS) == [f"H-{n}" for n in range(50, 60)]
    assert all(chinese and english for chinese, english in WORDS.values())
