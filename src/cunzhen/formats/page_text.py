"""What was read on a page: words with boxes and confidence, in reading order, and their JSON form."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One run of text as the reader saw it.

    Args:
        text: the characters, never normalised.
        box: (x0, y0, x1, y1) in pixels of the upright page (see ``PageText``).
        confidence: 0.0 to 1.0; 1.0 for text that a digital document carries itself.
        line: number of the text line on the page, from 0; words of one line share it.
    """

    text: str
    box: tuple[int, int, int, int]
    confidence: float
    line: int


@dataclass(frozen=True, slots=True)
class PageText:
    """The reading of one page.

    Args:
        width, height: pixels of the upright, deskewed page that the boxes refer to.
        rotation: clockwise degrees (0, 90, 180, 270) by which the stored image was turned to stand upright.
        skew: degrees (counter-clockwise positive) by which it was then straightened.
        blank: True where the page carries nothing to read.
        words: in reading order.
        engine: name and version of the reader, ``pdf`` for text that the document carries itself.
    """

    width: int
    height: int
    rotation: int
    skew: float
    blank: bool
    words: tuple[Word, ...]
    engine: str

    @property
    def text(self) -> str:
        """Plain text: the words of a line joined by nothing between Chinese characters, lines by a newline."""
        return _in_lines((w.line, w.text) for w in self.words)

    @property
    def confidence(self) -> float:
        """Mean confidence weighted by characters; 1.0 for an empty page."""
        total = sum(len(w.text) for w in self.words)
        return sum(w.confidence * len(w.text) for w in self.words) / total if total else 1.0

    def to_json(self) -> bytes:
        """Compact UTF-8 JSON; ``from_json`` reads it back to an equal value."""
        return json.dumps(
            {
                "width": self.width,
                "height": self.height,
                "rotation": self.rotation,
                "skew": round(self.skew, 3),
                "blank": self.blank,
                "engine": self.engine,
                "words": [[w.text, *w.box, round(w.confidence, 4), w.line] for w in self.words],
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()

    @classmethod
    def from_json(cls, data: bytes) -> PageText:
        """Read what ``to_json`` wrote."""
        raw = json.loads(data)
        words = tuple(Word(w[0], (w[1], w[2], w[3], w[4]), w[5], w[6]) for w in raw["words"])
        return cls(raw["width"], raw["height"], raw["rotation"], raw["skew"], raw["blank"], words, raw["engine"])


def plain_text(data: bytes) -> str:
    """``PageText.from_json(data).text`` without making the words: lists of hits read many pages."""
    return _in_lines((w[6], w[0]) for w in json.loads(data)["words"])


def _in_lines(words: Iterable[tuple[int, str]]) -> str:
    lines: dict[int, list[str]] = {}
    for line, text in words:
        lines.setdefault(line, []).append(text)
    return "\n".join(_join(parts) for parts in lines.values())


def _join(parts: list[str]) -> str:
    out = parts[0]
    for part in parts[1:]:
        gap = " " if out[-1:].isascii() and part[:1].isascii() and out[-1:].isalnum() and part[:1].isalnum() else ""
        out += gap + part
    return out
