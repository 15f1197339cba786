#!/usr/bin/env python3
"""Checks that an entry stands in a ledger. Needs Python 3.8 or later and nothing else: no network, no installation.

核对一条记录确实在存证账本里。只要有 Python 3.8 以上，不用联网，不用安装。

    python3 check_proof.py [PROOF] [--keys FILE] [--file ORIGINAL ...] [--json]

PROOF is a ``.tlog-proof`` file; without it, the only one beside this program. The keys are one a line: that of the
ledger, and those of witnesses. Exit status: 0 proven, 1 not proven, 2 nothing that could be checked.

What is computed, so that it can be written again by anybody: Ed25519 after RFC 8032; leaf and node hashes and the
inclusion proof after RFC 6962; signed notes, checkpoints, cosignatures and proof files as C2SP defines them.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import sys
from datetime import datetime, timedelta, timezone
from typing import Any, BinaryIO, Tuple

LARGEST = 10_000_000
LOG, WITNESS = 0x01, 0x04
HEADER = "c2sp.org/tlog-proof@v1"
Point = Tuple[int, int, int, int]
Key = Tuple[int, str, bytes, bytes]  # kind, name, identity, key
_OP = re.compile("[a-z][a-z0-9_]{0,59}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII)
_NUMBER = r"(0|[1-9][0-9]{0,18})"


class NotProven(Exception):
    """The proof does not hold."""


class Malformed(Exception):
    """There is nothing that could be checked."""


# Ed25519 (RFC 8032 5.1): the curve -x^2 + y^2 = 1 + d x^2 y^2 over the field of P elements; points as (X, Y, Z, T).
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def add(a: Point, b: Point) -> Point:
    """Sum of two points."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    i, j, k, m = f - e, h - g, h + g, f + e
    return (i * j % P, k * m % P, j * k % P, i * m % P)


def times(scalar: int, point: Point) -> Point:
    """A point added to itself so many times."""
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def same(a: Point, b: Point) -> bool:
    """Whether two points are one."""
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point_of(encoded: bytes) -> Point | None:
    """The point that 32 bytes stand for; None where they stand for none."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or (0, 1, 1, 0)


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature (64 bytes) over a message is that of a public key (32 bytes)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, commitment = point_of(public), point_of(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    return same(times(scalar, BASE), add(commitment, times(challenge, key)))


# Trees (RFC 6962 2.1).


def root_of(number: int, size: int, leaf: bytes, hashes: list[bytes]) -> bytes | None:
    """The root that a leaf's hash and its neighbours' lead to; None where they are too many or too few."""
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


# Texts.


def decoded(text: str) -> bytes:
    """Bytes of base64 in its one proper spelling."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("Base64 编码不对", "the base64 is wrong") from None
    if base64.b64encode(raw).decode() != text:
        raise Malformed("Base64 编码不规范", "the base64 is not canonical")
    return raw


def read_keys(text: str) -> list[Key]:
    """Public keys, one a line: (kind, name, 4 bytes of identity, 32 bytes of key)."""
    keys = []
    for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
        parts = line.split("+", 2)
        raw = decoded(parts[2]) if len(parts) == 3 else b""
        if len(raw) != 33 or raw[0] not in (LOG, WITNESS):
            raise Malformed("公钥格式不对", "a public key is malformed")
        identity = hashlib.sha256(parts[0].encode() + b"\n" + raw).digest()[:4]
        if parts[1] != identity.hex():
            raise Malformed("公钥与它的标识不符", "a key is not the one that its identity names")
        keys.append((raw[0], parts[0], identity, raw[1:]))
    if not any(key[0] == LOG for key in keys):
        raise Malformed("缺少账本的公钥", "the ledger's key is missing")
    return keys


def read_proof(text: str) -> tuple[bytes, int, list[bytes], str]:
    """A ``.tlog-proof`` file: (entry, number, hashes, signed checkpoint)."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != HEADER:
        raise Malformed("不是证明文件", "this is no proof")
    if not lines or not lines[0].startswith("extra "):
        raise Malformed("证明里没有附账本记录", "the proof does not hold its entry")
    entry = decoded(lines.pop(0)[6:])
    number = re.fullmatch("index " + _NUMBER, lines.pop(0) if lines else "", re.ASCII)
    hashes = [decoded(line) for line in lines]
    if number is None or len(hashes) > 63 or any(len(one) != 32 for one in hashes):
        raise Malformed("证明文件格式不对", "the proof is malformed")
    return entry, int(number.group(1)), hashes, note


def read_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """A signed note: (text, [(name, identity, signature)])."""
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or any(c < " " and c != "\n" for c in note):
        raise Malformed("签名树头格式不对", "the signed head is malformed")
    signatures = []
    for line in tail[:-1].split("\n"):
        match = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/]+={0,2})", line)
        if match is None or len(decoded(match.group(2))) < 5:
            raise Malformed("签名行格式不对", "a signature is malformed")
        raw = decoded(match.group(2))
        signatures.append((match.group(1), raw[:4], raw[4:]))
    if len(signatures) > 100:
        raise Malformed("签名过多", "too many signatures")
    return text + "\n", signatures


def read_head(text: str) -> tuple[str, int, bytes]:
    """A checkpoint: (origin, size, root)."""
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines) or not re.fullmatch(_NUMBER, lines[1], re.ASCII):
        raise Malformed("签名树头应有来源、条数和根", "a head has origin, size and root")
    root = decoded(lines[2])
    if len(root) != 32:
        raise Malformed("签名树头的根不对", "the root is malformed")
    return lines[0], int(lines[1]), root


def signers(text: str, signatures: list[tuple[str, bytes, bytes]], keys: list[Key]) -> list[tuple[int, str, int]]:
    """Which of the keys signed a head: [(kind, name, seconds since 1970; 0 for a ledger)]."""
    found = []
    for name, identity, signature in signatures:
        for kind, known, known_identity, public in keys:
            if (name, identity) != (known, known_identity):
                continue
            seconds, message = 0, text.encode()
            if kind == WITNESS:
                seconds = int.from_bytes(signature[:8], "big")
                message = f"cosignature/v1\ntime {seconds}\n".encode() + message
            if not is_signed(public, message, signature[8:] if kind == WITNESS else signature):
                raise NotProven(f"“{name}”的签名不成立", f"the signature of {name} fails")
            found.append((kind, name, seconds))
    return found


def check(proof: str, keys: list[Key]) -> dict[str, Any]:
    """Everything that a proof says, where it holds."""
    entry, number, hashes, note = read_proof(proof)
    text, signatures = read_note(note)
    origin, size, root = read_head(text)
    found = signers(text, signatures, keys)
    if not any(kind == LOG and name == origin for kind, name, _ in found):
        raise NotProven("树头没有账本公钥的签名", "the head is not signed by the ledger's key")
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    if number >= size or root_of(number, size, leaf, hashes) != root:
        raise NotProven("记录不在这个树头之内", "the entry does not stand under this head")
    return {
        "proven": True,
        "number": number,
        "size": size,
        "root": root.hex(),
        "ledger": origin,
        "witnesses": [{"name": name, "at": moment(seconds)} for kind, name, seconds in found if kind == WITNESS],
        "entry": read_entry(entry),
    }


def read_entry(entry: bytes) -> dict[str, Any]:
    """The entry's own words."""
    try:
        said = json.loads(entry.decode())
        digests = [part["sha256"] for part in said["subjects"]]
        fine = all(re.fullmatch("([0-9a-f]{64})?", one) for one in digests)
        if not fine or not _OP.fullmatch(said["op"]) or not _MOMENT.fullmatch(said["at"]):
            raise ValueError("other values")
        in_beijing(said["at"])
        return {"op": said["op"], "at": said["at"], "sha256": [one for one in digests if one]}
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        raise Malformed("账本记录不是本格式", "the entry is of another format") from None


def moment(seconds: int) -> str:
    """Seconds since 1970 as UTC, ISO 8601."""
    try:
        return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        raise NotProven("见证签名的时间不可能", "a witness's signature bears an impossible time") from None


def in_beijing(text: str) -> str:
    """The same for people."""
    at = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S") + timedelta(hours=8)
    return at.strftime("%Y-%m-%d %H:%M:%S（北京时间 Beijing）")


def is_of(paths: list[str], digests: list[str]) -> bool:
    """Whether these files, in this order, are those whose filing the entry records.

    It holds the SHA-256 over the files' SHA-256 in hexadecimal, one a line.
    """
    each = [file_digest(path) for path in paths]
    return hashlib.sha256("\n".join(each).encode()).hexdigest() in digests or all(one in digests for one in each)


def file_digest(path: str) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    try:
        with opened(path) as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
    except OSError as error:
        raise unreadable(path, error) from None
    return digest.hexdigest()


def text_of(path: str) -> str:
    """A small text file."""
    try:
        with opened(path) as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise Malformed(f"文件过大：{path}", f"too large: {path}")
        return content.decode("utf-8")
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError:
        raise Malformed(f"不是文本：{path}", f"no text: {path}") from None


def opened(path: str) -> BinaryIO:
    """A regular file: a pipe would hold us for ever."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise Malformed(f"不是文件：{path}", f"no file: {path}")
    return open(path, "rb")


def unreadable(path: str, error: OSError) -> Malformed:
    """What is said of a file that cannot be read."""
    reason = error.strerror or type(error).__name__
    return Malformed(f"读不出 {path}（{reason}）", f"cannot read {path} ({reason})")


def only_proof() -> str:
    """The one proof beside this program."""
    folder = os.path.dirname(os.path.abspath(__file__))
    found = sorted(name for name in os.listdir(folder) if name.endswith(".tlog-proof"))
    if len(found) != 1:
        raise Malformed(f"请指明证明文件：旁边有 {len(found)} 个", f"name the proof: there are {len(found)} here")
    return os.path.join(folder, found[0])


def tell(found: dict[str, Any], files: int) -> None:
    """The result for people."""
    entry = found["entry"]
    print("成立：这条记录在账本里，没有改动过。")
    print("Proven: the entry stands in the ledger, unaltered.")
    print("  账本 ledger      {}".format(found["ledger"]))
    print("  记录 entry       第 {:,} 条 (of {:,})".format(found["number"], found["size"]))
    print("  操作 operation   {}".format(entry["op"]))
    print("  时间 made        {}  {}".format(entry["at"], in_beijing(entry["at"])))
    print("  树头 head        {}".format(found["root"]))
    for one in found["witnesses"]:
        print("  见证 witness     {}  {}  {}".format(one["name"], one["at"], in_beijing(one["at"])))
    if files:
        print(f"  原件 originals   {files} 个文件就是当年归档的那些 (the {files} files are those that were filed)")
    print()
    print("公钥随证明一同发来：请与机构和见证机构公布的、或另处留存的公钥比对，比对一致才算数。")
    print("The keys came with the proof: compare them with those that agency and witnesses publish, or that you kept.")
    if not found["witnesses"]:
        print("这个树头没有见证签名：掌握账本密钥的人仍可能另造一份历史。")
        print("No witness has signed this head: a holder of the ledger's key could have made another history.")


def run(words: list[str]) -> int:
    """What is asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proof", nargs="?", metavar="PROOF")
    parser.add_argument("--keys", metavar="FILE")
    parser.add_argument("--file", nargs="+", default=[], metavar="ORIGINAL")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(words)
    beside = os.path.dirname(os.path.abspath(__file__))
    try:
        keys = read_keys(text_of(os.path.join(beside, "keys.txt") if args.keys is None else args.keys))
        found = check(text_of(only_proof() if args.proof is None else args.proof), keys)
        if args.file and not is_of(args.file, found["entry"]["sha256"]):
            raise NotProven(
                "记录成立，但这些文件不是（或次序不是）当年归档的那些",
                "the entry stands, but these files are not those that were filed, or not in their order",
            )
    except (NotProven, Malformed) as error:
        chinese, english = error.args
        if args.json:
            print(json.dumps({"proven": False, "message": chinese, "english": english}, ensure_ascii=False))
        else:
            print(f"不成立：{chinese}。\nNot proven: {english}.")
        return 1 if isinstance(error, NotProven) else 2
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        tell(found, len(args.file))
    return 0


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))
