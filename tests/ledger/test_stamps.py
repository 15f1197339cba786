"""The head of each day, stamped by an authority outside; and what becomes of one that is silent or lies."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from cunzhen.ledger import queries, tiles
from cunzhen.ledger.audit import audit
from cunzhen.ledger.kept import day_of, kept_heads
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.posting import NoAnswer, post
from cunzhen.ledger.stamps import day_stamps, stamp_today, trouble
from tests.ledger.conftest import Act
from tests.time_stamping import Authority, Server, openssl, pem, served

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "tsa")


@pytest.fixture
def server(tsa: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with served(tsa) as made:
        yield made


@pytest.fixture
def head(act: Act, tsa: Authority, server: Server, settings: Settings, tmp_path: Path) -> str:
    """A published head, and an authority in the settings."""
    (tmp_path / "root.pem").write_bytes(pem(tsa.root))
    settings.TSA_URL = f"{server.url}/tsa"
    settings.TSA_CERTIFICATES = tmp_path / "root.pem"
    act(5)
    sequence()
    return queries.head().signed_note_text


def test_each_day_one_and_another_program_agrees(head: str, tmp_path: Path, server: Server) -> None:
    now = timezone.now()
    stamp = stamp_today(now)
    assert stamp is not None and abs(stamp.at - now) < timedelta(minutes=1)
    folder = tiles.current().root / "stamps"
    day = day_of(now)
    assert (folder / day).read_text(encoding="utf-8") == head
    openssl(folder, "-verify", "-data", day, "-in", f"{day}.tsr", "-CAfile", str(tmp_path / "root.pem"))
    assert stamp_today(now + timedelta(seconds=1)) is None and len(server.heard) == 1
    [listed] = day_stamps(31)
    assert (listed.day, listed.stamp, listed.problem) == (day, stamp, None)
    assert stamp_today(now + timedelta(days=1)) is not None, "the next day, the next one"
    assert [one.day for one in day_stamps(1)] == [day_of(now + timedelta(days=1))]
    assert trouble() is not None and trouble().code == "L-47", "our clock ran a day ahead of theirs"


def test_the_ledger_must_go_on_from_what_was_stamped(head: str, act: Act) -> None:
    stamp_today(timezone.now())
    assert list(kept_heads().values()) == [head]
    act(5)
    sequence()
    assert audit().ok
    path = tiles.current().root / "stamps" / day_of(timezone.now())
    path.write_text(head.replace("\n5\n", "\n4\n"), encoding="utf-8")
    assert [p.code for p in audit().problems] == ["L-A-18"]
    [listed] = day_stamps(31)
    assert listed.stamp is None and listed.problem is not None and listed.problem.code == "L-42"


@pytest.mark.parametrize(
    ("path", "code"),
    [("junk", "L-40"), ("empty", "L-40"), ("page", "L-40"), ("huge", "L-44"), ("500", "L-44"), ("replay", "L-42"),
     ("other", "L-44"), ("to/file:///etc/hostname", "L-44")],
)  # fmt: skip
def test_no_stamp_is_no_half_stamp(head: str, server: Server, settings: Settings, path: str, code: str) -> None:
    settings.TSA_URL = f"{server.url}/{path}"
    assert stamp_today(timezone.now()) is None
    said = trouble()
    assert said is not None and said.code == code and said.message != said.english
    assert not (tiles.current().root / "stamps").exists() and sequence() == 0
    settings.TSA_URL = f"{server.url}/tsa"
    assert stamp_today(timezone.now()) is not None and trouble() is None, "the next time it is had"


def test_a_redirect_is_not_followed(head: str, server: Server, settings: Settings) -> None:
    settings.TSA_URL = f"{server.url}/to/{server.url}/tsa"
    assert stamp_today(timezone.now()) is None and len(server.heard) == 1


def test_certificates_that_are_not_there(head: str, settings: Settings, tmp_path: Path) -> None:
    for path in (None, tmp_path / "nowhere.pem"):
        settings.TSA_CERTIFICATES = path
        assert stamp_today(timezone.now()) is None
        said = trouble()
        assert said is not None and said.code == "L-45"


def test_an_authority_that_is_not_ours(head: str, settings: Settings, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other")
    (tmp_path / "other.pem").write_bytes(pem(other.root))
    settings.TSA_CERTIFICATES = tmp_path / "other.pem"
    assert stamp_today(timezone.now()) is None
    said = trouble()
    assert said is not None and said.code == "L-43"


def test_without_an_authority_or_a_head_nothing_is_asked(home: Path, settings: Settings, server: Server) -> None:
    assert stamp_today(timezone.now()) is None
    settings.TSA_URL = f"{server.url}/tsa"
    assert stamp_today(timezone.now()) is None, "nothing is published yet"
    assert server.heard == [] and day_stamps(31) == []


def test_the_day_is_that_of_beijing() -> None:
    assert day_of(datetime.fromisoformat("2026-11-22T16:30:00+00:00")) == "2026-11-23"


@pytest.mark.parametrize("path", ["silent", "slow"])
def test_the_time_is_for_everything_together(server: Server, path: str) -> None:
    begun = time.monotonic()
    with pytest.raises(NoAnswer):
        post(f"{server.url}/{path}", b"x", content_type="text/plain", seconds=0.5)
    assert time.monotonic() - begun < 5


def test_nobody_there() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        port = closed.server_port
    with pytest.raises(NoAnswer, match="ConnectionRefusedError"):
        post(f"http://127.0.0.1:{port}/", b"x", content_type="text/plain", seconds=5)


def test_name_and_password_are_sent_and_never_shown(head: str, server: Server, settings: Settings) -> None:
    settings.TSA_URL = server.url.replace("://", "://agency:geheim%3A%40@") + "/tsa"
    assert stamp_today(timezone.now()) is not None
    assert base64.b64decode(server.heard[0]["authorization"].removeprefix("Basic ")) == b"agency:geheim:@"
    assert "@" not in server.heard[0]["host"]
    settings.TSA_URL = settings.TSA_URL.replace("/tsa", "/500")
    stamp_today(timezone.now() + timedelta(days=1))
    written = b"".join(p.read_bytes() for p in tiles.current().root.rglob("*") if p.is_file())
    assert b"geheim" not in written and b"agency:" not in written
