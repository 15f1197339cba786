"""What a file really is."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from cunzhen.formats.probes import OFD_PUID, identify

SAMPLES = Path(__file__).parents[2] / "samples"


def saved(path: Path, format_: str) -> Path:
    Image.new("RGB", (40, 30), "white").save(path, format_)
    return path


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return path


@pytest.mark.parametrize(
    ("format_", "extension", "puid", "mime"),
    [
        ("JPEG", "jpg", "fmt/43", "image/jpeg"),
        ("PNG", "png", "fmt/11", "image/png"),
        ("TIFF", "tif", "fmt/353", "image/tiff"),
        ("BMP", "bmp", "fmt/116", "image/bmp"),
        ("JPEG2000", "jp2", "x-fmt/392", "image/jp2"),
    ],
)
def test_images_are_known_by_content(tmp_path: Path, format_: str, extension: str, puid: str, mime: str) -> None:
    honest = saved(tmp_path / f"a.{extension}", format_)
    lying = saved(tmp_path / "a.pdf", format_)
    nameless = saved(tmp_path / "a.bin", format_)
    found = identify([honest, lying, nameless])
    assert [(p.puid, p.mime, p.category) for p in found] == [(puid, mime, "image")] * 3
    assert [p.extension_matches for p in found] == [True, False, True]


def test_ofd_is_told_from_other_zips(tmp_path: Path) -> None:
    ofd = zipped(tmp_path / "a.ofd", "OFD.xml", "Doc_0/Document.xml")
    renamed = zipped(tmp_path / "b.zip", "Doc_0/Document.xml", "OFD.xml")
    plain = zipped(tmp_path / "c.zip", "OFD.xml.bak", "a.txt")
    found = identify([ofd, renamed, plain])
    assert [(p.category, p.puid == OFD_PUID, p.extension_matches) for p in found] == [
        ("ofd", True, True),
        ("ofd", True, False),
        ("archive", False, True),
    ]


def test_workbooks_and_word_files_are_no_plain_zips(tmp_path: Path) -> None:
    book = zipped(tmp_path / "a.xlsx", "[Content_Types].xml", "xl/workbook.xml")
    word = zipped(tmp_path / "a.docx", "[Content_Types].xml", "word/document.xml")
    assert [p.category for p in identify([book, word])] == ["spreadsheet", "other"]


def test_empty_and_missing_and_text(tmp_path: Path) -> None:
    empty, text, csv = tmp_path / "e.pdf", tmp_path / "t.pdf", tmp_path / "t.csv"
    empty.touch()
    text.write_text("这不是 PDF 文件。\n", encoding="utf-8")
    csv.write_text("姓名,年度\n王,2019\n", encoding="gb18030")
    found = identify([empty, tmp_path / "none.pdf", text, csv])
    assert [p.category for p in found] == ["empty", "other", "other", "spreadsheet"]
    assert (found[0].size, found[1].size) == (0, -1)
    assert not found[2].extension_matches
    assert found[3].extension_matches


def test_a_cut_jpeg_is_still_a_jpeg(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((400, 300), 90).save(buffer, "JPEG")
    cut = tmp_path / "a.jpg"
    cut.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    assert identify([cut])[0].category == "image"


def test_odd_names_do_not_stop_the_batch(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xb5\xb5\xb0\xb8 \n.jpg"))
    buffer = io.BytesIO()
    Image.new("L", (9, 9)).save(buffer, "JPEG")
    odd.write_bytes(buffer.getvalue())
    newline = tmp_path / "a\nb'\"档.png"
    saved(newline, "PNG")
    found = identify([odd, newline, tmp_path])
    assert [p.category for p in found] == ["image", "image", "other"]
    assert found[0].mime == "image/jpeg"


@pytest.mark.parametrize("data", [b"PK\x05\x06" + b"\xff" * 18, b"PK\x03\x04", b"PK" + b"\x00" * 60, b"\x00", b"%PDF-"])
def test_never_raises(tmp_path: Path, data: bytes) -> None:
    broken = tmp_path / "a.ofd"
    broken.write_bytes(data)
    assert identify([broken])[0].size == len(data)


def test_samples() -> None:
    files = [p for p in sorted(SAMPLES.rglob("*.ofd"))]
    assert files
    assert {p.category for p in identify(files)} == {"ofd"}
