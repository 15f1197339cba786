"""How fast the catalogue is rebuilt from the stores and the ledger, at several sizes. Prints one JSON object.

Items of one small file and one page are filed through the product, into a fonds for each process, since one fonds takes
one batch at a time; the tables are emptied; ``rebuild_catalogue`` fills
them again; the reconciler then compares every row. Against the configured database, which is emptied: only
``bench/all.py`` may call this. Peer in the same run: plain Python that only reads and hashes the same inventories,
descriptions and texts in one process.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import django
import psycopg

BATCH = 500
WORDS = (
    "退休审批表",
    "参保单位",
    "缴费年限",
    "核定待遇",
    "社会保险",
    "经办机构",
    "养老金",
    "工作年限",
    "出生年月",
    "审批意见",
)


def main() -> None:
    """Run, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000, help="items of the largest run")
    parser.add_argument("--sizes", default="", help="sizes of all runs, separated by commas; default a third and all")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cunzhen.config.settings")
    django.setup()
    sizes = [int(s) for s in options.sizes.split(",") if s] or [
        max(BATCH, options.items // 3),
        max(BATCH, options.items),
    ]
    fonds = _set_up(options.processes)
    runs: list[dict[str, Any]] = []
    done = 0
    with tempfile.TemporaryDirectory(prefix="bench-rebuild-") as folder:
        for size in sorted(sizes):
            filed = _file(fonds, Path(folder), done, size)
            runs.append(_run(size, filed, options.processes))
            done = size
    per_item = [run["rebuild_seconds"] / run["items"] for run in runs]
    for run, cost in zip(runs, per_item, strict=True):
        run["ratio_to_linear"] = round(cost / per_item[0], 2)  # 1: as much an item as in the smallest run
    result = {
        "name": "rebuild",
        "machine": {"cores": os.cpu_count(), "memory_mb": _memory_mb()},
        "items": runs[-1]["items"],
        "items_per_second": runs[-1]["items_per_second"],
        "verify_items_per_second": runs[-1]["verify_items_per_second"],
        "ratio_to_plain_read": runs[-1]["ratio_to_plain_read"],
        "cost_per_item_largest_to_smallest": round(per_item[-1] / per_item[0], 2),
        "processes": options.processes,
        "runs": runs,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "peak_rss_of_children_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }
    print(json.dumps(result))


def _set_up(count: int) -> list[UUID]:
    """An agency with so many fonds."""
    from datetime import date

    from cunzhen.accounts.operations import found_agency
    from cunzhen.holdings.operations import found_fonds, install_schedule

    now = datetime.now(UTC)
    agency = found_agency(name="测试机构", region_code="141124", valid_from=date(2003, 1, 1), now=now)
    schedule = install_schedule(actor_id=agency.id, agency_id=agency.id, now=now)
    return [
        found_fonds(
            keeper=agency, code=f"J{number:03d}", name="测试", schedule=schedule, actor_id=agency.id, now=now
        ).id
        for number in range(count)
    ]


@dataclass(frozen=True)
class Batch:
    """Items to file at once: their numbers, and the fonds that they go into."""

    fonds: UUID
    folder: Path
    numbers: range


def _file(fonds: list[UUID], folder: Path, start: int, end: int) -> float:
    """Seconds to file items up to a number, and to publish the ledger."""
    from cunzhen.holdings.processes import spread
    from cunzhen.ledger.operations import sequence

    started = time.perf_counter()
    batches = [
        Batch(fonds[turn % len(fonds)], folder, range(low, min(low + BATCH, end)))
        for turn, low in enumerate(range(start, end, BATCH))
    ]
    for filed in spread(_file_batch, batches, len(fonds)):
        print(f"filed {filed}", file=sys.stderr)
    while sequence():
        pass
    return time.perf_counter() - started


def _file_batch(batch: Batch) -> int:
    """File some items; the number after the last of them."""
    from cunzhen.accounts.queries import service_actor
    from cunzhen.holdings.operations import file_items

    items = [_item(batch.fonds, batch.folder, number) for number in batch.numbers]
    file_items(service_actor(), items=items, now=datetime.now(UTC))
    for item in items:
        item.components[0].source.unlink()
    return batch.numbers.stop


def _item(fonds: UUID, folder: Path, number: int) -> Any:
    """A decision of one page that names one of many persons and one of some employers."""
    from uuid_utils.compat import uuid7

    from cunzhen.formats.digests import digest_file
    from cunzhen.formats.page_text import PageText, Word
    from cunzhen.holdings.rules import NamedPerson, NamedUnit, NewComponent, NewItem, NewPage

    draw = random.Random(number)
    path = folder / f"{number}.txt"
    path.write_bytes(b"benchmark item %d\n" % number * 8)
    found = digest_file(path)
    digests = (found.size, found.sha256, found.sm3, found.sha512)
    component = NewComponent(uuid7(), path, f"{number}.txt", *digests, "x-fmt/111",
                             "text/plain", "Plain Text File")  # fmt: skip
    words = tuple(Word(draw.choice(WORDS), (n, 2 * n, n + 30, 2 * n + 12), 0.97, n // 3) for n in range(60))
    person = number // 3  # three papers a person
    return NewItem(
        id=uuid7(),
        fonds_id=fonds,
        series="YL",
        kind="retirement_approval",
        title=f"企业职工退休审批表 {number}",
        year=2000 + number % 20,
        document_date=f"{2000 + number % 20}-03-06",
        transfer_id=uuid7(),
        components=(component,),
        pages=(NewPage(uuid7(), 0, 0, PageText(2480, 3508, 0, 0.25, False, words, "bench-1")),),
        persons=(NamedPerson(f"某{person}", f"{person:018d}", page=0, box=(1, 2, 3, 4), confidence=0.98),),
        units=(NamedUnit(f"测试单位{number % 500}", f"{number % 500:018d}", page=0),),
        extra={"decision_number": f"{number}号"},
    )


def _run(size: int, filed: float, processes: int) -> dict[str, Any]:
    """Empty the tables, rebuild, compare."""
    from django.db import connection
    from django.utils import timezone

    from cunzhen.accounts.queries import service_actor
    from cunzhen.holdings.operations import rebuild_catalogue, verify_catalogue

    plain = _plain_read()
    connection.close()
    _empty()
    cpu = _cpu()
    started = time.perf_counter()
    report = rebuild_catalogue(clock=timezone.now, processes=processes)
    seconds, cpu = time.perf_counter() - started, _cpu() - cpu
    found = verify_catalogue(service_actor(), sample=None, now=timezone.now(), processes=processes)
    if not (report.ok and report.items == size and found.ok):
        raise SystemExit(f"the catalogue is not what it was: {report.lost[:3]} {found.findings[:3]}")
    return {
        "items": size,
        "rebuild_seconds": round(seconds, 1),
        "items_per_second": round(size / seconds, 1),
        "cpu_ms_per_item": round(cpu / size * 1000, 2),
        "verify_items_per_second": round(found.checked / found.seconds, 1),
        "plain_read_items_per_second": round(size / plain, 1),
        "ratio_to_plain_read": round(plain / seconds, 2),
        "filing_seconds": round(filed, 1),
        "ledger_entries": report.ledger.size if report.ledger else 0,
    }


def _plain_read() -> float:
    """Seconds to read and hash what a rebuilding reads of each package."""
    from django.conf import settings

    (store, *_) = settings.STORES.values()
    started = time.perf_counter()
    for path in Path(store, "ocfl").glob("???/???/???/*"):
        for name in ("inventory.json", "v1/content/mets.xml", "v1/content/text/pages.json"):
            file = path / name
            if file.exists():
                hashlib.sha512(file.read_bytes()).hexdigest()
    return time.perf_counter() - started


def _empty() -> None:
    """As after the database was lost and made anew."""
    with psycopg.connect(os.environ["CUNZHEN_OWNER_URL"], autocommit=True) as owner:
        (names,) = owner.execute(
            "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename NOT LIKE 'django\\_%' AND tablename NOT LIKE 'procrastinate%'"
        ).fetchone() or ("",)
        owner.execute(f"TRUNCATE {names} CASCADE")


def _cpu() -> float:
    """Of this process and of its children that ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_048_576


if __name__ == "__main__":
    main()
