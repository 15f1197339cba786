"""The samples are what their README says: many enough, small enough, true, and bad where they should be."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import openpyxl
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
    """The list of items, persons and bad files."""
    value: dict[str, Any] = json.loads((TRUTH / "index.json").read_text(encoding="utf-8"))
    return value


@lru_cache(maxsize=256)
def truth(name: str) -> dict[str, Any]:
    """Truth of one file."""
    value: dict[str, Any] = json.loads((TRUTH / f"{name}.json").read_text(encoding="utf-8"))
    return value


def papers() -> list[str]:
    """Files of all items, in order."""
    return [name for item in index()["items"] for name in item["files"]]


def pages() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every page with the name of its file."""
    for name in papers():
        for page in truth(name)["pages"]:
            yield name, page


def on_disk() -> set[str]:
    """Every file of the pile, leaving out dot folders, README files and the second set of samples."""
    found = set()
    for path in SAMPLES.rglob("*"):
        relative = path.relative_to(SAMPLES)
        skipped = relative.parts[0] in {".truth", "hard"} or relative.name == "README.md"
        if path.is_file() and not skipped:
            found.add(relative.as_posix())
    return found


def count_pages(path: Path) -> int:
    """Pages as a reader finds them."""
    if path.suffix == ".pdf":
        with pikepdf.open(path) as pdf:
            return len(pdf.pages)
    if path.suffix == ".ofd":
        with zipfile.ZipFile(path) as archive:
            return sum(name.endswith("Content.xml") for name in archive.namelist())
    with Image.open(path) as image:
        return int(getattr(image, "n_frames", 1))


def test_there_are_enough_papers_and_they_are_small() -> None:
    assert len(papers()) >= 40
    assert sum(1 for _ in pages()) >= 80
    files = [*(SAMPLES / name for name in on_disk()), *TRUTH.rglob("*.json")]
    assert sum(path.stat().st_size for path in files) <= 22 * MEGABYTE


def test_index_names_exactly_what_lies_there() -> None:
    beside = {entry["file"] for entry in (*index()["bad_files"], *index()["catalogues"])}
    assert on_disk() == set(papers()) | beside
    assert len(papers()) == len(set(papers()))
    told = {path.relative_to(TRUTH).as_posix().removesuffix(".json") for path in TRUTH.rglob("*.json")}
    told = {name for name in told if not name.startswith("hard/")} - {"index"}
    assert told == set(papers()) | {entry["file"] for entry in index()["bad_files"]}


def test_every_file_has_the_pages_its_truth_says() -> None:
    for name in papers():
        assert count_pages(SAMPLES / name) == len(truth(name)["pages"]), name


def test_pictures_have_the_size_their_truth_says() -> None:
    for name in papers():
        if name.endswith(".jpg"):
            page = truth(name)["pages"][0]
            upright = (page["width"], page["height"])
            with Image.open(SAMPLES / name) as image:
                assert image.size == (upright[::-1] if page["rotation"] in {90, 270} else upright), name


def test_lines_lie_on_their_page() -> None:
    for name, page in pages():
        for line in page["lines"]:
            x0, y0, x1, y1 = line["box"]
            assert 0 <= x0 < x1 <= page["width"] and 0 <= y0 < y1 <= page["height"], (name, line)
            assert line["text"].strip() and "样本" not in line["text"].replace("样本所示", ""), name


def test_categories_defects_and_forms_are_all_there() -> None:
    assert {item["category"] for item in index()["items"]} == set(
        ["管理", "征缴", "养老", "医疗", "失业", "工伤", "生育", "统计", "稽核"]
    )
    found = {defect for _, page in pages() for defect in page["defects"]}
    wanted = "skew noise black_border faded blur show_through low_dpi upside_down turned seal_over_text oval_seal blank"
    assert set(wanted.split()) <= found
    assert {truth(name)["form"] for name in papers()} == {"jpeg", "tiff", "scanned-pdf", "digital-pdf", "ofd"}
    assert [page["rotation"] for _, page in pages() if page["rotation"]] == [270, 180]
    assert sum(page["blank"] for _, page in pages()) == 1
    assert any(truth(name)["form"] == "tiff" and len(truth(name)["pages"]) > 1 for name in papers())


def test_kinds_named_by_the_order_are_drawn() -> None:
    kinds = {page["fields"].get("kind") for _, page in pages()}
    wanted = (
        "单位参保登记表 人员增减表 缴费基数申报表 退休审批表 养老保险待遇核定表 基本养老保险关系转移接续联系函 参保缴费凭证 "
        "居民身份证复印件 户口簿页 工伤认定决定书 劳动能力鉴定结论 失业金申领登记表 终止劳动合同证明书 生育津贴申领表 "
        "门诊费用核定表 稽核通知书 稽核报告 年度统计报表 月报 待遇领取资格认证表 招工登记表 工资表"
    )
    assert set(wanted.split()) <= kinds


def _identity_valid(number: str) -> bool:
    """ISO 7064 MOD 11-2, in its own words: the weighted sum with the check character leaves 1."""
    digits = [10 if c == "X" else int(c) for c in number]
    return sum(d * pow(2, 17 - i, 11) for i, d in enumerate(digits)) % 11 == 1


def _unit_code_valid(code: str) -> bool:
    """GB 32100-2015: body and check character together are divisible by 31."""
    values = ["0123456789ABCDEFGHJKLMNPQRTUWXY".index(c) for c in code]
    return (sum(v * pow(3, i, 31) for i, v in enumerate(values[:17])) + values[17]) % 31 == 0


def test_numbers_are_valid_and_fictional() -> None:
    assert _identity_valid("11010519491231002X") and not _identity_valid("110105194912310021")
    assert _unit_code_valid("91350100M000100Y43") and not _unit_code_valid("91350100M000100Y44")
    numbers = {p["id_number"] for _, page in pages() for p in page["fields"].get("persons", ()) if p["id_number"]}
    numbers |= {person["id_number"] for person in (*index()["persons"], *index()["walk_ons"])}
    assert len(numbers) >= 30
    for number in numbers:
        assert _identity_valid(number)
        assert number[:6] in {"142326", "141124"}
        assert number[14:17] in {"000", "996", "997", "998", "999"}
    codes = {page["fields"]["uscc"] for _, page in pages() if page["fields"].get("uscc")}
    assert len(codes) >= 5 and all(_unit_code_valid(code) and code[8:12] == "0000" for code in codes)


def test_fields_stand_on_the_pages() -> None:
    """What the truth says of a paper is written on one of its pages."""
    for item in index()["items"]:
        text = "".join(
            line["text"] for name in item["files"] for page in truth(name)["pages"] for line in page["lines"]
        )
        text = "".join(text.split())
        for person in item["persons"]:
            number = person["id_number"]
            assert person["name"] in text, item["files"]
            assert not number or number in text or number[:6] + number[8:17] in text, item["files"]
        assert item["unit"] in text and item["uscc"] in text, item["files"]


def test_persons_return_over_the_years() -> None:
    years: dict[str, set[int]] = {}
    for item in index()["items"]:
        for person in item["persons"]:
            years.setdefault(person["name"], set()).add(item["year"])
    assert len(index()["persons"]) == 10 and len(index()["employers"]) == 6
    assert all(person["name"] in years for person in index()["persons"])
    assert sum(len(years[person["name"]]) >= 3 for person in index()["persons"]) >= 6
    covered = {item["year"] for item in index()["items"]}
    assert min(covered) == 1986 and max(covered) == 2024


def test_bad_files_are_bad() -> None:
    problems = {entry["problem"]: SAMPLES / entry["file"] for entry in index()["bad_files"]}
    assert set(problems) == {"truncated", "encrypted", "not_a_pdf"}
    with pytest.raises(OSError, match="truncated"), Image.open(problems["truncated"]) as image:
        image.load()
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(problems["encrypted"])
    with pytest.raises(pikepdf.PdfError):
        pikepdf.open(problems["not_a_pdf"])


def test_catalogues_hang_their_files_but_for_two() -> None:
    plain, book = (entry["file"] for entry in index()["catalogues"])
    data = (SAMPLES / plain).read_bytes()
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(data.decode("gb18030"))))
    folder = (SAMPLES / plain).parent
    assert {row["文件名"] for row in rows} == {path.name for path in folder.iterdir()} - {"目录.csv"}
    sheet = openpyxl.load_workbook(SAMPLES / book).active
    assert sheet is not None
    head, *lines = sheet.iter_rows(values_only=True)
    assert head == ("序号", "题名", "姓名", "身份证号", "单位", "年度", "日期", "页数", "文件名")
    named = {str(line[-1]) for line in lines}
    present = {path.name for path in (SAMPLES / book).parent.iterdir()} - {"目录.xlsx"}
    assert named - present == set(index()["catalogues"][1]["rows_without_file"]) == {"2019-06.pdf"}
    assert present - named == set(index()["catalogues"][1]["files_without_row"]) == {"2019-05.jpg"}


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def test_digital_papers_carry_exactly_their_truth_as_text() -> None:
    names = [name for name in papers() if truth(name)["form"] == "digital-pdf"]
    assert len(names) >= 5
    for name in names:
        document = pypdfium2.PdfDocument(SAMPLES / name)
        text = "".join(document[number].get_textpage().get_text_range() for number in range(len(document)))
        document.close()
        wanted = "".join(line["text"] for page in truth(name)["pages"] for line in page["lines"])
        assert _plain(text) == _plain(wanted), name


def test_scanned_pdfs_carry_no_text() -> None:
    for name in papers():
        if truth(name)["form"] == "scanned-pdf":
            document = pypdfium2.PdfDocument(SAMPLES / name)
            assert not any(document[n].get_textpage().get_text_range().strip() for n in range(len(document))), name
            document.close()


def test_ofd_carries_its_truth_as_text() -> None:
    (name,) = (name for name in papers() if name.endswith(".ofd"))
    with zipfile.ZipFile(SAMPLES / name) as archive:
        content = archive.read("Doc_0/Pages/Page_0/Content.xml").decode()
    found = re.findall(r"<ofd:TextCode [^>]*>([^<]*)<", content)
    assert found == [line["text"] for line in truth(name)["pages"][0]["lines"]]


def test_every_page_bears_the_watermark() -> None:
    """The blank page is not empty paper: the light mark is on it, and nothing dark."""
    name = next(name for name, page in pages() if page["blank"])
    with Image.open(SAMPLES / name) as image:
        histogram = image.convert("L").histogram()
    total = sum(histogram)
    assert sum(histogram[236:247]) > total * 0.02
    assert sum(histogram[:200]) == 0


def test_a_redraw_gives_the_same_paper() -> None:
    fonts = pytest.importorskip("tools.draw_samples.fonts")
    missing = [face.path for face in fonts.FACES.values() if not Path(face.path).exists()]
    if missing:
        pytest.skip(f"fonts to draw with are not installed: {missing[0]}")
    from tools.draw_samples.output import make
    from tools.draw_samples.plan import pile

    name = "管理类/参保人员/李㛃身份证复印件.jpg"
    (file,) = (file for item in pile() for file in item.files if file.path == name)
    first, second = make(file), make(file)
    assert first.data == second.data
    assert json.loads(json.dumps(first.truth)) == truth(name)


def test_the_product_groups_the_pile_as_the_truth_does() -> None:
    from cunzhen.capture.catalogues import hang, read_catalogue
    from cunzhen.capture.grouping import group_files

    catalogues = [entry["file"] for entry in index()["catalogues"]]
    paths = sorted(on_disk() - set(catalogues))
    hung: dict[str, list[str]] = {}
    for name in catalogues:
        rows = read_catalogue(SAMPLES / name, name)
        assert rows is not None
        hung |= hang(rows, str(Path(name).parent), paths).groups
    wanted = {tuple(item["files"]) for item in index()["items"]}
    wanted |= {(entry["file"],) for entry in index()["bad_files"]}
    assert {group.paths for group in group_files(paths, hung)} == wanted
