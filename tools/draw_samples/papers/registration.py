"""管理类: registration of employers and persons."""

from __future__ import annotations

from typing import Any

from ..cast import (
    AGENCY,
    BUILDING,
    CEMENT,
    GAO,
    LI,
    QIN,
    WEAVING,
    WEAVING_OLD,
    XUE,
    Employer,
    Person,
    old_identity_number,
)
from ..sheet import Facts, Patch, Portrait, Rule, Sheet, people
from ..table import Table, lab, pen, val

CATEGORY = "管理"


def unit_form() -> list[Sheet]:
    """社会保险登记表 of 2011, three sheets: form, back with opinions, list of insured kinds."""
    unit = BUILDING
    facts = Facts("单位参保登记表", "社会保险登记表", CATEGORY, (), unit.name, unit.uscc, "2011-04-18", 2011)
    front = Sheet(facts)
    front.title("社会保险登记表")
    front.text("填报单位（盖章）：", 18, 42, 11)
    front.hand(unit.name, 54, 42, 14)
    front.text("填表日期：2011年4月18日", 192, 42, 11, anchor="r")
    table = Table(front, 18, 48, (32, 55, 34, 53))
    table.row(13, "单位名称", pen(unit.name, 3))
    table.row(13, "单位住所（地址）", pen(unit.address, 3))
    table.row(13, "组织机构统一代码", pen(unit.organisation), "社会保险登记证编号", pen(unit.number))
    table.row(13, "单位类型", pen("企业"), "经济类型", pen("有限责任公司"))
    table.row(13, "隶属关系", pen("县属"), "邮政编码", pen("033200"))
    table.row(13, lab("工商登记执照信息", down=3), lab("执照种类"), pen("企业法人营业执照", 2))
    table.row(13, lab("执照号码"), pen(unit.uscc, 2))
    table.row(13, lab("发照日期"), pen("2011年3月29日", 2))
    table.row(13, lab("法定代表人", down=2), lab("姓名"), pen(unit.head, 2))
    table.row(13, lab("联系电话"), pen("13900000412", 2))
    table.row(13, lab("缴费单位专管员", down=2), lab("姓名"), pen(unit.clerk, 2))
    table.row(13, lab("联系电话"), pen(unit.phone, 2))
    table.row(13, "开户银行", pen("县农村信用联社"), "银行账号", pen("0412 0000 9004 11"))
    table.row(13, "参加险种", pen("养老 失业 工伤"), "职工人数", pen("26", struck="62"))
    table.row(24, "备注", pen("首次参保登记", 3))
    front.seal(unit.name, 70, 60, bottom="样章", angle=-9)
    return [front, _unit_form_back(facts), _insured_kinds(facts)]


def _unit_form_back(facts: Facts) -> Sheet:
    back = Sheet(facts)
    back.text("（背面）", 192, 20, 10, anchor="r")
    table = Table(back, 18, 26, (32, 142))
    table.row(48, "单位申请", pen("我单位职工26人，申请参加基本养老保险、失业保险和工伤保险，请予登记。", align="l"))
    table.row(48, "社会保险经办机构审核意见", pen("材料齐全，符合登记条件，同意登记。", align="l"))
    table.row(40, "登记证发放记录", val("社会保险登记证编号：14112400412　发证日期：2011年4月20日", align="l"))
    back.text("经办人：", 110, 66, 11)
    back.hand(BUILDING.clerk, 126, 66)
    back.text("2011年4月18日", 160, 66, 11)
    back.text("经办人：", 110, 114, 11)
    back.hand("冯丽珍", 126, 114)
    back.text("2011年4月20日", 160, 114, 11)
    back.seal(AGENCY, 150, 100, bottom="业务样章", angle=7)
    back.text("填表说明：", 18, 178, 10.5, face="hei")
    y = back.paragraph("1.本表一式两份，缴费单位和社会保险经办机构各存一份。", 18, 186, 174, size=10.5)
    y = back.paragraph("2.单位名称、住所应与营业执照或者批准成立文件一致。", 18, y, 174, size=10.5)
    back.paragraph("3.登记事项发生变更的，应当自变更之日起三十日内办理变更登记。", 18, y, 174, size=10.5)
    return back


def _insured_kinds(facts: Facts) -> Sheet:
    sheet = Sheet(facts)
    sheet.title("参保险种及缴费情况附表", size=17)
    sheet.text(f"单位名称：{BUILDING.name}", 18, 40, 11)
    sheet.text("单位：人、元", 192, 40, 11, anchor="r")
    table = Table(sheet, 18, 46, (40, 34, 34, 34, 32))
    table.row(11, "险种", "首次缴费年月", "参保人数", "月缴费基数", "单位费率")
    for kind, month, rate in (
        ("基本养老保险", "201105", "20%"),
        ("失业保险", "201105", "2%"),
        ("工伤保险", "201105", "1%"),
    ):
        table.row(11, val(kind), val(month), val("26"), val("41,730.00"), val(rate))
    table.row(11, "合计", val(""), val("26"), val("41,730.00"), val(""))
    sheet.text("制表：冯丽珍", 18, 108, 11)
    sheet.text("复核：曹建军", 92, 108, 11)
    sheet.text("2011年4月20日", 192, 108, 11, anchor="r")
    return sheet


def certificate() -> list[Sheet]:
    """社会保险登记证 of 2003 as a copied certificate."""
    unit = CEMENT
    facts = Facts("社会保险登记证", "社会保险登记证（副本）", CATEGORY, (), unit.name, "", "2003-06-12", 2003)
    sheet = Sheet(facts, 297, 210)
    sheet.marks.append(Patch(14, 14, 269, 182, outline=(150, 60, 50)))
    sheet.marks.append(Patch(17, 17, 263, 176, outline=(150, 60, 50)))
    sheet.title("社会保险登记证", 42, 30, track=4)
    sheet.text("（副　本）", 148.5, 57, 15, anchor="m")
    rows = (
        ("编　　号", "社险晋字14112400127号"),
        ("单位名称", unit.name),
        ("住　　所", unit.address),
        ("法定代表人（负责人）", unit.head),
        ("组织机构代码", unit.organisation),
        ("有效期限", "自2003年6月12日至2007年6月11日"),
    )
    y = 76.0
    for label, value in rows:
        sheet.text(label, 46, y, 15, face="hei")
        sheet.text(value, 106, y, 15)
        y += 14
    sheet.text("发证机关（章）", 190, 164, 13)
    sheet.text("二〇〇三年六月十二日", 190, 176, 13)
    sheet.seal("临县社会保险事业管理所", 212, 160, bottom="样章", angle=5)
    return [sheet]


def unit_change() -> list[Sheet]:
    """单位信息变更登记表 of 2001 for a change of name, two sheets."""
    unit = WEAVING
    facts = Facts("单位信息变更登记表", "社会保险变更登记表", CATEGORY, (), unit.name, "", "2001-09-10", 2001)
    sheet = Sheet(facts)
    sheet.title("社会保险变更登记表", face="song")
    table = Table(sheet, 16, 42, (36, 46, 48, 48))
    table.row(14, "单位编号", pen(unit.number), "联系电话", pen(unit.phone))
    table.row(14, "变更事项", "变更前内容", lab("变更后内容", 2))
    table.row(18, "单位名称", pen(WEAVING_OLD), pen(unit.name, 2))
    table.row(18, "法定代表人", pen("李成贵"), pen(unit.head, 2))
    table.row(18, "经济性质", pen("全民所有制"), pen("有限责任公司", 2))
    table.row(18, "开户银行", pen("县工行"), pen("县工行", 2))
    table.row(40, "变更理由", pen("企业改制，经县政府批准更名，原职工养老保险关系整体转入新单位。", 3, align="l"))
    table.row(40, "经办机构意见", pen("同意变更", 3))
    sheet.text("经办人：", 120, 226, 11)
    sheet.hand("王有才", 136, 226)
    sheet.text("2001年9月10日", 160, 226, 11)
    sheet.seal("临县社会保险事业管理所", 150, 208, bottom="样章", angle=-14)
    proof = Sheet(facts)
    proof.title("关于企业更名的证明", 40)
    text = f"兹有我县原{WEAVING_OLD}，经改制于二〇〇一年八月登记为{unit.name}，原企业债权债务及职工社会保险关系由新企业承继。"
    y = proof.paragraph(text, 28, 66, 154, size=15)
    proof.paragraph("特此证明。", 28, y, 154, size=15)
    proof.text("临县经济贸易局", 176, 150, 15, anchor="r")
    proof.text("二〇〇一年九月六日", 176, 162, 15, anchor="r")
    proof.seal("临县经济贸易局", 158, 150, bottom="样章", angle=4)
    return [sheet, proof]


def hire_form(person: Person = XUE, unit: str = WEAVING_OLD) -> list[Sheet]:
    """新招收工人登记表 of 1986, front and back, on old paper; the birth date on it is not that of the number."""
    facts = Facts(
        "招工登记表", "新招收工人登记表", CATEGORY, people(person, numbers=False), unit, "", "1986-09-01", 1986
    )
    front = Sheet(facts, paper=(244, 236, 214))
    front.title("新招收工人登记表", 30, 22, "lead-song", 3)
    front.text("一九八六年九月一日填", 20, 46, 12, face="lead-song")
    table = Table(front, 20, 52, (26, 34, 22, 22, 30, 36), label_face="lead-song")
    table.row(14, "姓　名", pen(person.name), "性　别", pen(person.sex), "出生年月", pen("1963年8月12日"))
    table.row(14, "籍　贯", pen("山西临县"), "民　族", pen("汉"), "文化程度", pen("初中"))
    table.row(14, "家庭出身", pen("农民"), "本人成份", pen("学生"), "政治面貌", pen("团员"))
    table.row(14, "家庭住址", pen("临县城庄公社后村大队", 3), "婚姻状况", pen("未婚"))
    table.row(14, "招工单位", pen(unit, 3), "招工性质", pen("合同制工人"))
    table.row(14, "工　种", pen("挡车工"), "工资等级", pen("一级"), "批准文号", pen("临劳字（86）41号"))
    table.row(
        46,
        "本人简历",
        pen("1971年9月至1976年7月在后村小学读书；1976年9月至1979年7月在城庄初中读书；此后在家务农。", 5, align="l"),
    )
    table.row(34, "家庭主要成员", pen("父 薛德厚 农民　母 刘三女 农民", 5, align="l"))
    table.row(30, "体检结论", pen("合格", 5))
    back = Sheet(facts, paper=(244, 236, 214))
    table = Table(back, 20, 26, (30, 140), label_face="lead-song")
    table.row(56, "招工单位意见", pen("经考核合格，同意录用。", align="l"))
    table.row(56, "主管部门意见", pen("同意招收。", align="l"))
    table.row(56, "劳动局审批意见", pen("同意招收为劳动合同制工人，自一九八六年九月起执行。", align="l"))
    table.row(30, "备　注", pen(""))
    for y, day in ((74, "1986年9月3日"), (130, "1986年9月8日"), (186, "1986年9月15日")):
        back.hand(day, 140, y, 13)
    back.seal(unit, 152, 62, bottom="样章", angle=12, size=38)
    back.seal("临县劳动局", 150, 174, bottom="样章", angle=-6, size=42)
    return [front, back]


def identity_copy(person: Person = LI, *, year: int = 2012) -> list[Sheet]:
    """居民身份证复印件, both sides on one sheet, with a note by hand that the copy agrees."""
    facts = Facts("居民身份证复印件", "居民身份证复印件", CATEGORY, people(person), "", "", f"{year}-03-06", year)
    sheet = Sheet(facts, paper=(250, 250, 249))
    sheet.marks.append(Patch(50, 34, 110, 69, (238, 236, 230), (120, 116, 108), 4))
    for label, value, y in (("姓名", person.name, 45), ("性别", person.sex, 55)):
        sheet.text(label, 56, y, 9, face="hei", ink=(90, 110, 150))
        sheet.text(value, 69, y, 11.5, face="hei")
    sheet.text("民族", 80, 55, 9, face="hei", ink=(90, 110, 150))
    sheet.text("汉", 91, 55, 11.5, face="hei")
    sheet.text("出生", 56, 65, 9, face="hei", ink=(90, 110, 150))
    birth = f"{person.birth[:4]} 年 {int(person.birth[4:6])} 月 {int(person.birth[6:])} 日"
    sheet.text(birth, 69, 65, 11, face="hei")
    sheet.text("住址", 56, 75, 9, face="hei", ink=(90, 110, 150))
    sheet.text("山西省临县望湫街后巷", 69, 75, 10.5, face="hei")
    sheet.text("36号", 69, 81, 10.5, face="hei")
    sheet.text("公民身份号码", 56, 95, 9, face="hei", ink=(90, 110, 150))
    sheet.text(person.id_number, 84, 95, 13, face="hei-bold", track=0.5)
    sheet.marks.append(Portrait(127, 43, 26, 34))
    sheet.marks.append(Patch(50, 122, 110, 69, (238, 236, 230), (120, 116, 108), 4))
    sheet.text("中华人民共和国", 108, 140, 15, face="hei-bold", anchor="m", track=1)
    sheet.text("居民身份证", 108, 153, 19, face="hei-bold", anchor="m", track=2)
    sheet.marks.append(Patch(58, 131, 16, 18, None, (150, 80, 70), 7))
    sheet.text("签发机关", 66, 174, 9, face="hei", ink=(90, 110, 150))
    sheet.text("临县公安局", 88, 174, 10.5, face="hei")
    sheet.text("有效期限", 66, 183, 9, face="hei", ink=(90, 110, 150))
    sheet.text("2009.11.20-2029.11.20", 88, 183, 10.5, face="hei")
    sheet.hand(f"复印件与原件核对一致　冯丽珍　{year}.3.6", 56, 214, 14)
    sheet.seal(AGENCY, 142, 240, bottom="核对样章", shape="oval", size=38, angle=-8)
    return [sheet]


def household_book(person: Person = QIN) -> list[Sheet]:
    """户口簿: the head page and the person's page, landscape sheets copied upright."""
    facts = Facts("户口簿页", "居民户口簿", CATEGORY, people(person), "", "", "2005-08-16", 2005)
    head = Sheet(facts, 210, 148, paper=(246, 243, 236))
    head.text("户别", 20, 24, 11)
    head.text("农业家庭户", 40, 24, 12, face="kai-gb")
    head.text("户主姓名", 120, 24, 11)
    head.text(person.name, 144, 24, 12, face="kai-gb")
    head.text("户号", 20, 40, 11)
    head.text("141124000633", 40, 40, 12, face="kai-gb")
    head.text("住址", 120, 40, 11)
    head.text("临县城庄镇后村36号", 134, 40, 12, face="kai-gb")
    head.text("省级公安机关", 40, 96, 11)
    head.text("户口专用章", 40, 104, 11)
    head.text("户口登记机关", 128, 96, 11)
    head.text("户口专用章", 128, 104, 11)
    head.text("承办人签章：白建平", 20, 130, 11)
    head.text("2005年8月16日签发", 190, 130, 11, anchor="r")
    head.seal("临县公安局城庄派出所", 140, 92, bottom="户口样章", size=36, angle=9)
    page = Sheet(facts, 210, 148, paper=(246, 243, 236))
    page.title("常住人口登记卡", 17, 15, "song", 1.5)
    table = Table(page, 12, 26, (32, 40, 36, 78))
    k: dict[str, Any] = {"face": "kai-gb", "size": 11.5}
    table.row(10.5, "姓名", val(person.name, **k), "户主或与户主关系", val("户主", **k))
    table.row(10.5, "曾用名", val("", **k), "性别", val(person.sex, **k))
    table.row(10.5, "出生地", val("山西省临县", **k), "民族", val("汉族", **k))
    table.row(10.5, "籍贯", val("山西省临县", **k), "出生日期", val(person.born, **k))
    table.row(10.5, "本市（县）其他住址", val("", **k), "宗教信仰", val("", **k))
    table.row(10.5, "公民身份证件编号", val(person.id_number, 2, **k), val("身高 168厘米　血型 不明", **k))
    table.row(10.5, "文化程度", val("小学", **k), "婚姻状况", val("有配偶", **k))
    table.row(10.5, "服务处所", val("粮农", **k), "职业", val("粮农", **k))
    table.row(10.5, "何时由何地迁来本址", val("久居", 3, **k))
    page.text("承办人签章：白建平", 14, 130, 10.5)
    page.text("登记日期：2005年8月16日", 196, 130, 10.5, anchor="r")
    return [head, page]


def handbook(person: Person = GAO) -> list[Sheet]:
    """职工养老保险手册 of 1994: cover, personal page with the 15-digit number, two pages of payments."""
    unit = CEMENT.name.replace("有限公司", "厂")
    facts = Facts("职工养老保险手册", "职工养老保险手册", CATEGORY, people(person), unit, "", "1994-07-01", 1994)
    old = old_identity_number(person.id_number)
    cover = Sheet(facts, 148, 210, paper=(226, 214, 190))
    cover.title("职工养老保险手册", 72, 24, "lead-song", 2.5)
    cover.text("山西省劳动局监制", 74, 170, 14, face="lead-song", anchor="m")
    cover.text("临县社会劳动保险公司", 74, 182, 14, face="lead-song", anchor="m")
    inside = Sheet(facts, 148, 210, paper=(247, 241, 226))
    table = Table(inside, 12, 24, (32, 40, 22, 30), label_face="lead-song")
    table.row(13, "姓　　名", pen(person.name), "性　别", pen(person.sex))
    table.row(13, "出生年月", pen("1950年10月"), "民　族", pen("汉"))
    table.row(13, "居民身份证号", pen(old, 3))
    table.row(13, "工作单位", pen(unit, 3))
    table.row(13, "参加工作时间", pen("1971年12月"), "工　种", pen("烧成工"))
    table.row(13, "用工形式", pen("固定工"), "编　号", pen("940127", struck="940172"))
    table.row(13, "建立手册时间", pen("1994年7月1日", 3))
    table.row(34, "视同缴费年限", pen("自1971年12月至1992年12月，共21年1个月", 3))
    inside.seal("临县社会劳动保险公司", 104, 160, bottom="样章", size=36, angle=10)
    pages = [cover, inside]
    for first in (1993, 1999):
        pages.append(_handbook_payments(facts, first))
    return pages


def _handbook_payments(facts: Facts, first: int) -> Sheet:
    sheet = Sheet(facts, 148, 210, paper=(247, 241, 226))
    sheet.title("养老保险费缴纳记录", 18, 15, "lead-song", 1)
    table = Table(sheet, 10, 28, (20, 22, 28, 30, 28), label_face="lead-song")
    table.row(12, "年度", "缴费月数", "年缴费工资", "个人缴费金额", "经办人")
    for year in range(first, first + 6):
        wage = 2160 + (year - 1993) * 612
        clerk = "李海珍" if year < 1999 else "王有才"
        table.row(14, pen(str(year)), pen("12"), pen(f"{wage}"), pen(f"{wage * 0.03:.2f}"), pen(clerk))
    sheet.text("注：每年由社会保险机构核对后填写。", 12, 140, 10, face="lead-song")
    return sheet


def rural_form(person: Person = QIN) -> list[Sheet]:
    """城乡居民基本养老保险参保登记表 of 2012, boxes to tick, two columns."""
    facts = Facts(
        "城乡居民养老保险参保登记表",
        "城乡居民基本养老保险参保登记表",
        CATEGORY,
        people(person),
        "",
        "",
        "2012-05-08",
        2012,
    )
    sheet = Sheet(facts)
    sheet.title("城乡居民基本养老保险参保登记表", 24, 18)
    sheet.text("县（市、区）：临县　乡镇：城庄镇　村（居）：后村", 16, 38, 10.5)
    sheet.text("编号：1412012000631", 194, 38, 10.5, anchor="r")
    table = Table(sheet, 16, 44, (30, 44, 30, 28, 20, 26))
    table.row(12, "姓名", pen(person.name), "性别", val("√男　□女"), "民族", pen("汉"))
    table.row(12, "公民身份号码", pen(person.id_number, 2), "出生日期", pen(person.born, 2))
    table.row(12, "户籍性质", val("√农业　□非农业"), "联系电话", pen("13900000631", 3))
    table.row(12, "户籍地址", pen("临县城庄镇后村36号", 5))
    table.row(12, "居住地址", pen("同上", 5))
    table.row(12, "参保人员类别", val("√普通　□重度残疾　□低保　□计生", 5))
    table.row(12, "缴费档次", pen("200元/年", 2, struck="100元"), "补缴年限", pen("0", 2))
    table.row(12, "开户银行", pen("县农村信用联社", 2), "账号", pen("6210 0000 0006 31", 2))
    table.row(34, "参保人声明", val("本人自愿参加城乡居民基本养老保险，所填内容真实。", 5, align="l"))
    table.row(30, "村（居）委会意见", pen("情况属实，同意参保", 5))
    table.row(30, "乡镇事务所意见", pen("同意", 5))
    table.row(30, "县级经办机构意见", pen("同意参保", 5))
    sheet.text("参保人签字：", 118, 168, 10.5)
    sheet.hand(person.name, 142, 168)
    sheet.hand("2012年5月8日", 150, 198, 12)
    sheet.hand("2012年5月11日", 150, 226, 12)
    sheet.hand("2012年5月20日", 150, 256, 12)
    sheet.seal("城庄镇后村村民委员会", 110, 190, bottom="样章", size=36, angle=-11)
    sheet.seal(AGENCY, 112, 248, bottom="业务样章", size=38, angle=6)
    return [sheet]


def licence(unit: Employer = BUILDING) -> list[Sheet]:
    """营业执照 as a copy, landscape."""
    facts = Facts("营业执照复印件", "营业执照（副本）", CATEGORY, (), unit.name, unit.uscc, "2016-07-04", 2016)
    sheet = Sheet(facts, 297, 210, paper=(251, 250, 246))
    sheet.marks.append(Patch(12, 12, 273, 186, outline=(140, 120, 70)))
    sheet.text("统一社会信用代码", 40, 34, 12, face="hei")
    sheet.text(unit.uscc, 40, 42, 13, face="hei-bold")
    sheet.title("营业执照", 46, 34, track=8)
    sheet.text("（副本）", 148.5, 62, 13, anchor="m")
    rows = (
        ("名　　称", unit.name),
        ("类　　型", "有限责任公司"),
        ("住　　所", unit.address),
        ("法定代表人", unit.head),
        ("注册资本", "伍佰万元整"),
        ("成立日期", "2011年03月29日"),
        ("经营范围", "房屋建筑工程、装饰装修工程施工（样本所示，无真实经营）"),
    )
    y = 78.0
    for label, value in rows:
        sheet.text(label, 50, y, 13, face="hei")
        sheet.text(value, 86, y, 13)
        y += 12
    sheet.text("登记机关", 186, 170, 13, face="hei")
    sheet.text("2016年07月04日", 214, 182, 13)
    sheet.marks.append(Rule(40, 190, 257, 190, 0.2))
    sheet.seal("临县市场监督管理局", 226, 168, bottom="样章", angle=3)
    return [sheet]
