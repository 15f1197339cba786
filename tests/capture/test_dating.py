"""Which date is the paper's own: the act that each date dates, the nature of the paper, and when a person must
choose.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cunzhen.capture.extraction import describe, is_sure
from cunzhen.capture.extraction.dating import Act, Nature, label_act, nature_of
from tests.capture.test_extraction import ZHANG, Row, paper

WHO: list[Row] = [["姓名", "张秀兰", "身份证号码", ZHANG], ["工作单位", "临县第三纺织厂"]]
FIRST, SECOND, THIRD = "2016年1月5日", "2016年1月12日", "2016年1月20日"


def dated(title: str, *rows: Row, who: Sequence[Row] = WHO) -> tuple[str, bool]:
    """The date that would be written, and whether the machine would write it by itself."""
    found = describe([paper(title, [*who, *rows])])
    return found.value("document_date"), "document_date" not in is_sure(found)


@pytest.mark.parametrize(
    ("title", "nature"),
    [
        ("企业职工退休审批表", Nature.DECISION),
        ("特殊工种提前退休资格认定表", Nature.DECISION),
        ("工伤认定申请表", Nature.FORM),
        ("缴费工资申报核定表", Nature.DECISION),
        ("失业保险金申领登记表", Nature.FORM),
        ("领取养老金资格认证表", Nature.FORM),
        ("参保人员增减变动申报表", Nature.FORM),
        ("工伤认定决定书", Nature.ISSUED),
        ("劳动能力鉴定结论通知书", Nature.ISSUED),
        ("2019年度社会保险统计报表", Nature.ISSUED),
        ("银行进账单", Nature.ISSUED),
    ],
)
def test_the_last_word_of_a_title_tells_its_nature(title: str, nature: Nature) -> None:
    assert nature_of(title) is nature


@pytest.mark.parametrize(
    ("word", "act"),
    [
        ("填表日期", Act.MADE),
        ("申报时间", Act.MADE),
        ("审批日期", Act.DECIDED),
        ("核定时间", Act.DECIDED),
        ("打印日期", Act.ISSUED),
        ("发证日期", Act.ISSUED),
        ("受理日期", Act.RECEIVED),
        ("送达日期", Act.RECEIVED),
        ("日期", Act.OTHER),
    ],
)
def test_labels_name_acts(word: str, act: Act) -> None:
    assert label_act(word) is act


OPINIONS: tuple[Row, ...] = (
    ["单位意见", "同意上报"], [(1600, FIRST)],
    ["经办机构意见", "拟同意"], [(1600, SECOND)],
    ["行政部门审批意见", "同意退休"], [(1600, THIRD)],
)  # fmt: skip
BESIDE: tuple[Row, ...] = (
    [(200, "单位意见"), (900, "经办机构意见"), (1600, "审批意见")],
    [(200, "情况属实"), (900, "经审核，材料齐全"), (1600, "同意")],
    [(400, FIRST), (1100, SECOND), (1900, THIRD)],
)


@pytest.mark.parametrize("opinions", [OPINIONS, BESIDE], ids=["bands", "side by side"])
def test_an_approval_is_dated_by_whoever_decides(opinions: tuple[Row, ...]) -> None:
    assert dated("企业职工退休审批表", *opinions) == ("2016-01-20", True)


def test_an_approval_is_dated_by_the_decision_even_where_it_says_when_it_was_filled_in() -> None:
    assert dated("企业职工退休审批表", f"填表日期：{FIRST}", *OPINIONS) == ("2016-01-20", True)


@pytest.mark.parametrize("opinions", [OPINIONS, BESIDE], ids=["bands", "side by side"])
def test_a_form_is_dated_by_its_applicant(opinions: tuple[Row, ...]) -> None:
    assert dated("失业保险金申领登记表", *opinions) == ("2016-01-05", True)


@pytest.mark.parametrize("label", ["填表日期", "填报时间", "申报日期", "申请日期"])
def test_a_form_is_dated_by_the_date_it_calls_its_own(label: str) -> None:
    rows: list[Row] = [
        f"{label}：{FIRST}",
        ["单位意见", "同意上报"],
        [(1600, SECOND)],
        ["经办机构意见"],
        [(1600, THIRD)],
    ]
    assert dated("失业保险金申领登记表", *rows) == ("2016-01-05", True)


def test_a_letter_is_dated_by_the_office_that_signs() -> None:
    rows: list[Row] = [
        f"兹证明张秀兰，女，公民身份号码{ZHANG}，自{FIRST}起参加社会保险。",
        None,
        [(1500, "临县社会保险中心")],
        [(1600, SECOND)],
    ]
    assert dated("社会保险缴费证明", *rows, who=()) == ("2016-01-12", True)


def test_a_month_above_gives_way_to_the_day_below() -> None:
    rows: list[Row] = [[(1700, "2016年1月")], ["单位名称", "临县第三纺织厂"], None, f"填报日期：{FIRST}"]
    assert dated("失业保险情况月报表", *rows, who=()) == ("2016-01-05", True)


@pytest.mark.parametrize("stamp", ["已受理", "收件专用", "档案收讫"])
def test_a_receipt_stamp_dates_nothing(stamp: str) -> None:
    rows: list[Row] = [["申请人签字", "张秀兰"], [(1600, FIRST)], None, [(400, stamp)], [(400, "2016.01.18")]]
    assert dated("失业保险金申领登记表", *rows) == ("2016-01-05", True)


def test_a_time_of_day_is_a_machines() -> None:
    rows: list[Row] = [[(1600, "2016-02-02 10:41")], ["申请人签字", "张秀兰"], [(1600, FIRST)]]
    assert dated("失业保险金申领登记表", *rows) == ("2016-01-05", True)


def test_a_date_of_birth_is_never_the_papers() -> None:
    assert dated("失业保险金申领登记表", [(1600, "1966年1月1日")], f"填表日期：{FIRST}") == ("2016-01-05", True)
    assert dated("失业保险金申领登记表", [(1600, "1966年1月1日")])[0] == ""


@pytest.mark.parametrize(
    ("title", "rows"),
    [
        # Opinions on the way, and nobody who applied or decided.
        ("失业保险金申领登记表", [["村委会意见"], [(1600, FIRST)], ["乡镇事务所意见"], [(1600, SECOND)]]),
        # The deciding body's date is missing, or stands before another one.
        ("企业职工退休审批表", [["单位意见"], [(1600, FIRST)], ["审批意见", "同意"]]),
        ("企业职工退休审批表", [["审批意见"], [(1600, FIRST)], ["经办机构意见"], [(1600, THIRD)]]),
        # Two dates of which both call themselves the paper's.
        ("失业保险金申领登记表", [f"填表日期：{FIRST}", f"申报日期：{SECOND}"]),
        # A form that was filled in after it had been reviewed.
        ("失业保险金申领登记表", [f"填表日期：{THIRD}", ["经办机构意见"], [(1600, FIRST)]]),
        # Dates without anybody.
        ("银行进账单", [[(1600, FIRST)], None, [(1600, SECOND)]]),
        # A signature without its day, which a seal may hide.
        ("社会保险缴费证明", [[(1500, "临县社会保险中心")], [(1600, "2016年1月")]]),
        # Another date shows, but could not be read.
        ("失业保险金申领登记表", [["经办机构意见"], [(1600, FIRST)], None, [(1600, "2016年l月x日")]]),
    ],
)
def test_where_more_than_one_date_may_be_meant_a_person_chooses(title: str, rows: Sequence[Row]) -> None:
    written, sure = dated(title, *rows)
    assert written and not sure


def test_the_year_stays_sure_where_only_the_day_is_in_doubt() -> None:
    rows: list[Row] = [["村委会意见"], [(1600, FIRST)], ["乡镇事务所意见"], [(1600, SECOND)]]
    found = describe([paper("失业保险金申领登记表", [*WHO, *rows])])
    assert (found.value("year"), is_sure(found)) == ("2016", ["document_date"])


def test_dates_of_papers_behind_the_form_are_not_the_forms() -> None:
    form = paper("企业职工退休审批表", [*WHO, *OPINIONS])
    sheet = paper("基本养老保险待遇核定表", [["姓名", "张秀兰"], "核定日期：2016年2月26日"])
    found = describe([form, sheet])
    assert (found.value("document_date"), is_sure(found)) == ("2016-01-20", [])
    alone = describe([paper("企业职工退休审批表", WHO), sheet])
    assert "document_date" in is_sure(alone)
