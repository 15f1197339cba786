"""The witness: what it signs, what it refuses, and that it forgets nothing that it signed."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cunzhen.errors import Conflict, Invalid, Missing, Unavailable
from cunzhen.formats import cosignature, signed_note, tlog
from cunzhen.formats.cosignature import Request, parse_witness_key, write_request
from cunzhen.ledger.witness import SIZE, Answer, WitnessFolder, application, create

ORIGIN = "archive.example/ledger"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NOW = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)


class Log:
    """A log in memory; ``name`` makes its leaves its own."""

    def __init__(self, size: int, name: str = "") -> None:
        self.leaves = [tlog.leaf_hash(f"{name}{n}".encode()) for n in range(size)]
        self.tiles: dict[tlog.Tile, bytes] = {}
        builder = tlog.TileBuilder()
        for leaf in self.leaves:
            self.tiles.update(builder.add(leaf))

    def root(self, size: int) -> bytes:
        return tlog.tree_hash(self.leaves[:size])

    def read(self, tile: tlog.Tile) -> bytes:
        if tile in self.tiles:
            return self.tiles[tile]
        start = tile.index * tlog.TILE_WIDTH << (8 * tile.level)
        step = 1 << (8 * tile.level)
        return b"".join(
            tlog.tree_hash(self.leaves[start + n * step : start + (n + 1) * step]) for n in range(tile.width)
        )

    def note(self, size: int, key: Ed25519PrivateKey = KEY, origin: str = ORIGIN) -> str:
        return signed_note.sign_checkpoint(signed_note.Checkpoint(origin, size, self.root(size)), key)

    def request(self, old: int, size: int, **more: object) -> bytes:
        proof = tuple(tlog.consistency_proof(old, size, self.read)) if old <= size else ()
        return write_request(Request(old, proof, self.note(size, **more)))  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> WitnessFolder:
    made = create(tmp_path / "witness", "witness.example/w1")
    made.trust(signed_note.make_vkey(ORIGIN, signed_note.public_bytes(KEY)))
    return made


def test_it_signs_each_head_that_goes_on_from_the_last(folder: WitnessFolder) -> None:
    log, witness, old = Log(900), parse_witness_key(folder.vkey), 0
    for size in (0, 1, 2, 255, 256, 257, 700, 700, 900):
        answer = folder.add_checkpoint(log.request(old, size), NOW)
        assert answer.status == 200, answer
        assert cosignature.seen_by(log.note(size) + answer.text, [witness]) == {witness: NOW}
        assert [(one.origin, one.size) for one in WitnessFolder(folder.root).logs()] == [(ORIGIN, size)]
        old = size


def test_another_history_is_never_signed(folder: WitnessFolder) -> None:
    """The holder of the log's key rewrites, cuts short and shows a second head (A12, A13)."""
    log, forged = Log(600), Log(800, "forged")
    assert folder.add_checkpoint(log.request(0, 600), NOW).status == 200
    refused = [
        folder.add_checkpoint(forged.request(600, 800), NOW),
        folder.add_checkpoint(write_request(Request(600, (), forged.note(800))), NOW),
    ]
    assert [answer.status for answer in refused] == [422, 422]
    split = folder.add_checkpoint(forged.request(600, 600), NOW)
    short = folder.add_checkpoint(log.request(400, 500), NOW)
    anew = folder.add_checkpoint(forged.request(0, 800), NOW)
    assert {split, short, anew} == {Answer(409, "600\n", SIZE)}
    assert folder.logs()[0].size == 600
    assert folder.add_checkpoint(log.request(600, 600), NOW).status == 200, "the true log is still served"


def test_what_it_answers_to_wrong_requests(folder: WitnessFolder) -> None:
    log, other = Log(20), Ed25519PrivateKey.from_private_bytes(bytes(32))
    statuses = {
        "no request": folder.add_checkpoint(b"hello", NOW).status,
        "no checkpoint": folder.add_checkpoint(b"old 0\n\nhello\n", NOW).status,
        "old above new": folder.add_checkpoint(write_request(Request(21, (), log.note(20))), NOW).status,
        "unknown log": folder.add_checkpoint(log.request(0, 20, origin="other.example"), NOW).status,
        "not its key": folder.add_checkpoint(log.request(0, 20, key=other), NOW).status,
    }
    assert statuses == {
        "no request": 400,
        "no checkpoint": 400,
        "old above new": 400,
        "unknown log": 404,
        "not its key": 403,
    }
    assert folder.logs()[0].size == 0


def test_a_changed_signature_is_not_the_logs(folder: WitnessFolder) -> None:
    note = Log(3).note(3)
    wrong = note.replace("\n3\n", "\n4\n")
    assert folder.add_checkpoint(write_request(Request(0, (), wrong)), NOW).status == 403


def test_two_logs_do_not_know_each_other(folder: WitnessFolder) -> None:
    key = Ed25519PrivateKey.generate()
    folder.trust(signed_note.make_vkey("second.example", signed_note.public_bytes(key)))
    assert folder.add_checkpoint(Log(20).request(0, 20), NOW).status == 200
    second = Log(5, "second")
    assert folder.add_checkpoint(second.request(0, 5, key=key, origin="second.example"), NOW).status == 200
    assert [(one.origin, one.size) for one in folder.logs()] == [(ORIGIN, 20), ("second.example", 5)]


def test_of_two_branches_at_once_one_is_signed(folder: WitnessFolder) -> None:
    """Many threads, two histories: every answer of 200 belongs to the same one."""
    branches = [Log(300, "left"), Log(300, "right")]
    signed: list[str] = []

    def send(log: Log) -> None:
        if folder.add_checkpoint(log.request(0, 300), NOW).status == 200:
            signed.append(log.root(300).hex())

    threads = [Thread(target=send, args=(branches[n % 2],)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(signed) == 1


@pytest.mark.parametrize("point", ["durable-written", "durable-named"])
def test_killed_while_it_keeps_a_head(folder: WitnessFolder, point: str) -> None:
    """What was answered is kept; what was not may be or not, and the next answer agrees with it."""
    log = Log(40)
    assert folder.add_checkpoint(log.request(0, 20), NOW).status == 200
    child = os.fork()
    if not child:
        real = os.fsync
        calls = iter(range(100))

        def cut(descriptor: int) -> None:
            if next(calls) == (1 if point == "durable-written" else 2):
                os.kill(os.getpid(), signal.SIGKILL)
            real(descriptor)

        os.fsync = cut
        folder.add_checkpoint(log.request(20, 40), NOW)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    again = WitnessFolder(folder.root)
    size = again.logs()[0].size
    assert size == (20 if point == "durable-written" else 40)
    assert again.add_checkpoint(log.request(size, 40), NOW).status == 200


def test_a_head_that_others_put_there_stops_it(folder: WitnessFolder) -> None:
    log = Log(40)
    assert folder.add_checkpoint(log.request(0, 40), NOW).status == 200
    [head] = (folder.root / "heads").iterdir()
    head.write_text(log.note(20), encoding="utf-8")  # signed by the log, not by the witness
    with pytest.raises(Unavailable, match="L-24"):
        folder.add_checkpoint(log.request(20, 40), NOW)
    status, _, body = call(folder, "POST", "/add-checkpoint", log.request(20, 40))
    assert status == "500 Refused"
    assert "damaged" in body


def test_its_folder(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="L-22"):
        WitnessFolder(tmp_path)
    with pytest.raises(Invalid, match="L-01"):
        create(tmp_path / "x", "two words")
    assert not (tmp_path / "x").exists()
    made = create(tmp_path / "w", "w.example")
    assert (tmp_path / "w" / "witness.json").stat().st_mode & 0o077 == 0
    assert WitnessFolder(tmp_path / "w").vkey == made.vkey
    with pytest.raises(Conflict, match="L-25"):
        create(tmp_path / "w", "w.example")
    assert WitnessFolder(tmp_path / "w").vkey == made.vkey
    for broken in ("", "{}", json.dumps({"format": "cunzhen-witness-1", "name": "w", "seed": "AA=="})):
        (tmp_path / "w" / "witness.json").write_text(broken, encoding="ascii")
        with pytest.raises(Unavailable, match="L-23"):
            WitnessFolder(tmp_path / "w")


def test_over_http(folder: WitnessFolder) -> None:
    log = Log(7)
    assert call(folder, "GET", "/") == ("200 OK", "text/plain; charset=utf-8", f"{folder.vkey}\n")
    status, content_type, text = call(folder, "POST", "/prefix/add-checkpoint", log.request(0, 7))
    assert (status, content_type) == ("200 OK", "text/plain; charset=utf-8") and text.startswith(
        "— witness.example/w1 "
    )
    assert call(folder, "POST", "/add-checkpoint", log.request(0, 7))[:2] == ("409 Refused", SIZE)
    assert call(folder, "GET", "/add-checkpoint")[0] == "405 Refused"
    assert call(folder, "GET", "/../../etc/passwd")[0] == "404 Refused"
    assert call(folder, "POST", "/add-checkpoint", bytes(70_000))[0] == "413 Refused"


def call(folder: WitnessFolder, method: str, path: str, body: bytes = b"") -> tuple[str, str, str]:
    said: list[tuple[str, dict[str, str]]] = []

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        said.append((status, dict(headers)))

    serve: Callable[..., list[bytes]] = application(folder, lambda: NOW)
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "wsgi.input": io.BytesIO(body)}
    text = b"".join(serve(environ, start_response)).decode()
    [(status, headers)] = said
    return status, headers["Content-Type"], text


def test_a_full_disk_signs_nothing(folder: WitnessFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log(7)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert call(folder, "POST", "/add-checkpoint", log.request(0, 7))[0] == "500 Refused"
    monkeypatch.undo()
    assert folder.logs()[0].size == 0
