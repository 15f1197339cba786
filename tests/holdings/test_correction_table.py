"""A table of corrections: every cell that cannot be taken is named with its row, and what can be is understood."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cunzhen.errors import Invalid, Refused
from cunzhen.holdings.correction_table import COLUMNS, column_of, read_corrections
from cunzhen.holdings.corrections import Correction
from cunzhen.holdings.models import Mention
from cunzhen.holdings.operations import correct_items
from tests.holdings.items import OTHER_NUMBER, USCC, file_some
from tests.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(days=1)


def test_every_kind_of_cell_is_understood(world: World, tmp_path: Path) -> None:
    one, two, three = file_some(world, tmp_path, 3)
    archivist = world.actor("archivist")
    correct_items(
        archivist, corrections=[Correction(three.id, 1, year=2018, document_date="")], reason="看错", now=LATER
    )
    mention = Mention.objects.get(item=one)
    head = ["序号", *(names[0] for names in COLUMNS.values())]
    values = {
        "档号": one.archival_code, "版本": "1", "题名": "新题名", "材料种类": "退休审批表", "类别": "YL", "年度": "2019年",
        "形成日期": "2019年3月", "保管期限": "永久", "期限确认": "是", "密级": "公开", "业务受理号": "7",
        "补参保人": "张样本", "补公民身份号码": OTHER_NUMBER.lower(), "补参保单位": "某厂", "补统一社会信用代码": USCC,
        "所在页": "1", "撤参保人": "薛玉梅", "文号": "（空）", "核定金额": "3,200",
    }  # fmt: skip
    rows = [
        ["更正表"],
        head,
        ["1", *(values.get(name, "") for name in head[1:])],
        [],
        ["2", two.archival_code, *("" for _ in head[2:-9]), *("" for _ in range(9))],
    ]
    rows[-1][head.index("形成日期")] = "（空）"
    rows.append(["3", three.archival_code, "", "按旧档号", *("" for _ in head[4:])])  # the code it bore before
    found = read_corrections(archivist, rows)
    assert (found.problems, found.ignored) == ([], ("序号",))
    first, second, third = found.corrections
    assert (first.version, first.title, first.kind, first.term, first.term_confirmed) == (
        1, "新题名", "retirement_approval", "Y", True,
    )  # fmt: skip
    assert (first.year, first.document_date, first.security_level, first.series) == (2019, "2019-03", "public", "YL")
    assert first.extra == {"document_number": "", "amount": "3,200"}
    assert (first.persons[0].name, first.persons[0].page, first.units[0].uscc) == ("张样本", 0, USCC)
    assert first.retracted == (mention.id,)
    assert (second.item_id, second.document_date) == (two.id, "")
    assert (third.item_id, third.version, third.title) == (three.id, 2, "按旧档号")
    assert found.lines == {one.id: 3, two.id: 5, three.id: 6}
    correct_items(archivist, corrections=found.corrections, reason="看错", now=LATER)


def test_every_bad_cell_is_named_with_its_row(world: World, tmp_path: Path) -> None:
    items = file_some(world, tmp_path, 9)
    codes = [i.archival_code for i in items]
    head = [
        "档号",
        "版本",
        "题名",
        "材料种类",
        "类别",
        "年度",
        "保管期限",
        "期限确认",
        "密级",
        "撤参保人",
        "所在页",
        "补参保人",
    ]
    bad = {
        "版本": "一", "题名": "（空）", "材料种类": "没有的", "类别": "XX", "年度": "去年", "保管期限": "7", "期限确认": "也许",
        "密级": "绝密", "撤参保人": "没有的人",
    }  # fmt: skip
    rows = [head]
    for code, (name, cell) in zip(codes, bad.items(), strict=True):
        rows.append([code, *(cell if n == name else "" for n in head[1:])])
    rows.append([codes[0], "", "两次", *("" for _ in head[3:])])
    rows.append(["J019-ZY·SBYL·1999-000001", "", "无此档号", *("" for _ in head[3:])])
    rows.append(["", "", "没有档号", *("" for _ in head[3:])])
    found = read_corrections(world.actor("archivist"), rows)
    assert [(p.line, p.column) for p in found.problems] == [
        *((n, name) for n, name in enumerate(bad, 2)),
        (12, "档号"),
        (13, "档号"),
    ]
    assert [c.title for c in found.corrections] == ["两次"]  # the first row of that item could not be taken
    assert all(
        p.message and p.english.isascii() for p in found.problems if p.column != "保管期限" and p.column != "期限确认"
    )


def test_what_is_no_table_and_who_may(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path, 1)
    archivist = world.actor("archivist")
    for rows in ([], [["档号"]], [["题名"]], [["档号", "题名"]], [["档号", "题名"], ["", ""]], [["x"]] * 20):
        with pytest.raises(Invalid, match="H-28"):
            read_corrections(archivist, rows)
    table = [["档号", "题名"], [item.archival_code, "改"]]
    with pytest.raises(Refused):
        read_corrections(world.actor("clerk"), table)
    [problem] = read_corrections(world.actor("outsider"), table).problems
    assert problem.column == "档号"
    assert (column_of("persons-0-id_number"), column_of("units-2-name"), column_of("retracted")) == (
        "补公民身份号码", "补参保单位", "撤参保人",
    )  # fmt: skip
