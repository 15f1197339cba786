"""Pages and searches through HTTP over a catalogue of many items: what a person at the desk waits for.

    python bench/all.py http [--items 100000] [--asked 200]

The rows, page texts, mentions and ledger entries are real ones in a real database (copied in, without packages and
pictures); the index is built from them by the product's own follower. Limits: searches p99 under
50 ms, desk pages under 150 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import psutil

HERE = Path(__file__).parent
BATCH = 2_000
PORT = 18_765
PASSWORD = "bench-" + "password-1"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def fill(items: int, asked: int) -> tuple[dict[str, list[str]], str]:
    """Put the corpus into the catalogue and the index; returns the questions and a token for the API."""
    import django

    django.setup()
    from bench.search import corpus, questions
    from cunzhen.access.operations import rebuild_index
    from cunzhen.accounts.models import Agency
    from cunzhen.accounts.operations import found_user, issue_token
    from cunzhen.accounts.queries import actor_of
    from cunzhen.accounts.rules import Role
    from cunzhen.holdings.models import Fonds
    from cunzhen.ledger.operations import sequence

    agency = Agency.objects.get()
    user = found_user(
        agency=agency, username="bench", display_name="基准", password=PASSWORD, roles=[Role.ARCHIVIST], now=NOW
    )
    fonds = Fonds.objects.get()
    series = {s.code: s.id for s in fonds.series.all()}
    stream, kept = corpus(items), []
    rng = random.Random(1)
    while batch := list(islice(stream, BATCH)):
        add(batch, fonds, series)
        kept += rng.sample(batch, min(len(batch), 20))
    while sequence():
        pass
    started = time.perf_counter()
    rebuild_index()
    print(f"index built in {time.perf_counter() - started:.0f} s", file=sys.stderr)
    secret = issue_token(actor_of(user), username="bench", label="bench", days=1, now=datetime.now(UTC))
    return questions(kept, asked), secret


def add(documents: list[Any], fonds: Any, series: dict[str, Any]) -> None:
    """One batch of items as rows and ledger entries."""
    from django.db import transaction

    from cunzhen.database.rows import copy_rows
    from cunzhen.ledger.operations import NewEntry, Subject, record

    made = [rows_of(d, fonds, series) for d in documents]
    entries = [
        NewEntry("file_drafts", fonds.id, fonds.keeper_id, (Subject(d.id, d.id.hex * 2),), {}) for d in documents
    ]
    with transaction.atomic():
        for column in zip(*made, strict=True):
            copy_rows(column)
        record(entries, at=NOW)


def rows_of(d: Any, fonds: Any, series: dict[str, Any]) -> tuple[Any, ...]:
    """The rows of one item: itself, its code, file and page, the person and the unit that it names."""
    from uuid_utils.compat import uuid7

    from cunzhen.holdings.models import ArchivalCode, Component, Item, Mention, Page

    digest = d.id.hex * 2
    item = Item(
        id=d.id,
        node="bench",
        fonds=fonds,
        series_id=series.get(d.series, series["GL"]),
        archival_code=d.archival_code,
        kind="retirement_approval",
        title=d.title,
        year=d.year,
        document_date=d.document_date,
        term=d.retention,
        content_sha256=digest,
        page_count=1,
        transfer_id=fonds.id,
        filed_at=d.filed_at,
        filed_by=fonds.id,
    )
    component = Component(
        id=uuid7(),
        item_id=d.id,
        number=1,
        path="originals/0001.pdf",
        name="a.pdf",
        size=1,
        sha256=digest,
        sm3=digest,
        sha512=digest * 2,
        puid="fmt/276",
        mime="application/pdf",
        format_name="PDF",
        page_count=1,
    )
    place = {"width": 1240, "height": 1754, "rotation": 0, "skew": 0.0, "blank": False, "engine": "pdf"}
    page = Page(
        id=uuid7(),
        item_id=d.id,
        component_id=component.id,
        number=1,
        index=0,
        confidence=1.0,
        words=words_of(d),
        **place,
    )
    common = {"item_id": d.id, "confidence": 1.0, "source": "machine", "asserted_by": fonds.id, "asserted_at": NOW}
    person = Mention(kind="person", name=d.person_names[0], number=d.id_numbers[0], **common)
    unit = Mention(kind="employer", name=d.units[0], **common)
    code = ArchivalCode(item_id=d.id, keeper_id=fonds.keeper_id, code=d.archival_code, valid_from=NOW)
    return item, code, component, page, person, unit


def words_of(d: Any) -> bytes:
    """The page's text as it is stored, a line a word."""
    from cunzhen.formats.page_text import PageText, Word
    from cunzhen.holdings.queries import seal_page

    lines = d.page_texts[0].splitlines()
    words = tuple(Word(t, (100, 100 + 40 * n, 1100, 130 + 40 * n), 1.0, n) for n, t in enumerate(lines))
    return seal_page(PageText(1240, 1754, 0, 0.0, False, words, "pdf"))


class Desk:
    """A signed-in session against the served desk."""

    def __init__(self, secret: str) -> None:
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=30)
        page = self.client.get("/sign-in/").text
        data = {"username": "bench", "password": PASSWORD, "csrfmiddlewaretoken": token(page)}
        self.client.post("/sign-in/", data=data)
        self.token = token(self.client.get("/search/").text)
        self.program = httpx.Client(
            base_url=f"http://127.0.0.1:{PORT}/api/v1", timeout=30, headers={"Authorization": f"Bearer {secret}"}
        )

    def ask(self, query: str) -> None:
        """The same question as a program asks it, in one request."""
        answer = self.program.post("/searches", json={"query": query})
        if answer.status_code not in {200, 201}:
            raise RuntimeError(f"the API answered {answer.status_code}")

    def search(self, query: str) -> None:
        """Post the query and follow to its results, as a browser does."""
        answer = self.client.post("/search/", data={"q": query, "csrfmiddlewaretoken": self.token})
        if answer.status_code != 302:
            raise RuntimeError(f"search answered {answer.status_code}")
        if query:
            self.results = answer.headers["location"]

    def show(self) -> None:
        """The results page."""
        self.get(self.results)

    def get(self, path: str) -> None:
        """A page."""
        answer = self.client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")


def token(page: str) -> str:
    """The CSRF token of a page."""
    match = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    return match[1] if match else ""


def spent(call: Callable[[], None]) -> float:
    """Milliseconds that a call takes."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def cuts(times: list[float]) -> dict[str, float]:
    """Percentiles of milliseconds."""
    cut = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50_ms": round(cut[49], 1), "p95_ms": round(cut[94], 1), "p99_ms": round(cut[98], 1)}


def measure(asked: dict[str, list[str]], secret: str) -> dict[str, dict[str, float]]:
    """Each kind of question (post and results page together, the page alone, the API), then each page."""
    desk = Desk(secret)
    found: dict[str, dict[str, float]] = {}
    for kind, drawn in asked.items():
        queries = [q for q in drawn if q]
        if queries:
            desk.search(queries[0])
            desk.show()
            pairs = [(spent(lambda q=q: desk.search(q)), spent(desk.show)) for q in queries]  # type: ignore[misc]
            found[f"search: {kind}"] = cuts([post + show for post, show in pairs])
            found[f"results page: {kind}"] = cuts([show for _, show in pairs])
            desk.ask(queries[0])
            found[f"API: {kind}"] = cuts([spent(lambda q=q: desk.ask(q)) for q in queries])  # type: ignore[misc]
    for path in (
        "/",
        "/items/",
        "/items/?year=2019",
        "/items/?series=YL&year=2010",
        "/transfers/",
        "/search/",
        "/help/",
    ):
        desk.get(path)
        found[f"page: {path}"] = cuts([spent(lambda path=path: desk.get(path)) for _ in range(30)])  # type: ignore[misc]
    return found


def main() -> None:
    """Fill, serve, measure, print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--asked", type=int, default=200)
    options = parser.parse_args()
    home = Path(os.environ["CUNZHEN_HOME"])
    cunzhen = [sys.executable, "-m", "cunzhen.cli.main", "--home", str(home)]
    founding = ["found", "--agency", "基准", "--region", "141124", "--fonds", "J019", "--json"]
    subprocess.run([*cunzhen, *founding], check=True, stdout=subprocess.DEVNULL)
    asked, secret = fill(options.items, options.asked)
    serve = [*cunzhen, "serve", "--port", str(PORT)]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as desk:
        try:
            for line in desk.stdout or ():
                if line.startswith("ready"):
                    break
            found = measure(asked, secret)
            tree = [psutil.Process(desk.pid), *psutil.Process(desk.pid).children(recursive=True)]
            rss = sum(p.memory_info().rss for p in tree)
        finally:
            desk.terminate()
    print(
        json.dumps(
            {
                "name": "http",
                "machine": {"cores": os.cpu_count(), "memory_gb": round(psutil.virtual_memory().total / 1e9)},
                "items": options.items,
                "queries": found,
                "errors": 0,
                "rss_mb": round(rss / 1e6),
                "limits_ms": {"search p99": 50, "page p95": 150},
            },
            ensure_ascii=False,
        )
    )


if __name__ == "__main__":
    main()
