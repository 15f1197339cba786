"""Reading of the sample pages: accuracy against their truth, pages a minute, CPU and memory; prints one JSON object.

Usage: python bench/ocr.py [--samples DIR] [--engine tiered|tiny|small] [--readers N] [--limit N] [--per-file]

Character accuracy is 1 - edit distance / length of the truth, after white space is taken out and full-width
punctuation is folded to its half-width form (both are the typesetter's choice, not the reader's). The read lines of a
page are compared where they lie: words and truth lines that cover each other form a cluster, and the cluster's
texts are
compared, because truth lists the cells of a form in an order of its own. Words on no line count as insertions in full
unless a seal of the truth covers them (what stands in a seal's ring is not part of the text). Words that a clerk struck
out may be read or not. A line is accurate where its text is found exactly. Bad files are left out.

The pages under hard/ are a group of their own and count in no other. The clean group: scanned pages without any
defect of the scan; handwriting is no such defect. Pages a minute and CPU count
scanned pages only, though the digital ones are read in the same run.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from cunzhen.capture.readers import ReadFile, ReadingPool
from cunzhen.formats.page_text import PageText, Word
from cunzhen.formats.probes import identify

Box = tuple[float, float, float, float]
_SHARED = 0.3
_FOLDED = str.maketrans("：；，（）！？％／－〔〕“”‘’。", ":;,()!?%/-[]\"\"''.")


def distance(a: str, b: str) -> int:
    """Levenshtein distance by Myers' bit vectors: one integer operation a character, exact for any length."""
    if not a or not b:
        return len(a) + len(b)
    positions: dict[str, int] = {}
    for place, letter in enumerate(a):
        positions[letter] = positions.get(letter, 0) | (1 << place)
    mask, top = (1 << len(a)) - 1, 1 << (len(a) - 1)
    plus, minus, score = mask, 0, len(a)
    for letter in b:
        equal = positions.get(letter, 0)
        vertical = equal | minus
        horizontal = (((equal & plus) + plus) ^ plus) | equal
        up, down = minus | ~(horizontal | plus), plus & horizontal
        score += bool(up & top) - bool(down & top)
        up, down = (up << 1) | 1, down << 1
        plus, minus = (down | ~(vertical | up)) & mask, up & vertical & mask
    return score


def fold(text: str) -> str:
    """What is compared: no white space, half-width punctuation."""
    return "".join(text.split()).translate(_FOLDED)


@dataclass
class Tally:
    """Sums over pages."""

    pages: int = 0
    letters: int = 0
    errors: int = 0
    lines: int = 0
    right: int = 0

    def add(self, letters: int, errors: int, lines: int, right: int) -> None:
        self.pages += 1
        self.letters += letters
        self.errors += errors
        self.lines += lines
        self.right += right

    def shares(self) -> dict[str, float]:
        """Accuracy of characters and lines."""
        return {
            "pages": self.pages,
            "character_accuracy": round(1 - self.errors / max(1, self.letters), 4),
            "line_accuracy": round(self.right / max(1, self.lines), 4),
        }


def score_page(truth: dict[str, Any], text: PageText) -> tuple[int, int, int, int]:
    """(letters, errors, lines, right lines) of one page."""
    lines = [_Line(fold(x["text"]), _moved(x["box"], truth, text), x["role"] == "struck") for x in truth["lines"]]
    seals = [_moved(s["box"], truth, text) for s in truth.get("seals", [])]
    letters = errors = right = count = 0
    for cluster, words in _clusters(lines, text.words):
        if not cluster:
            errors += sum(len(fold(w.text)) for w in words if not any(_within(w.box, s) for s in seals))
            continue
        got = fold("".join(w.text for w in words))
        kept = [line for line in cluster if not line.struck]
        wanted = "".join(line.text for line in kept)
        letters += len(wanted)
        errors += min(distance(wanted, got), distance("".join(line.text for line in cluster), got))
        count += len(kept)
        right += sum(line.text in got for line in kept)
    return letters, errors, count, right


@dataclass(frozen=True)
class _Line:
    text: str
    box: Box
    struck: bool


def _moved(box: list[float], truth: dict[str, Any], text: PageText) -> Box:
    """A box of the truth on the read page: the canvas grew when it was straightened, the middle stayed."""
    wide, high = truth["width"], truth["height"]
    angle = math.radians(abs(text.skew))
    scale = text.width / (wide * math.cos(angle) + high * math.sin(angle))
    x, y = text.width / 2 - wide * scale / 2, text.height / 2 - high * scale / 2
    return (box[0] * scale + x, box[1] * scale + y, box[2] * scale + x, box[3] * scale + y)


def _within(inner: tuple[int, int, int, int], outer: Box) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _clusters(lines: list[_Line], words: tuple[Word, ...]) -> Iterator[tuple[list[_Line], list[Word]]]:
    """Truth lines and read words that lie on each other, each cluster in reading order."""
    owner = list(range(len(lines) + len(words)))

    def root(i: int) -> int:
        while owner[i] != i:
            i = owner[i]
        return i

    for number, word in enumerate(words):
        for place, line in enumerate(lines):
            if _shared(line.box, word.box) > _SHARED:
                owner[root(len(lines) + number)] = root(place)
    groups: dict[int, tuple[list[_Line], list[Word]]] = defaultdict(lambda: ([], []))
    for place, line in enumerate(lines):
        groups[root(place)][0].append(line)
    for number, word in enumerate(words):
        groups[root(len(lines) + number)][1].append(word)
    for cluster, read in groups.values():
        yield _in_rows(cluster), sorted(read, key=lambda w: (w.line, w.box[0]))


def _shared(a: Box, b: tuple[int, int, int, int]) -> float:
    """Shared area as a share of the smaller box."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return wide * high / max(1.0, smaller)


def _in_rows(lines: list[_Line]) -> list[_Line]:
    rows: list[list[_Line]] = []
    for line in sorted(lines, key=lambda x: x.box[1] + x.box[3]):
        if rows and rows[-1][-1].box[3] - line.box[1] > 0.5 * (line.box[3] - line.box[1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda x: x.box[0])]


@dataclass
class _Memory(threading.Thread):
    """Watches the resident memory of this process and the readers."""

    peak: int = 0
    over: bool = False

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        me = psutil.Process()
        while not self.over:
            self.peak = max(self.peak, sum(_resident(p) for p in (me, *me.children(recursive=True))))
            time.sleep(0.1)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _cpu_seconds() -> float:
    me = psutil.Process()
    return sum(sum(p.cpu_times()[:2]) for p in (me, *me.children(recursive=True)))


def _load(samples: Path, limit: int) -> list[tuple[Path, dict[str, Any]]]:
    found = []
    for file in sorted(f for f in (samples / ".truth").rglob("*.json") if f.name != "index.json"):
        truth = json.loads(file.read_text(encoding="utf-8"))
        if not truth.get("bad") and truth.get("pages"):
            found.append((samples / truth["file"], truth))
    return found[:limit] if limit else found


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=Path, default=Path(__file__).parent.parent / "samples")
    parser.add_argument("--engine", default="tiered")
    parser.add_argument("--readers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--per-file", action="store_true", help="accuracy of each page on standard error")
    options = parser.parse_args()
    files = _load(options.samples, options.limit)
    pairs = list(zip([f for f, _ in files], identify([f for f, _ in files]), strict=True))
    memory = _Memory()
    memory.start()
    with ReadingPool(options.readers, engine=options.engine) as pool:
        # Models load once in the life of a worker; what is measured is reading.
        scans = [p for p in pairs if p[1].category == "image"][: 2 * options.readers]
        list(pool.read_many(scans))
        cpu, started = _cpu_seconds(), time.monotonic()
        results = dict(pool.read_many(pairs))
        wall, cpu = time.monotonic() - started, _cpu_seconds() - cpu
    memory.over = True
    print(json.dumps(_report(files, results, wall, cpu, memory.peak, options), ensure_ascii=False, indent=1))
    return 0


def _report(
    files: list[tuple[Path, dict[str, Any]]],
    results: dict[int, ReadFile],
    wall: float,
    cpu: float,
    peak: int,
    options: argparse.Namespace,
) -> dict[str, Any]:
    tallies: dict[str, Tally] = defaultdict(Tally)
    read = sum(len(r.pages) for r in results.values())
    blanks = 0
    scanned = sum(not page.digital for r in results.values() for page in r.pages)
    for number, (file, truth) in enumerate(files):
        result = results[number]
        if len(result.pages) != len(truth["pages"]):
            print(f"{file}: {result.problems} {len(result.pages)} pages", file=sys.stderr)
            continue
        for place, (wanted, page) in enumerate(zip(truth["pages"], result.pages, strict=True), start=1):
            blanks += wanted["blank"] != page.text.blank
            scores = score_page(wanted, page.text)
            names = ["digital"] if page.digital else ["scanned", *(wanted["defects"] or ["none"])]
            if options.per_file:
                share = 1 - scores[1] / max(1, scores[0])
                print(f"{share:.4f} {file.name}:{place} {','.join(wanted['defects'])}", file=sys.stderr)
            if truth["file"].startswith("hard/"):
                tallies["hard"].add(*scores)
                continue
            if not page.digital and not set(wanted["defects"]) - {"handwriting", "struck_out"}:
                names.append("clean")
            for name in ("all", *names):
                tallies[name].add(*scores)
    machine = {"cores": os.cpu_count(), "memory_mb": psutil.virtual_memory().total >> 20}
    return {
        "name": "ocr",
        "machine": machine,
        "items": len(files),
        "engine": options.engine,
        "pages": read,
        "scanned_pages": scanned,
        "pages_per_minute": round(60 * scanned / wall, 1),
        "cpu_seconds_per_page": round(cpu / max(1, scanned), 3),
        "character_accuracy": tallies["all"].shares()["character_accuracy"],
        "line_accuracy": tallies["all"].shares()["line_accuracy"],
        "peak_rss_mb": peak >> 20,
        "blank_mistakes": blanks,
        "defects": {name: tally.shares() for name, tally in sorted(tallies.items()) if name != "all"},
    }


if __name__ == "__main__":
    sys.exit(main())
