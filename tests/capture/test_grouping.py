"""Which files make one item."""

from __future__ import annotations

import pytest

from cunzhen.capture.grouping import group_files, natural_key

CASES = [
    ("one file is one item", ["a.pdf", "b.jpg"], [["a.pdf"], ["b.jpg"]]),
    (
        "a page is missing: nothing is joined",
        ["张三/2.jpg", "张三/1.jpg", "张三/10.jpg"],
        [["张三/1.jpg"], ["张三/2.jpg"], ["张三/10.jpg"]],
    ),
    ("bare serials in a folder", ["张三/2.jpg", "张三/1.jpg"], [["张三/1.jpg", "张三/2.jpg"]]),
    ("a gap is no item", ["张三/1.jpg", "张三/3.jpg"], [["张三/1.jpg"], ["张三/3.jpg"]]),
    ("common stem", ["审批表_1.jpg", "审批表_2.jpg", "其他.jpg"], [["其他.jpg"], ["审批表_1.jpg", "审批表_2.jpg"]]),
    ("serial from 0001", ["x/扫描-0001.tif", "x/扫描-0002.tif"], [["x/扫描-0001.tif", "x/扫描-0002.tif"]]),
    ("第n页", ["x/第1页.png", "x/第2页.png"], [["x/第1页.png", "x/第2页.png"]]),
    ("PDFs hold their own pages", ["扫描件_1.pdf", "扫描件_2.pdf"], [["扫描件_1.pdf"], ["扫描件_2.pdf"]]),
    ("bare serials loose in the pile", ["1.jpg", "2.jpg"], [["1.jpg"], ["2.jpg"]]),
    ("scanner numbers far from 1 are different papers", ["s_0083.jpg", "s_0084.jpg"], [["s_0083.jpg"], ["s_0084.jpg"]]),
    ("folders do not mix", ["a/1.jpg", "b/2.jpg"], [["a/1.jpg"], ["b/2.jpg"]]),
]


@pytest.mark.parametrize(("paths", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_grouping(paths: list[str], expected: list[list[str]]) -> None:
    assert sorted(map(list, (g.paths for g in group_files(paths)))) == sorted(expected)


def test_every_file_stands_in_exactly_one_item() -> None:
    paths = [f"f{i % 7}/{n}.jpg" for i in range(20) for n in range(1, 4)] + ["a.pdf", "b_1.png", "b_2.png"]
    unique = sorted(set(paths))
    grouped = [p for g in group_files(unique) for p in g.paths]
    assert sorted(grouped) == unique


def test_the_catalogue_wins() -> None:
    groups = group_files(["a.pdf", "b.pdf", "c.pdf"], {"甲": ["c.pdf", "a.pdf"]})
    assert {g.name: g.paths for g in groups} == {"甲": ("c.pdf", "a.pdf"), "b.pdf": ("b.pdf",)}


def test_page_2_comes_before_page_10() -> None:
    assert sorted(["p10", "p2", "p1"], key=natural_key) == ["p1", "p2", "p10"]
