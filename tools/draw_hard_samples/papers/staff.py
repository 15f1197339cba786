"""Units and their staff: registration, changes, transfer of the insurance relation, ending of contracts."""

from __future__ import annotations

from ...draw_samples.sheet import Facts
from ..cast import CENTRE, CITY, COAL, CROWD, DU, HEAT, LV, MU, PUMP, QU, SCHOOL, WU
from ..page import GEL, Page, Rect
from . import Start


def unit_form(start: Start) -> Page:
    """First page of the registration of a unit: grey labels, values in the same cell."""
    title = "参加社会保险单位信息登记表"
    facts = Facts("单位参保登记表", title, "管理", (LV.pair,), SCHOOL.name, SCHOOL.code, "2023-02-14", 2023)
    p = start(facts)
    p.put("表A-1", 22, 18, 10, "thin-sans")
    p.put("填报日期：2023.2.14", 188, 18, 10, "thin-sans", anchor="r")
    p.title(title, 32, 21, "sans", track=0.6)
    rows = (
        (("单位全称(公章)", SCHOOL.name),),
        (("统一社会信用代码", SCHOOL.code),),
        (("单位类型", "事业单位"), ("经费来源", "财政全额")),
        (("法定代表人", LV.name), ("证件类型", "居民身份证")),
        (("证件号码", LV.number),),
        (("专管员", DU.name), ("手机", "13900000514")),
        (("地址", "中阳县柏洼山镇学前路一号"),),
        (("开户银行", "中阳农商行营业部"), ("账号", "1480 0000 0514")),
        (("首次参保日期", "2023年3月"), ("参保人数", "27人")),
        (("参加险种", "机关事业养老、失业、工伤、职工医疗"),),
    )
    y = 44.0
    for row in rows:
        for cell, (label, value) in zip(p.band(22, y, 15, [166 / len(row)] * len(row)), row, strict=True):
            p.beside(cell, label, value, ink=GEL)
        y += 15
    note = p.frame(Rect(22, y, 166, 46))
    p.put("单位承诺", 26, note.y + 7, 11, "sans")
    p.flow("本单位对所填内容的真实性负责，并按月足额缴纳各项社会保险费。", 26, note.y + 16, 156, 11, leading=1.7)
    p.put("经办人", 92, note.y + 36, 11)
    p.write(DU.name, 108, note.y + 36, 16)
    p.seal(SCHOOL.name, 66, 54, size=40, angle=-12)
    return p


def unit_form_back(start: Start) -> Page:
    """Second page: what the centre writes."""
    facts = Facts(
        "单位参保登记表", "参加社会保险单位信息登记表", "管理", (LV.pair,), SCHOOL.name, SCHOOL.code, "2023-02-14", 2023
    )
    p = start(facts)
    p.put("表A-1（背面）", 22, 18, 10, "thin-sans")
    p.put("所附材料（打√）", 24, 34, 13, "sans")
    papers = ("事业单位法人证书副本", "法定代表人证件复印件", "编制部门批复", "职工名册及工资发放表", "银行开户许可证")
    for number, name in enumerate(papers):
        p.frame(Rect(28, 43 + 11 * number, 5, 5))
        if number != 2:
            p.put("√", 28.4, 45 + 11 * number, 14, "micro", ink=GEL)
        p.put(f"{number + 1}. {name}", 37, 45.5 + 11 * number, 12)
    p.put("社会保险登记编号", 24, 112, 12)
    p.dots(64, 184, 115)
    p.put("1411290000514", 70, 111.6, 14, "mono")
    p.put("受理意见", 24, 130, 12)
    p.write("材料齐全，准予登记，自2023年3月起缴费。", 30, 144, 15)
    p.put("受理人", 108, 166, 12)
    p.write("弓玉珍", 126, 166, 16)
    p.put("二〇二三年二月十六日", 124, 180, 12)
    p.seal("中阳县社会保险中心", 150, 172, size=40, angle=10)
    p.put("本表由参保单位填报，一式两份。", 24, 272, 9, "thin-sans")
    return p


def changes(start: Start) -> Page:
    """A roster of ten with heads turned on their side, written on a wide sheet."""
    title = "参保单位人员变动花名表"
    people = CROWD[:10]
    facts = Facts("人员增减表", title, "管理", tuple(c.pair for c in people), COAL.name, COAL.code, "2016-08-03", 2016)
    p = start(facts, width=297, height=210)
    p.title("参 保 单 位 人 员 变 动 花 名 表", 20, 22, "heavy")
    p.put(f"用人单位：{COAL.name}", 16, 34, 11)
    p.put(f"信用代码：{COAL.code}", 132, 34, 11)
    p.put("2016年8月", 281, 34, 11, anchor="r")
    widths = [11.0, 28, 12, 66, 20, 20, 34, 34, 40]
    heads = ["序号", "姓　名", "性别", "身份证件号码", "增加", "减少", "变动原因", "变动年月", "本人签字"]
    for number, (cell, head) in enumerate(zip(p.band(16, 39, 20, widths), heads, strict=True)):
        if number in {0, 2, 4, 5}:
            p.sideways(head, cell.x + cell.w / 2, cell.y + 10, 11)
        else:
            p.mid(cell, head, 12, "sans")
    reasons = ("新招", "调入", "辞职", "新招", "到龄退休", "调入", "合同期满", "新招", "续保", "死亡")
    for number, (person, why) in enumerate(zip(people, reasons, strict=True)):
        cells = p.band(16, 59 + 11.2 * number, 11.2, widths)
        more = why in {"新招", "调入", "续保"}
        p.mid(cells[0], str(number + 1), 11)
        for at, text in ((1, person.name), (2, person.sex), (3, person.number), (6, why)):
            p.fill(cells[at], text, 15, GEL)
        p.fill(cells[4 if more else 5], "√", 13, GEL)
        p.fill(cells[7], "2016.8", 13, GEL)
    p.put("单位负责人：", 22, 184, 11)
    p.write(QU.name, 48, 184, 16)
    p.put("填表：", 112, 184, 11)
    p.write(CROWD[1].name, 126, 184, 16)
    p.put("2016.8.3", 250, 184, 12)
    p.seal(COAL.name, 246, 178, size=38, angle=-6)
    return p


def contact_letter(start: Start) -> Page:
    """The letter between two centres; name, number and unit stand inside sentences."""
    title = "关于转移养老保险关系的联系函"
    facts = Facts("基本养老保险关系转移接续联系函", title, "管理", (MU.pair,), HEAT.name, "", "2019-03-06", 2019)
    p = start(facts)
    p.title(CITY, 34, 26, "heavy", track=4)
    p.rule(22, 46, 188, 46, 1.0, (204, 42, 34))
    p.rule(22, 47.6, 188, 47.6, 0.3, (204, 42, 34))
    p.put("吕社险转函〔2019〕62号", 105, 55, 13, "fang", anchor="m")
    p.title("关于转移养老保险关系的", 72, 19, "serif")
    p.title("联系函", 82, 19, "serif", track=4)
    p.put("榆次区社会保险中心：", 26, 98, 15, "fang")
    text = (
        f"原在你处参保的{MU.name}同志（身份证件号{MU.number}，性别{MU.sex}），现已到我市{HEAT.name}就业，"
        "并于2019年1月在我处参加企业职工基本养老保险。经审核，其本人符合跨统筹地区转移接续条件。"
    )
    y = p.flow(text, 26, 110, 158, 15, face="fang", leading=1.95)
    more = (
        "请在收到本函之日起十五个工作日内办结转出手续，出具转移接续信息表，并将个人账户储存额和统筹基金一并划转至下列账户："
        "户名吕梁市社会保险基金专户，账号0000 1411 0000 0062。"
    )
    y = p.flow(more, 26, y, 158, 15, face="fang", leading=1.95)
    p.put("联系人：双秀琴　电话：0358-0000062", 38, y + 4, 14, "fang")
    p.put(CITY, 178, 238, 15, "fang", anchor="r")
    p.put("二〇一九年三月六日", 178, 249, 15, "fang", anchor="r")
    p.seal(CITY, 152, 243, size=42, angle=-5)
    return p


def transfer_sheet(start: Start) -> Page:
    """The information sheet sent with the letter: a table of years with narrow columns."""
    facts = Facts(
        "转移接续信息表", "基本养老保险关系转移接续信息表", "管理", (MU.pair,), HEAT.name, "", "2019-03-06", 2019
    )
    p = start(facts)
    p.title("基本养老保险关系", 24, 17, "serif", track=1)
    p.title("转移接续信息表", 33, 20, "heavy", track=3)
    cells = p.band(22, 42, 16, [38, 84, 44])
    for cell, (label, value) in zip(
        cells, (("人员", MU.name), ("社保号", MU.number), ("首次参保", "2003.6")), strict=True
    ):
        p.put(label, cell.x + 1.5, cell.y + 3, 8, "thin-sans")
        p.mid(Rect(cell.x, cell.y + 4, cell.w, cell.h - 4), value, 13, "micro")
    widths = [22.0, 22, 42, 40, 40]
    for cell, head in zip(
        p.band(22, 62, 10, widths), ("年 度", "月 数", "缴费工资总额", "单位划入", "个人缴费"), strict=True
    ):
        p.mid(cell, head, 11, "sans")
    wage, total = 9600, 0
    for number, year in enumerate(range(2003, 2019)):
        months = 7 if year == 2003 else 12
        row = p.band(22, 72 + 8.4 * number, 8.4, widths)
        mine = round(wage * months / 12 * 0.08)
        total += mine
        texts = (str(year), str(months), f"{wage * months // 12:,}.00", f"{mine // 4:,}.00", f"{mine:,}.00")
        for cell, text in zip(row, texts, strict=True):
            p.mid(cell, text, 11, "micro")
        wage += 2400 + 180 * number
    p.put(f"个人缴费本金合计：{total:,}.00元", 24, 218, 12, "micro")
    p.put("制表：原爱莲　　复核：岳丽", 24, 230, 11)
    p.put("2019.3.6", 176, 246, 12, anchor="r")
    p.seal("榆次区社会保险业务章", 156, 238, size=38, oval=True, angle=6)
    return p


def end_of_contract(start: Start) -> Page:
    """A certificate as a letter; two persons are named in it, only one is let go."""
    title = "解除劳动关系证明"
    facts = Facts("终止劳动合同证明书", title, "失业", (WU.pair,), PUMP.name, PUMP.code, "2020-06-30", 2020)
    p = start(facts)
    p.title("解 除 劳 动 关 系 证 明", 44, 24, "sans")
    p.put("（存根另附）", 105, 55, 11, "light", anchor="m")
    text = (
        f"{WU.name}，男，证件号码{WU.number}，系我公司铸造车间职工，于2005年4月签订劳动合同。"
        "因企业生产经营发生严重困难，经双方协商一致，依照《劳动合同法》第三十六条，自二〇二〇年六月三十日起解除劳动关系。"
    )
    y = p.flow(text, 28, 74, 154, 14, face="micro", leading=2.0)
    more = "该同志在本单位工作共15年2个月，经济补偿金已于2020年6月28日发放，失业保险费缴至2020年6月。"
    y = p.flow(more, 28, y, 154, 14, face="micro", leading=2.0)
    y = p.flow("特此证明。", 28, y, 154, 14, face="micro", leading=2.0)
    p.put(f"统一社会信用代码 {PUMP.code}", 28, y + 10, 12, "micro")
    p.put("职工本人签收：", 28, y + 26, 13, "micro")
    p.write(WU.name, 64, y + 26, 20)
    p.put("人事主管：", 28, y + 42, 13, "micro")
    p.write("巩志伟", 56, y + 42, 17, ink=GEL)
    p.put(PUMP.name, 178, 232, 14, "micro", anchor="r")
    p.put("二〇二〇年六月三十日", 178, 243, 14, "micro", anchor="r")
    p.seal(PUMP.name, 148, 234, size=40, angle=9)
    return p


def identity_copy(start: Start) -> Page:
    """Both sides of a card on one sheet, the back above the front, with a written declaration."""
    facts = Facts("居民身份证复印件", "居民身份证", "管理", (LV.pair,), "", "", "2023-02-14", 2023)
    p = start(facts)
    back = p.frame(Rect(62, 40, 86, 54), 0.35)
    p.put("中华人民共和国", 113, back.y + 10, 15, "sans", anchor="m")
    p.put("居民身份证", 113, back.y + 20, 19, "black", anchor="m")
    p.put("签发机关", 78, back.y + 38, 9, "sans")
    p.put("中阳县公安局", 96, back.y + 38, 10, "sans")
    p.put("有效期限", 78, back.y + 46, 9, "sans")
    p.put("2015.08.10-2035.08.10", 96, back.y + 46, 10, "sans")
    front = p.frame(Rect(62, 110, 86, 54), 0.35)
    year, month, day = LV.birth[:4], str(int(LV.birth[4:6])), str(int(LV.birth[6:]))
    for number, (label, value) in enumerate(
        (
            ("姓名", LV.name),
            ("性别", f"{LV.sex}　民族 汉"),
            ("出生", f"{year} 年 {month} 月 {day} 日"),
            ("住址", "山西省中阳县宁乡"),
        )
    ):
        p.put(label, 67, front.y + 8 + 8 * number, 9, "thin-sans")
        p.put(value, 79, front.y + 8 + 8 * number, 11, "sans")
    p.put("镇凤城北街九号", 79, front.y + 38, 11, "sans")
    p.put("公民身份号码", 67, front.y + 47, 9, "thin-sans")
    p.put(LV.number, 90, front.y + 47, 13, "mono")
    head = Rect(121, front.y + 8, 20, 26)
    p.pen.rectangle(
        [round(v * p.scale) for v in (head.x, head.y, head.x + head.w, head.y + head.h)], fill=(188, 186, 182)
    )
    p.pen.ellipse([round(v * p.scale) for v in (127, front.y + 12, 135, front.y + 22)], fill=(120, 118, 112))
    p.pen.chord([round(v * p.scale) for v in (122, front.y + 23, 140, front.y + 45)], 180, 360, fill=(104, 102, 98))
    p.write("与原件核对一致，仅供单位登记使用", 54, 190, 17)
    p.write("吕秀芬", 118, 206, 19)
    p.write("2023.2.14", 118, 220, 16)
    p.seal(CENTRE, 134, 128, size=36, angle=-20, oval=True)
    return p
