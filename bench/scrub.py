"""How fast the scrub checks copies: files of 20 kB to 5 MB in three local stores. Prints one JSON object.

Peer in the same run, by turns: two plain Python processes that only read and hash the same files with hashlib.sha512,
and know no inventory, no register, no second digest and nobody who reads or writes meanwhile. Both find the files in
memory (``--cold`` drops the caches before each turn of either, where the machine allows it). The scrub is the whole
operation: database, SM3 of a tenth, the walk for strays, ledger entry. On a machine that others use the processor
time says more than the clock; it is that of this process against that of the two, the database's own left out.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import django
import psutil

SMALLEST, LARGEST = 20_000, 5_000_000
TARGET = 0.85
PLAIN = """
import hashlib, sys
paths = sys.stdin.readline().rstrip("\\n")
paths = open(paths, encoding="utf-8").read().split("\\n")
print("ready", flush=True)
for _ in sys.stdin:
    for path in paths:
        with open(path, "rb") as file:
            hashlib.file_digest(file, "sha512").hexdigest()
    print("done", flush=True)
"""


def main() -> None:
    """Run, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=700, help="in each store")
    parser.add_argument("--stores", type=int, default=3)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--cold", action="store_true", help="drop the caches before every turn")
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to measure; default the home")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cunzhen.config.settings")
    django.setup()
    from django.conf import settings

    folder = (options.folder or settings.HOME) / f"bench-scrub-{os.getpid()}"
    settings.STORES = {f"bench{n}": folder / f"store{n}" for n in range(options.stores)}
    try:
        count = _keep(folder, options.megabytes * 1_000_000)
        print(json.dumps(_measure(folder, count, options)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _keep(folder: Path, size: int) -> int:
    """Packages of one to four files whose sizes are spread evenly over the orders of magnitude."""
    from cunzhen.formats.digests import digest_bytes
    from cunzhen.preservation.operations import keep_packages
    from cunzhen.preservation.rules import ContentFile, NewPackage

    draw = random.Random(20261122)
    now = datetime.now(UTC)
    kept = 0
    packages: list[NewPackage] = []
    while size > 0:
        files = []
        for number in range(draw.randint(1, 4)):
            data = draw.randbytes(round(math.exp(draw.uniform(math.log(SMALLEST), math.log(LARGEST)))))
            digests = digest_bytes(data)
            files.append(ContentFile(f"originals/{number:04}.tif", data, digests.sha256, digests.sm3))
            size -= len(data)
        mets = draw.randbytes(4_000).hex().encode()
        files.append(ContentFile("mets.xml", mets))
        packages.append(NewPackage(UUID(int=draw.getrandbits(128)), tuple(files), "bench", "bench", now))
        if len(packages) == 50 or size <= 0:
            keep_packages(packages, now=now)
            kept += len(packages)
            packages.clear()
    return kept


def _measure(folder: Path, count: int, options: argparse.Namespace) -> dict[str, object]:
    files = sorted(str(p) for store in folder.iterdir() for p in (store / "ocfl").rglob("*/*/*/*/**/*") if p.is_file())
    size = sum(os.path.getsize(path) for path in files)
    plain = _Plain(folder, files)
    ours, peers, cpu = [], [], []
    plain.run()  # both find the files in memory
    for _ in range(options.turns):
        before = time.process_time(), plain.cpu_seconds()
        for turns, run in ((peers, plain.run), (ours, _scrub)):
            if options.cold:
                subprocess.run(["sync"], check=True)
                Path("/proc/sys/vm/drop_caches").write_text("3")
            turns.append(run())
        cpu.append((plain.cpu_seconds() - before[1]) / (time.process_time() - before[0]))
    plain.close()
    ratios = [p / o for p, o in zip(peers, ours, strict=True)]
    return {
        "name": "scrub",
        "machine": {"cores": os.cpu_count(), "memory_mb": _memory_mb()},
        "items": count,
        "copies": count * options.stores,
        "files": len(files),
        "megabytes": round(size / 1e6),
        "cold": options.cold,
        "megabytes_per_second": round(size / 1e6 / statistics.median(ours), 1),
        "plain_megabytes_per_second": round(size / 1e6 / statistics.median(peers), 1),
        "ratio_to_plain_hash": round(statistics.median(ratios), 3),
        "ratios": [round(r, 3) for r in ratios],
        "cpu_ratio_to_plain_hash": round(statistics.median(cpu), 3),
        "load_average": round(os.getloadavg()[0], 1),
        "target_ratio": TARGET,
    }


def _scrub() -> float:
    from cunzhen.accounts.rules import Actor
    from cunzhen.preservation.operations import scrub_copies

    agency = UUID(int=1)
    actor = Actor(UUID(int=2), "bench", "service", agency, frozenset({agency}), frozenset({"scrub_copies"}))
    started = time.perf_counter()
    report = scrub_copies(actor, everything=True, clock=lambda: datetime.now(UTC), megabytes_per_second=0)
    seconds = time.perf_counter() - started
    if not report.ok:
        raise SystemExit(f"the scrub found something: {report}")
    return seconds


class _Plain:
    """Two processes, started before the clock runs, each with every other file."""

    def __init__(self, folder: Path, files: list[str]) -> None:
        self._processes = []
        for part in range(2):
            names = folder / f"files-{part}"
            names.write_text("\n".join(files[part::2]), encoding="utf-8")
            process = subprocess.Popen(
                [sys.executable, "-c", PLAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            self._tell(process, str(names))
            self._hear(process, "ready")
            self._processes.append(process)

    def run(self) -> float:
        """Seconds to hash everything."""
        started = time.perf_counter()
        for process in self._processes:
            self._tell(process, "go")
        for process in self._processes:
            self._hear(process, "done")
        return time.perf_counter() - started

    def cpu_seconds(self) -> float:
        """Processor time that both have used."""
        return sum(sum(psutil.Process(process.pid).cpu_times()[:2]) for process in self._processes)

    def close(self) -> None:
        """Let them go."""
        for process in self._processes:
            if process.stdin:
                process.stdin.close()
            process.wait()

    def _tell(self, process: subprocess.Popen[str], word: str) -> None:
        assert process.stdin is not None
        process.stdin.write(f"{word}\n")
        process.stdin.flush()

    def _hear(self, process: subprocess.Popen[str], word: str) -> None:
        assert process.stdout is not None
        if process.stdout.readline().strip() != word:
            raise SystemExit("a plain process failed")


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024 // 1024


if __name__ == "__main__":
    main()
