"""The scrub finds every flipped bit, mends it from right bytes, and raises no alarm that is none."""

from __future__ import annotations

import os
import random
import shutil
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from cunzhen.accounts.rules import Actor
from cunzhen.database.locks import held
from cunzhen.errors import Conflict, Refused, Unavailable
from cunzhen.formats.digests import digest_bytes
from cunzhen.formats.ocfl_check import Finding
from cunzhen.ledger.models import LedgerEntry
from cunzhen.ledger.operations import NewEntry, Subject, record, sequence
from cunzhen.ledger.queries import history
from cunzhen.preservation import queries
from cunzhen.preservation.condition import open_count, scrub_state
from cunzhen.preservation.fixity import ScrubReport, version_subject, wants_sm3
from cunzhen.preservation.models import Damage, Package, PackageCopy, Quarantine, ScrubRound, Stray
from cunzhen.preservation.operations import (
    keep_packages,
    noting,
    promise_copies,
    repair_packages,
    replace_store,
    request_repair,
    request_scrub,
    revise_packages,
    roll_scrub,
    scrub_copies,
    verify_packages,
)
from cunzhen.preservation.operations.rounds import LOCK
from cunzhen.preservation.rules import KeptPackage, NewPackage, Problem, Revision
from tests.preservation.care import ACTOR, LATER, entries, flip, folder, keep, repairs_of, scrub, tree
from tests.preservation.conftest import NOW, Fork, content, end_of, new_package
from tests.preservation.judge import assert_valid_root

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stores(tmp_path: Path, settings: Settings) -> dict[str, Path]:
    """Folders of three stores that do not exist yet."""
    settings.STORES = {name: tmp_path / "stores" / name for name in ("a", "b", "c")}
    (tmp_path / "keys").symlink_to(settings.HOME / "keys")
    settings.HOME = tmp_path  # a published ledger of its own
    return dict(settings.STORES)


def test_a_clean_round_checks_every_copy_and_says_so(stores: dict[str, Path]) -> None:
    packages = keep(7)
    heard: list[tuple[int, int]] = []
    report = scrub(told=lambda done, planned: heard.append((done, planned)))
    assert report == ScrubReport(21, report.bytes, report.seconds, 0, 0, 0)
    assert report.ok and heard[-1] == (21, 21)
    stored = sum(len(data) for path in stores.values() for name, data in tree(path).items() if "/v1/" in name)
    assert report.bytes >= stored - 21 * 200  # all but the sidecars
    assert set(PackageCopy.objects.values_list("state", "checked_at")) == {("kept", LATER)}
    one = ScrubRound.objects.get()
    assert (one.copy_count, one.planned_count, one.finished_at, one.strays_seen) == (21, 21, LATER, True)
    (line,) = history(one.id)
    assert line.op == "scrub_copies" and line.detail and (line.detail["copies"], line.detail["finished"]) == (21, True)
    assert not Damage.objects.exists() and len(packages) == 7


def test_only_who_may_scrubs(stores: dict[str, Path]) -> None:
    nobody = Actor(ACTOR.id, "", "user", ACTOR.agency_id, ACTOR.agency_ids, frozenset())
    for act in (
        lambda: scrub_copies(nobody, everything=True, clock=lambda: NOW),
        lambda: request_scrub(nobody, now=NOW),
        lambda: request_repair(nobody),
        lambda: replace_store(nobody, store="a", now=NOW),
        lambda: repair_packages(nobody, clock=lambda: NOW),
        lambda: roll_scrub(nobody, clock=lambda: NOW, stop=lambda: False),
    ):
        with pytest.raises(Refused):
            act()


def test_every_kind_of_file_is_found_and_mended_from_another_copy(stores: dict[str, Path]) -> None:
    packages = keep(8)
    revise_packages([Revision(packages[7].id, (content("mets.xml", b"<new/>"),), "改", "李", NOW)], now=NOW)
    before = {name: tree(path) for name, path in stores.items()}
    names = [
        "inventory.json", "inventory.json.sha512", "0=ocfl_object_1.1", "v1/inventory.json", "v1/inventory.json.sha512",
        "v1/content/originals/0001.tif", "v1/content/manifest-sm3.txt", "v2/content/mets.xml",
    ]  # fmt: skip
    draw = random.Random(3)
    for package, name in zip(packages, names, strict=True):
        flip(folder(stores["b"], package) / name, draw)
    flip(stores["b"] / "ocfl" / "README 说明.txt", draw)
    flip(stores["b"] / "ocfl" / "0=ocfl_1.1", draw)
    report = scrub()
    assert (report.damaged, report.mended, report.missing, report.open, report.ok) == (8, 8, 0, 0, True)
    assert {name: tree(path) for name, path in stores.items()} == before
    for path in stores.values():
        assert_valid_root(path / "ocfl", 8)
        assert list((path / "staging").iterdir()) == []
    assert len(list((stores["b"] / "quarantine").iterdir())) == 10  # as they were found, root files too
    assert [d["store"] for d in repairs_of(packages)] == ["b"] * 8
    assert entries("repair_package") == 9  # and one for the root's own files
    assert set(Damage.objects.values_list("outcome", flat=True)) == {"mended"}
    assert scrub(moment=LATER + timedelta(days=1)).damaged == 0
    assert entries("repair_package") == 9


def test_missing_copies_and_foreign_things(stores: dict[str, Path]) -> None:
    packages = keep(4)
    shutil.rmtree(folder(stores["a"], packages[0]))
    shutil.rmtree(folder(stores["b"], packages[1]))
    folder(stores["c"], packages[1]).rename(stores["c"] / "stolen")
    (folder(stores["c"], packages[2]) / "v1" / "note.txt").write_text("x")
    (stores["a"] / "ocfl" / "张三.txt").write_text("x")
    os.mkfifo(stores["a"] / "ocfl" / "pipe")
    report = scrub()
    assert (report.missing, report.damaged, report.mended, report.open) == (3, 1, 4, 0)
    assert report.extra == ("a:pipe", "a:张三.txt") and not report.ok
    assert (stores["a"] / "ocfl" / "张三.txt").read_text() == "x"
    assert not verify_packages().bad
    (stores["a"] / "ocfl" / "张三.txt").unlink()
    (stores["a"] / "ocfl" / "pipe").unlink()
    assert scrub(moment=LATER + timedelta(hours=1)).extra == () and not Stray.objects.exists()


def test_two_of_three_are_bad_and_the_third_wins_by_digest(stores: dict[str, Path]) -> None:
    (package,) = keep(1)
    for name in ("a", "b"):  # the same wrong bytes twice: a majority
        path = folder(stores[name], package) / "v1/content/originals/0001.tif"
        path.chmod(0o600)
        path.write_bytes(b"forged")
    report = scrub()
    assert (report.damaged, report.mended) == (2, 2)
    for store in stores.values():
        assert (folder(store, package) / "v1/content/originals/0001.tif").read_bytes() == package.files[0].source
    assert {tuple(d["from"]) for d in repairs_of([package])} == {("c",)}  # type: ignore[arg-type]


def test_a_package_is_put_together_file_by_file(stores: dict[str, Path]) -> None:
    (package,) = keep(1)
    before = tree(stores["a"])
    draw = random.Random(5)
    for name, spoiled in {"a": "originals/0001.tif", "b": "originals/0002.pdf", "c": "mets.xml"}.items():
        flip(folder(stores[name], package) / "v1/content" / spoiled, draw)
        flip(folder(stores[name], package) / "inventory.json.sha512", draw)
    report = scrub()
    assert (report.damaged, report.mended, report.quarantined) == (3, 3, ())
    assert [tree(path) for path in stores.values()] == [before] * 3


def test_where_no_copy_has_right_bytes_nothing_is_overwritten(stores: dict[str, Path]) -> None:
    (package, other) = keep(2)
    draw = random.Random(6)
    for store in stores.values():
        flip(folder(store, package) / "v1/content/originals/0001.tif", draw)
    before = {name: tree(path) for name, path in stores.items()}
    report = scrub()
    assert (report.damaged, report.mended, report.quarantined, report.ok) == (3, 0, (package.id,), False)
    assert {name: tree(path) for name, path in stores.items()} == before
    alarm = Quarantine.objects.get()
    assert alarm.lost == ["v1/content/originals/0001.tif"] and alarm.file_count == 10
    assert entries("quarantine_package") == 1
    assert scrub(moment=LATER + timedelta(hours=1)).quarantined == (package.id,)
    assert entries("quarantine_package") == 1  # said once
    assert queries.read_content(package.id, "originals/0002.pdf") == package.files[1].source  # what is right is read
    with pytest.raises(Unavailable):
        queries.read_content(package.id, "originals/0001.tif")
    # Somebody brings the right file back into one store, from a copy kept elsewhere.
    path = folder(stores["c"], package) / "v1/content/originals/0001.tif"
    path.chmod(0o600)
    path.write_bytes(bytes(package.files[0].source))  # type: ignore[arg-type]
    done = repair_packages(ACTOR, clock=lambda: LATER + timedelta(hours=2))
    assert sorted((c.store, c.outcome) for c in done.copies) == [("a", "mended"), ("b", "mended"), ("c", "found_whole")]
    assert done.ok and not Quarantine.objects.filter(lifted_at=None).exists()
    assert verify_packages().ok and other is not None


def test_a_lost_inventory_is_told_and_not_guessed(stores: dict[str, Path]) -> None:
    (package,) = keep(1)
    draw = random.Random(7)
    for store in stores.values():
        for name in ("inventory.json", "v1/inventory.json"):
            flip(folder(store, package) / name, draw)
    assert scrub().quarantined == (package.id,)
    assert Quarantine.objects.get().lost == ["inventory.json"]


def test_a_copy_that_went_back_in_time_is_seen_and_brought_up(stores: dict[str, Path], tmp_path: Path) -> None:
    packages = keep(3)
    shutil.copytree(stores["b"], tmp_path / "snapshot")
    changes = [Revision(p.id, (content("mets.xml", b"<new/>"),), "改", "李", NOW) for p in packages[:2]]
    revise_packages(changes, now=NOW)
    keep(1, seed=9)
    shutil.rmtree(stores["b"])
    shutil.copytree(tmp_path / "snapshot", stores["b"])
    report = scrub()
    assert (report.damaged, report.missing, report.mended) == (2, 1, 3)
    assert sorted(d["problems"] for d in repairs_of(packages)) == [[Problem.OLD_VERSION]] * 2  # type: ignore[type-var]
    assert tree(stores["a"]) == tree(stores["b"]) and verify_packages().ok


def test_a_store_that_is_away_leaves_its_copies_as_they_were(stores: dict[str, Path]) -> None:
    packages = keep(3)
    stores["b"].rename(stores["b"].with_name("away"))
    report = scrub()
    assert (report.copies, report.damaged, report.missing, report.away, report.finished) == (6, 0, 0, ("b",), True)
    assert not report.ok and not Damage.objects.exists()
    assert set(PackageCopy.objects.filter(store="b").values_list("state", "checked_at")) == {("kept", None)}
    # With a store away nothing is given up for lost, even where no other copy is whole.
    draw = random.Random(8)
    for name in ("a", "c"):
        flip(folder(stores[name], packages[0]) / "v1/content/mets.xml", draw)
    again = scrub(moment=LATER + timedelta(hours=1))
    assert (again.damaged, again.mended, again.quarantined) == (2, 0, ())
    stores["b"].with_name("away").rename(stores["b"])
    done = repair_packages(ACTOR, clock=lambda: LATER)
    assert (done.count("mended"), done.ok) == (2, True)
    assert verify_packages().ok


def test_an_empty_disk_in_place_of_a_store_is_no_damage(stores: dict[str, Path]) -> None:
    keep(2)
    shutil.rmtree(stores["c"])
    stores["c"].mkdir()
    report = scrub()
    assert (report.missing, report.away) == (0, ("c",)) and list(stores["c"].iterdir()) == []


def test_a_revision_cut_off_is_left_to_the_janitor(stores: dict[str, Path]) -> None:
    (package,) = keep(1)
    with transaction.atomic():
        revise_packages([Revision(package.id, (content("mets.xml", b"<new/>"),), "改", "李", NOW)], now=NOW)
        transaction.set_rollback(True)
    report = scrub()
    assert (report.damaged, report.open, report.ok) == (0, 0, True)
    assert not Damage.objects.exists()


def test_a_register_gone_back_in_time_is_no_reason_to_touch_a_store(stores: dict[str, Path]) -> None:
    (package,) = keep(1)
    row = Package.objects.get()
    revise_packages([Revision(package.id, (content("mets.xml", b"<new/>"),), "改", "李", NOW)], now=NOW)
    Package.objects.update(version=row.version, inventory_sha512=row.inventory_sha512)
    PackageCopy.objects.update(version="v1")
    before = {name: tree(path) for name, path in stores.items()}
    report = scrub()
    assert (report.damaged, report.mended, report.open) == (3, 0, 3)
    assert {name: tree(path) for name, path in stores.items()} == before
    assert {p[0] for d in Damage.objects.all() for p in d.problems} == {Problem.NEWER_VERSION}
    assert not Quarantine.objects.exists()


def _filed(packages: list[NewPackage], kept: list[KeptPackage]) -> None:
    """As filing records it: the package first, its version last."""
    record(
        [
            NewEntry("file_drafts", ACTOR.id, ACTOR.agency_id, (Subject(p.id), version_subject(k)), {})
            for p, k in zip(packages, kept, strict=True)
        ],
        at=NOW,
    )


def test_a_register_and_a_store_rolled_back_together_show_by_the_ledger(stores: dict[str, Path]) -> None:
    packages = [new_package() for _ in range(3)]
    _filed(packages, keep_packages(packages, now=NOW))
    assert scrub().ok
    snapshot = {name: tree(path) for name, path in stores.items()}
    row = Package.objects.get(id=packages[0].id)
    change = Revision(packages[0].id, (content("mets.xml", b"<new/>"),), "改", "李", NOW)
    _filed(packages[:1], revise_packages([change], now=NOW))
    for store in stores.values():  # everything of the package goes back, in every copy and in the register
        folder(store, packages[0]).rename(store / "taken")
        for name, data in snapshot["a"].items():
            if folder(store, packages[0]).name in name:
                (store / "ocfl" / name).parent.mkdir(parents=True, exist_ok=True)
                (store / "ocfl" / name).write_bytes(data)
    Package.objects.filter(id=row.id).update(version=row.version, inventory_sha512=row.inventory_sha512)
    PackageCopy.objects.update(version="v1")
    report = scrub(moment=LATER + timedelta(hours=1))
    assert (report.damaged, report.open, report.ok) == (0, 1, False)
    found = Damage.objects.get(settled_at=None)
    assert (found.package_id, found.store, found.problems) == (row.id, "", [[Problem.REGISTER, "v2"]])


def test_a_register_that_names_other_bytes_than_the_ledger_is_told(stores: dict[str, Path]) -> None:
    package, forged = new_package(), new_package(scan=b"forged")
    keep_packages([package], now=NOW)
    (kept,) = keep_packages([forged], now=NOW)
    _filed([forged], [replace(kept, inventory_sha256="0" * 64)])
    assert scrub().open == 1
    assert Damage.objects.get().problems == [[Problem.REGISTER, "v1"]]


def test_a_database_behind_the_published_ledger_is_told(stores: dict[str, Path]) -> None:
    packages = [new_package() for _ in range(3)]
    _filed(packages[:2], keep_packages(packages[:2], now=NOW))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE before AS SELECT id FROM ledger_entry")
    _filed(packages[2:], keep_packages(packages[2:], now=NOW))
    change = Revision(packages[0].id, (content("mets.xml", b"<new/>"),), "改", "李", NOW)
    row = Package.objects.get(id=packages[0].id)
    _filed(packages[:1], revise_packages([change], now=NOW))
    sequence()
    assert scrub().behind == ()
    PackageCopy.objects.filter(package_id=packages[2].id).delete()  # the database is that of an hour ago
    Damage.objects.all().delete()
    Package.objects.filter(id=packages[2].id).delete()
    Package.objects.filter(id=row.id).update(version=row.version, inventory_sha512=row.inventory_sha512)
    PackageCopy.objects.update(version="v1", checked_at=None)
    with connection.cursor() as cursor:
        for table in ("leaf", "pending", "detail", "subject"):
            cursor.execute(f"DELETE FROM ledger_{table} WHERE entry_id NOT IN (SELECT id FROM before)")
        cursor.execute("DELETE FROM ledger_entry WHERE id NOT IN (SELECT id FROM before)")
    before = {name: tree(path) for name, path in stores.items()}
    report = scrub(moment=LATER + timedelta(hours=1))
    assert set(report.behind) == {"ledger", f"{packages[2].id} v1", f"{packages[0].id} v2"}
    assert {name: tree(path) for name, path in stores.items()} == before and not report.ok


def test_scrub_beside_filing_and_revising_raises_no_alarm(stores: dict[str, Path], fork: Fork) -> None:
    packages = keep(3)

    def file_and_revise() -> None:
        for n in range(10):
            changes = [Revision(p.id, (content("mets.xml", b"%d" % n),), "改", "李", NOW) for p in packages]
            revise_packages(changes, now=NOW)
            keep_packages([new_package() for _ in range(3)], now=NOW)

    child = fork(file_and_revise)
    reports = []
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        reports.append(scrub(moment=LATER + timedelta(minutes=len(reports))))
    assert reports and all(r.ok for r in reports), [r for r in reports if not r.ok]
    assert not Damage.objects.exists()
    assert scrub(moment=LATER + timedelta(days=1)).copies == 99


def test_reading_meanwhile_gives_right_bytes_or_an_error(stores: dict[str, Path], fork: Fork) -> None:
    packages = keep(12)
    draw = random.Random(10)
    for package in packages:
        flip(folder(stores["a"], package) / "v1/content/originals/0001.tif", draw)

    def read_on_and_on() -> None:
        for _ in range(25):
            for package in packages:
                assert queries.read_content(package.id, "originals/0001.tif") == package.files[0].source

    child = fork(read_on_and_on)
    assert scrub().mended == 12
    assert end_of(child) == 0


def test_oldest_checks_come_first_and_what_is_due(stores: dict[str, Path], settings: Settings) -> None:
    settings.SCRUB_DAYS = 30
    packages = keep(4)
    long_ago, lately = LATER - timedelta(days=29), LATER - timedelta(days=3)
    PackageCopy.objects.filter(package_id=packages[0].id).update(checked_at=long_ago)
    PackageCopy.objects.filter(package_id__in=[packages[1].id, packages[2].id]).update(checked_at=lately)
    PackageCopy.objects.filter(package_id=packages[2].id, store="c").update(checked_at=LATER + timedelta(days=3650))
    # By hand: the ones never checked, the old one, and the one noted under a clock gone wrong.
    report = scrub(everything=False)
    assert report.copies == 3 + 3 + 1
    state = scrub_state(LATER)
    assert state.oldest_check == lately and state.overdue == 0 and state.running is None
    assert state.last and state.last.copy_count == 7
    # The worker leaves alone what was written a moment ago.
    keep_packages([new_package()], now=LATER)
    assert roll_scrub(ACTOR, clock=lambda: LATER + timedelta(hours=2), stop=lambda: False) is None
    rolled = roll_scrub(ACTOR, clock=lambda: LATER + timedelta(hours=26), stop=lambda: False)
    assert rolled and rolled.copies == 3
    assert scrub_state(LATER + timedelta(days=60)).overdue == 15


def test_a_clock_set_back_does_not_make_it_go_round_and_round(stores: dict[str, Path]) -> None:
    keep(2)
    moments = iter([LATER, *[LATER - timedelta(days=400)] * 1000])
    report = scrub_copies(ACTOR, everything=True, clock=lambda: next(moments), megabytes_per_second=0)
    assert report.copies == 6 and report.finished


def test_a_round_is_gone_on_with_where_it_stopped(stores: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    keep(5)
    monkeypatch.setattr("cunzhen.preservation.operations.scrubbing._BATCH", 4)
    asked = iter([False, False, False])
    with pytest.raises(Unavailable) as told:
        scrub(stop=lambda: next(asked, True))
    assert told.value.code == "P-51"
    one = ScrubRound.objects.get()
    done = one.copy_count
    assert 0 < done < 15 and one.finished_at is None
    report = roll_scrub(ACTOR, clock=lambda: LATER + timedelta(minutes=5), stop=lambda: False)
    assert report and (report.copies, ScrubRound.objects.count()) == (15, 1)
    assert PackageCopy.objects.filter(checked_at=LATER).count() == done


def test_two_at_once_is_refused_and_a_request_is_taken_up(stores: dict[str, Path]) -> None:
    keep(2)
    with held(LOCK + True) as mine:
        assert mine
        done: list[str] = []

        def other() -> None:
            from django.db import connection

            try:
                scrub()
            except Conflict as error:
                done.append(error.code)
            finally:
                connection.close()

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert done == ["P-52"]
    first = request_scrub(ACTOR, now=LATER)
    assert request_scrub(ACTOR, now=LATER) == first and first.planned_count == 6
    assert scrub_state(LATER).running == first
    rolled = roll_scrub(ACTOR, clock=lambda: LATER, stop=lambda: False)
    assert rolled and rolled.copies == 6
    (line,) = history(first.id)
    assert line.detail and line.detail["asked_by"] == str(ACTOR.id)


def test_the_pace_is_kept(stores: dict[str, Path]) -> None:
    keep(2, size=400_000)
    report = scrub(megabytes_per_second=4)
    assert report.bytes / 1e6 / report.seconds < 4.6


def test_a_tenth_gets_its_sm3_computed_and_a_wrong_list_is_found(
    stores: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = keep(60)
    chosen = [
        sum(
            wants_sm3(p.id, store, 3, cycle)
            for p in packages
            for store in range(3)
            for cycle in range(start, start + 10)
        )
        for start in (0, 10, 20)
    ]
    assert chosen == [60] * 3  # each package once in ten cycles, one copy of it
    copies = {(p.id, s) for p in packages for s in range(3) for cycle in range(30) if wants_sm3(p.id, s, 3, cycle)}
    assert len(copies) == 180  # and each copy once in thirty
    # A list of SM3 digests that is itself kept right but says something else: only the second digest can tell.
    monkeypatch.setattr(
        "cunzhen.preservation.operations.keeping.sm3_listing", lambda digests: b"0" * 64 + b"  mets.xml\n"
    )
    (wrong,) = keep(1, seed=77)
    monkeypatch.setattr("cunzhen.preservation.operations.scrubbing.wants_sm3", lambda *_: True)
    report = scrub()
    assert (report.damaged, report.open) == (0, 1)
    assert repair_packages(ACTOR, clock=lambda: LATER).copies == []
    (found,) = Damage.objects.filter(package_id=wrong.id)
    assert {p[0] for p in found.problems} == {Problem.SM3} and found.store == ""


def test_one_entry_for_each_thousand_copies(stores: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cunzhen.preservation.operations.scrubbing._ENTRY_EVERY", 10)
    monkeypatch.setattr("cunzhen.preservation.operations.scrubbing._BATCH", 5)
    keep(9)
    scrub()
    said = [line.detail for line in history(ScrubRound.objects.get().id)]
    assert [(d or {})["copies"] for d in said] == [10, 20, 27]
    assert [(d or {})["finished"] for d in said] == [False, False, True]


def test_the_explanation_that_an_earlier_release_wrote_is_no_damage(
    stores: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(1)
    readme = stores["a"] / "ocfl" / "README 说明.txt"
    readme.write_text("as it was told before")
    monkeypatch.setattr(
        "cunzhen.formats.ocfl_root.EARLIER_READMES", frozenset({digest_bytes(readme.read_bytes()).sha256})
    )
    assert scrub().ok and not Damage.objects.exists() and verify_packages().ok
    assert readme.read_text() == "as it was told before"


def test_a_dry_run_changes_nothing(stores: dict[str, Path]) -> None:
    (package,) = keep(1)
    flip(folder(stores["a"], package) / "v1/content/mets.xml", random.Random(11))
    verify_packages()
    noting.note_damage([Finding(Problem.ROOT_FILE, "ocfl_layout.json")], now=NOW, package_id=None, store="b")
    before = {name: tree(path) for name, path in stores.items()}
    found = repair_packages(ACTOR, clock=lambda: LATER, dry_run=True)
    assert [(c.store, c.outcome, c.problems, c.sources) for c in found.copies] == [("a", "mended", ("P-V-05",), ("b",))]
    assert {name: tree(path) for name, path in stores.items()} == before
    assert open_count() == 2 and not LedgerEntry.objects.exists()


def test_copies_promised_later_are_made_and_are_no_damage(stores: dict[str, Path], settings: Settings) -> None:
    settings.STORES = {name: path for name, path in stores.items() if name != "c"}
    packages = keep(3)
    settings.STORES = stores
    assert promise_copies([p.id for p in packages], ["c"], now=NOW) == 3
    report = scrub()
    assert (report.missing, report.mended, report.ok) == (3, 3, True)
    assert not Damage.objects.exists() and tree(stores["a"]) == tree(stores["c"])
    assert [d["store"] for d in repairs_of(packages)] == ["c"] * 3


def test_a_full_store_is_told_and_the_others_are_mended(
    stores: dict[str, Path], settings: Settings, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if os.geteuid() != 0 or os.system(f"mount -t tmpfs -o size=900k tmpfs {small}") != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        settings.STORES = {**stores, "d": small / "store"}
        packages = keep(3, size=100_000)
        for name in ("a", "d"):
            shutil.rmtree(folder(settings.STORES[name], packages[0]))
        with pytest.raises(OSError, match="No space"):
            (small / "ballast").write_bytes(bytes(2_000_000))
        report = scrub()
        assert (report.missing, report.mended, report.open) == (2, 1, 1)
        done = repair_packages(ACTOR, clock=lambda: LATER)
        assert [(c.store, c.outcome, c.code) for c in done.copies] == [("d", "failed", "P-10")]
        (small / "ballast").unlink()
        assert repair_packages(ACTOR, clock=lambda: LATER).ok
        assert verify_packages().ok
    finally:
        os.system(f"umount {small}")
