"""Values as they may come in: texts without control characters and no longer than their column, numbers in bounds."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import AfterValidator, StringConstraints

from cunzhen.holdings.kinds import is_series


def _clean(text: str) -> str:
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        raise ValueError("control character")
    return text


def _series(code: str) -> str:
    if code and not is_series(code):
        raise ValueError("unknown series")
    return code


Name = Annotated[str, StringConstraints(max_length=200), AfterValidator(_clean)]
FilePath = Annotated[str, StringConstraints(max_length=900), AfterValidator(_clean)]
Code = Annotated[str, StringConstraints(max_length=80), AfterValidator(_clean)]
SeriesCode = Annotated[str, StringConstraints(max_length=10), AfterValidator(_series)]
Year = Annotated[int, Ge(1900), Le(2999)]
Limit = Annotated[int, Ge(1), Le(200)]
HitLimit = Annotated[int, Ge(1), Le(100)]
PageNumber = Annotated[int, Ge(1), Le(10_000)]
QueryText = Annotated[str, StringConstraints(max_length=2_000)]
