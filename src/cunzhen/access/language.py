"""The query language. There is no wrong input: what cannot be understood is searched as text, and a note says so.

words              all of them, in any order                退休 审批
"exact phrase"     as it stands on one page                 "退休审批表" (also “ ” 「 」)
name: id: unit:    person, number, employer                 姓名:王秀英  身份证:1101…  单位:临县
code: year: class: archival code, year or range, series     档号:X043-ZY  年度:2015..2019  类别:养老
title: fonds: kind: term:                                   题名:  全宗:  种类:  期限:
a|b                either (binds tighter than the blank)    退休|退职 审批
-word              not                                      -"复印件"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from cunzhen.access.folding import fold, fold_code
from cunzhen.access.numbers import canonical, find_numbers, is_whole_number
from cunzhen.access.rules import Note

LONGEST_QUERY = 500
MOST_TERMS = 32


class Kind(StrEnum):
    """What a term asks for."""

    FREE = "free"
    PHRASE = "phrase"
    NAME = "name"
    NUMBER = "number"
    UNIT = "unit"
    TITLE = "title"
    CODE = "code"
    YEAR = "year"
    SERIES = "series"
    FONDS = "fonds"
    MATERIAL = "kind"
    RETENTION = "retention"


@dataclass(frozen=True, slots=True)
class Term:
    """One condition of a query.

    Args:
        kind: what it asks for.
        text: as typed, without prefix and quotes; a number in its canonical form.
        negated: the item must not match.
        low, high: for years, inclusive.
    """

    kind: Kind
    text: str
    negated: bool = False
    low: int = 0
    high: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: every group must match, a group matches where one of its terms does."""

    groups: tuple[tuple[Term, ...], ...]
    notes: tuple[Note, ...] = ()

    @property
    def wanted(self) -> tuple[Term, ...]:
        """Terms that are asked for, not excluded."""
        return tuple(t for group in self.groups for t in group if not t.negated)


NOTES = {
    "S-21": (
        "引号没有成对，已把后面的文字整体当作短语。",
        "A quotation mark has no partner; the rest is taken as one phrase.",
    ),
    "S-22": ("“|”的一边没有内容，已忽略。", "One side of | is empty; it was left out."),
    "S-23": (
        "年度写法不明，已按文字查找。写作 年度:2019 或 年度:2015..2019。",
        "Not a year or range; searched as text.",
    ),
    "S-24": ("前缀后面没有内容，已按文字查找。", "Nothing follows the prefix; searched as text."),
    "S-25": ("不认识这个前缀，已按文字查找。", "Unknown prefix; searched as text."),
    "S-26": ("查询太长，只用了前面部分。", "The query is too long; only its beginning was used."),
    "S-27": ("身份证号等号码须写完整，已按文字查找。", "Numbers are found whole only; searched as text."),
    "S-28": ("“-”后面没有内容，已忽略。", "Nothing follows the minus; it was left out."),
    "S-29": ("没有这个代码或名称，已按文字查找。", "No such code or label; searched as text."),
}

PREFIXES = {
    **dict.fromkeys(("name", "姓名", "人名", "person"), Kind.NAME),
    **dict.fromkeys(("id", "身份证", "身份证号", "身份号码", "公民身份号码", "号码", "number"), Kind.NUMBER),
    **dict.fromkeys(("unit", "单位", "employer"), Kind.UNIT),
    **dict.fromkeys(("title", "题名", "标题"), Kind.TITLE),
    **dict.fromkeys(("code", "档号"), Kind.CODE),
    **dict.fromkeys(("year", "年度", "年份"), Kind.YEAR),
    **dict.fromkeys(("class", "series", "类别"), Kind.SERIES),
    **dict.fromkeys(("fonds", "全宗"), Kind.FONDS),
    **dict.fromkeys(("kind", "种类", "材料种类"), Kind.MATERIAL),
    **dict.fromkeys(("term", "retention", "期限", "保管期限"), Kind.RETENTION),
}

_QUOTES = {'"': '"”“＂', "“": '”"“', "”": '”"“', "＂": '＂"', "「": "」", "『": "』"}
_PREFIX = re.compile(r"([A-Za-z]{2,10}|[\u4e00-\u9fff]{2,6})[:：]")
_BARE_END = re.compile(r"[\s|｜]")
_YEARS = re.compile(r"(\d{4})?(?:(\.\.|…|-|~|～|至)(\d{4})?)?")
# Fonds, class, a year, and the serial of the piece last (DA/T 13-2022); other codes are asked for with the prefix.
_CODE = re.compile(r"[0-9a-z]{2,8}-[0-9a-z·\u4e00-\u9fff-]*(?:1[89]|20)[0-9]{2}[0-9a-z·\u4e00-\u9fff-]*-[0-9]{3,9}")
_MINUS = "-－−"
_EITHER = "|｜"


def parse(text: str) -> Query:
    """Understand a query.

    Args:
        text: as typed; any characters.
    """
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text[:LONGEST_QUERY]
        self.at = 0
        self.codes = ["S-26"] if len(text) > LONGEST_QUERY else []
        self.spans = find_numbers(self.text)
        self.groups: list[list[Term]] = []

    def parse(self) -> Query:
        """Walk over the input once."""
        joining = False  # whether the next term belongs to the group before it
        while self._skip_blank():
            if self._is_either():
                self.at += 1
                if joining or not self.groups:
                    self._note("S-22")
                joining = bool(self.groups)
                continue
            terms = self._terms()
            for term in terms:
                if joining and self.groups:
                    self.groups[-1].append(term)
                else:
                    self.groups.append([term])
                joining = False
        if joining:
            self._note("S-22")
        if sum(map(len, self.groups)) > MOST_TERMS:
            self._note("S-26")
            del self.groups[MOST_TERMS:]
        groups = tuple(tuple(group[:MOST_TERMS]) for group in self.groups)
        return Query(groups, tuple(Note(c, *NOTES[c]) for c in dict.fromkeys(self.codes)))

    def _terms(self) -> list[Term]:
        negated = self._take_minus()
        if negated is None:
            return []
        number = self._take_number()
        if number is not None:
            return [Term(Kind.NUMBER, number, negated)]
        kind = self._take_prefix()
        value, quoted = self._take_value()
        if not fold(value):
            return self._empty(kind, value, negated)
        if kind is None:
            return [Term(Kind.PHRASE, value, negated)] if quoted else self._bare(value, negated)
        return [self._prefixed(kind, value, negated)]

    def _take_minus(self) -> bool | None:
        """Whether a minus stands here and something follows it; None where nothing does."""
        if self.text[self.at] not in _MINUS:
            return False
        if self.at + 1 >= len(self.text) or self.text[self.at + 1].isspace() or self.text[self.at + 1] in _EITHER:
            self.at += 1
            self._note("S-28")
            return None
        self.at += 1
        return True

    def _take_number(self) -> str | None:
        """A whole number here, blanks inside allowed, if it stands by itself."""
        for span in self.spans:
            ends = span.end == len(self.text) or bool(_BARE_END.match(self.text[span.end]))
            if span.start == self.at and ends:
                self.at = span.end
                return span.number
        return None

    def _take_prefix(self) -> Kind | None:
        match = _PREFIX.match(self.text, self.at)
        if match is None:
            return None
        kind = PREFIXES.get(match.group(1).lower())
        if kind is None:
            if match.group(1).isascii():
                self._note("S-25")
            return None
        self.at = match.end()
        self._skip_blank()
        return kind

    def _take_value(self) -> tuple[str, bool]:
        """The quoted phrase or bare word here, and whether it was quoted."""
        if self.at >= len(self.text):
            return "", False
        closers = _QUOTES.get(self.text[self.at])
        if closers:
            end = next((i for i in range(self.at + 1, len(self.text)) if self.text[i] in closers), -1)
            if end < 0:
                self._note("S-21")
                end = len(self.text)
            value, self.at = self.text[self.at + 1 : end], end + 1
            return value, True
        for span in self.spans:  # a number written with blanks behind its prefix is one value
            if span.start == self.at:
                self.at = max(span.end, self._bare_end(span.end))
                return self.text[span.start : self.at], False
        start, self.at = self.at, self._bare_end(self.at)
        return self.text[start : self.at], False

    def _bare_end(self, start: int) -> int:
        match = _BARE_END.search(self.text, start)
        end = match.start() if match else len(self.text)
        quote = next((i for i in range(start + 1, end) if self.text[i] in '"“＂「『'), end)
        return quote

    def _empty(self, kind: Kind | None, value: str, negated: bool) -> list[Term]:
        if kind is None:
            return []
        self._note("S-24")
        word = next(name for name, k in PREFIXES.items() if k is kind)
        return [Term(Kind.FREE, word, negated)]

    def _bare(self, value: str, negated: bool) -> list[Term]:
        if _CODE.fullmatch(fold_code(value)):
            return [Term(Kind.CODE, value, negated)]
        out: list[Term] = []
        at = 0
        for span in find_numbers(value):
            out += [Term(Kind.FREE, value[at : span.start], negated), Term(Kind.NUMBER, span.number, negated)]
            at = span.end
        out.append(Term(Kind.FREE, value[at:], negated))
        return [t for t in out if fold(t.text)]

    def _prefixed(self, kind: Kind, value: str, negated: bool) -> Term:
        if kind is Kind.NUMBER:
            if is_whole_number(value):
                return Term(kind, canonical(value), negated)
            self._note("S-27")
            return Term(Kind.FREE, value, negated)
        if kind is Kind.YEAR:
            return self._year(value, negated)
        return Term(kind, value, negated)

    def _year(self, value: str, negated: bool) -> Term:
        plain = fold(value).removesuffix("年")
        match = _YEARS.fullmatch(plain)
        if match is None or not (match.group(1) or match.group(3)):
            self._note("S-23")
            return Term(Kind.FREE, value, negated)
        first, dash, last = match.groups()
        low = int(first) if first else 0
        high = (int(last) if last else 9999) if dash else low
        return Term(Kind.YEAR, value, negated, min(low, high), max(low, high))

    def _skip_blank(self) -> bool:
        while self.at < len(self.text) and not fold(self.text[self.at]):
            self.at += 1
        return self.at < len(self.text)

    def _is_either(self) -> bool:
        return self.text[self.at] in _EITHER

    def _note(self, code: str) -> None:
        self.codes.append(code)
