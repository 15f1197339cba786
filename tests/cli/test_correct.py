"""``cunzhen correct``: a table is taken whole or not at all; every problem names its row."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.cli.filed import PEOPLE, Home, filed_home

AS = ("--as", "archivist")
TYPED = f"{PEOPLE['archivist']}\n"


@pytest.fixture(scope="module")
def home() -> Home:
    """The home with three papers in it."""
    return filed_home()


def numbers(home: Home) -> list[str]:
    """Case numbers of the three papers, in the order of the codes; other tests file more in this home."""
    found = home.rows("SELECT archival_code, case_number FROM holdings_item ORDER BY archival_code")
    return [str(number) for code, number in found if code in home.codes]


def test_a_table_is_checked_and_then_taken(home: Home, tmp_path: Path) -> None:
    table = tmp_path / "更正.csv"
    codes = sorted(home.codes)
    table.write_bytes(
        "\n".join(["档号,业务受理号,备注", *(f"{c},案-{n}," for n, c in enumerate(codes))]).encode("gb18030")
    )
    before = numbers(home)
    dry = home.ask("correct", table, "--dry-run", *AS, typed=TYPED)
    assert [c["fields"]["case_number"][1] for c in dry["changes"]] == ["案-0", "案-1", "案-2"]
    assert (dry["corrected"], dry["ignored_columns"], numbers(home)) == (0, ["备注"], before)
    done = home.ask("correct", table, "--reason", "补录", *AS, typed=TYPED)
    assert (done["corrected"], done["unchanged"], done["problems"]) == (3, 0, [])
    assert numbers(home) == ["案-0", "案-1", "案-2"]
    assert home.refused("correct", table, "--reason", "再来", *AS, typed=TYPED) == "H-23"


def test_one_bad_row_and_nothing_is_done(home: Home, tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    for row in (
        ["档号", "业务受理号", "年度"],
        [home.codes[0], "改过", None],
        [home.codes[1], "改过", 2190],
        ["J000", "x", 1],
    ):
        book.active.append(row)
    book.save(tmp_path / "更正.xlsx")
    before = numbers(home)
    said = home.ask("correct", tmp_path / "更正.xlsx", "--reason", "补录", *AS, typed=TYPED, status=1)
    assert [(p["line"], p["column"]) for p in said["problems"]] == [(4, "档号")]
    book.active.delete_rows(4)
    book.save(tmp_path / "更正.xlsx")
    done = home.run("correct", tmp_path / "更正.xlsx", "--reason", "补录", *AS, typed=TYPED)
    assert done.returncode == 1
    assert "第 3 行 年度：" in done.stdout and "没有更正任何一件" in done.stdout
    assert numbers(home) == before


def test_what_is_refused(home: Home, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text(f"档号,业务受理号\n{home.codes[0]},新\n", encoding="utf-8")
    assert home.refused("correct", table, "--reason", "补录") == "A-01"  # the machine itself corrects nothing
    assert home.refused("correct", table, *AS, typed=TYPED) == "H-20"
    (tmp_path / "b.txt").write_text("x")
    assert home.refused("correct", tmp_path / "b.txt", *AS, typed=TYPED) == "H-29"
    assert home.refused("correct", tmp_path / "gone.csv", *AS, typed=TYPED) == "H-29"
