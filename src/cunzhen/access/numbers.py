"""Personal numbers in text: they leave every plain field of the index and are found as whole numbers only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cunzhen.formats.identifiers import (
    find_identity_numbers,
    find_phones,
    is_identity_number,
    is_uscc,
    normalise_identity_number,
)

# A run of this many digits may be an account, a card or a serial of a case: treated as personal.
PERSONAL_DIGITS = 11
_IDENTITY = 18

_WIDE = {ord("０") + i: str(i) for i in range(10)} | {ord("Ｘ"): "X", ord("ｘ"): "x"}
_BLANKS = {code: " " for code in (0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0xA0, 0x3000, 0x2028, 0x2029)}
_PLAIN = _WIDE | _BLANKS
# What readers take for digits counts too: a garbled identity number is still one (formats.identifiers repairs it).
_DIGIT = "[0-9０-９OoQD〇lIi|!丨ZzSsBxXｘＸ×╳✕*乂]"
_CLUSTER = re.compile(rf"{_DIGIT}(?:[\s.·()-]{{0,2}}{_DIGIT}){{{PERSONAL_DIGITS - 1},}}")
_SOLID = re.compile(rf"(?<![0-9])(?:[0-9]{{17}}[Xx](?![0-9A-Za-z])|[0-9]{{{PERSONAL_DIGITS},}})")
_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Z]{18}(?![0-9A-Za-z])")
_CARD = re.compile(r"(?<![0-9])[3-6][0-9]{3}(?:[ -][0-9]{4}){3}(?:[ -][0-9]{1,3})?(?![0-9])")


@dataclass(frozen=True, slots=True)
class NumberSpan:
    """A whole number in text.

    Args:
        start, end: half-open range in the searched text.
        number: its one canonical form (see ``canonical``).
    """

    start: int
    end: int
    number: str


def find_numbers(text: str) -> list[NumberSpan]:
    """Every personal number in a text, in order, none overlapping: identity numbers (also spaced, also as readers
    garble them), phones, cards, and any run of eleven digits or more. Credit codes of employers are public and stay.
    """
    clusters = list(_CLUSTER.finditer(text))
    if not clusters:
        return []
    taken = [(m.start(), m.end()) for m in _CODE.finditer(text) if _is_public(m.group())]
    spans: list[NumberSpan] = []
    for cluster in clusters:
        before = max(0, cluster.start() - 1)  # one character on each side decides whether a run ends there
        window = text[before : cluster.end() + 1].translate(_PLAIN)
        for start, end, number in _candidates(window):
            start, end = start + before, end + before  # noqa: PLW2901 - the same range, in the whole text
            if not any(a < end and start < b for a, b in taken):
                taken.append((start, end))
                spans.append(NumberSpan(start, end, canonical(number)))
    return sorted(spans, key=lambda s: s.start)


def canonical(number: str) -> str:
    """The one form under which a number is filed: no separators, capital X, 15-place identity numbers as 18."""
    plain = "".join(c for c in number.translate(_PLAIN) if c.isascii() and c.isalnum()).upper()
    return normalise_identity_number(plain) if is_identity_number(plain) else plain


def clinging(number: str) -> list[str]:
    """Identity numbers at either end of a longer run: a reader may leave out the blank to the next column."""
    if len(number) <= _IDENTITY:
        return []
    return [n for n in (number[:_IDENTITY], number[-_IDENTITY:]) if is_identity_number(n)]


def is_whole_number(text: str) -> bool:
    """Whether a text consists of one personal number and nothing else."""
    spans = find_numbers(text)
    return len(spans) == 1 and spans[0].start == 0 and spans[0].end == len(text)


def _candidates(window: str) -> Iterator[tuple[int, int, str]]:
    """Numbers of each sort, the surest first; they may overlap."""
    for found in find_identity_numbers(window):
        yield found.start, found.end, found.number or found.raw
    for match in _SOLID.finditer(window):
        yield match.start(), match.end(), match.group()
    for phone in find_phones(window):
        yield phone.start, phone.end, phone.number
    for match in _CARD.finditer(window):
        if _passes_luhn(match.group()):
            yield match.start(), match.end(), match.group()


def _is_public(code: str) -> bool:
    return is_uscc(code) and not is_identity_number(code)


def _passes_luhn(number: str) -> bool:
    """The check digit of bank cards (ISO/IEC 7812-1 annex B)."""
    digits = [int(c) for c in reversed(number) if c.isdigit()]
    doubled = [d * 2 - 9 * (d > 4) for d in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
