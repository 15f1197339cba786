"""Skew, blankness, seals, turning and small pictures, on pages drawn here with known faults."""

from __future__ import annotations

import io
import math

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from cunzhen.capture import imaging
from cunzhen.capture.rasters import Pixels

RNG = np.random.default_rng(5)
TEXT = "The applicant meets the conditions of retirement set out above "


def drawn(width: int = 1240, height: int = 1754, lines: int = 30) -> Image.Image:
    """A page of type at 150 dpi."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(24)
    for number in range(lines):
        draw.text((120, 120 + 46 * number), TEXT[number % 9 :] + TEXT[: 9 + number], "black", font)
    return image


def as_pixels(image: Image.Image) -> Pixels:
    return np.asarray(image)


def looked_at(image: Image.Image) -> imaging.Sketch:
    return imaging.sketch(imaging.to_grey(as_pixels(image)))


def faded(image: Image.Image, left: float = 0.2) -> Image.Image:
    return Image.fromarray((255 - (255 - as_pixels(image).astype(float)) * left).astype(np.uint8))


def noisy(image: Image.Image, deviation: float) -> Image.Image:
    pixels = as_pixels(image).astype(float)
    return Image.fromarray((pixels + RNG.normal(0, deviation, pixels.shape)).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("degrees", [-6.0, -3.3, -1.0, -0.4, 0.3, 0.9, 2.0, 5.5])
@pytest.mark.parametrize("worn", [lambda i: i, faded, lambda i: noisy(i, 40)], ids=["clean", "faded", "noisy"])
def test_skew_is_found(degrees: float, worn: object) -> None:
    turned = drawn().rotate(degrees, fillcolor="white", resample=Image.Resampling.BICUBIC)
    page = looked_at(worn(turned))  # type: ignore[operator]
    assert abs(imaging.skew_of(page) - -degrees) <= 0.15


def test_a_level_page_is_left_alone() -> None:
    assert imaging.skew_of(looked_at(drawn())) == 0.0
    assert imaging.skew_of(looked_at(Image.new("RGB", (1240, 1754), "white"))) == 0.0


def lidded(image: Image.Image, widths: tuple[int, int, int, int], tone: int = 20, torn: bool = False) -> Image.Image:
    """The scanner's dark lid round a sheet: left, top, right and bottom, level however the sheet lies."""
    pixels = as_pixels(image).copy()
    left, top, right, bottom = widths
    height, width = pixels.shape[:2]
    pixels[:top] = pixels[height - bottom :] = tone
    pixels[:, width - right :] = tone
    edge = left + (RNG.integers(-6, 7, height).cumsum() % 12 if torn else np.zeros(height, int))
    pixels[np.arange(width) < edge[:, None]] = tone
    return Image.fromarray(pixels)


@pytest.mark.parametrize("degrees", [-3.3, -1.2, -0.5, 0.6, 1.0, 4.0])
@pytest.mark.parametrize("widths", [(30, 60, 20, 10), (0, 90, 0, 0), (110, 0, 110, 0), (14, 14, 14, 14)])
@pytest.mark.parametrize("tone", [0, 25, 70])
def test_the_lid_round_a_sheet_does_not_hide_its_skew(
    degrees: float, widths: tuple[int, int, int, int], tone: int
) -> None:
    """On a sheet of a few lines the edges of the lid are the straightest thing there is."""
    sheet = drawn(lines=5).rotate(degrees, fillcolor="white", resample=Image.Resampling.BICUBIC)
    assert abs(imaging.skew_of(looked_at(lidded(sheet, widths, tone, torn=True))) - -degrees) <= 0.15


def test_a_level_sheet_under_a_lid_is_left_alone() -> None:
    assert imaging.skew_of(looked_at(lidded(drawn(), (40, 40, 40, 40), torn=True))) == 0.0
    assert imaging.marks(looked_at(lidded(Image.new("RGB", (1240, 1754), "white"), (40, 40, 40, 40), torn=True))) == 0


def test_what_is_no_lid_stays_ink() -> None:
    """Rules and type that reach the edge, a photograph in the middle, a page of which nearly all is dark."""
    page = drawn(lines=8)
    draw = ImageDraw.Draw(page)
    for at in (700, 760, 820):
        draw.line((0, at, 1240, at), "black", 4)
    draw.line((300, 0, 300, 1754), "black", 6)
    draw.text((-6, 900), TEXT, "black", ImageFont.load_default(40))
    draw.rectangle((500, 1000, 800, 1400), "black")
    assert not imaging._surround(looked_at(page).grey).any()
    dark = Image.fromarray(255 - as_pixels(drawn()))
    assert not imaging._surround(looked_at(dark).grey).any()


def test_straightening_loses_no_corner_and_levels_the_lines() -> None:
    page = as_pixels(drawn())
    marked = page.copy()
    marked[:12, :12] = (0, 0, 255)
    marked[-12:, -12:] = (0, 0, 255)
    turned = imaging.upright(marked, 0, 4.0)
    angle = math.radians(4)
    assert turned.shape[1] == math.ceil(1240 * math.cos(angle) + 1754 * math.sin(angle))
    blue = (turned[..., 2] > 180) & (turned[..., 0] < 90)
    assert blue.sum() > 200
    rows = np.nonzero(blue.any(axis=1))[0]
    assert rows.min() < 110
    assert rows.max() > turned.shape[0] - 110


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_turning_is_clockwise(rotation: int) -> None:
    page = np.full((20, 10), 255, np.uint8)
    page[0, 0] = 0
    corner = {90: (0, 19), 180: (19, 9), 270: (9, 0)}[rotation]
    turned = imaging.upright(page, rotation, 0.0)
    assert turned[corner] == 0
    assert (turned == 0).sum() == 1


def test_lines_running_down_the_page_are_noticed() -> None:
    page = drawn()
    assert not imaging.is_sideways(looked_at(page))
    assert imaging.is_sideways(looked_at(page.rotate(90, expand=True)))


@pytest.mark.parametrize("worn", [lambda i: i, faded, lambda i: noisy(i, 30)], ids=["clean", "faded", "noisy"])
def test_blank_follows_the_contrast(worn: object) -> None:
    sheet = Image.new("RGB", (1240, 1754), (246, 240, 228))
    numbered = sheet.copy()
    ImageDraw.Draw(numbered).text((620, 1650), "1", "black", ImageFont.load_default(28))
    assert imaging.marks(looked_at(worn(sheet))) == 0  # type: ignore[operator]
    assert imaging.marks(looked_at(worn(numbered))) >= 1  # type: ignore[operator]
    assert imaging.marks(looked_at(worn(drawn()))) > 100  # type: ignore[operator]


def test_dust_and_the_scanners_edge_are_no_marks() -> None:
    sheet = np.full((3508, 2480), 250, np.uint8)
    for x, y in RNG.integers(60, 2400, (150, 2)):
        sheet[y : y + 3, x : x + 3] = 0
    sheet[:, :40] = 0
    assert imaging.marks(imaging.sketch(sheet)) == 0


def sealed(
    image: Image.Image, centre: tuple[int, int], radius: int = 118, ink: tuple[int, int, int] = (200, 30, 40)
) -> Image.Image:
    layer = Image.new("RGB", image.size, "white")
    draw = ImageDraw.Draw(layer)
    x, y = centre
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=ink, width=8)
    draw.regular_polygon((x, y, radius // 3), 5, fill=ink)
    layer = layer.filter(ImageFilter.GaussianBlur(0.7))
    return Image.fromarray((as_pixels(image).astype(int) * as_pixels(layer) // 255).astype(np.uint8))


@pytest.mark.parametrize("ink", [(200, 30, 40), (225, 120, 125), (235, 160, 160)], ids=["fresh", "pale", "faint"])
def test_seals_are_found_and_lifted_off_the_type(ink: tuple[int, int, int]) -> None:
    page = drawn()
    stamped = sealed(page, (500, 600), ink=ink)
    found = imaging.seals(as_pixels(stamped))
    assert len(found) == 1
    x0, y0, x1, y1 = found[0]
    assert x0 <= 384
    assert y0 <= 484
    assert x1 >= 616
    assert y1 >= 716
    clean = imaging.without_red(as_pixels(stamped), found)
    wanted, before = imaging.to_grey(as_pixels(page)), imaging.to_grey(as_pixels(stamped))
    area = np.s_[484:716, 384:616]
    residue = np.abs(clean[area].astype(int) - wanted[area]).mean()
    assert residue < 0.4 * np.abs(before[area].astype(int) - wanted[area]).mean()
    assert (clean[area][wanted[area] < 60] < 110).mean() > 0.95


def test_no_seals_on_yellow_paper_grey_pages_or_red_headings() -> None:
    yellow = np.asarray(drawn()) * np.array([1.0, 0.93, 0.75])
    assert imaging.seals(yellow.astype(np.uint8)) == []
    assert imaging.seals(imaging.to_grey(as_pixels(drawn()))) == []
    heading = drawn()
    ImageDraw.Draw(heading).text((150, 20), "COUNTY INSURANCE OFFICE", (215, 20, 30), ImageFont.load_default(70))
    assert imaging.seals(as_pixels(heading)) == []


def test_the_other_side_is_wiped_but_a_faded_page_is_not() -> None:
    page = imaging.to_grey(as_pixels(drawn(lines=15)))
    back = cv2.GaussianBlur(np.ascontiguousarray(np.fliplr(imaging.to_grey(as_pixels(drawn(lines=30))))), (0, 0), 2)
    through = np.minimum(page, 255 - (255 - back.astype(int)) * 15 // 100).astype(np.uint8)
    wiped = imaging.without_ghosts(through, imaging.sketch(through))
    assert (wiped[900:] == 255).all()
    assert (wiped[100:800] < 60).sum() > 0.95 * (page[100:800] < 60).sum()
    pale = imaging.to_grey(as_pixels(faded(drawn())))
    assert np.array_equal(imaging.without_ghosts(pale, imaging.sketch(pale)), pale)


def test_a_fax_is_softened_and_a_grey_page_is_not() -> None:
    grey = imaging.to_grey(as_pixels(drawn()))
    fax = np.where(grey < 128, 0, 255).astype(np.uint8)
    soft = imaging.softened(fax)
    assert len(np.unique(soft)) > 50
    assert np.abs(soft.astype(int) - fax).max() < 220
    assert imaging.softened(grey) is grey


def test_thumbnails_are_small_and_upright() -> None:
    picture = Image.open(io.BytesIO(imaging.thumbnail(as_pixels(drawn().rotate(90, expand=True)), 90)))
    assert picture.size == (200, 283)
    assert picture.format == "JPEG"
