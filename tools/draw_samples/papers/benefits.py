"""医疗、失业、工伤、生育: claims, decisions and assessments."""

from __future__ import annotations

from typing import Any

from ..cast import AGENCY, BUILDING, CHENG, DATES, FENG, HOTEL, LI, SCHOOL, WANG, ZHANG
from ..sheet import Facts, Patch, Sheet, people
from ..table import Table, lab, pen, val


def outpatient() -> list[Sheet]:
    """门诊费用核定表 of 2013."""
    person, unit = ZHANG, DATES
    facts = Facts(
        "门诊费用核定表", "门诊慢性病医疗费用核定表", "医疗", people(person), unit.name, "", "2013-12-05", 2013
    )
    sheet = Sheet(facts)
    sheet.title("门诊慢性病医疗费用核定表", 26, 18)
    table = Table(sheet, 16, 42, (34, 46, 38, 60))
    table.row(12, "姓名", val(person.name), "身份证号", val(person.id_number))
    table.row(12, "单位", val(unit.name), "医保编号", val(person.card))
    table.row(12, "病种", val("高血压Ⅲ期"), "就诊医院", val("临县人民医院（样）"))
    table.row(12, lab("费用项目"), lab("发生金额"), lab("自费及自付"), lab("核定金额"))
    for row in (
        ("西药费", "1,846.20", "312.40", "1,533.80"),
        ("检查费", "420.00", "84.00", "336.00"),
        ("化验费", "265.00", "53.00", "212.00"),
    ):
        table.row(12, *(val(text) for text in row))
    table.row(12, "合计", val("2,531.20"), val("449.40"), val("2,081.80"))
    table.row(12, "起付标准", val("300.00"), "报销比例", val("70%"))
    table.row(14, "应支付金额", val("人民币壹仟贰佰肆拾柒元贰角陆分（￥1,247.26）", 3))
    table.row(28, "审核意见", pen("同意支付", 3))
    sheet.text("审核人：", 16, table.y + 10, 11)
    sheet.hand("任爱萍", 32, table.y + 10)
    sheet.text("2013年12月5日", 194, table.y + 10, 11, anchor="r")
    sheet.seal("临县医疗保险管理中心", 126, table.y - 12, bottom="审核样章", angle=7)
    return [sheet]


def medical_costs() -> list[Sheet]:
    """住院医疗费用审核单 of 2015, two sheets of a print-out."""
    person = LI
    facts = Facts(
        "医疗费用审核单", "住院医疗费用审核结算单", "医疗", people(person), SCHOOL.name, "", "2015-10-27", 2015
    )
    first = Sheet(facts)
    first.title("住院医疗费用审核结算单", 24, 17, "system", 0.8)
    pairs = (
        ("患者姓名", person.name, "性　　别", person.sex),
        ("证件号码", person.id_number, "人员类别", "在职"),
        ("参保单位", SCHOOL.name, "住院号", "20151009321"),
        ("入院日期", "2015-10-09", "出院日期", "2015-10-18"),
        ("诊断", "急性阑尾炎", "结算日期", "2015-10-27"),
    )
    y = 40.0
    for a, b, c, d in pairs:
        first.text(f"{a}：{b}", 18, y, 11, face="system")
        first.text(f"{c}：{d}", 116, y, 11, face="system")
        y += 8.5
    table = Table(first, 18, y, (50, 42, 42, 40), 0.18, label_face="system")
    table.row(10, "项目", "总费用", "统筹范围内", "个人自付")
    for row in (
        ("床位费", "270.00", "270.00", "0.00"),
        ("手术费", "1,650.00", "1,650.00", "0.00"),
        ("西药费", "2,386.47", "2,104.12", "282.35"),
        ("检查费", "780.00", "624.00", "156.00"),
        ("材料费", "936.50", "702.38", "234.12"),
        ("合计", "6,022.97", "5,350.50", "672.47"),
    ):
        table.row(10, *(val(text, face="system", size=10.5) for text in row))
    first.text("统筹支付：3,787.93元　个人支付：2,235.04元", 18, table.y + 12, 11.5, face="system")
    second = Sheet(facts)
    second.title("费用清单粘贴页", 24, 15, "system", 0.8)
    for number, (x, y) in enumerate(((20, 40), (112, 62), (30, 150)), 1):
        second.marks.append(Patch(x, y, 78, 92, (247, 247, 244), (150, 150, 150)))
        second.text(f"山西省医疗收费票据（样）{number}", x + 39, y + 9, 10, face="hei", anchor="m")
        second.text(f"姓名：{person.name}", x + 5, y + 22, 9.5, face="system")
        second.text(f"票据号：晋医0000{number}217", x + 5, y + 31, 9.5, face="system")
        second.text(f"金额：{(2007.66, 1650.0, 2365.31)[number - 1]:.2f}元", x + 5, y + 40, 9.5, face="system")
        second.text("收款员：07　2015.10.18", x + 5, y + 49, 9.5, face="system")
    second.seal("临县人民医院收费处", 74, 104, bottom="样章", size=32, angle=-10)
    second.seal("临县人民医院收费处", 168, 126, bottom="样章", size=32, angle=15)
    return [first, second]


def unemployment_claim() -> list[Sheet]:
    """失业人员失业保险金申领登记表 of 2020."""
    person, unit = FENG, DATES
    facts = Facts(
        "失业金申领登记表", "失业保险金申领登记表", "失业", people(person), unit.name, unit.uscc, "2020-09-07", 2020
    )
    sheet = Sheet(facts)
    sheet.title("失业保险金申领登记表", 25, 18)
    sheet.text("登记编号：失字2020-0086", 194, 38, 10.5, anchor="r")
    table = Table(sheet, 16, 44, (32, 42, 28, 26, 24, 26))
    table.row(12, "失业人员姓名", pen(person.name), "性别", pen(person.sex), "民族", pen("汉"))
    table.row(12, "公民身份号码", pen(person.id_number, 2), "文化程度", pen("大专", 2))
    table.row(12, "户籍所在地", pen("临县湫滨路", 2), "联系电话", pen("13900001230", 2))
    table.row(12, "原工作单位", pen(unit.name, 5))
    table.row(12, "原单位信用代码", val(unit.uscc, 2), "参保时间", pen("2010年9月", 2))
    table.row(12, "失业时间", pen("2020年8月31日", 2), "失业原因", pen("合同期满", 2))
    table.row(12, "累计缴费月数", pen("119", 2), "领取期限", pen("18个月", 2, struck="12"))
    table.row(12, "月领取标准", pen("1,224元", 2), "首次领取月份", pen("2020年9月", 2))
    table.row(12, "领取银行账号", pen("6228 0000 0012 3099", 5))
    table.row(34, "求职要求", pen("愿参加电工培训，有意从事机电维修工作。", 5, align="l"))
    table.row(36, "经办机构审核意见", pen("符合领取条件，同意发放。", 5, align="l"))
    sheet.text("申领人：", 16, table.y + 10, 11)
    sheet.hand(person.name, 32, table.y + 10)
    sheet.text("2020年9月7日", 194, table.y + 10, 11, anchor="r")
    sheet.seal("临县失业保险管理所", 136, table.y - 14, bottom="样章", angle=-11)
    return [sheet]


def end_of_contract() -> list[Sheet]:
    """终止（解除）劳动合同证明书 of 2020."""
    person, unit = FENG, DATES
    facts = Facts(
        "终止劳动合同证明书",
        "终止（解除）劳动合同证明书",
        "失业",
        people(person),
        unit.name,
        "",
        "2020-08-31",
        2020,
    )
    sheet = Sheet(facts)
    sheet.title("终止（解除）劳动合同证明书", 38, 20)
    sheet.text("编号：2020-17", 184, 54, 12, anchor="r")
    text = (
        f"{person.name}，{person.sex}，公民身份号码：{person.id_number}，自2010年9月1日起在我单位从事电工岗位工作。"
        "双方于2017年9月1日续订的劳动合同，期限自2017年9月1日至2020年8月31日。"
    )
    y = sheet.paragraph(text, 26, 72, 158, size=14)
    y = sheet.paragraph("因下列第（ 2 ）项原因，自2020年8月31日起终止（解除）劳动合同：", 26, y, 158, size=14)
    for line in ("1.协商一致解除；", "2.劳动合同期满；", "3.用人单位依法解除；", "4.劳动者提出解除。"):
        sheet.text(line, 36, y, 14)
        y += 9
    y = sheet.paragraph("该职工档案及社会保险关系于十五日内办理转移手续。特此证明。", 26, y, 158, size=14)
    sheet.text(f"单位名称（盖章）：{unit.name}", 184, y + 18, 14, anchor="r")
    sheet.text("2020年8月31日", 184, y + 30, 14, anchor="r")
    sheet.text("本人签收：", 26, y + 46, 13)
    sheet.hand(f"{person.name}　2020.8.31", 50, y + 46, 15)
    sheet.seal(unit.name, 150, y + 22, bottom="样章", angle=-7)
    return [sheet]


def unemployment_benefit() -> list[Sheet]:
    """失业保险待遇核定表 (digital)."""
    person = FENG
    facts = Facts(
        "失业保险待遇核定表", "失业保险待遇核定表", "失业", people(person), DATES.name, "", "2020-09-16", 2020
    )
    sheet = Sheet(facts, paper=(255, 255, 255))
    sheet.title("失业保险待遇核定表", 28, 18, "hei-bold", 1)
    sheet.text("业务流水号：2020091600086", 192, 42, 10, face="hei", anchor="r")
    table = Table(sheet, 18, 48, (40, 50, 40, 44), 0.18, label_face="hei")
    style: dict[str, Any] = {"face": "hei", "size": 10.5}
    for a, b, c, d in (
        ("姓名", person.name, "个人编号", person.card),
        ("社会保障号码", person.id_number, "原单位", DATES.name),
        ("缴费起止", "201009-202008", "累计缴费月数", "120"),
        ("核定领取月数", "18", "月发放标准", "1,224.00"),
        ("起始发放年月", "202009", "终止发放年月", "202202"),
        ("代缴医疗保险费", "每月 286.40", "核定总额", "22,032.00"),
    ):
        table.row(11, a, val(b, **style), c, val(d, **style))
    sheet.text("经办人：任小燕　　复核人：曹建军　　审批人：王志勇", 18, table.y + 14, 11, face="hei")
    sheet.text("核定日期：2020年9月16日", 18, table.y + 24, 11, face="hei")
    return [sheet]


def injury_application() -> list[Sheet]:
    """工伤认定申请表 of 2010, two sheets."""
    person, unit = WANG, BUILDING
    facts = Facts("工伤认定申请表", "工伤认定申请表", "工伤", people(person), unit.name, "", "2010-06-28", 2010)
    first = Sheet(facts)
    first.title("工伤认定申请表", 26, 21, track=3)
    table = Table(first, 16, 42, (34, 50, 38, 56))
    table.row(13, "申请人", pen(unit.name), "受伤害职工", pen(person.name))
    table.row(13, "性别", pen(person.sex), "出生日期", pen(person.born, size=13))
    table.row(13, "身份证号码", pen(person.id_number), "联系电话", pen("13900000127"))
    table.row(13, "职业、工种", pen("架子工"), "参加工作时间", pen("2004年3月"))
    table.row(13, "事故时间、地点", pen("2010年6月11日 湫滨路工地", 3))
    table.row(13, "诊断时间", pen("2010年6月11日"), "受伤害部位", pen("左小腿"))
    table.row(13, "诊断结论", pen("左胫骨骨折", 3, struck="右胫"))
    text = "2010年6月11日上午9时许，王海平在湫滨路工地拆除脚手架时，不慎从二层跌落，致左小腿受伤，当即送县医院治疗。"
    table.row(70, "受伤害经过简述", pen(text, 3, align="l"))
    table.row(30, "申请事项", pen("申请认定工伤", 3))
    first.hand("刘岩", 130, table.y - 8)
    first.hand("2010年6月28日", 150, table.y - 8, 12)
    second = Sheet(facts)
    table = Table(second, 16, 26, (34, 144))
    table.row(60, "用人单位意见", pen("情况属实，同意申请。", align="l"))
    table.row(60, "人力资源和社会保障行政部门审查资料和受理意见", pen("材料齐全，予以受理。", align="l"))
    table.row(40, "备注", pen(""))
    second.hand("2010年6月28日", 150, 78, 12)
    second.hand("2010年7月2日", 150, 138, 12)
    second.seal(unit.name, 128, 64, bottom="样章", angle=11)
    second.seal("临县人力资源和社会保障局", 130, 126, bottom="样章", angle=-6, size=42)
    return [first, second]


def injury_decision() -> list[Sheet]:
    """工伤认定决定书 of 2010, two sheets."""
    person, unit = WANG, BUILDING
    facts = Facts("工伤认定决定书", "工伤认定决定书", "工伤", people(person), unit.name, "", "2010-08-09", 2010)
    first = Sheet(facts)
    first.title("工伤认定决定书", 36, 24, track=3)
    first.text("临人社工认字〔2010〕31号", 184, 52, 13, face="kai-gb", anchor="r")
    for number, line in enumerate(
        (
            f"申请人：{unit.name}",
            f"职工姓名：{person.name}　　性别：{person.sex}",
            f"公民身份号码：{person.id_number}",
            f"用人单位：{unit.name}",
            "职业/工种/工作岗位：架子工",
            "事故时间：2010年6月11日",
            "事故地点：湫滨路工地",
            "诊断时间：2010年6月11日",
            "受伤害部位：左小腿",
        )
    ):
        first.text(line, 28, 68 + 10 * number, 14)
    y = first.paragraph("受伤害经过、医疗救治的基本情况和诊断结论：", 28, 162, 154, size=14)
    text = f"2010年6月11日上午9时许，{person.name}在湫滨路工地拆除脚手架时从二层跌落，经临县人民医院诊断为左胫骨骨折。"
    first.paragraph(text, 28, y, 154, size=14)
    second = Sheet(facts)
    text = (
        f"{unit.name}于2010年6月28日提出工伤认定申请，我局于2010年7月2日受理。经调查核实，{person.name}同志受到的事故伤害，"
        "符合《工伤保险条例》第十四条第（一）项之规定，属于工伤认定范围，现予以认定为工伤。"
    )
    y = second.paragraph(text, 28, 36, 154, size=14)
    text = (
        "如对本工伤认定决定不服的，可自接到本决定书之日起60日内向临县人民政府申请行政复议，或者向人民法院提起行政诉讼。"
    )
    y = second.paragraph(text, 28, y, 154, size=14)
    second.text("临县人力资源和社会保障局", 182, y + 26, 14, anchor="r")
    second.text("2010年8月9日", 176, y + 38, 14, anchor="r")
    second.text("注：本决定一式四份，职工、用人单位、经办机构和本局各存一份。", 28, y + 64, 11)
    second.seal("临县人力资源和社会保障局", 152, y + 26, bottom="工伤样章", angle=-8, size=42)
    return [first, second]


def capacity() -> list[Sheet]:
    """劳动能力鉴定结论书 of 2011."""
    person, unit = WANG, BUILDING
    facts = Facts(
        "劳动能力鉴定结论", "劳动能力鉴定结论通知书", "工伤", people(person), unit.name, "", "2011-03-22", 2011
    )
    sheet = Sheet(facts)
    sheet.title("劳动能力鉴定结论通知书", 36, 21)
    sheet.text("吕劳鉴字〔2011〕118号", 184, 52, 13, face="kai-gb", anchor="r")
    table = Table(sheet, 24, 60, (36, 46, 36, 44))
    table.row(12, "被鉴定人", val(person.name), "性别", val(person.sex))
    table.row(12, "身份证号", val(person.id_number, 3))
    table.row(12, "用人单位", val(unit.name, 3))
    table.row(12, "认定书编号", val("临人社工认字〔2010〕31号", 3))
    y = sheet.paragraph(
        "根据《工伤保险条例》和《劳动能力鉴定 职工工伤与职业病致残等级》标准，经医疗专家组鉴定，结论如下：",
        24,
        122,
        162,
        size=14,
    )
    sheet.text("劳动功能障碍程度：玖级", 36, y + 4, 15, face="hei-bold")
    sheet.text("生活自理障碍程度：无", 36, y + 14, 15, face="hei-bold")
    y = sheet.paragraph(
        "如不服本结论，可在收到之日起15日内向山西省劳动能力鉴定委员会申请再次鉴定。", 24, y + 28, 162, size=14
    )
    sheet.text("吕梁市劳动能力鉴定委员会", 184, y + 22, 14, anchor="r")
    sheet.text("2011年3月22日", 178, y + 34, 14, anchor="r")
    sheet.seal("吕梁市劳动能力鉴定委员会", 154, y + 24, bottom="样章", angle=5, size=42)
    return [sheet]


def injury_benefit() -> list[Sheet]:
    """工伤保险待遇核定表 of 2011."""
    person, unit = WANG, BUILDING
    facts = Facts("工伤保险待遇核定表", "工伤保险待遇核定表", "工伤", people(person), unit.name, "", "2011-05-17", 2011)
    sheet = Sheet(facts)
    sheet.title("工伤保险待遇核定表", 26, 19)
    table = Table(sheet, 18, 42, (36, 50, 36, 52))
    table.row(12, "工伤职工", val(person.name), "身份号码", val(person.id_number, size=10.5))
    table.row(12, "用人单位", val(unit.name), "伤残等级", val("九级"))
    table.row(12, "受伤时间", val("2010年6月11日"), "本人工资", val("1,860.00元/月"))
    table.row(12, lab("待遇项目", 2), lab("计算依据"), lab("金额（元）"))
    for name, basis, amount in (
        ("一次性伤残补助金", "9个月", "16,740.00"),
        ("住院伙食补助费", "21天×10元", "210.00"),
        ("工伤医疗费", "票据核定", "18,264.50"),
    ):
        table.row(12, val(name, 2), val(basis), val(amount))
    table.row(12, lab("合　　计", 2), val(""), val("35,214.50"))
    table.row(34, "核定意见", pen("同意支付，请按规定拨付。", 3, align="l"))
    sheet.hand("曹建军　2011年5月17日", 130, table.y - 8, 13)
    sheet.seal(AGENCY, 112, table.y - 16, bottom="工伤样章", angle=-13)
    return [sheet]


def maternity() -> list[Sheet]:
    """生育津贴申领表 of 2018."""
    person, unit = CHENG, HOTEL
    facts = Facts(
        "生育津贴申领表",
        "职工生育保险待遇（生育津贴）申领表",
        "生育",
        people(person),
        unit.name,
        unit.uscc,
        "2018-11-12",
        2018,
    )
    sheet = Sheet(facts)
    sheet.title("职工生育保险待遇（生育津贴）申领表", 26, 16)
    table = Table(sheet, 16, 42, (34, 52, 36, 56))
    table.row(12, "单位名称", pen(unit.name, 3))
    table.row(12, "统一社会信用代码", val(unit.uscc, 3))
    table.row(12, "女职工姓名", pen(person.name), "身份证号码", pen(person.id_number, size=12.5))
    table.row(12, "配偶姓名", pen("武志刚"), "结婚证号", pen("J141124-2016-00000"))
    table.row(12, "生育（手术）日期", pen("2018年8月19日"), "生育类别", val("√顺产　□剖宫产　□流产"))
    table.row(12, "分娩医院", pen("临县妇幼院（样）"), "胎次", pen("1"))
    table.row(12, "产假起止", pen("2018.8.19—2019.1.13", 3, struck="8.9"))
    table.row(12, "月平均缴费工资", pen("2,960.00元"), "津贴天数", pen("158"))
    table.row(12, "应发生育津贴", pen("15,589.33元", 3))
    table.row(36, "单位意见", pen("同意申领", 3))
    table.row(36, "医保经办机构意见", pen("经核，同意支付。", 3))
    sheet.hand("2018年11月12日", 152, table.y - 42, 12)
    sheet.hand("2018年11月20日", 152, table.y - 6, 12)
    sheet.seal(unit.name, 112, table.y - 54, bottom="样章", angle=8)
    sheet.seal("临县医疗保险管理中心", 116, table.y - 14, bottom="生育样章", angle=-9, size=38)
    return [sheet]


def maternity_benefit() -> list[Sheet]:
    """生育保险待遇核定表 (digital)."""
    person = CHENG
    facts = Facts(
        "生育保险待遇核定表", "生育保险待遇核定表", "生育", people(person), HOTEL.name, "", "2018-11-20", 2018
    )
    sheet = Sheet(facts, paper=(255, 255, 255))
    sheet.title("生育保险待遇核定表", 28, 18, "song-bold", 1)
    table = Table(sheet, 18, 44, (42, 48, 42, 42), 0.18)
    for a, b, c, d in (
        ("参保人姓名", person.name, "性别", person.sex),
        ("公民身份号码", person.id_number, "所在单位", HOTEL.name),
        ("分娩日期", "2018-08-19", "生育津贴天数", "158天"),
        ("生育医疗费", "2,000.00元", "生育津贴", "15,589.33元"),
        ("核定支付合计", "17,589.33元", "支付方式", "拨付单位"),
    ):
        table.row(12, a, val(b), c, val(d))
    sheet.text("核定人：任爱萍", 18, table.y + 12, 11)
    sheet.text("核定日期：2018年11月20日", 192, table.y + 12, 11, anchor="r")
    return [sheet]
