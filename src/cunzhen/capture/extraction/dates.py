"""Dates as people write them, kept with the precision they were written with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_OLDEST, _LATEST = 1880, 2099
_HAN = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {
    "零": 0,
    "O": 0,
    "o": 0,
    "0": 0,
    "元": 1,
    "廿": 20,
    "卅": 30,
}
_REPAIRS = str.maketrans("OoQ〇lI|", "0000111")
_D = "[0-9OoQ〇lI|]"

# A line break may stand between the parts where a form prints 年 月 日 in cells of their own.
_DAY = re.compile(
    rf"(?<![0-9])([12]{_D}{{3}})\n?(?:年|[./-])\n?({_D}{{1,2}})\n?(?:月|[./-])\n?({_D}{{1,2}})(?![0-9])(?:\n?[日号])?"
)
_MONTH = re.compile(rf"(?<![0-9,.])([12]{_D}{{3}})\n?(?:年\n?({_D}{{1,2}})\n?月|[./-]({_D}{{1,2}})(?![0-9./-]))")
_YEAR = re.compile(r"(?<![0-9.])((?:19|20)[0-9]{2})\n?年")
_COMPACT = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])?(?![0-9])")
_MAY_HOLD_YEAR = re.compile(rf"[12]{_D}{{3}}|[一二][〇零Oo0一二三四五六七八九]{{3}}")
_HAN_DAY = re.compile(
    r"([一二][〇零Oo0一二三四五六七八九]{3})年(?:([元一二三四五六七八九十]{1,3})月(?:([一二三四五六七八九十廿卅]{1,3})[日号])?)?"
)


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date in text.

    Args:
        start, end: half-open range in the searched text.
        value: ``2019-03-06``, ``2019-03`` or ``2019``, as precise as it was written.
    """

    start: int
    end: int
    value: str

    @property
    def year(self) -> int:
        """Calendar year."""
        return int(self.value[:4])


def find_dates(text: str, *, compact: bool = False) -> list[FoundDate]:
    """Every possible calendar date, left to right, without overlaps.

    Args:
        compact: also read 20190306 and 201903; only sensible beside a label that announces a date.
    """
    taken: list[FoundDate] = []
    if not _MAY_HOLD_YEAR.search(text):
        return taken
    for found in _candidates(text, compact):
        if not any(t.start < found.end and found.start < t.end for t in taken):
            taken.append(found)
    return sorted(taken, key=lambda f: f.start)


def parse_date(text: str) -> str:
    """The single date that makes up the text, in normal form; empty where there is none."""
    found = find_dates(text, compact=True)
    return found[0].value if len(found) == 1 else ""


def _candidates(text: str, compact: bool) -> Iterator[FoundDate]:
    for match in _DAY.finditer(text):
        value = _iso(*(_number(g) for g in match.groups()))
        if value:
            yield FoundDate(match.start(), match.end(), value)
    for match in _HAN_DAY.finditer(text):
        value = _iso(*(_han(g) if g else 0 for g in match.groups()))
        if value:
            yield FoundDate(match.start(), match.end(), value)
    for match in _MONTH.finditer(text):
        value = _iso(_number(match.group(1)), _number(match.group(2) or match.group(3)), 0)
        if value:
            yield FoundDate(match.start(), match.end(), value)
    if compact:
        for match in _COMPACT.finditer(text):
            value = _iso(*(int(g) if g else 0 for g in match.groups()))
            if value:
                yield FoundDate(match.start(), match.end(), value)
    for match in _YEAR.finditer(text):
        yield FoundDate(match.start(), match.end(), match.group(1))


def _iso(year: int, month: int, day: int) -> str:
    """Normal form, or empty where the calendar has no such date."""
    if not _OLDEST <= year <= _LATEST:
        return ""
    try:
        full = date(year, month or 1, day or 1)
    except ValueError:
        return ""
    if day:
        return full.isoformat()
    return f"{year:04d}-{month:02d}" if month else f"{year:04d}"


def _number(text: str) -> int:
    return int(text.translate(_REPAIRS))


def _han(text: str) -> int:
    """二〇一九 is 2019, 十二 is 12, 三十一 is 31, 廿三 is 23."""
    if "十" in text:
        tens, _, ones = text.partition("十")
        return (_HAN[tens] if tens else 1) * 10 + (_HAN[ones] if ones else 0)
    if text[0] in "廿卅":
        return _HAN[text[0]] + (_HAN[text[1]] if len(text) > 1 else 0)
    value = 0
    for c in text:
        value = value * 10 + _HAN[c]
    return value
