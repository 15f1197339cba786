"""What can be wrong with a copy, in words: ``data/problems.json``."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources


def problem_text(code: str, *, chinese: bool) -> str:
    """The sentence for a code such as ``P-V-05``; the code itself where there is none."""
    words = _problems().get(code)
    return code if words is None else words["zh" if chinese else "en"]


@lru_cache(maxsize=1)
def _problems() -> dict[str, dict[str, str]]:
    text = resources.files("cunzhen.preservation").joinpath("data/problems.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = json.loads(text)
    return found
