"""存证账本: its page for the audit officer, its published files for everybody, its entries for few."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from cunzhen.formats.cosignature import Request, make_witness_key, read_addresses, with_lines, write_request
from cunzhen.formats.signed_note import public_bytes
from cunzhen.ledger import queries
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.tiles import current, own_vkey
from cunzhen.ledger.watching import watch
from cunzhen.ledger.witness import create
from cunzhen.ledger.witnesses import ask_witnesses
from tests.web.conftest import Sit
from tests.web.papers import filed
from tests.world import World

pytestmark = pytest.mark.django_db
ENTRIES = "/ledger/tile/entries/000"
WITNESS = make_witness_key("witness.example/w", public_bytes(Ed25519PrivateKey.from_private_bytes(bytes(32))))


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


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_how_witnesses_and_the_audit_stand(sit: Sit, entries: int, settings: Settings, language: str) -> None:
    """Nobody witnesses; then one does not answer; then the table is altered: each is told in words."""
    desk = sit("audit_officer").speak(language)
    alone = desk.get("/ledger/").text
    assert {"zh-hans": "还没有见证人", "en": "There is no witness yet"}[language] in alone
    settings.WITNESSES = read_addresses(f"{WITNESS} http://127.0.0.1:1")
    assert {"zh-hans": "尚未联系", "en": "Not asked yet"}[language] in desk.get("/ledger/").text
    ask_witnesses(timezone.now())
    watch(timezone.now())
    page = desk.get("/ledger/")
    assert {"zh-hans": "归档照常进行", "en": "filing goes on"}[language] in page.text
    assert {"zh-hans": "相符", "en": "Agrees"}[language] in page.text and not page.soup.select(".notice-bad")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_entry SET op = 'x' WHERE id = (SELECT entry_id FROM ledger_leaf WHERE number = 1)"
        )
    watch(timezone.now() + timedelta(minutes=5))
    page = desk.get("/ledger/")
    assert "L-A-07" in page.soup.select_one(".notice-bad").text


def test_heads_of_each_day(sit: Sit, entries: int, settings: Settings, tmp_path: Path) -> None:
    witness = create(tmp_path / "witness", "witness.example/w")
    witness.trust(own_vkey())
    settings.WITNESSES = read_addresses(f"{witness.vkey} http://127.0.0.1:1")
    now = timezone.now()
    head = queries.head().signed_note_text
    line = witness.add_checkpoint(write_request(Request(0, (), head)), now).text
    folder = current().root
    (folder / "heads").mkdir()
    (folder / "heads" / "2026-11-22").write_text(with_lines(head, [line]), encoding="utf-8")
    (folder / "heads" / "2026-11-21").write_text("broken", encoding="utf-8")
    page = sit("audit_officer").get("/ledger/").text
    assert "witness.example/w" in page and "2026-11-22" in page and "缺损" in page
    answer = sit("").raw("get", "/ledger/heads/2026-11-22")
    assert answer.status_code == 200 and _body(answer).decode() == with_lines(head, [line])
    for path in ("heads/2026-11-20", "heads/", "heads/..", "heads/2026-11-22/", "witnesses.json", "audit.json"):
        assert sit("").raw("get", f"/ledger/{path}").status_code == 404, path
