"""How fast the ledger takes entries and proves itself. Prints one JSON object.

Against the configured database, which keeps what is written: entries cannot be taken back. Entries are recorded in
batches of 100, each its own transaction, and sequenced until the published checkpoint covers them all; then the whole
ledger is audited.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import time
from datetime import UTC, datetime

import django

BATCH = 100


def main() -> None:
    """Run, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=20_000, help="entries to append")
    items = max(BATCH, parser.parse_args().items)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cunzhen.config.settings")
    django.setup()

    from cunzhen.ledger import queries
    from cunzhen.ledger.audit import audit

    recorded = _record(items)
    sequenced = _sequence()
    started = time.perf_counter()
    report = audit()
    audited = time.perf_counter() - started
    result = {
        "name": "ledger",
        "machine": {"cores": os.cpu_count(), "memory_mb": _memory_mb()},
        "items": items,
        "append_entries_per_second": round(items / (recorded + sequenced)),
        "record_entries_per_second": round(items / recorded),
        "sequence_entries_per_second": round(items / sequenced),
        "audit_entries_per_second": round(queries.head().size / audited),
        "audited": report.size,
        "ok": report.ok,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(result))


def _record(items: int) -> float:
    """Seconds to record so many entries, each batch committed by itself."""
    from django.db import transaction
    from uuid_utils.compat import uuid7

    from cunzhen.ledger.operations import NewEntry, Subject, record

    actor, agency = uuid7(), uuid7()
    digest = hashlib.sha256(b"benchmark").hexdigest()
    started = time.perf_counter()
    for low in range(0, items, BATCH):
        entries = [
            NewEntry("verify", actor, agency, (Subject(uuid7(), digest, digest),), {"serial": serial})
            for serial in range(low, min(low + BATCH, items))
        ]
        with transaction.atomic():
            record(entries, at=datetime.now(UTC))
    return time.perf_counter() - started


def _sequence() -> float:
    """Seconds until nothing waits any more."""
    from cunzhen.ledger.models import LedgerPending
    from cunzhen.ledger.operations import sequence

    started = time.perf_counter()
    while LedgerPending.objects.exists():
        sequence()
    return time.perf_counter() - started


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_048_576


if __name__ == "__main__":
    main()
