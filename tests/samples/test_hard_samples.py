"""The second set of samples: another hand's papers, as many, as small, as true and as hard as promised."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
TRUTH = SAMPLES / ".truth"
MEGABYTE = 1 << 20


@lru_cache(maxsize=1)
def index() -> dict[str, Any]:
    """The list of items."""
    value: dict[str, Any] = json.loads((TRUTH / "hard" / "index.json").read_text(encoding="utf-8"))
    return value


@lru_cache(maxsize=64)
def truth(name: str) -> dict[str, Any]:
    """Truth of one file."""
    value: dict[str, Any] = json.loads((TRUTH / f"{name}.json").read_text(encoding="utf-8"))
    return value


def papers() -> list[str]:
    """Files of all items."""
    return [name for item in index()["items"] for name in item["files"]]


def pages() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every page with the name of its file."""
    for name in papers():
        for page in truth(name)["pages"]:
            yield name, page


def _text(item: dict[str, Any]) -> str:
    lines = (line for name in item["files"] for page in truth(name)["pages"] for line in page["lines"])
    return "".join("".join(line["text"].split()) for line in lines)


def _identity_valid(number: str) -> bool:
    digits = [10 if c == "X" else int(c) for c in number]
    return sum(d * pow(2, 17 - i, 11) for i, d in enumerate(digits)) % 11 == 1


def _unit_code_valid(code: str) -> bool:
    values = ["0123456789ABCDEFGHJKLMNPQRTUWXY".index(c) for c in code]
    return (sum(v * pow(3, i, 31) for i, v in enumerate(values[:17])) + values[17]) % 31 == 0


def test_thirty_pages_and_small() -> None:
    assert sum(1 for _ in pages()) == index()["pages"] == 30
    assert len(papers()) == len(set(papers())) == index()["files"]
    files = [path for path in (SAMPLES / "hard").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 7 * MEGABYTE


def test_every_file_has_its_truth_and_nothing_else_lies_there() -> None:
    there = {p.relative_to(SAMPLES).as_posix() for p in (SAMPLES / "hard").rglob("*") if p.is_file()}
    assert there == {*papers(), "hard/README.md"}
    told = {p.relative_to(TRUTH).as_posix().removesuffix(".json") for p in (TRUTH / "hard").rglob("*.json")}
    assert told == {*papers(), "hard/index"}
    assert all(truth(name)["file"] == name for name in papers())


def test_pages_and_sizes_are_as_told() -> None:
    for name in papers():
        told = truth(name)["pages"]
        if name.endswith(".pdf"):
            with pikepdf.open(SAMPLES / name) as pdf:
                assert len(pdf.pages) == len(told), name
            continue
        upright = (told[0]["width"], told[0]["height"])
        with Image.open(SAMPLES / name) as image:
            assert image.size == (upright[::-1] if told[0]["rotation"] in {90, 270} else upright), name


def test_lines_lie_on_their_page_and_overlap_no_other() -> None:
    for name, page in pages():
        boxes = [line["box"] for line in page["lines"]]
        for line, (x0, y0, x1, y1) in zip(page["lines"], boxes, strict=True):
            assert 0 <= x0 < x1 <= page["width"] and 0 <= y0 < y1 <= page["height"], (name, line)
            assert line["text"].strip() and "样本" not in line["text"], (name, line)
        for number, a in enumerate(boxes):
            for other, b in enumerate(boxes[number + 1 :], number + 1):
                wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
                least = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
                both = page["lines"][number]["text"], page["lines"][other]["text"]
                assert wide <= 0 or high <= 0 or wide * high <= 0.25 * least, (name, both)


def test_promised_hardships_are_there() -> None:
    found = {defect for _, page in pages() for defect in page["defects"]}
    wanted = (
        "skew noise black_border faded blur low_dpi upside_down turned yellowed shadow bilevel carbon_copy fax "
        "perspective low_contrast seal_over_text oval_seal handwriting wrong_check_character"
    )
    assert set(wanted.split()) <= found
    assert sorted(page["rotation"] for _, page in pages() if page["rotation"]) == [180, 270]
    assert {page["dpi"] for _, page in pages()} == {150, 200}
    assert {truth(name)["form"] for name in papers()} == {"jpeg", "tiff", "scanned-pdf", "digital-pdf"}
    assert {item["category"] for item in index()["items"]} == set(
        ["管理", "征缴", "养老", "医疗", "失业", "工伤", "生育", "统计", "稽核", ""]
    )


def test_all_numbers_but_one_are_valid() -> None:
    numbers = {p["id_number"] for _, page in pages() for p in page["fields"]["persons"]}
    numbers |= {person["id_number"] for person in index()["persons"]}
    wrong = [number for number in numbers if not _identity_valid(number)]
    assert wrong == index()["wrong_numbers"] and len(wrong) == 1
    assert all(
        number[:4] in {"1423", "1411"} and number[14:17] in {"000", "996", "997", "998", "999"} for number in numbers
    )
    assert len({person["id_number"] for person in index()["persons"]}) == len(index()["persons"])
    codes = {page["fields"]["uscc"] for _, page in pages() if page["fields"]["uscc"]}
    codes |= {unit["uscc"] for unit in index()["employers"]}
    assert len(codes) >= 6 and all(_unit_code_valid(code) and code[8:12] == "0000" for code in codes)


def test_fields_stand_on_the_pages() -> None:
    for item in index()["items"]:
        text = _text(item)
        assert item["title"] in text and item["unit"] in text and item["uscc"] in text, item["files"]
        for person in item["persons"]:
            number = person["id_number"]
            assert person["name"] in text, item["files"]
            assert number in text or number[:6] + number[8:17] in text, item["files"]
        # A yearly return is dated in the year after the one it tells of.
        later = 1 if item["kind"] == "年度统计报表" else 0
        assert int(item["document_date"][:4]) == item["year"] + later, item["files"]


def test_one_form_names_many_and_two_papers_are_none_of_ours() -> None:
    scanned = [i for i in index()["items"] if not i["files"][0].endswith(".pdf")]
    assert max(len({p["id_number"] for p in item["persons"]}) for item in scanned) >= 8
    outside = [item for item in index()["items"] if item["outside_the_order"]]
    assert {item["kind"] for item in outside} == {"餐饮发票", "会议通知"}
    assert all(not item["category"] and not item["persons"] for item in outside)


def test_digital_papers_carry_their_truth_as_text() -> None:
    names = [name for name in papers() if truth(name)["form"] == "digital-pdf"]
    assert len(names) == 2
    for name in names:
        document = pypdfium2.PdfDocument(SAMPLES / name)
        text = "".join(document[n].get_textpage().get_text_range() for n in range(len(document)))
        document.close()
        wanted = "".join(line["text"] for page in truth(name)["pages"] for line in page["lines"])
        assert "".join(text.split()) == "".join(wanted.split()), name


def test_two_items_are_made_of_several_files_and_no_others_group() -> None:
    from cunzhen.capture.grouping import group_files

    several = {item["grouped_by"]: item["files"] for item in index()["items"] if len(item["files"]) > 1}
    assert set(several) == {"folder", "stem"}
    wanted = {tuple(item["files"]) for item in index()["items"]}
    assert {group.paths for group in group_files(sorted(papers()))} == wanted


def test_a_redraw_gives_the_same_truth() -> None:
    page = pytest.importorskip("tools.draw_hard_samples.page")
    missing = [face.path for face in page.FACES.values() if not Path(face.path).exists()]
    if missing:
        pytest.skip(f"fonts to draw with are not installed: {missing[0]}")
    from tools.draw_hard_samples.output import make
    from tools.draw_hard_samples.plan import pile

    files = {file.path: file for item in pile() for file in item.files}
    assert {f"hard/{path}" for path in files} == set(papers())
    for path in ("ScanSnap_091877.jpg", "mmexport1594801122.jpg", "核定明细-终稿(改).pdf"):
        made = make(files[path])
        assert json.loads(json.dumps(made.truth)) == truth(f"hard/{path}"), path
