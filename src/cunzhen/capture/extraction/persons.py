"""Who is named on a page, in which part, and which identity number stands with whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cunzhen.capture.extraction.labels import Label
from cunzhen.capture.extraction.layout import Segment
from cunzhen.capture.extraction.names import is_surname, read_leading_name, read_name
from cunzhen.capture.extraction.reading import PageReading
from cunzhen.capture.extraction.suggestions import SuggestedPerson
from cunzhen.formats.identifiers import FoundNumber, find_identity_numbers

_LIST_GAP_ROWS = 3
_ROSTER_CERTAINTY, _NARRATIVE_CERTAINTY = 0.96, 0.94
_NUMBER_CHECKED, _NUMBER_OLD, _PER_REPAIR = 0.995, 0.88, 0.02
_NO_SURNAME, _WINDOW = 0.85, 40
_NAME_BEFORE_NUMBER = re.compile(
    r"(?:^|[^\u4e00-\u9fff]|职工|人员|同志|证明|兹有|我叫|本人|的|是|人|为)(?P<name>[\u4e00-\u9fff]{2,4}?)"
    r"(?:同志|先生|女士)?[,(、;:\n]*"
    r"(?:(?:性别:?)?[男女][,、;\n]*)?(?:[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日(?:出?生)[,、;\n]*)?"
    r"(?:(?:民族:?)?[\u4e00-\u9fff]{1,2}族[,、;\n]*)?"
    r"(?:(?:居民|公民)?身份(?:证件|证)?(?:号码|号)?|社会保障号码?|证件号码?)?[:(,\n]*$"
)
# What follows a name that a sentence introduces: 职工张三(男,…), 张三同志.
_PERSONAL = re.compile(
    r"[,(、]?(?:(?:性别:?)?[男女](?![\u4e00-\u9fff]{2})|(?:公民|居民)?身份|社会保障号|证件号|同志|先生|女士|[0-9]{15}|[0-9]{4}年[^,]{2,8}生)"
)


@dataclass(frozen=True, slots=True)
class NameHit:
    """A name on a page.

    Args:
        role: ``subject``, ``other`` or ``staff`` (who signs or represents).
        span: range in the flow.
        certainty: of rule and reading together.
        read: lowest reading confidence of its words.
    """

    name: str
    role: str
    span: tuple[int, int]
    certainty: float
    source: str
    read: float = 1.0


@dataclass(frozen=True, slots=True)
class NumberHit:
    """An identity number on a page; ``number`` empty where no reading satisfies its check character."""

    number: str
    span: tuple[int, int]
    certainty: float


@dataclass(frozen=True, slots=True)
class PagePersons:
    """Persons of a page in the order of the paper, numbers without a name, and whether some number fails."""

    persons: tuple[SuggestedPerson, ...]
    sources: tuple[str, ...]
    loose_numbers: tuple[NumberHit, ...]
    failed_number: bool
    is_list: bool


def find_persons(reading: PageReading) -> PagePersons:
    """Persons named on a page: list rows first, then labelled names, then names before a number in a sentence."""
    numbers = _numbers(reading)
    valid = [n for n in numbers if n.number]
    listed = list(_listed(reading, valid))
    used = {n.span for _, n in listed if n}
    names = list(_labelled(reading, [hit for hit, _ in listed]))
    if not listed:
        names += _narrated(reading, valid, names)
    pairs: list[tuple[NameHit, NumberHit | None]] = list(listed)
    pairs += _pair(names, [n for n in valid if n.span not in used])
    pairs = [(replace(h, read=reading.layout.least_confidence(*h.span)), n) for h, n in pairs]
    # Whoever signs or represents is mentioned only where the paper gives a number of theirs.
    merged = _merge([(h, n) for h, n in pairs if n or h.role != "staff"])
    owned = {n.span for _, n in pairs if n}
    loose = tuple(n for n in valid if n.span not in owned)
    failed = any(not n.number for n in numbers)
    persons = tuple(_person(reading, hit, number) for hit, number in merged)
    return PagePersons(persons, tuple(h.source for h, _ in merged), loose, failed, len(listed) > 1)


def _numbers(reading: PageReading) -> list[NumberHit]:
    hits = [_number_hit(reading, f, f.start, f.end) for f in reading.identity_numbers]
    for label in reading.of_field("id_number"):
        if not any(_follows(reading, label, h.span) for h in hits):
            hits += _in_boxes(reading, label)
    return sorted(hits, key=lambda h: h.span)


def _number_hit(reading: PageReading, found: FoundNumber, start: int, end: int) -> NumberHit:
    base = _NUMBER_CHECKED if found.checked else _NUMBER_OLD
    certainty = base - _PER_REPAIR * found.repairs
    # The check character vouches for the digits, so doubtful reading counts for little.
    certainty *= 0.8 + 0.2 * reading.layout.confidence(start, end) if found.checked else 1
    return NumberHit(found.number, (start, end), certainty)


def _follows(reading: PageReading, label: Label, span: tuple[int, int]) -> bool:
    owner = reading.layout.segment_at(label.start)
    holder = reading.layout.segment_at(span[0])
    return holder is owner or abs(holder.middle - owner.middle) < owner.height or holder.row - owner.row in (1, 2)


def _in_boxes(reading: PageReading, label: Label) -> list[NumberHit]:
    """A number written one digit to a box, or broken over the two lines of a cell."""
    segment = reading.layout.segment_at(label.start)
    right = reading.layout.right_of(segment, 18)
    if not right:
        return []
    lower = [s for s in reading.layout.below(right[0], 1) if s.text.isalnum()][:1]
    for chain in (right, [right[0], *lower]):
        for found in find_identity_numbers("".join(s.text for s in chain)):
            if found.number and found.checked:
                first, last = chain[0], chain[-1]
                return [_number_hit(reading, found, first.start, last.start + len(last.text))]
    return []


def _listed(reading: PageReading, numbers: Sequence[NumberHit]) -> Iterator[tuple[NameHit, NumberHit | None]]:
    """Rows under a column head 姓名."""
    heads = [
        segment
        for label in reading.of_field("person_name")
        if reading.is_pure_label(segment := reading.layout.segment_at(label.start)) and _heads_list(reading, segment)
    ]
    for head in heads:
        rest = [h.box[0] for h in heads if h.row == head.row and h.box[0] > head.box[0]]
        limit = min(rest, default=reading.layout.page.width * 2)
        found = list(_column(reading, head, limit, numbers))
        if found and (len(found) > 1 or found[0][1]):
            yield from found


def _heads_list(reading: PageReading, segment: Segment) -> bool:
    """Whether a label 姓名 is a column head: among heads, or without a name at its right."""
    if reading.is_header(segment):
        return True
    right = reading.layout.right_of(segment, 1)
    return bool(right) and read_name(right[0].text)[1] < _NO_SURNAME


def _column(
    reading: PageReading, head: Segment, limit: int, numbers: Sequence[NumberHit]
) -> Iterator[tuple[NameHit, NumberHit | None]]:
    missed = 0
    by_row: dict[int, list[NumberHit]] = {}
    for number in numbers:
        by_row.setdefault(reading.layout.segment_at(number.span[0]).row, []).append(number)
    for at in range(head.row + 1, len(reading.layout.rows)):
        row = reading.layout.rows[at]
        if any(reading.is_pure_label(s) and s.text == head.text for s in row) or missed > _LIST_GAP_ROWS:
            return
        if sum(reading.starts_with_label(s) for s in row) > 1:
            return
        hit = next((h for s in row if (h := _in_column(reading, head, s))), None)
        if hit is None:
            missed += 1
            continue
        missed = 0
        beside = [
            n for n in by_row.get(at, []) if head.box[0] <= reading.box(n.span)[0] < limit or len(by_row[at]) == 1
        ]
        yield hit, (beside[0] if beside else None)


def _in_column(reading: PageReading, head: Segment, segment: Segment) -> NameHit | None:
    slack = head.height
    if (
        segment.prose
        or segment.box[2] < head.box[0] - slack
        or segment.box[0] > head.box[2] + slack
        or reading.starts_with_label(segment)
    ):
        return None
    text = segment.text.lstrip("0123456789.、")
    skipped = len(segment.text) - len(text)
    name, certainty = read_name(text)
    if not name:
        name, certainty = read_leading_name(text)
    if not name:
        return None
    span = (segment.start + skipped, segment.start + skipped + len(name))
    return NameHit(name, "subject", span, certainty * _ROSTER_CERTAINTY * reading.layout.confidence(*span), "list")


def _labelled(reading: PageReading, listed: Sequence[NameHit]) -> Iterator[NameHit]:
    roles = {"person_name": "subject", "other_name": "other", "_staff": "staff"}
    taken = {hit.span for hit in listed}
    for label in reading.labels:
        role = roles.get(label.field)
        if role is None or (role == "staff" and listed):
            continue
        hit = _after_label(reading, label, role)
        if hit and hit.span not in taken:
            taken.add(hit.span)
            yield hit


def _after_label(reading: PageReading, label: Label, role: str) -> NameHit | None:
    for slot in reading.slots(label):
        text = reading.flow[slot.start : slot.end]
        name, certainty, skipped = _name_in(reading, text, slot.start)
        span = (slot.start + skipped, slot.start + skipped + len(name))
        if not name:
            name, certainty, span = _spread_name(reading, slot.start, text)
        if name and slot.place == "inline" and not label.colon and certainty <= _NO_SURNAME:
            # 参保人员类别: a longer label, not a person.
            continue
        if label.bare and not (name and _PERSONAL.match(reading.flow, span[1])):
            return None
        if name:
            sure = certainty * slot.certainty * reading.layout.confidence(*span)
            return NameHit(name, role, span, sure, f"label:{label.word}")
    return None


def _name_in(reading: PageReading, text: str, start: int) -> tuple[str, float, int]:
    bare = text.lstrip(":;,.、_ ")
    skipped = len(text) - len(bare)
    name, certainty = read_name(bare)
    if not name:
        name, certainty = read_leading_name(bare)
    if not name:
        # A space on the paper may end the name: 张三  男  汉族.
        gaps = [p - start - skipped for p in sorted(reading.spaces) if start + skipped < p < start + len(text)]
        for gap in gaps[:2]:
            name, certainty = read_name(bare[:gap])
            if name:
                break
    return name, certainty, skipped


def _spread_name(reading: PageReading, start: int, text: str) -> tuple[str, float, tuple[int, int]]:
    """张 and 三 written wide apart and read as two cells."""
    if len(text) == 1 and is_surname(text):
        right = reading.layout.right_of(reading.layout.segment_at(start), 1)
        if right and len(right[0].text) <= 2 and not reading.starts_with_label(right[0]):
            name, certainty = read_name(text + right[0].text)
            return name, certainty * 0.95, (start, right[0].start + len(right[0].text))
    return "", 0.0, (start, start)


def _narrated(reading: PageReading, numbers: Sequence[NumberHit], known: Sequence[NameHit]) -> Iterator[NameHit]:
    """张三(身份证号:…), 张三,男,身份证号… and a name in the cell left of a number."""
    for number in numbers:
        found = _NAME_BEFORE_NUMBER.search(reading.flow, max(0, number.span[0] - _WINDOW), number.span[0])
        if found is None or _has_own_label(reading, number, known) or any(k.span == found.span("name") for k in known):
            continue
        name, certainty = read_name(found["name"])
        if name and certainty > _NO_SURNAME and not any(k.name == name for k in known):
            span = found.span("name")
            sure = certainty * _NARRATIVE_CERTAINTY * reading.layout.confidence(*span)
            yield NameHit(name, "subject", span, sure, "before-number")


def _has_own_label(reading: PageReading, number: NumberHit, known: Sequence[NameHit]) -> bool:
    """Whether the number stands in a labelled cell of a form that also labels its names."""
    label = reading.label_before(number.span[0])
    if all(k.role == "staff" for k in known) or label is None or label.field != "id_number":
        return False
    return label.start == reading.layout.segment_at(label.start).start


def _pair(names: Sequence[NameHit], numbers: Sequence[NumberHit]) -> list[tuple[NameHit, NumberHit | None]]:
    """Each number belongs to the last name before it, else to the first behind it; a name keeps its first number."""
    order = sorted(names, key=lambda h: h.span)
    owner: dict[int, NumberHit] = {}
    for number in numbers:
        before = [i for i, h in enumerate(order) if h.span[0] < number.span[0]]
        at = before[-1] if before else 0 if order else -1
        if at >= 0 and at not in owner:
            owner[at] = number
    return [(hit, owner.get(i)) for i, hit in enumerate(order)]


def _merge(pairs: Sequence[tuple[NameHit, NumberHit | None]]) -> list[tuple[NameHit, NumberHit | None]]:
    """One entry per person: the same name again confirms it, unless two numbers tell namesakes apart."""
    out: list[tuple[NameHit, NumberHit | None]] = []
    for hit, number in pairs:
        for i, (old, old_number) in enumerate(out):
            same_number = number is not None and old_number is not None and number.number == old_number.number
            if old.name == hit.name and (number is None or old_number is None or same_number):
                sure = 1 - (1 - max(old.certainty, hit.certainty)) * 0.6
                first = old if old.role == "subject" or hit.role != "subject" else hit
                out[i] = (replace(first, certainty=sure, read=max(old.read, hit.read)), old_number or number)
                break
        else:
            out.append((hit, number))
    return out


def _person(reading: PageReading, hit: NameHit, number: NumberHit | None) -> SuggestedPerson:
    boxes = [reading.box(hit.span)] + ([reading.box(number.span)] if number else [])
    certainty = 1 - (1 - hit.certainty) * (0.7 if number else 1)
    return SuggestedPerson(
        hit.name,
        number.number if number else "",
        round(min(certainty, 1.0), 4),
        reading.number,
        tuple(boxes),
        hit.role,
        round(hit.read, 4),
    )
