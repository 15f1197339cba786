"""Forms about one person or one employer: which fields they ask, what they are called, who signs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ...draw_samples.sheet import Facts
from ..page import Page
from ..papers import Draw, Start
from . import words
from .days import STYLES, day_in, later, month, written
from .endings import Block, blocks_of, draw_blocks, foot_line, note, own_date, stamp
from .kinds import Form
from .layouts import LAYOUTS, LEFT, RIGHT, Field, Hand, some_hand
from .people import Cast, Person, Unit


def draw_form(form: Form, cast: Cast, rng: random.Random) -> tuple[list[Draw], str]:
    """Pages of one filled form (a second page where the opinions stand on the back), and its number where it is
    wrong.
    """
    year = rng.randint(2004, 2024)
    person, unit = cast.person(born=(year - 60, year - 26)), cast.unit()
    relative = cast.person() if form.relative[0] and rng.random() < 0.75 else None
    names_unit = form.subject == "unit" or rng.random() < form.unit
    plan = _plan(form, rng, year, [cast.person().name for _ in range(3)])
    wrong = _misprinted(person.number) if form.subject == "person" and rng.random() < 0.06 else ""
    titles = rng.choice(form.titles)
    coded = (form.subject == "unit" and rng.random() < 0.85) or (names_unit and rng.random() < 0.2)
    persons = [(person.name, wrong or person.number)] if form.subject == "person" else []
    persons += [relative.pair] if relative else []
    facts = Facts(
        form.kind,
        titles.replace("|", ""),
        form.category,
        tuple(persons),
        unit.name if names_unit else "",
        unit.code if coded else "",
        plan.own.isoformat(),
        year,
    )
    fields = _fields(form, rng, person, relative, unit if names_unit else None, plan.own, wrong, coded=coded)
    layout, seed = rng.choice(LAYOUTS), rng.random()
    backed = plan.blocks and rng.random() < 0.15

    def front(start: Start) -> Page:
        p = start(facts)
        hand = some_hand(p.rng)
        y = heading(p, titles, cast.place)
        if plan.head:
            own_date(p, y, *plan.head, hand, right=seed < 0.6)
            y += 7
        y = layout(p, y + 2, fields, hand)
        if not backed:
            y = _finish(p, plan, y + 3, cast.place, unit, hand)
        if seed < 0.3:
            note(p, min(y + 7, 288), p.rng.choice(words.NOTES).format(month=month(plan.own, "年月日")))
        return p

    def back(start: Start) -> Page:
        p = start(facts)
        hand = some_hand(p.rng)
        p.put("（背面）", RIGHT, 16, 10, "serif", anchor="r")
        _finish(p, plan, 24, cast.place, unit, hand)
        return p

    return ([front, back] if backed else [front]), wrong


@dataclass(frozen=True)
class _Plan:
    """Who dates the paper, when, and which of these dates is its own."""

    own: date
    head: tuple[str, date, str] | None
    blocks: list[Block]
    foot: tuple[str, date, str] | None
    stamped: date | None


def _plan(form: Form, rng: random.Random, year: int, names: Sequence[str]) -> _Plan:
    first = day_in(rng, year)
    style = rng.choice(STYLES)
    stamped = later(rng, first, 9) if rng.random() < 0.15 else None
    if form.shape == "issued":
        label = rng.choice(("核定日期", "打印日期", "制表日期", "核定时间"))
        dated = (label, first, style)
        return _Plan(first, dated, [], None, None) if rng.random() < 0.3 else _Plan(first, None, [], dated, None)
    if form.shape == "decision":
        second = later(rng, first) if rng.random() < 0.8 else first
        third = later(rng, second) if rng.random() < 0.8 else second
        parts: list[tuple[str, date | None]] = [("applied", first), ("reviewed", second), ("decided", third)]
        if rng.random() < 0.3:
            parts = [("applied", first), ("decided", third)]
        head = (rng.choice(words.MADE), first, style) if rng.random() < 0.2 else None
        return _Plan(third, head, blocks_of(rng, parts, names), None, None)
    roll = rng.random()
    made = (rng.choice(words.MADE), first, style)
    second = later(rng, first) if rng.random() < 0.7 else first
    if roll < 0.25:
        return _Plan(first, made, blocks_of(rng, [("applied", None), ("reviewed", second)], names), None, stamped)
    if roll < 0.4:
        return _Plan(first, None, blocks_of(rng, [("reviewed", first)], names), made, stamped)
    if roll < 0.75:
        return _Plan(first, None, blocks_of(rng, [("applied", first), ("reviewed", second)], names), None, stamped)
    if roll < 0.9:
        return _Plan(first, None, blocks_of(rng, [("applied", first)], names), None, stamped)
    return _Plan(first, None, blocks_of(rng, [("applied", None), ("reviewed", first)], names), None, None)


def _fields(
    form: Form,
    rng: random.Random,
    person: Person,
    relative: Person | None,
    unit: Unit | None,
    day: date,
    wrong: str,
    *,
    coded: bool,
) -> list[Field]:
    """Labels and values in an order of their own: name and number early on most papers, anywhere on some."""
    fields: list[Field] = []
    if form.subject == "person":
        fields.append(Field(rng.choice(form.name_labels), person.name))
        fields.append(Field(rng.choice(words.NUMBER), wrong or person.number))
        born = date(int(person.birth[:4]), int(person.birth[4:6]), int(person.birth[6:]))
        if rng.random() < 0.6:
            style = rng.choice(("年月日", "points", "hyphens"))
            fields.append(Field(rng.choice(words.BORN), written(born, style)))
        if rng.random() < 0.7:
            fields.append(Field(rng.choice(words.SEX), person.sex))
    if unit:
        at = 0 if form.subject == "unit" else rng.randint(0, len(fields))
        fields.insert(at, Field(rng.choice(words.UNIT), unit.name))
        if coded:
            fields.insert(at + 1, Field(rng.choice(words.CODE), unit.code))
    extras = [Field(rng.choice(labels), value(rng, day)) for labels, value in form.extras if rng.random() < 0.75]
    if relative:
        extras += [Field(form.relative[0], relative.name), Field(form.relative[1], relative.number)]
    if rng.random() < 0.25:
        # The relative's name and number must stay together, in this order.
        pairs = [fields[i : i + 2] for i in range(0, len(fields), 2)]
        rng.shuffle(pairs)
        fields = [f for pair in pairs for f in pair]
    return [*fields, *extras]


def _finish(p: Page, plan: _Plan, y: float, place: str, unit: Unit, hand: Hand) -> float:
    if plan.blocks:
        y = draw_blocks(p, y, plan.blocks, min(110, 268 - y))
    if plan.foot:
        pairs = (("制表人", "审核人"), ("填表人", "负责人"), ("核定人", "复核人"))
        roles = [(role, p.rng.choice("赵钱孙李周吴") + p.rng.choice("晓明丽华")) for role in p.rng.choice(pairs)]
        if p.rng.random() < 0.6:
            foot_line(p, y + 8, roles, plan.foot)
        else:
            foot_line(p, y + 8, roles, None)
            own_date(p, y + 16, *plan.foot, hand, right=p.rng.random() < 0.5)
        y += 16
    if plan.stamped:
        stamp(p, plan.stamped, place)
    if p.rng.random() < 0.5:
        office = p.rng.choice((unit.name, f"{place}社会保险中心"))
        p.seal(office, p.rng.uniform(60, 160), min(y - 8, 262), size=38, angle=p.rng.uniform(-15, 15))
    return y


def heading(p: Page, titles: str, place: str) -> float:
    """The title, on one line or broken at the bar, with whatever stands above and below it; returns the height
    below.
    """
    y, rng = 24.0, p.rng
    face = rng.choice(("heavy", "black", "serif", "fang", "ming", "kai", "sans"))
    if rng.random() < 0.3:
        p.put(rng.choice(("附件2", "表三", "社险03表", "JB-07", "附表1")), LEFT, 15, 9.5, "thin-sans")
    if rng.random() < 0.2:
        p.put(rng.choice(words.CENTRES).format(place=place), p.width / 2, y, rng.uniform(14, 17), face, anchor="m")
        y += 10
    parts = titles.split("|") if rng.random() < 0.6 else [titles.replace("|", "")]
    size = rng.uniform(18, 24)
    for number, part in enumerate(parts):
        grown = size * (0.82 if number == 0 and len(parts) > 1 and rng.random() < 0.5 else 1)
        wide = rng.choice((0.0, 0.0, 1.5, 3.0)) if len(part) < 12 else 0.0
        grown = min(grown, 168 / (len(part) * (0.353 + wide * 0.05)))
        p.title(part, y + 2, grown, face, track=wide)
        y += 11
    if rng.random() < 0.35:
        serial = f"编号：{rng.randint(2004, 2024)}{rng.randint(1, 9999):05d}"
        p.put(serial, RIGHT if rng.random() < 0.6 else LEFT + 32, y + 1, 10, "serif", anchor="r")
        y += 6
    return y + 3


def _misprinted(number: str) -> str:
    """The number with another check character: what the clerk wrote, not what would be right."""
    return number[:17] + ("3" if number[17] != "3" else "5")
