"""A clerk at work, and what must be true when work that was cut off has been done again."""

from __future__ import annotations

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from cunzhen.access import generations
from cunzhen.access.operations import follow_ledger
from cunzhen.access.queries import compare_index
from cunzhen.accounts.queries import service_actor
from cunzhen.capture.models import Draft, SourceFile, Transfer
from cunzhen.capture.operations import open_transfer, receive_transfer, sweep_inboxes
from cunzhen.capture.piles import list_pile
from cunzhen.capture.queries import counts_of
from cunzhen.holdings.models import CodeCounter, Item, Mention, Page
from cunzhen.holdings.operations import verify_catalogue
from cunzhen.jobs.worker import run_worker
from cunzhen.ledger.audit import audit
from cunzhen.ledger.models import LedgerPending
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.queries import entries_after
from cunzhen.preservation.models import Package
from cunzhen.preservation.operations import sweep_uncommitted, verify_packages
from cunzhen.preservation.queries import read_content
from tests.preservation.judge import assert_valid_root
from tests.world import World

SAMPLES = Path(__file__).parents[2] / "samples"
PDFS = ("失业待遇/失业待遇核定表_冯志强.pdf", "生育待遇/生育待遇核定表_成晓燕.pdf")  # they carry their text: no OCR


def make_pile(folder: Path, count: int, mark: str = "") -> Path:
    """So many digital papers, no two with the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        data = (SAMPLES / PDFS[number % len(PDFS)]).read_bytes()
        (folder / f"审批表{mark}甲{number}件.pdf").write_bytes(data + f"\n% {folder.name} {mark} {number}\n".encode())
    return folder


def hand_in(paths: Sequence[Path], acknowledged: Path | None = None) -> Transfer:
    """Open and receive a transfer that files by itself; what is told to the sender is noted."""
    actor = service_actor()
    now = timezone.now()
    transfer = open_transfer(actor, name="一批", auto=True, now=now)
    incoming, rejected = list_pile(paths)
    receive_transfer(actor, transfer_id=transfer.id, incoming=incoming, rejected=rejected, now=now)
    _note(acknowledged, [f"received {transfer.id}"])
    return transfer


def work() -> None:
    """What the workers do, until nothing is left to do now."""
    run_worker(wait=False)
    while sequence():
        pass
    while follow_ledger():
        pass


def clerk(paths: Sequence[Path], acknowledged: Path | None = None) -> None:
    """From the pile to the receipt."""
    transfer = hand_in(paths, acknowledged)
    work()
    rows = Draft.objects.filter(transfer=transfer, state="filed").values_list("archival_code", flat=True)
    _note(acknowledged, [f"filed {code}" for code in rows])


def _note(acknowledged: Path | None, lines: Iterable[str]) -> None:
    if acknowledged is not None:
        with acknowledged.open("a", encoding="utf-8") as out:
            out.write("".join(f"{line}\n" for line in lines))


def do_again(paths: Sequence[Path]) -> None:
    """After a kill: the queue goes on, the same pile is handed in once more, the janitors come by."""
    work()
    clerk(paths)
    sweep_uncommitted(timedelta(0))
    sweep_inboxes(older_than=timedelta(0), now=timezone.now() + timedelta(seconds=5))
    report = compare_index()
    assert not (report.missing or report.extra or report.damaged), report
    assert generations.pointed(generations.CURRENT) and not generations.pointed(generations.BUILDING)


def assert_whole(world: World, paths: Sequence[Path], acknowledged: Path | None = None) -> None:
    """Everything that was handed in is there once, whole, and says the same everywhere."""
    items = list(Item.objects.prefetch_related("components"))
    files = {hashlib.sha256(f.read_bytes()).hexdigest(): f for p in paths for f in p.rglob("*.pdf")}
    assert len(items) == len(files), (len(items), len(files))
    for item in items:
        (component,) = item.components.all()
        assert read_content(item.id, component.path) == files.pop(component.sha256).read_bytes()
        assert Page.objects.filter(item=item).count() == item.page_count > 0
        assert Mention.objects.filter(item=item).exists()
    assert files == {}
    _assert_codes([i.archival_code for i in items])
    ids = {i.id for i in items}
    assert set(Package.objects.filter(kind=Package.Kind.ITEM).values_list("id", flat=True)) == ids
    _assert_stores(Package.objects.count())
    assert LedgerPending.objects.count() == 0
    said = [e.subjects[0].id for e in entries_after(-1, 100_000, ["file_drafts"])]
    assert sorted(said) == sorted(ids)
    report = audit()
    assert report.ok, report.problems
    catalogue = verify_catalogue(world.actor("service"), sample=None, now=timezone.now())
    assert not (catalogue.missing or catalogue.extra or catalogue.altered), catalogue
    _assert_transfers()
    if acknowledged is not None:
        _assert_acknowledged(acknowledged.read_text(encoding="utf-8").splitlines())


def _assert_codes(codes: Sequence[str]) -> None:
    serials: dict[str, list[int]] = defaultdict(list)
    for code in codes:
        front, _, serial = code.rpartition("·" if "·" in code.rpartition("-")[2] else "-")
        serials[front].append(int(serial))
    for front, found in serials.items():
        assert sorted(found) == list(range(1, len(found) + 1)), (front, sorted(found))
    assert sorted(CodeCounter.objects.values_list("last", flat=True)) == sorted(len(s) for s in serials.values())


def _assert_stores(objects: int) -> None:
    for folder in settings.STORES.values():
        assert list((folder / "staging").iterdir()) == []
        assert_valid_root(folder / "ocfl", objects)
    report = verify_packages()
    assert report.ok, report


def _assert_transfers() -> None:
    left = jobs_left()
    assert left == [], left
    for transfer in Transfer.objects.all():
        counts = counts_of(transfer)
        if transfer.state == "open":  # killed before anything was said: nothing of it may show
            assert counts.received == SourceFile.objects.filter(transfer=transfer).count() == 0
        else:
            assert transfer.state == "closed" and counts.balanced and not counts.in_work, counts
            assert counts.filed + counts.duplicates + counts.returned == counts.sent
        returned = counts.returned > 0
        inbox = settings.HOME / "inbox" / str(transfer.id)
        assert returned or not inbox.exists(), list(inbox.iterdir())


def jobs_left() -> list[Any]:
    """Jobs that are not done."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, task_name, status::text, attempts FROM procrastinate_jobs ORDER BY id")
        return list(cursor.fetchall())


def _assert_acknowledged(lines: Sequence[str]) -> None:
    for line in lines:
        what, _, value = line.partition(" ")
        if what == "received":
            assert Transfer.objects.get(id=value).state == "closed"
        else:
            assert Item.objects.filter(archival_code=value).count() == 1, f"{value} was acknowledged and is lost"


def forget_jobs() -> None:
    """Procrastinate's tables are not Django's: what a test left there would be done in the next one."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    shutil.rmtree(settings.HOME / "inbox", ignore_errors=True)
