"""How well papers are described by themselves: precision and recall per written field, and calibration, as JSON.

Usage: python bench/describe.py [--samples DIR] [--read DIR] [--true-text] [--show]

Every set with an index below ``DIR/.truth`` is measured by itself. The pages are read by OCR as on the day they come
in; ``--read`` keeps the readings in a folder and takes them from there, ``--true-text`` measures on the papers' true
text as if reading were perfect. ``--show`` lists every difference on standard error.

What counts is what would be written into the record (``propose`` without a catalogue). ``sure`` items are those that
``--auto`` files without a person; ``sure_items_wrong`` are those of them with anything wrong in them. A missing value
lowers recall, not precision: nothing false is written. A title counts as right as it stands on the paper, with or
without the year in front; ``pairs`` are names with their numbers; ``mentions`` are people named beside the subject.
``calibration`` puts the best suggestion of every item into the bin of its confidence.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from cunzhen.capture.extraction import Suggestions, describe
from cunzhen.capture.extraction.layout import plain
from cunzhen.capture.proposal import Proposal, propose
from cunzhen.capture.readers import ReadingPool
from cunzhen.formats.identifiers import old_identity_number
from cunzhen.formats.page_text import PageText, Word
from cunzhen.formats.probes import identify
from cunzhen.holdings import kinds

FIELDS = (
    "kind", "series", "retention", "title", "year", "document_date", "unit", "uscc", "person_name", "id_number",
    "pairs", "mentions",
)  # fmt: skip
CALIBRATED = ("kind", "title", "year", "document_date", "unit", "uscc", "person_name", "id_number")
BINS = (0.0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0001)
_SHORT_CATEGORIES = {
    "管理": "GL", "征缴": "ZJ", "养老": "YL", "医疗": "YB", "失业": "SB", "工伤": "GS", "生育": "SY", "统计": "TJ", "稽核": "JH",
}  # fmt: skip
Values = Mapping[str, set[str]]


@dataclass(frozen=True)
class Paper:
    """One item with its truth, the true text of its pages, their titles, and the pages as read."""

    name: str
    truth: Mapping[str, Any]
    said: str
    titles: frozenset[str]
    pages: tuple[PageText, ...]


@dataclass(frozen=True)
class Result:
    """What the machine made of a paper, beside what is true."""

    paper: Paper
    truth: Values
    found: Values
    suggestions: Suggestions
    proposal: Proposal


def main(arguments: list[str] | None = None) -> int:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, default=Path(__file__).parent.parent / "samples")
    parser.add_argument("--read", type=Path, default=None, help="folder that keeps the readings")
    parser.add_argument("--true-text", action="store_true", help="measure as if reading were perfect")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args(arguments)
    indexes = sorted((options.samples / ".truth").rglob("index.json"), key=lambda p: len(p.parts))
    with tempfile.TemporaryDirectory() as folder:
        readings = None if options.true_text else options.read or Path(folder)
        if readings:
            read_missing(options.samples, indexes, readings)
        names = _kind_names(Path(__file__).parent / "kind_names.json")
        sets = {
            index.parent.relative_to(options.samples / ".truth").as_posix(): measure(
                list(load_papers(options.samples, index, readings)), names, show=options.show
            )
            for index in indexes
        }
    print(json.dumps({"name": "describe", "sets": sets}, ensure_ascii=False, indent=1))
    return 0


def read_missing(samples: Path, indexes: Sequence[Path], readings: Path) -> None:
    """Read the files of all items that have no reading yet."""
    wanted = [name for index in indexes for item in _items(index) for name in item["files"]]
    missing = [name for name in wanted if not (readings / f"{name}.json").exists()]
    with ReadingPool(1) as pool:
        pairs = list(zip([samples / n for n in missing], identify([samples / n for n in missing]), strict=True))
        for number, result in pool.read_many(pairs):
            out = readings / f"{missing[number]}.json"
            out.parent.mkdir(parents=True, exist_ok=True)
            pages = b",".join(page.text.to_json() for page in result.pages)
            out.write_bytes(b"[" + pages + b"]")


def load_papers(samples: Path, index: Path, readings: Path | None) -> Iterator[Paper]:
    """Items of a truth index whose files can all be opened."""
    for item in _items(index):
        truths = [json.loads((samples / ".truth" / f"{name}.json").read_text("utf-8")) for name in item["files"]]
        told = [page for truth in truths for page in truth.get("pages", [])]
        pages = [_true_page(page) for page in told]
        if readings:
            raw = [p for n in item["files"] for p in json.loads((readings / f"{n}.json").read_text("utf-8"))]
            pages = [PageText.from_json(json.dumps(page).encode()) for page in raw]
        if told:
            said = "".join(plain(line["text"]) for page in told for line in page["lines"])
            yield Paper(item["files"][0], item, said, frozenset(_paper_titles(told)), tuple(pages))


def measure(papers: Sequence[Paper], names: Mapping[str, str], *, show: bool = False) -> dict[str, object]:
    """Counts over all papers of a set."""
    started = time.process_time()
    described = [describe(paper.pages) for paper in papers]
    spent = time.process_time() - started
    results = [_result(paper, found, names) for paper, found in zip(papers, described, strict=True)]
    sure = [r for r in results if not r.proposal.unsure]
    if show:
        for result in results:
            _show(result)
    pages = sum(len(paper.pages) for paper in papers)
    return {
        "items": len(papers),
        "pages": pages,
        "sure_items": len(sure),
        "sure_items_wrong": sum(any(r.found[f] - r.truth[f] for f in FIELDS) for r in sure),
        "cpu_ms_per_page": round(spent * 1000 / max(1, pages), 3),
        "characters_per_page": round(sum(len(p.text) for paper in papers for p in paper.pages) / max(1, pages)),
        "fields_of_sure_items": _table(sure),
        "fields": _table(results),
        "calibration": _calibration(results),
    }


def _result(paper: Paper, suggestions: Suggestions, names: Mapping[str, str]) -> Result:
    proposal = propose(suggestions, {})
    found = _found(proposal, {p.name for p in suggestions.persons if p.role == "subject" or p.id_number})
    truth = _truth(paper, names, _first(found["kind"]))
    if found["title"] <= paper.titles or (
        not any(paper.titles) and found["title"] == {kinds.kind_name(_first(found["kind"]))}
    ):
        # As it stands on the paper; a card that bears no title is called by the name of its kind.
        truth["title"] = found["title"] or truth["title"]
    known = kinds.all_kinds().get(next(iter(truth["kind"])))
    if not truth["person_name"] and known and known.subject == "many":
        # The index does not list the people of old rosters; whether they stand on the paper is what can be told.
        truth["person_name"] = {n for n in found["person_name"] if n in paper.said}
        truth["pairs"] = {p for p in found["pairs"] if p.split()[0] in paper.said}
    truth["mentions"] = {n for n in found["mentions"] if n in paper.said}
    return Result(paper, truth, found, suggestions, proposal)


def _truth(paper: Paper, names: Mapping[str, str], found_kind: str) -> dict[str, set[str]]:
    """What the index knows, as far as the paper says it: the rest cannot be read from it."""
    item = paper.truth
    accepted = names.get(item["kind"], item["kind"]).split("|")
    kind = found_kind if found_kind in accepted else accepted[0]
    persons = [(p["name"], p["id_number"] if _is_said(p["id_number"], paper.said) else "") for p in item["persons"]]
    return {
        "kind": {kind},
        "series": {kinds.series_of(kind) or _SHORT_CATEGORIES.get(item["category"], item["category"])},
        "retention": {_term(kind)},
        "title": {_title(item["title"])},
        "year": {str(item["year"])},
        "document_date": _one(item["document_date"]),
        "unit": _one(plain(item["unit"])),
        "uscc": _one(item["uscc"]) if item["uscc"] in paper.said else set(),
        "person_name": {name for name, _ in persons},
        "id_number": {number for _, number in persons if number},
        "pairs": {f"{name} {number}" for name, number in persons if number},
    }


def _found(proposal: Proposal, subjects: set[str]) -> dict[str, set[str]]:
    """What would be written."""
    described = proposal.description
    named = [p for p in described.persons if p.name]
    return {
        "kind": _one(described.kind),
        "series": _one(described.series),
        "retention": {_term(described.kind)} if described.kind else set(),
        "title": _one(_title(described.title)),
        "year": {str(described.year)} if described.year else set(),
        "document_date": _one(described.document_date),
        "unit": {plain(u.name) for u in described.units if u.name},
        "uscc": {u.uscc for u in described.units if u.uscc},
        "person_name": {p.name for p in named} & subjects,
        "id_number": {p.id_number for p in described.persons if p.id_number},
        "pairs": {f"{p.name} {p.id_number}" for p in named if p.id_number},
        "mentions": {p.name for p in named} - subjects,
    }


def _table(results: Sequence[Result]) -> dict[str, dict[str, float | int]]:
    right, given, wanted = (Counter[str]() for _ in range(3))
    for r in results:
        for name in FIELDS:
            right[name] += len(r.truth[name] & r.found[name])
            given[name] += len(r.found[name])
            wanted[name] += len(r.truth[name])
    return {
        name: {
            "precision": round(right[name] / given[name], 4) if given[name] else 1.0,
            "recall": round(right[name] / wanted[name], 4) if wanted[name] else 1.0,
            "written": given[name],
            "true": wanted[name],
        }
        for name in FIELDS
    }


def _calibration(results: Sequence[Result]) -> dict[str, list[dict[str, float | int]]]:
    """For every field the best suggestion of each item (persons: every one) by its confidence."""
    tallies: dict[str, dict[int, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for r in results:
        for name in CALIBRATED:
            listed = r.suggestions.fields.get(name, ())
            for one in listed if name in ("person_name", "id_number") else listed[:1]:
                value = _title(one.value) if name == "title" else plain(one.value) if name == "unit" else one.value
                at = next(i for i, (low, high) in enumerate(pairwise(BINS)) if low <= one.confidence < high)
                good = r.truth[name] | ({n for n in (value,) if n in r.paper.said} if name == "person_name" else set())
                tallies[name][at].append(value in good)
    return {
        name: [
            {"from": BINS[at], "count": len(hits), "right": round(sum(hits) / len(hits), 4)}
            for at, hits in sorted(bins.items())
        ]
        for name, bins in tallies.items()
    }


def _show(result: Result) -> None:
    unsure, contradictions = result.proposal.unsure, result.suggestions.contradictions
    state = "sure" if not unsure else f"waits: {list(unsure)} {list(contradictions)}"
    print(result.paper.name, state, file=sys.stderr)
    for field in FIELDS:
        missed, extra = result.truth[field] - result.found[field], result.found[field] - result.truth[field]
        if missed or extra:
            print(f"    {field}: missed {sorted(missed)} extra {sorted(extra)}", file=sys.stderr)


def _items(index: Path) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(index.read_text("utf-8"))["items"]
    return items


def _paper_titles(pages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Titles as they stand on the pages: all title lines of a page together."""
    for page in pages:
        yield "".join(_title(line["text"]) for line in page["lines"] if line.get("role") == "title")


def _is_said(number: str, said: str) -> bool:
    """Whether the paper carries the number, in its new or its old form."""
    return bool(number) and (number in said or old_identity_number(number) in said)


def _term(kind: str) -> str:
    """Retention of a kind as the shipped schedule has it; 待确认 where it has no term."""
    rows = {(row.category, row.number): row for row in kinds.schedule_data().rows}
    row = rows.get(kinds.schedule_key(kind))
    return kinds.term_name(row.term if row else "")


def _true_page(page: Mapping[str, Any]) -> PageText:
    words = tuple(
        Word(line["text"], (line["box"][0], line["box"][1], line["box"][2], line["box"][3]), 1.0, number)
        for number, line in enumerate(page["lines"])
    )
    return PageText(page["width"], page["height"], 0, 0.0, not words, words, "truth")


def _title(text: str) -> str:
    """Titles are compared without spaces and at half width."""
    return unicodedata.normalize("NFKC", plain(text))


def _first(values: set[str]) -> str:
    return next(iter(values), "")


def _one(text: str) -> set[str]:
    return {text} if text else set()


def _kind_names(path: Path) -> dict[str, str]:
    names = {kind.name: kind.code for kind in kinds.all_kinds().values()}
    if path.exists():
        names |= json.loads(path.read_text("utf-8"))
    return names


if __name__ == "__main__":
    raise SystemExit(main())
