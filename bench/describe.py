"""How well the description rules find what the sample papers say: precision and recall per field, as JSON.

``python bench/describe.py`` measures on the papers' true text (perfect reading); ``--read DIR`` measures on page
readings kept as ``<file>.json`` (a list of PageText objects) below DIR. ``--show`` lists every miss.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cunzhen.capture.extraction import Suggestions, describe, is_sure
from cunzhen.capture.extraction.layout import plain
from cunzhen.formats.identifiers import old_identity_number
from cunzhen.formats.page_text import PageText, Word
from cunzhen.holdings import kinds

FIELDS = ("kind", "category", "title", "year", "document_date", "unit", "uscc", "person_name", "id_number")
_SHORT_CATEGORIES = {
    "管理": "GL", "征缴": "ZJ", "养老": "YL", "医疗": "YB", "失业": "SB", "工伤": "GS", "生育": "SY", "统计": "TJ", "稽核": "JH",
}  # fmt: skip


@dataclass(frozen=True)
class Paper:
    """One item with its truth and its pages."""

    name: str
    truth: Mapping[str, Any]
    pages: tuple[PageText, ...]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, default=Path(__file__).parent.parent / "samples")
    parser.add_argument("--read", type=Path, default=None)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args(arguments)
    names = _kind_names(Path(__file__).parent / "kind_names.json")
    papers = list(load_papers(options.samples, options.read))
    print(json.dumps(measure(papers, names, show=options.show), ensure_ascii=False, indent=1))
    return 0


def load_papers(samples: Path, read: Path | None) -> Iterator[Paper]:
    """Items of the truth index whose files can all be opened."""
    index = json.loads((samples / ".truth" / "index.json").read_text("utf-8"))
    for item in index["items"]:
        pages: list[PageText] = []
        for name in item["files"]:
            if read is None:
                truth = json.loads((samples / ".truth" / f"{name}.json").read_text("utf-8"))
                pages += [_true_page(page) for page in truth.get("pages", [])]
            elif (read / f"{name}.json").exists():
                raw = json.loads((read / f"{name}.json").read_text("utf-8"))
                pages += [PageText.from_json(json.dumps(page).encode()) for page in raw]
        if pages:
            yield Paper(item["files"][0], item, tuple(pages))


def measure(papers: list[Paper], names: Mapping[str, str], *, show: bool = False) -> dict[str, object]:
    """Counts over all papers; ``sure`` counts only papers that would be filed without a person."""
    every, sure = _Counts(), _Counts()
    accepted = {name: set(codes.split("|")) for name, codes in names.items()}
    aliases = {name: codes.split("|")[0] for name, codes in names.items()}
    sure_papers = characters = pages = 0
    started = time.process_time()
    described = [describe(paper.pages) for paper in papers]
    spent = time.process_time() - started
    for paper, suggestions in zip(papers, described, strict=True):
        truth, found = _truth(paper, aliases), _found(suggestions)
        if found["kind"] and found["kind"] <= accepted.get(paper.truth["kind"], set()):
            truth["kind"], truth["category"] = found["kind"], found["category"]
        known = kinds.all_kinds().get(next(iter(truth["kind"])))
        if not truth["person_name"] and known and known.subject == "many":
            # The index does not list the people of old rosters.
            found["person_name"] = set()
        doubts = is_sure(suggestions)
        sure_papers += not doubts
        for counts in [every] if doubts else [every, sure]:
            counts.add(truth, found)
        pages += len(paper.pages)
        characters += sum(len(p.text) for p in paper.pages)
        if show:
            _show(paper.name, truth, found, doubts, suggestions)
    return {
        "name": "describe",
        "items": len(papers),
        "pages": pages,
        "sure_items": sure_papers,
        "cpu_ms_per_page": round(spent * 1000 / max(1, pages), 3),
        "characters_per_page": round(characters / max(1, pages)),
        "fields": every.table(),
        "fields_of_sure_items": sure.table(),
    }


class _Counts:
    def __init__(self) -> None:
        self.right: Counter[str] = Counter()
        self.given: Counter[str] = Counter()
        self.wanted: Counter[str] = Counter()

    def add(self, truth: Mapping[str, set[str]], found: Mapping[str, set[str]]) -> None:
        for name in FIELDS:
            self.right[name] += len(truth[name] & found[name])
            self.given[name] += len(found[name])
            self.wanted[name] += len(truth[name])

    def table(self) -> dict[str, dict[str, float | int]]:
        return {
            name: {
                "precision": round(self.right[name] / self.given[name], 4) if self.given[name] else 1.0,
                "recall": round(self.right[name] / self.wanted[name], 4) if self.wanted[name] else 1.0,
                "found": self.given[name],
                "true": self.wanted[name],
            }
            for name in FIELDS
        }


def _truth(paper: Paper, aliases: Mapping[str, str]) -> dict[str, set[str]]:
    item = paper.truth
    said = "".join(c for page in paper.pages for c in plain(page.text))
    kind = aliases.get(item["kind"], item["kind"])
    category = kinds.series_of(kind) or _SHORT_CATEGORIES.get(item["category"], item["category"])
    # What the index knows but the paper does not say cannot be read from it.
    return {
        "kind": {kind},
        "category": {category},
        "title": {_title(item["title"])},
        "year": {str(item["year"])},
        "document_date": _one(item["document_date"]),
        "unit": _one(plain(item["unit"])),
        "uscc": _one(item["uscc"]) if item["uscc"] in said else set(),
        "person_name": {p["name"] for p in item["persons"]},
        "id_number": {p["id_number"] for p in item["persons"] if _is_said(p["id_number"], said)},
    }


def _is_said(number: str, said: str) -> bool:
    """Whether the paper carries the number, in its new or its old form."""
    return bool(number) and (number in said or old_identity_number(number) in said)


def _found(suggestions: Suggestions) -> dict[str, set[str]]:
    kind = suggestions.value("kind")
    return {
        "kind": _one(kind),
        "category": _one(kinds.series_of(kind)),
        "title": _one(_title(suggestions.value("title"))),
        "year": _one(suggestions.value("year")),
        "document_date": _one(suggestions.value("document_date")),
        "unit": _one(plain(suggestions.value("unit"))),
        "uscc": _one(suggestions.value("uscc")),
        "person_name": {p.name for p in suggestions.persons if p.role == "subject" or p.id_number},
        "id_number": {p.id_number for p in suggestions.persons if p.id_number},
    }


def _show(
    name: str, truth: Mapping[str, set[str]], found: Mapping[str, set[str]], doubts: list[str], suggestions: Suggestions
) -> None:
    wrong = {f: (sorted(truth[f] - found[f]), sorted(found[f] - truth[f])) for f in FIELDS if truth[f] != found[f]}
    print(name, "sure" if not doubts else f"waits: {doubts} {suggestions.contradictions}", file=sys.stderr)
    for field, (missed, extra) in wrong.items():
        print(f"    {field}: missed {missed} extra {extra}", file=sys.stderr)


def _true_page(page: Mapping[str, Any]) -> PageText:
    words = tuple(
        Word(line["text"], (line["box"][0], line["box"][1], line["box"][2], line["box"][3]), 1.0, number)
        for number, line in enumerate(page["lines"])
    )
    return PageText(page["width"], page["height"], 0, 0.0, not words, words, "truth")


def _title(text: str) -> str:
    """Titles are compared without spaces and at half width."""
    return unicodedata.normalize("NFKC", plain(text))


def _one(text: str) -> set[str]:
    return {text} if text else set()


def _kind_names(path: Path) -> dict[str, str]:
    names = {kind.name: kind.code for kind in kinds.all_kinds().values()}
    if path.exists():
        names |= json.loads(path.read_text("utf-8"))
    return names


if __name__ == "__main__":
    raise SystemExit(main())
