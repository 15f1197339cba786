"""Papers with running text: words of a sentence are no labels, and what stands below them is no value."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from cunzhen.capture.extraction import Suggestions, describe, is_sure
from cunzhen.capture.extraction.names import read_leading_name, read_name
from cunzhen.formats.identifiers import identity_check_character
from cunzhen.formats.page_text import PageText, Word

WIDTH, HEIGHT, SIZE, MARGIN = 2480, 3508, 40, 200
LINE = (WIDTH - 2 * MARGIN) // SIZE
NUMBER = "14232619660101122" + identity_check_character("14232619660101122")
SURE = 0.85
NAMES = (
    "张秀兰,欧阳建国,司马光,令狐冲,澹台明,乜晓东,佘金花,阿依古丽,扎西次仁,那木吉拉,买买提·吐尔逊,古丽巴哈尔,李自成,黄金花,方向东,高新民,"
    "成立军,应学文,于和平"
)
NO_NAMES = (
    "条件,到异议,式三份,一式三份,收到异议,应当,应当于,有关部门,关于,组成,接续,载的,案记载的,用人单位,退休条件,相关,费用,由本人,申请,高中,时间,"
    "项目,符合条件,万元"
)

# Wordings of forms' notes, decisions and letters, none of them of the benchmark's papers.
CLAUSES = (
    "用人单位应当自用工之日起三十日内为其职工办理社会保险登记。",
    "单位名称应与公章一致，姓名应与居民身份证一致，出生日期以档案为准。",
    "参保人员达到法定退休年龄时累计缴费不足十五年的，可以缴费至满十五年。",
    "退休人员死亡的，其遗属可以领取丧葬补助金和抚恤金。",
    "申请人对本决定不服的，可以在六十日内申请行政复议，也可以依法提起行政诉讼。",
    "经办人员应当为参保人员保守秘密，不得泄露个人信息。",
    "职工因工作遭受事故伤害或者患职业病进行治疗，享受工伤医疗待遇。",
    "失业人员应当持终止或者解除劳动关系的证明，及时到公共就业服务机构办理失业登记。",
    "工伤职工拒不接受劳动能力鉴定的，停止享受工伤保险待遇。",
    "法定代表人、负责人和经办人对所填内容的真实性负责；填报虚假信息的，依法处理。",
    "原工作单位已经破产或者注销的，由主管部门出具证明。",
    "配偶、父母、子女和其他供养亲属的条件由民政部门核实。",
    "缴费单位逾期仍不缴纳的，由有关行政部门处欠缴数额一倍以上三倍以下的罚款。",
    "领取人应当每年进行一次资格认证，逾期未认证的暂停发放，认证通过后予以补发。",
    "档案记载的出生日期与居民身份证不一致的，以本人档案最先记载的出生时间为准。",
    "参保单位于每年三月申报上年度工资总额，社会保险经办机构核定后通知缴费。",
    "受益人和继承人有多人的，应当推举一名代表并出具书面委托。",
    "患者出院后三十日内提交费用清单、诊断证明和病历复印件，过期不予受理。",
    "人员名单、身份证号码和联系电话由单位核对无误后盖章，一份留存，一份上报。",
    "死者生前单位负责人签字并加盖公章，家属姓名和身份证号填写清楚。",
)


def wrap(text: str, y: int, first_line: int) -> list[Word]:
    """A paragraph set to the margins, a word per line as digital papers carry it."""
    lines = [text[i : i + LINE] for i in range(0, len(text), LINE)]
    return [
        Word(line, (MARGIN, y + 60 * k, MARGIN + SIZE * len(line), y + 60 * k + SIZE), 1.0, first_line + k)
        for k, line in enumerate(lines)
    ]


def page(title: str, cells: Sequence[Sequence[str]], text: str, foot: Sequence[str] = ()) -> PageText:
    words = [Word(title, (800, 150, 800 + 66 * len(title), 216), 1.0, 0)]
    y = 300
    for row in cells:
        for i, cell in enumerate(row):
            x = MARGIN + i * (WIDTH - 2 * MARGIN) // len(row)
            words.append(Word(cell, (x, y, x + SIZE * len(cell), y + SIZE), 1.0, len(words)))
        y += 90
    for paragraph in text.split("\n"):
        words += wrap(paragraph, y, len(words))
        y = words[-1].box[3] + 20
    for line in foot:
        y += 90
        words.append(Word(line, (1500, y, 1500 + SIZE * len(line), y + SIZE), 1.0, len(words)))
    return PageText(WIDTH, HEIGHT, 0, 0.0, False, tuple(words), "pdf")


def subjects(found: Suggestions) -> list[tuple[str, str]]:
    return [(p.name, p.id_number) for p in found.persons]


def units(found: Suggestions) -> list[str]:
    return [u.value for u in found.fields.get("unit", ())]


@pytest.mark.parametrize("seed", range(40))
def test_a_table_with_running_text_below(seed: int) -> None:
    draw = random.Random(seed)
    sentences = [draw.choice(CLAUSES) for _ in range(draw.randint(4, 40))]
    numbered = draw.random() < 0.5
    text = "".join(f"（{i}）{s}" if numbered else s for i, s in enumerate(sentences, 1))
    if draw.random() < 0.3:
        text = text.replace("。", "。\n").strip()
    cells = [
        ["单位名称：临县第三纺织厂", "日期：2016年1月5日"],
        ["姓名", "张秀兰", "性别", "女"],
        ["公民身份号码", NUMBER, "出生年月", "1966年1月"],
    ]
    found = describe([page("企业职工退休审批表", cells, text)])
    assert (is_sure(found), found.contradictions) == ([], ())
    assert subjects(found) == [("张秀兰", NUMBER)]
    assert units(found) == ["临县第三纺织厂"]


def test_a_decision_in_running_text() -> None:
    text = (
        f"申请人：临县湫水河煤矿有限公司\n受伤害职工：张秀兰，女，身份证号码：{NUMBER}\n"
        "用人单位于2019年2月12日提出工伤认定申请，本机关依法受理。经查，职工张秀兰（女）在井下作业时被砸伤左手，"
        "用人单位对此没有异议。" + "".join(CLAUSES[:6])
    )
    found = describe([page("工伤认定决定书", [], text, ["临县人力资源和社会保障局", "2019年3月6日"])])
    assert (is_sure(found), found.contradictions) == ([], ())
    assert subjects(found) == [("张秀兰", NUMBER)]
    assert units(found)[0] == "临县湫水河煤矿有限公司"
    assert found.value("document_date") == "2019-03-06"


def test_a_notice_in_running_text() -> None:
    text = (
        "临县宏达商贸有限公司：\n根据社会保险法，定于2018年5月10日对你单位进行稽核，用人单位应当如实提供工资表、"
        "参保人员名单和财务账簿，法定代表人、经办人员应当到场。" + "".join(CLAUSES[9:16])
    )
    found = describe([page("社会保险稽核通知书", [], text, ["临县社会保险中心", "2018年5月3日"])])
    assert is_sure(found) == []
    assert (units(found), subjects(found)) == (["临县宏达商贸有限公司"], [])


def test_a_letter_in_running_text() -> None:
    text = (
        f"兹证明张秀兰，女，公民身份号码{NUMBER}，系临县碛口红枣食品有限公司职工，于2009年7月参加社会保险。"
        "参保人员应当妥善保管本证明，用人单位和职工对内容有异议的，可以到经办机构查询。" + "".join(CLAUSES[2:7])
    )
    found = describe([page("社会保险参保缴费证明", [], text, ["打印日期：2020年8月11日"])])
    assert found.contradictions == ()
    assert subjects(found) == [("张秀兰", NUMBER)]
    assert units(found) == ["临县碛口红枣食品有限公司"]


@pytest.mark.parametrize("label", ["姓名", "职工姓名", "退休人员"])
def test_values_stand_under_cells_but_not_under_sentences(label: str) -> None:
    cells = [[label, "身份证号码", "退休时间"], ["张秀兰", NUMBER, "2016年1月"]]
    found = describe([page("企业职工退休审批表", cells, CLAUSES[2] * 3)])
    assert subjects(found) == [("张秀兰", NUMBER)]


@pytest.mark.parametrize(
    "name",
    NAMES.split(","),
)
def test_names_of_people(name: str) -> None:
    read, certainty = read_name(name)
    assert read == name
    assert certainty >= SURE


@pytest.mark.parametrize(
    "text",
    NO_NAMES.split(","),
)
def test_words_of_the_trade_are_no_names(text: str) -> None:
    assert read_name(text)[1] < SURE
    assert read_leading_name(text + "，")[1] < SURE


def placed(*cells: tuple[str, int, int, int]) -> PageText:
    words = [Word(t, (x, y, x + h * len(t), y + h), 1.0, i) for i, (t, x, y, h) in enumerate(cells)]
    return PageText(WIDTH, HEIGHT, 0, 0.0, False, tuple(words), "pdf")


def test_captions_in_the_corner_of_their_cells() -> None:
    form = placed(
        ("企业职工基本养老保险", 780, 220, 80), ("退休审批表", 960, 320, 100),
        ("参保人", 200, 500, 30), ("性别", 900, 500, 30), ("出生年月日", 1500, 500, 30),
        ("张秀兰", 380, 560, 40), ("女", 1000, 560, 40), ("1966.1.1", 1680, 560, 40),
        ("证件号码", 200, 660, 30), ("参加工作时间", 1500, 660, 30),
        (NUMBER, 420, 720, 40), ("1986.12.1", 1700, 720, 40),
        ("填表日期", 200, 820, 40), ("2016年1月5日", 420, 820, 40), ("单位名称：临县第三纺织厂", 1000, 820, 40),
    )  # fmt: skip
    found = describe([form])
    assert (is_sure(found), subjects(found)) == ([], [("张秀兰", NUMBER)])
    assert found.value("title") == "企业职工基本养老保险退休审批表"


@pytest.mark.parametrize("label", ["补缴人员", "何许人也"])
def test_a_number_is_not_the_clerks(label: str) -> None:
    form = placed(
        ("基本养老保险费补缴申报表", 780, 220, 90),
        ("单位名称", 200, 440, 40), ("临县第三纺织厂", 440, 440, 40), ("联系人", 1200, 440, 40), ("李小四", 1400, 440, 40),
        (label, 200, 560, 40), ("张秀兰", 440, 560, 40), ("证件号码", 1000, 560, 40), (NUMBER, 1300, 560, 40),
        ("2016年1月5日", 1700, 900, 40),
    )  # fmt: skip
    found = describe([form])
    assert subjects(found) == [("张秀兰", NUMBER)]
