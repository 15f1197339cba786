"""How many packages of about 40 kB are kept durably per second, in one and in three local stores. Prints one JSON.

Peer in the same run: plain Python that makes the same folders and writes the same bytes, with one sync per batch, but
computes no digest, writes no inventory, reads nothing back and keeps no register. The rows and folders made here are
removed at the end. Ours should keep 10,000 packages in three stores at no less than ``WANTED`` a second.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import django

BATCH = 500
WANTED = 150.0
SCAN_BYTES, TEXT_BYTES, METS_BYTES = 30_000, 4_000, 6_000


def main() -> None:
    """Run, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000, help="packages in three stores; a fifth of it in one")
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to measure; default the home")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cunzhen.config.settings")
    django.setup()
    from django.conf import settings

    folder = (options.folder or settings.HOME) / f"bench-packages-{os.getpid()}"
    items = max(BATCH, options.items)
    try:
        runs = [_run(folder / "1", max(BATCH, items // 5), 1), _run(folder / "3", items, 3)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    result = {
        "name": "packages",
        "machine": {"cores": os.cpu_count(), "memory_mb": _memory_mb()},
        "items": items,
        **runs[-1],
        "wanted_per_second": WANTED,
        "holds": bool(runs[-1]["packages_per_second"] >= WANTED),
        "runs": runs,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(result))


def _run(folder: Path, items: int, copies: int) -> dict[str, float]:
    """One number of copies: ours and the peer by turns, so that both meet the same disk."""
    from django.conf import settings

    settings.STORES = {f"bench{n}": folder / f"store{n}" for n in range(copies)}
    ours = ours_cpu = plain = 0.0
    for low in range(0, items, BATCH):
        count = min(BATCH, items - low)
        scans = [os.urandom(SCAN_BYTES) for _ in range(count)]
        cpu_before = time.process_time()
        ours += _keep(scans)
        ours_cpu += time.process_time() - cpu_before
        plain += _write_plainly(folder / "plain", scans, copies)
    return {
        "copies": copies,
        "packages_per_second": round(items / ours, 1),
        "plain_writes_per_second": round(items / plain, 1),
        "ratio_to_plain_writes": round(plain / ours, 2),
        "cpu_ms_per_package": round(ours_cpu / items * 1000, 2),
    }


def _keep(scans: list[bytes]) -> float:
    """Seconds to keep a batch, its commit included."""
    from django.db import transaction
    from uuid_utils.compat import uuid7

    from cunzhen.formats.digests import digest_bytes
    from cunzhen.preservation.models import Package, PackageCopy
    from cunzhen.preservation.operations import keep_packages
    from cunzhen.preservation.rules import ContentFile, NewPackage

    now = datetime.now(UTC)
    packages = []
    for scan in scans:
        parts = {"originals/0001.jpg": scan, "text/pages.json": scan[:TEXT_BYTES], "mets.xml": scan[-METS_BYTES:]}
        files = tuple(ContentFile(p, d, digest_bytes(d).sha256, digest_bytes(d).sm3) for p, d in parts.items())
        packages.append(NewPackage(uuid7(), files, "bench", "bench", now))
    started = time.perf_counter()
    with transaction.atomic():
        keep_packages(packages, now=now)
    spent = time.perf_counter() - started
    ids = [p.id for p in packages]
    PackageCopy.objects.filter(package_id__in=ids).delete()
    Package.objects.filter(id__in=ids).delete()
    return spent


def _write_plainly(folder: Path, scans: list[bytes], copies: int) -> float:
    """Seconds to write the same bytes into the same folders, synced once."""
    from cunzhen.formats.durable import FileSystemSync

    folder.mkdir(parents=True, exist_ok=True)
    sync = FileSystemSync(folder)
    started = time.perf_counter()
    for scan in scans:
        name = os.urandom(32).hex()
        for copy in range(copies):
            _write_object(f"{folder}/{copy}/{name[:3]}/{name[3:6]}/{name[6:9]}/{name}", scan)
    sync.sync([])
    sync.close()
    return time.perf_counter() - started


def _write_object(place: str, scan: bytes) -> None:
    os.makedirs(f"{place}/v1/content/originals")
    os.mkdir(f"{place}/v1/content/text")
    small = scan[:1500]
    for name, data in (
        ("0=ocfl_object_1.1", scan[:16]),
        ("inventory.json", small),
        ("inventory.json.sha512", scan[:144]),
        ("v1/inventory.json", small),
        ("v1/inventory.json.sha512", scan[:144]),
        ("v1/content/originals/0001.jpg", scan),
        ("v1/content/text/pages.json", scan[:TEXT_BYTES]),
        ("v1/content/mets.xml", scan[-METS_BYTES:]),
        ("v1/content/manifest-sm3.txt", scan[:250]),
    ):
        with open(f"{place}/{name}", "xb") as out:
            out.write(data)


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024 // 1024


if __name__ == "__main__":
    main()
