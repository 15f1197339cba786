"""养老待遇类: retirement, assessment, adjustment, survivors."""

from __future__ import annotations

from typing import Any

from ..cast import AGENCY, CEMENT, DATES, EXTRAS, GAO, QIN, WEAVING, WEAVING_OLD, ZHANG, Person
from ..sheet import BLACK, Facts, Portrait, Sheet, people
from ..table import Table, lab, pen, val

CATEGORY = "养老"


def retirement(person: Person, unit: str, *, before: str, month: str, started: str, day: str) -> list[Sheet]:
    """企业职工退休审批表, front and back; ``before`` is the employer until 2001."""
    year = int(day[:4])
    facts = Facts("退休审批表", "企业职工退休审批表", CATEGORY, people(person), unit, "", day, year)
    written = f"{year}年{int(day[5:7])}月{int(day[8:])}日"
    front = Sheet(facts)
    front.title("企业职工退休审批表", 24, 20)
    front.text("单位（盖章）：", 16, 38, 11)
    front.hand(unit, 44, 38)
    front.text(written, 194, 38, 11, anchor="r")
    table = Table(front, 16, 44, (26, 36, 20, 20, 34, 42))
    table.row(13, "姓　名", pen(person.name), "性别", pen(person.sex), "出生年月", pen(person.born, size=13))
    table.row(13, "公民身份号码", pen(person.id_number, 3), "参加工作时间", pen(started))
    table.row(
        13,
        "民　族",
        pen("汉"),
        "文化程度",
        pen("初中"),
        "工种（职务）",
        pen("挡车工" if person.sex == "女" else "烧成工"),
    )
    table.row(13, "退休类别", val("√正常　□特殊工种　□病退", 3), "退休时间", pen(month))
    table.row(13, "家庭住址", pen("临县城北关街家属院", 3), "联系电话", pen("13900000312"))
    table.row(12, lab("起止年月", 2), lab("工作单位", 3), lab("工种或职务"))
    for start, place, job in ((f"{started}至2001年8月", before, "工人"), (f"2001年9月至{month}", unit, "工人")):
        table.row(13, pen(start, 2, size=12), pen(place, 3), pen(job))
    table.row(13, pen("", 2), pen("", 3), pen(""))
    table.row(14, "视同缴费年限", pen("6年4个月"), lab("实际缴费年限", 2), pen("21年2个月", 2))
    table.row(40, "本人申请", pen("本人已达到国家规定的退休年龄，申请办理退休手续。", 5, align="l"))
    table.row(38, "单位意见", pen("情况属实，同意上报。", 5, align="l"))
    front.hand(person.name, 150, 207)
    front.hand(written, 146, 246, 12)
    front.seal(unit, 118, 244, bottom="样章", angle=10)
    return [front, _retirement_back(facts, written, month)]


def _retirement_back(facts: Facts, written: str, month: str) -> Sheet:
    back = Sheet(facts)
    table = Table(back, 16, 22, (34, 144))
    table.row(52, "主管部门审查意见", pen("经审核档案，符合退休条件，同意上报。", align="l"))
    table.row(
        60,
        "社会保险经办机构审核意见",
        pen(f"经审核，该同志符合正常退休条件，同意自{month}起按月享受养老待遇。", align="l"),
    )
    table.row(60, "人力资源和社会保障局审批意见", pen("同意退休。", align="l"))
    table.row(30, "备　注", pen("公示期十天，无异议。", align="l"))
    back.hand("曹建军", 124, 124)
    back.hand(written, 146, 124, 12)
    back.hand(written, 146, 184, 12)
    back.seal(AGENCY, 130, 112, bottom="业务样章", angle=-9)
    back.seal("临县人力资源和社会保障局", 128, 170, bottom="审批样章", angle=5, size=42)
    return back


def public_notice(unit: str, who: tuple[Person, ...], day: str) -> list[Sheet]:
    """拟退休人员公示."""
    year = int(day[:4])
    facts = Facts("退休公示", "拟退休人员公示", CATEGORY, people(*who, numbers=False), unit, "", day, year)
    sheet = Sheet(facts)
    sheet.title("拟退休人员公示", 40, 24, track=3)
    names = "、".join(p.name for p in who)
    text = f"根据国家有关规定，我单位{names}同志已达到法定退休年龄，拟申报办理退休手续，现予公示。公示期十天，如有异议，请向单位劳资科反映。"
    y = sheet.paragraph(text, 28, 66, 154, size=17)
    table = Table(sheet, 28, y + 4, (34, 24, 48, 48))
    table.row(12, "姓名", "性别", "出生年月", "参加工作时间")
    for person in who:
        table.row(12, val(person.name), val(person.sex), val(person.born_month), val("1986年9月"))
    sheet.text(unit, 182, table.y + 34, 16, anchor="r")
    sheet.text(f"{year}年{int(day[5:7])}月{int(day[8:])}日", 182, table.y + 48, 16, anchor="r")
    sheet.seal(unit, 152, table.y + 38, bottom="样章", angle=-6)
    return [sheet]


def benefit_sheet(
    person: Person, unit: str, *, start: str, day: str, amounts: tuple[str, str, str, str]
) -> list[Sheet]:
    """职工基本养老金核定表, printed by the system; amounts: basic, personal, transition, sum."""
    facts = Facts("养老保险待遇核定表", "职工基本养老金核定表", CATEGORY, people(person), unit, "", day, int(day[:4]))
    sheet = Sheet(facts)
    sheet.title("职工基本养老金核定表", 24, 18, "hei-bold", 1)
    sheet.text(f"社保经办机构：{AGENCY}", 16, 37, 10.5, face="hei")
    sheet.text("单位：元", 194, 37, 10.5, face="hei", anchor="r")
    table = Table(sheet, 16, 42, (34, 46, 40, 58), 0.2, label_face="hei")
    style: dict[str, Any] = {"face": "hei", "size": 10.5}
    rows = (
        ("姓名", person.name, "性别", person.sex),
        ("公民身份号码", person.id_number, "出生日期", f"{person.birth[:4]}-{person.birth[4:6]}-{person.birth[6:]}"),
        ("单位名称", unit, "个人编号", person.card),
        ("退休类别", "正常退休", "待遇领取时间", start),
        ("视同缴费月数", "76", "实际缴费月数", "254"),
        ("平均缴费指数", "0.8462", "个人账户储存额", "30,118.40"),
        ("计发月数", "195" if person.sex == "女" else "139", "指数化月平均工资", "2,846.33"),
    )
    for a, b, c, d in rows:
        table.row(12, a, val(b, **style), c, val(d, **style))
    table.row(11, lab("养老金构成", 4, face="hei-bold"))
    for name, amount in zip(("基础养老金", "个人账户养老金", "过渡性养老金", "月养老金合计"), amounts, strict=True):
        table.row(11, lab(name, 2), val(amount, 2, **style))
    sheet.text("经办人：冯丽珍", 16, table.y + 12, 10.5, face="hei")
    sheet.text("复核人：曹建军", 76, table.y + 12, 10.5, face="hei")
    sheet.text(f"核定日期：{day}", 194, table.y + 12, 10.5, face="hei", anchor="r")
    sheet.seal(AGENCY, 148, table.y + 4, bottom="待遇样章", angle=9)
    return [sheet]


def special_trade() -> list[Sheet]:
    """特殊工种退休资格认定表 of 2013, two sheets; the second lies upside down in the feeder."""
    person, unit = QIN, CEMENT.name
    facts = Facts(
        "特殊工种退休资格认定表", "特殊工种提前退休资格认定表", CATEGORY, people(person), unit, "", "2013-03-12", 2013
    )
    first = Sheet(facts)
    first.title("特殊工种提前退休资格认定表", 26, 18)
    table = Table(first, 16, 42, (36, 48, 38, 56))
    table.row(13, "申报单位", pen(unit, 3))
    table.row(13, "姓名", pen(person.name), "性别", pen(person.sex))
    table.row(13, "身份证号码", pen(person.id_number), "参加工作时间", pen("1978年12月"))
    table.row(13, "特殊工种名称", pen("水泥包装工"), "特殊工种类别", pen("有毒有害"))
    table.row(13, "从事起止时间", pen("1980年3月至1992年5月"), "累计年限", pen("12年2个月"))
    table.row(13, "依据文件", pen("建材行业提前退休工种目录", 3))
    table.row(44, "原始档案记载情况", pen("1980年工资审批表、1985年套改表均有记载。", 3, align="l"))
    table.row(36, "单位意见", pen("同意申报", 3))
    first.hand("2013年1月21日", 150, 206, 12)
    first.seal(unit, 110, 196, bottom="样章", angle=-12)
    second = Sheet(facts)
    table = Table(second, 16, 26, (36, 142))
    table.row(50, "县级社会保险经办机构意见", pen("经查阅原始档案，累计从事特殊工种满十年，拟同意。", align="l"))
    table.row(50, "县级人社部门意见", pen("同意上报", align="l"))
    table.row(50, "市级人社部门认定意见", pen("同意认定", align="l"))
    for y, day in ((66, "2013年2月4日"), (116, "2013年2月19日"), (166, "2013年3月12日")):
        second.hand(day, 150, y, 12)
    second.seal("吕梁市人力资源和社会保障局", 130, 156, bottom="样章", angle=4, size=42)
    return [first, second]


def adjustment() -> list[Sheet]:
    """退休人员基本养老金调整审批表 of 2012, faded thermal-like print."""
    person, unit = GAO, CEMENT.name
    facts = Facts(
        "养老金调整审批表", "退休人员基本养老金调整审批表", CATEGORY, people(person), unit, "", "2012-02-28", 2012
    )
    sheet = Sheet(facts)
    sheet.title("退休人员基本养老金调整审批表", 28, 17, "old-song")
    style: dict[str, Any] = {"face": "old-song", "size": 11.5}
    table = Table(sheet, 18, 44, (38, 48, 40, 48), label_face="old-song")
    for a, b, c, d in (
        ("姓　　名", person.name, "身份证号", person.id_number),
        ("原工作单位", unit, "退休时间", "2010年10月"),
        ("调整前月养老金", "1,482.60", "普遍调整", "95.00"),
        ("按缴费年限调整", "58.50", "高龄倾斜", "0.00"),
        ("调整后月养老金", "1,636.10", "执行时间", "2012年1月"),
    ):
        table.row(14, a, val(b, **style), c, val(d, **style))
    table.row(36, "审批意见", val("同意调整", 3, **style))
    sheet.text("审批日期：2012年2月28日", 188, table.y - 6, 11, face="old-song", anchor="r")
    sheet.seal(AGENCY, 128, table.y - 16, bottom="样章", strength=0.5, angle=-5)
    return [sheet]


def survivors() -> list[Sheet]:
    """丧葬补助金和抚恤金申领表 of 2020."""
    dead, heir = EXTRAS[7], EXTRAS[35]
    facts = Facts(
        "丧葬抚恤待遇申领表",
        "丧葬补助金和抚恤金申领表",
        CATEGORY,
        people(dead, heir),
        CEMENT.name,
        CEMENT.uscc,
        "2020-09-14",
        2020,
    )
    sheet = Sheet(facts)
    sheet.title("丧葬补助金和抚恤金申领表", 26, 18)
    table = Table(sheet, 16, 42, (36, 50, 36, 56))
    table.row(13, "死亡人员姓名", pen(dead.name), "公民身份号码", pen(dead.id_number, size=12.5))
    table.row(13, "死亡时间", pen("2020年8月27日"), "人员类别", val("□在职　√退休"))
    table.row(13, "原单位", pen(CEMENT.name, 3))
    table.row(13, "原单位信用代码", val(CEMENT.uscc, 3))
    table.row(13, "申领人姓名", pen(heir.name), "与死者关系", pen("父子"))
    table.row(13, "申领人身份号码", pen(heir.id_number, 3))
    table.row(13, "开户银行及账号", pen("县农信社 6210 0000 0712 99", 3))
    table.row(13, "丧葬补助金", pen("5,542.00元"), "抚恤金", pen("24,939.00元", struck="24,993"))
    table.row(38, "申领人承诺", val("以上情况属实，如有虚假，自愿退回所领待遇并承担法律责任。", 3, align="l"))
    table.row(38, "经办机构意见", pen("经核，同意支付。", 3))
    sheet.hand(heir.name, 132, 177)
    sheet.hand("2020年9月14日", 154, 177, 12)
    sheet.hand("2020年9月21日", 154, 217, 12)
    sheet.seal(AGENCY, 122, 207, bottom="待遇样章", angle=14)
    return [sheet]


def roster_1996() -> list[Sheet]:
    """离退休人员花名册 of 1996, two bilevel pages, typewriter look."""
    unit = WEAVING_OLD
    facts = Facts("退休人员名册", "离退休人员花名册", CATEGORY, (), unit, "", "1996-12", 1996)
    names = (
        "李成有",
        "王兰英",
        "刘根生",
        "张秀娥",
        "高福来",
        "薛富贵",
        "任秋香",
        "白生明",
        "秦海旺",
        "郝玉兰",
        "康来福",
        "武桂英",
    )
    pages = []
    for page, group in enumerate((names[:7], names[7:]), 1):
        sheet = Sheet(facts)
        sheet.title("离退休人员花名册", 26, 19, "lead-song", 2)
        sheet.text(f"单位：{unit}", 16, 42, 11, face="lead-song")
        sheet.text("一九九六年十二月", 194, 42, 11, face="lead-song", anchor="r")
        table = Table(sheet, 16, 48, (16, 30, 18, 36, 36, 42), label_face="lead-song")
        table.row(14, "编号", "姓名", "性别", "出生年月", "退休时间", "月退休费（元）")
        for row, name in enumerate(group, 1 + 7 * (page - 1)):
            sex = "女" if name[-1] in "英娥香兰" else "男"
            cells = (str(row), name, sex, f"{1928 + row}.{row}", f"{1986 + row % 10}.{row}", f"{168 + row * 7}.50")
            table.row(14, *(val(text, face="kai-gb", size=12) for text in cells))
        sheet.text(f"第{page}页", 105, 280, 10, face="lead-song", anchor="m")
        pages.append(sheet)
    pages[0].seal(unit, 60, 46, bottom="样章", angle=6, size=36)
    return pages


def application_2019(person: Person) -> list[Sheet]:
    """养老待遇申报表 of 2019 with a photograph and label-below-value lines."""
    facts = Facts(
        "养老待遇申报表", "基本养老保险待遇申报表", CATEGORY, people(person), DATES.name, DATES.uscc, "2019-07-02", 2019
    )
    sheet = Sheet(facts)
    sheet.title("基本养老保险待遇申报表", 26, 18)
    table = Table(sheet, 16, 42, (34, 50, 28, 28, 38))
    table.row(13, "申请人", pen(person.name), "性别", pen(person.sex), lab("", down=3))
    table.row(13, "身份证号", pen(person.id_number, 3))
    table.row(13, "所在单位", pen(DATES.name, 3))
    table.row(13, "单位信用代码", val(DATES.uscc, 2), "电话", pen("13900001108"))
    table.row(13, "申报待遇类别", val("√基本养老金　□病残津贴　□一次性待遇", 4))
    table.row(13, "待遇发放银行", pen("县建设银行", 2), "账号", pen("6217000000110899", size=11))
    table.row(40, "申请人签名", pen(person.name, 4))
    sheet.marks.append(Portrait(160, 45, 28, 34))
    sheet.text("申报日期：2019年7月2日", 188, table.y - 6, 11, anchor="r")
    sheet.text("受理人：李海珍　受理日期：2019年7月2日", 16, table.y + 12, 11)
    sheet.seal(DATES.name, 92, 72, bottom="样章", angle=-18)
    return [sheet]


def unify_accounts() -> list[Sheet]:
    """个人账户合并申请书 of 2010: a letter wholly by hand in black."""
    facts = Facts(
        "个人账户合并申请书", "个人账户合并申请书", CATEGORY, people(ZHANG), DATES.name, "", "2010-06-23", 2010
    )
    sheet = Sheet(facts, paper=(250, 248, 240))
    ink = {"ink": BLACK}
    sheet.hand("个人账户合并申请书", 105, 34, 22, anchor="m", **ink)
    sheet.hand("临县社会保险中心：", 26, 56, 16, **ink)
    text = (
        f"我叫{ZHANG.name}，身份证号{ZHANG.id_number}，原在{WEAVING.name}参加养老保险，2008年调入{DATES.name}后又新建了一个账户，"
        "现申请将两个个人账户合并，请予办理。"
    )
    y = sheet.paragraph(text, 26, 70, 158, size=16, hand=True, face="kai", leading=2.0, **ink)
    sheet.hand(f"申请人：{ZHANG.name}", 126, y + 16, 16, **ink)
    sheet.hand("2010年6月23日", 126, y + 30, 16, **ink)
    return [sheet]
