"""Filing digital one-page papers end to end: received, read, described, checked, packaged, recorded, indexed, durable.

    python bench/all.py ingest [--items 2000] [--scans]

With ``--scans`` the papers are A4 forms scanned at 300 dpi, and pages a minute count. CPU is that of every process of
the product, its PostgreSQL included. Limit (issue of the main path): 0.05 CPU-seconds a document; Paperless-ngx 3.0.5
took 0.65 on the same kind of papers, Mayan 1.33 (measured apart).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

HERE = Path(__file__).parent
LIMIT = 0.05


class Watch:
    """CPU seconds and peak memory of a process tree and of a database server, sampled while they live."""

    def __init__(self, process: int, server: int | None) -> None:
        self._roots = [process] + ([server] if server else [])
        self._server = server
        self._cpu: dict[tuple[int, float], float] = {}
        self._before = self._server_seconds()
        self.peak_rss = self.peak_product_rss = self.peak_product_pss = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _server_seconds(self) -> float:
        """The server's own time and that of its ended children, which it has waited for."""
        if not self._server:
            return 0.0
        root = psutil.Process(self._server)
        times = root.cpu_times()
        living = sum(sum(c.cpu_times()[:2]) for c in root.children(recursive=True))
        return times.user + times.system + times.children_user + times.children_system + living

    def _run(self) -> None:
        while not self._stop.wait(0.5):
            sizes = {"all": 0, "product": 0, "shared once": 0}
            for process in psutil.process_iter(["pid", "create_time"]):
                try:
                    line = {p.pid for p in [process, *process.parents()]}
                    if not line & set(self._roots):
                        continue
                    rss = process.memory_info().rss
                    sizes["all"] += rss
                    if self._server not in line:
                        sizes["product"] += rss
                        sizes["shared once"] += process.memory_full_info().pss
                        self._cpu[(process.pid, process.create_time())] = sum(process.cpu_times()[:2])
                except psutil.Error:
                    continue
            self.peak_rss = max(self.peak_rss, sizes["all"])
            self.peak_product_rss = max(self.peak_product_rss, sizes["product"])
            self.peak_product_pss = max(self.peak_product_pss, sizes["shared once"])

    def product_seconds(self) -> float:
        """CPU seconds of the processes that were seen, those that nobody waited for among them."""
        return sum(self._cpu.values())

    def server_seconds(self) -> float:
        """CPU seconds of the server since the start."""
        return self._server_seconds() - self._before

    def close(self) -> None:
        """Stop sampling."""
        self._stop.set()
        self._thread.join()


def main() -> None:
    """Draw the corpus, file it in one command, print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--scans", action="store_true")
    options = parser.parse_args()
    items = options.items
    from bench.corpus import draw, draw_scans

    home = Path(os.environ["CUNZHEN_HOME"])
    cunzhen = [sys.executable, "-m", "cunzhen.cli.main", "--home", str(home)]
    subprocess.run(
        [*cunzhen, "--json", "found", "--agency", "基准", "--region", "141124", "--fonds", "J019"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with tempfile.TemporaryDirectory(prefix="cunzhen-corpus-") as folder:
        mean = (draw_scans if options.scans else draw)(Path(folder), items)
        server = _postmaster(home)
        started = time.monotonic()
        before = os.times()
        with subprocess.Popen([*cunzhen, "--json", "ingest", folder, "--auto"], stdout=subprocess.PIPE) as process:
            watch = Watch(process.pid, server)
            output = process.stdout.read() if process.stdout else b""
        seconds = time.monotonic() - started
        after = os.times()
        watch.close()
    receipt = json.loads(output)
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    # Readers that are killed at the end count only as they were last seen, the others exactly once waited for.
    cpu = max(cpu, watch.product_seconds()) + watch.server_seconds()
    print(
        json.dumps(
            {
                "name": "ingest",
                "machine": {"cores": os.cpu_count(), "memory_gb": round(psutil.virtual_memory().total / 1e9)},
                "papers": "scans" if options.scans else "digital",
                "items": items,
                "mean_bytes": round(mean),
                "filed": receipt["filed"],
                "waiting": receipt["waiting"],
                "indexed": receipt["indexed"],
                "cpu_seconds_per_document": round(cpu / items, 4),
                "postgres_cpu_seconds_per_document": round(watch.server_seconds() / items, 4),
                "documents_per_second": round(items / seconds, 2),
                "pages_per_minute": round(60 * items / seconds, 1),
                "peak_rss_mb": round(watch.peak_rss / 1e6),
                "peak_rss_without_database_mb": round(watch.peak_product_rss / 1e6),
                "peak_pss_without_database_mb": round(watch.peak_product_pss / 1e6),
                **({"limit_pages_per_minute": 50} if options.scans else {"limit_cpu_seconds_per_document": LIMIT}),
            }
        )
    )


def _postmaster(home: Path) -> int | None:
    place = json.loads((home / "postgres-place.json").read_text()) if (home / "postgres-place.json").exists() else {}
    data = Path(place.get("data") or home / "postgres")
    pid_file = data / "postmaster.pid"
    return int(pid_file.read_text().split()[0]) if pid_file.exists() else None


if __name__ == "__main__":
    main()
