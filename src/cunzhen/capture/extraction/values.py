"""The other fields of a page: unit, credit code, dates, amounts, document number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cunzhen.capture.extraction.dates import FoundDate, find_dates
from cunzhen.capture.extraction.labels import Label
from cunzhen.capture.extraction.names import is_agency, read_unit, units_in_text
from cunzhen.capture.extraction.reading import PageReading, Slot
from cunzhen.capture.extraction.suggestions import Suggestion

_DATE_FIELDS = ("birth_date", "retire_date", "death_date", "accident_date", "document_date")
_STRONG_UNIT = re.compile(r"单位|公司|企业|对象|机构|缴款人")
_WEAK_UNIT = frozenset({"单位", "名称", "甲方", "乙方", "转出单位", "转入单位", "机构名称", "主管单位", "付款单位", "缴款人"})
_NUMBER = re.compile(r"[\[(]?(?:19|20)[0-9]{2}[\])]?年?第?[0-9]{1,5}号")
_NUMBER_HEAD = re.compile(r"[\u4e00-\u9fffA-Z]{1,14}$")
_PLAIN_NUMBER = re.compile(r"[A-Za-z0-9\u4e00-\u9fff\[\]()-]*[0-9][A-Za-z0-9\u4e00-\u9fff\[\]()-]*")
_AMOUNT = re.compile(r"[¥￥]?(-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?|-?[0-9]+(?:\.[0-9]{1,2})?)元?")
_YEARS_MONTHS = re.compile(r"([0-9]{1,2})年(?:零?([0-9]{1,2})个?月?)?")
_MONTHS = re.compile(r"([0-9]{1,3})(?:个?月)?")
_ADDRESSEE_SHARE = 0.5
_FOOT_SHARE = 0.45
_CHECKED = 0.99
_PERIOD_BEFORE = re.compile(r"(?:至|到|起|[-自从])\n?$")
_PERIOD_AFTER = re.compile(r"\n?(?:至|到|起|止|[-—]|以[前后来]|度)")
_IN_SENTENCE = 3


def find_values(reading: PageReading) -> Iterator[Suggestion]:
    """Suggestions for everything but kind, title and persons."""
    yield from _units(reading)
    for found in reading.credit_codes:
        source = "label:uscc" if _announced(reading, found.start, "uscc") else "checksum"
        certainty = _CHECKED - 0.02 * found.repairs
        yield reading.suggestion("uscc", found.number, certainty, (found.start, found.end), source)
    yield from _dates(reading)
    yield from _document_number(reading)
    for name, reader in (("amount", _read_amount), ("insured_months", _read_months)):
        for label in reading.of_field(name):
            for slot in reading.slots(label):
                value = reader(reading.flow[slot.start : slot.end])
                if value:
                    yield reading.suggestion(name, value, slot.certainty * 0.95, (slot.start, slot.end), _source(label))
                    break


def _units(reading: PageReading) -> Iterator[Suggestion]:
    labels = reading.of_field("unit")
    seen = False
    for label in labels:
        found = _labelled_unit(reading, label)
        if found:
            seen = True
            yield found
    if seen:
        return
    yield from _addressees(reading)
    for start, end in units_in_text(reading.flow):
        if not is_agency(reading.flow[start:end]):
            yield reading.suggestion("unit", _clean_unit(reading.flow[start:end]), 0.6, (start, end), "text")


def _clean_unit(text: str) -> str:
    """Without the sentence words that run into a name."""
    return re.sub(r"^(?:系|为|在|于|原|由|与|和|及|是|对|你单位|兹有|经查|职工|本人)+", "", text)


def _labelled_unit(reading: PageReading, label: Label) -> Suggestion | None:
    factor = 0.9 if label.word in _WEAK_UNIT else 1.0
    for slot in reading.slots(label):
        value, certainty, end = _unit_in(reading, slot)
        if value:
            sure = slot.certainty * certainty * factor
            start = reading.flow.find(value[:3], slot.start)
            span = (start if slot.start <= start < end else slot.start, end)
            return reading.suggestion("unit", value, sure, span, _source(label))
    return None


def _unit_in(reading: PageReading, slot: Slot) -> tuple[str, float, int]:
    text = reading.flow[slot.start : slot.end]
    value, certainty = read_unit(text)
    if value and certainty >= 1:
        return value, certainty, slot.end
    # A long name may be broken over two lines of its cell.
    segment = reading.layout.segment_at(slot.start)
    for under in reading.layout.below(segment, 1)[:1]:
        near = under.box[1] - segment.box[3] < segment.height * 0.7 and abs(under.box[0] - segment.box[0]) < segment.height * 2
        if near and not reading.starts_with_label(under):
            joined, sure = read_unit(text + under.text)
            if joined and sure >= 1:
                return joined, sure * 0.97, under.start + len(under.text)
    for start, end in units_in_text(text)[:1] if certainty < 1 else []:
        return text[start:end], 0.9, slot.start + end
    return value, certainty, slot.end


def _addressees(reading: PageReading) -> Iterator[Suggestion]:
    """某某公司: alone on a line under the title of a notice."""
    for segment in reading.layout.segments:
        if segment.box[1] > reading.layout.page.height * _ADDRESSEE_SHARE:
            return
        if segment.text.endswith(":") and not reading.starts_with_label(segment):
            value, certainty = read_unit(segment.text[:-1])
            if value and certainty >= 1:
                yield reading.suggestion("unit", value, 0.93, (segment.start, segment.start + len(value)), "addressee")


def _announced(reading: PageReading, position: int, name: str) -> bool:
    label = reading.label_before(position)
    return label is not None and label.field == name


def _dates(reading: PageReading) -> Iterator[Suggestion]:
    taken: set[int] = set()
    own = {"_date", *_DATE_FIELDS}
    for label in reading.labels:
        if label.field not in own:
            continue
        for slot in reading.slots(label):
            found = _date_in_slot(reading, slot)
            if found is None:
                continue
            taken.update(f.start for f in reading.dates if found.start <= f.start < max(found.end, slot.end))
            if label.field in _DATE_FIELDS:
                yield reading.suggestion(
                    label.field, found.value, slot.certainty * _precision(found), (found.start, found.end), _source(label)
                )
            break
    yield from _loose_dates(reading, taken)


def _date_in_slot(reading: PageReading, slot: Slot) -> FoundDate | None:
    at_slot = [f for f in reading.dates if slot.start <= f.start < slot.end]
    if at_slot:
        return at_slot[0]
    for found in find_dates(reading.flow[slot.start : slot.end], compact=True):
        return FoundDate(slot.start + found.start, slot.start + found.end, found.value)
    return None


def _precision(found: FoundDate) -> float:
    return 0.9 if len(found.value) == len("2019") else 1.0


def _loose_dates(reading: PageReading, taken: set[int]) -> Iterator[Suggestion]:
    """Dates that no label announces: signatures at the foot, a line under the title, dates in sentences."""
    segments = reading.layout.segments
    top, bottom = (segments[0].middle, segments[-1].middle) if segments else (0.0, 0.0)
    for found in reading.dates:
        if found.start in taken:
            continue
        flow, segment = reading.flow, reading.layout.segment_at(found.start)
        before, after = flow[segment.start : found.start], flow[found.end : segment.start + len(segment.text)]
        if _PERIOD_BEFORE.search(flow[max(0, found.start - 2) : found.start]) or _PERIOD_AFTER.match(flow, found.end):
            continue
        alone = len(before) + len(after) <= _IN_SENTENCE
        low = segment.middle - top >= (bottom - top) * _FOOT_SHARE
        certainty = 0.93 if alone and low else 0.85 if alone else 0.88 if not after and low and _signs(before) else 0.3
        if len(found.value) == len("2019"):
            certainty *= 0.6
        yield reading.suggestion("document_date", found.value, certainty, (found.start, found.end), "alone" if alone else "text")


def _signs(before: str) -> bool:
    """Whether the words before a date are a signature rather than a sentence."""
    return re.search(r"(?:签[字名章]|盖章|公章|\)|[:;]|经办人|负责人|中心|局|公司|日期|时间)[\u4e00-\u9fff]{0,4}$", before) is not None


def _document_number(reading: PageReading) -> Iterator[Suggestion]:
    for match in _NUMBER.finditer(reading.flow):
        head = _NUMBER_HEAD.search(reading.flow, max(0, match.start() - 14), match.start())
        if head:
            span = (head.start(), match.end())
            yield reading.suggestion("document_number", reading.flow[span[0] : span[1]], 0.95, span, "pattern")
    for label in reading.of_field("document_number"):
        for slot in reading.slots(label):
            found = _PLAIN_NUMBER.fullmatch(reading.flow[slot.start : slot.end])
            if found:
                yield reading.suggestion("document_number", found.group(), slot.certainty * 0.9, (slot.start, slot.end), _source(label))
                break


def _read_amount(text: str) -> str:
    found = _AMOUNT.fullmatch(text.rstrip("整")) or _AMOUNT.match(text)
    return f"{float(found.group(1).replace(',', '')):.2f}" if found else ""


def _read_months(text: str) -> str:
    found = _YEARS_MONTHS.match(text)
    if found:
        return str(int(found.group(1)) * 12 + int(found.group(2) or 0))
    plain = _MONTHS.fullmatch(text)
    return plain.group(1) if plain else ""


def _source(label: Label) -> str:
    return f"label:{label.word}"
