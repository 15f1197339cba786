"""更正: what a person wants changed in a description, what follows from it, and how it is taken back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from cunzhen.holdings import kinds
from cunzhen.holdings.fields import (
    LONGEST_CASE_NUMBER,
    LONGEST_EXTRA,
    LONGEST_EXTRA_NAME,
    MOST_EXTRAS,
    SECURITY_LEVELS,
    TERMS,
    FieldProblem,
    date_problem,
    field_problem,
    person_problems,
    text_problem,
    title_problem,
    unit_problems,
    year_problem,
)
from cunzhen.holdings.rules import PENDING, NamedPerson, NamedUnit, hold_reason, retention_end

SOURCE = "correction"  # of a mention that was asserted after filing
# Fields in the order in which people read them; further fields come after.
ORDER = (
    *("title", "kind", "series", "year", "document_date", "schedule_row", "term", "retention_end", "hold_reason"),
    *("security_level", "case_number"),
)
# Holds that come from the term; a correction of the term may set or lift these and no others.
_OF_THE_TERM = frozenset({"", "term_pending", "term_unconfirmed"})


@dataclass(frozen=True)
class Correction:
    """What shall change in one item; None leaves a field as it is.

    Args:
        item_id: whose.
        version: the item's as the person saw it.
        kind: the series, the schedule's row and the term follow it unless they are given too.
        series: category letters; with the year it decides the archival code.
        term: ``Y``, years, or empty for 待确认.
        term_confirmed: whether somebody vouches for the term; an unconfirmed one keeps the item from disposal.
        schedule_row_id: row of the schedule of the item's fonds.
        extra: further field to its value, an empty one takes it away; fields that are not named stay.
        persons, units: asserted anew, each with the page it stands on.
        retracted: ids of mentions that are taken back.
    """

    item_id: UUID
    version: int
    title: str | None = None
    document_date: str | None = None
    kind: str | None = None
    series: str | None = None
    year: int | None = None
    term: str | None = None
    term_confirmed: bool | None = None
    schedule_row_id: UUID | None = None
    security_level: str | None = None
    case_number: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    persons: tuple[NamedPerson, ...] = ()
    units: tuple[NamedUnit, ...] = ()
    retracted: tuple[UUID, ...] = ()

    @property
    def may_move(self) -> bool:
        """Whether it can give the item another series or year, and so another archival code."""
        return self.kind is not None or self.series is not None or self.year is not None


@dataclass(frozen=True)
class Row:
    """A row of the schedule as far as items need it."""

    id: UUID
    category: str
    number: str
    material: str
    term: str
    evidence: str
    confirmed: bool


@dataclass(frozen=True)
class Recorded:
    """What the catalogue says of an item, as far as it can be corrected."""

    title: str
    kind: str
    series: str
    year: int
    document_date: str
    row: Row | None
    term: str
    hold_reason: str
    security_level: str
    case_number: str
    extra: Mapping[str, str]

    @property
    def retention_end(self) -> date | None:
        """Last day of the term."""
        return retention_end(self.term, self.year)


@dataclass(frozen=True)
class Difference:
    """One field before and after, as the ledger's detail and screens have it; an extra field is ``extra.NAME``."""

    name: str
    before: str
    after: str


def corrected(before: Recorded, correction: Correction, rows: Sequence[Row]) -> Recorded:
    """What the catalogue says afterwards.

    Args:
        rows: of the schedule of the item's fonds.
    """
    kind = before.kind if correction.kind is None else correction.kind
    row = _row(before, correction, rows)
    term = before.term if row == before.row else row.term if row else PENDING
    term = term if correction.term is None else correction.term
    series = correction.series or ((kinds.series_of(kind) or before.series) if kind != before.kind else before.series)
    extra = {name: value for name, value in {**before.extra, **correction.extra}.items() if value}
    return Recorded(
        title=before.title if correction.title is None else correction.title,
        kind=kind,
        series=series,
        year=before.year if correction.year is None else correction.year,
        document_date=before.document_date if correction.document_date is None else correction.document_date,
        row=row,
        term=term,
        hold_reason=_hold(before, correction, row, term),
        security_level=before.security_level if correction.security_level is None else correction.security_level,
        case_number=before.case_number if correction.case_number is None else correction.case_number,
        extra=extra,
    )


def _row(before: Recorded, correction: Correction, rows: Sequence[Row]) -> Row | None:
    if correction.schedule_row_id is not None:
        return next((r for r in rows if r.id == correction.schedule_row_id), before.row)
    if correction.kind is None or correction.kind == before.kind:
        return before.row
    key = kinds.schedule_key(correction.kind)
    return next((r for r in rows if (r.category, r.number) == key), None)


def _hold(before: Recorded, correction: Correction, row: Row | None, term: str) -> str:
    if before.hold_reason not in _OF_THE_TERM:
        return before.hold_reason
    if correction.term_confirmed is not None:
        return hold_reason(term, correction.term_confirmed)
    if row == before.row and term == before.term:
        return before.hold_reason
    return hold_reason(term, row is not None and row.confirmed and row.term == term)


def problems_of(
    before: Recorded,
    after: Recorded,
    correction: Correction,
    *,
    rows: Sequence[Row],
    mentions: Collection[UUID],
    page_count: int,
    this_year: int,
) -> dict[str, FieldProblem]:
    """Name of a field to what is wrong with what was asked; what nobody touched is not judged again.

    Args:
        rows: of the schedule of the item's fonds.
        mentions: of the item that stand.
        page_count: of the item.
        this_year: in which it is corrected.
    """
    found: dict[str, FieldProblem | None] = {}
    if after.title != before.title:
        found["title"] = title_problem(after.title)
    if after.kind != before.kind:
        found["kind"] = None if kinds.is_kind(after.kind) else field_problem("kind")
    if after.series != before.series:
        found["series"] = None if kinds.is_series(after.series) else field_problem("series")
    if after.year != before.year:
        found["year"] = year_problem(after.year, this_year)
    if (after.year, after.document_date) != (before.year, before.document_date):
        found["document_date"] = date_problem(after.document_date, after.year)
    found |= _term_problems(after, correction, rows)
    if after.security_level != before.security_level and after.security_level not in SECURITY_LEVELS:
        found["security_level"] = field_problem("security_level")
    found["case_number"] = text_problem(correction.case_number or "", LONGEST_CASE_NUMBER)
    found |= _extra_problems(after, correction)
    return {name: p for name, p in found.items() if p} | _mention_problems(correction, mentions, page_count)


def _term_problems(after: Recorded, correction: Correction, rows: Sequence[Row]) -> dict[str, FieldProblem | None]:
    known = correction.schedule_row_id is None or any(r.id == correction.schedule_row_id for r in rows)
    return {
        "term": None if correction.term is None or correction.term in TERMS else field_problem("term"),
        "term_confirmed": field_problem("term_confirmed") if correction.term_confirmed and not after.term else None,
        "schedule_row": None if known else field_problem("schedule_row"),
    }


def _extra_problems(after: Recorded, correction: Correction) -> dict[str, FieldProblem | None]:
    found: dict[str, FieldProblem | None] = {}
    for name, value in correction.extra.items():
        nameless = None if name.strip() else field_problem("nameless")
        problem = nameless or text_problem(name, LONGEST_EXTRA_NAME) or text_problem(value, LONGEST_EXTRA)
        found[f"extra.{name[:LONGEST_EXTRA_NAME]}"] = problem
    if len(after.extra) > MOST_EXTRAS:
        found["extra"] = field_problem("extra_count", most=MOST_EXTRAS)
    return found


def _mention_problems(correction: Correction, mentions: Collection[UUID], pages: int) -> dict[str, FieldProblem]:
    found: dict[str, FieldProblem] = {}
    for number, person in enumerate(correction.persons):
        found |= {f"persons-{number}-{part}": p for part, p in person_problems(person, pages).items()}
    for number, unit in enumerate(correction.units):
        found |= {f"units-{number}-{part}": p for part, p in unit_problems(unit, pages).items()}
    once = len(set(correction.retracted)) == len(correction.retracted)
    if not once or not set(correction.retracted) <= set(mentions):
        found["retracted"] = field_problem("mention")
    return found


def is_nothing(before: Recorded, after: Recorded, correction: Correction) -> bool:
    """Whether the item is already as was asked."""
    return after == before and not (correction.persons or correction.units or correction.retracted)


def differences(before: Recorded, after: Recorded) -> tuple[Difference, ...]:
    """Every field that changes, what follows from others included, in the order of the form."""
    old, new = _texts(before), _texts(after)
    return tuple(
        Difference(name, old.get(name, ""), new.get(name, ""))
        for name in {**old, **new}
        if old.get(name, "") != new.get(name, "")
    )


def _texts(recorded: Recorded) -> dict[str, str]:
    end = recorded.retention_end
    return {
        "title": recorded.title,
        "kind": recorded.kind,
        "series": recorded.series,
        "year": str(recorded.year),
        "document_date": recorded.document_date,
        "schedule_row": str(recorded.row.id) if recorded.row else "",
        "term": recorded.term,
        "retention_end": end.isoformat() if end else "",
        "hold_reason": recorded.hold_reason,
        "security_level": recorded.security_level,
        "case_number": recorded.case_number,
        **{f"extra.{name}": value for name, value in recorded.extra.items()},
    }


def inverse(item_id: UUID, version: int, now: Recorded, done: Sequence[Difference]) -> tuple[Correction, list[str]]:
    """What takes a correction back, as far as nobody has corrected the same fields since.

    Args:
        version: the item's present one.
        now: what the catalogue says at present.
        done: what the correction did.

    Returns:
        the correction, without its mentions, and the names of the fields that were corrected again and are left.
    """
    present = _texts(now)
    standing = [d for d in done if present.get(d.name, "") == d.after]
    old = {d.name: d.before for d in standing}
    left = [d.name for d in done if d not in standing and d.name != "retention_end"]
    if old.get("schedule_row") == "" and "kind" not in old:
        left.append("schedule_row")  # an item can be given another row, but not none
    held = old.get("hold_reason", now.hold_reason)
    row = old.get("schedule_row")
    # What follows from a kind or a row is said outright, so that all of it is as it was.
    follows = "kind" in old or "schedule_row" in old
    correction = Correction(
        item_id=item_id,
        version=version,
        title=old.get("title"),
        document_date=old.get("document_date"),
        kind=old.get("kind"),
        series=old.get("series", now.series if "kind" in old else None),
        year=int(old["year"]) if "year" in old else None,
        term=old.get("term", now.term if follows else None),
        term_confirmed=not held if held in _OF_THE_TERM and (follows or "hold_reason" in old) else None,
        schedule_row_id=UUID(row) if row else None,
        security_level=old.get("security_level"),
        case_number=old.get("case_number"),
        extra={name.removeprefix("extra."): value for name, value in old.items() if name.startswith("extra.")},
    )
    return correction, left
