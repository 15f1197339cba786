"""Archival codes: given one after another without gaps, under a lock that filing and correcting share."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Missing
from cunzhen.formats.archival_code import format_code
from cunzhen.holdings.models import CodeCounter, Fonds


def lock_fonds(actor: Actor, ids: set[UUID]) -> dict[UUID, Fonds]:
    """Fonds within reach, locked. One at a time per fonds: numbers and sameness are decided under this lock.

    Raises:
        Missing: ``H-03`` where one is outside the actor's reach.
    """
    with connection.cursor() as cursor:
        for fonds_id in sorted(ids):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [fonds_id.int & 0x7FFF_FFFF_FFFF_FFFF])
    found = {
        f.id: f
        for f in Fonds.objects.select_related("keeper", "schedule").filter(id__in=ids, keeper_id__in=actor.agency_ids)
    }
    if len(found) != len(ids):
        raise Missing("H-03", "没有这个全宗，请核对。", "There is no such fonds within your reach.")
    return found


def advance(series_id: UUID, year: int, count: int) -> int:
    """The counter after ``count`` more numbers; the row stays locked until the transaction ends, so no gap is left."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {CodeCounter._meta.db_table} AS c (series_id, year, last) VALUES (%s, %s, %s)"  # noqa: S608
            " ON CONFLICT (series_id, year) DO UPDATE SET last = c.last + EXCLUDED.last RETURNING last",
            [series_id, year, count],
        )
        return int(cursor.fetchone()[0])


def code_of(fonds: Fonds, series: str, year: int, serial: int) -> str:
    """The archival code that a serial of a series and year makes in a fonds."""
    values: dict[str, str | int] = {"全宗": fonds.code, "类别": series, "年度": year, "件": serial}
    return format_code(fonds.code_template, values)
