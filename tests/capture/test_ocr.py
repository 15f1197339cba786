"""Reading sample pages with the real models, against what is really on them."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.ocr import distance, fold, score_page
from cunzhen.capture.documents import open_document
from cunzhen.capture.extraction.decide import READ_SURE
from cunzhen.capture.ocr import Run, arrange, better, reader, settled, small_model
from cunzhen.capture.page_reading import ReadPage, read_raster
from cunzhen.capture.rasters import Raster
from cunzhen.formats.probes import identify

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"


@cache
def truths() -> tuple[dict[str, Any], ...]:
    files = sorted(f for f in (SAMPLES / ".truth").rglob("*.json") if f.name != "index.json")
    return tuple(json.loads(f.read_text(encoding="utf-8")) for f in files)


def first_page_with(defect: str) -> tuple[dict[str, Any], Path]:
    for truth in truths():
        if truth["form"] == "jpeg" and truth["pages"] and defect in truth["pages"][0]["defects"]:
            return truth["pages"][0], SAMPLES / truth["file"]
    raise AssertionError(f"no sample page shows {defect}")


def raster_of(path: Path) -> Raster:
    document = open_document(path, identify([path])[0])
    try:
        return document.raster(0)
    finally:
        document.close()


def read(path: Path, engine: str = "tiered") -> ReadPage:
    return read_raster(raster_of(path), reader(engine))


@pytest.mark.parametrize("engine", ["tiered", "tiny", "small"])
def test_each_reader_reads_a_page(engine: str) -> None:
    truth, path = first_page_with("skew")
    page = read(path, engine)
    letters, errors, _, _ = score_page(truth, page.text)
    assert errors <= 0.04 * letters
    assert "PP-OCRv6" in page.text.engine


@pytest.mark.parametrize(
    ("defect", "accuracy"),
    [
        ("seal_over_text", 0.97),
        ("noise", 0.97),
        ("faded", 0.97),
        ("show_through", 0.95),
        ("black_border", 0.95),
        ("upside_down", 0.97),
        ("turned", 0.97),
        ("yellowed", 0.95),
        ("low_dpi", 0.97),
        ("blur", 0.97),
    ],
)
def test_pages_with_defects_are_read(defect: str, accuracy: float) -> None:
    truth, path = first_page_with(defect)
    page = read(path)
    letters, errors, _, _ = score_page(truth, page.text)
    assert 1 - errors / letters >= accuracy
    assert page.text.rotation == truth["rotation"]
    assert abs(page.text.skew - truth["skew"]) <= 0.3
    assert not page.text.blank


def test_a_blank_page_is_marked_and_holds_nothing() -> None:
    _, path = first_page_with("blank")
    page = read(path)
    assert page.text.blank
    assert page.text.words == ()
    assert page.thumbnail.startswith(b"\xff\xd8")


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_page_is_turned_until_it_reads(rotation: int) -> None:
    truth, path = first_page_with("seal_over_text")
    stored = raster_of(path)
    turned = Raster(
        np.ascontiguousarray(np.rot90(stored.pixels, rotation // 90)), stored.width, stored.height, stored.dpi
    )
    page = read_raster(turned, reader())
    letters, errors, _, _ = score_page(truth, page.text)
    assert page.text.rotation == rotation
    assert errors <= 0.05 * letters


def test_a_page_with_only_a_seal_is_not_blank() -> None:
    truth, path = first_page_with("seal_over_text")
    stored = raster_of(path)
    assert stored.pixels.ndim == 3
    x0, y0, x1, y1 = truth["seals"][0]["box"]
    sheet = np.full_like(stored.pixels, 252)
    patch = stored.pixels[y0:y1, x0:x1].astype(int)
    red = patch[..., 0] - patch[..., 1:].max(axis=2) > 40
    sheet[y0:y1, x0:x1][red] = patch[red]
    page = read_raster(Raster(sheet, stored.width, stored.height, stored.dpi), reader())
    assert not page.text.blank


def test_no_network_is_needed(tmp_path: Path) -> None:
    """Both models load and read in a process for which every socket call fails."""
    _, path = first_page_with("skew")
    code = (
        "import socket\n"
        "def refuse(*a, **k): raise OSError('no network')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from pathlib import Path\n"
        "from cunzhen.capture.documents import open_document\n"
        "from cunzhen.capture.ocr import reader\n"
        "from cunzhen.capture.page_reading import read_raster\n"
        "from cunzhen.formats.probes import identify\n"
        f"path = Path({str(path)!r})\n"
        "raster = open_document(path, identify([path])[0]).raster(0)\n"
        "print(*(len(read_raster(raster, reader(e)).text.words) for e in ('tiered', 'small')))\n"
    )
    command = [sys.executable, "-c", code]
    if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode == 0:
        command = ["unshare", "-n", *command]  # a name space without any interface, where the system allows it
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )
    assert all(int(n) > 5 for n in done.stdout.split())
    assert list(tmp_path.iterdir()) == []


def test_long_rows_are_read_whole() -> None:
    from PIL import Image, ImageDraw, ImageFont

    text = (
        "pension 2019 insurance 4821 county office certificate 77315 retired worker 20110418 monthly benefit 3,482.50"
    )
    font = ImageFont.load_default(40)
    image = Image.new("L", (int(font.getlength(text)) + 40, 64), 255)
    ImageDraw.Draw(image).text((20, 8), text, 0, font)
    assert image.width > 1.5 * 1280
    read_text, confidence = small_model().recognise([np.asarray(image)])[0]
    assert distance(fold(read_text), fold(text)) <= 3
    assert confidence > 0.9


@pytest.mark.parametrize("turn", [0, 1, 3])
def test_headings_that_run_up_or_down_a_column_are_read(turn: int) -> None:
    from PIL import Image, ImageDraw, ImageFont

    text = "Retired 2019"
    font = ImageFont.load_default(40)
    image = Image.new("L", (int(font.getlength(text)) + 20, 60), 255)
    ImageDraw.Draw(image).text((10, 6), text, 0, font)
    read_text, confidence = small_model().recognise([np.ascontiguousarray(np.rot90(np.asarray(image), turn))])[0]
    assert fold(read_text) == fold(text)
    assert confidence > 0.9


def run(text: str, box: tuple[int, int, int, int], confidence: float = 0.99) -> Run:
    return Run(text, box, confidence)


def test_cells_of_a_row_share_a_line() -> None:
    words = arrange(
        [
            run("性别", (500, 102, 600, 140)),
            run("单位", (100, 200, 180, 240)),
            run("姓名", (100, 100, 180, 138)),
            run("smudge", (0, 0, 9, 9), 0.3),
            run("王小样", (220, 96, 400, 142)),
        ]
    )
    assert [(w.text, w.line) for w in words] == [("姓名", 0), ("王小样", 0), ("性别", 0), ("单位", 1)]


def test_a_right_check_digit_beats_confidence() -> None:
    right, wrong = (
        run("公民身份号码110101199003077731", (0, 0, 9, 9), 0.8),
        run("公民身份号码110101199003077737", (0, 0, 9, 9), 0.99),
    )
    assert better(wrong, right) is right
    assert better(right, wrong) is right
    assert better(run("甲", (0, 0, 9, 9), 0.6), run("由", (0, 0, 9, 9), 0.9)).text == "由"
    assert better(run("甲", (0, 0, 9, 9), 0.6), run("", (0, 0, 9, 9), 0.0)).text == "甲"


@pytest.mark.parametrize(
    ("weak", "strong", "text", "sure"),
    [
        (("李小样", 0.98), ("李小样", 0.95), "李小样", True),
        (("临县砖口客栈", 0.96), ("临县碛口客栈", 0.98), "临县碛口客栈", True),
        (("李契", 0.996), ("李㛃", 0.982), "李㛃", False),
        (("参加保险", 0.999), ("参力保险", 0.90), "参加保险", False),
        (("姓名：李小样", 0.98), ("姓名:李小样", 0.97), "姓名：李小样", True),
        (("中心", 0.998), ("", 0.0), "中心", True),
        (("110101199003077731", 0.98), ("110101199003077737", 0.97), "110101199003077731", True),
    ],
)
def test_what_two_models_dispute_is_not_sure(
    weak: tuple[str, float], strong: tuple[str, float], text: str, sure: bool
) -> None:
    kept = settled(run(weak[0], (0, 0, 9, 9), weak[1]), run(strong[0], (0, 0, 9, 9), strong[1]))
    assert kept.text == text
    assert (kept.confidence >= READ_SURE) is sure


def test_a_rare_name_read_with_confidence_is_read_again() -> None:
    """The tiny model does not know 㛃 and reads 契 with 0.996; such a name must not pass as sure."""
    path = SAMPLES / "管理类/参保人员/李㛃身份证复印件.jpg"
    words = [w for w in read(path).text.words if w.text.startswith("姓名")]
    assert words
    assert all("㛃" in w.text or w.confidence < READ_SURE for w in words)


@pytest.mark.parametrize(
    ("a", "b", "steps"),
    [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("档案", "档案", 0), ("abcd", "badc", 3)],
)
def test_the_benchmarks_distance(a: str, b: str, steps: int) -> None:
    assert distance(a, b) == steps
