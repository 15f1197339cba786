"""Opening what people send, good and bad."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageDraw, ImageFont

from cunzhen.capture.documents import MAX_FILE_BYTES, Document, name_problems, open_document, render_page
from cunzhen.capture.messages import wordings
from cunzhen.errors import Invalid
from cunzhen.formats.probes import Probe, identify

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
MAX_RSS_MB = 900


def opened(path: Path) -> Document:
    return open_document(path, identify([path])[0])


def refusal(path: Path) -> str:
    with pytest.raises(Invalid) as caught:
        document = opened(path)
        for index in range(document.page_count):
            document.text(index)
            document.raster(index)
    return caught.value.code


def page_image(width: int = 620, height: int = 877, text: str = "Certificate 2019") -> Image.Image:
    image = Image.new("L", (width, height), 255)
    ImageDraw.Draw(image).text((60, 80), text, 0, ImageFont.load_default(40))
    return image


def pdf_of(path: Path, *contents: bytes, media: tuple[int, int] = (595, 842), rotate: int = 0) -> Path:
    pdf = pikepdf.new()
    font = pdf.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    )
    for content in contents:
        pdf.add_blank_page(page_size=media)
        page = pdf.pages[-1]
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        page.Contents = pdf.make_stream(content)
        if rotate:
            page.Rotate = rotate
    pdf.save(path)
    return path


def scanned_pdf(path: Path, image: Image.Image, hidden: bytes = b"") -> Path:
    image.convert("L").save(path, "PDF", resolution=150)
    if hidden:
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            page = pdf.pages[0]
            page.Resources.Font = pikepdf.Dictionary(
                F1=pikepdf.Dictionary(
                    Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
                )
            )
            page.contents_add(hidden)
            pdf.save(path)
    return path


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "BMP", "TIFF", "WEBP", "JPEG2000"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_images_open_with_their_pixels(tmp_path: Path, format_: str, mode: str) -> None:
    path = tmp_path / "page.bin"
    page_image().convert(mode).save(path, format_)
    document = opened(path)
    raster = document.raster(0)
    assert (document.page_count, document.text(0)) == (1, None)
    assert raster.pixels.shape[:2] == (877, 620)
    assert (raster.width, raster.height) == (620, 877)
    assert raster.pixels.min() < 60 < 200 < raster.pixels.max()


@pytest.mark.parametrize("mode", ["1", "P", "RGBA", "LA", "CMYK", "I;16"])
def test_rare_modes_become_grey_or_rgb_on_white(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "page.tif"
    if mode == "I;16":
        Image.fromarray(np.asarray(page_image(), np.uint16) * 257).save(path)
    elif mode in ("RGBA", "LA"):
        image = Image.new(mode, (200, 100), (0,) * len(mode))  # black, wholly transparent
        image.save(path)
    else:
        page_image().convert(mode).save(path)
    pixels = opened(path).raster(0).pixels
    assert pixels.dtype == np.uint8
    assert np.median(pixels) == 255


def test_a_fax_of_many_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pages = [page_image(text=f"page {n}").convert("1") for n in range(3)]
    pages[0].save(path, "TIFF", compression="group4", save_all=True, append_images=pages[1:], dpi=(200, 200))
    document = opened(path)
    assert document.page_count == 3
    rasters = [document.raster(i) for i in range(3)]
    assert all(r.dpi == 200 and r.pixels.shape == (877, 620) for r in rasters)
    assert not np.array_equal(rasters[0].pixels, rasters[2].pixels)


def test_a_camera_held_sideways(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    page_image().rotate(90, expand=True).save(path, exif=exif)
    raster = opened(path).raster(0)
    assert (raster.width, raster.height) == (620, 877)
    assert raster.pixels[60:140, 60:500].min() < 60


def test_text_of_a_digital_page(tmp_path: Path) -> None:
    path = pdf_of(
        tmp_path / "a.pdf", b"BT /F1 12 Tf 72 720 Td (Name) Tj 200 0 Td (Wang Wei) Tj -200 -30 Td (Year 2019) Tj ET"
    )
    text = opened(path).text(0)
    assert text is not None
    assert (text.width, text.height, text.engine) == (1240, 1754, "pdf")
    assert [(w.text, w.line) for w in text.words] == [("Name", 0), ("Wang Wei", 0), ("Year 2019", 1)]
    x0, _, x1, y1 = text.words[0].box
    scale = 150 / 72
    assert abs(x0 - 72 * scale) < 4
    assert abs(y1 - (842 - 720) * scale) < 6
    assert x0 < x1 < text.words[1].box[0]


def test_boxes_follow_the_rotation_of_the_page(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "a.pdf", b"BT /F1 12 Tf 72 720 Td (Name) Tj ET", rotate=90)
    document = opened(path)
    text = document.text(0)
    assert text is not None
    assert (text.width, text.height) == (1754, 1240)
    x0, y0, x1, y1 = text.words[0].box
    drawn = document.raster(0).pixels
    scale = drawn.shape[1] / text.width
    around = drawn[round(y0 * scale) : round(y1 * scale), round(x0 * scale) : round(x1 * scale)]
    assert around.min() < 100
    assert (drawn < 100).any(axis=2).sum() == (around < 100).any(axis=2).sum()


def test_a_chinese_digital_sample_gives_its_text() -> None:
    truths = [json.loads(p.read_text(encoding="utf-8")) for p in (SAMPLES / ".truth").rglob("*.pdf.json")]
    digital = [t for t in truths if t["form"] == "digital-pdf"]
    assert digital
    for truth in digital:
        document = opened(SAMPLES / truth["file"])
        for index, page in enumerate(truth["pages"]):
            text = document.text(index)
            assert text is not None
            flat = "".join(text.text.split())
            missing = [x["text"] for x in page["lines"] if "".join(x["text"].split()) not in flat]
            assert len(missing) <= len(page["lines"]) // 20, missing


def test_a_scan_in_a_pdf_is_read_from_its_pixels(tmp_path: Path) -> None:
    image = page_image(1240, 1754)
    plain = opened(scanned_pdf(tmp_path / "a.pdf", image))
    hidden = opened(
        scanned_pdf(
            tmp_path / "b.pdf", image, b"q BT 3 Tr /F1 12 Tf 72 720 Td (" + b"someone's reading " * 20 + b") Tj ET Q"
        )
    )
    for document in (plain, hidden):
        assert document.text(0) is None
        raster = document.raster(0)
        assert abs(raster.dpi - 150) <= 2
        assert abs(raster.width - 1240) <= 16


def test_codes_without_letters_are_read_from_the_pixels(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "a.pdf", b"BT /F1 12 Tf 72 720 Td (\\326\\320\\316\\304\\265\\265\\260\\270) Tj ET")
    assert opened(path).text(0) is None


def test_an_empty_digital_page_is_blank(tmp_path: Path) -> None:
    text = opened(pdf_of(tmp_path / "a.pdf", b"")).text(0)
    assert text is not None
    assert text.blank


def ofd_of(path: Path, content: str, **parts: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
        archive.writestr(
            "OFD.xml",
            f"<ofd:OFD {space}><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        )
        archive.writestr(
            "Doc_0/Document.xml",
            f"<ofd:Document {space}><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox>"
            "</ofd:PageArea><ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes></ofd:CommonData>"
            '<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>',
        )
        archive.writestr(
            "Doc_0/DocumentRes.xml",
            f'<ofd:Res {space} BaseLoc="Res"><ofd:MultiMedias><ofd:MultiMedia ID="7" Type="Image">'
            "<ofd:MediaFile>scan.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias></ofd:Res>",
        )
        archive.writestr("Doc_0/Pages/Page_0/Content.xml", content.replace("SPACE", space))
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/").replace("_png", ".png"), data)
    return path


def test_ofd_text_with_boxes(tmp_path: Path) -> None:
    cells = "".join(
        f'<ofd:TextObject Boundary="{x} {y} 30 6"><ofd:TextCode X="0" Y="5">{t}</ofd:TextCode></ofd:TextObject>'
        for x, y, t in ((80, 40, "王小样"), (20, 40.5, "姓名"), (20, 20, "退休审批表"))
    )
    path = ofd_of(
        tmp_path / "a.ofd", f"<ofd:Page SPACE><ofd:Content><ofd:Layer>{cells}</ofd:Layer></ofd:Content></ofd:Page>"
    )
    text = opened(path).text(0)
    assert text is not None
    assert text.text == "退休审批表\n姓名王小样"
    assert text.words[0].box[:2] == (118, 118)
    assert opened(path).raster(0).pixels.min() < 200


def test_a_scan_in_an_ofd(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    page_image().save(buffer, "PNG")
    content = '<ofd:Page SPACE><ofd:ImageObject Boundary="0 0 210 297" ResourceID="7"/></ofd:Page>'
    document = opened(ofd_of(tmp_path / "a.ofd", content, Doc_0__Res__scan_png=buffer.getvalue()))
    assert document.text(0) is None
    assert document.raster(0).pixels.shape == (877, 620)


@pytest.mark.parametrize(
    "content",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><ofd:Page SPACE>&a;</ofd:Page>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><ofd:Page SPACE>&a;</ofd:Page>',
        "<ofd:Page SPACE>",
        "",
    ],
)
def test_hostile_ofd_is_returned(tmp_path: Path, content: str) -> None:
    assert refusal(ofd_of(tmp_path / "a.ofd", content)) == "T-US-01"


def test_an_ofd_that_unpacks_without_end(tmp_path: Path) -> None:
    assert refusal(ofd_of(tmp_path / "a.ofd", "<ofd:Page SPACE>" + " " * 40_000_000 + "</ofd:Page>")) == "T-US-05"


def test_bad_files_have_their_codes(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.effect_noise((600, 800), 80).save(whole, "JPEG")
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole.getvalue()[: len(whole.getvalue()) * 4 // 10])
    locked = tmp_path / "locked.pdf"
    with pikepdf.open(pdf_of(tmp_path / "open.pdf", b"")) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="a", user="b", R=6))
    cut_pdf = tmp_path / "cut.pdf"
    cut_pdf.write_bytes((tmp_path / "open.pdf").read_bytes()[:300])
    empty = tmp_path / "empty.jpg"
    empty.touch()
    text = tmp_path / "text.pdf"
    text.write_text("not a pdf at all\n")
    word = tmp_path / "a.docx"
    with zipfile.ZipFile(word, "w") as archive:
        archive.writestr("[Content_Types].xml", "")
    junk = tmp_path / "junk.png"
    junk.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    bad = {
        cut: "T-US-01",
        locked: "T-US-02",
        cut_pdf: "T-US-01",
        empty: "T-US-03",
        text: "T-US-04",
        word: "T-US-04",
        junk: "T-US-01",
    }
    assert {path: refusal(path) for path in bad} == bad
    assert [p.code for p in name_problems(text, identify([text])[0])] == ["T-AU-01"]


def test_restricted_but_open_pdf_is_warned_about(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with pikepdf.open(pdf_of(tmp_path / "open.pdf", b"")) as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(owner="a", user="", R=6))
    assert [p.code for p in opened(path).problems] == ["T-US-07"]


def test_a_file_of_two_gigabytes_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    probe = Probe("fmt/43", "image/jpeg", "JPEG", True, "image", MAX_FILE_BYTES + 1)
    with pytest.raises(Invalid) as caught:
        open_document(path, probe)
    assert caught.value.code == "T-US-05"


def bounded(script: str) -> dict[str, float]:
    """Run in a process of its own and give what it prints, with its peak memory in MB."""
    code = textwrap.dedent(script) + textwrap.dedent("""
        import json
        # Not ru_maxrss: a child takes that over from the parent that started it, and the test run itself is large.
        status = Path("/proc/self/status").read_text()
        found["rss"] = int(status.split("VmHWM:")[1].split()[0]) / 1024
        print(json.dumps(found))
    """)
    head = textwrap.dedent("""
        import sys; from pathlib import Path
        from cunzhen.capture.documents import open_document
        from cunzhen.formats.probes import identify
    """)
    done = subprocess.run(
        [sys.executable, "-c", head + code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "src")},
    )
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize(("name", "mode"), [("a.jpg", "L"), ("a.png", "L"), ("a.tif", "1")])
def test_a_huge_scan_is_read_smaller_in_bounded_memory(tmp_path: Path, name: str, mode: str) -> None:
    path = tmp_path / name
    make = f"""
        from PIL import Image
        image = Image.new({mode!r}, (15000, 21000), 1 if {mode!r} == '1' else 255)
        image.paste(0, (1500, 2100, 3000, 4200))
        image.save({str(path)!r}, **({{'compression': 'group4'}} if {mode!r} == '1' else {{}}))
        found = {{}}
    """
    bounded(make)
    found = bounded(f"""
        path = Path({str(path)!r})
        raster = open_document(path, identify([path])[0]).raster(0)
        h, w = raster.pixels.shape[:2]
        found = dict(width=raster.width, height=raster.height, pixels=w * h,
                     inside=int(raster.pixels[int(h * .15), int(w * .15)].max()),
                     outside=int(raster.pixels[-5, -5].min()))
    """)
    assert (found["width"], found["height"]) == (15000, 21000)
    assert 5_000_000 < found["pixels"] < 11_000_000
    assert found["inside"] < 10 < 245 < found["outside"]
    assert found["rss"] < MAX_RSS_MB


def test_a_colour_png_too_large_for_four_bytes_a_pixel_is_read_in_grey(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (12_000, 11_000), (250, 250, 250)).save(path, compress_level=1)
    found = bounded(f"""
        path = Path({str(path)!r})
        found = dict(shape=len(open_document(path, identify([path])[0]).raster(0).pixels.shape))
    """)
    assert found["shape"] == 2
    assert found["rss"] < MAX_RSS_MB


def test_a_picture_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("1", (30_000, 30_000)).save(path)
    assert path.stat().st_size < 2_000_000
    assert refusal(path) == "T-US-05"


def test_streams_that_unpack_without_end_stay_bounded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pdf"
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    image = pdf.make_stream(
        bytes(200_000_000),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=20_000,
        Height=10_000,
        ColorSpace=pikepdf.Name.DeviceGray,
        BitsPerComponent=8,
    )
    page = pdf.pages[0]
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I0=image))
    page.Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /I0 Do Q")
    pdf.save(path, compress_streams=True)
    assert path.stat().st_size < 1_000_000
    found = bounded(f"""
        path = Path({str(path)!r})
        document = open_document(path, identify([path])[0])
        text = document.text(0)
        raster = document.raster(0)
        found = dict(digital=int(text is not None), pixels=raster.pixels.shape[0] * raster.pixels.shape[1])
    """)
    assert found["digital"] == 0
    assert found["pixels"] < 11_000_000
    assert found["rss"] < 1300  # the decoder holds the picture twice; a reading process is stopped beyond its limit


def test_a_pdf_whose_picture_is_beyond_any_scanner_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pdf"
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    image = pdf.make_stream(
        bytes(1000),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=60_000,
        Height=60_000,
        ColorSpace=pikepdf.Name.DeviceGray,
        BitsPerComponent=8,
    )
    pdf.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I0=image))
    pdf.pages[0].Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /I0 Do Q")
    pdf.save(path)
    assert refusal(path) == "T-US-05"


def test_four_hundred_pages(tmp_path: Path) -> None:
    contents = [f"BT /F1 12 Tf 72 720 Td (Page {n}) Tj ET".encode() for n in range(400)]
    document = opened(pdf_of(tmp_path / "a.pdf", *contents))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    texts = [document.text(i) for i in range(document.page_count)]
    assert [t.text for t in texts if t] == [f"Page {n}" for n in range(400)]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


def test_viewing_copies_are_upright_and_of_the_width_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    page_image(1240, 1754).rotate(-90, expand=True).save(path, quality=90)
    shown = Image.open(io.BytesIO(render_page(path, 0, 270, 0.0, 600)))
    assert shown.size == (600, 849)
    assert np.asarray(shown)[20:80, 20:300].min() < 80
    with pytest.raises(Invalid):
        render_page(path, 1, 0, 0.0, 600)


def test_every_problem_has_its_wording() -> None:
    for code in (
        "T-US-01",
        "T-US-02",
        "T-US-03",
        "T-US-04",
        "T-US-05",
        "T-US-06",
        "T-US-07",
        "T-US-08",
        "T-US-09",
        "T-AU-01",
    ):
        words = wordings()[code]
        assert words.zh
        assert words.en
        assert words.severity in ("returned", "warning")
        assert words.tested_property in ("authenticity", "integrity", "usability", "safety")
