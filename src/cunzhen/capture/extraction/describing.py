"""From the read pages of an item to suggested values: the one entry of this package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cunzhen.capture.extraction.contradictions import find_contradictions
from cunzhen.capture.extraction.dates import find_dates
from cunzhen.capture.extraction.dating import SURE_DATE, own_date
from cunzhen.capture.extraction.kinds import KindRules, judge_untitled, load_rules, looks_like_form_name
from cunzhen.capture.extraction.names import is_agency
from cunzhen.capture.extraction.persons import PagePersons, find_persons
from cunzhen.capture.extraction.reading import PageReading
from cunzhen.capture.extraction.suggestions import SuggestedPerson, Suggestion, Suggestions
from cunzhen.capture.extraction.titles import FoundTitle, find_title
from cunzhen.capture.extraction.values import find_values
from cunzhen.formats.identifiers import parse_identity_number
from cunzhen.formats.page_text import PageText
from cunzhen.holdings import kinds as material_kinds

_TITLE_WANTED = 0.6
_LATER_PAGE = 0.02
_TITLE_FOUND, _CARD_LETTERS = 0.5, 400
_COVER_LETTERS, _COVER_WORDS, _ENCLOSED = 60, 2, 0.7
_AGREEMENT = 0.6
_NUMBER_BIRTH = 0.97
_FAIR_UNIT = 0.7
_MOST_PER_FIELD = 20
# Reports on a period: filed under the year they report on, whenever they were printed.
_PERIODIC = frozenset(
    (
        "annual_statistics",
        "periodic_statistics",
        "analysis_report",
        "fund_budget",
        "account_statement",
        "contribution_annual",
        "pension_payment_annual",
        "medical_payment_annual",
    )
)


_YEARLY = frozenset(
    (
        "annual_statistics",
        "fund_budget",
        "contribution_annual",
        "pension_payment_annual",
        "medical_payment_annual",
    )
)
_YEAR_GUESSED = 0.6


@dataclass(frozen=True, slots=True)
class _Front:
    """The page that names the item."""

    page: int
    title: Suggestion | None
    kind: Suggestion | None


def describe(pages: Sequence[PageText], *, rules: KindRules | None = None) -> Suggestions:
    """Suggest the description of one item.

    The first page with a title decides kind and title; blank pages and pages without a title belong to it.

    Args:
        pages: all pages of the item in order.
        rules: kind rules; the shipped ones where none are given.
    """
    readings = [PageReading(page, number) for number, page in enumerate(pages) if not page.blank and page.words]
    used_rules = load_rules() if rules is None else rules
    front = _front(readings, used_rules)
    kind = front.kind.value if front.kind else ""
    found = [find_persons(reading) for reading in readings]
    persons = _persons(readings, found, front.page, kind)
    values = [s for reading in readings for s in find_values(reading)]
    fields: dict[str, list[Suggestion]] = {}
    for suggestion in [*_present(front.kind, front.title), *_from_persons(persons, found), *values]:
        fields.setdefault(suggestion.field, []).append(suggestion)
    ordered = {name: _order(name, listed) for name, listed in fields.items()}
    ordered["unit"] = _rank_units(ordered.get("unit", ()), kind)
    title = front.title.value if front.title else ""
    numbers = {n.number for reading in readings for n in reading.identity_numbers if n.number}
    born = {s.value for s in ordered.get("birth_date", ())} | {
        parse_identity_number(n).birth_date.isoformat() for n in numbers
    }
    own_pages = _own_pages(readings, front, used_rules)
    own = own_date(fields.get("document_date", ()), title, own_pages, born)
    year = _year(own.ranked, front, _reported_year(readings, front))
    ordered["year"] = (year,) if year else ()
    ordered["document_date"] = _once(own.marked()) or (_title_dates(front.title) if front.title else ())
    people = {reading.number: page for reading, page in zip(readings, found, strict=True)}
    own_numbers = [reading.number for reading in own_pages]
    contradictions = tuple(dict.fromkeys(find_contradictions(ordered, persons, people, front.page, own_numbers, kind)))
    return Suggestions({name: listed for name, listed in ordered.items() if listed}, persons, contradictions)


def _front(readings: Sequence[PageReading], rules: KindRules) -> _Front:
    weak: _Front | None = None
    for at, reading in enumerate(readings):
        title = find_title(reading.layout, rules)
        if title and title.certainty >= _TITLE_WANTED and title.verdict.kind:
            return _behind(_titled(reading, title), readings[:at], rules, weak)
        card = judge_untitled(reading.flow, rules)
        # A form may ask for all that a card tells; but it says what it is.
        if card.kind and not (title and looks_like_form_name(title.text)) and len(reading.flow) <= _CARD_LETTERS:
            return _behind(_card(reading, card.kind, card.confidence), readings[:at], rules, weak)
        if title and weak is None:
            weak = _titled(reading, title)
    return weak or _Front(readings[0].number if readings else 0, None, None)


def _behind(front: _Front, before: Sequence[PageReading], rules: KindRules, named: _Front | None) -> _Front:
    """A paper that lies behind pages of an unknown kind may be their enclosure: a person decides what names the item.

    Pages in front of it that bear no title and hold little, or speak of the same kind, are its cover.
    """
    if front.kind is None:
        return front
    words = next((rule.words for rule in rules.rules if rule.kind == front.kind.value), ())
    titled = named is not None and named.title is not None and named.title.confidence >= _TITLE_FOUND
    if not titled and all(
        len(r.flow) <= _COVER_LETTERS or sum(w in r.flow for w in words) >= _COVER_WORDS for r in before
    ):
        return front
    return replace(front, kind=replace(front.kind, confidence=min(front.kind.confidence, _ENCLOSED)))


def _own_pages(readings: Sequence[PageReading], front: _Front, rules: KindRules) -> list[PageReading]:
    """Pages of the paper itself: from its front to the next page that names another kind of paper."""
    own: list[PageReading] = []
    for reading in readings:
        if reading.number < front.page:
            continue
        if own and reading.dates:
            title = find_title(reading.layout, rules)
            kind = title.verdict.kind if title and title.certainty >= _TITLE_WANTED else ""
            kind = kind or judge_untitled(reading.flow, rules).kind
            if kind and front.kind and kind != front.kind.value:
                break
        own.append(reading)
    return own


def _titled(reading: PageReading, title: FoundTitle) -> _Front:
    span = (title.start, title.end)
    named = reading.suggestion("title", title.text, title.certainty, span, "title", title.rest)
    if not title.verdict.kind:
        return _Front(reading.number, named, None)
    verdict = title.verdict
    kind = reading.suggestion("kind", verdict.kind, verdict.confidence, span, verdict.source, title.rest)
    return _Front(reading.number, named, kind)


def _card(reading: PageReading, kind: str, confidence: float) -> _Front:
    """A card without a title is called by the name of its kind."""
    span = (0, len(reading.flow))
    name = material_kinds.kind_name(kind)
    return _Front(
        reading.number,
        # Its name stands nowhere, and the words that show it far apart: how clearly all else was read tells nothing.
        replace(reading.suggestion("title", name, confidence, span, "kind"), read=1.0, box=None),
        replace(reading.suggestion("kind", kind, confidence, span, "words"), read=1.0, box=None),
    )


def _subject(kind: str) -> str:
    known = material_kinds.all_kinds().get(kind)
    return known.subject if known else ""


def _present(*found: Suggestion | None) -> list[Suggestion]:
    return [s for s in found if s is not None]


def _persons(
    readings: Sequence[PageReading], found: Sequence[PagePersons], front: int, kind: str
) -> tuple[SuggestedPerson, ...]:
    """All pages together; on a one-person form the later pages' other persons are companions, not subjects."""
    merged: list[SuggestedPerson] = []
    known = material_kinds.all_kinds().get(kind)
    subject = known.subject if known else ""
    if known and subject == "unit" and "person_name" not in known.expected:
        # Whoever is named on a unit's own form (legal person, agent) is not whom it is about.
        found = [replace(page, persons=tuple(replace(p, role="other") for p in page.persons)) for page in found]
    else:
        # On a person's form the number behind a clerk's name may be somebody else's.
        found = [_without_staff(page) for page in found]
    if subject == "person":
        found = [_relatives_apart(page) for page in found]
    for reading, page in zip(readings, found, strict=True):
        several = sum(1 for p in page.persons if p.id_number) > 1
        for person in page.persons:
            listed = page.is_list or (several and subject != "person")
            _add_person(merged, person, keeps_role=subject == "many" or reading.number == front or listed)
    if subject != "unit" and merged and not any(p.role == "subject" for p in merged):
        # Nobody is labelled as the person concerned: the applicant is.
        merged[0] = replace(merged[0], role="subject")
    return tuple(sorted(merged, key=lambda p: p.role != "subject"))


def _without_staff(page: PagePersons) -> PagePersons:
    kept = [(p, s) for p, s in zip(page.persons, page.sources, strict=True) if p.role != "staff"]
    return replace(page, persons=tuple(p for p, _ in kept), sources=tuple(s for _, s in kept))


def _relatives_apart(page: PagePersons) -> PagePersons:
    """On a form that names its person outside a list, the list holds relatives."""
    labelled = any(p.role == "subject" and s != "list" for p, s in zip(page.persons, page.sources, strict=True))
    if not labelled:
        return page
    pairs = zip(page.persons, page.sources, strict=True)
    return replace(page, persons=tuple(replace(p, role="other") if s == "list" else p for p, s in pairs))


def _add_person(merged: list[SuggestedPerson], person: SuggestedPerson, *, keeps_role: bool) -> None:
    for i, old in enumerate(merged):
        if old.name == person.name and (not old.id_number or not person.id_number or old.id_number == person.id_number):
            better = old if old.confidence >= person.confidence else person
            sure = round(1 - (1 - better.confidence) * _AGREEMENT, 4)
            number = old.id_number or person.id_number
            role = (
                "subject" if "subject" in (old.role, person.role) and (keeps_role or old.role == "subject") else "other"
            )
            read = max(old.read, person.read)
            # The place is where the number stands too, if only one of the places has it.
            placed = better if bool(old.id_number) == bool(person.id_number) else old if old.id_number else person
            merged[i] = replace(placed, id_number=number, confidence=sure, role=role, read=read)
            return
    merged.append(person if keeps_role or not merged else replace(person, role="other"))


def _from_persons(persons: Sequence[SuggestedPerson], found: Sequence[PagePersons]) -> list[Suggestion]:
    """Names and numbers as fields, and what the numbers say about birth."""
    sources = {p.name: s for page in found for p, s in zip(page.persons, page.sources, strict=True)}
    out: list[Suggestion] = []
    for person in persons:
        box = person.boxes[0] if person.boxes else None
        source = sources.get(person.name, "")
        out.append(Suggestion("person_name", person.name, person.confidence, person.page, box, source, person.read))
        if person.id_number:
            number_box = person.boxes[1] if len(person.boxes) > 1 else None
            out.append(Suggestion("id_number", person.id_number, 0.97, person.page, number_box, "checksum"))
    subjects = [p for p in persons if p.role == "subject" and p.id_number]
    if len(subjects) == 1:
        born = parse_identity_number(subjects[0].id_number).birth_date.isoformat()
        number_box = subjects[0].boxes[1] if len(subjects[0].boxes) > 1 else None
        out.append(Suggestion("birth_date", born, _NUMBER_BIRTH, subjects[0].page, number_box, "number"))
    return out


def _order(name: str, listed: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
    """Best first; equal values once; a list of persons keeps the order of the paper."""
    if name in ("person_name", "id_number"):
        return tuple(listed)
    best: dict[str, Suggestion] = {}
    for suggestion in listed:
        old = best.get(suggestion.value)
        if old is None:
            best[suggestion.value] = suggestion
        elif suggestion.confidence > old.confidence:
            # The place where it stands first, as sure as where it is read best.
            place = old if old.page < suggestion.page else suggestion
            best[suggestion.value] = replace(place, confidence=suggestion.confidence)
    ranked = sorted(best.values(), key=lambda s: s.page * _LATER_PAGE - s.confidence)
    return tuple(ranked[:_MOST_PER_FIELD])


def _once(listed: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
    """Equal values once, in their order."""
    best: dict[str, Suggestion] = {}
    for suggestion in listed:
        best.setdefault(suggestion.value, suggestion)
    return tuple(best.values())[:_MOST_PER_FIELD]


def _rank_units(units: Sequence[Suggestion], kind: str) -> tuple[Suggestion, ...]:
    """The insured employer before offices of the trade, except on the trade's own reports."""
    own_report = material_kinds.series_of(kind) == "TJ"
    least = 0.0 if _subject(kind) in ("unit", "") else _FAIR_UNIT
    # Beside a person a doubtful employer does more harm than none.
    office = ("issuer", "addressee")
    ours = [u for u in units if u.source in office and is_agency(u.value) and not own_report]
    wanted = [u for u in units if u.confidence >= least and u not in ours]
    return tuple(
        sorted(wanted, key=lambda s: (is_agency(s.value) and not own_report, s.page * _LATER_PAGE - s.confidence))
    )


def _title_dates(title: Suggestion) -> tuple[Suggestion, ...]:
    """The month that the title names, where the paper has no other date: 2007年8月份职工工资发放表."""
    found = [f for f in find_dates(title.value) if len(f.value) > len("2007")]
    if len(found) != 1:
        return ()
    return (replace(title, field="document_date", value=found[0].value, confidence=round(title.confidence * 0.9, 4)),)


def _reported_year(readings: Sequence[PageReading], front: _Front) -> Suggestion | None:
    """On a periodic report the year that it says it covers: 2015年度 beside or under the title."""
    if front.kind is None or front.kind.value not in _PERIODIC:
        return None
    named = _title_year(front)
    if named:
        return named
    reading = next(r for r in readings if r.number == front.page)
    found = next((f for f in reading.dates if reading.flow.startswith("度", f.end)), None)
    if found is None:
        return None
    return reading.suggestion("year", str(found.year), 0.95, (found.start, found.end), "period")


def _year(dates: Sequence[Suggestion], front: _Front, reported: Suggestion | None) -> Suggestion | None:
    """Year of the paper: the one it reports on where its kind is a periodic report, else that of its date.

    It is less certain where the front page carries sure dates of years far apart.
    """
    if reported:
        return reported
    named = _title_year(front)
    if not dates:
        return named
    best = dates[0]
    if front.kind and front.kind.value in _YEARLY:
        # Printed in the next year as a rule: without its own word for the year a person says which one it is.
        return Suggestion("year", best.value[:4], _YEAR_GUESSED, best.page, best.box, "document_date", best.read)
    sure = [d for d in dates if d.confidence >= SURE_DATE and d.page == best.page]
    confidence = best.confidence
    if len(sure) > 1 and all(d.value[:4] == best.value[:4] for d in sure):
        confidence = 1 - (1 - confidence) * _AGREEMENT
    elif any(abs(int(d.value[:4]) - int(best.value[:4])) > 1 for d in sure):
        confidence = min(confidence, 0.75)
    if named and confidence < named.confidence:
        return named
    return Suggestion("year", best.value[:4], round(confidence, 4), best.page, best.box, "document_date", best.read)


def _title_year(front: _Front) -> Suggestion | None:
    """The year that the title names, such as 2019年度…统计报表."""
    found = find_dates(front.title.value) if front.title else []
    if front.title is None or len({f.year for f in found}) != 1:
        return None
    return replace(
        front.title,
        field="year",
        value=str(found[0].year),
        confidence=round(front.title.confidence * 0.95, 4),
        source="title",
    )
