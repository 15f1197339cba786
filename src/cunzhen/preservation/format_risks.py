"""How well formats will be readable in fifty years, as data: what stands in the file is known, all else 待确认."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources


class Risk(StrEnum):
    """How soon something has to be done about a format."""

    HIGH = "high"
    UNKNOWN = "unknown"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class FormatRisk:
    """What is known of a format.

    Args:
        name: as people call it; empty where nothing is known.
        risk: our judgement.
        chinese, english: why, and what to do.
        source: what the judgement rests on.
    """

    name: str
    risk: Risk
    chinese: str
    english: str
    source: str


UNKNOWN = FormatRisk(
    "",
    Risk.UNKNOWN,
    "没有这种格式的依据，风险待确认。请先核实格式，再决定是否制作衍生件。",
    "Nothing is on record about this format. Establish what it is, then decide on a rendition.",
    "",
)


def risk_of(puid: str) -> FormatRisk:
    """What is known of the format that a PRONOM identifier names."""
    return _risks().get(puid, UNKNOWN)


@lru_cache(maxsize=1)
def _risks() -> dict[str, FormatRisk]:
    text = resources.files("cunzhen.preservation").joinpath("data/format_risks.json").read_text(encoding="utf-8")
    return {
        puid: FormatRisk(group["name"], Risk(group["risk"]), group["zh"], group["en"], group["source"])
        for group in json.loads(text)
        for puid in group["puids"]
    }
