"""Corrections in words: what a field is called, what its value says, what a line of an item's history changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from cunzhen.formats.identifiers import mask
from cunzhen.holdings.corrections import Difference
from cunzhen.holdings.fields import extra_name, hold_name, security_name
from cunzhen.holdings.kinds import kind_name, series_name, term_name
from cunzhen.holdings.models import ScheduleRow
from cunzhen.holdings.rules import NamedPerson, NamedUnit
from cunzhen.ui.templatetags.ui import day, paper_date
from cunzhen.web.naming import language

EXTRA = "extra."


@dataclass(frozen=True)
class ShownChange:
    """One field, before and after, as people read it; an empty value is a dash."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class ShownMention:
    """Whom an assertion names; the number covered."""

    kind: str
    name: str
    number: str
    page: int  # 1-based, 0 where unknown


def field_label(name: str) -> str:
    """What a field is called."""
    if name.startswith(EXTRA):
        return extra_name(name.removeprefix(EXTRA), language())
    return {
        "title": _("题名"),
        "kind": _("材料种类"),
        "series": _("类别"),
        "year": _("年度"),
        "document_date": _("形成日期"),
        "schedule_row": _("期限依据"),
        "term": _("保管期限"),
        "retention_end": _("期满日"),
        "hold_reason": _("期限确认"),
        "security_level": _("密级"),
        "case_number": _("业务受理号"),
    }.get(name, name)


def shown_changes(differences: Sequence[Difference]) -> list[ShownChange]:
    """Differences in words; rows of schedules are looked up once."""
    wanted = {value for d in differences if d.name == "schedule_row" for value in (d.before, d.after) if value}
    rows = {str(r.id): row_label(r) for r in ScheduleRow.objects.filter(id__in=wanted)}
    return [
        ShownChange(field_label(d.name), value_words(d.name, d.before, rows), value_words(d.name, d.after, rows))
        for d in differences
    ]


def row_label(row: ScheduleRow) -> str:
    """A row of the schedule as people name it."""
    return f"{row.category} {row.number}　{row.material}"


def value_words(name: str, value: str, rows: Mapping[str, str]) -> str:
    """A value as people read it.

    Args:
        rows: rows of schedules by their id, in words.
    """
    if not value and name not in {"term", "hold_reason"}:
        return "—"
    if name == "schedule_row":
        return rows.get(value, "—")
    return _WORDS[name](value) if name in _WORDS else value


_WORDS: Mapping[str, Callable[[str], str]] = {
    "term": lambda value: term_name(value, language()),
    "hold_reason": lambda value: hold_name(value, language()),
    "kind": lambda value: kind_name(value, language()),
    "series": lambda value: series_name(value, language()),
    "document_date": paper_date,
    "retention_end": lambda value: day(date.fromisoformat(value)),
    "security_level": lambda value: security_name(value, language()),
}


def said_mentions(detail: Mapping[str, Any], name: str) -> list[ShownMention]:
    """Assertions that the detail of an entry tells of."""
    return [ShownMention(one["kind"], one["name"], one["number"], int(one["page"]) + 1) for one in detail.get(name, ())]


def asked_mentions(persons: Iterable[NamedPerson], units: Iterable[NamedUnit]) -> list[ShownMention]:
    """Assertions that a correction asks for."""
    named = [ShownMention("person", p.name, mask(p.id_number) if p.id_number else "", p.page + 1) for p in persons]
    return named + [ShownMention("employer", u.name, u.uscc, u.page + 1) for u in units]


def row_mentions(rows: Iterable[Any]) -> list[ShownMention]:
    """Assertions as the catalogue has them."""
    return [
        ShownMention(m.kind, m.name, mask(m.number) if m.number and m.kind == "person" else m.number or "", m.page + 1)
        for m in rows
    ]
