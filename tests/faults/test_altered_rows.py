"""F8: the database is altered past the program. One round finds all of it, and the commands that it names mend it."""

from __future__ import annotations

import argparse
import importlib
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from cunzhen.access import generations
from cunzhen.access.index import Writer
from cunzhen.access.operations import catch_up
from cunzhen.errors import Conflict
from cunzhen.formats.ocfl import object_path
from cunzhen.holdings.queries import index_documents
from cunzhen.preservation.operations import keep_packages
from cunzhen.preservation.rules import object_id
from tests.faults.counts import SEED, times
from tests.holdings.catalogue import everything
from tests.holdings.life import Life, live
from tests.holdings.test_rebuilding import flip
from tests.holdings.test_verifying import FOLLOWS, columns, tamper
from tests.preservation.conftest import new_package
from tests.world import NOW, World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults, pytest.mark.timeout(3600)]

AT_ONCE = 10  # damages that one round has to find
# Tables that say nothing of what is in packages, and why.
ELSEWHERE = {
    "accounts_user": "rights: who may sign in is no part of the archive",
    "accounts_rolegrant": "rights",
    "accounts_apitoken": "rights",
    "accounts_refusal": "rights: how often a refusal is written down",
    "access_search": "what somebody searched for",
    "access_indexcursor": "how far the index is: the index itself is compared",
    "api_idempotencykey": "answers kept for a week",
    "auth_group": "Django's own, not used",
    "auth_group_permissions": "Django's own, not used",
    "auth_permission": "Django's own, not used",
    "capture_draft": "work that is not filed yet",
    "capture_finding": "work that is not filed yet",
    "capture_sheet": "work that is not filed yet",
    "capture_sourcefile": "work that is not filed yet",
    "capture_transfer": "work: what came of it stands in items",
    "capture_upload": "work that is not filed yet",
    "django_content_type": "Django's own",
    "django_session": "rights: who is signed in",
    "holdings_rebuild": "work: how far a rebuilding is",
    "jobs_failure": "jobs",
    "ledger_detail": "the ledger: its own audit proves it against the published tiles",
    "ledger_entry": "the ledger",
    "ledger_leaf": "the ledger",
    "ledger_pending": "the ledger",
    "ledger_subject": "the ledger",
    "preservation_backupstate": "backups: what is in a folder the folder itself says",
    "preservation_damage": "states of checks: the scrub looks again",
    "preservation_drill": "drills: each has its entry in the ledger",
    "preservation_quarantine": "states of checks",
    "preservation_scrubround": "states of checks",
    "preservation_stray": "states of checks",
    "procrastinate_events": "jobs",
    "procrastinate_jobs": "jobs",
    "procrastinate_periodic_defers": "jobs",
    "procrastinate_workers": "jobs",
}
# A copy's place: where no store of that name is, all checks refuse and say so; see the test of it below.
PLACE = ("preservation_packagecopy", "store")

Row = dict[str, Any]
Damage = tuple[str, str, str]  # what was done, table, key


@pytest.fixture
def life(world: World, tmp_path: Path, settings: Settings) -> Iterator[Life]:
    """A catalogue that has lived, in two stores, with its index."""
    settings.STORES = {name: django_settings.HOME / "stores" / name for name in ("a", "b")}
    yield live(world, tmp_path)


def test_every_table_is_compared_or_says_why_not() -> None:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    assert tables == set(FOLLOWS) | set(ELSEWHERE)
    assert not set(FOLLOWS) & set(ELSEWHERE)


def altered(draw: random.Random) -> Damage:
    """Another value in one column of one row."""
    column = draw.choice([c for c in columns() if (c.table, c.name) != PLACE])
    key, _ = tamper(column, draw)
    return f"altered {column.name}", column.table, str(key)


def removed(draw: random.Random) -> Damage:
    """One row less."""
    while True:
        table = draw.choice(sorted(FOLLOWS))
        keys = _keys(table)
        if keys:
            break
    key = draw.choice(keys)
    _past_the_program(f"DELETE FROM {table} WHERE id = %s", [key])
    return "removed", table, str(key)


def added(draw: random.Random) -> Damage:
    """One row more: a copy of another, with an id, a code and whatever else must be unique of its own."""
    while True:
        table = draw.choice(sorted(set(FOLLOWS) - {PLACE[0]}))
        keys = _keys(table)
        if keys:
            row = _row(table, draw.choice(keys))
            row |= _unlike(table, row, draw)
            try:
                _insert(table, row)
            except IntegrityError:
                continue
            return "added", table, str(row["id"])


def _unlike(table: str, row: Mapping[str, Any], draw: random.Random) -> Row:
    mark = f"{draw.getrandbits(40):x}"
    texts = {
        "holdings_item": {"content_sha256": f"{draw.getrandbits(256):064x}"},
        "holdings_archivalcode": {"code": f"J019-{mark}", "valid_to": NOW},
        "holdings_personname": {"name": mark},
        "holdings_personidentifier": {"blind": draw.randbytes(32)},
        "holdings_employer": {"uscc": ""},
        "holdings_employername": {"name": mark},
        "holdings_retentionschedule": {"version": mark},
        "holdings_schedulerow": {"number": mark[:10]},
        "holdings_fonds": {"code": mark},
        "holdings_series": {"code": mark[:10]},
        "holdings_codecounter": {"year": draw.randrange(1950, 2100)},
        "holdings_component": {"number": draw.randrange(50, 10_000)},
        "holdings_rendition": {"number": draw.randrange(50, 10_000), "sha256": f"{draw.getrandbits(256):064x}"},
        "holdings_page": {"number": draw.randrange(50, 10_000)},
        "preservation_pendingchange": {"version": draw.randrange(50, 10_000)},
    }.get(table, {})
    new_id = draw.randrange(10**9, 2 * 10**9) if isinstance(row["id"], int) else UUID(int=draw.getrandbits(128))
    # Half of those that belong to an item belong to one that does not exist.
    owner = {"item_id": UUID(int=draw.getrandbits(128))} if "item_id" in row and draw.random() < 0.5 else {}
    return {"id": new_id, **texts, **owner}


def _keys(table: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {table} ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def _row(table: str, key: Any) -> Row:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE id = %s", [key])
        return dict(zip((c.name for c in cursor.description), cursor.fetchone(), strict=True))


def _insert(table: str, row: Row) -> None:
    values = [json.dumps(v) if isinstance(v, list) else v for v in row.values()]
    names = ", ".join(f'"{name}"' for name in row)
    _past_the_program(f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(row))})", values)


def _past_the_program(statement: str, values: Sequence[Any]) -> None:
    """As somebody who may do anything in the database: no foreign key and no trigger holds them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)


def commands(capsys: pytest.CaptureFixture[str], *parts: str) -> list[str]:
    """What ``cunzhen verify`` says is to be done, each command once, in the order in which they are printed."""
    body = run(capsys, f"cunzhen verify {' '.join(f'--{p}' for p in parts)}")
    found = [one["mend"] for one in body["catalogue"]["findings"]] if "catalogue" in body else []
    return list(dict.fromkeys([*found, *(part["mend"] for part in body.values() if part.get("mend"))]))


def run(capsys: pytest.CaptureFixture[str], command: str) -> dict[str, Any]:
    """Do a command as it stands there; its answer."""
    _, name, *words = command.split()
    module = importlib.import_module(f"cunzhen.cli.{name}")
    parser = argparse.ArgumentParser()
    module.configure(parser)
    args = parser.parse_args(words)
    args.json, args.as_user = True, ""
    capsys.readouterr()
    module.run(args)
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def do_all(capsys: pytest.CaptureFixture[str], wanted: Sequence[str]) -> None:
    """What stands in the way of another is refused and tried again after the others, as the refusal says."""
    left = list(wanted)
    while left:
        refused = []
        for command in left:
            try:
                run(capsys, command)
            except Conflict:
                refused.append(command)
        if len(refused) == len(left):
            items = [command.split()[-1] for command in refused]
            refused = []
            run(capsys, f"cunzhen rebuild --items {' '.join(items)}")
        left = refused


def test_what_is_altered_is_found_in_one_round_and_mended(life: Life, capsys: pytest.CaptureFixture[str]) -> None:
    """Three in five columns altered, the others rows taken away and rows added, ten at once, round after round."""
    draw = random.Random(SEED)
    catch_up(60)
    before = everything(set(FOLLOWS))
    assert commands(capsys, "catalogue", "index") == []
    kinds: list[Callable[[random.Random], Damage]] = [altered, altered, altered, removed, added]
    for _ in range(times(200) // AT_ONCE):
        done = [draw.choice(kinds)(draw) for _ in range(AT_ONCE)]
        wanted = commands(capsys, "catalogue", "index")
        assert wanted, done
        do_all(capsys, wanted)
        after = everything(set(FOLLOWS))
        for table in before:
            wrong = sorted({*before[table]} ^ {*after[table]})
            assert wrong == [], (table, done, wanted)
        assert commands(capsys, "catalogue", "index") == []


def test_the_index_has_what_the_catalogue_lacks_and_the_other_way_round(
    life: Life, capsys: pytest.CaptureFixture[str]
) -> None:
    catch_up(60)
    [document] = index_documents([life.items[3]])
    stranger = replace(document, id=UUID(int=7))
    name = generations.pointed(generations.CURRENT)
    with Writer(generations.open_index(name)) as writer:
        writer.replace([life.items[4], stranger.id], [stranger])
        writer.commit()
    found = run(capsys, "cunzhen verify --index")["index"]
    assert (found["missing"], found["extra"]) == ([str(life.items[4])], [str(stranger.id)])
    do_all(capsys, commands(capsys, "index"))
    assert commands(capsys, "index") == []


def test_packages_that_the_register_lacks_are_named(life: Life, capsys: pytest.CaptureFixture[str]) -> None:
    """One that the ledger knows is taken in again; one that nobody recorded is named and never touched."""
    foreign, filed = new_package(), life.items[5]
    keep_packages([foreign], now=NOW)
    before = everything(set(FOLLOWS) - {"preservation_package", "preservation_packagecopy"})
    for package in (foreign.id, filed):
        for table in ("preservation_packagecopy", "preservation_pendingchange"):
            _past_the_program(f"DELETE FROM {table} WHERE package_id = %s", [package])
        _past_the_program("DELETE FROM preservation_package WHERE id = %s", [package])
    body = run(capsys, "cunzhen verify --packages --catalogue")
    extra = {line.rpartition("/")[2] for line in body["packages"]["extra"]}
    assert extra == {object_path(object_id(one)).rpartition("/")[2] for one in (foreign.id, filed)}
    do_all(capsys, commands(capsys, "catalogue"))
    after = run(capsys, "cunzhen verify --packages --catalogue")
    assert after["catalogue"]["findings"] == []
    assert {line.rpartition("/")[2] for line in after["packages"]["extra"]} == {
        object_path(object_id(foreign.id)).rpartition("/")[2]
    }
    assert everything(before) == before


def test_a_copy_said_to_be_in_a_store_that_is_not_ours_stops_all_checks(
    life: Life, capsys: pytest.CaptureFixture[str]
) -> None:
    _past_the_program(
        "UPDATE preservation_packagecopy SET store = 'c' WHERE store = 'a' AND package_id = %s", [life.items[4]]
    )
    body = run(capsys, "cunzhen verify --packages --catalogue")
    assert [one["code"] for one in body["packages"]["problems"]] == ["P-41"]
    assert {one["package"] for one in body["catalogue"]["findings"]} == {str(life.items[4])}


def test_a_package_is_checked_and_mended_by_name(life: Life, capsys: pytest.CaptureFixture[str]) -> None:
    """As the finding says that a package tells nothing: here one store can still say it, then none can."""
    one = life.items[6]
    for stores, outcomes in (("a", {"mended"}), ("ab", {"quarantined"})):
        for name in stores:
            root = Path(django_settings.STORES[name]) / "ocfl" / object_path(object_id(one))
            flip(max(root.glob("v*/content/mets.xml")))
        assert commands(capsys, "catalogue") == ([f"cunzhen repair {one}"] if stores == "ab" else [])
        done = run(capsys, f"cunzhen repair {one}")["copies"]
        assert {copy["outcome"] for copy in done} == outcomes
        assert {copy["package_id"] for copy in done} == {str(one)}
