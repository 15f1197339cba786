"""What happened to a page before and on the scanner: carbon copies, fax machines, telephones held over a desk."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..draw_samples.raster import Box, Drawn
from ..draw_samples.scan import Scan, Scanned, scan

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Wear:
    """A scan, and what else the page went through: ``copy`` is "", carbon, fax, photo or pale."""

    how: Scan = field(default_factory=Scan)
    copy: str = ""

    def defects(self) -> list[str]:
        """Names of the defects, in the words of the first set where it has them."""
        extra = {
            "carbon": ["carbon_copy"],
            "fax": ["fax", "bilevel"],
            "photo": ["perspective", "shadow"],
            "pale": ["low_contrast"],
        }
        return self.how.defects() + extra.get(self.copy, [])


def worn(drawn: Drawn, wear: Wear, rng: random.Random) -> Scanned:
    """Age and scan a page; boxes hold on the upright, straightened picture."""
    noise = np.random.default_rng(rng.getrandbits(32))
    if wear.copy == "carbon":
        drawn = replace(drawn, image=_carbon(drawn.image, noise))
    elif wear.copy == "pale":
        drawn = replace(drawn, image=_pale(drawn.image))
    result = scan(drawn, wear.how, rng)
    if wear.copy == "fax":
        return replace(result, image=_fax(result.image, noise))
    return _photo(result, noise) if wear.copy == "photo" else result


def _carbon(image: Image.Image, noise: np.random.Generator) -> Image.Image:
    """The sheet under the carbon paper: blue, soft, uneven, a little doubled."""
    grey = np.asarray(image.convert("L")).astype(np.float32)
    dark = 1 - grey / 255
    soft = cv2.GaussianBlur(np.maximum(dark, np.roll(dark, (1, 2), (0, 1)) * 0.55), (0, 0), 1.0)
    cloud = cv2.resize(noise.uniform(0.55, 1.0, (14, 10)).astype(np.float32), image.size, interpolation=cv2.INTER_CUBIC)
    smear = cv2.resize(noise.uniform(0, 0.1, (24, 16)).astype(np.float32), image.size, interpolation=cv2.INTER_CUBIC)
    ink = np.clip(soft * cloud * 0.92 + smear * 0.5, 0, 1)[:, :, None]
    paper, blue = np.array([246, 240, 226], np.float32), np.array([66, 66, 128], np.float32)
    return Image.fromarray((paper * (1 - ink) + blue * ink).astype(np.uint8))


def _pale(image: Image.Image) -> Image.Image:
    """A copy made with the last of the toner on grey paper."""
    values = np.asarray(image.convert("L")).astype(np.float32)
    values = 206 - (255 - values) * 0.36
    return Image.fromarray(values.astype(np.uint8)).convert("RGB")


def _fax(image: Image.Image, noise: np.random.Generator) -> Image.Image:
    """A coarse one-bit picture: half the lines, ragged edges, a few lost rows and one dirty streak."""
    grey = np.asarray(image.convert("L"))
    height, width = grey.shape
    coarse = cv2.resize(grey, (round(width * 0.92), round(height * 0.72)), interpolation=cv2.INTER_AREA)
    rough = coarse.astype(np.float32) + noise.normal(0, 11, coarse.shape)
    bits = np.where(rough < 178, 0, 255).astype(np.uint8)
    for row in noise.integers(0, bits.shape[0], 4):
        bits[row] = 255
    streak = int(bits.shape[1] * 0.93)
    bits[noise.random(bits.shape[0]) < 0.8, streak] = 0
    back = cv2.resize(bits, (width, height), interpolation=cv2.INTER_NEAREST)
    back = np.where(_watermark(grey), 0, back).astype(np.uint8)
    return Image.fromarray(back).convert("1", dither=Image.Dither.NONE)


def _watermark(grey: Pixels) -> NDArray[np.bool_]:
    """Sparse dots where the light 样本 was, so that the mark outlives the machine."""
    calm = cv2.medianBlur(grey, 9).astype(np.int16)
    faint = np.abs(calm - (int(np.median(grey)) - 9)) <= 4
    inner = cv2.erode(faint.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    dots = np.zeros(grey.shape, np.bool_)
    dots[::10, ::10] = True
    return inner & dots


def _photo(result: Scanned, noise: np.random.Generator) -> Scanned:
    """Taken from above on a table, not quite straight, with the shadow of an arm."""
    page = np.asarray(result.image.convert("RGB"))
    height, width = page.shape[:2]
    size = (round(width * 1.14), round(height * 1.1))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.array(
        [
            [size[0] * 0.095, size[1] * 0.045],
            [size[0] * 0.925, size[1] * 0.07],
            [size[0] * 0.975, size[1] * 0.965],
            [size[0] * 0.03, size[1] * 0.945],
        ],
        np.float32,
    )
    matrix = cv2.getPerspectiveTransform(corners, seen)
    wood = _table(size, noise)
    inside = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, size)
    shot = cv2.warpPerspective(page, matrix, size, flags=cv2.INTER_CUBIC)
    edge = cv2.GaussianBlur(inside, (0, 0), 1.2).astype(np.float32)[:, :, None] / 255
    mixed = shot * edge + wood * (1 - edge)
    mixed = mixed * _shade(size)[:, :, None] + noise.normal(0, 3.0, (size[1], size[0]))[:, :, None]
    picture = Image.fromarray(mixed.clip(0, 255).astype(np.uint8))
    lines = tuple(replace(line, box=_through(line.box, matrix)) for line in result.lines)
    seals = tuple(replace(seal, box=_through(seal.box, matrix)) for seal in result.seals)
    return Scanned(picture, *size, lines, seals)


def _table(size: tuple[int, int], noise: np.random.Generator) -> NDArray[np.float32]:
    grain = cv2.resize(noise.normal(0, 1, (size[1] // 3, 12)).astype(np.float32), size)
    base = np.array([128, 98, 72], np.float32)
    return (base + cv2.GaussianBlur(grain, (0, 0), 2)[:, :, None] * 16).astype(np.float32)


def _shade(size: tuple[int, int]) -> NDArray[np.float32]:
    """Lamp at the upper left, an arm's shadow across the lower right with a soft edge."""
    across = np.linspace(0, 1, size[0], dtype=np.float32)[None, :]
    down = np.linspace(0, 1, size[1], dtype=np.float32)[:, None]
    lamp = 0.99 - 0.2 * across - 0.1 * down
    arm = 1 / (1 + np.exp(-(across * 0.9 + down - 1.28) * 26))
    light: NDArray[np.float32] = (lamp * (1 - 0.36 * arm)).astype(np.float32)
    return light


def _through(box: Box, matrix: cv2.typing.MatLike) -> Box:
    x0, y0, x1, y1 = box
    points = np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]], np.float32)
    moved = cv2.perspectiveTransform(points, matrix)[0]
    low, high = np.floor(moved.min(axis=0)).astype(int), np.ceil(moved.max(axis=0)).astype(int)
    return (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
