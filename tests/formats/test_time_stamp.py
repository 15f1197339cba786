"""Time stamps of a real authority (``openssl ts``), and everything that is none."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from cunzhen.errors import Invalid
from cunzhen.formats import time_stamp
from cunzhen.formats.time_stamp import Stamp
from tests.time_stamping import JUNK, PAGE, POLICY, TEXT, Authority, der, openssl, pem


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "tsa")


@pytest.fixture(scope="module")
def answer(tsa: Authority) -> bytes:
    return tsa.stamp()


def _refusal(answer: bytes, text: bytes, roots: Sequence[x509.Certificate], nonce: int | None = None) -> str:
    with pytest.raises(Invalid) as refused:
        time_stamp.check(answer, text, roots, nonce=nonce)
    return refused.value.code


def test_a_stamp_says_when_and_by_whom(tsa: Authority) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    stamp = time_stamp.check(tsa.stamp(), TEXT, [tsa.root])
    assert before <= stamp.at <= datetime.now(UTC)
    assert stamp.at.utcoffset() == timedelta(0)
    assert (stamp.authority, stamp.policy) == ("CN=sister agency stamps", POLICY)
    assert stamp.serial == int((tsa.folder / "serial").read_text(), 16)


def test_another_program_agrees(tsa: Authority, tmp_path: Path) -> None:
    (tmp_path / "answer").write_bytes(tsa.stamp())
    (tmp_path / "text").write_bytes(TEXT)
    (tmp_path / "root.pem").write_bytes(pem(tsa.root))
    openssl(tmp_path, "-verify", "-data", "text", "-in", "answer", "-CAfile", "root.pem")


def test_a_stamp_that_answers_another_question(tsa: Authority) -> None:
    question = time_stamp.ask_for(TEXT)
    answer = tsa.reply(question.body)
    time_stamp.check(answer, TEXT, [tsa.root], nonce=question.nonce)
    assert _refusal(answer, TEXT, [tsa.root], question.nonce + 1) == "L-42"


@pytest.mark.parametrize("content", [JUNK, b"", PAGE, b"\x30" * 3_000_000], ids=["junk", "empty", "page", "huge"])
def test_answers_that_are_no_stamps(tsa: Authority, content: bytes) -> None:
    assert _refusal(content, TEXT, [tsa.root]) == "L-40"


def test_another_program_reads_the_question(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(TEXT)
    openssl(tmp_path, "-query", "-data", "text", "-sha256", "-no_nonce", "-cert", "-out", "theirs")
    (tmp_path / "ours").write_bytes(time_stamp.ask_for(TEXT).body)
    told = [
        subprocess.run(
            ["openssl", "ts", "-query", "-in", name, "-text"], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for name in ("theirs", "ours")
    ]
    without = [[line for line in lines if not line.startswith("Nonce:")] for lines in told]
    assert without[0] == without[1]
    assert "Certificate required: yes" in without[1]


def test_every_question_has_a_number_of_its_own() -> None:
    questions = [time_stamp.ask_for(TEXT) for _ in range(50)]
    assert len({q.nonce for q in questions}) == len({q.body for q in questions}) == 50


def test_a_stamp_of_another_text(tsa: Authority, answer: bytes) -> None:
    assert _refusal(answer, TEXT + b"\n", [tsa.root]) == "L-42"
    assert _refusal(answer, b"", [tsa.root]) == "L-42"


def test_a_stamp_without_the_number_asked_for(tsa: Authority, tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(TEXT)
    openssl(tmp_path, "-query", "-data", "text", "-sha256", "-no_nonce", "-cert", "-out", "question")
    answer = tsa.reply((tmp_path / "question").read_bytes())
    time_stamp.check(answer, TEXT, [tsa.root])
    assert _refusal(answer, TEXT, [tsa.root], 7) == "L-42"


@pytest.mark.parametrize("digest", ["sha1", "sha384", "sha512", "sha3-256"])
def test_stamps_that_others_had_made(tsa: Authority, tmp_path: Path, digest: str) -> None:
    (tmp_path / "text").write_bytes(TEXT)
    openssl(tmp_path, "-query", "-data", "text", f"-{digest}", "-cert", "-out", "question")
    answer = tsa.reply((tmp_path / "question").read_bytes(), digests=digest)
    if digest in {"sha384", "sha512"}:
        assert time_stamp.check(answer, TEXT, [tsa.root]).policy == POLICY
    else:
        assert _refusal(answer, TEXT, [tsa.root]) == "L-42"


def test_an_altered_answer_is_refused_or_says_the_same(tsa: Authority, answer: bytes) -> None:
    """A few bits are not signed (versions, names of algorithms that nobody reads): they change nothing."""
    good = time_stamp.check(answer, TEXT, [tsa.root])
    chance = random.Random(31)
    positions = chance.sample(range(len(answer) * 8), 1200)
    said = [_said(_flipped(answer, position), tsa.root, good) for position in positions]
    assert set(said) <= {"L-40", "L-41", "L-42", "L-43", "same"}
    assert {"L-40", "L-42", "L-43"} <= set(said)
    assert said.count("same") < len(said) * 0.03


def test_a_mangled_answer_is_refused_or_says_the_same(tsa: Authority, answer: bytes) -> None:
    good = time_stamp.check(answer, TEXT, [tsa.root])
    chance = random.Random(61)
    for _ in range(1500):
        mangled = bytearray(answer)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(mangled))
            mangled[at : at + chance.choice([0, 1, 1, 1, 9])] = chance.randbytes(chance.choice([0, 1, 1, 1, 4]))
        _said(bytes(mangled), tsa.root, good)
    for length in range(0, len(answer), 7):
        assert _refusal(answer[:length], TEXT, [tsa.root]) == "L-40"


def _flipped(content: bytes, position: int) -> bytes:
    made = bytearray(content)
    made[position // 8] ^= 1 << position % 8
    return bytes(made)


def _said(answer: bytes, root: x509.Certificate, good: Stamp) -> str:
    try:
        assert time_stamp.check(answer, TEXT, [root]) == good
    except Invalid as refused:
        assert refused.message
        assert refused.english != refused.message
        return refused.code
    return "same"


def test_a_root_that_is_not_ours(tsa: Authority, answer: bytes, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other")  # of the same name
    assert other.root.subject == tsa.root.subject
    assert _refusal(answer, TEXT, [other.root]) == "L-43"
    assert _refusal(answer, TEXT, []) == "L-43"
    time_stamp.check(answer, TEXT, [other.root, tsa.root])


def test_what_an_answer_carries_is_not_trusted(tsa: Authority, tmp_path: Path) -> None:
    """Neither an authority that signed its own certificate, nor a root sent along."""
    other = Authority(tmp_path / "other", "forger")
    assert _refusal(other.reply(time_stamp.ask_for(TEXT).body), TEXT, [tsa.root]) == "L-43"
    long = other.certificate("forger stamps", other.key, number=9)
    other.write_signer(long)
    root = other.certificate("forger root", other.root_key, issuer="forger root", authority=True, padding=1)
    answer = other.reply(time_stamp.ask_for(TEXT).body, certs=[root])
    time_stamp.check(answer, TEXT, [other.root])
    assert _refusal(answer, TEXT, [tsa.root]) == "L-43"


@pytest.mark.parametrize("purpose", [ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.SERVER_AUTH])
def test_a_certificate_for_another_purpose(tsa: Authority, answer: bytes, purpose: ObjectIdentifier) -> None:
    """``openssl ts`` does not stamp with one, so it takes the place of the right one afterwards."""
    number = tsa.signer.serial_number
    other = tsa.certificate("sister agency stamps", tsa.key, purpose=purpose, number=number)
    same = tsa.certificate("sister agency stamps", tsa.key, number=number)
    assert answer.count(der(tsa.signer)) == 1
    # The exchange as such goes unnoticed, so that it is the purpose that is refused.
    time_stamp.check(answer.replace(der(tsa.signer), der(same)), TEXT, [tsa.root])
    assert _refusal(answer.replace(der(tsa.signer), der(other)), TEXT, [tsa.root]) == "L-43"


def test_an_answer_without_the_certificate(tsa: Authority, tmp_path: Path) -> None:
    """Then the authority's own has to stand beside the root; without the purpose it is refused there as well."""
    (tmp_path / "text").write_bytes(TEXT)
    openssl(tmp_path, "-query", "-data", "text", "-sha256", "-out", "question")
    answer = tsa.reply((tmp_path / "question").read_bytes())
    assert _refusal(answer, TEXT, [tsa.root]) == "L-43"
    assert _refusal(answer, TEXT, [tsa.signer]) == "L-43"
    stamp = time_stamp.check(answer, TEXT, [tsa.root, tsa.signer, tsa.signer])
    assert stamp.authority == "CN=sister agency stamps"
    none = tsa.certificate("sister agency stamps", tsa.key, purpose=None, number=tsa.signer.serial_number)
    assert _refusal(answer, TEXT, [tsa.root, none]) == "L-43"


def test_an_authority_between_root_and_signer(tmp_path: Path) -> None:
    tsa = Authority(tmp_path / "tsa")
    key = rsa.generate_private_key(65537, 2048)
    between = tsa.certificate("between", key, authority=True)
    tsa.write_signer(tsa.certificate("stamps", tsa.key, issuer="between", signing=key))
    answer = tsa.stamp()
    assert _refusal(answer, TEXT, [tsa.root]) == "L-43"
    assert _refusal(answer, TEXT, [between]) == "L-43"
    assert time_stamp.check(answer, TEXT, [tsa.root, between]).authority == "CN=stamps"


def test_a_certificate_that_had_run_out(tmp_path: Path) -> None:
    tsa = Authority(tmp_path / "tsa")
    tsa.write_signer(tsa.certificate("stamps", tsa.key, days=(-2, -1)))
    assert _refusal(tsa.stamp(), TEXT, [tsa.root]) == "L-43"


def test_two_certificates_under_one_name_and_number(tmp_path: Path) -> None:
    tsa = Authority(tmp_path / "tsa")
    twin = tsa.certificate("twin", tsa.key, number=tsa.signer.serial_number, padding=1)
    stranger = tsa.certificate("stranger", tsa.key, padding=1)
    body = time_stamp.ask_for(TEXT).body
    assert time_stamp.check(tsa.reply(body, certs=[stranger]), TEXT, [tsa.root]).authority == "CN=sister agency stamps"
    assert _refusal(tsa.reply(body, certs=[twin]), TEXT, [tsa.root]) == "L-43"


def test_certificates_out_of_order(tmp_path: Path) -> None:
    """What OpenSSL sends where its configuration names a chain; the message says what to do about it."""
    tsa = Authority(tmp_path / "tsa")
    tsa.write_signer(tsa.certificate("stamps", tsa.key, padding=1))
    with pytest.raises(Invalid, match=r"L-40 .*certs=") as refused:
        time_stamp.check(tsa.reply(time_stamp.ask_for(TEXT).body, certs=[tsa.root]), TEXT, [tsa.root])
    assert "certs=" in refused.value.english


def test_an_authority_that_says_no(tsa: Authority) -> None:
    answer = tsa.reply(time_stamp.ask_for(TEXT).body, digests="sha512")
    with pytest.raises(Invalid, match="L-41") as refused:
        time_stamp.check(answer, TEXT, [tsa.root])
    assert "Message digest algorithm is not supported." in refused.value.message
    assert "Message digest algorithm is not supported." in refused.value.english


def test_what_an_authority_says_is_shown_as_text(tsa: Authority) -> None:
    words = b"\x1b[2J\n" + b"x" * 100
    text = b"\x0c" + bytes([len(words)]) + words
    status = b"\x02\x01\x02" + b"\x30" + bytes([len(text)]) + text
    inner = b"\x30" + bytes([len(status)]) + status
    with pytest.raises(Invalid, match="L-41") as refused:
        time_stamp.check(b"\x30" + bytes([len(inner)]) + inner, TEXT, [tsa.root])
    assert refused.value.message.isprintable()
    assert "[2J" in refused.value.message


def test_granted_without_a_stamp(tsa: Authority) -> None:
    assert _refusal(bytes.fromhex("30053003020100"), TEXT, [tsa.root]) == "L-40"


def test_certificates_of_a_file(tsa: Authority, tmp_path: Path) -> None:
    path = tmp_path / "roots.pem"
    path.write_bytes("# 根证书\n".encode() + pem(tsa.root) + b"\n" + pem(tsa.signer))
    assert time_stamp.load_certificates(path) == [tsa.root, tsa.signer]


def test_files_without_certificates(tsa: Authority, tmp_path: Path) -> None:
    path = tmp_path / "roots.pem"
    contents = [b"", b"no certificate", der(tsa.root), pem(tsa.root)[:200], pem(tsa.root).replace(b"M", b"!")]
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(Invalid, match="L-45"):
            time_stamp.load_certificates(path)
    for place in (tmp_path / "nowhere.pem", tmp_path):
        with pytest.raises(Invalid, match="L-45"):
            time_stamp.load_certificates(place)
