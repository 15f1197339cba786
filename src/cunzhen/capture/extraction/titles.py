"""The title of a page: large, centred, near the top, named like an official paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cunzhen.capture.extraction.kinds import KindRules, KindVerdict, judge_near, judge_title, looks_like_form_name
from cunzhen.capture.extraction.labels import is_label
from cunzhen.capture.extraction.layout import Layout, Segment, Span

_TOP_SHARE, _MOST_ROWS = 0.5, 14
_SHORTEST, _LONGEST, _LONGEST_NOTICE = 3, 36, 60
_CENTRED, _LARGE, _SAME_SIZE, _PARTS_SIZE = 0.08, 1.2, 0.28, 0.75
_ON_AXIS = 0.03
_SURE_KIND = 0.75
_LEAST_LOOKS, _DOUBTFUL = 0.7, 0.7
_HAN = re.compile(r"[\u4e00-\u9fff]")
# No title begins in the middle of a year or behind one.
_CUT_OFF = re.compile(r"^(?:[〇零○]|[0-9]{1,3}(?![0-9])|[年度月]|[〇零一二三四五六七八九]{1,3}年)")
_NO_TITLE = re.compile(
    r"[:;。,?!]|[0-9]{5}|^(?:附件?|附表|表|第|No|编号|共)[0-9一二三四五六七八九十]*[页:]?$|^第.*页|文件$|^\(?[0-9一二三四五六七八九十]{1,3}[.、)]"
)
_SUFFIX = re.compile(r"\([\u4e00-\u9fff]{1,8}(?<![章度元页])\)")
_AGENCY_END = re.compile(r"(?:局|中心|公司|委员会|政府|厅|处|厂|医院|学校|办公室|管理所|经办机构|文件|单位|共和国)$")
_NOTICE_END = re.compile(r"(?:通知|批复|报告|函|决定|意见|请示|公告|方案|说明|通报|情况)(?:书|表)?$")


@dataclass(frozen=True, slots=True)
class FoundTitle:
    """A title on a page.

    Args:
        text: without spaces, as it stands there.
        start, end: range in the flow of its first line.
        rest: ranges of its further lines.
        certainty: that it is the title at all, before reading confidence.
        verdict: the kind that it names.
    """

    text: str
    start: int
    end: int
    certainty: float
    verdict: KindVerdict
    rest: tuple[Span, ...] = ()


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
    if looks < _LEAST_LOOKS:
        # Words of a form's name somewhere in a line; headings stand out (those of the samples look 0.8 and more).
        unsure = KindVerdict(best.verdict.kind, min(best.verdict.confidence, _DOUBTFUL), best.verdict.source)
        best = replace(best, verdict=unsure, certainty=min(best.certainty, _DOUBTFUL))
    elif _is_half(layout, best):
        best = replace(best, certainty=min(best.certainty, _DOUBTFUL))
    return _with_suffix(layout, best) if best.certainty > 0 else None


def _is_half(layout: Layout, found: FoundTitle) -> bool:
    """Whether large type right above the title on its axis is left over: the heading may begin there."""
    first = layout.segment_at(found.start)
    above = layout.rows[first.row - 1] if first.row else []
    if len(above) != 1 or _AGENCY_END.search(above[0].text) or above[0].height < layout.text_height * _LARGE:
        return False
    axis = abs((above[0].box[0] + above[0].box[2]) - (first.box[0] + first.box[2])) / 2
    return first.box[1] - above[0].box[3] < first.height * 1.5 and axis < _ON_AXIS * layout.page.width


def _judged(layout: Layout, rules: KindRules) -> Iterator[tuple[float, FoundTitle, float]]:
    """Possible titles with their score and how much they look like one."""
    for rank, (segments, looks) in enumerate(_candidates(layout)):
        text = "".join(s.text for s in segments)
        verdict = judge_title(text, layout.flow, rules)
        score = looks + verdict.confidence * 1.5 - rank * 0.01
        (start, end), *rest = ((s.start, s.end) for s in segments)
        yield score, FoundTitle(text, start, end, _certainty(looks, verdict, text), verdict, tuple(rest)), looks


def _with_suffix(layout: Layout, found: FoundTitle) -> FoundTitle:
    """A remark in brackets beside or under the title belongs to it: (副本), (回单)."""
    last = layout.segment_at((found.rest[-1] if found.rest else (found.start, found.end))[1] - 1)
    for after in [*layout.right_of(last, 1), *layout.below(last, 1)]:
        near = after.box[1] - last.box[3] < last.height * 1.5 and after.box[0] - last.box[2] < last.height * 2
        if near and _SUFFIX.fullmatch(after.text) and after.start >= last.end:
            return replace(found, text=found.text + after.text, rest=(*found.rest, (after.start, after.end)))
    return found


def _certainty(looks: float, verdict: KindVerdict, text: str) -> float:
    named = looks_like_form_name(text)
    if verdict.source == "title-near" or _CUT_OFF.search(text):
        # It names its kind, but not every character of it is right.
        return 0.7
    if verdict.confidence >= _SURE_KIND and verdict.source != "title-pattern":
        return 0.98
    if verdict.confidence >= _SURE_KIND or (named and looks >= 1):
        return 0.93
    return 0.6 if named or looks >= 1 else 0.0


def _candidates(layout: Layout) -> Iterator[tuple[list[Segment], float]]:
    """Possible titles with how much they look like one (0 to about 2)."""
    lines = [line for row in layout.rows[:_MOST_ROWS] for line in _lines(layout, row)]
    parts: set[int] = set()
    for at, line in enumerate(lines):
        text = "".join(s.text for s in line)
        if len(text) > _LONGEST_NOTICE:
            continue
        longer = next(_continued(layout, lines, at), None)
        if longer:
            # A part of a heading is no title of its own.
            parts |= {s.start for s in longer}
            yield longer, max(_looks(layout, longer), _looks(layout, [longer[-1]])) + 0.1
        elif _may_be_title(text) and line[0].start not in parts:
            yield line, _looks(layout, line)


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
    """Titles over two or three lines: 山西省企业职工 / 退休审批表; 关于 … / … 的通知."""
    joined = list(lines[at])
    first = "".join(s.text for s in joined)
    large = joined[0].height >= layout.text_height * _LARGE
    if _AGENCY_END.search(first) or not _starts_title(first, large=large):
        return
    for line in lines[at + 1 : at + 3]:
        text = "".join(s.text for s in line)
        if not _goes_on(layout, joined, line) or not _may_be_title(first + text):
            return
        if looks_like_form_name(first) and not looks_like_form_name(text):
            # The heading is whole; what stands below it is a remark.
            return
        joined = joined + line
        whole = "".join(s.text for s in joined)
        ends = _NOTICE_END if first.startswith("关于") else None
        if (ends.search(whole) if ends else looks_like_form_name(whole)) and _is_centred(layout, line):
            yield joined
            return


def _goes_on(layout: Layout, joined: list[Segment], line: list[Segment]) -> bool:
    """Whether a line continues the heading above it: close, and of one size or set under it on one axis."""
    last = joined[-1]
    size = line[0].height / max(1, last.height)
    if len(line) > 1 or line[0].box[1] - last.box[3] > max(last.height, line[0].height) * 1.5:
        return False
    axis = (joined[0].box[0] + last.box[2]) / 2
    below = (line[0].box[0] + line[-1].box[2]) / 2
    on_axis = abs(axis - below) < _ON_AXIS * layout.page.width and min(last.height, line[0].height) > layout.text_height
    return abs(size - 1) <= _SAME_SIZE or (on_axis and abs(size - 1) <= _PARTS_SIZE)


def _starts_title(text: str, *, large: bool) -> bool:
    """Whether a heading may begin with a line; in large type 工伤职工 is no label."""
    return len(text) >= _SHORTEST and _NO_TITLE.search(text) is None and (large or not is_label(text))


def _is_centred(layout: Layout, line: list[Segment]) -> bool:
    centre = (line[0].box[0] + line[-1].box[2]) / 2 / max(1, layout.page.width)
    return abs(centre - 0.5) < _CENTRED * 2
