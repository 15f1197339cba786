"""The form of a correction: what stands in it, what a person sent back, and what that asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _

from cunzhen.errors import Invalid
from cunzhen.formats.identifiers import is_identity_number, is_uscc, normalise_identity_number, normalise_uscc
from cunzhen.formats.paper_date import normal_date
from cunzhen.holdings.corrections import Correction
from cunzhen.holdings.fields import EXTRAS, SECURITY_LEVELS, TERMS, extra_name, security_name
from cunzhen.holdings.kinds import read_extra, term_name
from cunzhen.holdings.models import Item, Mention, ScheduleRow
from cunzhen.holdings.rules import Box, NamedPerson, NamedUnit
from cunzhen.ui.listing import is_id
from cunzhen.web.correction_words import EXTRA, row_label
from cunzhen.web.naming import chinese, language, named_categories, named_kinds
from cunzhen.web.people import plain_text, said, whole_number

MOST_ROWS = 200
_PLAIN = ("kind", "title", "year", "document_date", "series", "schedule_row", "term", "security_level", "case_number")


@dataclass(frozen=True)
class NamedRow:
    """A person or employer of the form.

    Args:
        number: of the row. mention: id of the assertion it began as, empty for a new one.
        code: identity number or credit code. page: 1-based as text, empty where unknown.
    """

    number: int
    mention: str = ""
    name: str = ""
    code: str = ""
    page: str = ""
    box: tuple[int, ...] = ()

    @property
    def box_text(self) -> str:
        """The box as an attribute."""
        return ",".join(map(str, self.box))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written: an assertion that stood there is taken back."""
        return not (self.name or self.code)


@dataclass(frozen=True)
class Filled:
    """The form as it is filled in.

    Args:
        version: the item's, as the person saw it.
        values: of the single fields.
        extras: further fields by their code.
        confirmed: whether somebody vouches for the term.
        persons, units: by rows.
        reason: why.
    """

    version: int
    values: Mapping[str, str]
    extras: Mapping[str, str]
    confirmed: bool
    persons: tuple[NamedRow, ...]
    units: tuple[NamedRow, ...]
    reason: str = ""


@dataclass(frozen=True)
class Asked:
    """What a filled form asks for, and which row each new assertion came from, so that problems find their field."""

    correction: Correction
    rows: Mapping[str, str] = field(default_factory=dict)  # persons-0 of the correction: persons-3 of the form


def filled_from(item: Item, mentions: Sequence[Mention]) -> Filled:
    """The form as the catalogue fills it."""
    values = {
        "kind": item.kind,
        "title": item.title,
        "year": str(item.year),
        "document_date": item.document_date,
        "series": item.series.code,
        "schedule_row": str(item.schedule_row_id or ""),
        "term": item.term,
        "security_level": item.security_level,
        "case_number": item.case_number,
    }
    persons = tuple(_row(n, m) for n, m in enumerate(m for m in mentions if m.kind == "person"))
    units = tuple(_row(n, m) for n, m in enumerate(m for m in mentions if m.kind == "employer"))
    confirmed = not item.hold_reason
    return Filled(
        item.version, values, read_extra(item.extra), confirmed, persons or (NamedRow(0),), units or (NamedRow(0),)
    )


def _row(number: int, mention: Mention) -> NamedRow:
    page = str(mention.page + 1) if mention.page >= 0 else ""
    return NamedRow(number, str(mention.id), mention.name, mention.number or "", page, tuple(mention.box or ()))


def filled_by(data: QueryDict, mentions: Sequence[Mention]) -> Filled:
    """The form as it came back."""
    boxes = {str(m.id): tuple(m.box or ()) for m in mentions}
    extras = {k.removeprefix(EXTRA): plain_text(str(v)) for k, v in data.items() if k.startswith(EXTRA)}
    new = plain_text(data.get("new_extra", ""))
    if new and plain_text(data.get("new_extra_value", "")):
        extras.setdefault(new, plain_text(data.get("new_extra_value", "")))
    return Filled(
        version=whole_number(data.get("version", "")) or 0,
        values={name: plain_text(data.get(name, "")) for name in _PLAIN},
        extras=extras,
        confirmed=bool(data.get("confirmed")),
        persons=tuple(_rows(data, "persons", boxes)),
        units=tuple(_rows(data, "units", boxes)),
        reason=plain_text(data.get("reason", "")),
    )


def _rows(data: QueryDict, prefix: str, boxes: Mapping[str, tuple[int, ...]]) -> list[NamedRow]:
    found = []
    for number in range(MOST_ROWS):
        start = f"{prefix}-{number}"
        if f"{start}-name" not in data:
            continue
        mention = data.get(f"{start}-mention", "")
        found.append(
            NamedRow(
                number=number,
                mention=mention if is_id(mention) else "",
                name=plain_text(data.get(f"{start}-name", "")),
                code=_code(prefix, plain_text(data.get(f"{start}-code", ""))),
                page=plain_text(data.get(f"{start}-page", "")),
                box=boxes.get(mention, ()),
            )
        )
    return found or [NamedRow(0)]


def _code(prefix: str, text: str) -> str:
    if prefix == "units":
        return normalise_uscc(text) if is_uscc(text) else text.upper()
    return normalise_identity_number(text) if is_identity_number(text) else text.upper()


def asked_for(item: Item, mentions: Sequence[Mention], filled: Filled) -> Asked:
    """What the form asks for against the catalogue as it is; what nobody touched is not asked for."""
    known = {str(m.id): m for m in mentions}
    kept = [r.mention for r in (*filled.persons, *filled.units) if r.mention in known and _is_same(r, known[r.mention])]
    rows: dict[str, str] = {}
    persons: list[NamedPerson] = []
    units: list[NamedUnit] = []
    for row in filled.persons:
        if not row.is_empty and row.mention not in kept:
            rows[f"persons-{len(persons)}"] = f"persons-{row.number}"
            page, box = _place(row, known)
            persons.append(NamedPerson(row.name, row.code, page=page, box=box))
    for row in filled.units:
        if not row.is_empty and row.mention not in kept:
            rows[f"units-{len(units)}"] = f"units-{row.number}"
            page, box = _place(row, known)
            units.append(NamedUnit(row.name, row.code, page=page, box=box))
    correction = Correction(
        item_id=item.id,
        version=filled.version,
        **_changed_fields(item, filled),
        extra=_changed_extras(item, filled),
        persons=tuple(persons),
        units=tuple(units),
        retracted=tuple(UUID(i) for i in known if i not in kept),
    )
    return Asked(correction, rows)


def _changed_fields(item: Item, filled: Filled) -> dict[str, Any]:
    now, values = filled_from(item, ()).values, filled.values
    changed: dict[str, Any] = {n: values[n] for n in _PLAIN if values[n] != now[n]}
    if "document_date" in changed:
        changed["document_date"] = normal_date(changed["document_date"]) or changed["document_date"]
    if "year" in changed:
        changed["year"] = whole_number(normal_date(changed["year"])) or 0
    row = changed.pop("schedule_row", "")
    if is_id(row):
        changed["schedule_row_id"] = UUID(row)
    # Whoever chose the term or its row has said with the box what they think of it; what follows from a kind has not.
    if filled.confirmed != (not item.hold_reason) or changed.keys() & {"term", "schedule_row_id"}:
        changed["term_confirmed"] = filled.confirmed
    return changed


def _changed_extras(item: Item, filled: Filled) -> dict[str, str]:
    now = read_extra(item.extra)
    return {name: value for name, value in filled.extras.items() if value != now.get(name, "")}


def _is_same(row: NamedRow, mention: Mention) -> bool:
    page = mention.page + 1 if mention.page >= 0 else 0
    return (row.name, row.code, whole_number(row.page) or 0) == (mention.name, mention.number or "", page)


def _place(row: NamedRow, known: Mapping[str, Mention]) -> tuple[int, Box | None]:
    """Where it stands: the place of the assertion it replaces stays, unless another page was named."""
    page = (whole_number(row.page) or 0) - 1
    before = known.get(row.mention)
    box = before.box if before is not None and before.page == page else None
    return page, (box[0], box[1], box[2], box[3]) if box else None


def form_errors(error: Invalid, asked: Asked) -> dict[str, str]:
    """Name of an input to what is wrong with it, in the language of the page."""
    fields = error.params.get("fields" if chinese() else "fields_en")
    if not isinstance(fields, dict) or not fields:
        return {"reason" if error.code == "H-20" else "title": said(error).message}
    return {_input_of(str(name), asked): str(words) for name, words in fields.items()}


def _input_of(name: str, asked: Asked) -> str:
    start, _dash, part = name.rpartition("-")
    if start in asked.rows:
        return f"{asked.rows[start]}-{'code' if part in {'id_number', 'uscc'} else part}"
    return {"retracted": "persons-0-name", "term_confirmed": "confirmed", "extra": "new_extra"}.get(name, name)


def form_choices(item: Item, filled: Filled) -> dict[str, Any]:
    """What the form offers to choose from."""
    rows = ScheduleRow.objects.filter(schedule_id=item.fonds.schedule_id).order_by("category", "number")
    ordered = sorted(rows, key=lambda r: (r.category, int(r.number) if r.number.isdigit() else 0))
    return {
        "kinds": named_kinds(),
        "categories": named_categories(),
        "schedule_rows": [(str(r.id), row_label(r), term_name(r.term, language())) for r in ordered],
        "terms": [(t, term_name(t, language())) for t in TERMS],
        "levels": [(code, security_name(code, language())) for code in SECURITY_LEVELS],
        "extras": [(EXTRA + code, extra_name(code, language()), value) for code, value in filled.extras.items()],
        "more_extras": [(c, extra_name(c, language())) for c in EXTRAS if c not in filled.extras],
    }


def typed_and_now(typed: Filled, now: Filled) -> list[tuple[str, str, str]]:
    """Name, what was typed and what stands there now, of every field where the two differ."""
    both = {**{n: (typed.values[n], now.values[n]) for n in _PLAIN}}
    for code in {**now.extras, **typed.extras}:
        both[EXTRA + code] = (typed.extras.get(code, ""), now.extras.get(code, ""))
    return [(name, mine, theirs) for name, (mine, theirs) in both.items() if mine != theirs]


def names_of(filled: Filled) -> str:
    """Whom the form names, for the page that shows two people's versions beside one another."""
    return _("、").join(r.name for r in (*filled.persons, *filled.units) if r.name) or "—"
