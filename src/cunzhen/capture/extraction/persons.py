"""Who is named on a page, in which part, and which identity number stands with whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cunzhen.capture.extraction.labels import Label
from cunzhen.capture.extraction.layout import Segment, Span
from cunzhen.capture.extraction.names import is_surname, read_leading_name, read_name
from cunzhen.capture.extraction.reading import PageReading
from cunzhen.capture.extraction.rosters import NO_SURNAME, SOME_ROWS, NameHit, NumberHit, find_listed, has_nameless_row
from cunzhen.capture.extraction.suggestions import SuggestedPerson
from cunzhen.formats.identifiers import FoundNumber, find_identity_numbers

_UNREAD_FIGURES = 8
_NARRATIVE_CERTAINTY = 0.94
_NUMBER_CHECKED, _NUMBER_OLD, _PER_REPAIR = 0.995, 0.88, 0.02
_WINDOW = 40
_NAME_BEFORE_NUMBER = re.compile(
    r"(?:^|[^\u4e00-\u9fff·•]|职工|人员|同志|证明|兹有|我叫|本人|的|是|人|为)"
    r"(?P<name>[\u4e00-\u9fff]{2,4}?|[\u4e00-\u9fff]{2,8}(?:[·•][\u4e00-\u9fff]{1,8}){1,2})"
    r"(?:同志|先生|女士)?[,(、;:\n]*"
    r"(?:(?:性别:?)?[男女][,、;\n]*)?(?:[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日(?:出?生)[,、;\n]*)?"
    r"(?:(?:民族:?)?[\u4e00-\u9fff]{1,2}族[,、;\n]*)?"
    r"(?:(?:居民|公民)?身份(?:证件|证)?(?:号码|号)?|社会保障号码?|证件号码?)?[:(,\n]*$"
)
# What follows a name that a sentence introduces: 职工张三(男,…), 张三同志.
_PERSONAL = re.compile(
    r"[,(、]?(?:(?:性别:?)?[男女](?![\u4e00-\u9fff]{2})|(?:公民|居民)?身份|社会保障号|证件号|同志|先生|女士|[0-9]{15}|[0-9]{4}年[^,]{2,8}生)"
)


_ADDRESSED = re.compile(r"([\u3400-\u9fff·]{2,12}?)(?:同志|先生|女士)[:,]?$")
_ADDRESSEE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class PagePersons:
    """Persons of a page in the order of the paper, and what is wrong with them.

    Args:
        sources: rule that found each person.
        loose_numbers: identity numbers that stand with no name.
        failed_number: whether some number fails its check, or stands behind its label unread.
        is_list: whether they stand in a list.
        nameless_row, numberless_row: whether a row of the list lacks what the others have.
    """

    persons: tuple[SuggestedPerson, ...]
    sources: tuple[str, ...]
    loose_numbers: tuple[NumberHit, ...]
    failed_number: bool
    is_list: bool
    nameless_row: bool = False
    numberless_row: bool = False


def find_persons(reading: PageReading) -> PagePersons:
    """Persons named on a page: list rows first, then labelled names, then names before a number in a sentence."""
    numbers = _numbers(reading)
    valid = [n for n in numbers if n.number]
    listed = list(find_listed(reading, valid))
    used = {n.span for _, n in listed if n}
    names = [*_labelled(reading, [hit for hit, _ in listed]), *_addressed(reading)]
    if not listed:
        names += _narrated(reading, valid, names)
    pairs: list[tuple[NameHit, NumberHit | None]] = list(listed)
    pairs += _pair(names, [n for n in valid if n.span not in used])
    pairs = [(replace(h, read=_clarity(reading, h)), n) for h, n in pairs]
    # Whoever signs or represents is mentioned only where the paper gives a number of theirs.
    merged = _merge([(h, n) for h, n in pairs if n or h.role != "staff"])
    owned = {n.span for _, n in pairs if n}
    loose = tuple(n for n in valid if n.span not in owned)
    failed = any(not n.number for n in numbers) or _has_unread_number(reading, numbers)
    persons = tuple(_person(reading, hit, number) for hit, number in merged)
    numbered = sum(n is not None for _, n in listed)
    return PagePersons(
        persons,
        tuple(h.source for h, _ in merged),
        loose,
        failed,
        is_list=len(listed) > 1,
        nameless_row=has_nameless_row(reading, [h for h, _ in listed]),
        numberless_row=SOME_ROWS <= numbered < len(listed),
    )


def _clarity(reading: PageReading, hit: NameHit) -> float:
    return min(reading.layout.least_confidence(*span) for span in (hit.span, *hit.rest))


def _numbers(reading: PageReading) -> list[NumberHit]:
    hits = [_number_hit(reading, f, f.start, f.end) for f in reading.identity_numbers]
    for label in reading.of_field("id_number"):
        if not any(_follows(reading, label, h.span) for h in hits):
            hits += _in_boxes(reading, label)
    return sorted(hits, key=lambda h: h.span)


def _has_unread_number(reading: PageReading, hits: Sequence[NumberHit]) -> bool:
    """Whether figures stand where a label announces a number, and none could be read from them."""
    for label in reading.of_field("id_number"):
        slot = next(reading.slots(label), None)
        if slot is None or any(h.span[0] < slot.end and slot.start < h.span[1] for h in hits):
            continue
        read_elsewhere = any(_follows(reading, label, h.span) for h in hits)
        if not read_elsewhere and sum(c.isdigit() for c in reading.flow[slot.start : slot.end]) >= _UNREAD_FIGURES:
            return True
    return False


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
                first, *others = _covered(chain, found.start, found.end)
                return [replace(_number_hit(reading, found, *first), rest=tuple(others))]
    return []


def _covered(chain: Sequence[Segment], start: int, end: int) -> Iterator[Span]:
    """Ranges of the flow that a range of the chain's joined text covers."""
    at = 0
    for segment in chain:
        length = len(segment.text)
        if at < end and start < at + length:
            yield (segment.start + max(start - at, 0), segment.start + min(end - at, length))
        at += length


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


def _addressed(reading: PageReading) -> Iterator[NameHit]:
    """贺兰英同志: alone on a line under the title of a letter."""
    for segment in reading.layout.segments:
        if segment.box[1] > reading.layout.page.height * _ADDRESSEE_SHARE:
            return
        found = _ADDRESSED.fullmatch(segment.text)
        if found and len(reading.layout.rows[segment.row]) == 1:
            name, certainty = read_name(found.group(1))
            if certainty > NO_SURNAME:
                span = (segment.start, segment.start + len(name))
                sure = certainty * _NARRATIVE_CERTAINTY * reading.layout.confidence(*span)
                yield NameHit(name, "subject", span, sure, "addressee")


def _after_label(reading: PageReading, label: Label, role: str) -> NameHit | None:
    for slot in reading.slots(label):
        text = reading.flow[slot.start : slot.end]
        name, certainty, skipped = _name_in(reading, text, slot.start)
        rest: tuple[Span, ...] = ()
        span = (slot.start + skipped, slot.start + skipped + len(name))
        if not name:
            name, certainty, span, rest = _spread_name(reading, slot.start, text)
        if name and slot.place == "inline" and not label.colon and certainty <= NO_SURNAME:
            # 参保人员类别: a longer label, not a person.
            continue
        if label.bare and not (name and _PERSONAL.match(reading.flow, span[1])):
            return None
        if name:
            sure = certainty * slot.certainty * reading.layout.confidence(*span)
            return NameHit(name, role, span, sure, f"label:{label.word}", rest=rest)
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


def _spread_name(reading: PageReading, start: int, text: str) -> tuple[str, float, Span, tuple[Span, ...]]:
    """张 and 三 written wide apart and read as two cells."""
    if len(text) == 1 and is_surname(text):
        right = reading.layout.right_of(reading.layout.segment_at(start), 1)
        if right and len(right[0].text) <= 2 and not reading.starts_with_label(right[0]):
            name, certainty = read_name(text + right[0].text)
            return name, certainty * 0.95, (start, start + 1), ((right[0].start, right[0].end),)
    return "", 0.0, (start, start), ()


def _narrated(reading: PageReading, numbers: Sequence[NumberHit], known: Sequence[NameHit]) -> Iterator[NameHit]:
    """张三(身份证号:…), 张三,男,身份证号… and a name in the cell left of a number."""
    for number in numbers:
        found = _NAME_BEFORE_NUMBER.search(reading.flow, max(0, number.span[0] - _WINDOW), number.span[0])
        if found is None or _has_own_label(reading, number, known) or any(k.span == found.span("name") for k in known):
            continue
        name, certainty = read_name(found["name"])
        if name and certainty > NO_SURNAME and not any(k.name == name for k in known):
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
    boxes = [reading.box(hit.span, hit.rest)] + ([reading.box(number.span, number.rest)] if number else [])
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
