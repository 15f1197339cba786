"""统计 and 稽核: reports and audits."""

from __future__ import annotations

from ..cast import AGENCY, BUILDING, HOTEL, QIN
from ..sheet import BLACK, Facts, Sheet, people
from ..table import Table, lab, pen, val


def yearly_1999() -> list[Sheet]:
    """社会保险年度统计报表 of 1999, a landscape table copied onto one-bit film."""
    facts = Facts(
        "年度统计报表",
        "一九九九年度企业职工基本养老保险统计报表",
        "统计",
        (),
        "临县社会保险事业管理所",
        "",
        "2000-01-20",
        1999,
    )
    sheet = Sheet(facts, 297, 210)
    sheet.title("一九九九年度企业职工基本养老保险统计报表", 24, 17, "lead-song", 1)
    sheet.text("填报单位：临县社会保险事业管理所", 16, 38, 11, face="lead-song")
    sheet.text("表号：劳社统险1表", 281, 38, 11, face="lead-song", anchor="r")
    table = Table(sheet, 16, 44, (61, 20, 46, 46, 46, 46), label_face="lead-song")
    table.row(11, lab("指标名称"), lab("代码"), lab("国有企业"), lab("集体企业"), lab("其他企业"), lab("合计"))
    rows = (
        ("一、参保单位（户）", 42, 31, 6),
        ("二、参保职工（人）", 6120, 1842, 318),
        ("三、离退休人员（人）", 2286, 655, 41),
        ("四、应缴基金（万元）", 612, 148, 27),
        ("五、实缴基金（万元）", 498, 102, 25),
        ("六、养老金支出（万元）", 571, 139, 9),
    )
    for number, (name, *cells) in enumerate(rows, 1):
        texts = [str(v) for v in (*cells, sum(cells))]
        table.row(12, lab(name, align="l"), val(f"{number:02d}"), *(val(text) for text in texts))
    sheet.text("单位负责人：王有才", 16, table.y + 14, 11, face="lead-song")
    sheet.text("填表人：李海珍", 110, table.y + 14, 11, face="lead-song")
    sheet.text("报出日期：2000年1月20日", 281, table.y + 14, 11, face="lead-song", anchor="r")
    return [sheet]


def yearly_2019() -> list[Sheet]:
    """年度统计报表 of 2019, two landscape pages (digital)."""
    facts = Facts("年度统计报表", "2019年度社会保险业务统计报表", "统计", (), AGENCY, "", "2020-01-15", 2019)
    first = Sheet(facts, 297, 210, paper=(255, 255, 255))
    first.title("2019年度社会保险业务统计报表", 24, 18, "hei-bold", 1)
    first.text(f"填报单位：{AGENCY}", 16, 38, 11, face="hei")
    first.text("报表日期：2020年1月15日", 281, 38, 11, face="hei", anchor="r")
    table = Table(first, 16, 44, (75, 48, 48, 48, 46), 0.18, label_face="hei")
    table.row(11, "指标", "2018年末", "2019年末", "增减", "增减率")
    rows = (
        ("企业职工养老保险参保人数（人）", 18214, 18963),
        ("其中：离退休人员（人）", 6012, 6187),
        ("城乡居民养老保险参保人数（人）", 286430, 288115),
        ("失业保险参保人数（人）", 12206, 12544),
        ("工伤保险参保人数（人）", 14118, 14902),
        ("参保单位（户）", 812, 847),
    )
    for name, before, after in rows:
        cells = (f"{before:,}", f"{after:,}", f"{after - before:,}", f"{(after - before) / before * 100:.2f}%")
        table.row(11, lab(name, align="l"), *(val(text, face="hei") for text in cells))
    first.text("1/2", 148.5, 198, 9, face="hei", anchor="m")
    second = Sheet(facts, 297, 210, paper=(255, 255, 255))
    second.text("基金收支情况（单位：万元）", 16, 26, 12, face="hei-bold")
    table = Table(second, 16, 34, (75, 48, 48, 48, 46), 0.18, label_face="hei")
    table.row(11, "险种", "本年收入", "本年支出", "当年结余", "累计结余")
    for name, income, spent, kept in (
        ("企业职工基本养老保险", 21463, 24881, 10212),
        ("机关事业单位养老保险", 30117, 30584, 1206),
        ("城乡居民基本养老保险", 14266, 12871, 18433),
        ("失业保险", 844, 361, 5120),
        ("工伤保险", 702, 655, 1488),
    ):
        cells = (f"{income:,}", f"{spent:,}", f"{income - spent:,}", f"{kept:,}")
        table.row(11, lab(name, align="l"), *(val(text, face="hei") for text in cells))
    second.text("单位负责人：王志勇　　统计负责人：曹建军　　填表人：冯丽珍", 16, table.y + 14, 11, face="hei")
    second.text("2/2", 148.5, 198, 9, face="hei", anchor="m")
    return [first, second]


def monthly() -> list[Sheet]:
    """失业保险基金收支月报表 of May 2008."""
    facts = Facts("月报", "失业保险情况月报表", "统计", (), "临县失业保险管理所", "", "2008-06-03", 2008)
    sheet = Sheet(facts)
    sheet.title("失业保险情况月报表", 28, 18)
    sheet.text("填报单位：临县失业保险管理所", 18, 44, 11)
    sheet.text("2008年5月", 192, 44, 11, anchor="r")
    table = Table(sheet, 18, 50, (70, 34, 34, 36))
    table.row(12, "项目", "计量单位", "本月数", "本年累计")
    for row in (
        ("月末参保人数", "人", "9,846", "—"),
        ("本月征缴收入", "万元", "21.6", "108.4"),
        ("领取失业保险金人数", "人", "134", "166"),
        ("失业保险金支出", "万元", "4.82", "23.7"),
        ("职业培训补贴支出", "万元", "0.60", "2.1"),
    ):
        table.row(12, lab(row[0], align="l"), *(pen(text, size=13) for text in row[1:]))
    sheet.text("负责人：高建生", 18, table.y + 12, 11)
    sheet.text("制表人：任小燕", 90, table.y + 12, 11)
    sheet.text("2008年6月3日报", 192, table.y + 12, 11, anchor="r")
    sheet.seal("临县失业保险管理所", 60, table.y + 10, bottom="样章", shape="oval", size=40, angle=4)
    return [sheet]


def analysis() -> list[Sheet]:
    """数据分析报告 of 2021, two pages of text (digital)."""
    facts = Facts("数据分析报告", "2021年上半年社会保险运行情况分析", "统计", (), AGENCY, "", "2021-07-20", 2021)
    first = Sheet(facts, paper=(255, 255, 255))
    first.title("2021年上半年社会保险运行情况分析", 36, 19, "song-bold", 0.6)
    first.text(f"{AGENCY}　2021年7月20日", 105, 50, 12, face="kai", anchor="m")
    parts = (
        "上半年，全县社会保险工作以保障民生为主线，参保扩面稳步推进，基金运行总体平稳，各项待遇按时足额发放。",
        "一、参保情况。截至6月末，企业职工基本养老保险参保19,402人，比上年末增加211人；城乡居民基本养老保险参保28.9万人；"
        "工伤保险参保15,116人，其中建筑项目参保1,204人。",
        "二、基金收支情况。上半年企业职工基本养老保险基金收入1.12亿元，支出1.31亿元，收支缺口由省级调剂解决；失业保险基金收入402万元，支出168万元。",
        "三、待遇发放情况。6月份为6,322名企业退休人员发放养老金，人均月养老金2,684元，社会化发放率100%。",
        "四、存在的主要问题。一是灵活就业人员断缴较多，二是部分企业欠费时间较长，三是历史档案数字化程度不高，信息比对困难。",
    )
    y = 64.0
    for text in parts:
        y = first.paragraph(text, 26, y, 158, size=14) + 1
    first.text("— 1 —", 105, 284, 10, anchor="m")
    second = Sheet(facts, paper=(255, 255, 255))
    y = 30.0
    for text in (
        "五、下一步打算。加强与税务、市场监管等部门的数据共享，摸清未参保单位底数；对欠费单位分类施策，签订补缴协议；"
        "用两年时间完成历年业务档案的整理和数字化，实现查得到、看得清、可追溯。",
        "六、有关建议。建议县财政继续安排档案整理专项经费，并将参保扩面纳入乡镇年度考核。",
    ):
        y = second.paragraph(text, 26, y, 158, size=14) + 1
    second.text("— 2 —", 105, 284, 10, anchor="m")
    return [first, second]


def audit_notice() -> list[Sheet]:
    """社会保险稽核通知书 of 2017."""
    unit = HOTEL
    facts = Facts("稽核通知书", "社会保险稽核通知书", "稽核", (), unit.name, unit.uscc, "2017-05-08", 2017)
    sheet = Sheet(facts)
    sheet.title("社会保险稽核通知书", 36, 23, track=2)
    sheet.text("临社稽通字〔2017〕第6号", 184, 54, 13, face="kai-gb", anchor="r")
    sheet.text(f"{unit.name}：", 26, 74, 15)
    text = "根据《中华人民共和国社会保险法》和《社会保险稽核办法》的规定，我中心决定于2017年5月15日起对你单位2015年1月至2017年4月的社会保险缴费情况进行稽核。"
    y = sheet.paragraph(text, 26, 86, 158, size=15)
    y = sheet.paragraph("请你单位准备好下列资料：", 26, y, 158, size=15)
    for line in (
        "1.职工花名册、劳动合同；",
        "2.工资发放表及会计账簿；",
        "3.社会保险缴费申报资料；",
        "4.营业执照副本。",
    ):
        sheet.text(line, 37, y, 15)
        y += 9.5
    sheet.text("稽核人员：冯丽珍、李海珍", 26, y + 4, 15)
    sheet.text(f"统一社会信用代码：{unit.uscc}", 26, y + 14, 13)
    sheet.text(AGENCY, 182, y + 34, 15, anchor="r")
    sheet.text("2017年5月8日", 178, y + 46, 15, anchor="r")
    sheet.seal(AGENCY, 156, y + 34, bottom="稽核样章", angle=-6)
    return [sheet]


def audit_report() -> list[Sheet]:
    """稽核报告 of 2017, four sheets, the last a list of findings."""
    unit = HOTEL
    facts = Facts("稽核报告", "社会保险稽核报告", "稽核", (), unit.name, unit.uscc, "2017-06-19", 2017)
    cover = Sheet(facts)
    cover.title("社会保险稽核报告", 96, 30, track=4)
    cover.text(f"被稽核单位：{unit.name}", 105, 140, 16, anchor="m")
    cover.text(f"稽核机构：{AGENCY}", 105, 154, 16, anchor="m")
    cover.text("二〇一七年六月十九日", 105, 220, 16, anchor="m")
    first = Sheet(facts)
    y = 32.0
    for text in (
        "一、基本情况",
        f"{unit.name}成立于2009年，统一社会信用代码{unit.uscc}，法定代表人{unit.head}，现有职工48人，参加企业职工养老、失业、工伤保险38人。",
        "二、稽核经过",
        "稽核组于2017年5月15日至5月26日进驻该单位，查阅了2015年1月至2017年4月的工资发放表、会计凭证、劳动合同和缴费申报资料，询问职工12人。",
        "三、发现的问题",
        "（一）应保未保。该单位10名职工未参加社会保险，其中客房部6人、餐饮部4人。",
        "（二）少报缴费基数。2016年度实发工资总额1,382,400元，申报缴费工资总额1,094,400元，少报288,000元。",
    ):
        y = first.paragraph(text, 26, y, 158, size=14) + 0.5
    second = Sheet(facts)
    y = 32.0
    for text in (
        "四、处理意见",
        "（一）责令该单位于2017年7月15日前为10名未参保职工办理参保登记手续。",
        "（二）补缴少报基数部分的社会保险费80,640元，并依法加收滞纳金。",
        "（三）建立健全用工和缴费申报制度，如实申报职工人数和缴费工资。",
    ):
        y = second.paragraph(text, 26, y, 158, size=14) + 0.5
    second.text("稽核人员：", 26, y + 16, 14)
    second.hand("冯丽珍　李海珍", 52, y + 16, 16)
    second.text("被稽核单位意见：", 26, y + 32, 14)
    second.hand("无异议", 68, y + 32, 16)
    second.text("2017年6月19日", 184, y + 56, 14, anchor="r")
    second.seal(AGENCY, 160, y + 52, bottom="稽核样章", angle=10)
    second.seal(unit.name, 86, y + 40, bottom="样章", angle=-7)
    return [cover, first, second, _findings(facts)]


def _findings(facts: Facts) -> Sheet:
    sheet = Sheet(facts)
    sheet.title("附表：少报缴费基数明细", 26, 16)
    table = Table(sheet, 18, 40, (40, 44, 44, 46))
    table.row(11, "月份", "实发工资总额", "申报工资总额", "少报金额")
    for month in range(1, 13):
        paid = 112000 + month * 492
        table.row(11, val(f"2016年{month}月"), val(f"{paid:,}"), val("91,200"), val(f"{paid - 91200:,}"))
    return sheet


def audit_note() -> list[Sheet]:
    """稽核工作底稿 of 2014, by hand."""
    person = QIN
    facts = Facts("稽核工作底稿", "社会保险稽核工作底稿", "稽核", people(person), "", "", "2014-09-03", 2014)
    sheet = Sheet(facts, paper=(251, 249, 242))
    sheet.title("社会保险稽核工作底稿", 26, 18)
    table = Table(sheet, 18, 42, (38, 136), pen_ink=BLACK)
    table.row(13, "被稽核单位（人）", pen(f"{person.name}　{person.id_number}"))
    table.row(13, "稽核项目", pen("重复领取养老待遇核查"))
    text = "经系统比对，秦二娃2013年3月起按特殊工种领取企业职工养老金，同时仍在城乡居民养老保险中列为待领人员，尚未重复领取。"
    table.row(80, "稽核记录", pen(text, align="l"))
    table.row(50, "结论", pen("建议终止其城乡居民养老保险关系，退还个人账户余额1,126.40元。", align="l"))
    table.row(14, "稽核日期", pen("2014年9月3日", struck="2014年8月"))
    sheet.text("稽核人：", 18, table.y + 12, 11)
    sheet.hand("李海珍", 34, table.y + 12, 15, ink=BLACK)
    sheet.text("复核人：", 110, table.y + 12, 11)
    sheet.hand("冯丽珍", 126, table.y + 12, 15, ink=BLACK)
    return [sheet]


def audit_opinion() -> list[Sheet]:
    """稽核意见书 of 2024 (loose photograph of a letter)."""
    unit = BUILDING
    facts = Facts("稽核意见书", "社会保险稽核整改意见书", "稽核", (), unit.name, unit.uscc, "2024-04-11", 2024)
    sheet = Sheet(facts)
    sheet.title("社会保险稽核整改意见书", 40, 21)
    sheet.text("临社稽改字〔2024〕第2号", 184, 56, 13, face="kai-gb", anchor="r")
    sheet.text(f"{unit.name}：", 26, 76, 15)
    text = (
        f"经稽核，你单位（统一社会信用代码：{unit.uscc}）2023年度存在未按时申报工伤保险建筑项目参保的情形。"
        "请于2024年5月10日前完成整改，并将整改情况书面报送我中心。"
    )
    y = sheet.paragraph(text, 26, 88, 158, size=15)
    sheet.text(AGENCY, 182, y + 28, 15, anchor="r")
    sheet.text("2024年4月11日", 178, y + 40, 15, anchor="r")
    sheet.seal(AGENCY, 156, y + 28, bottom="稽核样章", angle=3)
    return [sheet]
