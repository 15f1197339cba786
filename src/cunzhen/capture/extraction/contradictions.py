"""What does not fit together on a paper: each code names one way in which a person has to look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cunzhen.capture.extraction.dating import SURE_DATE
from cunzhen.capture.extraction.persons import PagePersons
from cunzhen.capture.extraction.suggestions import SuggestedPerson, Suggestion
from cunzhen.holdings import kinds as material_kinds


def find_contradictions(
    fields: Mapping[str, Sequence[Suggestion]],
    persons: Sequence[SuggestedPerson],
    pages: Mapping[int, PagePersons],
    front: int,
    own: Sequence[int],
    kind: str,
) -> Iterator[str]:
    """Codes of what contradicts, see ``decide`` for the field that each one blames.

    Args:
        pages: what was found about people on each page that carries text.
        front: page that names the item; ``own`` the pages of the same paper, without papers that lie behind it.
    """
    known = material_kinds.all_kinds().get(kind)
    subject = known.subject if known else ""
    if not known or "person_name" in (*known.required, *known.expected):
        # A list goes on over its pages; behind a person's form lie papers about others.
        numbers = [front] if subject == "person" else own
        yield from _in_people([pages[n] for n in numbers if n in pages])
        yield from _in_attachments(persons, pages)
    if subject == "person":
        yield from _in_one_person(fields, persons, pages, front)
    codes = {s.value for s in fields.get("uscc", ())}
    if subject == "unit" and len(codes) > 1:
        yield "two_units"
    elif len({s.value for s in fields.get("uscc", ()) if s.page == front}) > 1:
        yield "two_codes"


def _in_people(pages: Sequence[PagePersons]) -> Iterator[str]:
    if any(page.failed_number for page in pages):
        yield "id_checksum"
    if any(page.loose_numbers for page in pages):
        yield "number_without_name"
    if any(page.nameless_row for page in pages):
        yield "row_without_name"
    if any(page.numberless_row for page in pages):
        yield "row_without_number"


def _in_attachments(persons: Sequence[SuggestedPerson], pages: Mapping[int, PagePersons]) -> Iterator[str]:
    """A number that fails somewhere behind the front may be the one that the person concerned lacks."""
    lacking = any(not p.id_number for p in persons if p.role == "subject")
    if lacking and any(page.failed_number for page in pages.values()):
        yield "id_checksum"


def _in_one_person(
    fields: Mapping[str, Sequence[Suggestion]],
    persons: Sequence[SuggestedPerson],
    pages: Mapping[int, PagePersons],
    front: int,
) -> Iterator[str]:
    subjects = [p for p in persons if p.role == "subject"]
    # A one-person form kept as a list, each row with its own number, names many without contradiction.
    listed = front in pages and pages[front].is_list and all(p.id_number for p in subjects)
    if len({(p.name, p.id_number) for p in subjects}) > 1 and not listed:
        yield "two_persons"
    if any(_is_alike(p, q) for p in subjects for page in pages.values() for q in page.persons):
        yield "names_alike"
    births = [s for s in fields.get("birth_date", ()) if s.confidence >= SURE_DATE]
    if len({s.value[:7] for s in births}) > 1 and any(s.source == "number" for s in births):
        yield "birth_date_differs"


def _is_alike(subject: SuggestedPerson, other: SuggestedPerson) -> bool:
    """Whether a name that a page gives to the person concerned differs from the first in one character."""
    if other.role != "subject" or len(other.name) != len(subject.name):
        return False
    apart = subject.id_number and other.id_number and subject.id_number != other.id_number
    return not apart and sum(a != b for a, b in zip(subject.name, other.name, strict=True)) == 1
