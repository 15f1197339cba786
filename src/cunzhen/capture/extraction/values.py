"""The other fields of a page: unit, credit code, dates, amounts, document number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from cunzhen.capture.extraction.dates import FoundDate, find_dates
from cunzhen.capture.extraction.dating import FAIR_DATE, Act, block_act, label_act
from cunzhen.capture.extraction.labels import Label
from cunzhen.capture.extraction.layout import Segment, Span
from cunzhen.capture.extraction.names import is_agency, is_label_like, is_whole_unit, read_unit, units_in_text
from cunzhen.capture.extraction.reading import PageReading, Slot
from cunzhen.capture.extraction.suggestions import Suggestion

_DATE_FIELDS = ("birth_date", "retire_date", "death_date", "accident_date", "document_date")
_WEAK_UNIT = frozenset(
    {"单位", "名称", "甲方", "乙方", "转出单位", "转入单位", "机构名称", "主管单位", "付款单位", "缴款人"}
)
_NUMBER = re.compile(r"[\[(]?(?:19|20)[0-9]{2}[\])]?年?第?[0-9]{1,5}号")
_NUMBER_HEAD = re.compile(r"[\u4e00-\u9fffA-Z]{1,14}$")
_PLAIN_NUMBER = re.compile(r"[A-Za-z0-9\u4e00-\u9fff\[\]()-]*[0-9][A-Za-z0-9\u4e00-\u9fff\[\]()-]*")
_AMOUNT = re.compile(r"[¥￥]?(-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?|-?[0-9]+(?:\.[0-9]{1,2})?)元?")
_YEARS_MONTHS = re.compile(r"([0-9]{1,2})年(?:零?([0-9]{1,2})个?月?)?")
_MONTHS = re.compile(r"([0-9]{1,3})(?:个?月)?")
_ADDRESSEE_SHARE = 0.5
_FOOT_SHARE = 0.45
_CHECKED = 0.99
_FAIR = 0.8
_WHOLE = 0.95
_RECEIPT = re.compile(r"签收|送达|收件|回执|领取人|领款")
_NAME_PART = 4
_COMPANY = "公司"
_TOP_ROWS = 3
_FIGURE = re.compile(r"[0-9][0-9.,X-]*")
_PERIOD_BEFORE = re.compile(r"(?:至|到|起|[-自从])\n?$")
_PERIOD_AFTER = re.compile(r"\n?(?:至|到|起|止|[-—]|以[前后来]|度)")
_IN_SENTENCE = 3
_OTHER_DATE = re.compile(r"(?:日期|时间|年月|月份|期限|起止|起始)[:]?$")
_DOCUMENT_DATE = re.compile(
    r"(?:填|发(?!照)|建|缴款|支付|付款|交易|开|申报|申请|制|签|审|批|办|登记|出具|打印|受理|认证|鉴定|核|经手|送|收|报|盖章)"
    r"[\u4e00-\u9fff]{0,3}(?:日期|时间):?$|^(?:日期|时间):?$"
)
_TIME_OF_DAY = re.compile(r"[0-2]?[0-9]:[0-5][0-9]")
_SIGNATURE = re.compile(
    r"(?:签[字名章]|盖章|公章|\)|[:;]|经办人|负责人|中心|局|公司|日期|时间|一致|相符|无误|属实)[\u4e00-\u9fff]{0,4}$"
)


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
    found = [u for label in reading.of_field("unit") if (u := _labelled_unit(reading, label))]
    yield from found
    yield from _issuers(reading)
    if any(u.confidence >= _FAIR for u in found):
        return
    applied = [u for label in reading.of_field("other_name") if (u := _labelled_unit(reading, label, whole=True))]
    yield from applied
    if applied:
        return
    yield from _addressees(reading)
    named = [span for span in units_in_text(reading.flow) if not is_agency(reading.flow[slice(*span)])]
    certainty = 0.89 if len({reading.flow[slice(*span)] for span in named}) == 1 else 0.6
    for span in named:
        value = reading.flow[slice(*span)]
        yield reading.suggestion("unit", value, certainty * read_unit(value)[1], span, "text")


def _issuers(reading: PageReading) -> Iterator[Suggestion]:
    """The office that signs: right above a date that stands alone."""
    for found in reading.dates:
        segment = reading.layout.segment_at(found.start)
        before = reading.flow[segment.start : found.start]
        if before and is_agency(before) and is_whole_unit(before):
            yield reading.suggestion("unit", before, 0.88, (segment.start, found.start), "issuer")
        for over in reading.offices:
            near = over.box[0] < segment.box[2] and segment.box[0] < over.box[2] + 3 * over.height
            if near and segment.row - 2 <= over.row <= segment.row:
                yield reading.suggestion("unit", over.text, 0.88, (over.start, over.end), "issuer")


def _labelled_unit(reading: PageReading, label: Label, *, whole: bool = False) -> Suggestion | None:
    """Employer behind a label; ``whole`` where the label may announce a person as well (申请人)."""
    factor = 0.9 if label.word in _WEAK_UNIT else 0.92 if whole else 1.0
    if _heads_units(reading, reading.layout.segment_at(label.start)):
        # A column of employers, such as a career: the first row is as good as any other.
        factor *= 0.85
    for slot in [*_changed(reading, label), *reading.slots(label)]:
        value, certainty, (span, *rest) = _unit_in(reading, slot)
        if value and (not whole or certainty > _WHOLE):
            return reading.suggestion("unit", value, slot.certainty * certainty * factor, span, _source(label), rest)
    return None


def _heads_units(reading: PageReading, segment: Segment) -> bool:
    """Whether a label heads a column of several employers."""
    return reading.is_header(segment) and sum(is_whole_unit(s.text) for s in reading.layout.below(segment, 6)) != 1


def _changed(reading: PageReading, label: Label) -> Iterator[Slot]:
    """On a change form the new name counts: the cell of the label's row under 变更后."""
    heads = [x for x in reading.of_field("_other") if x.word.startswith("变更后")]
    row = reading.layout.segment_at(label.start)
    for head in (reading.layout.segment_at(x.start) for x in heads):
        middle = (head.box[0] + head.box[2]) / 2
        for cell in reading.layout.right_of(row, 3):
            if head.row < cell.row and cell.box[0] <= middle <= cell.box[2]:
                yield Slot(cell.start, cell.start + len(cell.text), 0.96, "right")


def _unit_in(reading: PageReading, slot: Slot) -> tuple[str, float, list[Span]]:
    """Employer's name in a slot; a long name may be broken over the lines of its cell."""
    text = reading.flow[slot.start : slot.end]
    if is_label_like(text):
        return "", 0.0, [(slot.start, slot.end)]
    value, certainty = read_unit(text)
    segment = reading.layout.segment_at(slot.start)
    lines = [
        s
        for s in reading.layout.stack(segment)
        if s is segment or not (reading.starts_with_label(s) or is_label_like(s.text))
    ]
    at = lines.index(segment)
    # Lines that are names by themselves are cells of a column, not parts of one cell.
    above = "".join(s.text for s in lines[:at]) if slot.place != "inline" else ""
    if len(above) >= _NAME_PART and not is_whole_unit(above):
        below = [] if is_whole_unit(text) else lines[at + 1 : at + 2]
        joined, sure = read_unit("".join([*(s.text for s in lines[:at]), text, *(s.text for s in below)]))
        if sure >= 1:
            return (
                joined,
                sure * 0.97,
                [_span(s) for s in lines[:at]] + [(slot.start, slot.end)] + [_span(s) for s in below],
            )
    if at + 1 < len(lines) and slot.end == segment.start + len(segment.text):
        under = lines[at + 1].text
        joined, sure = read_unit(text + under)
        # 临县黄河驿酒店 / 管理有限公司 is one name, 临县一中 / 临县二中 are two.
        longer = under.endswith(_COMPANY) and not text.endswith(_COMPANY) and under[:2] != text[:2]
        if sure >= 1 and (certainty < 1 or longer):
            return joined, sure * 0.97, [(slot.start, slot.end), _span(lines[at + 1])]
    if certainty < 1:
        for start, end in units_in_text(text)[:1]:
            inner = text[start:end]
            return inner, 0.9 * read_unit(inner)[1], [(slot.start + start, slot.start + end)]
    start = max(reading.flow.find(value[:3], slot.start, slot.end), slot.start) if value else slot.start
    return value, certainty, [(start, start + len(value) if value else slot.end)]


def _span(segment: Segment) -> Span:
    return (segment.start, segment.end)


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
                certainty = slot.certainty * _precision(found)
                span = (found.start, found.end)
                dated = reading.suggestion(label.field, found.value, certainty, span, _source(label))
                yield replace(dated, act=_labelled_act(reading, label, found))
            break
    yield from _loose_dates(reading, taken)


def _labelled_act(reading: PageReading, label: Label, found: FoundDate) -> Act:
    """Act that a date's label names, or its block where the label says no more than 日期."""
    if label.field != "document_date":
        return Act.OTHER
    act = label_act(label.word)
    return block_act(reading, found) if act is Act.OTHER else act


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
    """Dates that no label announces: a line under the title, signatures, dates in sentences."""
    segments = reading.layout.segments
    top, bottom = (segments[0].middle, segments[-1].middle) if segments else (0.0, 0.0)
    for found in reading.dates:
        if found.start in taken or _is_period(reading, found):
            continue
        flow, segment = reading.flow, reading.layout.segment_at(found.start)
        # A date may go on in the next line of a paragraph.
        last = reading.layout.segment_at(found.end - 1)
        before, after = flow[segment.start : found.start], flow[found.end : last.end]
        alone = len(before) + len(after) <= _IN_SENTENCE
        low = segment.middle - top >= (bottom - top) * _FOOT_SHARE
        high = segment.row <= _TOP_ROWS
        signed = not after.strip("前止)。.") and _signs(before)
        certainty = 0.93 if alone and (low or high) else 0.86 if alone else 0.88 if signed else 0.4
        if not high and _in_table(reading, segment):
            certainty = min(certainty, 0.55)
        if _RECEIPT.search(before) or _RECEIPT.search(flow, max(0, segment.start - 12), segment.start):
            certainty = min(certainty, 0.6)
        if segment.prose and last is not segment:
            certainty = min(certainty, 0.4)
        if _TIME_OF_DAY.match(after):
            # Machines print the minute; people date by the day.
            certainty = min(certainty, 0.4)
        if _is_named_otherwise(reading, segment, before):
            certainty = 0.3
        if len(found.value) == len("2019") or (
            len(found.value) == len("2019-03") and not high and not _ends_letter(reading, segment)
        ):
            certainty *= 0.6
        source, span = "alone" if alone else "text", (found.start, found.end)
        dated = reading.suggestion("document_date", found.value, certainty, span, source)
        if certainty >= FAIR_DATE:
            act = block_act(reading, found)
            dated = replace(dated, act=Act.MADE if act is Act.OTHER and high and alone else act)
        yield dated


def _is_period(reading: PageReading, found: FoundDate) -> bool:
    before = reading.flow[max(0, found.start - 2) : found.start]
    if _PERIOD_BEFORE.search(before) or _PERIOD_AFTER.match(reading.flow, found.end):
        return True
    segment = reading.layout.segment_at(found.start)
    return found.start == segment.start and any(
        s.text.endswith(("至", "到", "-")) for s in reading.layout.stack(segment)
    )


def _is_named_otherwise(reading: PageReading, segment: Segment, before: str) -> bool:
    """Whether a label that the vocabulary does not know says what else the date is: 手术日期, 首次领取月份."""
    left = [s for s in reading.layout.rows[segment.row] if s.box[2] <= segment.box[0] + segment.height]
    words = before or (left[-1].text if left else "")
    return _OTHER_DATE.search(words) is not None and not _DOCUMENT_DATE.search(words)


def _ends_letter(reading: PageReading, segment: Segment) -> bool:
    """Whether the date stands alone in its row, as under a letter."""
    return len(reading.layout.rows[segment.row]) == 1


def _in_table(reading: PageReading, segment: Segment) -> bool:
    """Whether a row carries figures or other dates, as rows of lists do and signature lines do not."""
    others = [s for s in reading.layout.rows[segment.row] if s is not segment]
    if all(_is_date(s.text) for s in others):
        # Opinions side by side, each with its date at the foot.
        return False
    figures = sum(1 for s in others if _FIGURE.fullmatch(s.text) or find_dates(s.text))
    return figures > 0 and len(others) > 1


def _is_date(text: str) -> bool:
    found = find_dates(text)
    return len(found) == 1 and len(found[0].value) == len("2019-03-06") and len(text) - found[0].end < _IN_SENTENCE


def _signs(before: str) -> bool:
    """Whether the words before a date are a signature rather than a sentence."""
    return _SIGNATURE.search(before) is not None


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
                yield reading.suggestion(
                    "document_number", found.group(), slot.certainty * 0.9, (slot.start, slot.end), _source(label)
                )
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
