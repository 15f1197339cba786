"""The key store under a passphrase."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cunzhen.errors import Invalid
from cunzhen.keys import keystore
from cunzhen.keys.escrow import fingerprint, open_keys, seal_keys

PHRASE = "枣树 临县 二月 账本 山梁 十六"


def test_there_and_back(tmp_path: Path) -> None:
    keystore.create(tmp_path)
    content = (tmp_path / keystore.FILE_NAME).read_bytes()
    sealed = seal_keys(content, PHRASE)
    assert json.loads(content)["root"].encode() not in sealed
    assert seal_keys(content, PHRASE) != sealed, "another salt each time"
    assert open_keys(sealed, PHRASE) == content


@pytest.mark.parametrize("wrong", ["", "枣树 临县 二月 账本 山梁 十七", PHRASE.upper() + " "])
def test_another_passphrase(wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        open_keys(seal_keys(b"{}", PHRASE), wrong)
    assert refused.value.code == "K-06"


def test_altered_and_foreign_files() -> None:
    body = json.loads(seal_keys(b"{}", PHRASE))
    changed = body["sealed"][:-4] + ("AAA=" if body["sealed"][-4:] != "AAA=" else "BBB=")
    for name, value, code in (
        ("sealed", changed, "K-06"),
        ("n", 1 << 30, "K-07"),
        ("format", "another", "K-07"),
        ("salt", 7, "K-07"),
    ):
        with pytest.raises(Invalid) as refused:
            open_keys(json.dumps(body | {name: value}).encode(), PHRASE)
        assert refused.value.code == code, name
    with pytest.raises(Invalid):
        open_keys(b"\x00not json", PHRASE)


def test_a_short_passphrase() -> None:
    with pytest.raises(Invalid) as refused:
        seal_keys(b"{}", "fifteen letters")
    assert refused.value.code == "K-05"


def test_fingerprints_tell_key_stores_apart(tmp_path: Path) -> None:
    one, two = keystore.create(tmp_path / "one"), keystore.create(tmp_path / "two")
    assert fingerprint(one) == fingerprint(keystore.load(tmp_path / "one")) != fingerprint(two)
