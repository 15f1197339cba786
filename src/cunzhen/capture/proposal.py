"""From what was read and what the sender's catalogue says to a proposed description, with what a person must see."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cunzhen.capture.extraction.decide import is_known, is_sure, may_be_written
from cunzhen.capture.extraction.suggestions import SuggestedPerson, Suggestions
from cunzhen.capture.rules import Description
from cunzhen.formats.identifiers import is_identity_number, is_uscc, normalise_identity_number, normalise_uscc
from cunzhen.formats.paper_date import normal_date
from cunzhen.holdings import kinds
from cunzhen.holdings.rules import NamedPerson, NamedUnit

# Fields that have places of their own in a description; whatever else was found goes into ``extra``.
_OWN = frozenset({"kind", "title", "person_name", "id_number", "unit", "uscc", "document_date", "year"})
# Lists of people: the persons themselves say who may be written.
_LISTED = frozenset({"person_name", "id_number"})
_LIST_MARK = re.compile("[、,，;；]")
_AND_OTHERS = re.compile(r"等[0-9一二三四五六七八九十]*[人名]?$")
_DOTS = str.maketrans("•・.．", "····")


@dataclass(frozen=True)
class Proposal:
    """A description that is filled as far as it can be.

    Args:
        unsure: names of fields that a person must confirm; empty means that it can be filed.
        disagreements: fields where the catalogue and the reading differ.
    """

    description: Description
    unsure: tuple[str, ...]
    disagreements: tuple[str, ...]


def propose(
    suggestions: Suggestions, row: Mapping[str, str], *, default_year: int | None = None, default_series: str = ""
) -> Proposal:
    """Put together what is known. The catalogue was written by a person, so it counts; where the paper says
    otherwise the item waits for somebody to look. What waits for nobody carries only what is sure.

    Args:
        row: the item's row of the sender's catalogue by our field's name, or empty.
    """
    proposal = _put_together(suggestions, row, default_year, default_series)
    if proposal.unsure:
        return proposal
    sure = _put_together(_sure_part(suggestions), row, default_year, default_series)
    return Proposal(sure.description, (), ())


def _sure_part(suggestions: Suggestions) -> Suggestions:
    """Without what may not be written unseen: unclear relatives, further fields below their threshold."""
    fields = {
        n: tuple(s for s in listed if n in _LISTED or may_be_written(n, s)) for n, listed in suggestions.fields.items()
    }
    best = {n: listed for n, listed in fields.items() if listed and (n in _LISTED or listed[0] == suggestions.best(n))}
    persons = tuple(p for p in suggestions.persons if p.role == "subject" or is_known(p))
    return Suggestions(best, persons, suggestions.contradictions)


def _put_together(
    suggestions: Suggestions, row: Mapping[str, str], default_year: int | None, default_series: str
) -> Proposal:
    kind = _kind(row) or suggestions.value("kind")
    date = paper_date(row.get("date", "")) or suggestions.value("document_date")
    year = _year(row.get("year", "")) or _year(suggestions.value("year")) or _year(date) or default_year or 0
    persons, persons_differ = _persons(suggestions, row)
    units, unit_differs = _units(suggestions, row)
    description = Description(
        kind=kind,
        series=kinds.series_of(kind) or _series(row) or default_series,
        title=(row.get("title") or suggestions.value("title"))[:300],
        year=year,
        document_date=date if _year(date) in {year, year + 1} else "",
        persons=persons,
        units=units,
        extra={n: f[0].value for n, f in suggestions.fields.items() if n not in _OWN and f and f[0].value},
        confirmed_by="catalogue" if row else "machine",
    )
    differing = {
        "persons": persons_differ,
        "unit": unit_differs,
        "year": _year_differs(row, suggestions),
        "document_date": _date_differs(row, suggestions),
    }
    disagreements = tuple(name for name, differs in differing.items() if differs)
    unsure = _unsure(suggestions, row, description)
    return Proposal(description, tuple(dict.fromkeys([*unsure, *disagreements])), disagreements)


def _unsure(suggestions: Suggestions, row: Mapping[str, str], description: Description) -> list[str]:
    """What the rules doubt, less what the catalogue settles, and whatever is still empty."""
    settled = {
        "title": "title",
        "year": "year",
        "date": "document_date",
        "person": "person_name",
        "id_number": "id_number",
        "unit": "unit",
    }
    by_catalogue = {settled[f] for f, value in row.items() if f in settled and value.strip()}
    by_catalogue |= {"kind"} if _kind(row) else set()
    if suggestions.contradictions:
        # What the paper itself contradicts, no catalogue settles.
        by_catalogue -= {"person_name", "id_number"}
    doubts = [f for f in is_sure(suggestions) if f not in by_catalogue]
    listed_number = row.get("id_number", "").strip()
    if listed_number and not is_identity_number(listed_number):
        doubts.append("id_number")
    if _shares_number(description.persons):
        doubts.append("persons")
    empty = {"kind": not description.series, "title": not description.title, "year": not description.year}
    return doubts + [name for name, is_empty in empty.items() if is_empty]


def _shares_number(persons: Sequence[NamedPerson]) -> bool:
    """Whether one identity number stands with two different names."""
    pairs = {(p.id_number, _plain_name(p.name)) for p in persons if p.id_number and p.name}
    return len(pairs) > len({number for number, _ in pairs})


def _kind(row: Mapping[str, str]) -> str:
    wanted = row.get("kind", "")
    return next((k.code for k in kinds.all_kinds().values() if wanted and wanted in {k.name, k.code}), "")


def _series(row: Mapping[str, str]) -> str:
    wanted = row.get("series", "")
    return next((c.code for c in kinds.categories() if wanted and (wanted.upper() == c.code or wanted in c.name)), "")


def paper_date(text: str) -> str:
    """A date of a catalogue, also with a time behind it, as it is kept; empty for anything else."""
    return normal_date(text) or normal_date(text.strip().split(" ")[0])


def _year(text: str) -> int:
    match = re.match(r"\d{4}", text)
    return int(match[0]) if match else 0


def _year_differs(row: Mapping[str, str], suggestions: Suggestions) -> bool:
    listed, read = _year(row.get("year", "")), _year(suggestions.value("year"))
    return bool(listed and read and listed != read)


def _date_differs(row: Mapping[str, str], suggestions: Suggestions) -> bool:
    """Whether the catalogue's date and a clear date of the paper are not the same day, month or year, as far as
    told.
    """
    listed, read = paper_date(row.get("date", "")), suggestions.best("document_date")
    if not listed or read is None or not may_be_written("document_date", read):
        return False
    return not (listed.startswith(read.value) or read.value.startswith(listed))


def _persons(suggestions: Suggestions, row: Mapping[str, str]) -> tuple[tuple[NamedPerson, ...], bool]:
    """Subjects first (the catalogue's before the paper's), then whoever else the paper mentions."""
    subjects = tuple(_named(p) for p in suggestions.persons if p.role == "subject")
    mentions = tuple(_named(p) for p in suggestions.persons if p.role != "subject")
    read = (*subjects, *mentions)
    names = [n for part in _LIST_MARK.split(row.get("person", "")) if (n := _AND_OTHERS.sub("", part.strip()))]
    number = row.get("id_number", "").strip()
    number = normalise_identity_number(number) if is_identity_number(number) else ""
    if not names and not number:
        return read, False
    listed = tuple(_listed(name, number if len(names) <= 1 else "", read) for name in names or [""])
    others = tuple(p for p in read if not any(_is_same(p, one) for one in listed))
    return (*listed, *others), any(_differs(one, subjects, read) for one in listed)


def _listed(name: str, number: str, read: Sequence[NamedPerson]) -> NamedPerson:
    """The catalogue's person, with the number and place that the paper gives for the same name."""
    alike = [p for p in read if name and _plain_name(p.name) == _plain_name(name)]
    alike = [p for p in alike if number and p.id_number == number] or alike
    found = next(iter(alike or [p for p in read if number and p.id_number == number]), None)
    if found is None:
        return NamedPerson(name, number, "catalogue")
    return NamedPerson(
        name or found.name, number or found.id_number, "catalogue", found.page, found.box, max(found.confidence, 0.99)
    )


def _differs(listed: NamedPerson, subjects: Sequence[NamedPerson], read: Sequence[NamedPerson]) -> bool:
    """Whether the paper names other people than the catalogue, or gives the same one another number."""
    alike = [p for p in read if _plain_name(p.name) == _plain_name(listed.name)]
    numbers = {p.id_number for p in alike if p.id_number}
    return (bool(subjects) and not alike) or (bool(numbers) and listed.id_number not in numbers)


def _is_same(one: NamedPerson, other: NamedPerson) -> bool:
    """Whether two entries are one person: the same name, unless two numbers tell namesakes apart."""
    apart = one.id_number and other.id_number and one.id_number != other.id_number
    return bool(one.name) and _plain_name(one.name) == _plain_name(other.name) and not apart


def _plain_name(name: str) -> str:
    """A name as names are compared: without spaces, with one form of the dot."""
    return "".join(name.split()).translate(_DOTS)


def _named(person: SuggestedPerson) -> NamedPerson:
    box = person.boxes[0] if person.boxes else None
    return NamedPerson(person.name, person.id_number, "machine", person.page, box, person.confidence)


def _units(suggestions: Suggestions, row: Mapping[str, str]) -> tuple[tuple[NamedUnit, ...], bool]:
    read, code = suggestions.best("unit"), suggestions.best("uscc")
    uscc = normalise_uscc(code.value) if code and is_uscc(code.value) else ""
    listed = row.get("unit", "").strip()
    if listed:
        differs = bool(read and read.confidence > 0.9 and read.value != listed)
        return (NamedUnit(listed, uscc, "catalogue", read.page if read else -1, read.box if read else None),), differs
    if read:
        return (NamedUnit(read.value, uscc, "machine", read.page, read.box, read.confidence),), False
    return ((NamedUnit("", uscc),) if uscc else ()), False
