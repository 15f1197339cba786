"""Collection, statistics, audit; and two papers that are no social-insurance papers at all."""

from __future__ import annotations

import random

from ...draw_samples.sheet import Facts
from ..cast import CENTRE, CHE, CITY, COAL, HEAT, HOTEL, QU
from ..page import GEL, Page, Rect
from . import Start


def payment_slip(start: Start) -> Page:
    """The third sheet of a set: what carbon paper left of a payment slip."""
    title = "社会保险费专用缴款书"
    facts = Facts("缴费凭证", title, "征缴", (), HEAT.name, "", "2009-12-18", 2009)
    p = start(facts, width=210, height=120)
    p.title("社 会 保 险 费 专 用 缴 款 书", 14, 18, "serif")
    p.put("第三联 回执", 190, 22, 9, "serif", anchor="r")
    p.put("晋社缴 № 0091877", 22, 22, 11, "serif")
    p.write("2009 年 12 月 18 日", 84, 23, 13)
    rows = (
        (("缴款单位", HEAT.name, 110), ("开户行", "孝义工行", 60)),
        (("单位编码", "141181-0703", 60), ("所属期", "2009年11月", 50), ("人数", "46人", 60)),
        (("单位部分", "16,214.30", 56), ("个人部分", "6,485.72", 56), ("滞纳金", "0.00", 58)),
        (("合计(大写)", "贰万贰仟柒佰元零贰分", 110), ("小写", "¥22,700.02", 60)),
    )
    y = 29.0
    for row in rows:
        for cell, (label, value, _) in zip(p.band(20, y, 15, [w for _, _, w in row]), row, strict=True):
            p.beside(cell, label, value)
        y += 15
    p.put("复核", 24, 98, 11)
    p.write("折成虎", 36, 98, 15)
    p.put("收款", 84, 98, 11)
    p.write("岳丽", 96, 98, 15)
    p.put("（银行盖章）", 150, 98, 11)
    return p


def arrears(start: Start) -> Page:
    """A form to pay what was owed: labels beside dotted lines, amounts in words."""
    title = "欠费补缴申报表"
    facts = Facts("欠费补缴申报表", title, "征缴", (QU.pair,), COAL.name, COAL.code, "2015-05-20", 2015)
    p = start(facts)
    p.put("征缴表08", 24, 18, 9, "thin-sans")
    for y0 in range(20, 280, 4):
        p.rule(14, y0, 14, y0 + 2, 0.2)
    p.stacked("装订线", 11, 150, 9)
    p.title("基本养老保险", 28, 18, "serif", track=3)
    p.title("欠 费 补 缴 申 报 表", 39, 24, "heavy")
    p.dotted("单位全称(公章)", COAL.name, 24, 58, 186)
    p.dotted("信用代码", COAL.code, 24, 72, 110, size=13)
    p.dotted("联系人", "双秀琴", 114, 72, 186)
    p.dotted("补缴人员", QU.name, 24, 86, 84)
    p.dotted("证件号码", QU.number, 90, 86, 186)
    p.dotted("补缴原因", "2012年漏报，经劳动监察责令补缴", 24, 100, 186)
    widths = [34.0, 34, 32, 32, 30]
    for cell, head in zip(
        p.band(24, 112, 11, widths), ("所属时段", "月缴费基数", "应补本金", "利息", "滞纳金"), strict=True
    ):
        p.mid(cell, head, 11)
    lines = (
        ("2012.3-2012.12", "1,980", "5,544.00", "389.15", "2,079.00"),
        ("2013.1-2013.6", "2,240", "3,763.20", "181.90", "1,128.96"),
    )
    for number, line in enumerate(lines):
        for cell, text in zip(p.band(24, 123 + 11 * number, 11, widths), line, strict=True):
            p.fill(cell, text, 12, GEL)
    p.dotted("合计人民币", "壹万叁仟零捌拾陆元贰角壹分", 24, 160, 186)
    p.put("附：劳动监察责令书1份，工资发放凭证16张。", 24, 176, 11)
    p.put("核定人：", 24, 200, 12)
    p.write("成乃柱", 42, 200, 17, ink=GEL)
    p.put("2015.5.20", 150, 212, 13)
    p.seal(COAL.name, 76, 66, size=40, angle=-14)
    p.seal(CENTRE, 150, 206, size=40, angle=8)
    return p


def audit_notice(start: Start) -> Page:
    """A notice whose heading is set wide apart; the unit stands at the head and in a sentence."""
    title = "社会保险稽核通知书"
    facts = Facts("稽核通知书", title, "稽核", (), HOTEL.name, "", "2018-07-09", 2018)
    p = start(facts)
    p.title("临县社会保险中心", 36, 18, "serif", track=2)
    p.title("社会保险稽核通知书", 50, 24, "heavy", track=5)
    p.put("临社稽通字〔2018〕第14号", 105, 64, 12, "serif", anchor="m")
    p.rule(26, 70, 184, 70, 0.3)
    p.put(f"{HOTEL.name}：", 26, 84, 14)
    text = (
        "根据《社会保险费征缴暂行条例》和《社会保险稽核办法》，我中心定于2018年7月23日起对你单位2016年1月至2018年6月"
        "参加社会保险、申报缴费工资、足额缴费等情况进行实地稽核，请予配合。"
    )
    y = p.flow(text, 26, 96, 158, 14, leading=2.0)
    y = p.flow("请准备下列资料备查：", 26, y, 158, 14, leading=2.0)
    for item in (
        "一、职工花名册、劳动合同；",
        "二、工资发放明细及会计账簿；",
        "三、社会保险费缴纳凭证；",
        "四、营业执照副本。",
    ):
        p.put(item, 40, y, 14)
        y += 9.8
    p.put("稽核人员：申屠勇、弓玉珍　执法证号：141124-000、141124-999", 26, y + 8, 12)
    p.put("临县社会保险中心", 176, 240, 14, anchor="r")
    p.put("二〇一八年七月九日", 176, 250, 14, anchor="r")
    p.seal("临县社会保险中心稽核专用章", 152, 243, size=40, angle=-9)
    return p


def yearly(start: Start) -> Page:
    """A yearly return: heads turned on their side, a two-storey head, no person."""
    title = "二〇一八年度社会保险基本情况年报"
    facts = Facts("年度统计报表", title, "统计", (), CITY, "", "2019-01-18", 2018)
    p = start(facts, width=297, height=210)
    p.put("统社险01表", 280, 14, 9, "thin-sans", anchor="r")
    p.title("二〇一八年度社会保险", 20, 18, "serif", track=2)
    p.title("基 本 情 况 年 报", 30, 22, "heavy")
    p.put(f"填报单位：{CITY}", 18, 42, 11)
    p.put("计量单位：人、万元", 280, 42, 11, anchor="r")
    widths = [42.0] + [24.5] * 9
    heads = (
        "地区",
        "参保单位",
        "参保职工",
        "离退休",
        "当期缴费",
        "基金收入",
        "基金支出",
        "当期结余",
        "累计结余",
        "扩面人数",
    )
    for number, (cell, head) in enumerate(zip(p.band(17, 47, 28, widths), heads, strict=True)):
        if number:
            p.sideways(head, cell.x + cell.w / 2, cell.y + 14, 12, "serif")
        else:
            p.mid(cell, head, 12)
    places = ("离石区", "孝义市", "汾阳市", "文水县", "交城县", "兴县", "临县", "柳林县", "中阳县", "合计")
    sums = [0] * 9
    for row, place in enumerate(places):
        if place == "合计":
            values = sums
        else:
            values = _county(p.rng)
            sums = [a + b for a, b in zip(sums, values, strict=True)]
        cells = p.band(17, 75 + 10.6 * row, 10.6, widths)
        for cell, text in zip(cells, (place, *(f"{v:,}" for v in values)), strict=True):
            p.mid(cell, text, 11, "serif")
    p.put("单位负责人：雒进才　　统计负责人：蔚巧云　　填表人：岳丽　　报出日期：2019.1.18", 18, 192, 11)
    p.seal(CITY, 236, 180, size=36, angle=6)
    return p


def _county(rng: random.Random) -> list[int]:
    """One county's nine figures, such that income less spending is what is left."""
    staff, retired = rng.randint(4_000, 41_000), rng.randint(900, 12_000)
    income, spent = round(staff * 0.83), round(retired * 2.71)
    before = rng.randint(2_000, 30_000)
    return [
        rng.randint(90, 870),
        staff,
        retired,
        round(staff * 0.91),
        income,
        spent,
        income - spent,
        before + income - spent,
        rng.randint(60, 900),
    ]


def restaurant(start: Start) -> Page:
    """A bill for a meal: nothing that an agency files by itself."""
    facts = Facts("餐饮发票", "山西增值税普通发票", "", (), HOTEL.name, HOTEL.code, "2022-04-02", 2022)
    p = start(facts, width=210, height=128)
    p.put("014001900104", 20, 14, 13, "mono")
    p.title("山西增值税普通发票", 14, 19, "serif", track=1)
    p.put("№ 00318842", 188, 14, 13, "mono", anchor="r")
    p.put("开票日期：2022年04月02日", 188, 24, 10, anchor="r")
    p.frame(Rect(18, 30, 172, 82), 0.4)
    p.put("购买方　名称：个人", 22, 37, 11)
    p.rule(18, 43, 190, 43)
    for x, head in ((40, "货物或应税劳务名称"), (98, "数量"), (126, "单价"), (158, "金额")):
        p.put(head, x, 49, 10, anchor="m" if x > 40 else "l")
    for number, (name, count, price) in enumerate(
        (("餐饮服务*羊肉泡饼", 6, 32), ("餐饮服务*枣糕", 3, 18), ("餐饮服务*茶水", 1, 28))
    ):
        y = 58 + 8 * number
        p.put(name, 24, y, 10.5, "micro")
        p.put(str(count), 98, y, 10.5, "micro", anchor="m")
        p.put(f"{price}.00", 126, y, 10.5, "micro", anchor="m")
        p.put(f"{count * price}.00", 158, y, 10.5, "micro", anchor="m")
    p.rule(18, 82, 190, 82)
    p.put("价税合计（大写）　贰佰柒拾肆元整　　　（小写）¥274.00", 22, 88, 11)
    p.rule(18, 94, 190, 94)
    p.put(f"销售方　名称：{HOTEL.name}", 22, 100, 11)
    p.put(f"纳税人识别号：{HOTEL.code}", 22, 107, 11)
    p.put("收款人：　　复核：　　开票人：车海霞", 22, 118, 10)
    p.seal("碛口古渡客栈发票章", 158, 100, size=36, oval=True, angle=-4)
    return p


def meeting(start: Start) -> Page:
    """A notice of a meeting that only mentions what others file."""
    facts = Facts("会议通知", "关于召开冬季安全生产工作例会的通知", "", (), "", "", "2023-11-03", 2023)
    p = start(facts)
    p.title("关于召开冬季安全生产工作例会的", 38, 20, "heavy")
    p.title("通　知", 50, 22, "heavy", track=3)
    p.put("各科室、大厅各窗口：", 26, 72, 15, "fang")
    paragraphs = (
        "经研究，定于11月8日（星期三）下午三时在三楼会议室召开冬季安全生产工作例会，请准时参加。",
        "会议内容：一是通报秋季消防检查情况；二是安排档案库房、配电室、锅炉房隐患排查；三是部署节假日值班。",
        "请各科室于会前将自查表交办公室毕云霄处，不得请假，不得迟到。",
    )
    y = 84.0
    for text in paragraphs:
        y = p.flow(text, 26, y, 158, 15, face="fang", leading=2.0)
    p.put("办公室", 176, 204, 15, "fang", anchor="r")
    p.put("2023.11.3", 176, 216, 15, "fang", anchor="r")
    p.write(f"已阅。{CHE.name[:1]}", 40, 216, 20, ink=GEL)
    return p
