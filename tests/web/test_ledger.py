"""存证账本: its page for the audit officer, its published files for everybody, its entries for few."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cunzhen.ledger.operations import sequence
from tests.web.conftest import Sit
from tests.web.papers import filed
from tests.world import World

pytestmark = pytest.mark.django_db
ENTRIES = "/ledger/tile/entries/000"


@pytest.fixture
def entries(world: World, tmp_path: Path) -> int:
    """A few entries, numbered and signed."""
    filed(world, tmp_path, 2)
    return sequence()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_audit_officer_reads_it(sit: Sit, entries: int, language: str) -> None:
    page = sit("audit_officer").speak(language).get("/ledger/")
    assert str(entries) in page.h1 and len(page.soup.select("li.event")) == min(entries, 50)


def test_before_the_first_entry(sit: Sit, world: World) -> None:
    assert "还没有记录" in sit("audit_officer").get("/ledger/").text


def _body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_the_checkpoint_is_public(sit: Sit, entries: int) -> None:
    answer = sit("").raw("get", "/ledger/checkpoint")
    text = _body(answer).decode()
    assert answer.status_code == 200 and answer["Content-Type"] == "text/plain; charset=utf-8"
    assert text.split("\n")[1] == str(entries) and "— " in text
    assert sit("").raw("get", "/ledger/vkey").status_code == 200
    tile = sit("").raw("get", f"/ledger/tile/0/000.p/{entries}")
    assert tile.status_code == 200 and len(_body(tile)) == 32 * entries
    assert tile["Content-Type"] == "application/octet-stream"


def test_entries_need_the_audit_role(sit: Sit, entries: int) -> None:
    address = f"{ENTRIES}.p/{entries}"
    for who in ("", "clerk", "archivist", "leader", "system_officer", "security_officer", "outsider"):
        assert sit(who).raw("get", address).status_code == 404, who
    assert sit("audit_officer").raw("get", address).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "../secret-key", "..%2fsecret-key", "tile/../../secret-key", "tile//entries/000", "./tile/entries/000",
        "Tile/entries/000", "tile/./entries/000", "/tile/entries/000", "tile/0/..%2f..%2f..%2fsecret-key",
        "checkpoint/", "keys/ledger.pem", "%00", "tile/0/000.p/" + "9" * 5000,
        "tile/%65ntries//000", "tile/entries%2f000",
    ],
)  # fmt: skip
def test_no_spelling_leads_anywhere_else(sit: Sit, entries: int, path: str) -> None:
    answer = sit("").raw("get", f"/ledger/{path}")
    assert answer.status_code == 404, path
    assert b"secret" not in _body(answer)
