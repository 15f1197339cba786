"""Injury, maternity, unemployment and medical papers."""

from __future__ import annotations

from ...draw_samples.sheet import Facts
from ..cast import AYI, BI, CENTRE, CHE, CITY, FOREST, GRAIN, HOTEL, LUO, OUYANG, PUMP, WU
from ..page import GEL, Page, Rect
from . import Start

_INJURY = Facts("工伤认定决定书", "认定工伤决定书", "工伤", (LUO.pair,), FOREST.name, FOREST.code, "2018-12-21", 2018)


def injury_decision(start: Start) -> Page:
    """First page of a decision: a letter in which everything stands in sentences."""
    p = start(_INJURY)
    p.title("吕梁市人力资源和社会保障局", 36, 22, "heavy", track=1)
    p.title("认 定 工 伤 决 定 书", 50, 26, "heavy")
    p.put("吕人社工伤认字〔2018〕第0286号", 182, 64, 12, "brush", anchor="r")
    paragraphs = (
        f"申请人：{FOREST.name}，住所地交口县桃红坡镇，统一社会信用代码{FOREST.code}。",
        f"受伤职工：{LUO.name}，男，身份证件号{LUO.number}，系申请人护林队队员。",
        "申请人于2018年11月14日向本机关提出工伤认定申请，本机关于11月19日受理，并依法进行了调查核实。",
        "经查：2018年10月23日上午九时许，该职工在云梦山三号林班巡护途中，因山坡湿滑摔倒，致右胫骨骨折。"
        "当日送交口县人民医院救治，住院二十六天。同班职工贾某、任某的证言与诊断证明相互印证。",
        "以上事实，有申请表、劳动合同、病历、证人证言、现场照片等为证。",
    )
    y = 78.0
    for text in paragraphs:
        y = p.flow(text, 28, y, 156, 15, face="fang", leading=1.95) + 1
    p.put("第1页 共2页", 105, 284, 9, "thin-sans", anchor="m")
    return p


def injury_decision_end(start: Start) -> Page:
    """Second page, with the seal over the date."""
    p = start(_INJURY)
    paragraphs = (
        f"本机关认为，{LUO.name}受到的事故伤害，符合《工伤保险条例》第十四条第（一）项之规定，属于工伤认定范围，"
        "现予以认定为工伤。",
        "如对本决定不服，可自接到决定书之日起六十日内申请行政复议，或者在六个月内向人民法院提起行政诉讼。",
    )
    y = 34.0
    for text in paragraphs:
        y = p.flow(text, 28, y, 156, 15, face="fang", leading=1.95) + 1
    p.put("二〇一八年十二月二十一日", 176, 124, 15, "fang", anchor="r")
    p.seal("吕梁市人力资源和社会保障局", 148, 120, size=44, angle=5)
    p.put("抄送：交口县社会保险中心。", 28, 156, 13, "fang")
    p.put("第2页 共2页", 105, 284, 9, "thin-sans", anchor="m")
    return p


def receipt(start: Start) -> Page:
    """The proof that the decision was handed over."""
    facts = Facts("送达回证", "送达回证", "工伤", (LUO.pair,), FOREST.name, "", "2018-12-26", 2018)
    p = start(facts)
    p.title("送 达 回 证", 32, 24, "serif")
    rows = (
        ("送达文书名称、文号", "认定工伤决定书 第0286号"),
        ("受送达人", LUO.name),
        ("送达地点", "云梦山林场护林队"),
        ("送达方式", "直接送达"),
        ("收到时间", "2018年12月26日"),
        ("受送达人签名", LUO.name),
    )
    y = 46.0
    for label, value in rows:
        a, b = p.band(28, y, 19, [56, 98])
        p.mid(a, label, 12)
        p.fill(b, value, 17)
        y += 19
    p.put("送达人：", 34, y + 14, 12)
    p.write("靳海平　蔚巧云", 54, y + 14, 16, ink=GEL)
    return p


def capacity(start: Start) -> Page:
    """A faxed conclusion: a letter, with the machine's own line on top."""
    title = "劳动能力鉴定结论通知书"
    facts = Facts("劳动能力鉴定结论", title, "工伤", (BI.pair,), GRAIN.name, "", "2017-04-28", 2017)
    p = start(facts)
    p.put("2017-05-02 10:41  FROM: 0358-0000823  TO: 0358-0000411  P.01/01", 16, 8, 8, "mono")
    p.title("劳动能力鉴定", 40, 24, "heavy", track=4)
    p.title("结论通知书", 52, 24, "heavy", track=4)
    p.put("吕劳鉴（2017）工字第118号", 105, 64, 13, "serif", anchor="m")
    p.put(f"{GRAIN.name}：", 26, 82, 15, "serif")
    text = (
        f"你单位职工{BI.name}（男，身份证号{BI.number}）于2016年9月5日因工致左手食指末节缺失。"
        "根据《劳动能力鉴定 职工工伤与职业病致残等级》（GB/T 16180—2014），经专家组鉴定，本委员会作出结论："
    )
    y = p.flow(text, 26, 94, 158, 15, leading=1.95)
    y = p.flow("劳动功能障碍程度为玖级，无生活自理障碍。", 26, y, 158, 16, face="heavy", leading=1.95)
    more = "对本结论不服的，可在收到之日起十五日内向省劳动能力鉴定委员会申请再次鉴定。"
    p.flow(more, 26, y, 158, 15, leading=1.95)
    p.put("吕梁市劳动能力鉴定委员会", 178, 214, 15, "serif", anchor="r")
    p.put("2017年4月28日", 178, 226, 15, "serif", anchor="r")
    p.seal("吕梁市劳动能力鉴定委员会", 150, 217, size=42, angle=3)
    return p


def maternity(start: Start) -> Page:
    """A claim with labels over values and a name with a dot; two persons side by side."""
    title = "生育保险待遇（津贴）申报单"
    facts = Facts("生育津贴申领表", title, "生育", (AYI.pair, BI.pair), HOTEL.name, HOTEL.code, "2019-03-06", 2019)
    p = start(facts)
    p.put("No. 0003197", 186, 18, 12, "mono", anchor="r", ink=(190, 50, 40))
    p.title("生育保险待遇", 30, 20, "serif", track=2)
    p.title("（津贴）申报单", 40, 20, "serif", track=2)
    y, x = 52.0, 24.0
    rows = (
        ((74, "申请人", AYI.name), (22, "性别", "女"), (66, "出生日期", AYI.born)),
        ((92, "申请人身份证件号", AYI.number), (70, "手机", "13800000617")),
        ((54, "配偶姓名", BI.name), (108, "配偶身份证件号", BI.number)),
        ((96, "用人单位", HOTEL.name), (66, "单位代码", HOTEL.code)),
        ((40, "分娩方式", "剖宫产"), (40, "胎次", "第1胎"), (40, "分娩日期", "2019.1.8"), (42, "产假天数", "158天")),
        ((54, "缴费月工资", "3,412元"), (54, "津贴金额", "17,969.87元"), (54, "医疗费", "3,600元")),
    )
    for row in rows:
        for cell, (_, label, value) in zip(p.band(x, y, 18, [w for w, _, _ in row]), row, strict=True):
            p.below(cell, label, value, size=15)
        y += 18
    box = p.frame(Rect(x, y, 162, 62))
    p.put("审核：", x + 4, box.y + 8, 11)
    p.write("材料齐全，同意支付。", x + 18, box.y + 20, 17, ink=GEL)
    p.put("审核人", x + 60, box.y + 46, 11)
    p.write("游彩霞", x + 76, box.y + 46, 16, ink=GEL)
    p.put("二〇一九年三月六日", x + 108, box.y + 46, 11)
    p.seal("临县医疗保险管理服务中心", x + 128, box.y + 36, size=40, angle=-7)
    p.received(["临县医保 收讫（样）", "2019.03.06"], x + 6, box.y + 34, 42)
    return p


def unemployment(start: Start) -> Page:
    """A claim on dotted lines, photographed by the claimant."""
    title = "失业人员申领失业保险金登记"
    facts = Facts("失业金申领登记表", title, "失业", (WU.pair,), PUMP.name, "", "2020-07-15", 2020)
    p = start(facts)
    p.title("失业人员申领失业保险金", 28, 20, "black")
    p.title("登 记", 39, 22, "black", track=3)
    y = 58.0
    rows = (
        (("申请人", WU.name, 84), ("性别", "男", 118), ("文化程度", "高中", 184)),
        (("身份证件号", WU.number, 184),),
        (("户籍地址", "柳林县薛村镇军渡街", 184),),
        (("原用人单位", PUMP.name, 184),),
        (("失业时间", "2020.6.30", 100), ("失业原因", "协商解除", 184)),
        (("累计缴费", "15年2个月", 100), ("银行卡号", "6217 0000 0000 1130", 184)),
        (("求职意向", "机械加工、电焊", 100), ("联系电话", "13500001130", 184)),
    )
    for row in rows:
        x = 26.0
        for label, value, to in row:
            p.dotted(label, value, x, y, to - 2, size=15)
            x = to + 2
        y += 15
    text = "本人现无工作，有求职要求，愿意接受职业介绍和职业培训。重新就业后十日内主动申报停发。"
    y = p.flow(text, 26, y + 6, 158, 13, leading=1.9)
    p.dotted("签名(按印)", WU.name, 110, y + 10, 182, size=18)
    p.dotted("日期", "2020.7.15", 110, y + 24, 182)
    p.put("以下由经办机构填写", 105, y + 42, 11, "thin-sans", anchor="m")
    p.rule(24, y + 47, 186, y + 47, 0.3)
    p.dotted("核定领取期限", "自2020年8月至2022年1月 共18个月", 26, y + 60, 184, ink=GEL)
    p.dotted("月标准", "1,368元", 26, y + 74, 100, ink=GEL)
    p.dotted("经办", "侯建兵", 104, y + 74, 184, ink=GEL)
    p.seal(CENTRE, 150, y + 72, size=38, angle=11)
    return p


def medical(start: Start) -> Page:
    """A claim for bills paid out of hand: values in the same cell, amounts in a narrow table."""
    title = "医疗费用手工（零星）报销审批单"
    facts = Facts("医疗费用审核单", title, "医疗", (OUYANG.pair,), HOTEL.name, "", "2023-09-12", 2023)
    p = start(facts)
    p.put("JY-YB-11", 186, 16, 9, "mono", anchor="r")
    p.title("医疗费用手工（零星）报销", 28, 19, "sans")
    p.title("审 批 单", 38, 22, "sans", track=2)
    y = 48.0
    rows = (
        (("参保人：", OUYANG.name, 60), ("年龄：", "33", 36), ("人员类别：", "在职", 66)),
        (("证件号码：", OUYANG.number, 96), ("就诊类别：", "异地急诊住院", 66)),
        (("用人单位：", HOTEL.name, 96), ("医院：", "榆林市二院", 66)),
        (("入院：", "2023.8.2", 54), ("出院：", "2023.8.11", 54), ("诊断：", "急性阑尾炎", 54)),
    )
    for row in rows:
        for cell, (label, value, _) in zip(p.band(24, y, 14, [w for _, _, w in row]), row, strict=True):
            p.beside(cell, label, value)
        y += 14
    widths = [42.0, 30, 30, 30, 30]
    for cell, head in zip(
        p.band(24, y, 24, widths), ("费用项目", "总金额", "自费金额", "先行自付", "范围内"), strict=True
    ):
        p.stacked(head, cell.x + cell.w / 2, cell.y + 12, 11)
    y += 24
    lines = (("西药费", 3120, 210, 186), ("手术费", 2400, 0, 240), ("检查费", 1180, 95, 62), ("床位费", 540, 180, 0))
    for name, total, own, before in lines:
        texts = (name, f"{total}.00", f"{own}.00", f"{before}.00", f"{total - own - before}.00")
        for number, (cell, text) in enumerate(zip(p.band(24, y, 10.5, widths), texts, strict=True)):
            p.mid(cell, text, 12, "micro" if number else "serif")
        y += 10.5
    a, b = p.band(24, y, 14, [81, 81])
    p.beside(a, "统筹支付：", "4,977.60元")
    p.beside(b, "个人负担：", "2,262.40元")
    box = p.frame(Rect(24, y + 14, 162, 44))
    p.put("审批意见", 28, box.y + 7, 11)
    p.write("单据真实，同意按规定报销", 40, box.y + 18, 17, ink=GEL)
    p.write("康润梅", 104, box.y + 34, 18)
    p.put("2023.9.12", 152, box.y + 34, 12)
    p.seal(CITY, 150, box.y + 26, size=38, angle=16)
    return p


def statement(start: Start) -> Page:
    """A letter written by hand from head to foot: stop paying me."""
    title = "关于停发失业金的申请"
    facts = Facts("停发续发申请", title, "失业", (CHE.pair,), "", "", "2022-03-18", 2022)
    p = start(facts, height=210)
    p.title(title, 34, 24, "kai", track=1)
    p.write(f"{CENTRE}：", 26, 56, 17)
    text = (
        f"我叫{CHE.name}，身份证号{CHE.number}，原来在你处领失业金。今年三月我在镇上开了小店，办了执照，"
        "按规定不该再领，特申请从二零二二年四月起停发，已多领的一个月愿意退回。"
    )
    y = p.flow(text, 26, 72, 156, 17, face="kai", leading=1.95, hand=True)
    p.write("请给予办理。", 38, y, 17)
    p.write(f"申请人：{CHE.name}", 122, y + 20, 17)
    p.write("2022年3月18日", 122, y + 33, 16)
    return p
