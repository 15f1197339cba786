"""Archival codes (档号) by template: the template is data, this is its grammar (DA/T 13-2022).

A template is literal text with parts in braces: ``{全宗}-ZY·SB{类别}·{年度}-{件6}``. The digit after a serial part
is its width. Separators are ``-`` between the levels and ``·`` inside the class.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from cunzhen.errors import Invalid

DEFAULT_TEMPLATE = "{全宗}-ZY·SB{类别}·{年度}-{件6}"
# Settings an agency may choose later: with term and volume, and by item in the manner of DA/T 22-2015.
VOLUME_TEMPLATE = "{全宗}-ZY·SB{类别}·{年度}·{期限}-{案卷4}-{件4}"
ITEM_TEMPLATE = "{全宗}-WS·{年度}-{期限}-{机构}-{件4}"

# One regular expression per part (DA/T 13-2022: class codes from A-Z and 0-9, the term Y or D and years).
_PATTERNS = {
    "全宗": r"[A-Z0-9]{2,8}",
    "类别": r"[A-Z0-9]{1,8}",
    "年度": r"(?:1[89]|20)[0-9]{2}",
    "期限": r"Y|D(?:[1-9][0-9]{0,2})",
    "机构": r"[A-Z0-9\u4e00-\u9fff]{1,12}",
}
_SERIALS = ("目录", "案卷", "组", "册", "件", "页")
_PART = re.compile(r"\{([^{}0-9]+)([0-9]*)\}")
_LITERAL = re.compile(r"[A-Z0-9·-]*")
_NARROWEST, _WIDEST = 1, 9

# code -> (Chinese, English); numbers are stable, the wording may change.
PROBLEMS: Mapping[str, tuple[str, str]] = {
    "AC-01": ("模板的花括号不成对。", "The template's braces do not pair."),
    "AC-02": ("模板含有未知的组成部分。", "The template names an unknown part."),
    "AC-03": ("模板中同一部分出现两次。", "The template names a part twice."),
    "AC-04": (
        "流水号部分必须写明1至9位的位数，其他部分不写位数。",
        "Serial parts need a width of 1-9, other parts none.",
    ),
    "AC-05": ("两个组成部分之间缺少“-”或“·”或固定字符。", "Two parts stand side by side without a separator."),
    "AC-06": ("模板的固定字符只能用大写字母、数字、“-”和“·”。", "Fixed text may hold A-Z, 0-9, '-' and '·' only."),
    "AC-07": ("模板缺少全宗或件号。", "The template lacks the fonds or the item serial."),
    "AC-11": ("档号缺少所需的组成部分。", "A part that the code needs is missing."),
    "AC-12": ("档号的组成部分不合规则。", "A part of the code breaks its rule."),
    "AC-13": ("流水号超出模板规定的位数。", "The serial does not fit the template's width."),
    "AC-21": ("档号与模板的结构不符。", "The code does not have the template's structure."),
    "AC-22": ("流水号不能为零。", "Serials start at one."),
    "AC-23": ("档号含有空格或全角字符。", "The code holds spaces or full-width characters."),
}


@dataclass(frozen=True, slots=True)
class CodePart:
    """One element of a template: ``name`` empty for fixed text, ``width`` 0 where the part is no serial."""

    name: str
    width: int
    text: str


@dataclass(frozen=True, slots=True)
class CodeProblem:
    """One numbered finding on a code: its number and the part it is about (empty for the whole)."""

    code: str
    part: str

    @property
    def message(self) -> str:
        """Chinese sentence."""
        return PROBLEMS[self.code][0]

    @property
    def english(self) -> str:
        """English sentence."""
        return PROBLEMS[self.code][1]


@dataclass(frozen=True, slots=True)
class CodeTemplate:
    """A checked template.

    Args:
        source: the text it was made from.
        parts: in order.
        pattern: matches exactly the codes that the template can make.
    """

    source: str
    parts: tuple[CodePart, ...]
    pattern: re.Pattern[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The parts whose values it needs, in order."""
        return tuple(p.name for p in self.parts if p.name)

    @property
    def needs_term(self) -> bool:
        """Whether a retention period must be known before a number can be given."""
        return "期限" in self.names

    @property
    def needs_volume(self) -> bool:
        """Whether the item must lie in a volume before a number can be given."""
        return "案卷" in self.names

    def serial_width(self, name: str = "件") -> int:
        """Digits of a serial part; 0 where the template has no such part."""
        return next((p.width for p in self.parts if p.name == name), 0)

    def format(self, values: Mapping[str, str | int]) -> str:
        """The code made of these values.

        Args:
            values: part name to value; serials as numbers or digits, the term as ``Y`` or ``D30``.

        Raises:
            Invalid: ``AC-11`` missing part, ``AC-12`` value breaks its rule, ``AC-13`` serial too long, ``AC-22`` zero.
        """
        return "".join(part.text if not part.name else _render(part, values) for part in self.parts)

    def parse(self, code: str) -> dict[str, str]:
        """Part name to text, as it stands in the code.

        Raises:
            Invalid: the first problem that ``problems`` finds.
        """
        found = self.problems(code)
        if found:
            raise Invalid(found[0].code, found[0].message, found[0].english, part=found[0].part)
        match = self.pattern.fullmatch(code)
        return {} if match is None else dict(zip(self.names, match.groups(), strict=True))

    def problems(self, code: str) -> tuple[CodeProblem, ...]:
        """Every numbered reason why the code is not one of this template; empty where it is."""
        if any(c.isspace() or "\uff01" <= c <= "\uff5e" for c in code):
            return (CodeProblem("AC-23", ""),)
        match = self.pattern.fullmatch(code)
        if match is None:
            return self._blame(code)
        values = zip(self.names, match.groups(), strict=True)
        return tuple(CodeProblem("AC-22", name) for name, text in values if name in _SERIALS and not int(text))

    def _blame(self, code: str) -> tuple[CodeProblem, ...]:
        """Match with free parts to tell a wrong value from a wrong structure."""
        loose = "".join("([^-·]*)" if p.name else re.escape(p.text) for p in self.parts)
        match = re.fullmatch(loose, code)
        if match is None:
            return (CodeProblem("AC-21", ""),)
        named = [p for p in self.parts if p.name]
        pairs = zip(named, match.groups(), strict=True)
        return tuple(CodeProblem(_value_problem(p, text), p.name) for p, text in pairs if not _fits(p, text))


@lru_cache(maxsize=256)
def parse_template(source: str) -> CodeTemplate:
    """Check a template and make it ready.

    Raises:
        Invalid: ``AC-01`` to ``AC-07``.
    """
    parts: list[CodePart] = []
    at = 0
    for match in _PART.finditer(source):
        parts += _fixed(source[at : match.start()])
        parts.append(_part(match.group(1), match.group(2)))
        at = match.end()
    parts += _fixed(source[at:])
    _check_template(parts)
    pattern = "".join(f"({_part_pattern(p)})" if p.name else re.escape(p.text) for p in parts)
    return CodeTemplate(source, tuple(parts), re.compile(pattern))


def format_code(template: str, values: Mapping[str, str | int]) -> str:
    """The archival code that a template makes of values; see ``CodeTemplate.format``."""
    return parse_template(template).format(values)


def parse_code(template: str, code: str) -> dict[str, str]:
    """The parts of a code; see ``CodeTemplate.parse``."""
    return parse_template(template).parse(code)


def term_code(term: str) -> str:
    """Retention period as DA/T 13-2022 writes it: ``Y`` stays, ``30`` becomes ``D30``.

    Raises:
        Invalid: ``AC-12`` where the term is unknown (待确认) or no number of years.
    """
    code = term if term == "Y" else f"D{term}"
    if not re.fullmatch(_PATTERNS["期限"], code):
        raise _invalid("AC-12", "期限")
    return code


def _fixed(text: str) -> list[CodePart]:
    if not text:
        return []
    if "{" in text or "}" in text:
        raise _invalid("AC-01")
    if not _LITERAL.fullmatch(text):
        raise _invalid("AC-06")
    return [CodePart("", 0, text)]


def _part(name: str, width: str) -> CodePart:
    if name not in _PATTERNS and name not in _SERIALS:
        raise _invalid("AC-02", name)
    if (name in _SERIALS) != bool(width) or (width and not _NARROWEST <= int(width) <= _WIDEST):
        raise _invalid("AC-04", name)
    return CodePart(name, int(width or 0), "")


def _check_template(parts: list[CodePart]) -> None:
    names = [p.name for p in parts if p.name]
    if len(names) != len(set(names)):
        raise _invalid("AC-03")
    if any(a.name and b.name for a, b in pairwise(parts)):
        raise _invalid("AC-05")
    if "全宗" not in names or "件" not in names:
        raise _invalid("AC-07")


def _part_pattern(part: CodePart) -> str:
    return f"[0-9]{{{part.width}}}" if part.width else _PATTERNS[part.name]


def _fits(part: CodePart, text: str) -> bool:
    return re.fullmatch(_part_pattern(part), text) is not None


def _value_problem(part: CodePart, text: str) -> str:
    if not text:
        return "AC-11"
    return "AC-13" if part.width and text.isascii() and text.isdigit() else "AC-12"


def _render(part: CodePart, values: Mapping[str, str | int]) -> str:
    value = str(values.get(part.name, ""))
    if not value:
        raise _invalid("AC-11", part.name)
    if part.width and value.isascii() and value.isdigit():
        if int(value) == 0:
            raise _invalid("AC-22", part.name)
        value = value.lstrip("0").zfill(part.width)
    if not _fits(part, value):
        raise _invalid(_value_problem(part, value), part.name)
    return value


def _invalid(code: str, part: str = "") -> Invalid:
    return Invalid(code, *PROBLEMS[code], part=part)
