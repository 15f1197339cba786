"""Every suggestion leads to the words it was taken from: on all samples by their true lines, on some by reading
the cut.
"""

from __future__ import annotations

import re

import pytest

from cunzhen.capture.documents import open_document
from cunzhen.capture.extraction import Suggestion, describe
from cunzhen.capture.extraction.dates import find_dates
from cunzhen.capture.extraction.layout import plain
from cunzhen.capture.imaging import to_grey, upright
from cunzhen.capture.ocr import reader, small_model
from cunzhen.capture.page_reading import read_raster
from cunzhen.formats.identifiers import old_identity_number
from cunzhen.formats.page_text import PageText, Word
from cunzhen.formats.probes import identify
from tests.capture.test_extraction import HEIGHT, WIDTH, ZHANG, paper
from tests.capture.test_sure import SAMPLES, sample_items

DATES = {"document_date", "birth_date", "retire_date", "death_date", "accident_date"}
TEXTS = {"title", "unit", "person_name", "document_number"}
NUMBERS = {"id_number", "uscc"}
LETTERS = re.compile(r"[^0-9A-Za-z\u3400-\u9fff·]")
# A box ends where a character ends on average; figures are drawn narrower or wider than that.
SLACK = 0.6


def under(page: PageText, box: tuple[int, int, int, int], slack: float) -> str:
    """Letters of the page whose middle lies in a box, by their even share of the word; ``slack`` in letter widths."""
    x0, y0, x1, y1 = box
    out = []
    for word in page.words:
        left, top, right, bottom = word.box
        if not y0 - 2 <= (top + bottom) / 2 <= y1 + 2:
            continue
        shares = [0.55 if c.isascii() else 1.0 for c in word.text]
        at, unit = float(left), (right - left) / max(sum(shares), 0.1)
        for letter, share in zip(word.text, shares, strict=True):
            middle = at + unit * share / 2
            if x0 - slack * unit <= middle <= x1 + slack * unit:
                out.append(letter)
            at += unit * share
    return plain("".join(out))


def stands(suggestion: Suggestion, text: str) -> bool:
    """Whether a text tells the value."""
    name, value = suggestion.field, plain(suggestion.value)
    if name in DATES:
        if suggestion.source == "number":
            return value.replace("-", "")[2:] in text
        return value in {f.value for f in find_dates(text, compact=True)}
    if name == "year":
        return value in text or value in {str(f.year) for f in find_dates(text, compact=True)}
    if name in NUMBERS:
        figures = LETTERS.sub("", text).upper()
        return value in figures or (name == "id_number" and old_identity_number(value) in figures)
    if name == "amount":
        return value.rstrip("0").rstrip(".") in text.replace(",", "")
    if name == "insured_months":
        parts = re.match(r"(\d+)年零?(\d*)", text)
        return value in text or (parts is not None and int(parts[1]) * 12 + int(parts[2] or 0) == int(value))
    return name == "kind" or value in text


def test_each_box_covers_the_words_of_its_value() -> None:
    """On every sample: what lies under the box tells the value."""
    seen, wrong = 0, []
    for name, pages in sample_items():
        for listed in describe(pages).fields.values():
            for s in listed:
                if s.box is None:
                    assert s.source in ("kind", "words", "number"), (name, s)
                    continue
                seen += 1
                if not stands(s, under(pages[s.page], s.box, SLACK)):
                    wrong.append((name, s.field, s.value, under(pages[s.page], s.box, SLACK)))
    assert seen > 800
    assert wrong == []


def test_no_box_covers_words_of_other_values() -> None:
    """A box may touch the end of a neighbouring letter, but never holds a whole cell that is none of its own."""
    wrong = []
    for name, pages in sample_items():
        for listed in describe(pages).fields.values():
            for s in listed:
                if s.box is None or s.field == "kind" or s.source == "title":
                    continue
                inside = [w for w in pages[s.page].words if _holds(s.box, w.box)]
                if len(inside) == 2 and plain(s.value) in plain("".join(w.text for w in inside)):
                    continue  # broken over two lines of a paragraph: the box holds both lines
                foreign = [w.text for w in inside if not _is_part(plain(w.text), s)]
                if foreign:
                    wrong.append((name, s.field, s.value, foreign))
    assert wrong == []


def _holds(outer: tuple[int, int, int, int], inner: tuple[int, int, int, int]) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def _is_part(text: str, suggestion: Suggestion) -> bool:
    return text in plain(suggestion.value) or plain(suggestion.value) in text or stands(suggestion, text)


def test_a_unit_on_two_lines_of_its_cell_is_boxed_without_the_cells_beside_it() -> None:
    y = 1500
    page = paper(
        "企业职工退休审批表", [["姓名", "张秀兰", "身份证号码", ZHANG], None, ["审批意见", "同意", "2016年1月20日"]]
    )
    more = (
        Word("工作单位", (200, y, 360, y + 40), 0.98, 90),
        Word("临县黄河驿酒店", (600, y - 26, 880, y + 14), 0.98, 91),
        Word("医保编号", (1200, y, 1360, y + 40), 0.98, 92),
        Word("管理有限公司", (600, y + 26, 840, y + 66), 0.98, 93),
    )
    unit = describe([PageText(WIDTH, HEIGHT, 0, 0.0, False, (*page.words, *more), "test")]).best("unit")
    assert unit is not None
    assert (unit.value, unit.box) == ("临县黄河驿酒店管理有限公司", (600, y - 26, 880, y + 66))


def test_a_number_in_boxes_of_one_digit_is_boxed_whole() -> None:
    page = paper("企业职工退休审批表", [["姓名", "张秀兰"]])
    cells = tuple(Word(c, (600 + 60 * i, 900, 640 + 60 * i, 940), 0.98, 50) for i, c in enumerate(ZHANG))
    label = Word("身份证号码", (200, 900, 400, 940), 0.98, 50)
    found = describe([PageText(WIDTH, HEIGHT, 0, 0.0, False, (*page.words, label, *cells), "test")])
    assert [p.id_number for p in found.persons] == [ZHANG]
    assert found.persons[0].boxes[1] == (600, 900, 640 + 60 * 17, 940)


@pytest.mark.parametrize(
    "name",
    [
        "管理类/单位登记/岩浪建筑2011/001.jpg",
        "失业待遇/终止劳动合同证明书_冯志强.jpg",
        "医疗待遇/门诊费用核定表_张改莲2013.jpg",
        "稽核监管/稽核通知书2017-6号.jpg",
        "hard/scan20240314_0002.jpg",
        "hard/mmexport1594801122.jpg",
    ],
)
def test_what_is_cut_out_by_a_box_reads_as_its_value(name: str) -> None:
    """Cut the box out of the scan and read it again by itself: the value, the whole value and nothing else."""
    path = SAMPLES / name
    document = open_document(path, identify([path])[0])
    try:
        raster = document.raster(0)
    finally:
        document.close()
    page = read_raster(raster, reader()).text
    image = to_grey(upright(raster.pixels, page.rotation, page.skew))
    tall = image.shape[0] / page.height
    read, same = 0, 0
    for field in ("person_name", "id_number", "unit", "uscc"):
        for s in describe([page]).fields.get(field, ())[:8]:
            if s.box is None or (s.box[3] - s.box[1]) > 1.6 * _letter(page):
                continue  # nowhere on the page, or on two lines
            x0, y0, x1, y1 = (round(v * tall) for v in s.box)
            [(text, _)] = small_model().recognise([image[max(0, y0 - 2) : y1 + 2, max(0, x0 - 2) : x1 + 2]])
            read += 1
            same += LETTERS.sub("", plain(text)) == LETTERS.sub("", plain(s.value))
    assert read >= 2
    assert same >= 0.75 * read


def _letter(page: PageText) -> float:
    heights = sorted(w.box[3] - w.box[1] for w in page.words)
    return float(heights[len(heights) * 3 // 4])
