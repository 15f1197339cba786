"""Blocks in which people sign, and the date that is the paper's own.

The truth follows the trade: a form is dated by its own date of filling in, else by its applicant's signature; a paper
that is decided on by the deciding body's date; a letter by its date of issue; a report by the date it was sent.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ..page import GEL, Page, length
from . import words
from .days import HAND, written
from .layouts import LEFT, RIGHT, WIDTH, Hand

OPINION, SIGNER = 13.0, 10.5


@dataclass(frozen=True)
class Block:
    """Somebody's opinion with signature and date; no ``day`` where it was left open."""

    label: str
    says: str
    signer: str
    name: str
    day: date | None


def blocks_of(
    rng: random.Random, days: Sequence[tuple[str, date | None]], names: Sequence[str], label: str = ""
) -> list[Block]:
    """Blocks for the given parts (applied, reviewed, decided) and days."""
    lists = {
        "applied": (words.APPLICANT_BLOCKS, words.APPLICANT_SAYS),
        "reviewed": (words.REVIEW_BLOCKS, words.REVIEW_SAYS),
        "decided": (words.DECISION_BLOCKS, words.DECISION_SAYS),
    }
    used: set[str] = set()
    out = []
    for number, (part, day) in enumerate(days):
        labels, says = lists[part]
        chosen = label if label and part == "applied" else rng.choice([x for x in labels if x not in used])
        used.add(chosen)
        out.append(Block(chosen, rng.choice(says), rng.choice(words.SIGNERS), names[number % len(names)], day))
    return out


def draw_blocks(p: Page, y: float, blocks: Sequence[Block], room: float) -> float:
    """Draw the blocks in one of several ways within ``room`` mm of height."""
    way = p.rng.choice((_banded, _banded, _beside, _listed))
    if way is _beside and len(blocks) not in (2, 3):
        way = _banded
    return way(p, y, blocks, room)


def _style(p: Page) -> str:
    return p.rng.choice(HAND)


def _date(p: Page, day: date | None, x: float, y: float, style: str, *, by_hand: bool) -> None:
    if day is None:
        p.put("年   月   日", x, y, 11, "serif", anchor="r")
    elif by_hand:
        text = written(day, style)
        p.write(text, x - length(text, "kai", 13) * 1.02, y, 13, ink=GEL)
    else:
        p.put(written(day, style), x, y, 11, "serif", anchor="r")


def _banded(p: Page, y: float, blocks: Sequence[Block], room: float) -> float:
    """One band a block: the label at the left, standing or lying, the opinion and the date in the body."""
    height = min(40.0, room / len(blocks))
    style, by_hand, stacked = _style(p), p.rng.random() < 0.6, p.rng.random() < 0.5
    for block in blocks:
        head, body = p.band(LEFT, y, height, [14 if stacked else 36, WIDTH - (14 if stacked else 36)])
        if stacked and length(block.label, "serif", 10.5) * 1.1 < height + 8:
            p.stacked(block.label, head.x + 7, head.y + height / 2, min(10.5, height / len(block.label) * 2.5))
        else:
            p.mid(head, block.label, 10.5)
        p.write(block.says, body.x + 6, body.y + height * 0.3, OPINION, ink=GEL)
        foot = body.y + height - 5.5
        end = p.put(block.signer, body.x + body.w * 0.3, foot, SIGNER)
        if block.name and not block.signer.startswith("（"):
            p.write(block.name, end + 1, foot, 13, ink=GEL)
        _date(p, block.day, body.x + body.w - 3, foot, style, by_hand=by_hand)
        y += height
    return y


def _beside(p: Page, y: float, blocks: Sequence[Block], room: float) -> float:
    """Blocks side by side, each with its label on top."""
    height = min(52.0, room)
    style, by_hand = _style(p), p.rng.random() < 0.6
    for cell, block in zip(p.band(LEFT, y, height, [WIDTH / len(blocks)] * len(blocks)), blocks, strict=True):
        p.put(block.label + p.rng.choice(("：", "")), cell.x + 3, cell.y + 5, 10.5)
        size = min(OPINION, OPINION * (cell.w - 8) / max(length(block.says, "kai", OPINION), 1))
        p.write(block.says, cell.x + 4, cell.y + 15, size, ink=GEL)
        if block.name and not block.signer.startswith("（"):
            end = p.put(block.signer, cell.x + 4, cell.y + height - 16, 10)
            p.write(block.name, end + 1, cell.y + height - 16, 12.5, ink=GEL)
        _date(p, block.day, cell.x + cell.w - 3, cell.y + height - 6, style, by_hand=by_hand)
    return y + height


def _listed(p: Page, y: float, blocks: Sequence[Block], room: float) -> float:
    """No cells: the label, the opinion behind it, and name and date on a line below."""
    step = min(12.0, room / (2 * len(blocks)))
    style, by_hand = _style(p), p.rng.random() < 0.6
    for block in blocks:
        y += step
        end = p.put(f"{block.label}：", LEFT + 2, y, 11.5)
        p.write(block.says, end + 2, y, OPINION, ink=GEL)
        y += step
        end = p.put(block.signer, 100, y, SIGNER)
        if block.name and not block.signer.startswith("（"):
            p.write(block.name, end + 1, y, 13, ink=GEL)
        _date(p, block.day, RIGHT - 4, y, style, by_hand=by_hand)
    return y + step * 0.6


def own_date(p: Page, y: float, label: str, day: date, style: str, hand: Hand, *, right: bool) -> None:
    """The paper's own date on a line: 填表日期：…"""
    text = written(day, style)
    if right:
        p.put(f"{label}：{text}", RIGHT, y, 10.5, "serif", anchor="r")
    else:
        end = p.put(f"{label}：", LEFT, y, 10.5, "serif")
        hand.put(p, text, end, y, 50)


def foot_line(p: Page, y: float, roles: Sequence[tuple[str, str]], dated: tuple[str, date, str] | None) -> None:
    """制表人：… 审核人：… 填报日期：… in one line."""
    x, step = LEFT, WIDTH / (len(roles) + (1 if dated else 0))
    for role, name in roles:
        end = p.put(f"{role}：", x, y, 10.5)
        p.write(name, end + 0.5, y, 12.5, ink=GEL)
        x += step
    if dated:
        label, day, style = dated
        p.put(f"{label}：{written(day, style)}", x - 8, y, 10.5)


def sign_off(p: Page, y: float, office: str, day: date, style: str, *, seal: bool) -> None:
    """An office's name over the date at the right foot of a letter, mostly under its seal."""
    middle = RIGHT - 8 - max(length(office, "serif", 14), 40) / 2
    p.put(office, middle, y, 14, "serif", anchor="m")
    p.put(written(day, style), middle, y + p.rng.uniform(9, 12), 14, "serif", anchor="m")
    if seal:
        p.seal(office, middle + p.rng.uniform(-6, 6), y + p.rng.uniform(0, 8), size=40, angle=p.rng.uniform(-12, 12))


def stamp(p: Page, day: date, place: str) -> None:
    """A receipt stamp of the counter, somewhere in the lower half."""
    lines = [f"{place}{p.rng.choice(words.RECEIVED)}（样）", f"{day.year}.{day.month:02d}.{day.day:02d}"]
    p.received(lines, p.rng.uniform(30, 120), p.rng.uniform(200, 250), 44)


def note(p: Page, y: float, text: str) -> None:
    """Small print at the foot."""
    p.put(text, LEFT, y, 8.5, p.rng.choice(("thin-sans", "serif")))
