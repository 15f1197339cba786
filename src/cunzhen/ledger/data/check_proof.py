#!/usr/bin/env python3
"""Checks that an entry stands in a ledger. Needs Python 3.8 or later and nothing else: no network, no installation.

核对一条记录确实在存证账本里。只要有 Python 3.8 以上，不用联网，不用安装。

    python3 check_proof.py [PROOF] [--keys FILE] [--file FILE ...] [--json]

PROOF is a .tlog-proof file; without it, the only one beside this program. Keys are one a line, by default those of
keys.txt beside this program: the ledger's, then those of witnesses. Files are the entry's if it holds the SHA-256 of
each, or of all, in this order: SHA-256 over their SHA-256 in hexadecimal, one a line.
Exit status: 0 proven, 1 not proven, 2 nothing that could be checked.

What is computed: Ed25519 after RFC 8032; hashes of leaves and nodes after RFC 6962; notes and proofs after C2SP.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

LARGEST = 10_000_000
LOG, WITNESS = 0x01, 0x04
HEADER = "c2sp.org/tlog-proof@v1"
HERE = os.path.dirname(os.path.abspath(__file__))
LATEST = 253_370_764_800  # seconds from 1970 to the year 9999, beyond which no time can be written
_NUMBER = "(0|[1-9][0-9]{0,18})"
_NAME = r"([^\s+\x00-\x1f]+)"


class NotProven(Exception):
    """The proof does not hold: what is wrong, in Chinese and in English."""


class Malformed(Exception):
    """There is nothing that could be checked: why, in Chinese and in English."""


class Key(NamedTuple):
    """A public key that the reader gave."""

    kind: int
    name: str
    identity: bytes
    public: bytes


class Point(NamedTuple):
    """A point of the curve in extended coordinates: x = X/Z, y = Y/Z, xy = T/Z."""

    x: int
    y: int
    z: int
    t: int


# Ed25519 (RFC 8032 5.1): the curve -x^2 + y^2 = 1 + d x^2 y^2 over the integers modulo P.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
ZERO = Point(0, 1, 1, 0)


def add(a: Point, b: Point) -> Point:
    """Sum of two points (RFC 8032 5.1.4); holds for all points, equal ones too."""
    e = (a.y - a.x) * (b.y - b.x) % P
    f = (a.y + a.x) * (b.y + b.x) % P
    g = 2 * a.t * b.t * D % P
    h = 2 * a.z * b.z % P
    i, j, k, m = f - e, h - g, h + g, f + e
    return Point(i * j % P, k * m % P, j * k % P, i * m % P)


def sum_of_products(a: int, p: Point, b: int, q: Point) -> Point:
    """a times p plus b times q."""
    choice = (ZERO, p, q, add(p, q))
    total = ZERO
    for bit in range(max(a.bit_length(), b.bit_length()) - 1, -1, -1):
        total = add(total, total)
        which = (a >> bit & 1) + 2 * (b >> bit & 1)
        total = add(total, choice[which]) if which else total
    return total


def decode_point(encoded: bytes) -> Point | None:
    """The point that 32 bytes stand for (RFC 8032 5.1.3); None for none, or in another spelling than the one."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if len(encoded) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return Point(x, y, 1, x * y % P)


def encode_point(point: Point) -> bytes:
    """The one spelling of a point (RFC 8032 5.1.2)."""
    inverse = pow(point.z, P - 2, P)
    x, y = point.x * inverse % P, point.y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or ZERO


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature (64 bytes) over a message is that of a public key (32 bytes); RFC 8032 5.1.7."""
    key = decode_point(public)
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or len(signature) != 64 or scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    # Compared as bytes, so that only the one spelling of the commitment counts; and without the cofactor.
    minus_key = Point(P - key.x, key.y, 1, P - key.t)
    return encode_point(sum_of_products(scalar, BASE, challenge, minus_key)) == signature[:32]


def root_of(number: int, size: int, leaf: bytes, hashes: list[bytes]) -> bytes | None:
    """The root that a leaf and its neighbours lead to (RFC 9162 2.1.3.2); None where these are too many or too few."""
    reached, node, last = leaf, number, size - 1
    for one in hashes:
        if last == 0:
            return None
        if node & 1 or node == last:
            reached = hashlib.sha256(b"\x01" + one + reached).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            reached = hashlib.sha256(b"\x01" + reached + one).digest()
        node, last = node >> 1, last >> 1
    return reached if last == 0 else None


def decode(text: str, length: int | None = None) -> bytes:
    """Bytes of base64 in its one proper spelling, so many where that is known."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raw = b""
    if base64.b64encode(raw).decode() != text:
        raise Malformed("Base64 编码不对或不规范", "the base64 is wrong, or not canonical")
    if length is not None and len(raw) != length:
        raise Malformed("Base64 内容的长度不对", "the base64 holds too few bytes, or too many")
    return raw


def read_keys(text: str) -> list[Key]:
    """Public keys, one a line; the first of a ledger says whose proofs are checked."""
    lines = (line.strip(" \t\r") for line in text.lstrip("\ufeff").split("\n"))
    keys = [read_key(line) for line in lines if line and not line.startswith("#")]
    if not any(key.kind == LOG for key in keys):
        raise Malformed("缺少账本的公钥", "the ledger's key is missing")
    return keys


def read_key(line: str) -> Key:
    """A key in its text form: name+identity+base64(kind, key)."""
    match = re.fullmatch(_NAME + r"\+([0-9a-f]{8})\+(.+)", line)
    if match is None:
        raise Malformed("公钥应为 名称+标识+密钥 三段", "a public key has three parts")
    name, identity, raw = match.group(1), match.group(2), decode(match.group(3), 33)
    if raw[0] not in (LOG, WITNESS):
        raise Malformed("公钥类型不对", "a public key is of another type")
    named = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if identity != named.hex():
        raise Malformed("公钥与它的标识不符", "a key is not the one that its identity names")
    return Key(raw[0], name, named, raw[1:])


def read_proof(text: str) -> tuple[bytes, int, list[bytes], str]:
    """A proof's entry, number, hashes and signed checkpoint."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != HEADER:
        raise Malformed("不是证明文件", "this is no proof")
    if not lines or not lines[0].startswith("extra "):
        raise Malformed("证明里没有附账本记录", "the proof does not hold its entry")
    entry = decode(lines.pop(0)[6:])
    number = re.fullmatch("index " + _NUMBER, lines.pop(0) if lines else "")
    if number is None or len(lines) > 63:
        raise Malformed("证明文件格式不对", "the proof is malformed")
    return entry, int(number.group(1)), [decode(line, 32) for line in lines], note


def read_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """A signed note's text, and its signatures as name, identity and the rest; nothing is verified yet."""
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or any(c < " " and c != "\n" for c in note):
        raise Malformed("签名树头格式不对", "the signed head is malformed")
    lines = tail[:-1].split("\n")
    if len(lines) > 100:
        raise Malformed("签名过多", "too many signatures")
    signatures = []
    for line in lines:
        match = re.fullmatch("\u2014 " + _NAME + " (.+)", line)
        raw = decode(match.group(2)) if match else b""
        if match is None or len(raw) < 5:
            raise Malformed("签名行格式不对", "a signature line is malformed")
        signatures.append((match.group(1), raw[:4], raw[4:]))
    return text + "\n", signatures


def read_head(text: str) -> tuple[str, int, bytes]:
    """A checkpoint's origin, size and root; further lines are passed over."""
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines) or not re.fullmatch(_NUMBER, lines[1]):
        raise Malformed("签名树头应有来源、条数和根", "a head has origin, size and root")
    return lines[0], int(lines[1]), decode(lines[2], 32)


def seen_by(key: Key, text: str, signature: bytes) -> dict[str, str] | None:
    """When a witness saw a head that it signed, None for the ledger itself; a signature that fails is refused."""
    seen, message, bare = None, text.encode(), signature
    if key.kind == WITNESS:
        seconds, bare = int.from_bytes(signature[:8], "big"), signature[8:]
        message = f"cosignature/v1\ntime {seconds}\n".encode() + message
        if seconds >= LATEST:
            raise NotProven("见证签名的时间不可能", "a witness's signature bears an impossible time")
        utc = datetime(1970, 1, 1) + timedelta(seconds=seconds)
        beijing = utc + timedelta(hours=8)
        seen = {"name": key.name, "at": f"{utc:%Y-%m-%dT%H:%M:%SZ}", "beijing": f"{beijing:%Y-%m-%d %H:%M:%S}"}
    if not is_signed(key.public, message, bare):
        raise NotProven(f"“{key.name}”的签名不成立", f"the signature of {key.name} fails")
    return seen


def check(proof: str, keys: list[Key]) -> dict[str, Any]:
    """Everything that a proof says, where it holds."""
    entry, number, hashes, note = read_proof(proof)
    text, signatures = read_note(note)
    origin, size, root = read_head(text)
    if origin != next(key.name for key in keys if key.kind == LOG):
        raise NotProven("树头属于另一个账本", "the head belongs to another ledger")
    known = [(key, rest) for name, own, rest in signatures for key in keys if key[1:3] == (name, own)]
    signers = {key: seen_by(key, text, rest) for key, rest in known}
    own_key = next((key for key in signers if key.kind == LOG and key.name == origin), None)
    if own_key is None:
        raise NotProven("树头没有账本公钥的签名", "the head is not signed by the ledger's key")
    if number >= size or root_of(number, size, hashlib.sha256(b"\x00" + entry).digest(), hashes) != root:
        raise NotProven("记录不在这个树头之内", "the entry does not stand under this head")
    return {
        "number": number,
        **read_entry(entry),
        "size": size,
        "root": root.hex(),
        "key": f"{own_key.name}+{own_key.identity.hex()}",
        "witnesses": [seen for seen in signers.values() if seen],
    }


def read_entry(entry: bytes) -> dict[str, Any]:
    """When and by which operation the entry was made, and the SHA-256 of what it names."""
    try:
        said = json.loads(entry.decode())
        found = {"at": said["at"], "op": said["op"], "sha256": [one["sha256"] for one in said["subjects"]]}
        if all(isinstance(word, str) for word in (found["at"], found["op"], *found["sha256"])):
            return found
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise Malformed("账本记录不是本格式", "the entry is of another format")


def look_at(paths: list[str], digests: list[str]) -> list[dict[str, Any]]:
    """For each file: its SHA-256, and whether the entry names it, alone or as one of all, in this order."""
    each = [file_digest(path) for path in paths]
    together = hashlib.sha256("\n".join(each).encode()).hexdigest() in digests
    return [{"file": paths[i], "sha256": each[i], "named": together or each[i] in digests} for i in range(len(paths))]


def file_digest(path: str) -> str:
    """SHA-256 of a file of any size, in hexadecimal."""
    digest = hashlib.sha256()
    for block in blocks(path):
        digest.update(block)
    return digest.hexdigest()


def text_of(path: str) -> str:
    """A small text file."""
    content = b"".join(islice(blocks(path), 10))
    if len(content) > LARGEST:
        raise Malformed(f"文件过大：{path}", f"too large: {path}")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(f"不是 UTF-8 文本：{path}", f"no UTF-8 text: {path}") from None


def blocks(path: str) -> Iterator[bytes]:
    """What a file holds; a pipe or a device, which could keep us waiting for ever, is refused."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise Malformed(f"不是文件：{path}", f"no file: {path}")
        with open(path, "rb") as file:
            yield from iter(lambda: file.read(1 << 20), b"")
    except OSError as error:
        raise Malformed(f"读不出 {path}（{error.strerror}）", f"cannot read {path} ({error.strerror})") from None


def only_proof() -> str:
    """The one proof beside this program."""
    found = [name for name in os.listdir(HERE) if name.endswith(".tlog-proof")]
    if len(found) != 1:
        raise Malformed(f"请指明证明文件：旁边有 {len(found)} 个", f"name the proof: there are {len(found)} here")
    return os.path.join(HERE, found[0])


# Chinese, English: the results, what is not proven, and what stands before each fact.
PROVEN = ("成立：这条记录在账本里。", "Proven: the entry stands in the ledger.")
OTHER_FILES = ("不成立：记录在，但有文件不是它所记的。", "Not proven: the entry stands, a file is not named by it.")
KEYS = (
    "未证明：公钥与证明一同发来，请与机构公布的、或另处留存的比对，一致才算数。",
    "NOT proven: that the keys are right. They came along: compare them with those published or kept elsewhere.",
)
ALONE = (
    "未证明：没有见证签名，掌握账本密钥的人仍可能另造一份历史。",
    "NOT proven: without a witness's signature, a holder of the ledger's key could have made another history.",
)
LABELS = (
    {"number": "记录编号", "at": "记录时间", "op": "操作", "size": "账本条数", "root": "根", "key": "账本公钥"},
    {"number": "entry", "at": "made", "op": "operation", "size": "ledger size", "root": "root", "key": "ledger key"},
)
WITNESS_LINE = ("  见证: {name}  {at}  北京时间 {beijing}", "  witness: {name}  {at}  Beijing {beijing}")
FILE_LINE = (("  文件不是所记的: ", "  文件是所记的: "), ("  file NOT named: ", "  file named: "))


def tell(found: dict[str, Any], language: int) -> None:
    """The result for people, in Chinese (0) or English (1)."""
    say((PROVEN if found["proven"] else OTHER_FILES)[language])
    for name, label in LABELS[language].items():
        say(f"  {label}: {found[name]}")
    for one in found["witnesses"]:
        say(WITNESS_LINE[language].format(**one))
    for one in found["files"]:
        say(FILE_LINE[language][one["named"]] + one["file"])
    say(KEYS[language])
    if not found["witnesses"]:
        say(ALONE[language])


def say(line: str) -> None:
    """One line for people; what could drive a terminal is not printed."""
    print("".join(c if c.isprintable() else "?" for c in line))


def arguments(words: list[str]) -> argparse.Namespace:
    """What is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proof", nargs="?", metavar="PROOF")
    parser.add_argument("--keys", default=os.path.join(HERE, "keys.txt"), metavar="FILE")
    parser.add_argument("--file", nargs="+", action="extend", default=[], metavar="FILE")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(words)


def run(words: list[str]) -> int:
    """Check, tell, and return the exit status."""
    asked = arguments(words)
    try:
        keys = read_keys(text_of(asked.keys))
        found = check(text_of(only_proof() if asked.proof is None else asked.proof), keys)
        found["files"] = look_at(asked.file, found["sha256"])
    except (NotProven, Malformed) as error:
        chinese, english = error.args
        if asked.json:
            print(json.dumps({"proven": False, "message": chinese, "english": english}))
        else:
            say(f"不成立：{chinese}。 Not proven: {english}.")
        return 1 if isinstance(error, NotProven) else 2
    found["proven"] = all(one["named"] for one in found["files"])
    if asked.json:
        print(json.dumps(found))
    else:
        tell(found, 0)
        tell(found, 1)
    return 0 if found["proven"] else 1


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(run(sys.argv[1:]))
