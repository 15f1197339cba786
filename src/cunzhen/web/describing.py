"""The describing form: which rows it has, what stands in them, and what a clerk sent back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from cunzhen.capture.rules import Description
from cunzhen.errors import Invalid
from cunzhen.formats.identifiers import is_identity_number, normalise_identity_number
from cunzhen.formats.paper_date import normal_date
from cunzhen.holdings.kinds import kind_name, series_of
from cunzhen.holdings.rules import NamedPerson, NamedUnit
from cunzhen.ui.templatetags.ui import paper_date
from cunzhen.web.naming import chinese, language
from cunzhen.web.people import plain_text, said

MOST_ROWS = 200
_SURE = 0.9


@dataclass(frozen=True)
class FieldRow:
    """One row of the form.

    Args:
        name: of the input. label: what people call it. kind: ``text``, ``kind`` or ``series``.
        page: 0-based page it was read on, -1 for none; box in that page's pixels.
        note: what stands on the right: certainty or the check that passed.
        suggestions: other values worth taking, with where they come from.
    """

    name: str
    label: str
    value: str
    kind: str = "text"
    unsure: bool = False
    confidence: float = 0.0
    page: int = -1
    box: tuple[int, ...] | None = None
    error: str = ""
    note: str = ""
    suggestions: tuple[tuple[str, str, str], ...] = ()  # value, shown, source

    @property
    def box_text(self) -> str:
        """The box as an attribute."""
        return ",".join(map(str, self.box)) if self.box else ""


def field_rows(
    description: Description | None,
    suggestions: Mapping[str, Any],
    unsure: Sequence[str],
    errors: Mapping[str, str],
    typed: Mapping[str, str],
) -> list[FieldRow]:
    """Rows in the order of the paper's heading: what it is, whose, when; what was typed stays even where wrong."""
    fields: Mapping[str, list[dict[str, Any]]] = suggestions.get("fields", {})
    values = _values(description) | dict(typed)
    rows = [
        _row(name, label, kind, values.get(name, ""), fields.get(source, []), unsure, errors)
        for name, label, kind, source in (
            ("kind", _("材料种类"), "kind", "kind"),
            ("title", _("题名"), "text", "title"),
            ("year", _("年度"), "text", "year"),
            ("document_date", _("形成日期"), "text", "document_date"),
        )
    ]
    persons = description.persons if description and description.persons else (NamedPerson(""),)
    for number, person in enumerate(persons[:MOST_ROWS]):
        rows += _person_rows(number, person, fields, unsure, errors)
    units = description.units if description and description.units else (NamedUnit(""),)
    for number, unit in enumerate(units[:MOST_ROWS]):
        rows += _unit_rows(number, unit, fields, unsure, errors)
    return rows


def _values(description: Description | None) -> dict[str, str]:
    if description is None:
        return {}
    return {
        "kind": description.kind,
        "title": description.title,
        "year": str(description.year or ""),
        "document_date": description.document_date,
    }


def _row(
    name: str,
    label: str,
    kind: str,
    value: str,
    found: Sequence[Mapping[str, Any]],
    unsure: Sequence[str],
    errors: Mapping[str, str],
) -> FieldRow:
    best = next((f for f in found if f["value"] == value), found[0] if found else None)
    others = [f for f in found if f["value"] != value][:3]
    return FieldRow(
        name=name,
        label=label,
        value=value,
        kind=kind,
        unsure=name in unsure or name in errors or (not value and name != "document_date"),
        confidence=float(best["confidence"]) if best and best["value"] == value else 0.0,
        page=int(best["page"]) if best else -1,
        box=tuple(best["box"]) if best and best["box"] else None,
        error=errors.get(name, ""),
        suggestions=tuple((f["value"], _shown(name, f["value"]), f"{float(f['confidence']):.0%}") for f in others),
    )


def _shown(name: str, value: str) -> str:
    """A suggestion as people read it; what is taken is the value itself."""
    if name == "kind":
        return kind_name(value, language())
    return paper_date(value) if name == "document_date" else value


def _person_rows(
    number: int,
    person: NamedPerson,
    fields: Mapping[str, list[dict[str, Any]]],
    unsure: Sequence[str],
    errors: Mapping[str, str],
) -> list[FieldRow]:
    """Name and number, each with its own place on the paper."""
    doubtful = number == 0 and bool({"persons", "person_name", "person", "id_number", "subject"} & set(unsure))
    checked = bool(person.id_number) and is_identity_number(person.id_number)
    read = next((f for f in fields.get("id_number", []) if person.id_number and f["value"] == person.id_number), None)
    return [
        FieldRow(
            name=f"persons-{number}-name",
            label=_("姓名"),
            value=person.name,
            unsure=doubtful or (bool(person.name) and person.confidence < _SURE),
            confidence=person.confidence,
            page=person.page,
            box=person.box,
            error=errors.get(f"persons-{number}-name", ""),
        ),
        FieldRow(
            name=f"persons-{number}-id_number",
            label=_("公民身份号码"),
            value=person.id_number,
            unsure=(bool(person.id_number) and not checked) or (number == 0 and "id_number" in unsure),
            note=_("校验位相符") if checked else "",
            confidence=person.confidence,
            page=int(read["page"]) if read else -1,
            box=tuple(read["box"]) if read and read["box"] else None,
            error=errors.get(f"persons-{number}-id_number", ""),
        ),
    ]


def _unit_rows(
    number: int,
    unit: NamedUnit,
    fields: Mapping[str, list[dict[str, Any]]],
    unsure: Sequence[str],
    errors: Mapping[str, str],
) -> list[FieldRow]:
    others = [f for f in fields.get("unit", []) if f["value"] != unit.name][:3] if number == 0 else []
    return [
        FieldRow(
            name=f"units-{number}-name",
            label=_("参保单位"),
            value=unit.name,
            unsure=number == 0 and "unit" in unsure,
            confidence=unit.confidence if unit.name else 0.0,
            page=unit.page,
            box=unit.box,
            error=errors.get(f"units-{number}-name", ""),
            suggestions=tuple((f["value"], f["value"], f"{float(f['confidence']):.0%}") for f in others),
        ),
        FieldRow(
            name=f"units-{number}-uscc",
            label=_("统一社会信用代码"),
            value=unit.uscc,
            unsure=number == 0 and "uscc" in unsure,
            error=errors.get(f"units-{number}-uscc", ""),
        ),
    ]


def typed_fields(data: QueryDict) -> dict[str, str]:
    """The single fields as they came back from the form."""
    return {name: plain_text(str(data[name])) for name in ("kind", "title", "year", "document_date") if name in data}


def problem_words(error: Invalid) -> dict[str, str]:
    """Field name to what is wrong with it, in the language of the page; the category follows the kind."""
    fields = error.params.get("fields" if chinese() else "fields_en")
    if not isinstance(fields, dict):
        return {"title": said(error).message}
    return {name: words for name, words in fields.items() if name != "series"}


def read_form(data: QueryDict, before: Description | None) -> Description:
    """The description as the clerk left it; places on the page stay with values that did not change."""
    year = normal_date(plain_text(data.get("year", "")))
    written = plain_text(data.get("document_date", ""))
    kind = data.get("kind", "")
    old_persons = {(p.name, p.id_number): p for p in before.persons} if before else {}
    old_units = {(u.name, u.uscc): u for u in before.units} if before else {}
    persons = [_person(name, number, old_persons) for name, number in _pairs(data, "persons", "id_number")]
    units = [_unit(name, code, old_units) for name, code in _pairs(data, "units", "uscc")]
    return Description(
        kind=kind,
        series=series_of(kind),
        title=plain_text(data.get("title", "")),
        year=int(year) if year.isdigit() else 0,
        document_date=normal_date(written) or written,
        persons=tuple(persons),
        units=tuple(units),
        extra=dict(before.extra) if before else {},
        confirmed_by="clerk",
    )


def _pairs(data: QueryDict, prefix: str, second: str) -> list[tuple[str, str]]:
    found = []
    for number in range(MOST_ROWS):
        if f"{prefix}-{number}-name" not in data:
            continue
        name = plain_text(data.get(f"{prefix}-{number}-name", ""))
        other = plain_text(data.get(f"{prefix}-{number}-{second}", "")).upper()
        if name or other:
            found.append((name, other))
    return found


def _person(name: str, number: str, old: Mapping[tuple[str, str], NamedPerson]) -> NamedPerson:
    number = normalise_identity_number(number) if is_identity_number(number) else number
    same = old.get((name, number)) or next((p for p in old.values() if p.name == name), None)
    if same is None:
        return NamedPerson(name, number, "clerk")
    return dataclasses.replace(same, name=name, id_number=number, source="clerk", confidence=1.0)


def _unit(name: str, code: str, old: Mapping[tuple[str, str], NamedUnit]) -> NamedUnit:
    same = old.get((name, code)) or next((u for u in old.values() if u.name == name), None)
    if same is None:
        return NamedUnit(name, code, "clerk")
    return dataclasses.replace(same, name=name, uscc=code, source="clerk", confidence=1.0)
