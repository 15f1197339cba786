"""Bad input through the whole path: each is named with a numbered finding in Chinese, the rest goes on, sums agree."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import stat
import time
import unicodedata
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pikepdf
import psutil
import pypdfium2 as pdfium
import pytest
from django.conf import settings
from openpyxl import Workbook
from PIL import Image, ImageDraw

from cunzhen.capture.readers import ReadingPool
from cunzhen.formats.probes import identify
from cunzhen.holdings.models import Item, Page
from tests.faults.clerks import PDFS, SAMPLES, make_pile
from tests.faults.counts import FULL
from tests.faults.crew import Crew
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

CHINESE = re.compile(r"[\u4e00-\u9fff]{4}")


def good_pdf(number: int = 0) -> bytes:
    """A digital paper that is filed by itself."""
    return (SAMPLES / PDFS[number % 2]).read_bytes() + b"\n%% %d\n" % number


def ingest(crew: Crew, tmp_path: Path, *paths: Path) -> tuple[int, dict[str, Any]]:
    """``cunzhen ingest --auto --json``: its exit code and what it printed."""
    out = tmp_path / "receipt.json"
    words = ["--home", str(settings.HOME), "--json", "ingest", "--auto", *map(str, paths)]
    status = crew.run("cunzhen", words=words, out=str(out))
    receipt: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    if "error" not in receipt:
        assert_sums(receipt)
    return status, receipt


def assert_sums(receipt: Mapping[str, Any]) -> None:
    """What the receipt promises of its own numbers (docs/api.md)."""
    parts = ("filed", "waiting", "returned", "duplicates")
    assert receipt["sent"] == receipt["received"] == sum(receipt[p] for p in parts) == len(receipt["items"])
    assert receipt["in_work"] == 0
    assert receipt["filed"] == receipt["preserved"] == receipt["indexed"]
    for state, name in (
        ("filed", "filed"),
        ("waiting", "waiting"),
        ("returned", "returned"),
        ("duplicate", "duplicates"),
    ):
        assert sum(i["state"] == state for i in receipt["items"]) == receipt[name]


def states(receipt: Mapping[str, Any]) -> dict[str, tuple[str, list[str]]]:
    """Source to its state and the codes of its findings; every finding must be Chinese and name its file."""
    found = {}
    for item in receipt["items"]:
        for finding in item["findings"]:
            assert CHINESE.search(finding["message"]), finding
        found[item["source"]] = (item["state"], [f["code"] for f in item["findings"]])
    return found


def general(receipt: Mapping[str, Any], code: str) -> list[str]:
    """Messages of a code that belong to no item."""
    messages = [f["message"] for f in receipt["findings"] if f["code"] == code]
    assert all(CHINESE.search(m) for m in messages)
    return messages


def refused(receipt: Mapping[str, Any], code: str) -> list[str]:
    """What could not be taken in for this reason: returned items without a digest, named by their finding."""
    items = [i for i in receipt["items"] if code in [f["code"] for f in i["findings"]]]
    for item in items:
        assert (item["state"], item["sha256"], item["sm3"]) == ("returned", "", "")
        assert all(CHINESE.search(f["message"]) for f in item["findings"])
    return sorted(f["message"].split("：")[0] for i in items for f in i["findings"])


def _encrypted() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(good_pdf())) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    return out.getvalue()


def _png(text: str = "") -> bytes:
    out, page = io.BytesIO(), Image.new("L", (700, 900), 255)
    ImageDraw.Draw(page).text((60, 60), text, fill=0)
    page.save(out, "PNG")
    return out.getvalue()


def _jpeg() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((800, 1000), 60).save(out, "JPEG", quality=90)
    return out.getvalue()


def test_bad_files_are_returned_and_the_rest_goes_on(world: World, crew: Crew, tmp_path: Path) -> None:
    pile = tmp_path / "pile"
    pile.mkdir()
    files = {
        "好的.pdf": good_pdf(),
        "残缺的照片.jpg": _jpeg()[:-(20_000)],
        "空的.pdf": b"",
        "有密码.pdf": _encrypted(),
        "其实是文本.pdf": "退休审批表\n姓名：样本\n".encode() * 20,
        "半个.pdf": good_pdf(1)[: len(good_pdf(1)) // 2],
        "程序.exe": b"MZ" + os.urandom(3000),
        "其实是PNG.jpg": _png(),
        "压缩包.zip/里.zip": b"",
    }
    with zipfile.ZipFile(pile / "嵌套.zip", "w") as outer:
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as nested:
            nested.writestr("a.pdf", good_pdf(7))
        outer.writestr("里.zip", inner.getvalue())
    files.pop("压缩包.zip/里.zip")
    for name, data in files.items():
        (pile / name).write_bytes(data)
    status, receipt = ingest(crew, tmp_path, pile)
    found = states(receipt)
    assert status == 1
    assert found.pop("好的.pdf")[0] == "filed"
    state, codes = found.pop("其实是PNG.jpg")
    assert "T-AU-01" in codes and state != "filed"
    expected = {
        "残缺的照片.jpg": "T-US-01",
        "空的.pdf": "T-US-03",
        "有密码.pdf": "T-US-02",
        "其实是文本.pdf": "T-US-04",
        "半个.pdf": "T-US-01",
        "程序.exe": "T-US-04",
        "里.zip": "T-US-04",  # zips within zips are not opened
    }
    assert {name: state for name, (state, _) in found.items()} == dict.fromkeys(expected, "returned")
    for name, code in expected.items():
        assert code in found[name][1], (name, found[name])
    for item in receipt["items"]:
        assert all(item["source"] in f["message"] for f in item["findings"]), item
    assert Item.objects.count() == 1


ODD = (
    "换\n行.pdf", "单'双\"引号`$(true).pdf", "笑脸😀.pdf", "-rf.pdf", "空 格\t制表.pdf", "\u202egpj.右到左.pdf",
    "<script>alert(1)</script>.pdf".replace("/", "⁄"), "=cmd|' '!A1.pdf", "100%.pdf", "半\\角.pdf",
    unicodedata.normalize("NFC", "Ré.pdf"), unicodedata.normalize("NFD", "Ré.pdf"), "大写.PDF", "Twin.pdf", "twin.pdf",
    "长" * 82 + ".pdf", "{fields}{0}%s.pdf",
)  # fmt: skip


def test_odd_names_are_kept_as_they_are(world: World, crew: Crew, tmp_path: Path) -> None:
    pile = tmp_path / "pile"
    pile.mkdir()
    for number, name in enumerate(ODD):
        (pile / name).write_bytes(good_pdf(number))
    (pile / os.fsdecode("审批表".encode("gbk") + b".pdf")).write_bytes(good_pdf(90))
    (pile / "链接.pdf").symlink_to(SAMPLES / PDFS[0])
    os.mkfifo(pile / "管道.pdf")
    status, receipt = ingest(crew, tmp_path, pile)
    assert sorted(name for name, (state, _) in states(receipt).items() if state == "filed") == sorted(ODD)
    assert refused(receipt, "T-PA-02") == ["管道.pdf", "链接.pdf"]
    assert len(refused(receipt, "T-PA-03")) == 1
    assert receipt["returned"] == 3
    assert status == 1
    names = [c.name for i in Item.objects.prefetch_related("components") for c in i.components.all()]
    assert sorted(names) == sorted(ODD)


def test_folders_within_folders_and_paths_too_deep(world: World, crew: Crew, tmp_path: Path) -> None:
    pile = tmp_path / "pile"
    deep = pile.joinpath(*["层"] * 60)
    deep.mkdir(parents=True)
    (deep / "底.pdf").write_bytes(good_pdf())
    here = os.open(pile, os.O_RDONLY)
    try:  # deeper than any path can name: what cannot be reached must be said, not passed over
        for _ in range(45):
            os.mkdir("很" * 30, dir_fd=here)
            below = os.open("很" * 30, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        with os.fdopen(os.open("丢.pdf", os.O_WRONLY | os.O_CREAT, dir_fd=here), "wb") as out:
            out.write(good_pdf(1))
    finally:
        os.close(here)
    status, receipt = ingest(crew, tmp_path, pile)
    (filed,) = [i for i in receipt["items"] if i["state"] == "filed"]
    assert filed["source"].count("/") == 60
    assert len(refused(receipt, "T-PA-03") + refused(receipt, "T-PA-05")) == receipt["returned"] == 1
    assert status == 1


def _zip(path: Path, members: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)


def test_zips_that_mean_harm(world: World, crew: Crew, tmp_path: Path) -> None:
    pile = tmp_path / "pile"
    pile.mkdir()
    _zip(pile / "好包.zip", {"审批表.pdf": good_pdf(), "../../越界.pdf": good_pdf(1), "/tmp/绝对.pdf": good_pdf(2)})
    _zip(pile / "炸弹.zip", {"零.tif": bytes(80_000_000)})
    _zip(pile / "有密码.zip", {"a.pdf": good_pdf(3)})
    raw = bytearray((pile / "有密码.zip").read_bytes())
    raw[6] |= 1
    raw[raw.rfind(b"PK\x01\x02") + 8] |= 1
    (pile / "有密码.zip").write_bytes(raw)
    _zip(pile / "压坏了.zip", {"a.pdf": good_pdf(4)})
    raw = bytearray((pile / "压坏了.zip").read_bytes())
    raw[200:260] = os.urandom(60)
    (pile / "压坏了.zip").write_bytes(raw)
    _zip(pile / "人多.zip", {f"{n}.txt": b"" for n in range(20_001)})
    with zipfile.ZipFile(pile / "同名.zip", "w") as out, pytest.warns(UserWarning, match="Duplicate"):
        out.writestr("同名.pdf", good_pdf(5))
        out.writestr("同名.pdf", good_pdf(6))
    with zipfile.ZipFile(pile / "链接.zip", "w") as out:
        link = zipfile.ZipInfo("链接.pdf")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        out.writestr(link, "/etc/passwd")
    (pile / "不是包.zip").write_bytes(b"PK\x03\x04" + os.urandom(500))
    started = time.monotonic()
    status, receipt = ingest(crew, tmp_path, pile)
    assert time.monotonic() - started < 40
    found = states(receipt)
    assert status == 1
    assert found.pop("审批表.pdf")[0] == "filed"
    assert [state for state, _ in found.values()].count("filed") == 2  # the two of one name
    assert refused(receipt, "T-ZI-03") == ["有密码.zip"]
    assert refused(receipt, "T-ZI-02") == ["人多.zip", "炸弹.zip"]
    assert refused(receipt, "T-ZI-01") == ["不是包.zip", "压坏了.zip"]
    assert len(refused(receipt, "T-PA-02")) == 3
    assert receipt["returned"] == 8
    assert not Path("/tmp/绝对.pdf").exists() and not list(tmp_path.rglob("越界*"))


def test_the_second_of_two_alike_is_a_duplicate_of_the_first(world: World, crew: Crew, tmp_path: Path) -> None:
    pile, other = tmp_path / "甲" / "扫描", tmp_path / "乙" / "扫描"
    for folder in (pile, other):
        folder.mkdir(parents=True)
    (pile / "一.pdf").write_bytes(good_pdf())
    (pile / "二.pdf").write_bytes(good_pdf())
    (other / "一.pdf").write_bytes(good_pdf(1))  # another paper under the same name in a folder of the same name
    status, receipt = ingest(crew, tmp_path, pile, other)
    assert status == 0
    assert (receipt["filed"], receipt["duplicates"]) == (2, 1)
    (twin,) = [i for i in receipt["items"] if i["state"] == "duplicate"]
    first = next(i for i in receipt["items"] if i["state"] == "filed" and i["sha256"] == twin["sha256"])
    assert twin["archival_code"] == first["archival_code"] and [f["code"] for f in twin["findings"]] == ["T-DU-01"]
    assert Item.objects.count() == 2


def _catalogue(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        csv.writer(out).writerows([["文件名", "题名", "年度"], *rows])


def test_a_catalogue_of_five_thousand_rows_that_names_a_file_twice(world: World, crew: Crew, tmp_path: Path) -> None:
    pile = make_pile(tmp_path / "pile", 2)
    names = sorted(p.name for p in pile.iterdir())
    rows = [[n, f"第{k}件材料", "2019"] for k, n in enumerate(names)]
    rows += [[names[0], "又是第一件", "2020"]]
    rows += [[f"没有的{n}.pdf", f"没有{n}", "2019"] for n in range(4_997)]
    _catalogue(pile / "目录.csv", rows)
    book = Workbook()
    for row in [["文件名", "题名"], [names[0], "另一目录"]]:
        book.active.append(row)
    book.save(pile / "目录二.xlsx")
    started = time.monotonic()
    _, receipt = ingest(crew, tmp_path, pile)
    assert time.monotonic() - started < 40
    assert receipt["sent"] == 2 and set(states(receipt)) == set(names)
    assert len(general(receipt, "T-CA-01")) == 4_997
    twice = general(receipt, "T-CA-05")
    assert len(twice) == 2 and any("第 4 行" in m and "第 2 行" in m for m in twice)


def test_tables_made_to_do_harm_are_papers_not_catalogues(world: World, crew: Crew, tmp_path: Path) -> None:
    pile = make_pile(tmp_path / "pile", 1)
    (pile / "目录.csv").write_text("文件名,题名\n" + "甲" * 200_000 + ",x\n", encoding="utf-8")
    _zip(pile / "目录.xlsx", {"[Content_Types].xml": b"<Types", "xl/workbook.xml": b"<a>&b;</a>"})
    laugh = b'<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">' + b"".join(
        b'<!ENTITY x%d "%s">' % (n, (b"&x%d;" % (n - 1) if n else b"&x;") * 10) for n in range(9)
    )
    book = Workbook()
    book.active.append(["文件名", "题名"])
    book.save(tmp_path / "book.xlsx")
    with zipfile.ZipFile(tmp_path / "book.xlsx") as good:
        members = {n: good.read(n) for n in good.namelist()}
    _zip(pile / "笑.xlsx", members | {"xl/worksheets/sheet1.xml": laugh + b"]><worksheet>&x8;</worksheet>"})
    _zip(pile / "零.xlsx", members | {"xl/sharedStrings.xml": b" " * 70_000_000})
    status, receipt = ingest(crew, tmp_path, pile)
    found = states(receipt)
    assert status == 1 and receipt["filed"] == 1
    assert {n for n, (state, _) in found.items() if state == "returned"} >= {"目录.csv", "目录.xlsx", "零.xlsx"}


def test_a_sparse_file_of_two_gigabytes_is_refused_at_once(world: World, crew: Crew, tmp_path: Path) -> None:
    pile = make_pile(tmp_path / "pile", 1)
    with (pile / "巨大.pdf").open("wb") as out:
        out.write(b"%PDF-1.7\n")
        out.truncate(2_200_000_000)
    free, started = shutil.disk_usage(settings.HOME).free, time.monotonic()
    status, receipt = ingest(crew, tmp_path, pile)
    assert time.monotonic() - started < 20
    assert free - shutil.disk_usage(settings.HOME).free < 1_000_000_000
    assert status == 1 and receipt["filed"] == 1
    assert refused(receipt, "T-PA-06") == ["巨大.pdf"]


def test_a_pdf_of_four_hundred_pages(world: World, crew: Crew, tmp_path: Path) -> None:
    pile = tmp_path / "pile"
    pile.mkdir()
    source, long = pdfium.PdfDocument(SAMPLES / PDFS[0]), pdfium.PdfDocument.new()
    for _ in range(400):
        long.import_pages(source)
    long.save(str(pile / "四百页.pdf"))
    _, receipt = ingest(crew, tmp_path, pile)
    (item,) = receipt["items"]
    assert item["state"] in {"filed", "waiting"} and item["pages"] == 400
    if item["state"] == "filed":
        assert Page.objects.count() == 400


def _peak(process: int) -> int:
    """The most memory that a process and its children have held, bytes."""
    most = 0
    for one in [psutil.Process(process), *psutil.Process(process).children(recursive=True)]:
        status = Path(f"/proc/{one.pid}/status").read_text()
        most = max(most, int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024)
    return most


@pytest.mark.parametrize(("suffix", "compression"), [("png", ""), ("tif", "group4")][: 2 if FULL else 1])
def test_a_scan_of_315_million_pixels_is_read_in_bounded_memory(tmp_path: Path, suffix: str, compression: str) -> None:
    page = Image.new("1", (15_000, 21_000), 1)
    draw = ImageDraw.Draw(page)
    for line in range(12):
        draw.rectangle((1500, 2000 + 900 * line, 12_000, 2120 + 900 * line), fill=0)
    path = tmp_path / f"大图.{suffix}"
    page.save(path, **({"compression": compression} if compression else {}))
    with ReadingPool(1) as pool:
        found = pool.read(path, identify([path])[0]).result(100)
        readers = [p for p in psutil.Process().children(recursive=True) if "forkserver" in " ".join(p.cmdline())]
        assert readers
        peak = max(_peak(p.pid) for p in readers)
    assert found.problems == () and len(found.pages) == 1
    assert (found.pages[0].width, found.pages[0].height) == (15_000, 21_000)
    assert peak < 1_500_000_000, f"{peak / 1e6:.0f} MB"
