"""Whether a suggested description may be filed without a person looking at it."""

from __future__ import annotations

from collections.abc import Iterator

from cunzhen.capture.extraction.names import read_name
from cunzhen.capture.extraction.rosters import NO_SURNAME
from cunzhen.capture.extraction.suggestions import SuggestedPerson, Suggestion, Suggestions
from cunzhen.holdings import kinds as material_kinds
from cunzhen.holdings.kinds import Kind

# Chosen on read pages so that what lies above them is right; below them a person looks (``bench/describe.py``).
KIND_SURE = 0.80
TITLE_SURE = 0.80
YEAR_SURE = 0.80
DATE_SURE = 0.80
SUBJECT_SURE = 0.85
FIELD_SURE = 0.80
# What is read less clearly than this is looked at, however well it fits: one wrong character is another person,
# another employer, another day. Two readers that disagree stay below it.
READ_SURE = 0.90

# Contradiction -> the field that a person has to look at.
_BLAMED = {
    "id_checksum": "id_number",
    "two_persons": "person_name",
    "number_without_name": "person_name",
    "row_without_name": "person_name",
    "row_without_number": "id_number",
    "names_alike": "person_name",
    "birth_date_differs": "id_number",
    "two_units": "unit",
    "two_codes": "uscc",
}
_THRESHOLDS = {"unit": SUBJECT_SURE, "id_number": SUBJECT_SURE}
# Judged by rules of their own below.
_APART = frozenset({"kind", "title", "year", "document_date", "person_name"})


def is_sure(suggestions: Suggestions) -> list[str]:
    """Names of the fields that are missing, unsure or contradicted; empty means that the item may be filed.

    Sure is: kind, title, year, date, persons and employer are over their thresholds and clearly read, what the kind
    requires is there, the kind has a category, and nothing contradicts. Further fields (and an employer on a paper of a
    kind that does not expect one) do not hold an item up: where they are unsure they are left out
    (``may_be_written``).
    """
    return list(dict.fromkeys(_doubts(suggestions)))


def may_be_written(field: str, suggestion: Suggestion) -> bool:
    """Whether a value may stand in a record that no person has seen."""
    threshold = _THRESHOLDS.get(field, FIELD_SURE)
    return suggestion.confidence >= threshold and suggestion.read >= READ_SURE


def is_known(person: SuggestedPerson) -> bool:
    """Whether a person's name is sure enough to be written without anybody looking."""
    # However often it stands there and whatever number beside it: a surname that nobody has is a misread one.
    return person.confidence >= SUBJECT_SURE and person.read >= READ_SURE and read_name(person.name)[1] > NO_SURNAME


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
    if suggestions.best("document_date") and not _is_over(suggestions, "document_date", DATE_SURE):
        yield "document_date"
    yield from _unsure_fields(suggestions, kind)
    if not all(is_known(p) for p in suggestions.persons if p.role == "subject"):
        yield "person_name"
    for code in suggestions.contradictions:
        yield _BLAMED.get(code, code)


def _unsure_fields(suggestions: Suggestions, kind: Kind | None) -> Iterator[str]:
    """Fields that the kind requires and that are missing or unsure, and an employer it expects that is unsure."""
    required = kind.required if kind else ()
    if "person_name" in required and not any(p.role == "subject" for p in suggestions.persons):
        yield "person_name"
    if "document_date" in required and not suggestions.best("document_date"):
        yield "document_date"
    for field in required:
        if field not in _APART and not _may_write_best(suggestions, field):
            yield field
    if kind and "unit" in kind.expected and suggestions.best("unit") and not _may_write_best(suggestions, "unit"):
        yield "unit"


def _may_write_best(suggestions: Suggestions, field: str) -> bool:
    best = suggestions.best(field)
    return best is not None and may_be_written(field, best)


def _is_over(suggestions: Suggestions, field: str, threshold: float) -> bool:
    best = suggestions.best(field)
    return best is not None and best.confidence >= threshold and best.read >= READ_SURE
