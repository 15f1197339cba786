"""Papers that name many, reports in figures, cards, and a table born digital."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from ...draw_samples.sheet import Facts
from ..digital import compile_paper
from ..page import BLACK, Page
from ..papers import Draw, Start
from . import words
from .days import STYLES, day_in, han_year, later, month, written
from .endings import foot_line, own_date
from .forms import heading
from .layouts import LEFT, RIGHT, roster, some_hand
from .people import Cast, Person

Cell = Callable[[random.Random, date], str]


@dataclass(frozen=True)
class Roster:
    """One kind of list: its heads beside number and name, and whether identity numbers stand in it."""

    kind: str
    category: str
    titles: tuple[str, ...]
    heads: tuple[tuple[tuple[str, ...], Cell], ...]
    numbered: bool = True


def _of(*texts: str) -> Cell:
    return lambda rng, day: rng.choice(texts)


def _money(low: int, high: int) -> Cell:
    return lambda rng, day: f"{rng.randint(low, high)}.00"


def _month(rng: random.Random, day: date) -> str:
    return month(day, "points")


ROSTERS: tuple[Roster, ...] = (
    Roster(
        "参保人员增减变动表",
        "管理",
        ("参保人员增减变动表", "单位职工增减|申报表", "社会保险增减人员花名册", "在职职工增减变动申报表"),
        (
            (("变动类型", "增/减", "增减情况"), _of("增加", "减少", "新参保", "停保")),
            (("变动原因", "原因"), _of("新招", "辞职", "调入", "合同到期")),
            (("起止年月", "变动时间"), _month),
        ),
    ),
    Roster(
        "缴费基数申报表",
        "征缴",
        ("{year}年度社会保险缴费基数申报表", "职工缴费工资基数申报表", "社会保险缴费基数|申报明细表"),
        (
            (("月平均工资", "上年月均工资"), _money(2400, 8800)),
            (("缴费基数", "申报基数"), _money(3000, 8800)),
        ),
    ),
    Roster(
        "退休人员公示",
        "养老",
        ("拟退休人员公示", "企业职工退休公示"),
        (
            (("退休时间", "拟退休时间"), _month),
            (("工种", "岗位"), _of("车工", "司炉", "财务")),
        ),
        numbered=False,
    ),
    Roster(
        "劳动合同备案名册",
        "管理",
        ("劳动合同备案名册", "用人单位劳动合同备案花名册"),
        (
            (("合同期限",), _of("三年", "五年", "无固定期限")),
            (("工种", "岗位"), _of("操作工", "质检", "保安")),
        ),
    ),
    Roster(
        "工资表",
        "征缴",
        ("职工工资发放表", "{year}年职工工资表"),
        (
            (("应发工资",), _money(2600, 6900)),
            (("实发工资", "实发金额"), _money(2300, 6000)),
        ),
        numbered=False,
    ),
)


def draw_roster(kind: Roster, cast: Cast, rng: random.Random) -> tuple[list[Draw], str]:
    """A list of people of one employer."""
    year = rng.randint(2004, 2024)
    day, unit = day_in(rng, year), cast.unit()
    people = [cast.person(born=(year - 60, year - 20)) for _ in range(rng.randint(3, 14))]
    title = rng.choice(kind.titles).format(year=rng.choice((str(year), han_year(year))))
    numbered = kind.numbered or rng.random() < 0.3
    persons = tuple(p.pair if numbered else (p.name, "") for p in people)
    facts = Facts(kind.kind, title.replace("|", ""), kind.category, persons, unit.name, "", day.isoformat(), year)
    heads, rows = _table(kind, people, rng, day, numbered=numbered)
    dated, style = rng.random(), rng.choice(STYLES)

    def draw(start: Start) -> Page:
        p = start(facts)
        hand = some_hand(p.rng)
        y = heading(p, title, cast.place)
        p.put(f"{p.rng.choice(words.UNIT)}：{unit.name}", LEFT, y, 11)
        made = p.rng.choice(words.MADE)
        if dated < 0.3:
            own_date(p, y + 7, made, day, style, hand, right=True)
            y += 7
        elif dated < 0.45:
            p.put(month(day, "年月日"), RIGHT, y, 11, anchor="r")
        y = roster(p, y + 5, heads, rows, hand)
        roles = [("单位负责人", "李建峰"), ("经办人", "赵晓燕")]
        if dated >= 0.3:
            foot_line(p, y + 8, roles, (made, day, style))
        else:
            foot_line(p, y + 8, roles, None)
        if p.rng.random() < 0.6:
            p.seal(unit.name, p.rng.uniform(60, 150), y, size=40, angle=p.rng.uniform(-12, 12))
        return p

    return [draw], ""


def _table(
    kind: Roster, people: Sequence[Person], rng: random.Random, day: date, *, numbered: bool
) -> tuple[list[str], list[list[str]]]:
    columns: list[tuple[str, list[str]]] = [
        (rng.choice(labels), [v(rng, day) for _ in people]) for labels, v in kind.heads
    ]
    columns.append((rng.choice(words.SEX).replace(" ", ""), [p.sex for p in people]))
    rng.shuffle(columns)
    names = (rng.choice(("姓名", "职工姓名", "人员姓名", "参保人员姓名")), [p.name for p in people])
    columns.insert(rng.choice((0, 0, 0, 1)), names)
    if numbered:
        at = columns.index(names) + rng.choice((1, 1, 2))
        columns.insert(at, (rng.choice(words.NUMBER[:9]), [p.number for p in people]))
    if rng.random() < 0.8:
        columns.insert(0, ("序号", [str(n) for n in range(1, len(people) + 1)]))
    if rng.random() < 0.4:
        columns.append(("备注", ["" for _ in people]))
    return [head for head, _ in columns], [[column[n] for _, column in columns] for n in range(len(people))]


def draw_report(cast: Cast, rng: random.Random) -> tuple[list[Draw], str]:
    """Yearly or monthly figures of an office."""
    year = rng.randint(2006, 2023)
    yearly = rng.random() < 0.6
    told = rng.choice((str(year), han_year(year)))
    if yearly:
        title = f"{told}年度{rng.choice(('社会保险基本情况统计表', '企业养老保险统计年报', '社会保险业务统计报表'))}"
        day = date(year + 1, 1, rng.randint(5, 28))
    else:
        title = rng.choice(("失业保险情况统计月报表", "社会保险基金收支月报表", "养老保险统计月报"))
        day = later(rng, date(year, rng.randint(1, 11), 1), 12)
    office = rng.choice(words.CENTRES[:2]).format(place=cast.place)
    kind = "社会保险年度统计报表" if yearly else "社会保险统计月报表"
    facts = Facts(kind, title, "统计", (), office, "", day.isoformat(), year if yearly else day.year)
    style = rng.choice(STYLES)

    def draw(start: Start) -> Page:
        p = start(facts)
        y = heading(p, title, cast.place)
        p.put(f"{p.rng.choice(('填报单位', '编报单位', '填表单位'))}：{office}", LEFT, y, 11)
        p.put("计量单位：人、万元", RIGHT, y, 10, anchor="r")
        heads = ["项目", "期初数", "本期增加", "本期减少", "期末数"]
        rows = []
        for name in ("参保单位", "参保职工", "离退休人员", "基金收入", "基金支出", "累计结余"):
            a, b, c = p.rng.randint(900, 42000), p.rng.randint(1, 900), p.rng.randint(1, 800)
            rows.append([name, str(a), str(b), str(c), str(a + b - c)])
        y = roster(p, y + 5, heads, rows, some_hand(p.rng))
        foot_line(p, y + 10, [("负责人", "武志强"), ("制表人", "乔梅")], (p.rng.choice(words.REPORTED), day, style))
        return p

    return [draw], ""


def draw_card(cast: Cast, rng: random.Random) -> tuple[list[Draw], str]:
    """Both sides of an identity card on one copied sheet, with the clerk's remark."""
    person = cast.person()
    day = day_in(rng, rng.randint(2008, 2024))
    facts = Facts("居民身份证复印件", "居民身份证", "管理", (person.pair,), "", "", day.isoformat(), day.year)

    def draw(start: Start) -> Page:
        p = start(facts)
        x, y = p.rng.uniform(40, 70), p.rng.uniform(50, 70)
        for side in p.rng.sample((_face, _reverse), 2):
            side(p, x, y, person)
            y += 72
        text = f"{p.rng.choice(('与原件核对无误', '复印件与原件一致', '经核对与原件相符'))}　{written(day, 'points')}"
        p.write(text, x, y + 16, 15)
        return p

    return [draw], ""


def _face(p: Page, x: float, y: float, person: Person) -> None:
    parts = ((f"姓 名 {person.name}", 8.0), (f"性 别 {person.sex}　民 族 汉", 17.0))
    for text, down in parts:
        p.put(text, x + 4, y + down, 10, "sans")
    born = date(int(person.birth[:4]), int(person.birth[4:6]), int(person.birth[6:]))
    p.put(f"出 生 {written(born, 'spaced')}", x + 4, y + 26, 10, "sans")
    p.put("住 址 山西省文水县南街村18号", x + 4, y + 35, 10, "sans")
    p.put(f"公民身份号码　{person.number}", x + 4, y + 50, 11, "sans", ink=BLACK)


def _reverse(p: Page, x: float, y: float, person: Person) -> None:
    p.put("中华人民共和国", x + 44, y + 10, 13, "sans", anchor="m")
    p.put("居 民 身 份 证", x + 44, y + 20, 15, "black", anchor="m")
    p.put("签发机关　文水县公安局", x + 10, y + 38, 10, "sans")
    p.put("有效期限　2012.06.11-2032.06.11", x + 10, y + 48, 10, "sans")


def digital_form(cast: Cast, rng: random.Random) -> tuple[Callable[[], bytes], Facts]:
    """A certificate set by a typesetter: a table of labels and values, printed with its date."""
    year = rng.randint(2016, 2024)
    day, person, unit = day_in(rng, year), cast.person(born=(1958, 2000)), cast.unit()
    title = rng.choice(("职工养老保险个人账户对账单", "社会保险个人权益记录单"))
    facts = Facts("个人账户对账单", title, "管理", (person.pair,), unit.name, "", day.isoformat(), year)
    rows = [
        (rng.choice(words.NAME).replace(" ", ""), person.name),
        (rng.choice(words.NUMBER[:9]), person.number),
        (rng.choice(words.UNIT), unit.name),
        ("累计缴费月数", str(rng.randint(60, 400))),
        ("个人账户储存额", f"{rng.randint(9000, 99000)}.{rng.randint(0, 99):02d}"),
    ]
    rng.shuffle(rows)
    label, style = rng.choice(("打印日期", "制表日期", "打印时间")), rng.choice(("hyphens", "年月日", "points"))
    cells = ", ".join(f"[{a}], [{b}]" for a, b in rows)
    body = f"""
#align(center)[#text(size: 17pt, weight: "bold")[{title}]]
#v(5mm)
#table(columns: (1fr, 2fr), inset: 3.2mm, {cells})
#v(4mm)
#align({rng.choice(("left", "right"))})[{label}：{written(day, style)}]
"""
    face = rng.choice(("Noto Serif CJK SC", "Noto Sans CJK SC"))
    return lambda: compile_paper(f'#set text(font: "{face}")\n{body}', f"{cast.place}社会保险中心"), facts
