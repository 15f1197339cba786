"""管理类: joining, leaving, transfer of the pension relation, accounts, qualification."""

from __future__ import annotations

from ..cast import AGENCY, BAI, BUILDING, CHENG, DATES, EXTRAS, GAO, HOTEL, LI, LIU, WANG, Employer, Person
from ..sheet import Facts, Portrait, Rule, Sheet, people
from ..table import Table, lab, pen, val

CATEGORY = "管理"


def changes_2009() -> list[Sheet]:
    """人员增减表 of July 2009: cover sheet, joining, leaving (a three-page fax-like TIFF)."""
    unit = BUILDING
    joined = (WANG, EXTRAS[5], EXTRAS[9], EXTRAS[11])
    left = (EXTRAS[4], EXTRAS[0])
    who = people(*joined, *left)
    facts = Facts("人员增减表", "参保单位人员增减变动申报表", CATEGORY, who, unit.name, "", "2009-07-22", 2009)
    cover = Sheet(facts)
    cover.title("参保单位人员增减变动申报表", 28, 19)
    cover.text(f"单位编号：{unit.number}", 18, 44, 11)
    cover.text(f"单位名称：{unit.name}", 70, 44, 11)
    cover.text("2009年7月", 192, 44, 11, anchor="r")
    table = Table(cover, 18, 50, (44, 32, 32, 32, 34))
    table.row(12, "项目", "上月末人数", "本月增加", "本月减少", "本月末人数")
    for kind in ("基本养老保险", "失业保险", "工伤保险"):
        table.row(12, val(kind), val("31"), val("4"), val("2"), val("33"))
    table.row(30, "增减原因说明", pen("新招用4人，辞职2人。", 4, align="l"))
    cover.text("单位负责人：刘岩", 18, 150, 11)
    cover.text("填表人：郭小芳", 84, 150, 11)
    cover.text("填报日期：2009年7月22日", 192, 150, 11, anchor="r")
    cover.seal(unit.name, 58, 150, bottom="样章", angle=-5)
    cover.stamp(("临县社保中心", "2009.07.24", "收讫（样）"), 146, 168)
    reasons = ("新招用", "新招用", "外单位调入", "新招用")
    plus = _change_list(facts, "增加人员明细表", joined, reasons, "参保时间", "200907")
    minus = _change_list(facts, "减少人员明细表", left, ("辞职", "合同到期"), "停保时间", "200907")
    return [cover, plus, minus]


def _change_list(
    facts: Facts, title: str, who: tuple[Person, ...], reasons: tuple[str, ...], when: str, month: str
) -> Sheet:
    sheet = Sheet(facts, 297, 210)
    sheet.title(title, 24, 18)
    sheet.text(f"单位名称（章）：{facts.unit}", 18, 38, 11)
    sheet.text("2009年7月", 279, 38, 11, anchor="r")
    table = Table(sheet, 18, 44, (14, 30, 16, 62, 34, 34, 37, 34))
    table.row(12, "序号", "姓名", "性别", "公民身份号码", "出生年月", when, "变动原因", "月工资（元）")
    for number, person in enumerate(who, 1):
        wage = f"{1180 + 135 * number}.00"
        cells = (
            str(number),
            person.name,
            person.sex,
            person.id_number,
            person.birth[:6],
            month,
            reasons[number - 1],
            wage,
        )
        table.row(11, *(val(text) for text in cells))
    for _ in range(8 - len(who)):
        table.row(11, *(val("") for _ in range(8)))
    sheet.text("填表人：郭小芳", 18, table.y + 10, 11)
    sheet.text("经办机构复核：冯丽珍", 190, table.y + 10, 11)
    return sheet


def changes_2016() -> list[Sheet]:
    """企业职工社会保险人员增减变化表 of March 2016, a system print-out of two pages (digital)."""
    unit = DATES
    joined = (CHENG, LI, EXTRAS[8], EXTRAS[10])
    left = (EXTRAS[3], EXTRAS[1], EXTRAS[2])
    who = people(*joined, *left)
    facts = Facts(
        "人员增减表", "企业职工社会保险人员增减变化表", CATEGORY, who, unit.name, unit.uscc, "2016-03-15", 2016
    )
    first = Sheet(facts, paper=(255, 255, 255))
    first.title("企业职工社会保险人员增减变化表", 24, 16, "hei-bold", 0.4)
    first.text(f"统一社会信用代码：{unit.uscc}", 15, 36, 9.5, face="hei")
    first.text(f"单位名称：{unit.name}", 15, 43, 9.5, face="hei")
    first.text("申报日期：2016-03-15", 195, 43, 9.5, face="hei", anchor="r")
    first.text("一、增加人员", 15, 52, 10.5, face="hei-bold")
    y = _system_list(first, 56, joined, "增加", ("新参保", "续保", "新参保", "统筹范围内转入"))
    first.text("二、减少人员", 15, y + 8, 10.5, face="hei-bold")
    _system_list(first, y + 12, left, "减少", ("退休", "解除合同", "解除合同"))
    first.text("第1页 共2页", 105, 284, 9, face="hei", anchor="m")
    second = Sheet(facts, paper=(255, 255, 255))
    second.text("三、汇总", 15, 24, 10.5, face="hei-bold")
    table = Table(second, 15, 30, (45, 45, 45, 45), label_face="hei")
    table.row(9, "险种", "增加人数", "减少人数", "期末人数")
    for kind, end in (("企业职工基本养老保险", "64"), ("失业保险", "64"), ("工伤保险", "66")):
        table.row(9, *(val(v, face="hei", size=9.5) for v in (kind, "4", "3", end)))
    second.text("申报承诺：本单位对所申报内容的真实性负责。", 15, 82, 10.5, face="hei")
    second.text(f"单位经办人：{unit.clerk}", 15, 94, 10.5, face="hei")
    second.text("社保经办人：冯丽珍　　复核人：曹建军", 105, 94, 10.5, face="hei")
    second.text("第2页 共2页", 105, 284, 9, face="hei", anchor="m")
    second.seal(unit.name, 60, 96, bottom="样章", angle=0, strength=0.9)
    return [first, second]


def _system_list(sheet: Sheet, y: float, who: tuple[Person, ...], word: str, reasons: tuple[str, ...]) -> float:
    table = Table(sheet, 15, y, (12, 24, 48, 14, 28, 30, 24), 0.18, label_face="hei")
    table.row(9, "序号", "姓名", "社会保障号码", "性别", f"{word}年月", f"{word}原因", "缴费工资")
    for number, person in enumerate(who, 1):
        cells = (
            str(number),
            person.name,
            person.id_number,
            person.sex,
            "2016-03",
            reasons[number - 1],
            f"{2350 + 180 * number}",
        )
        table.row(9, *(val(text, face="hei", size=9.5) for text in cells))
    return table.y


def joining_2021() -> list[Sheet]:
    """在职职工增员申报表 of June 2021 for one young worker; a seal lies over the text."""
    unit, person = HOTEL, BAI
    facts = Facts(
        "人员增减表", "在职职工增员申报表", CATEGORY, people(person), unit.name, unit.uscc, "2021-06-09", 2021
    )
    sheet = Sheet(facts)
    sheet.title("在职职工增员申报表", 26, 19)
    table = Table(sheet, 16, 40, (34, 55, 36, 53))
    table.row(12, "申报单位", val(unit.name, 3))
    table.row(12, "统一社会信用代码", val(unit.uscc), "单位编号", val(unit.number))
    table.row(12, "姓　　名", val(person.name), "性　　别", val(person.sex))
    table.row(12, "社会保障号码", val(person.id_number), "出生日期", val(person.born))
    table.row(12, "户口性质", val("城镇"), "用工形式", val("合同制"))
    table.row(12, "参加工作时间", val("2021年6月"), "合同期限", val("2021.06.01—2024.05.31"))
    table.row(12, "本次参保时间", val("2021年6月"), "月缴费工资", val("3,200.00元"))
    table.row(12, "参保险种", val("企业职工养老、失业、工伤", 3))
    table.row(36, "单位意见", val("以上情况属实，申请办理增员。", 3))
    table.row(36, "经办机构意见", val("已核，同意办理。", 3))
    sheet.text("2021年6月9日", 180, 166, 11, anchor="r")
    sheet.text("2021年6月10日", 180, 202, 11, anchor="r")
    sheet.seal(unit.name, 92, 62, bottom="样章", angle=16, strength=0.85)
    sheet.seal(AGENCY, 130, 188, bottom="业务样章", angle=-8)
    return [sheet]


def transfer_file() -> list[Sheet]:
    """Transfer of a pension relation, 2013: application, certificate, letter of contact, information sheet (turned)."""
    return [_application(), certificate_of_payment(WANG, 2013)[0], letter_of_contact()[0], _information()]


def _application() -> Sheet:
    facts = Facts(
        "基本养老保险关系转移接续申请表",
        "基本养老保险关系转移接续申请表",
        CATEGORY,
        people(WANG),
        BUILDING.name,
        "",
        "2013-04-02",
        2013,
    )
    sheet = Sheet(facts)
    sheet.title("基本养老保险关系转移接续申请表", 26, 17)
    table = Table(sheet, 18, 42, (34, 46, 34, 60))
    table.row(13, "姓名", pen(WANG.name), "性别", pen(WANG.sex))
    table.row(13, "公民身份号码", pen(WANG.id_number, 2), lab("户籍：山西临县"))
    table.row(13, "转出地经办机构", pen("太原市社会保险管理中心", 3))
    table.row(13, "转入地单位", pen(BUILDING.name, 3))
    table.row(13, "原参保时间", pen("2004年3月至2009年6月", 3, struck="2004年2月"))
    table.row(13, "联系电话", pen("13900000127"), "邮政编码", pen("033200"))
    table.row(44, "申请人签字", pen("申请将本人基本养老保险关系转入临县。", 3, align="l"))
    sheet.hand(WANG.name, 130, 158)
    sheet.hand("2013年4月2日", 156, 158, 12)
    sheet.stamp(("已受理（样）", "2013.4.2"), 140, 172)
    return sheet


def certificate_of_payment(person: Person, year: int) -> list[Sheet]:
    """基本养老保险参保缴费凭证."""
    facts = Facts("参保缴费凭证", "基本养老保险参保缴费凭证", CATEGORY, people(person), "", "", f"{year}-03-18", year)
    sheet = Sheet(facts)
    sheet.title("基本养老保险参保缴费凭证", 28, 18)
    sheet.text(f"编号：1401{year}03180{person.birth[4:]}", 192, 42, 10.5, anchor="r")
    table = Table(sheet, 18, 48, (36, 50, 36, 52))
    table.row(12, "姓名", val(person.name), "个人编号", val(person.card))
    table.row(12, "社会保障号码", val(person.id_number), "性别", val(person.sex))
    table.row(12, "参保起止时间", val(f"{year - 9}年3月—{year - 4}年6月", 3))
    table.row(12, "实际缴费月数", val("64"), "个人账户储存额", val("11,482.36元"))
    table.row(12, lab("年度"), lab("缴费月数"), lab("缴费基数（元）"), lab("个人缴费（元）"))
    for step in range(6):
        months = {0: 10, 5: 6}.get(step, 12)
        base = 1020 + step * 138
        cells = (str(year - 9 + step), str(months), f"{base}.00", f"{base * months * 0.08:.2f}")
        table.row(11, *(val(text) for text in cells))
    y = sheet.paragraph(
        "以上为该参保人员在本地参加基本养老保险的缴费情况，请妥善保管此凭证。", 18, table.y + 12, 174, size=11
    )
    sheet.text("社会保险经办机构（章）", 120, y + 16, 12)
    sheet.text(f"{year}年3月18日", 150, y + 28, 12)
    sheet.seal("太原市社会保险管理中心", 152, y + 18, bottom="业务样章", angle=11)
    return [sheet]


def letter_of_contact() -> list[Sheet]:
    """基本养老保险关系转移接续联系函 of April 2013."""
    facts = Facts(
        "基本养老保险关系转移接续联系函",
        "基本养老保险关系转移接续联系函",
        CATEGORY,
        people(WANG),
        BUILDING.name,
        "",
        "2013-04-15",
        2013,
    )
    sheet = Sheet(facts)
    sheet.text("临社险转函〔2013〕27号", 182, 26, 13, face="kai-gb", anchor="r")
    sheet.title("基本养老保险关系转移接续联系函", 46, 19)
    sheet.text("太原市社会保险管理中心：", 26, 68, 15)
    body = (
        f"{WANG.name}（公民身份号码：{WANG.id_number}）现在我县{BUILDING.name}就业并参加企业职工基本养老保险，"
        "申请将其在你处的基本养老保险关系转入我中心。经审核，符合转移接续条件。请自收到本函之日起15个工作日内，"
        "办理养老保险关系转出手续，并将转移接续信息表寄送我中心，基金划转至以下账户。"
    )
    y = sheet.paragraph(body, 26, 80, 158, size=15)
    for line in (
        f"收款单位：{AGENCY}",
        "开户银行：县农村信用联社营业部",
        "银行账号：0400 0000 1411 24",
        "联系电话：0358-4420000",
    ):
        sheet.text(line, 36, y + 4, 14)
        y += 9.5
    sheet.text(AGENCY, 182, y + 24, 15, anchor="r")
    sheet.text("2013年4月15日", 180, y + 36, 15, anchor="r")
    sheet.seal(AGENCY, 156, y + 24, bottom="业务样章", angle=-4)
    return [sheet]


def _information() -> Sheet:
    facts = Facts(
        "基本养老保险关系转移接续信息表",
        "基本养老保险关系转移接续信息表",
        CATEGORY,
        people(WANG),
        "",
        "",
        "2013-05-08",
        2013,
    )
    sheet = Sheet(facts, 297, 210)
    sheet.title("基本养老保险关系转移接续信息表", 22, 17)
    sheet.text("转出地社会保险经办机构：太原市社会保险管理中心", 16, 36, 10.5, face="hei")
    sheet.text("单位：元", 281, 36, 10.5, face="hei", anchor="r")
    table = Table(sheet, 16, 42, (30, 36, 30, 60, 44, 65), label_face="hei")
    table.row(10, "姓名", val(WANG.name), "公民身份号码", val(WANG.id_number), "参加工作时间", val("2004年3月"))
    table.row(10, "首次参保", val("2004年3月"), "截止时间", val("2009年6月"), "转移基金总额", val("26,735.20"))
    table = Table(sheet, 16, table.y + 6, (24, 28, 36, 44, 44, 44, 45), label_face="hei")
    table.row(10, "年度", "月数", "月缴费基数", "当年个人缴费", "当年记账利息", "累计储存额", "缴费单位")
    total = 0.0
    for step in range(6):
        months = {0: 10, 5: 6}.get(step, 12)
        base = 1020 + 138 * step
        paid = base * months * 0.08
        total += paid * 1.02
        cells = (
            str(2004 + step),
            str(months),
            f"{base}.00",
            f"{paid:.2f}",
            f"{paid * 0.02:.2f}",
            f"{total:.2f}",
            "太原某用人单位",
        )
        table.row(10, *(val(text, size=10) for text in cells))
    sheet.text("制表人：赵海英　　审核人：孙立新　　日期：2013年5月8日", 16, table.y + 12, 11)
    sheet.seal("太原市社会保险管理中心", 240, table.y + 14, bottom="业务样章", angle=8)
    return sheet


def account_statement() -> list[Sheet]:
    """个人账户对账单 of 2015 (digital)."""
    person, unit = LIU, BUILDING
    facts = Facts(
        "个人账户对账单", "职工基本养老保险个人账户对账单", CATEGORY, people(person), unit.name, "", "2016-06-30", 2015
    )
    sheet = Sheet(facts, paper=(255, 255, 255))
    sheet.title("职工基本养老保险个人账户对账单", 28, 17, "hei-bold", 0.6)
    sheet.text("（2015年度）", 105, 38, 12, face="hei", anchor="m")
    left = (("姓名", person.name), ("社会保障号码", person.id_number), ("个人编号", person.card))
    right = (("单位名称", unit.name), ("建账时间", "1996年1月"), ("打印日期", "2016-06-30"))
    for number, ((a, b), (c, d)) in enumerate(zip(left, right, strict=True)):
        y = 52 + 8 * number
        sheet.text(f"{a}：{b}", 18, y, 11, face="hei")
        sheet.text(f"{c}：{d}", 108, y, 11, face="hei")
    table = Table(sheet, 18, 80, (58, 58, 58), 0.18, label_face="hei")
    table.row(10, "项目", "金额（元）", "其中个人缴费部分（元）")
    rows = (
        ("上年末累计储存额", "38,214.55", "29,006.18"),
        ("本年记账金额", "3,571.20", "3,571.20"),
        ("本年利息", "1,253.07", "975.40"),
        ("本年末累计储存额", "43,038.82", "33,552.78"),
    )
    for row in rows:
        table.row(10, *(val(text, face="hei", size=10.5) for text in row))
    sheet.text(
        "本年缴费月数：12　　累计缴费月数：240　　本年月平均缴费基数：3,720.00", 18, table.y + 12, 11, face="hei"
    )
    sheet.paragraph(
        "如对以上记录有异议，请持有效证件到参保地经办机构查询。", 18, table.y + 24, 174, size=11, face="hei"
    )
    sheet.text(AGENCY, 192, table.y + 52, 12, face="hei", anchor="r")
    return [sheet]


def qualification(person: Person = GAO, year: int = 2018) -> list[Sheet]:
    """待遇领取资格认证表: portrait and finger print box."""
    facts = Facts(
        "待遇领取资格认证表", "领取养老保险待遇资格认证表", CATEGORY, people(person), "", "", f"{year}-05-22", year
    )
    sheet = Sheet(facts)
    sheet.title(f"{year}年度领取养老保险待遇资格认证表", 26, 17)
    table = Table(sheet, 18, 42, (34, 46, 30, 28, 36))
    table.row(13, "姓　名", pen(person.name), "性　别", pen(person.sex), lab("", down=4))
    table.row(13, "身份证号码", pen(person.id_number, 3))
    table.row(13, "退休时间", pen("2010年10月"), "月养老金", pen("1,862元"))
    table.row(13, "联系电话", pen("13900001002", 3))
    table.row(13, "现居住地址", pen("临县白文镇湫水路家属院3排2号", 4))
    table.row(13, "认证方式", val("√现场　□视频　□协助　□数据比对", 4))
    table.row(36, "被认证人签字（指印）", pen(person.name, 4))
    table.row(36, "认证机构意见", pen("经本人到场核对，符合领取资格。", 4, align="l"))
    sheet.marks.append(Portrait(164, 47, 24, 34))
    sheet.hand("认证人：李海珍", 108, 186, 13)
    sheet.hand(f"{year}年5月22日", 150, 186, 13)
    sheet.seal(AGENCY, 126, 184, bottom="认证样章", angle=13, size=38)
    sheet.text("注：每年认证一次，逾期未认证的暂停发放待遇。", 18, 208, 10)
    return [sheet]


def contract_roster(unit: Employer = HOTEL) -> list[Sheet]:
    """劳动合同备案名册 of 2021 with ten lines."""
    who = (BAI, *EXTRAS[12:21])
    facts = Facts("劳动合同备案名册", "劳动合同备案名册", CATEGORY, people(*who), unit.name, "", "2021-06", 2021)
    sheet = Sheet(facts, 297, 210)
    sheet.title("劳动合同备案名册", 22, 18)
    sheet.text(f"单位：{unit.name}", 16, 36, 11)
    sheet.text("2021年6月", 281, 36, 11, anchor="r")
    table = Table(sheet, 16, 42, (14, 28, 14, 62, 44, 55, 48))
    table.row(11, "序号", "姓名", "性别", "身份证号码", "岗位", "合同起止日期", "职工签字")
    jobs = ("前台", "客房", "客房", "后厨", "餐厅", "保安", "工程", "餐厅", "保安", "财务")
    for number, person in enumerate(who, 1):
        cells = (str(number), person.name, person.sex, person.id_number, jobs[number - 1], "2021.06.01-2024.05.31")
        table.row(11, *(val(text, size=10.5) for text in cells), pen(person.name, size=13))
    sheet.marks.append(Rule(16, table.y + 4, 281, table.y + 4, 0.15))
    sheet.seal(unit.name, 60, table.y - 6, bottom="样章", angle=-7)
    return [sheet]
