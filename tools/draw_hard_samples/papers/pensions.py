"""Retirement, benefits, survivors, proof of life."""

from __future__ import annotations

from ...draw_samples.sheet import Facts
from ..cast import CENTRE, CITY, CROWD, FAN, GRAIN, HE, JI, PUMP, QIAO, WEI, WRONG_CHECK
from ..page import GEL, Page, Rect
from . import Start

CHILD = CROWD[8]


def retirement(start: Start) -> Page:
    """An approval form with its heading on two lines and every value below its label."""
    title = "企业职工基本养老保险退休（职）审批表"
    facts = Facts("退休审批表", title, "养老", (HE.pair,), GRAIN.name, GRAIN.code, "2018-09-20", 2018)
    p = start(facts)
    p.put("晋社退审02号", 24, 20, 9, "thin-sans")
    p.put("编号：离退审字〔2018〕第0417号", 186, 20, 9, "thin-sans", anchor="r")
    p.title("企业职工基本养老保险", 31, 19, "black", track=1.2)
    p.title("退休（职）审批表", 41, 24, "black", track=3)
    y, h, x = 52.0, 17.0, 24.0
    rows: list[list[tuple[float, str, str]]] = [
        [(46, "参保人", HE.name), (26, "性别", HE.sex), (40, "民族", "汉"), (50, "出生年月日", HE.born)],
        [(92, "证件号码", HE.number), (70, "参加工作时间", "1986.12.1")],
        [(102, "用人单位全称", GRAIN.name), (60, "统一代码", GRAIN.code)],
        [
            (40, "岗位（工种）", "保管员"),
            (40, "退休类别", "正常退休"),
            (40, "视同缴费年限", "8年7月"),
            (42, "实际缴费年限", "22年9月"),
        ],
        [(54, "申请退休时间", "2018.9.17"), (54, "开始领取时间", "2018年10月"), (54, "联系电话", "0358-0000417")],
    ]
    for row in rows:
        for cell, (_, label, value) in zip(p.band(x, y, h, [w for w, _, _ in row]), row, strict=True):
            p.below(cell, label, value)
        y += h
    _opinions(p, x, y)
    p.seal("吕梁市凤山粮油购销有限公司", 50, 66, size=42, angle=14)
    p.seal("离石区人力资源和社会保障局", 156, 238, size=42, angle=-8)
    p.put("注：本表一式三份，用人单位、经办机构、本人档案各存一份。", 24, 272, 9, "thin-sans")
    return p


def _opinions(p: Page, x: float, y: float) -> None:
    opinions = (
        ("单位意见", "同意申报退休，情况属实。", "2018.9.3", 38.0),
        ("经办机构审核", "经审核，符合正常退休条件。", "2018.9.12", 38.0),
        ("行政部门审批", "同意退休。", "2018.9.20", 46.0),
    )
    for label, text, day, height in opinions:
        head, body = p.band(x, y, height, [16, 146])
        p.stacked(label, head.x + 8, head.y + height / 2, 11)
        p.write(text, body.x + 8, body.y + 12, 16, ink=GEL)
        p.put("经办人：", body.x + 62, body.y + height - 7, 10)
        p.put("日期", body.x + 104, body.y + height - 7, 10)
        p.write(day, body.x + 114, body.y + height - 7, 13, ink=GEL)
        y += height


def proof_of_life(start: Start) -> Page:
    """A yearly check on dotted lines; the number as written has a wrong check character."""
    title = "离退休人员领取养老金资格核对登记"
    facts = Facts("待遇领取资格认证表", title, "管理", ((QIAO.name, WRONG_CHECK),), "", "", "2021-05-11", 2021)
    p = start(facts, height=210)
    p.title("离退休人员领取养老金", 24, 18, "serif", track=2)
    p.title("资格核对登记", 34, 20, "heavy", track=5)
    p.put("（二〇二一年度）", 105, 43, 12, "light", anchor="m")
    p.dotted("姓名(签字)", QIAO.name, 28, 60, 96, ink=GEL)
    p.dotted("性别", "男", 104, 60, 134, ink=GEL)
    p.dotted("年龄", "61", 142, 60, 182, ink=GEL)
    p.dotted("身份证件号", WRONG_CHECK, 28, 74, 182, size=16, ink=GEL)
    p.dotted("现居住地", "柳林县三交镇河畔街六号", 28, 88, 182, ink=GEL)
    p.dotted("待遇发放银行", "农商行", 28, 102, 96, ink=GEL)
    p.dotted("月养老金", "2316.40元", 104, 102, 182, ink=GEL)
    p.dotted("核对方式", "本人到场，面容与证件一致", 28, 116, 182, ink=GEL)
    p.put("核对结论：", 28, 134, 12)
    p.frame(Rect(54, 131.5, 5, 5))
    p.put("√", 54.4, 133.6, 14, "micro")
    p.put("继续发放", 61, 134, 12)
    p.frame(Rect(92, 131.5, 5, 5))
    p.put("暂停发放", 99, 134, 12)
    p.frame(Rect(130, 131.5, 5, 5))
    p.put("待查", 137, 134, 12)
    p.put("核对人", 100, 160, 12)
    p.write("党 小 军", 118, 160, 16)
    p.put("2021.5.11", 150, 172, 12, "serif")
    p.seal(CENTRE, 150, 165, size=38, angle=-10)
    return p


def survivors(start: Start) -> Page:
    """The dead and the claimant stand side by side, labels and values in the same cells."""
    title = "参保人员因病死亡丧葬费抚恤金核发申请"
    facts = Facts("丧葬抚恤待遇申领表", title, "养老", (FAN.pair, CHILD.pair), PUMP.name, "", "2022-11-08", 2022)
    p = start(facts)
    p.put("养老-遗属-05", 22, 16, 9, "micro")
    p.title(title, 30, 20, "serif")
    left, right, y = 22.0, 105.0, 44.0
    p.mid(p.frame(Rect(left, y, 83, 10)), "死 亡 人 员", 12, "sans")
    p.mid(p.frame(Rect(right, y, 83, 10)), "申 领 人", 12, "sans")
    pairs = [
        (("姓名：", FAN.name), ("姓名：", CHILD.name)),
        (("性别：", FAN.sex), ("与死者关系：", "女婿")),
        (("证件号码：", FAN.number), ("证件号码：", CHILD.number)),
        (("死亡日期：", "2022.10.19"), ("电话：", "13000000428")),
        (("死亡原因：", "疾病"), ("开户行：", "柳林农商行")),
        (("缴费年限：", "31年4个月"), ("账号：", "6200 0000 0000 0428")),
    ]
    y += 10
    for one, other in pairs:
        a, b = p.band(left, y, 13, [83, 83])
        p.beside(a, *one)
        p.beside(b, *other)
        y += 13
    cell = p.frame(Rect(left, y, 166, 13))
    p.beside(cell, "生前单位：", PUMP.name)
    y += 13
    for label, text in (("丧葬补助金", "7,412.00元"), ("一次性抚恤金", "44,472.00元"), ("退还个人账户余额", "0.00元")):
        a, b = p.band(left, y, 11, [60, 106])
        p.mid(a, label, 11)
        p.fill(b, text, 14)
        y += 11
    body = p.frame(Rect(left, y, 166, 46))
    p.put("本人承诺所述属实，如有虚假愿退回所领款项并承担责任。", left + 6, body.y + 9, 11)
    p.put("申领人(签名、手印)", left + 84, body.y + 24, 11)
    p.write(CHILD.name, left + 124, body.y + 24, 18)
    p.write("2022年11月8日", left + 118, body.y + 37, 13)
    p.received(["柳林社保 已收（样）", "2022.11.08"], 30, y + 26, 42)
    return p


def household(start: Start) -> Page:
    """The second page of the claim: a typed certificate of death from the village."""
    title = "死亡证明"
    facts = Facts("丧葬抚恤待遇申领表", title, "养老", (FAN.pair,), "", "", "2022-10-24", 2022)
    p = start(facts)
    p.title("死 亡 证 明", 46, 26, "heavy")
    p.put("三社证字（2022）31号", 182, 62, 11, "fang", anchor="r")
    text = (
        f"兹证明我村村民{FAN.name}，{FAN.sex}，{FAN.birth[:4]}年4月19日出生，公民身份号码{FAN.number}，"
        "因患肺心病经医治无效，于二〇二二年十月十九日在家中去世，已由本村红白理事会协助安葬，户口正在办理注销。"
    )
    y = p.flow(text, 28, 80, 154, 15, face="fang", leading=2.1)
    p.flow(
        "此证明仅供其亲属到社会保险经办机构办理有关手续使用，他用无效。", 28, y + 4, 154, 15, face="fang", leading=2.1
    )
    p.put("柳林县三川湾村村民委员会", 178, 208, 15, "fang", anchor="r")
    p.put("二〇二二年十月二十四日", 178, 220, 15, "fang", anchor="r")
    p.seal("柳林县三川湾村村民委员会", 150, 212, size=40, angle=12)
    return p


def dependants_card(start: Start) -> Page:
    """A typed card of 1991 with numbers of fifteen digits."""
    title = "供养直系亲属劳保登记卡"
    facts = Facts(
        "供养直系亲属劳保登记卡", title, "养老", (WEI.pair, JI.pair), "柳林县三川河水泵厂", "", "1991-07-02", 1991
    )
    p = start(facts, width=210, height=148, paper=(244, 236, 214))
    p.type(" ".join(title), 48, 18, 15)
    p.rule(46, 23, 168, 23, 0.4)
    p.type("单位: 柳林县三川河水泵厂", 22, 34)
    p.type("卡号: 0 2 6", 148, 34)
    p.type(f"职工姓名: {WEI.name}", 22, 46)
    p.type(f"证号: {WEI.old_number}", 104, 46)
    p.type("工种: 翻砂工   工龄: 24年   工资: 118.50元", 22, 58)
    p.rule(20, 65, 190, 65, 0.3)
    p.type(f"供养亲属: {JI.name}", 22, 74)
    p.type("称谓: 妻", 104, 74)
    p.type(f"身份证: {JI.old_number}", 22, 86)
    p.type("住址: 柳林县孟门公社", 116, 86)
    p.type("供养原因: 无固定职业，无劳动收入", 22, 98)
    p.type("标准: 每月15元，自1991年7月起", 22, 110)
    p.rule(20, 117, 190, 117, 0.3)
    p.type("经办 (私章)", 22, 128)
    p.type("一九九一年七月二日", 118, 128)
    p.seal("柳林县三川河水泵厂劳动工资科", 140, 122, size=36, angle=8)
    return p


def benefit_letter(start: Start) -> Page:
    """A letter telling a person what pension was worked out."""
    title = "基本养老金核定告知书"
    facts = Facts("养老保险待遇核定表", title, "养老", (HE.pair,), GRAIN.name, "", "2018-10-15", 2018)
    p = start(facts)
    p.title(CITY, 30, 18, "heavy", track=3)
    p.rule(24, 38, 186, 38, 0.8, (204, 42, 34))
    p.title(title, 54, 22, "serif", track=2)
    p.put("吕社养核〔2018〕1093号", 105, 64, 12, "brush", anchor="m")
    p.put(f"{HE.name}同志：", 26, 80, 15, "fang")
    text = (
        f"你（社会保障号{HE.number}）原在{GRAIN.name}工作，经审批自2018年10月起按月享受基本养老金。"
        "根据省政府规定的办法，你的月基本养老金核定如下："
    )
    y = p.flow(text, 26, 92, 158, 15, face="fang", leading=1.9)
    for label, amount in (
        ("（一）基础养老金", "986.41元"),
        ("（二）个人账户养老金", "203.17元"),
        ("（三）过渡性养老金", "331.09元"),
        ("合计", "1520.67元"),
    ):
        p.put(label, 40, y, 14, "fang")
        p.dots(42 + 60, 150, y + 2)
        p.put(amount, 178, y, 14, "fang", anchor="r")
        y += 9.5
    rest = "如对核定结果有异议，可自收到本告知书之日起六十日内申请复查，也可依法申请行政复议。"
    p.flow(rest, 26, y + 3, 158, 15, face="fang", leading=1.9)
    p.put(CITY, 176, 236, 15, "fang", anchor="r")
    p.put("二〇一八年十月十五日", 176, 247, 15, "fang", anchor="r")
    p.seal(CITY, 152, 240, size=42, angle=4)
    return p
