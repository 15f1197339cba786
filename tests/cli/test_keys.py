"""``cunzhen keys`` and ``cunzhen recover``: a home whose key store is sealed, lost, and put together from paper."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.filed import Home, filed_home

PHRASE = "枣树 临县 二月 账本 山梁 十六"


@pytest.fixture(scope="module")
def home() -> Home:
    """The home with three papers in it."""
    return filed_home()


@pytest.fixture(autouse=True)
def as_before(home: Home) -> Iterator[None]:
    """Other modules use this home too: whatever becomes of a test, the key store is theirs again afterwards."""
    path = home.path / "keys" / "keystore.json"
    content = path.read_bytes()
    yield
    path.write_bytes(content)


@pytest.fixture(scope="module")
def sheets(home: Home, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five shares as pages."""
    folder = tmp_path_factory.mktemp("shares") / "set"
    said = officer(home, "keys", "share", "--to", str(folder))
    assert (said["shares"], said["needed"]) == (5, 3)
    found = sorted(folder.iterdir())
    assert [path.name for path in found] == [f"share-{n}-of-5.html" for n in range(1, 6)]
    assert all(path.stat().st_mode & 0o077 == 0 for path in found)
    return found


def officer(home: Home, *words: str, status: int = 0, typed: str = "", **more: str) -> dict[str, object]:
    """A command as the security officer."""
    password = home.officers["security_officer"]
    return home.ask(*words, "--as", "security_officer", status=status, typed=f"{password}\n{typed}", **more)


def words_of(sheet: Path) -> str:
    return " ".join(re.findall(r"<li>([a-z]+)</li>", sheet.read_text(encoding="utf-8")))


def test_shares_are_checked_and_recorded(home: Home, sheets: list[Path]) -> None:
    typed = "\n".join(words_of(sheet) for sheet in (sheets[4], sheets[0], sheets[2]))
    assert home.ask("keys", "check", typed=typed)["numbers"] == [1, 3, 5]
    assert "K-12" in home.run("keys", "check", typed=words_of(sheets[0])).stderr
    assert "K-11" in home.run("keys", "check", typed="hello world").stderr
    assert "K-17" in home.run("keys", "check").stderr
    assert "K-13" in home.run("keys", "share", "--to", str(sheets[0].parent), "--as", "security_officer",
                              typed=f"{home.officers['security_officer']}\n").stderr  # fmt: skip


def test_who_may(home: Home, tmp_path: Path) -> None:
    assert "A-11" in home.run("keys", "share", "--to", str(tmp_path / "x")).stderr
    for who, password in home.officers.items():
        if who == "security_officer":
            continue
        for words in (("keys", "share", "--to", str(tmp_path / "x")), ("keys", "unseal")):
            done = home.run(*words, "--as", who, typed=f"{password}\n")
            assert done.returncode == 1 and "A-01" in done.stderr, (who, words)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "words", [("share",), ("seal", "--to", "x"), ("share", "--to", "x", "--shares", "1"), ("melt",)]
)
def test_misuse(home: Home, words: tuple[str, ...]) -> None:
    assert home.run("keys", *words).returncode == 2


def test_sealed_lost_and_recovered(home: Home, sheets: list[Path], tmp_path: Path) -> None:
    """The whole way: sealed; refused without the passphrase; the passphrase lost; recovered; all opens as before."""
    file = tmp_path / "phrase"
    file.write_text(f"{PHRASE}\n", encoding="utf-8")
    short = tmp_path / "short"
    short.write_text("too short\n", encoding="utf-8")
    mark, total = home.ask("keys", "show"), home.ask("find", "核定表")["total"]
    assert total >= 2  # other modules may have filed more
    assert mark["sealed"] is False
    officer(home, "keys", "seal", "--passphrase-file", str(short), status=1)
    officer(home, "keys", "seal", "--passphrase-file", str(file))

    refused = home.run("find", "核定表")
    assert refused.returncode == 1 and "K-08" in refused.stderr and "recover" in refused.stderr
    wrong = home.run("find", "核定表", CUNZHEN_KEY_PASSPHRASE="another passphrase altogether")
    assert wrong.returncode == 1 and "K-06" in wrong.stderr
    given = {"CUNZHEN_KEY_PASSPHRASE_FILE": str(file)}
    assert home.ask("find", "核定表", **given)["total"] == total
    assert home.ask("keys", "show", **given) == {**mark, "sealed": True}
    assert home.run("init", **given).returncode == 0 and "K-08" in home.run("init").stderr
    # Not its status: what other modules have left undone in this home is no matter here.
    checks = {c["name"]: c for c in json.loads(home.run("check", "--json", **given).stdout)["checks"]}
    assert checks["keys"]["ok"] and "封存" in checks["keys"]["detail"]

    typed = "\n".join(words_of(sheet) for sheet in sheets[:3])
    assert "K-15" in home.run("recover", typed=typed).stderr
    assert "K-12" in home.run("recover", "--replace", typed=words_of(sheets[0])).stderr
    assert home.ask("recover", "--replace", typed=typed)["fingerprint"] == mark["fingerprint"]
    assert (home.path / "keys" / "keystore.json.before-1").exists()
    assert home.ask("keys", "show") == mark
    assert home.ask("find", "核定表")["total"] == total
    assert home.ask("ledger", "audit")["ok"]


def test_a_backup_of_a_sealed_home(home: Home, tmp_path: Path) -> None:
    """The key store goes into a backup under the backup's passphrase alone."""
    file = tmp_path / "phrase"
    file.write_text(f"{PHRASE}\n", encoding="utf-8")
    other = tmp_path / "backup-phrase"
    other.write_text("the passphrase of the backups\n", encoding="utf-8")
    given = {"CUNZHEN_KEY_PASSPHRASE_FILE": str(file)}
    officer(home, "keys", "seal", "--passphrase-file", str(file))
    try:
        home.ask("backup", tmp_path / "backup", "--passphrase-file", other, **given)
        trial = tmp_path / "trial"
        done = home.run("restore", tmp_path / "backup", "--passphrase-file", other, "--home", trial, "--json")
        assert done.returncode == 0, done.stderr
        copied = home.run(
            "restore",
            tmp_path / "backup",
            "--keys",
            home.path / "keys",
            "--home",
            tmp_path / "second",
            "--json",
            **given,
        )
        assert copied.returncode == 0, copied.stderr
    finally:
        officer(home, "keys", "unseal", **given)
    assert home.ask("keys", "show")["sealed"] is False
