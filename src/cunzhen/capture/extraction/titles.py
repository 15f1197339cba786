"""The title of a page: large, centred, near the top, named like an official paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cunzhen.capture.extraction.kinds import KindRules, KindVerdict, judge_near, judge_title, looks_like_form_name
from cunzhen.capture.extraction.labels import is_label
from cunzhen.capture.extraction.layout import Layout, Segment

_TOP_SHARE, _MOST_ROWS = 0.5, 14
_SHORTEST, _LONGEST, _LONGEST_NOTICE = 3, 36, 60
_CENTRED, _LARGE, _SAME_SIZE = 0.08, 1.2, 0.28
_SURE_KIND = 0.75
_HAN = re.compile(r"[\u4e00-\u9fff]")
_NO_TITLE = re.compile(
    r"[:;。,?!]|[0-9]{5}|^(?:附件?|附表|表|第|No|编号|共)[0-9一二三四五六七八九十]*[页:]?$|^第.*页|文件$|^\(?[0-9一二三四五六七八九十]{1,3}[.、)]"
)
_SUFFIX = re.compile(r"\([\u4e00-\u9fff]{1,8}(?<![章度元页])\)")
_AGENCY_END = re.compile(r"(?:局|中心|公司|委员会|政府|厅|处|厂|医院|学校|办公室|管理所|经办机构|文件|单位)$")
_NOTICE_END = re.compile(r"(?:通知|批复|报告|函|决定|意见|请示|公告|方案|说明|通报|情况)(?:书|表)?$")


@dataclass(frozen=True, slots=True)
class FoundTitle:
    """A title on a page.

    Args:
        text: without spaces, as it stands there.
        start, end: range in the flow (spans a line break where the title takes two lines).
        certainty: that it is the title at all, before reading confidence.
        verdict: the kind that it names.
    """

    text: str
    start: int
    end: int
    certainty: float
    verdict: KindVerdict


def find_title(layout: Layout, rules: KindRules) -> FoundTitle | None:
    """The most title-like line of the upper half of the page, or ``None``."""
    found = list(_judged(layout, rules))
    if not found:
        return None
    _, best, looks = max(found, key=lambda f: f[0])
    if not best.verdict.kind:
        # Only the likeliest line is worth the search for a misread wording.
        near = judge_near(best.text, layout.flow, rules)
        best = replace(best, verdict=near, certainty=_certainty(looks, near, best.text))
    return _with_suffix(layout, best) if best.certainty > 0 else None


def _judged(layout: Layout, rules: KindRules) -> Iterator[tuple[float, FoundTitle, float]]:
    """Possible titles with their score and how much they look like one."""
    for rank, (segments, looks) in enumerate(_candidates(layout)):
        text = "".join(s.text for s in segments)
        verdict = judge_title(text, layout.flow, rules)
        score = looks + verdict.confidence * 1.5 - rank * 0.01
        span = (segments[0].start, segments[-1].start + len(segments[-1].text))
        yield score, FoundTitle(text, *span, _certainty(looks, verdict, text), verdict), looks


def _with_suffix(layout: Layout, found: FoundTitle) -> FoundTitle:
    """A remark in brackets beside or under the title belongs to it: (副本), (回单)."""
    last = layout.segment_at(found.end - 1)
    for after in [*layout.right_of(last, 1), *layout.below(last, 1)]:
        near = after.box[1] - last.box[3] < last.height * 1.5 and after.box[0] - last.box[2] < last.height * 2
        if near and _SUFFIX.fullmatch(after.text) and after.start >= found.end:
            return replace(found, text=found.text + after.text, end=after.start + len(after.text))
    return found


def _certainty(looks: float, verdict: KindVerdict, text: str) -> float:
    named = looks_like_form_name(text)
    if verdict.confidence >= _SURE_KIND and verdict.source != "title-pattern":
        return 0.98
    if verdict.confidence >= _SURE_KIND or (named and looks >= 1):
        return 0.93
    return 0.6 if named or looks >= 1 else 0.0


def _candidates(layout: Layout) -> Iterator[tuple[list[Segment], float]]:
    """Possible titles with how much they look like one (0 to about 2)."""
    lines = [line for row in layout.rows[:_MOST_ROWS] for line in _lines(layout, row)]
    for at, line in enumerate(lines):
        text = "".join(s.text for s in line)
        if len(text) > _LONGEST_NOTICE:
            continue
        if _may_be_title(text):
            yield line, _looks(layout, line)
        for longer in _continued(layout, lines, at):
            yield longer, max(_looks(layout, longer), _looks(layout, [longer[-1]])) + 0.1


def _lines(layout: Layout, row: list[Segment]) -> list[list[Segment]]:
    """A row as one line where its letters are spread wide apart, else every segment by itself."""
    tops = [s for s in row if s.box[1] < layout.page.height * _TOP_SHARE]
    spread = len(tops) > 1 and all(len(s.text) <= 2 and _HAN.match(s.text) for s in tops)
    if spread and len(tops) >= _SHORTEST and not any(is_label(s.text) for s in tops):
        return [tops]
    return [[s] for s in tops]


def _may_be_title(text: str) -> bool:
    longest = _LONGEST_NOTICE if text.startswith("关于") else _LONGEST
    return (
        _SHORTEST <= len(text) <= longest
        and _NO_TITLE.search(text) is None
        and len(_HAN.findall(text)) >= max(_SHORTEST, len(text) // 2)
        and not is_label(text)
    )


def _looks(layout: Layout, line: list[Segment]) -> float:
    height = max(s.height for s in line) / layout.text_height
    centre = (min(s.box[0] for s in line) + max(s.box[2] for s in line)) / 2 / max(1, layout.page.width)
    text = "".join(s.text for s in line)
    score = min(max(height - 1, 0), 1.5) * 0.6 + (0.3 if height >= _LARGE else 0)
    score += 0.4 if abs(centre - 0.5) < _CENTRED else 0
    score += 0.5 if looks_like_form_name(text) else 0
    score -= 0.4 if _AGENCY_END.search(text) else 0
    return score - line[0].row * 0.04


def _continued(layout: Layout, lines: list[list[Segment]], at: int) -> Iterator[list[Segment]]:
    """Titles over two or three lines of one size: 山西省企业职工 / 退休审批表; 关于 … / … 的通知."""
    joined = list(lines[at])
    first = "".join(s.text for s in joined)
    if looks_like_form_name(first) or _AGENCY_END.search(first) or not _starts_title(first):
        return
    for line in lines[at + 1 : at + 3]:
        text = "".join(s.text for s in line)
        size = line[0].height / max(1, joined[-1].height)
        gap = line[0].box[1] - joined[-1].box[3]
        if (
            abs(size - 1) > _SAME_SIZE
            or gap > joined[-1].height * 1.5
            or len(line) > 1
            or not _may_be_title(first + text)
        ):
            return
        joined = joined + line
        whole = "".join(s.text for s in joined)
        ends = _NOTICE_END if first.startswith("关于") else None
        if (ends.search(whole) if ends else looks_like_form_name(whole)) and _is_centred(layout, line):
            yield joined
            return


def _starts_title(text: str) -> bool:
    return len(text) >= _SHORTEST and _NO_TITLE.search(text) is None and not is_label(text)


def _is_centred(layout: Layout, line: list[Segment]) -> bool:
    centre = (line[0].box[0] + line[-1].box[2]) / 2 / max(1, layout.page.width)
    return abs(centre - 0.5) < _CENTRED * 2
