"""Which of the dates on a paper is its own (DA/T 46-2009 M33 日期): each date dates an act, and the paper's nature
decides.

A form came into being when it was filled in: the date it calls so, else the applicant's signature. A decision on a form
came into being when the deciding body decided, a letter or certificate when it was issued. Receipt stamps, reviews on
the way and dates of events are never the paper's own. Where that leaves more than one, a person has to choose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from cunzhen.capture.extraction.dates import FoundDate
from cunzhen.capture.extraction.layout import Segment
from cunzhen.capture.extraction.names import is_label_like, is_whole_unit
from cunzhen.capture.extraction.reading import PageReading
from cunzhen.capture.extraction.suggestions import Suggestion

SURE_DATE, FAIR_DATE = 0.8, 0.5
_DOUBTED = 0.6
_OTHER_PAPER = 0.7
_BLOCK_SHARE = 0.24
_HEAD_WORDS = 8
_BLOCK_WORDS = 18
_FULL = len("2019-03-06")


class Act(StrEnum):
    """What happened on a date."""

    MADE = "made"  # the paper was filled in, drawn up, declared
    APPLIED = "applied"  # the applicant or the employer signed
    REVIEWED = "reviewed"  # somebody on the way gave an opinion
    DECIDED = "decided"  # the deciding body decided
    ISSUED = "issued"  # the office or employer that speaks in the paper signed it
    RECEIVED = "received"  # it arrived, was handed over, was copied
    OTHER = ""  # unknown


class Nature(StrEnum):
    """What a paper is, as far as its date is concerned."""

    FORM = "form"
    DECISION = "decision"
    ISSUED = "issued"


# Which act gives the date, best first; acts behind the first two do so only where no other date stands beside them.
_ORDER: Mapping[Nature, tuple[Act, ...]] = {
    Nature.FORM: (Act.MADE, Act.APPLIED, Act.ISSUED, Act.OTHER, Act.REVIEWED, Act.DECIDED),
    Nature.DECISION: (Act.DECIDED, Act.ISSUED, Act.REVIEWED, Act.MADE, Act.OTHER, Act.APPLIED),
    Nature.ISSUED: (Act.ISSUED, Act.MADE, Act.OTHER, Act.DECIDED, Act.APPLIED, Act.REVIEWED),
}
_LABELS: tuple[tuple[Act, re.Pattern[str]], ...] = (
    (Act.RECEIVED, re.compile("受理|送达|办理|经办|签收")),
    (Act.DECIDED, re.compile("核定|审批|批准|核准|决定|结论|鉴定|认证|审核|备案|结算")),
    (Act.MADE, re.compile("填|制表|制单|申报|申请|编制|编报|报送|报出|报告|记录|登记|印制|制作")),
    (Act.ISSUED, re.compile("发|开|出具|打印|通知|签订|签约|成文|证明|出证|落款|签署|文书")),
)
# Words at the head of the block that a date signs; the first line that fits counts.
_BLOCKS: tuple[tuple[Act, re.Pattern[str]], ...] = (
    (Act.RECEIVED, re.compile("签收|送达|回执|收件|收讫|已受理|收到|领取人")),
    (
        Act.DECIDED,
        re.compile(
            "审批|批准|核准|审定|签批|认定意见|核定意见|鉴定意见|"
            "(?:人社|劳动|人力资源|行政)[^,。:]{0,14}(?:局|部门|厅|机关)[^,。:]{0,8}(?:意见|审|认定|盖章)"
        ),
    ),
    (
        Act.APPLIED,
        re.compile(
            r"^(?:用人|参保|申报|申请|缴费|所在|招工|用工|填报|工作)?单位(?!名称|编)[^,。:]{0,4}"
            "(?:意见|申请|盖章|公章|承诺|声明|审核|负责人|经办|$)|"
            "申请人|申领人|申报人|[个本]人(?:申请|意见)|承诺|声明|本人(?:签|确认)|参保人员?签|被保险人签|填[表报](?:人|单位)|家属签"
        ),
    ),
    (
        Act.REVIEWED,
        re.compile(
            "经办机构|(?:社保|社会保险|医保|医疗保险|就业|经办)[^,。:]{0,10}(?:机构|中心|局|所|处|意见|审核|盖章)|"
            "审核|初审|复审|复核|主管|村[(委民]|居委|社区|乡镇|街道|受理"
        ),
    ),
)
_HEAD = re.compile(r"[^,。:;]{2,22}?(?::|意见)")
_OPINION = re.compile("经(?!办)|同意|拟|已|符合|情况|以上|所[报填]|材料|属实|准予|予以|自愿")
_FORM_WORDS = re.compile(
    "申请|申报|申领|登记|备案|承诺|声明|名册|花名|增减|变动|增员|减员|变更|转移接续.*表|协议|合同|委托|汇总表|认证|年审|生存"
)
_DECISION_WORDS = re.compile("审批|核定|核准|审核|认定|批准|结算|审定|鉴定|核发")
_ISSUED_WORDS = re.compile(
    "通知|证明|函|决定书?$|结论|告知|凭证|公示|公告|报告|意见书|对账|批复|(?<!申)报表|年报|月报|季报|分析"
)
# Figures of a date that could not be read as one.
_TORN = re.compile(
    r"[12][0-9OoQlI|]{3}年[^年月,。;:\n]{1,4}月(?:[^年月,。;:\n]{1,4}日)?|"
    r"[12][0-9OoQlI|]{3}([./-])[0-9OoQlI|]{1,2}\1[0-9OoQlI|]|"
    r"[一二九〇零][^,。;:\n年]{2,3}年[^,。;:\n年]{1,3}月[^,。;:\n年]{1,4}日"
)


def label_act(word: str) -> Act:
    """Act that a label names: 填表日期 is MADE, 审批日期 DECIDED; a bare 日期 names none."""
    return next((act for act, words in _LABELS if words.search(word)), Act.OTHER)


def block_act(reading: PageReading, found: FoundDate) -> Act:
    """Act of a date without a label of its own: whose block of the form it signs, or who stands right above it."""
    segment = reading.layout.segment_at(found.start)
    before = reading.flow[segment.start : found.start]
    after = reading.flow[found.end : segment.end]
    if after[:1] in ("填", "制", "报"):
        return Act.MADE
    near = _words_act(before)
    if near is not Act.OTHER:
        return near
    if _is_signed_by_unit(reading, segment, before):
        return Act.ISSUED
    return _block_above(reading, segment)


def nature_of(title: str) -> Nature:
    """What kind of act a title promises; the last of its words counts: 工伤认定申请表 is a form, 缴费申报核定表 a decision."""
    last = {
        nature: max((m.start() for m in words.finditer(title)), default=-1)
        for nature, words in (
            (Nature.FORM, _FORM_WORDS),
            (Nature.DECISION, _DECISION_WORDS),
            (Nature.ISSUED, _ISSUED_WORDS),
        )
    }
    best = max(last, key=lambda nature: last[nature])
    return best if last[best] >= 0 else Nature.ISSUED


@dataclass(frozen=True, slots=True)
class OwnDate:
    """Dates of a paper, its own first; ``is_clear`` where no person has to choose."""

    ranked: tuple[Suggestion, ...]
    is_clear: bool

    def marked(self) -> tuple[Suggestion, ...]:
        """The dates with their confidence lowered where a person has to choose."""
        if self.is_clear:
            return self.ranked
        return tuple(replace(s, confidence=min(s.confidence, _DOUBTED)) for s in self.ranked)


def own_date(dates: Sequence[Suggestion], title: str, own_pages: Sequence[PageReading], born: set[str]) -> OwnDate:
    """Choose the paper's own date.

    Args:
        dates: what was found on all pages of the item.
        title: of the paper, for its nature.
        own_pages: pages of the paper itself, without papers that lie behind it.
        born: dates of birth, which are never the paper's.
    """
    numbers = {reading.number for reading in own_pages}
    left = [s for s in dates if s.value not in born and s.confidence >= FAIR_DATE]
    sure = [s for s in left if s.confidence >= SURE_DATE and s.page in numbers and s.act != Act.RECEIVED]
    if not sure:
        others = [replace(s, confidence=min(s.confidence, _OTHER_PAPER)) for s in left]
        return OwnDate(tuple(sorted(others, key=_place)), False)
    nature = nature_of(title)
    chosen, is_clear = _chosen(_whole(sure), nature)
    is_clear = is_clear and not _is_hidden(chosen, left, nature, own_pages)
    rest = sorted((s for s in left if s is not chosen), key=lambda s: (s not in sure, _place(s)))
    return OwnDate((chosen, *rest), is_clear)


def _is_hidden(
    chosen: Suggestion, dates: Sequence[Suggestion], nature: Nature, own_pages: Sequence[PageReading]
) -> bool:
    """Whether a date that would come first may stand on the paper without having been read."""
    if len(chosen.value) < _FULL and chosen.act != Act.MADE:
        # Heads of lists name a month; whoever signs writes the day, which a seal may hide.
        return True
    numbers = {reading.number for reading in own_pages}
    if nature is Nature.DECISION and chosen.act != Act.DECIDED:
        fair = [s for s in dates if s.page in numbers and s.act != Act.RECEIVED and len(s.value) == _FULL]
        if any(s.value > chosen.value for s in fair) or any(_has_decision(reading) for reading in own_pages):
            return True
    certain = (Act.MADE, Act.ISSUED, Act.DECIDED if nature is Nature.DECISION else Act.APPLIED)
    return chosen.act not in certain and any(_is_torn(reading) for reading in own_pages)


def _chosen(sure: Sequence[Suggestion], nature: Nature) -> tuple[Suggestion, bool]:
    """The best date and whether it is beyond doubt."""
    order = _ORDER[nature]
    ranked = sorted(sure, key=lambda s: (order.index(Act(s.act)), _place(s)))
    act = ranked[0].act
    group = [s for s in ranked if s.act == act]
    if nature is Nature.DECISION and act == Act.DECIDED:
        # The last body in the chain decides.
        group.sort(key=lambda s: s.value, reverse=True)
    elif act == Act.APPLIED:
        group.sort(key=lambda s: s.value)
    best, values = group[0], {s.value for s in sure}
    if len(values) == 1:
        # A decision that only its applicant dated has lost its date or never had one.
        return best, not (nature is Nature.DECISION and act == Act.APPLIED)
    if act not in order[:2]:
        return best, False
    rivals = {s.value for s in group if s is not best}
    if nature is Nature.DECISION:
        return best, best.value == max(values) and (act == Act.DECIDED or len(rivals | {best.value}) == 1)
    if nature is Nature.FORM:
        return best, best.value == min(values) and (act == Act.APPLIED or len(rivals | {best.value}) == 1)
    return best, len(rivals | {best.value}) == 1


def _whole(sure: Sequence[Suggestion]) -> list[Suggestion]:
    """Without months beside full dates: either the date spells the month out (2016年8月 above, 2016.8.3 below), or the
    month is the one that the paper is about. A month that is called the paper's date stays.
    """
    full = {s.value for s in sure if len(s.value) == _FULL}
    return [
        s
        for s in sure
        if len(s.value) == _FULL
        or not full
        or (s.source.startswith("label:") and not any(f.startswith(s.value) for f in full))
    ]


def _place(suggestion: Suggestion) -> tuple[int, int, int]:
    box = suggestion.box or (0, 0, 0, 0)
    return (suggestion.page, box[1], box[0])


def _words_act(text: str) -> Act:
    return next((act for act, words in _BLOCKS if words.search(text)), Act.OTHER)


def _is_signed_by_unit(reading: PageReading, segment: Segment, before: str) -> bool:
    """Whether an office or an employer stands right above the date, as under a letter, or before it in its line."""
    if before and is_whole_unit(before):
        return True
    row = reading.layout.rows[segment.row]
    if len(row) > 1 and row[0] is not segment:
        return False
    above = [s for r in reading.layout.rows[max(0, segment.row - 2) : segment.row] for s in r]
    return any(
        is_whole_unit(s.text)
        and not s.prose
        and not _is_value(reading, s)
        and s.box[0] < segment.box[2]
        and segment.box[0] < s.box[2] + s.height * 3
        for s in above
    )


def _is_value(reading: PageReading, segment: Segment) -> bool:
    """Whether a label stands left of a segment: it fills a form in, it does not sign."""
    return any(s.box[0] < segment.box[0] and reading.starts_with_label(s) for s in reading.layout.rows[segment.row])


def _block_above(reading: PageReading, segment: Segment) -> Act:
    """The nearest head of a block above the date or left of it."""
    centre = (segment.box[0] + segment.box[2]) / 2
    reach = reading.layout.page.height * _BLOCK_SHARE
    # Where opinions stand side by side, each date belongs to the column it closes.
    left = max((s.box[2] for s in _dated_beside(reading, segment) if s.box[2] <= segment.box[0]), default=0)
    for row in reversed(reading.layout.rows[: segment.row + 1]):
        heads = [s for s in row if s is not segment and left - segment.height <= s.box[0] <= centre]
        for head in sorted(heads, key=lambda s: s.box[0], reverse=True):
            if segment.middle - head.middle > reach:
                return Act.OTHER
            act = _words_act(_head_of(head))
            if act is not Act.OTHER:
                return act
    return Act.OTHER


def _dated_beside(reading: PageReading, segment: Segment) -> list[Segment]:
    """Other cells of the row that hold a date."""
    return [
        s
        for s in reading.layout.rows[segment.row]
        if s is not segment and any(s.start <= d.start < s.end for d in reading.dates)
    ]


def _head_of(segment: Segment) -> str:
    """The words that name a block: a head may have run together with the opinion beside it. Opinions name nothing."""
    text = segment.text
    if _OPINION.match(text) and not _BLOCKS[0][1].search(text):
        return ""
    named = _HEAD.match(text)
    if named:
        return named.group()
    return text if len(text) <= _BLOCK_WORDS and not segment.prose else text[:_HEAD_WORDS]


def _has_decision(reading: PageReading) -> bool:
    """Whether the page has a block for a deciding body's opinion."""
    words = _BLOCKS[1][1]
    return any(
        words.search(s.text[:_BLOCK_WORDS]) and is_label_like(s.text[:_BLOCK_WORDS].rstrip(":"))
        for s in reading.layout.segments
    )


def _is_torn(reading: PageReading) -> bool:
    """Whether the page shows the remains of a date that could not be read."""
    return any(
        not any(d.start <= m.start() and m.end() <= d.end for d in reading.dates) for m in _TORN.finditer(reading.flow)
    )
