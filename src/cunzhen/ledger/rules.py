"""What a ledger entry says, and how its bytes are made: RFC 8785 JSON, version 1."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import rfc8785

from cunzhen.errors import Invalid
from cunzhen.formats.tlog import ENTRY_BYTES_AT_MOST

VERSION = 1
SALT_BYTES = 32
DETAIL_PURPOSE = "ledger.detail"
# Names the sequencer among the database's advisory locks: "cunzhen" and a 1, as a number.
SEQUENCER_LOCK = 0x63756E7A68656E01
WITNESS_LOCK = 0x63756E7A68656E03  # held by whoever asks the witnesses
AUDIT_LOCK = 0x63756E7A68656E04
STAMP_LOCK = 0x63756E7A68656E05
CLOCKS_APART = timedelta(minutes=10)  # a witness's, or a time-stamping authority's, and ours
_OP = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
_DIGEST = re.compile(r"(?:[0-9a-f]{64})?", re.ASCII)


@dataclass(frozen=True)
class Subject:
    """What an entry is about; digests in lower-case hex, empty where the subject has no bytes."""

    id: UUID
    sha256: str = ""
    sm3: str = ""


@dataclass(frozen=True)
class NewEntry:
    """One act to be recorded. The detail may hold personal data: the entry takes only its salted digest."""

    op: str
    actor_id: UUID
    agency_id: UUID
    subjects: tuple[Subject, ...]
    detail: Mapping[str, object]


@dataclass(frozen=True)
class LoggedEntry:
    """A numbered entry as followers read it; numbers start at 0 and have no gaps."""

    number: int
    id: UUID
    at: datetime
    op: str
    actor_id: UUID
    agency_id: UUID
    subjects: tuple[Subject, ...]


@dataclass(frozen=True)
class HistoryLine:
    """One act upon a subject; ``number`` is None until it is numbered, ``detail`` is None once it was erased."""

    number: int | None
    at: datetime
    op: str
    actor_id: UUID
    detail: dict[str, Any] | None
    entry_id: UUID


@dataclass(frozen=True)
class Head:
    """The published checkpoint: number of entries, root hash in hex, and the signed note itself."""

    size: int
    root_hex: str
    signed_note_text: str


@dataclass(frozen=True)
class AuditProblem:
    """One finding of an audit.

    ``number`` is the entry's place in the ledger and ``entry_id`` its id, where the finding is about one entry.
    """

    code: str
    message: str
    english: str
    number: int | None = None
    entry_id: UUID | None = None


@dataclass(frozen=True)
class AuditReport:
    """What an audit found: size and root (hex) of the audited checkpoint; ``more`` findings were not listed."""

    size: int
    root: str
    ok: bool
    problems: tuple[AuditProblem, ...]
    more: int = 0


def canonical_detail(detail: Mapping[str, object]) -> bytes:
    """RFC 8785 bytes of an entry's detail.

    Raises:
        Invalid: ``L-10`` where it holds something that JSON has no form for.
    """
    try:
        return rfc8785.dumps(cast("dict[str, Any]", dict(detail)))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, TypeError):
        raise _invalid("明细含有无法写入账本的值", "the detail holds a value that JSON has no form for") from None


def detail_digest(salt: bytes, canonical: bytes) -> str:
    """Hex SHA-256 over salt and detail: tells nothing about the detail once the salt is erased."""
    return hashlib.sha256(salt + canonical).hexdigest()


def moment_text(at: datetime) -> str:
    """A moment as entries write it: UTC, six decimals, ``Z``.

    Raises:
        Invalid: ``L-10`` where it has no time zone.
    """
    if at.tzinfo is None:
        raise _invalid("时间缺少时区", "the time has no zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def entry_body(entry_id: UUID, entry: NewEntry, at: str, digest: str) -> bytes:
    """The bytes that are logged.

    Args:
        entry_id: the entry's own id.
        entry: the act.
        at: from ``moment_text``.
        digest: from ``detail_digest``.

    Raises:
        Invalid: ``L-10`` where the operation's name or a digest is malformed, ``L-11`` where the entry is too long.
    """
    if not _OP.fullmatch(entry.op):
        raise _invalid("操作名称不合规", "the operation's name is malformed")
    if not all(_DIGEST.fullmatch(part.sha256) and _DIGEST.fullmatch(part.sm3) for part in entry.subjects):
        raise _invalid("摘要应为 64 位小写十六进制", "a digest has 64 lower-case hexadecimal digits")
    # None of these values holds a character that JSON escapes, so the one RFC 8785 form can be written down at once;
    # the general serialiser would take half of the time that recording takes.
    subjects = ",".join(f'{{"id":"{part.id}","sha256":"{part.sha256}","sm3":"{part.sm3}"}}' for part in entry.subjects)
    body = (
        f'{{"actor":"{entry.actor_id}","agency":"{entry.agency_id}","at":"{at}","detail":"{digest}","id":"{entry_id}",'
        f'"op":"{entry.op}","subjects":[{subjects}],"v":{VERSION}}}'
    ).encode()
    if len(body) > ENTRY_BYTES_AT_MOST:
        raise Invalid(
            "L-11",
            f"一条账本记录涉及 {len(entry.subjects)} 个对象，超过一条可记的长度，请分成几条。",
            f"One entry names {len(entry.subjects)} subjects and grows too long; record it as several.",
        )
    return body


def read_subjects(body: bytes) -> tuple[Subject, ...]:
    """The subjects that an entry's bytes name."""
    return tuple(Subject(UUID(part["id"]), part["sha256"], part["sm3"]) for part in json.loads(body)["subjects"])


def _invalid(message: str, english: str) -> Invalid:
    return Invalid("L-10", f"这条账本记录不能写入：{message}。", f"This entry cannot be recorded: {english}.")


@dataclass(frozen=True)
class Difference:
    """A number whose row does not hash to the published leaf; ``in_table`` is None where there is no row."""

    number: int
    entry_id: UUID | None
    in_table: bytes | None
    published: bytes


def name_differences(
    differences: Sequence[Difference], *, end: int, beyond: Collection[bytes] = ()
) -> list[AuditProblem]:
    """What was done to the rows, from where the published hashes are found again among them.

    A row whose hash was published under another number was moved; a published hash that no row has was changed, or
    taken out where a moved row closed the gap; a row whose hash was never published was changed, or put in where the
    original stands elsewhere.

    Args:
        differences: in the order of their numbers.
        end: the first number that the table does not reach; what is missing from there on was cut off, not taken out.
        beyond: hashes of rows whose numbers lie beyond what was published.
    """
    rows = {part.in_table for part in differences}.union(beyond)
    places = {part.published: part.number for part in differences}
    problems: list[AuditProblem] = []
    for part in differences:
        is_gone, is_moved = part.published not in rows, part.in_table in places
        if part.in_table is not None and is_moved:
            place = places[part.in_table]
            problems.append(
                _named("L-A-05", part, f"次序被改动，原为第 {place} 条", f"it was moved from number {place}")
            )
        elif part.in_table is not None and is_gone:
            problems.append(_named("L-A-02", part, "内容被改动", "it was changed"))
        elif part.in_table is not None:
            problems.append(_named("L-A-04", part, "是后插入的记录", "it was put in later"))
        if is_gone and part.number < end and (part.in_table is None or is_moved):
            lost = Difference(part.number, None, None, part.published)
            problems.append(_named("L-A-03", lost, "记录缺失", "it is missing"))
    return problems


def row_problem(code: str, number: int, entry_id: UUID | None, message: str, english: str) -> AuditProblem:
    """A finding about one numbered entry."""
    return AuditProblem(code, f"第 {number} 条：{message}。", f"Entry {number}: {english}.", number, entry_id)


def _named(code: str, part: Difference, message: str, english: str) -> AuditProblem:
    return row_problem(code, part.number, part.entry_id, message, english)
