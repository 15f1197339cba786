"""Papers in sentences: decisions, notices, certificates, letters, requests written by hand, and papers of no kind."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from ...draw_samples.sheet import Facts
from ..page import Page
from ..papers import Draw, Start
from . import words
from .days import day_in, later, written
from .endings import sign_off
from .forms import heading
from .layouts import LEFT, WIDTH
from .people import Cast, Person, Unit

STYLES = ("年月日", "han", "han", "spaced", "padded")


@dataclass(frozen=True)
class Letter:
    """One kind of letter.

    Args:
        signer: bureau, centre, committee or unit.
        to: person, unit or "" for nobody addressed.
        texts: paragraphs with {name}, {number}, {unit}, {code}, {event}, {year}, {place}; one is picked for each place.
        names_person, names_unit: whether the truth holds them.
    """

    kind: str
    category: str
    titles: tuple[str, ...]
    signer: str
    to: str
    texts: tuple[tuple[str, ...], ...]
    names_person: bool = True
    names_unit: bool = True


LETTERS: tuple[Letter, ...] = (
    Letter(
        "工伤认定决定书",
        "工伤",
        ("工伤认定决定书", "认定工伤决定书"),
        "bureau",
        "",
        (
            (
                "申请人：{unit}",
                "用人单位：{unit}，统一社会信用代码{code}。",
            ),
            (
                "受伤害职工：{name}，{sex}，身份证号码：{number}",
                "职工姓名：{name}　　身份证号：{number}",
            ),
            (
                "{event}，{name}在车间作业时被机器轧伤左手，经县人民医院诊断为左手食指末节骨折。用人单位提出工伤认定申请，"
                "本机关依法受理并进行了调查核实。",
                "经调查核实，{event}上午，该职工在上班途中发生非本人主要责任的交通事故受伤。",
            ),
            (
                "{name}同志受到的事故伤害，符合《工伤保险条例》第十四条第（一）项之规定，属于工伤认定范围，现予以认定为工伤。"
                "如对本决定不服，可在接到决定书之日起60日内申请行政复议。",
            ),
        ),
    ),
    Letter(
        "劳动能力鉴定结论书",
        "工伤",
        ("劳动能力鉴定结论书", "劳动能力初次鉴定结论书", "劳动能力鉴定|结论通知书"),
        "committee",
        "unit",
        (
            (
                "你单位职工{name}（{sex}，身份证号码{number}）于{event}因工受伤，经本委员会鉴定，结论为：劳动功能障碍程度九级，"
                "无生活自理障碍。",
                "被鉴定人{name}，公民身份号码{number}，{event}受工伤。根据国家标准，鉴定为伤残十级。",
            ),
            ("如对本结论不服，可在收到之日起15日内申请再次鉴定。",),
        ),
    ),
    Letter(
        "社会保险稽核通知书",
        "稽核",
        ("社会保险稽核通知书", "社会保险稽核|通知书"),
        "centre",
        "unit",
        (
            (
                "根据《社会保险稽核办法》，我中心定于{after}起对你单位{year}年度参加社会保险及缴费情况进行稽核，请予配合。",
                "按照年度稽核计划，决定自{after}起派员对你单位缴费基数申报情况进行书面稽核。",
            ),
            ("请准备职工花名册、工资发放表、会计凭证等资料。联系人应到场配合。",),
        ),
        names_person=False,
    ),
    Letter(
        "社会保险费催缴通知书",
        "征缴",
        ("社会保险费催缴通知书", "社会保险费|催缴通知书", "养老保险费催缴通知书"),
        "centre",
        "unit",
        (
            (
                "经查，你单位截至{event}尚欠社会保险费共计人民币83,214.50元。请于接到本通知之日起15日内补缴。",
                "你单位{year}年1月至6月应缴社会保险费52,030.00元至今未缴。限期缴纳，逾期将加收滞纳金。",
            ),
        ),
        names_person=False,
    ),
    Letter(
        "终止解除劳动合同证明书",
        "失业",
        ("解除劳动合同证明书", "终止（解除）劳动合同证明书", "解除劳动关系证明书"),
        "unit",
        "",
        (
            (
                "{name}，{sex}，身份证号码{number}，系我单位职工。双方签订的劳动合同因期满不再续订，自{event}起终止劳动关系。",
                "兹证明我单位与{name}（公民身份号码：{number}）的劳动合同于{event}经协商一致解除。",
            ),
            ("该同志的社会保险费已缴至当月。特此证明。", "请按规定办理失业登记手续。"),
        ),
    ),
    Letter(
        "社会保险缴费证明",
        "征缴",
        ("社会保险缴费证明", "参加社会保险证明", "职工社会保险参保缴费证明"),
        "centre",
        "",
        (
            (
                "兹证明{name}（公民身份号码{number}）在{unit}参加企业职工基本养老保险，累计缴费126个月。",
                "{name}，{sex}，社会保障号码{number}，工作单位{unit}，自2009年7月起参加社会保险，无欠费。",
            ),
            ("特此证明。", "本证明仅用于办理购房手续。"),
        ),
    ),
    Letter(
        "基本养老保险关系转移接续联系函",
        "管理",
        ("基本养老保险关系转移接续联系函", "关于转移养老保险关系的联系函"),
        "centre",
        "office",
        (
            (
                "原在你处参保的{name}，身份证号码{number}，现已在我县{unit}就业并参保，申请将基本养老保险关系转入我处。",
                "现有参保人员{name}（社会保障号码：{number}）在{unit}参保，请协助办理转移手续。",
            ),
            ("请在收到本函后十五个工作日内办结。",),
        ),
    ),
    Letter(
        "养老保险待遇停发审批表",
        "养老",
        ("关于停发养老金的申请", "停发养老待遇申请书"),
        "self",
        "office",
        (
            (
                "本人{name}，身份证号{number}，因出国定居，申请从下月起停发养老金。",
                "我是退休人员{name}，身份证号码{number}，已移居外省，请停发我的养老保险待遇。",
            ),
            ("请批准。",),
        ),
        names_unit=False,
    ),
)
_NOTHING = (
    (
        "关于做好防汛值班工作的通知",
        "各科室：",
        "近期强降雨增多，请各科室落实二十四小时值班制度，值班人员保持电话畅通。",
    ),
    ("公务用车维修申请单", "", "车号晋J00000，因变速箱异响，需进厂检修，预计费用三千二百元，请批准。"),
    ("办公用品采购合同", "", "甲方向乙方采购打印纸五十箱、硒鼓十二只，总价款人民币陆仟元整，货到付款。"),
    ("职工羽毛球比赛报名表", "", "参赛人员名单由工会收集，于本周五前交办公室。"),
)


def draw_letter(letter: Letter, cast: Cast, rng: random.Random) -> tuple[list[Draw], str]:
    """One letter on one page."""
    year = rng.randint(2005, 2024)
    person, unit = cast.person(born=(year - 60, year - 22)), cast.unit()
    day = day_in(rng, year)
    title = rng.choice(letter.titles)
    texts = [rng.choice(choices) for choices in letter.texts]
    said = "".join(texts)
    has_unit = letter.names_unit and ("{unit}" in said or letter.to == "unit" or letter.signer == "unit")
    facts = Facts(
        letter.kind,
        title.replace("|", ""),
        letter.category,
        (person.pair,) if letter.names_person else (),
        unit.name if has_unit else "",
        unit.code if "{code}" in said else "",
        day.isoformat(),
        year,
    )
    filled = [_filled(text, cast, person, unit, day, rng) for text in texts]

    def draw(start: Start) -> Page:
        p = start(facts)
        y = heading(p, title, cast.place) + 4
        if p.rng.random() < 0.5 and letter.signer != "self":
            number = f"{p.rng.choice('临方石兴')}社字〔{year}〕第{p.rng.randint(1, 400)}号"
            p.put(number, p.width / 2, y, 12, "fang", anchor="m")
            y += 12
        hand = letter.signer == "self"
        greeting = {"unit": f"{unit.name}：", "office": f"{cast.place}社会保险中心：", "": ""}[letter.to]
        if greeting:
            (p.write if hand else p.put)(greeting, LEFT + 4, y + 4, 15)
            y += 16
        size = p.rng.uniform(13, 15.5)
        for text in filled:
            face = "kai" if hand else p.rng.choice(("fang", "serif", "ming"))
            y = p.flow(text, LEFT + 4, y, WIDTH - 8, size, face=face, leading=p.rng.uniform(1.7, 2.0), hand=hand) + 2
        y = min(max(y + p.rng.uniform(14, 60), 150), 255)
        if hand:
            p.write(f"申请人：{person.name}", 124, y, 16)
            p.write(written(day, "年月日"), 124, y + 13, 15)
        else:
            sign_off(p, y, _office(letter.signer, cast, unit), day, p.rng.choice(STYLES), seal=p.rng.random() < 0.8)
        return p

    return [draw], ""


def draw_nothing(cast: Cast, rng: random.Random) -> tuple[list[Draw], str]:
    """A paper that is no material of the order; it must wait."""
    title, greeting, text = rng.choice(_NOTHING)
    day = day_in(rng, rng.randint(2012, 2024))
    facts = Facts(title, title, "", (), "", "", day.isoformat(), day.year)

    def draw(start: Start) -> Page:
        p = start(facts)
        y = heading(p, title, cast.place) + 6
        if greeting:
            p.put(greeting, LEFT, y, 14)
            y += 12
        p.flow(text * 3, LEFT, y, WIDTH, 14)
        sign_off(p, 220, f"{cast.place}社会保险中心", day, "年月日", seal=True)
        return p

    return [draw], ""


def _filled(text: str, cast: Cast, person: Person, unit: Unit, day: date, rng: random.Random) -> str:
    event = date(day.year - 1, rng.randint(1, 12), rng.randint(1, 28))
    values: dict[str, str] = {
        "name": person.name,
        "sex": person.sex,
        "number": person.number,
        "unit": unit.name,
        "code": unit.code,
        "event": written(event, "年月日"),
        "after": written(later(rng, day, 20), "年月日"),
        "year": str(day.year - 1),
        "place": cast.place,
    }
    return text.format(**values)


def _office(signer: str, cast: Cast, unit: Unit) -> str:
    offices: dict[str, Callable[[], str]] = {
        "bureau": lambda: cast.rng.choice(words.BUREAUS[:2]).format(place=cast.place),
        "centre": lambda: cast.rng.choice(words.CENTRES[:2]).format(place=cast.place),
        "committee": lambda: "吕梁市劳动能力鉴定委员会",
        "unit": lambda: unit.name,
    }
    return offices[signer]()
