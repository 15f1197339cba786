"""Ways to lay out labels and their values; each draws below a height and returns the height below itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..page import BLACK, GEL, PEN, Ink, Page, Rect, length

LEFT, RIGHT = 22.0, 188.0
WIDTH = RIGHT - LEFT


@dataclass(frozen=True)
class Field:
    """A label and the value somebody put beside it."""

    label: str
    value: str


@dataclass(frozen=True)
class Hand:
    """How values are filled in on one paper: ``way`` is write, print or type."""

    way: str
    ink: Ink
    face: str
    size: float

    def put(self, p: Page, text: str, x: float, y: float, room: float, *, anchor: str = "l") -> None:
        """Put a value where there is ``room`` mm for it."""
        if not text:
            return
        face = "kai" if self.way == "write" else self.face
        size = min(self.size, self.size * (room - 1.5) / max(length(text, face, self.size) * 1.05, 0.1))
        if self.way == "write":
            p.write(text, x, y, size, ink=self.ink, anchor=anchor)
        else:
            p.put(text, x, y, size, face, ink=self.ink, anchor=anchor)


def some_hand(rng: random.Random) -> Hand:
    """A way to fill in a paper."""
    if rng.random() < 0.55:
        return Hand("write", rng.choice((PEN, GEL, (20, 40, 120))), "kai", rng.uniform(13, 16))
    return Hand("print", BLACK, rng.choice(("fang", "serif", "thin-sans", "ming", "sans")), rng.uniform(10.5, 12.5))


Layout = Callable[[Page, float, Sequence[Field], Hand], float]


def grid(p: Page, y: float, fields: Sequence[Field], hand: Hand) -> float:
    """A table: label cell, value cell, two or three pairs a row; long values take a row of their own."""
    across = p.rng.choice((2, 2, 3))
    height = p.rng.uniform(10, 14)
    face, size = p.rng.choice(("serif", "ming", "sans", "fang")), p.rng.uniform(10, 12)
    for row in _rows(fields, across, 12 if across == 3 else 19):
        share = WIDTH / len(row)
        label_width = min(share * 0.42, 34 if len(row) > 1 else 40)
        x = LEFT
        for field in row:
            head, body = p.band(x, y, height, [label_width, share - label_width])
            p.mid(head, field.label, size, face)
            middle = p.rng.random() < 0.7
            at = body.x + (body.w / 2 if middle else 2)
            hand.put(p, field.value, at, body.y + height / 2, body.w - 2, anchor="m" if middle else "l")
            x += share
        y += height
    return y


def captions(p: Page, y: float, fields: Sequence[Field], hand: Hand) -> float:
    """Small labels in the upper corner of each cell, the value below."""
    height = p.rng.uniform(14, 18)
    for row in _rows(fields, 3, 13):
        x = LEFT
        for field in row:
            cell = p.frame(Rect(x, y, WIDTH / len(row), height))
            p.put(field.label, cell.x + 1.5, cell.y + 3.2, 8.5, "thin-sans")
            hand.put(p, field.value, cell.x + cell.w / 2, cell.y + height * 0.64, cell.w - 2, anchor="m")
            x += cell.w
        y += height
    return y


def lines(p: Page, y: float, fields: Sequence[Field], hand: Hand) -> float:
    """Label, colon, value; no lines at all."""
    step, face = p.rng.uniform(8.5, 12), p.rng.choice(("serif", "fang", "sans"))
    for row in _rows(fields, 2, 18):
        x = LEFT + 2
        for field in row:
            end = p.put(f"{field.label}：", x, y, 12, face)
            hand.put(p, field.value, end + 0.5, y, LEFT + WIDTH - end if len(row) == 1 else WIDTH / 2 - (end - x))
            x += WIDTH / 2
        y += step
    return y


def dotted(p: Page, y: float, fields: Sequence[Field], hand: Hand) -> float:
    """A label and a dotted or ruled line to write on."""
    step = p.rng.uniform(11, 14)
    ruled = p.rng.random() < 0.5
    for row in _rows(fields, 2, 17):
        x = LEFT
        for field in row:
            to = x + WIDTH / len(row) - 3
            end = p.put(field.label, x, y, 12, "serif")
            if ruled:
                p.rule(end + 1, y + 2.8, to, y + 2.8, 0.2)
            else:
                p.dots(end + 1, to, y + 2.8)
            hand.put(p, field.value, end + 3, y - 0.3, to - end - 3)
            x += WIDTH / len(row)
        y += step
    return y


def columns(p: Page, y: float, fields: Sequence[Field], hand: Hand) -> float:
    """Rows of heads with the values in a row below, as if the one person were a list."""
    height = p.rng.uniform(9, 12)
    for row in _rows(fields, 4, 12):
        weights = [max(4.0, len(f.label), len(f.value) * (0.75 if f.value.isascii() else 1.1)) for f in row]
        widths = [WIDTH * w / sum(weights) for w in weights]
        for cell, field in zip(p.band(LEFT, y, height, widths), row, strict=True):
            p.mid(cell, field.label, 10.5, "sans")
        for cell, field in zip(p.band(LEFT, y + height, height * 1.15, widths), row, strict=True):
            hand.put(p, field.value, cell.x + cell.w / 2, cell.y + height * 0.57, cell.w - 1, anchor="m")
        y += height * 2.15
    return y


def inside(p: Page, y: float, fields: Sequence[Field], hand: Hand) -> float:
    """Label and value on one line in the same cell."""
    height = p.rng.uniform(11, 14)
    colon = p.rng.choice(("：", "", ":"))
    for row in _rows(fields, 2, 14):
        for cell, field in zip(p.band(LEFT, y, height, [WIDTH / len(row)] * len(row)), row, strict=True):
            end = p.put(field.label + colon, cell.x + 2, cell.y + height / 2, 10.5)
            hand.put(p, field.value, end + 1.5, cell.y + height / 2, cell.x + cell.w - end - 2)
        y += height
    return y


LAYOUTS: tuple[Layout, ...] = (grid, grid, captions, lines, dotted, columns, inside)


def roster(p: Page, y: float, heads: Sequence[str], rows: Sequence[Sequence[str]], hand: Hand) -> float:
    """A list with a head row."""
    longest = [max(len(h) * 1.2, *(_wide(row[i]) for row in rows), 3.0) for i, h in enumerate(heads)]
    widths = [WIDTH * w / sum(longest) for w in longest]
    height = min(11.0, 150 / max(len(rows), 1))
    for cell, head in zip(p.band(LEFT, y, 11, widths), heads, strict=True):
        p.mid(cell, head, 10.5, "sans")
    y += 11
    for row in rows:
        for cell, text in zip(p.band(LEFT, y, height, widths), row, strict=True):
            hand.put(p, text, cell.x + cell.w / 2, cell.y + height / 2, cell.w - 0.5, anchor="m")
        y += height
    return y


def _wide(text: str) -> float:
    return len(text) * (0.62 if text.isascii() else 1.15)


def _rows(fields: Sequence[Field], across: int, long: int) -> list[list[Field]]:
    """Fields in rows; one that needs more room stands alone or shares with one."""
    rows: list[list[Field]] = []
    for field in fields:
        size = 2 if _wide(field.value) + len(field.label) > long else 1
        last = rows[-1] if rows else None
        used = sum(2 if _wide(f.value) + len(f.label) > long else 1 for f in last) if last else across
        if last is None or used + size > across:
            rows.append([field])
        else:
            last.append(field)
    return rows
