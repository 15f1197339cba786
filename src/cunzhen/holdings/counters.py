"""The last number given in each series and year, as the archival codes themselves say it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.db import connection

from cunzhen.errors import Invalid
from cunzhen.formats.archival_code import parse_template
from cunzhen.formats.mets import Description
from cunzhen.holdings.models import CodeCounter, Fonds, Series

_CODES = """
SELECT c.id, i.fonds_id, c.code FROM holdings_archivalcode c JOIN holdings_item i ON i.id = c.item_id
WHERE c.id > %s ORDER BY c.id LIMIT %s
"""
_AT_ONCE = 10_000

Counters = dict[tuple[UUID, int], int]


def given() -> tuple[Counters, dict[tuple[UUID, int], int]]:
    """The highest number by series and year of every code that an item bears or bore, and how many there are of
    each.
    """
    templates = {f.id: parse_template(f.code_template) for f in Fonds.objects.all()}
    series = {(s.fonds_id, s.code): s.id for s in Series.objects.all()}
    last: Counters = {}
    count: Counters = {}
    for fonds_id, code in _codes():
        try:
            parts = templates[fonds_id].parse(code)
            key = series[fonds_id, parts["类别"]], int(parts["年度"])
            number = int(parts["件"])
        except (Invalid, KeyError):
            continue  # of an older template: its numbers belong to no counter that is still used
        last[key] = max(last.get(key, 0), number)
        count[key] = count.get(key, 0) + 1
    return last, count


def numbers_in(said: Description) -> Iterator[tuple[tuple[UUID, str, int], int]]:
    """Fonds, letters of the series, year and number of every code that an item bears or bore, by its package alone."""
    template = parse_template(said.fonds.code_template)
    for code in said.codes:
        try:
            parts = template.parse(code.code)
            yield (said.fonds.id, parts["类别"], int(parts["年度"])), int(parts["件"])
        except (Invalid, KeyError):
            continue


def recorded() -> Counters:
    """The counters as the catalogue has them."""
    return {(c.series_id, c.year): c.last for c in CodeCounter.objects.order_by("series_id", "year")}


def write(wanted: Counters) -> int:
    """Make the counters these; in the caller's transaction.

    Returns:
        How many were added, changed or taken away.
    """
    present = recorded()
    for key in present.keys() - wanted.keys():
        CodeCounter.objects.filter(series_id=key[0], year=key[1]).delete()
    changed = {key: last for key, last in wanted.items() if present.get(key) != last}
    for (series_id, year), last in sorted(changed.items()):
        CodeCounter.objects.update_or_create(series_id=series_id, year=year, defaults={"last": last})
    return len(changed) + len(present.keys() - wanted.keys())


def _codes() -> Iterator[tuple[UUID, str]]:
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_CODES, [after, _AT_ONCE])
            rows = cursor.fetchall()
        if not rows:
            return
        yield from ((fonds_id, code) for _, fonds_id, code in rows)
        after = rows[-1][0]
