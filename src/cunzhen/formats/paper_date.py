"""Dates as precisely as the paper has them: every way people write one, and the one way it is kept."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

# 2012-10-18, 2012.10, 2012/10/18; the two separators are alike.
_SEPARATED = re.compile(r"(\d{4})(?:([-./])(\d{1,2})(?:\2(\d{1,2}))?)?", re.ASCII)
# 2012年10月18日, 2012年10月, 2012年; also without the last word.
_CHINESE = re.compile(r"(\d{4})年(?:(\d{1,2})(?:月(?:(\d{1,2})[日号]?)?)?)?", re.ASCII)
# 20121018, 201210.
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})?", re.ASCII)


def normal_date(text: str) -> str:
    """A date as it is kept, ``2012-10-18``, ``2012-10`` or ``2012``; empty where the text is no date of the calendar.

    Args:
        text: 2012-10-18, 2012.10.18, 2012/10/18, 20121018, 201210, 2012年10月18日, 2012年10月, 2012年, 2012; digits and
            marks may be full-width, with blanks between.
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).replace("。", ".")
    for pattern, groups in ((_SEPARATED, (1, 3, 4)), (_CHINESE, (1, 2, 3)), (_COMPACT, (1, 2, 3))):
        match = pattern.fullmatch(plain)
        if match:
            return _normal(*(match[group] for group in groups))
    return ""


def is_normal_date(text: str) -> bool:
    """Whether a date stands as it is kept."""
    return bool(text) and normal_date(text) == text


def _normal(year: str, month: str | None, day: str | None) -> str:
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return ""
    return "-".join([year, *(part.zfill(2) for part in (month, day) if part)])
