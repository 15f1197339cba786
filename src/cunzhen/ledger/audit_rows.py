"""The rows that an audit reads: each numbered entry with all that hangs on it, and whether these agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from cunzhen.errors import Unavailable
from cunzhen.formats import tlog
from cunzhen.keys.sealing import unseal
from cunzhen.ledger.rules import DETAIL_PURPOSE, AuditProblem, detail_digest, row_problem

_TILES_A_READ = 16

_ROWS = """
SELECT l.number, l.entry_id, l.leaf_hash, e.body, d.salt, d.sealed,
    (SELECT string_agg(s.subject_id::text, ',') FROM ledger_subject s WHERE s.entry_id = l.entry_id),
    e.id::text, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.op, e.actor_id::text,
    e.agency_id::text
FROM ledger_leaf l LEFT JOIN ledger_entry e ON e.id = l.entry_id LEFT JOIN ledger_detail d ON d.entry_id = l.entry_id
WHERE l.number >= %s AND l.number < %s ORDER BY l.number
"""


@dataclass(frozen=True)
class AuditRow:
    """A numbered row with all that hangs on it; ``columns`` are what the body repeats of them."""

    number: int
    entry_id: UUID
    leaf_hash: bytes
    body: bytes | None
    salt: bytes | None
    sealed: bytes | None
    subjects: frozenset[str]
    columns: tuple[str, ...]


def rows_by_tile(size: int) -> Iterator[tuple[int, dict[int, AuditRow]]]:
    """Index and rows of each tile of level 0, in order; rows that are not there are left out."""
    step = _TILES_A_READ * tlog.TILE_WIDTH
    for low in range(0, size, step):
        high = min(low + step, size)
        with connection.cursor() as cursor:
            cursor.execute(_ROWS, [low, high])
            rows = [_row(record) for record in cursor.fetchall()]
        at = 0
        for start in range(low, high, tlog.TILE_WIDTH):
            inside: dict[int, AuditRow] = {}
            while at < len(rows) and rows[at].number < start + tlog.TILE_WIDTH:
                inside[rows[at].number] = rows[at]
                at += 1
            yield start // tlog.TILE_WIDTH, inside


def _row(record: tuple[object, ...]) -> AuditRow:
    number, entry_id, leaf_hash, body, salt, sealed, subjects, *columns = record
    return AuditRow(
        number,  # type: ignore[arg-type]
        entry_id,  # type: ignore[arg-type]
        leaf_hash,  # type: ignore[arg-type]
        body,  # type: ignore[arg-type]
        salt,  # type: ignore[arg-type]
        sealed,  # type: ignore[arg-type]
        frozenset(str(subjects).split(",") if subjects else ()),
        tuple(columns),  # type: ignore[arg-type]
    )


def problems_within(row: AuditRow, said: bytes) -> Iterator[AuditProblem]:
    """What hangs on an entry must be what the entry says.

    Args:
        row: one whose body is as published.
        said: the leaf hash that was published for it.
    """
    if row.leaf_hash != said:
        yield _problem("L-A-10", row, "登记的摘要被改动", "its hash in ledger_leaf was altered")
    try:
        body = json.loads(row.body or b"")
        columns = tuple(body[key] for key in ("id", "at", "op", "actor", "agency"))
        subjects, digest = frozenset(part["id"] for part in body["subjects"]), body["detail"]
    except (ValueError, KeyError, TypeError):
        yield _problem("L-A-07", row, "内容不是第 1 版条目", "it is not an entry of version 1")
        return
    if columns != row.columns:
        yield _problem("L-A-07", row, "数据库各列与条目内容不符", "its columns differ from what it says")
    if subjects != row.subjects:
        yield _problem("L-A-09", row, "对象索引与条目内容不符", "its subjects' index differs from what it says")
    if row.sealed is not None and _digest_of(row) != digest:
        yield _problem("L-A-08", row, "明细与条目中的摘要不符", "its detail does not match its digest")


def _digest_of(row: AuditRow) -> str:
    try:
        return detail_digest(bytes(row.salt or b""), unseal(DETAIL_PURPOSE, bytes(row.sealed or b"")))
    except Unavailable as error:
        if error.code != "K-03":  # the detail was altered; anything else is no finding but a broken home
            raise
        return ""


def _problem(code: str, row: AuditRow, message: str, english: str) -> AuditProblem:
    return row_problem(code, row.number, row.entry_id, message, english)
