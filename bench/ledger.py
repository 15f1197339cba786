"""How fast the ledger takes entries and proves itself. Prints one JSON object.

Against the configured database, which keeps what is written: entries cannot be taken back. Entries are recorded in
batches of 100, each its own transaction, and sequenced until the published checkpoint covers them all; then some one by
one; then the whole ledger is audited, and proofs of entries all over it are made and checked.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import statistics
import time
from datetime import UTC, datetime

import django

BATCH = 100
SINGLE = 500
PROOFS = 300


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
    singly = _record(SINGLE, batch=1)
    _sequence()
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
        "singly_entries_per_second": round(SINGLE / singly),
        "prove_ms": _prove(report.size),
        "audit_seconds": round(audited, 1),
        "audit_entries_per_second": round(queries.head().size / audited),
        "audited": report.size,
        "ok": report.ok,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(result))


def _prove(size: int) -> float:
    """Median milliseconds to make a proof and check it, over entries all over the ledger."""
    from cunzhen.formats import tlog_proof
    from cunzhen.ledger import queries, tiles

    draw = random.Random(20261123)
    took = []
    for _ in range(PROOFS):
        number = draw.randrange(size)
        started = time.perf_counter()
        text = queries.proof(number)
        entry = tlog_proof.parse_proof(text).extra or b""
        tlog_proof.verify_proof(text, entry, [tiles.own_verifier()], tiles.own_verifier().name)
        took.append(time.perf_counter() - started)
    return round(statistics.median(took) * 1000, 2)


def _record(items: int, batch: int = BATCH) -> float:
    """Seconds to record so many entries, each batch committed by itself."""
    from django.db import transaction
    from uuid_utils.compat import uuid7

    from cunzhen.ledger.operations import NewEntry, Subject, record

    actor, agency = uuid7(), uuid7()
    digest = hashlib.sha256(b"benchmark").hexdigest()
    started = time.perf_counter()
    for low in range(0, items, batch):
        entries = [
            NewEntry("verify", actor, agency, (Subject(uuid7(), digest, digest),), {"serial": serial})
            for serial in range(low, min(low + batch, items))
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
