"""``cunzhen ledger``: the signed head, a proof, the audit and an export that stands by itself."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.filed import PEOPLE, Home, filed_home


@pytest.fixture(scope="module")
def home() -> Home:
    """The home with three papers in it."""
    return filed_home()


def test_checkpoint_audit_and_its_continuation(home: Home, tmp_path: Path) -> None:
    said = home.ask("ledger", "checkpoint")
    lines = said["checkpoint"].splitlines()
    assert int(lines[1]) == said["size"] > 0
    assert base64.b64decode(lines[2]).hex() == said["root"]
    kept = tmp_path / "checkpoint"
    kept.write_text(home.run("ledger", "checkpoint").stdout)
    home.run("show", home.codes[0])  # the ledger grows
    audit = home.ask("ledger", "audit", "--checkpoint", kept)
    assert audit["ok"] and audit["problems"] == []
    assert audit["size"] > said["size"]
    kept.write_text(kept.read_text().replace(lines[2], base64.b64encode(bytes(32)).decode()))
    assert not home.ask("ledger", "audit", "--checkpoint", kept, status=1)["ok"]
    assert home.refused("ledger", "audit", "--checkpoint", tmp_path / "none") == "L-61"


def test_a_proof_leads_from_the_entry_to_the_signed_root(home: Home) -> None:
    said = home.ask("ledger", "proof", home.codes[0])
    assert said["archival_code"] == home.codes[0]
    lines = said["proof"].splitlines()
    assert lines[0].startswith("c2sp.org/tlog-proof@v1")
    assert f"index {said['number']}" in lines
    assert home.run("ledger", "proof", home.codes[0]).stdout == said["proof"]
    assert home.refused("ledger", "proof", "J019-ZY·SBYL·1999-000001") == "H-01"


def test_an_export_hashes_to_its_own_root(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "out"
    size = home.ask("ledger", "export", out)["size"]
    lines = (out / "checkpoint").read_text(encoding="utf-8").splitlines()
    assert int(lines[1]) == size
    leaves = b"".join(p.read_bytes() for p in sorted(out.glob("tile/0/**/*")) if p.is_file())
    assert size <= 256, "one partial tile is enough for this test"
    hashes = [leaves[n : n + 32] for n in range(0, len(leaves), 32)][:size]
    assert _root(hashes) == base64.b64decode(lines[2])
    assert (out / "vkey").is_file()
    assert home.ask("ledger", "export", out)["size"] == size, "again into the same folder"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").write_text("x")
    assert home.refused("ledger", "export", tmp_path / "other") == "L-20"
    (tmp_path / "file").write_text("x")
    assert home.refused("ledger", "export", tmp_path / "file" / "below").startswith("L-")


def _root(hashes: list[bytes]) -> bytes:
    """RFC 6962 2.1, written here anew."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + _root(hashes[:split]) + _root(hashes[split:])).digest()


def test_who_may_audit(home: Home, tmp_path: Path) -> None:
    for words in (["audit"], ["export", tmp_path / "x"]):
        assert home.refused("ledger", *words, "--as", "clerk", typed=f"{PEOPLE['clerk']}\n") == "A-01"
    home.refused("ledger", status=2)
    home.refused("ledger", "proof", status=2)
    home.refused("ledger", "audit", "surplus", status=2)
    home.refused("ledger", "nonsense", status=2)


def test_an_audit_against_a_wrong_file_is_not_the_archives_last_word(home: Home, tmp_path: Path) -> None:
    assert home.run("ledger", "audit").returncode == 0
    (tmp_path / "other").write_text("no checkpoint\n", encoding="utf-8")
    assert home.run("ledger", "audit", "--checkpoint", tmp_path / "other").returncode == 1
    checks = {line["name"]: line for line in json.loads(home.run("check", "--json").stdout)["checks"]}
    assert checks["ledger_audit"]["ok"]
