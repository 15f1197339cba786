"""Raster files (JPEG, PNG, TIFF, BMP, WebP, JPEG 2000) page by page, decoded in bounded memory.

Large scans are not refused while they can be made smaller on the way in: JPEG and JPEG 2000 decode at a fraction of
their size, others are reduced band by band. Only what would need more memory than a reading process has is refused.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from cunzhen.capture.problems import unreadable
from cunzhen.errors import Invalid
from cunzhen.formats.page_text import PageText

Pixels = NDArray[np.uint8]

# An A4 page at 300 dpi has 8.7 million pixels; more than this does not make reading better.
READING_PIXELS = 10_000_000
MAX_PIXELS = 420_000_000  # a 15,000 x 21,000 scan has 315 million
MAX_DECODED_BYTES = 440_000_000
MAX_FRAMES = 5_000
MAX_SIDE = 65_500
_DPI_RANGE = (60, 2400)
_BAND_ROWS = 512
_FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "DIB", "WEBP", "JPEG2000")
_BYTES_PER_PIXEL = {"1": 1, "L": 1, "P": 1, "LA": 4, "I;16": 2}
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")

# The limits above are ours and tighter in memory; Pillow's own would refuse large but honest scans.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True, slots=True)
class Raster:
    """One page as pixels.

    Args:
        pixels: rows x columns (grey) or rows x columns x 3 (RGB), 8 bits.
        width, height: pixels of the page as stored, before it was made smaller for reading.
        dpi: resolution that the file declares for the stored pixels; 0 where it declares none worth believing.
    """

    pixels: Pixels
    width: int
    height: int
    dpi: int


def scale_for(width: int, height: int, limit: int = READING_PIXELS) -> float:
    """Factor (at most 1) that brings an image down to ``limit`` pixels."""
    return min(1.0, math.sqrt(limit / max(1, width * height)))


class RasterDocument:
    """A raster file; each frame is a page. Every page has to be read from its pixels."""

    problems = ()

    def __init__(self, path: Path | io.BytesIO) -> None:
        """Open the file and count its pages.

        Args:
            path: the file, or its bytes as an open stream.

        Raises:
            Invalid: T-US-01 where it is no readable image, T-US-05 where it is too large.
        """
        self._path = path
        try:
            self._image = _open(path)
            # Phones append a preview to a JPEG (MPO); a scan's pages are only counted where the format is made for it.
            self.page_count = int(getattr(self._image, "n_frames", 1)) if self._image.format == "TIFF" else 1
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as e:
            raise unreadable("T-US-01", detail=_detail(e)) from e
        if self.page_count > MAX_FRAMES:
            self.close()
            raise unreadable("T-US-05", found=f"{self.page_count:,} p.", limit=f"{MAX_FRAMES:,} p.")

    def text(self, index: int) -> PageText | None:
        """Never any: a raster carries no text."""
        return None

    def raster(self, index: int, limit: int = READING_PIXELS) -> Raster:
        """Decode one page, made smaller to about ``limit`` pixels where it is larger.

        Raises:
            Invalid: T-US-01 damaged or truncated, T-US-05 too large to decode in bounded memory.
        """
        try:
            self._image.seek(index)
            return self._decode(index, limit)
        except Invalid:
            raise
        except (OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError, ArithmeticError) as e:
            raise unreadable("T-US-01", detail=_detail(e), page=index + 1) from e
        except MemoryError as e:
            raise _too_large(self._image.size) from e

    def close(self) -> None:
        """Release the file."""
        self._image.close()

    def _decode(self, index: int, limit: int) -> Raster:
        image = self._image
        width, height = image.size
        dpi = _declared_dpi(image)
        if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE or min(width, height) < 1:
            raise _too_large(image.size)
        scale = scale_for(width, height, limit)
        wanted = (max(1, round(width * scale)), max(1, round(height * scale)))
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            image.draft(None, wanted)
        elif image.format == "JPEG2000" and scale < 1:
            # The codec halves the size as often as the file has levels; never below what is wanted.
            image.reduce = max(0, min(5, int(math.log2(1 / scale))))  # type: ignore[method-assign, assignment]
        fits = image.size[0] * image.size[1] * _BYTES_PER_PIXEL.get(image.mode, 4) <= MAX_DECODED_BYTES
        pixels = _to_pixels(image, wanted) if fits else self._decode_grey_in_place(index, wanted)
        turned = _turn(pixels, _exif_orientation(image))
        if turned.shape[:2] != pixels.shape[:2]:
            width, height = height, width
        # Opened anew: a decoded image keeps its pixels, and its reduced size, as long as it lives.
        self._image.close()
        self._image = _open(self._path)
        return Raster(turned, width, height, dpi)

    def _decode_grey_in_place(self, index: int, wanted: tuple[int, int]) -> Pixels:
        """One byte a pixel straight from the decoder, for colour files whose four bytes a pixel would not fit."""
        if self._image.format not in ("PNG", "TIFF") or not isinstance(self._path, Path):
            raise _too_large(self._image.size)
        try:
            done, frames = cv2.imreadmulti(
                str(self._path), start=index, count=1, flags=cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
            )
        except cv2.error as e:
            raise _too_large(self._image.size) from e
        if not done or not frames:
            raise _too_large(self._image.size)
        return _shrink(cast(Pixels, frames[0]), wanted)


def _open(source: Path | io.BytesIO) -> Image.Image:
    if not isinstance(source, Path):
        source = io.BytesIO(source.getvalue())  # Pillow closes what it reads from
    return Image.open(source, formats=_FORMATS)


def _to_pixels(image: Image.Image, wanted: tuple[int, int]) -> Pixels:
    image.load()
    factor = min(image.size[0] // wanted[0], image.size[1] // wanted[1])
    if factor < 2 or image.size[0] * image.size[1] < 4 * READING_PIXELS:
        return _shrink(np.asarray(_plain(image)), wanted)
    # Whole multiples first, band by band, so that the copy beside the decoded image stays small.
    bands: list[Pixels] = []
    rows = _BAND_ROWS - _BAND_ROWS % factor
    for top in range(0, image.size[1], rows):
        band = _plain(image.crop((0, top, image.size[0], min(top + rows, image.size[1]))))
        bands.append(np.asarray(band.reduce(factor)))
    return _shrink(np.concatenate(bands), wanted)


def _plain(image: Image.Image) -> Image.Image:
    """The image as 8-bit grey or RGB on white."""
    if image.mode in ("L", "RGB"):
        return image
    if image.mode in _SIXTEEN_BITS or image.mode in ("I", "F"):
        values = np.asarray(image, dtype=np.float32)
        top = float(values.max(initial=0.0))
        full = 65535.0 if top > 255 else 255.0
        return Image.fromarray(np.clip(values * (255.0 / full), 0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        inked = image.convert("RGBA")
        paper = Image.new("RGBA", inked.size, "white")
        return Image.alpha_composite(paper, inked).convert("RGB")
    return image.convert("L" if image.mode == "1" else "RGB")


def _shrink(pixels: Pixels, wanted: tuple[int, int]) -> Pixels:
    height, width = pixels.shape[:2]
    if width <= wanted[0] * 1.02 and height <= wanted[1] * 1.02:
        return np.ascontiguousarray(pixels)
    return cast(Pixels, cv2.resize(pixels, wanted, interpolation=cv2.INTER_AREA))


def _exif_orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except (OSError, ValueError, SyntaxError, TypeError, KeyError):
        return 1  # a damaged tag says nothing about the pixels


def _turn(pixels: Pixels, orientation: int) -> Pixels:
    """Apply the camera's own note on how it was held (EXIF 2.32 tag 0112), as every viewer does."""
    turns = {3: 2, 4: 2, 5: 3, 6: 3, 7: 1, 8: 1}
    turned = np.rot90(pixels, turns.get(orientation, 0))
    if orientation in (2, 4, 5, 7):
        turned = np.fliplr(turned)
    return np.ascontiguousarray(turned)


def _declared_dpi(image: Image.Image) -> int:
    declared = image.info.get("dpi", (0, 0))
    try:
        dpi = round(float(declared[0]))
    except (TypeError, ValueError, ArithmeticError, IndexError):
        return 0
    # 72 and 96 are what programs write when they know nothing.
    return dpi if _DPI_RANGE[0] <= dpi <= _DPI_RANGE[1] and dpi not in (72, 96) else 0


def _too_large(size: tuple[int, int]) -> Invalid:
    return unreadable("T-US-05", found=f"{size[0]:,} x {size[1]:,} px", limit=f"{MAX_PIXELS // 1_000_000} Mpx")


def _detail(error: BaseException) -> str:
    """Why, in a word that holds no path or name."""
    if "truncated" in str(error) or isinstance(error, EOFError):
        return "truncated"
    return "not an image" if isinstance(error, UnidentifiedImageError) else "damaged"
