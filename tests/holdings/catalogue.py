"""The whole catalogue as plain values, to be compared before and after."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from cunzhen.keys.sealing import unseal

# Table to the columns that may differ: keys that mean nothing, states of checks, and where ciphertext differs anyway.
TABLES: Mapping[str, frozenset[str]] = {
    "accounts_agency": frozenset(),
    "holdings_retentionschedule": frozenset(),
    "holdings_schedulerow": frozenset(),
    "holdings_fonds": frozenset(),
    "holdings_series": frozenset(),
    "holdings_codecounter": frozenset({"id"}),
    "holdings_item": frozenset(),
    "holdings_archivalcode": frozenset({"id"}),
    "holdings_component": frozenset(),
    "holdings_rendition": frozenset(),
    "holdings_page": frozenset(),
    "holdings_person": frozenset(),
    "holdings_personname": frozenset({"id"}),
    "holdings_personidentifier": frozenset({"id"}),
    "holdings_employer": frozenset(),
    "holdings_employername": frozenset({"id"}),
    "holdings_mention": frozenset(),
    "preservation_package": frozenset(),
    "preservation_packagecopy": frozenset({"id", "checked_at"}),
    "preservation_pendingchange": frozenset({"id"}),
    "ledger_entry": frozenset(),
    "ledger_leaf": frozenset(),
    "ledger_subject": frozenset(),
    "ledger_detail": frozenset(),
}
SEALED = {
    ("holdings_item", "extra"): "holdings.extra",
    ("holdings_mention", "number"): "holdings.mention",
    ("holdings_personidentifier", "value"): "holdings.identifier",
    ("holdings_page", "words"): "page.words",
    ("ledger_detail", "sealed"): "ledger.detail",
}


def everything(tables: Iterable[str] = TABLES) -> dict[str, list[str]]:
    """Every row of every table that matters, each as one line."""
    return {table: sorted(_rows(table)) for table in tables}


def _rows(table: str) -> Iterable[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        names = [column.name for column in cursor.description]
        for row in cursor.fetchall():
            values = dict(zip(names, row, strict=True))
            kept = {n: _plain(table, n, v) for n, v in values.items() if n not in TABLES[table]}
            yield json.dumps(kept, ensure_ascii=False, default=str, sort_keys=True)


def _plain(table: str, name: str, value: Any) -> Any:
    purpose = SEALED.get((table, name))
    if purpose is not None and value is not None:
        plain = unseal(purpose, bytes(value))
        return (zlib.decompress(plain) if name == "words" else plain).decode()
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def empty() -> None:
    """As after the database was lost and made anew."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename NOT LIKE 'django\\_%' AND tablename NOT LIKE 'procrastinate%'"
        )
        (names,) = cursor.fetchone()
        cursor.execute(f"TRUNCATE {names} CASCADE")
