"""征缴类: base declarations, payrolls, assessments, arrears, back-payment, proofs."""

from __future__ import annotations

from ..cast import (
    AGENCY,
    BUILDING,
    CEMENT,
    CHENG,
    DATES,
    EXTRAS,
    FENG,
    GAO,
    HOTEL,
    LIU,
    QIN,
    SCHOOL,
    WEAVING,
    WEAVING_OLD,
    XUE,
    ZHANG,
    Employer,
    Person,
)
from ..sheet import BLACK, Facts, Sheet, people
from ..table import Table, lab, pen, val

CATEGORY = "征缴"


def base_2009(unit: Employer, who: tuple[Person, ...], number: int) -> list[Sheet]:
    """缴费基数申报表 of 2009: one sheet for one employer, filled in by hand."""
    facts = Facts(
        "缴费基数申报表", "2009年度社会保险缴费基数申报表", CATEGORY, people(*who), unit.name, "", "2009-03-20", 2009
    )
    sheet = Sheet(facts)
    sheet.title("2009年度社会保险缴费基数申报表", 24, 17)
    sheet.text("申报单位（公章）：", 15, 38, 10.5)
    sheet.hand(unit.name, 50, 38, 13)
    sheet.text(f"申报号：JS2009-{number:03d}", 195, 38, 10.5, anchor="r")
    table = Table(sheet, 15, 44, (12, 26, 58, 30, 28, 26))
    table.row(12, "序号", "姓名", "身份证号", "上年度工资总额", "月平均工资", "本人签字")
    for row, person in enumerate(who, 1):
        monthly = 980 + 115 * row + 60 * number
        cells = (val(str(row)), pen(person.name), pen(person.id_number, size=12.5))
        wrong = f"{monthly * 12 + 90}" if row == 2 else ""
        table.row(
            13, *cells, pen(f"{monthly * 12}", struck=wrong, size=12), pen(f"{monthly}"), pen(person.name, size=12)
        )
    for row in range(len(who) + 1, 9):
        table.row(13, val(str(row)), *(val("") for _ in range(5)))
    total = sum((980 + 115 * row + 60 * number) * 12 for row in range(1, len(who) + 1))
    table.row(13, lab("合　　计", 3), pen(str(total)), pen(""), pen(""))
    sheet.text(f"法定代表人：{unit.head}", 15, table.y + 10, 10.5)
    sheet.text(f"填表人：{unit.clerk}", 80, table.y + 10, 10.5)
    sheet.text("申报日期：2009年3月20日", 195, table.y + 10, 10.5, anchor="r")
    sheet.text("审核意见：", 15, table.y + 24, 10.5)
    sheet.hand("经核，同意按申报数执行。", 36, table.y + 24, 14)
    sheet.seal(unit.name, 64, 48, bottom="样章", angle=8 - 5 * number, size=38)
    sheet.seal("临县社会保险事业管理所", 150, table.y + 32, bottom="样章", angle=-10, size=38)
    return [sheet]


BASES_2009: tuple[tuple[Employer, tuple[Person, ...]], ...] = (
    (CEMENT, (GAO, EXTRAS[7], QIN)),
    (DATES, (ZHANG, EXTRAS[1], EXTRAS[2], EXTRAS[3])),
    (BUILDING, (LIU, EXTRAS[0], EXTRAS[4])),
    (WEAVING, (XUE, EXTRAS[6])),
)


def wages_1998() -> list[Sheet]:
    """职工缴费工资申报汇总表 of 1998, typed on old paper."""
    facts = Facts("缴费基数申报表", "职工养老保险缴费工资申报汇总表", CATEGORY, (), WEAVING_OLD, "", "1998-01-15", 1998)
    sheet = Sheet(facts, paper=(246, 240, 224))
    sheet.title("职工养老保险缴费工资申报汇总表", 28, 17, "lead-song", 1)
    sheet.text("（一九九八年度）", 105, 39, 12, face="lead-song", anchor="m")
    sheet.text("填报单位：", 18, 52, 11, face="lead-song")
    sheet.hand(WEAVING_OLD, 40, 52)
    sheet.text("金额单位：元", 192, 52, 11, face="lead-song", anchor="r")
    table = Table(sheet, 18, 58, (44, 26, 36, 34, 34), label_face="lead-song")
    table.row(14, "职工类别", "人数", "全年工资总额", "单位缴费20%", "个人缴费5%")
    rows = (("固定职工", 186, 892800), ("合同制职工", 94, 417360), ("临时工", 12, 43200))
    for name, heads, wages in rows:
        table.row(
            14, lab(name), pen(str(heads)), pen(str(wages)), pen(f"{wages * 0.2:.0f}"), pen(f"{wages * 0.05:.0f}")
        )
    table.row(14, lab("合　计"), pen("292"), pen("1353360"), pen("270672", struck="270627"), pen("67668"))
    table.row(28, lab("备　注"), pen("临时工自1997年10月起参加统筹。", 4, align="l"))
    sheet.text("厂长：", 18, 164, 11, face="lead-song")
    sheet.hand("李成贵", 30, 164)
    sheet.text("劳资科：", 80, 164, 11, face="lead-song")
    sheet.hand("白秀兰", 96, 164)
    sheet.hand("1998年1月15日", 150, 164, 13)
    sheet.seal(WEAVING_OLD, 60, 156, bottom="样章", angle=-12, size=38)
    return [sheet]


def payroll_2007() -> list[Sheet]:
    """A payroll of August 2007, two landscape sheets."""
    unit = BUILDING
    others = ("刘岩", "郭小芳", "王来生", "李二平", "秦保卫", "高四儿", "白海明")
    staff = (LIU.name, EXTRAS[0].name, EXTRAS[4].name, *others)
    who = tuple((name, "") for name in staff)
    facts = Facts("工资表", "2007年8月份职工工资发放表", CATEGORY, who, unit.name, "", "2007-08", 2007)
    halves = (staff[:5], staff[5:])
    return [_payroll_page(facts, half, page) for page, half in enumerate(halves, 1)]


def _payroll_page(facts: Facts, staff: tuple[str, ...], page: int) -> Sheet:
    sheet = Sheet(facts, 297, 210)
    sheet.title("2007年8月份职工工资发放表", 22, 17, "song")
    sheet.text(f"单位：{facts.unit}", 14, 36, 10.5)
    sheet.text(f"第 {page} 页　共 2 页", 283, 36, 10.5, anchor="r")
    table = Table(sheet, 14, 42, (14, 30, 28, 28, 28, 30, 34, 34, 43))
    table.row(
        13, "序号", "姓名", "基本工资", "岗位津贴", "出勤天数", "应发工资", "扣养老保险", "实发工资", "领款人签章"
    )
    total = 0.0
    for row, name in enumerate(staff, 1 + 5 * (page - 1)):
        gross = 620 + 45 * row + 180
        net = gross - round(gross * 0.08, 2)
        total += net
        cells = (str(row), name, str(620 + 45 * row), "180", "26", f"{gross}.00", f"{gross * 0.08:.2f}", f"{net:.2f}")
        table.row(13, *(val(text, size=10.5) for text in cells), pen(name, size=13))
    table.row(13, lab("本页合计", 2), val("", 5), val(f"{total:.2f}"), val(""))
    sheet.text("单位负责人：刘岩", 14, table.y + 12, 10.5)
    sheet.text("会计：郭小芳", 110, table.y + 12, 10.5)
    sheet.text("制表：任小丽", 200, table.y + 12, 10.5)
    if page == 1:
        sheet.seal(facts.unit, 232, 60, bottom="财务样章", angle=15, size=38)
    return sheet


def back_payment_agreement() -> list[Sheet]:
    """补缴协议书 of 2006, two sheets, a letter."""
    unit = CEMENT
    facts = Facts("补缴协议书", "社会保险费补缴协议书", CATEGORY, (), unit.name, "", "2006-11-20", 2006)
    first = Sheet(facts)
    first.title("社会保险费补缴协议书", 32, 20)
    first.text("甲方：临县社会保险事业管理所", 26, 54, 14)
    first.text(f"乙方：{unit.name}", 26, 64, 14)
    paragraphs = (
        "根据《社会保险费征缴暂行条例》的规定，就乙方补缴所欠基本养老保险费事宜，甲乙双方协商一致，达成如下协议。",
        "一、经核对，截至2006年10月31日，乙方累计欠缴基本养老保险费捌拾陆万叁仟伍佰元（￥863,500.00），涉及职工142人。",
        "二、乙方自2006年12月起分十二个月补缴，每月不少于柒万贰仟元，于每月二十五日前划入甲方收入户。",
        "三、乙方在补缴期间应当按月足额缴纳当期社会保险费，不得发生新的欠费。",
    )
    y = 78.0
    for text in paragraphs:
        y = first.paragraph(text, 26, y, 158, size=14) + 1
    first.text("1", 105, 282, 10, anchor="m")
    second = Sheet(facts)
    y = 34.0
    for text in (
        "四、乙方未按协议履行的，甲方可以依法加收滞纳金，并提请劳动保障行政部门处理。",
        "五、欠费补缴期间达到退休年龄的职工，由乙方优先补足其欠费后办理退休手续。",
        "六、本协议一式叁份，甲乙双方各执壹份，报县劳动和社会保障局备案壹份，自双方签字盖章之日起生效。",
    ):
        y = second.paragraph(text, 26, y, 158, size=14) + 1
    second.text("甲方（盖章）", 30, 130, 14)
    second.text("乙方（盖章）", 118, 130, 14)
    second.text("代表：", 30, 146, 14)
    second.hand("曹建军", 48, 146, 16)
    second.text("代表：", 118, 146, 14)
    second.hand(unit.head, 136, 146, 16)
    second.text("2006年11月20日", 30, 162, 14)
    second.text("2006年11月20日", 118, 162, 14)
    second.text("2", 105, 282, 10, anchor="m")
    second.seal("临县社会保险事业管理所", 56, 138, bottom="样章", angle=-6)
    second.seal(unit.name, 146, 138, bottom="样章", angle=9)
    return [first, second]


def payment_proof() -> list[Sheet]:
    """参保缴费证明 of 2020 (digital)."""
    person, unit = FENG, DATES
    facts = Facts(
        "缴费证明", "社会保险参保缴费证明", CATEGORY, people(person), unit.name, unit.uscc, "2020-08-11", 2020
    )
    sheet = Sheet(facts, paper=(255, 255, 255))
    sheet.title("社会保险参保缴费证明", 34, 20, "hei-bold", 1)
    sheet.text("验证码：0820-1411-24XX", 190, 48, 10, face="hei", anchor="r")
    text = (
        f"兹证明{person.name}，{person.sex}，公民身份号码{person.id_number}，在{unit.name}"
        f"（统一社会信用代码{unit.uscc}）参加社会保险，截至2020年8月，缴费情况如下："
    )
    y = sheet.paragraph(text, 20, 64, 170, size=13, face="hei")
    table = Table(sheet, 20, y + 4, (52, 46, 36, 36), 0.18, label_face="hei")
    table.row(11, "险种", "缴费起止年月", "累计月数", "缴费状态")
    for row in (
        ("企业职工基本养老保险", "201009-202007", "119", "正常缴费"),
        ("失业保险", "201009-202007", "119", "正常缴费"),
        ("工伤保险", "201101-202007", "115", "正常缴费"),
    ):
        table.row(11, *(val(text, face="hei", size=10.5) for text in row))
    y = sheet.paragraph("本证明由系统打印，涂改无效，有效期三个月。", 20, table.y + 14, 170, size=12, face="hei")
    sheet.text(f"证明机构：{AGENCY}", 190, y + 20, 13, face="hei", anchor="r")
    sheet.text("打印日期：2020年8月11日", 190, y + 32, 13, face="hei", anchor="r")
    sheet.seal(AGENCY, 158, y + 22, bottom="证明样章", strength=0.9)
    return [sheet]


def arrears_notice() -> list[Sheet]:
    """社会保险费催缴通知书 of 2012."""
    unit = HOTEL
    facts = Facts("催缴通知书", "社会保险费催缴通知书", CATEGORY, (), unit.name, "", "2012-10-16", 2012)
    sheet = Sheet(facts)
    sheet.text("临社险催字〔2012〕第19号", 184, 30, 13, face="kai-gb", anchor="r")
    sheet.title("社会保险费催缴通知书", 48, 21)
    sheet.text(f"{unit.name}：", 26, 70, 15)
    text = (
        "经查，你单位2012年4月至9月应缴社会保险费共计47,286.00元，至今未缴。根据《中华人民共和国社会保险法》第六十三条规定，"
        "请你单位自收到本通知之日起5日内到我中心足额补缴。逾期仍不缴纳的，将依法申请划拨，并自欠缴之日起按日加收万分之五的滞纳金。"
    )
    y = sheet.paragraph(text, 26, 82, 158, size=15)
    table = Table(sheet, 26, y + 2, (46, 40, 36, 36))
    table.row(11, "险种", "所属期", "单位应缴", "个人应缴")
    for kind, due, own in (
        ("养老保险", "30,240.00", "12,096.00"),
        ("失业保险", "3,024.00", "1,512.00"),
        ("工伤保险", "414.00", "0.00"),
    ):
        table.row(11, val(kind), val("201204-201209"), val(due), val(own))
    sheet.text(AGENCY, 182, table.y + 28, 15, anchor="r")
    sheet.text("二〇一二年十月十六日", 182, table.y + 40, 15, anchor="r")
    sheet.text("签收人：", 26, table.y + 58, 13)
    sheet.hand("任小丽　2012.10.18", 46, table.y + 58, 14)
    sheet.seal(AGENCY, 156, table.y + 30, bottom="样章", angle=-3)
    return [sheet]


def assessment_2022() -> list[Sheet]:
    """企业年度缴费基数核定表 of 2022, three pages of a system print-out (digital)."""
    unit = SCHOOL
    staff = EXTRAS[21:35]
    facts = Facts(
        "缴费基数核定表",
        "2022年度社会保险缴费基数核定表",
        CATEGORY,
        people(*staff),
        unit.name,
        unit.uscc,
        "2022-01-17",
        2022,
    )
    pages = []
    for page, group in enumerate((staff[:7], staff[7:]), 1):
        sheet = Sheet(facts, 297, 210, paper=(255, 255, 255))
        sheet.title("2022年度社会保险缴费基数核定表", 22, 16, "hei-bold", 0.5)
        sheet.text(f"单位名称：{unit.name}", 14, 35, 10, face="hei")
        sheet.text(f"统一社会信用代码：{unit.uscc}", 130, 35, 10, face="hei")
        sheet.text("核定日期：2022-01-17", 283, 35, 10, face="hei", anchor="r")
        table = Table(sheet, 14, 41, (14, 30, 60, 40, 40, 42, 43), 0.18, label_face="hei")
        table.row(10, "序号", "姓名", "社会保障号码", "个人编号", "申报基数", "核定基数", "备注")
        for row, person in enumerate(group, 1 + 7 * (page - 1)):
            base = 4100 + 97 * row
            note = "按下限核定" if row == 1 else ""
            cells = (str(row), person.name, person.id_number, person.card, f"{base}.00", f"{max(base, 4200)}.00", note)
            table.row(10, *(val(text, face="hei", size=10) for text in cells))
        sheet.text(f"第{page}页/共3页", 148.5, 198, 9, face="hei", anchor="m")
        pages.append(sheet)
    last = Sheet(facts, 297, 210, paper=(255, 255, 255))
    last.text("核定汇总", 14, 24, 12, face="hei-bold")
    table = Table(last, 14, 32, (70, 60, 70, 69), 0.18, label_face="hei")
    table.row(10, "项目", "人数", "核定月基数合计（元）", "月应缴合计（元）")
    for kind, amount in (("机关事业单位养老保险", "16,274.40"), ("失业保险", "678.10"), ("工伤保险", "135.62")):
        table.row(10, *(val(text, face="hei", size=10) for text in (kind, "14", "67,810.00", amount)))
    last.text("经办：冯丽珍　　复核：曹建军　　单位确认：张慧", 14, 96, 11, face="hei")
    last.text("第3页/共3页", 148.5, 198, 9, face="hei", anchor="m")
    return [*pages, last]


def bank_slip() -> list[Sheet]:
    """银行进账单 as a copied half sheet, 2005; handwriting in black."""
    facts = Facts("银行进账单", "银行进账单（回单）", CATEGORY, (), CEMENT.name, "", "2005-12-25", 2005)
    sheet = Sheet(facts, 210, 110, paper=(238, 244, 240))
    sheet.title("银行进账单（回单）", 14, 15, "song", 1)
    sheet.text("2005年12月25日", 105, 24, 11, anchor="m")
    table = Table(sheet, 14, 30, (12, 20, 58, 12, 20, 60), pen_ink=BLACK)
    table.row(
        11,
        lab("付款人", down=3, vertical=True),
        "全称",
        pen(CEMENT.name, size=12),
        lab("收款人", down=3, vertical=True),
        "全称",
        pen("临县社会保险事业管理所", size=12),
    )
    table.row(11, "账号", pen("0412 0000 9002 18", size=12), "账号", pen("0400 0000 1411 24", size=12))
    table.row(11, "开户行", pen("县工行", size=12), "开户行", pen("县信用联社", size=12))
    table.row(12, lab("金额（大写）", 2), pen("柒万贰仟元整", 2), lab("￥"), pen("72,000.00"))
    table.row(12, lab("用途", 2), pen("补缴养老保险费", 2), lab("票据"), pen("转账支票1张"))
    sheet.stamp(("转讫（样）", "2005.12.25"), 150, 88, 32)
    return [sheet]


def declare_flexible() -> list[Sheet]:
    """灵活就业人员缴费申报表 of 2015, label above value."""
    person = CHENG
    facts = Facts("缴费基数申报表", "灵活就业人员缴费申报表", CATEGORY, people(person), "", "", "2015-01-09", 2015)
    sheet = Sheet(facts)
    sheet.title("灵活就业人员缴费申报表", 26, 18)
    table = Table(sheet, 20, 42, (42, 66, 62))
    table.row(10, "申报人姓名", "公民身份证号码", "手机号码")
    table.row(14, pen(person.name), pen(person.id_number), pen("13900000218"))
    table.row(10, "缴费年度", "选择缴费基数（元/月）", "缴费比例")
    table.row(14, pen("2015年"), pen("2229", struck="2292"), pen("20%"))
    table.row(10, "全年应缴（元）", "缴费方式", "开户银行")
    table.row(14, pen("5349.60"), pen("银行代扣"), pen("县邮政储蓄"))
    table.row(40, lab("申报人承诺：以上内容由本人如实填写。", 3, align="l", top=True))
    sheet.text("申报人（签字）：", 102, 146, 11)
    sheet.hand(person.name, 134, 146)
    sheet.text("2015年1月9日", 186, 146, 11, anchor="r")
    sheet.text("经办人：李海珍　　复核人：冯丽珍", 20, 170, 11)
    sheet.stamp(("临县社保中心", "2015.01.09"), 150, 160)
    return [sheet]


def electronic_voucher() -> list[Sheet]:
    """社会保险费缴费凭证 of March 2024 (an OFD, text only)."""
    unit = BUILDING
    facts = Facts("缴费凭证", "社会保险费电子缴费凭证", CATEGORY, (), unit.name, unit.uscc, "2024-03-12", 2024)
    sheet = Sheet(facts, 210, 140, paper=(255, 255, 255))
    sheet.title("社会保险费电子缴费凭证", 20, 18, "song", 0)
    lines = (
        f"缴费单位：{unit.name}",
        f"统一社会信用代码：{unit.uscc}",
        "费款所属期：2024年02月",
        "企业职工基本养老保险费：18,432.00元",
        "失业保险费：1,152.00元",
        "工伤保险费：806.40元",
        "合计金额：人民币贰万零叁佰玖拾元肆角整（￥20,390.40）",
        "缴款日期：2024年3月12日",
        f"收款机构：{AGENCY}",
    )
    for number, line in enumerate(lines):
        sheet.text(line, 20, 38 + 10 * number, 12, face="song")
    return [sheet]
