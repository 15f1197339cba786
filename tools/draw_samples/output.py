"""Turns files of the plan into bytes, each with its truth."""

from __future__ import annotations

import io
import random
import time
from dataclasses import dataclass

from PIL import Image

from .digital import digital_pdf, ofd
from .plan import File, Page
from .raster import draw
from .scan import Scanned, scan
from .truth import Json, digital_page, scanned_page

SEED = 142326
DIGITAL_DPI = 200
# A fixed moment in PDF headers; a changing one would change the digest of every redraw.
PDF_TIME = time.struct_time((2024, 5, 6, 8, 30, 0, 0, 127, 0))


@dataclass(frozen=True)
class Made:
    """The bytes of a file and its truth."""

    data: bytes
    truth: Json


def make(file: File) -> Made:
    """Draw one file; depends on nothing but the file and the seed."""
    rng = random.Random(f"{SEED}:{file.path}")
    if file.form in {"digital-pdf", "ofd"}:
        return _digital(file, rng)
    scanned = [(page, _scan(file, page, number)) for number, page in enumerate(file.pages)]
    pages = [scanned_page(page.sheet, page.how, result) for page, result in scanned]
    truth: Json = {"file": file.path, "form": file.form, "bad": None, "pages": pages}
    return Made(_encode(file, [result for _, result in scanned]), truth)


def _digital(file: File, rng: random.Random) -> Made:
    sheets = [page.sheet for page in file.pages]
    pages = [digital_page(sheet, draw(sheet, DIGITAL_DPI, rng), DIGITAL_DPI) for sheet in sheets]
    truth: Json = {"file": file.path, "form": file.form, "bad": None, "pages": pages}
    return Made(ofd(sheets[0]) if file.form == "ofd" else digital_pdf(sheets, rng), truth)


def _scan(file: File, page: Page, number: int) -> Scanned:
    rng = random.Random(f"{SEED}:{file.path}:{number}")
    drawn = draw(page.sheet, page.how.dpi, rng)
    back = None
    if page.how.through:
        others = [other for other in file.pages if other is not page]
        back = draw(others[0].sheet if others else page.sheet, 100, rng, watermark=False).image
    return scan(drawn, page.how, rng, back)


def _encode(file: File, results: list[Scanned]) -> bytes:
    out = io.BytesIO()
    first, *rest = (result.image for result in results)
    dpi = file.pages[0].how.dpi
    quality = file.pages[0].how.quality
    assert all(page.how.dpi == dpi for page in file.pages), file.path
    if file.form == "jpeg":
        first.save(out, "JPEG", quality=quality, dpi=(dpi, dpi), optimize=True)
    elif file.form == "tiff":
        first.save(out, "TIFF", save_all=True, append_images=rest, compression="group4", dpi=(dpi, dpi))
    else:
        return _scanned_pdf([first, *rest], dpi, quality)
    return out.getvalue()


def _scanned_pdf(images: list[Image.Image], dpi: int, quality: int) -> bytes:
    out = io.BytesIO()
    images[0].save(
        out,
        "PDF",
        save_all=True,
        append_images=images[1:],
        resolution=dpi,
        quality=quality,
        producer="Samples",
        creationDate=PDF_TIME,
        modDate=PDF_TIME,
    )
    return out.getvalue()
