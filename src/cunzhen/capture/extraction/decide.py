"""Whether a suggested description may be filed without a person looking at it."""

from __future__ import annotations

from collections.abc import Iterator

from cunzhen.capture.extraction.suggestions import SuggestedPerson, Suggestions
from cunzhen.holdings import kinds as material_kinds

# Chosen on read pages so that at least 98 of 100 values above them are right; below them a person looks.
KIND_SURE = 0.80
TITLE_SURE = 0.80
YEAR_SURE = 0.80
SUBJECT_SURE = 0.85
FIELD_SURE = 0.80
# A name read less clearly than this is looked at, however well it fits: one wrong character is another person.
NAME_READ_SURE = 0.90

# Contradiction -> the field that a person has to look at.
_BLAMED = {
    "id_checksum": "id_number",
    "two_persons": "person_name",
    "number_without_name": "person_name",
    "birth_date_differs": "birth_date",
    "two_units": "unit",
}


def is_sure(suggestions: Suggestions) -> list[str]:
    """Names of the fields that are missing, unsure or contradicted; empty means that the item may be filed.

    Sure is: kind, title, year and the fields that the kind requires are over their thresholds, the kind has a
    category, its subject (person or unit) is known, and nothing contradicts.
    """
    return list(dict.fromkeys(_doubts(suggestions)))


def _doubts(suggestions: Suggestions) -> Iterator[str]:
    kind = material_kinds.all_kinds().get(suggestions.value("kind"))
    if kind is None or not _is_over(suggestions, "kind", KIND_SURE):
        yield "kind"
    elif not material_kinds.is_series(kind.category):
        yield "series"
    if not _is_over(suggestions, "title", TITLE_SURE):
        yield "title"
    if not _is_over(suggestions, "year", YEAR_SURE):
        yield "year"
    for field in kind.required if kind else ():
        if field not in ("kind", "title", "year") and not _subject_is_sure(suggestions, field):
            yield field
    if not all(_is_known(p) for p in suggestions.persons if p.role == "subject"):
        yield "person_name"
    for code in suggestions.contradictions:
        yield _BLAMED.get(code, code)


def _subject_is_sure(suggestions: Suggestions, field: str) -> bool:
    if field == "person_name":
        subjects = [p for p in suggestions.persons if p.role == "subject"]
        return bool(subjects) and all(_is_known(p) for p in subjects)
    return _is_over(suggestions, field, SUBJECT_SURE if field in ("unit", "id_number") else FIELD_SURE)


def _is_known(person: SuggestedPerson) -> bool:
    return person.confidence >= SUBJECT_SURE and person.read >= NAME_READ_SURE


def _is_over(suggestions: Suggestions, field: str, threshold: float) -> bool:
    best = suggestions.best(field)
    return best is not None and best.confidence >= threshold
