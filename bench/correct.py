"""How long a correction of thousands of items takes, and how fast it is folded into packages. Prints one JSON object.

Items of one page are filed, all of them are corrected in one act (title and case number: one change-set), descriptions
are read while it waits and after it is folded, and it is folded. Compared, in the same run, with correcting 50 items
directly, which writes a version of each package at once.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import django

BATCH = 200
DIRECT = 50
READ = 200


def main() -> None:
    """Run, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=5_000, help="items to correct in one act, at most 10,000")
    parser.add_argument("--copies", type=int, default=3, help="local stores")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cunzhen.config.settings")
    django.setup()
    from django.conf import settings

    settings.STORES = {f"bench{n}": settings.HOME / "stores" / f"bench{n}" for n in range(options.copies)}
    archivist, service, fonds = _people()
    with tempfile.TemporaryDirectory(dir=settings.HOME) as folder:
        ids = _file(service, fonds, Path(folder), options.items)
    direct = _correct(archivist, ids[:DIRECT], "直接更正")
    bulk = _correct(archivist, ids, "批量更正")
    waiting = _read(ids)
    fold = _fold(service)
    result = {
        "name": "correct",
        "machine": {"cores": os.cpu_count(), "memory_mb": _memory_mb()},
        "items": len(ids),
        "copies": options.copies,
        "change_set_seconds": round(bulk, 2),
        "change_set_items_per_second": round(len(ids) / bulk),
        "direct_items_per_second": round(DIRECT / direct, 1),
        "fold_packages_per_second": round(len(ids) / fold, 1),
        "read_waiting_ms": round(waiting * 1000, 2),
        "read_folded_ms": round(_read(ids) * 1000, 2),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(result))


def _people() -> tuple[Any, Any, Any]:
    """An archivist, the machine and a fonds."""
    from cunzhen.accounts.operations import found_agency, found_user
    from cunzhen.accounts.queries import actor_of, service_actor
    from cunzhen.accounts.rules import Role
    from cunzhen.holdings.operations import found_fonds, install_schedule

    now = datetime.now(UTC)
    agency = found_agency(name="测试中心", region_code="141124", valid_from=date(2003, 12, 1), now=now)
    schedule = install_schedule(actor_id=agency.id, agency_id=agency.id, now=now)
    fonds = found_fonds(keeper=agency, code="J019", name="测试中心", schedule=schedule, actor_id=agency.id, now=now)
    user = found_user(
        agency=agency,
        username="bench",
        display_name="甲",
        password=os.urandom(9).hex(),
        roles=[Role.ARCHIVIST],
        now=now,
    )
    return actor_of(user), service_actor(agency), fonds


def _file(service: Any, fonds: Any, folder: Path, items: int) -> list[UUID]:
    from cunzhen.holdings.operations import file_items

    ids: list[UUID] = []
    for low in range(0, items, BATCH):
        new = [_new_item(fonds.id, folder / str(n)) for n in range(low, min(low + BATCH, items))]
        ids += [f.id for f in file_items(service, items=new, now=datetime.now(UTC))]
    return ids


def _new_item(fonds_id: UUID, path: Path) -> Any:
    from uuid_utils.compat import uuid7

    from cunzhen.formats.digests import digest_file
    from cunzhen.formats.page_text import PageText, Word
    from cunzhen.holdings.rules import NamedPerson, NewComponent, NewItem, NewPage

    path.write_bytes(os.urandom(20_000))
    d = digest_file(path)
    file = NewComponent(
        uuid7(), path, "扫描.jpg", d.size, d.sha256, d.sm3, d.sha512, "fmt/43", "image/jpeg", "JPEG 1.01"
    )
    words = tuple(Word("退休审批表", (n, n, n + 80, n + 20), 0.98, n) for n in range(60))
    page = NewPage(uuid7(), 0, 0, PageText(1654, 2339, 0, 0.1, False, words, "bench"))
    return NewItem(
        uuid7(), fonds_id, "YL", "retirement_approval", "退休审批表", 2019, "2019-03-06", uuid7(), (file,), (page,),
        (NamedPerson("张样本", page=0),),
    )  # fmt: skip


def _correct(archivist: Any, ids: Sequence[UUID], title: str) -> float:
    """Seconds to correct them in one act, its commit included."""
    from cunzhen.holdings.corrections import Correction
    from cunzhen.holdings.models import Item
    from cunzhen.holdings.operations import correct_items

    versions = dict(Item.objects.filter(id__in=ids).values_list("id", "version"))
    started = time.perf_counter()
    asked = [Correction(i, versions[i], title=title, case_number=title) for i in ids]
    correct_items(archivist, corrections=asked, reason="测量", now=datetime.now(UTC))
    return time.perf_counter() - started


def _read(ids: Sequence[UUID]) -> float:
    """Seconds to read one description, the change-set opened already."""
    from cunzhen.preservation.queries import read_description

    read_description(ids[0])
    some = ids[:: max(1, len(ids) // READ)]
    started = time.perf_counter()
    for item_id in some:
        read_description(item_id)
    return (time.perf_counter() - started) / len(some)


def _fold(service: Any) -> float:
    from django.utils import timezone

    from cunzhen.preservation.models import PendingChange
    from cunzhen.preservation.operations import fold_changes

    change_set = PendingChange.objects.values_list("change_set_id", flat=True)[0]
    started = time.perf_counter()
    fold_changes(service, change_set_id=change_set, clock=timezone.now)
    return time.perf_counter() - started


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_048_576


if __name__ == "__main__":
    main()
