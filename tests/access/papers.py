"""Which numbers on a paper are somebody's, told by the standards and not by the product's own rules.

An identity number (GB 11643-1999), a telephone number (mobile: eleven digits from 13 to 19; fixed: an area code and a
local number, which never begins with 0 or 1, for those digits lead elsewhere), and any other run of eleven digits or
more, which may be an account or a card (ISO/IEC 7812-1). An employer's credit code (GB 32100-2015) is public.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Z]{18}(?![0-9A-Za-z])")
_CODE_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015 4.1: without I, O, S, V, Z
_PERSONAL = re.compile(
    r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9A-Za-z])"
    r"|(?<![0-9])[0-9]{11,}"
    r"|(?<![0-9])1[3-9][0-9](?:[ -][0-9]{4}){2}(?![0-9])"
    r"|(?<![0-9])0[1-9][0-9]{1,2}-[2-9][0-9]{6,7}(?![0-9])"
)
MARK = "\u2407"


def is_credit_code(text: str) -> bool:
    """GB 32100-2015 annex B: the weighted sum of all eighteen signs is a multiple of 31, the last one weighing one."""
    if len(text) != 18 or not set(text) <= set(_CODE_SIGNS):
        return False
    return (
        sum(_CODE_SIGNS.index(c) * pow(3, n, 31) for n, c in enumerate(text[:17])) + _CODE_SIGNS.index(text[17])
    ) % 31 == 0


def is_resident_number(text: str) -> bool:
    """GB 11643-1999: ISO 7064 MOD 11-2 over eighteen places, X for ten."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", text):
        return False
    return sum((10 if c == "X" else int(c)) * pow(2, 17 - n, 11) for n, c in enumerate(text)) % 11 == 1


def personal_numbers(text: str) -> Iterator[re.Match[str]]:
    """Every number of a text that is or may be somebody's."""
    codes = [m.span() for m in _CODE.finditer(text) if is_credit_code(m[0]) and not is_resident_number(m[0])]
    for match in _PERSONAL.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in codes):
            yield match


def without_personal(text: str) -> str:
    """The text with a mark in the place of each such number."""
    at, kept = 0, []
    for match in personal_numbers(text):
        kept.append(text[at : match.start()])
        at = match.end()
    return MARK.join([*kept, text[at:]])
