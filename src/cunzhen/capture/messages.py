"""Wording of findings, from the data files, in both languages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Wording:
    """What a finding says and what to do, in Chinese and English; its property and whether it returns the item."""

    code: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str
    tested_property: str  # authenticity, integrity, usability or safety; empty for none
    severity: str

    def text(self, params: Mapping[str, object], language: str = "zh") -> str:
        """The sentence with its values filled in; a value that is missing is left out rather than failing."""
        template = self.zh if language.startswith("zh") else self.en
        return template.format_map(_Lenient(params))

    def remedy(self, language: str = "zh") -> str:
        """What to do next."""
        return self.remedy_zh if language.startswith("zh") else self.remedy_en

    @property
    def returns(self) -> bool:
        """Whether the item goes back to its sender."""
        return self.severity == "returned"


_FIELDS = ("zh", "en", "remedy_zh", "remedy_en", "property", "severity")


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"


@cache
def wordings() -> dict[str, Wording]:
    """Every finding's wording by its code."""
    found: dict[str, Wording] = {}
    folder = files("cunzhen.capture") / "data"
    for name in ("findings.json", "check_findings.json", "pile_findings.json"):
        raw = json.loads((folder / name).read_text(encoding="utf-8"))
        found |= {code: Wording(code, *(fields[name] for name in _FIELDS)) for code, fields in raw.items()}
    return found


def wording(code: str) -> Wording:
    """One finding's wording; a code that no file knows is shown as itself."""
    return wordings().get(code) or Wording(
        code, code, code, "请联系系统管理员。", "Tell your system officer.", "", "warning"
    )
