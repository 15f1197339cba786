"""Scanned pages made ready to be read and seen: skew, blankness, seals, turning, thumbnails, viewing copies.

All decisions are made on a copy of about 75 dpi (``sketch``), which keeps a page under a tenth of a CPU second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cunzhen.capture.rasters import Pixels

THUMBNAIL_WIDTH = 200
SKETCH_SIDE = 880  # A4 at 75 dpi
LEAST_SKEW = 0.15  # degrees; below it turning blurs more than it straightens
_MOST_SKEW = 8.0
_INK_POINTS = 24_000
_FEWEST_INK_POINTS = 200
_LEAST_SHARPNESS = 1.03  # how much better the best angle must be than an upright page
_SIDEWAYS_RATIO = 1.25
_RULE = 25  # pixels at 75 dpi: straight ink longer than this is a rule
_WINDOW = 64
_WINDOW_INK = 150
_MARK_AREA = 14  # pixels at 75 dpi: the digit 1 of a page number has more, a speck of dust less
_EDGE = 0.015
_RED_OVER_PAPER = 24
_SEAL_SIDE = 28  # pixels at 75 dpi: about 9.5 mm, the smallest name seal
_SEAL_GAP = 9
_SEAL_ASPECT = 2.6
_SEAL_FILL = 0.04
_LEAST_PAPER = 110  # median grey below which the picture is no dark type on lighter paper
_LID = 0.45  # share of the paper's grey below which the surroundings are dark
_LID_WIDTH = 5  # pixels at 75 dpi: thicker than strokes and rules
_GHOST = 0.16  # share of the contrast below which a mark is no type
_LEAST_CONTRAST = 60
_SOFT = 0.8  # pixels

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A page at about 75 dpi.

    Args:
        grey: its grey values. scale: pixels of the page for one of the sketch.
        ink: where something darker than its surroundings stands (1) or not (0).
    """

    grey: Pixels
    scale: float
    ink: Pixels


def to_grey(pixels: Pixels) -> Pixels:
    """Grey values of an RGB or grey page."""
    return pixels if pixels.ndim == 2 else cast(Pixels, cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))


def softened(grey: Pixels) -> Pixels:
    """A page of pure black and white with the steps of its edges smoothed; others as they are.

    Readers shrink a page without filtering, which tears the thin strokes of a fax.
    """
    sample = grey[::7, ::7]
    if np.count_nonzero((sample > 0) & (sample < 255)):
        return grey
    return cast(Pixels, cv2.GaussianBlur(grey, (0, 0), _SOFT))


def sketch(grey: Pixels) -> Sketch:
    """Reduce a page and mark its ink with a threshold that follows the local contrast and the noise."""
    scale = max(1.0, max(grey.shape) / SKETCH_SIDE)
    size = (max(1, round(grey.shape[1] / scale)), max(1, round(grey.shape[0] / scale)))
    small = cast(Pixels, cv2.resize(grey, size, interpolation=cv2.INTER_AREA)) if scale > 1 else grey
    # A faded page has strokes 30 levels below its paper, a noisy one has grains that deep: the floor follows the noise.
    floor = max(9.0, 4.5 * _noise(small))
    ink = cv2.adaptiveThreshold(small, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, floor)
    ink[_surround(small) > 0] = 0
    return Sketch(small, scale, cast(Pixels, ink))


def _surround(small: Pixels) -> Pixels:
    """Where the scanner's dark lid shows round the sheet (1): its edges are level however the sheet lies.

    It is as dark as type, reaches the edge of the picture, and is thicker than any stroke or rule that does so too.
    """
    nothing = np.zeros_like(small)
    paper = float(np.median(small))
    if paper < _LEAST_PAPER:
        return nothing
    dark = (small < _LID * paper).astype(np.uint8)
    # Beyond the picture the lid goes on: a narrow rim of it counts as thick.
    square = np.ones((_LID_WIDTH, _LID_WIDTH), np.uint8)
    thick = cv2.dilate(cv2.erode(dark, square, borderType=cv2.BORDER_CONSTANT, borderValue=1), square)
    _, labels = cv2.connectedComponents(thick, connectivity=8)
    at_edge = np.unique(np.concatenate((labels[0], labels[-1], labels[:, 0], labels[:, -1])))
    lid = (np.isin(labels, at_edge[at_edge > 0])).astype(np.uint8)
    grown = cv2.dilate(lid, np.ones((2 * _LID_WIDTH + 1, 2 * _LID_WIDTH + 1), np.uint8))
    return cast(Pixels, np.bitwise_and(grown, dark))


def _noise(small: Pixels) -> float:
    """Standard deviation of the grain, from the median of the second differences (robust against strokes)."""
    second = cv2.Laplacian(small, cv2.CV_16S)
    return float(np.median(np.abs(second))) / (0.6745 * math.sqrt(20))


def marks(page: Sketch) -> int:
    """How many things of a character's size or more stand on the page; dust and the scanner's edges do not count."""
    height, width = page.ink.shape
    count, _, stats, _ = cv2.connectedComponentsWithStats(page.ink, connectivity=8)
    if count <= 1:
        return 0
    left, top, wide, high, area = (stats[1:, i] for i in range(5))
    edge = max(3, round(_EDGE * max(page.ink.shape)))
    inside = (left > edge) & (top > edge) & (left + wide < width - edge) & (top + high < height - edge)
    return int(np.count_nonzero(inside & (area >= _MARK_AREA) & (high >= 4) & (wide >= 2)))


def is_sideways(page: Sketch) -> bool:
    """Whether lines run down the page: within small windows far more columns than rows are free of ink."""
    across = cv2.morphologyEx(page.ink, cv2.MORPH_OPEN, np.ones((1, _RULE), np.uint8))
    down = cv2.morphologyEx(page.ink, cv2.MORPH_OPEN, np.ones((_RULE, 1), np.uint8))
    # The rules of a table lie both ways and tell nothing.
    type_ = cv2.subtract(page.ink, cv2.max(across, down))
    height, width = (side // _WINDOW * _WINDOW for side in type_.shape)
    windows = type_[:height, :width].reshape(height // _WINDOW, _WINDOW, width // _WINDOW, _WINDOW)
    full = windows.sum(axis=(1, 3)) >= _WINDOW_INK
    free_rows = int((~windows.any(axis=3)).sum(axis=1)[full].sum())
    free_columns = int((~windows.any(axis=1)).sum(axis=2)[full].sum())
    return free_columns > _SIDEWAYS_RATIO * (free_rows + _WINDOW)


def skew_of(page: Sketch) -> float:
    """Degrees, counter-clockwise positive, by which the page must be turned for its lines to be level.

    The angle whose projection of the ink on the vertical is sharpest (imaging by projection profile); 0.0 where no
    angle is clearly better than none.
    """
    ys, xs = np.nonzero(page.ink)
    if len(xs) < _FEWEST_INK_POINTS:
        return 0.0
    if len(xs) > _INK_POINTS:
        keep = np.random.default_rng(1).choice(len(xs), _INK_POINTS, replace=False)
        xs, ys = xs[keep], ys[keep]
    x, y = xs.astype(np.float32), ys.astype(np.float32)
    best = 0.0
    for step, reach in ((1.0, _MOST_SKEW), (0.25, 1.0), (0.05, 0.25)):
        angles = best + np.arange(-reach, reach + step / 2, step)
        best = float(angles[int(np.argmax([_sharpness(x, y, a) for a in angles]))])
    if abs(best) < LEAST_SKEW or _sharpness(x, y, best) < _LEAST_SHARPNESS * _sharpness(x, y, 0.0):
        return 0.0
    return round(best, 2)


def _sharpness(x: NDArray[np.float32], y: NDArray[np.float32], degrees: float) -> float:
    angle = math.radians(degrees)
    # Turning by a counter-clockwise angle moves a point at x up by x*sin(angle) on a page whose y grows downwards.
    levels = y * math.cos(angle) - x * math.sin(angle)
    counts = np.bincount((levels - levels.min()).astype(np.int32)).astype(np.float64)
    return float(np.square(counts).sum())


def upright(pixels: Pixels, rotation: int, skew: float) -> Pixels:
    """Turn a stored page upright, then straighten it on a canvas that loses no corner.

    Args:
        rotation: clockwise degrees, 0, 90, 180 or 270.
        skew: counter-clockwise degrees.
    """
    turns = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    turned = cast(Pixels, cv2.rotate(pixels, turns[rotation])) if rotation in turns else pixels
    if not skew:
        return turned
    height, width = turned.shape[:2]
    cos, sin = math.cos(math.radians(skew)), abs(math.sin(math.radians(skew)))
    size = (math.ceil(width * cos + height * sin), math.ceil(height * cos + width * sin))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), skew, 1.0)
    matrix[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    paper = [float(v) for v in np.atleast_1d(np.median(turned[::16, ::16], axis=(0, 1)))]
    return cast(Pixels, cv2.warpAffine(turned, matrix, size, flags=cv2.INTER_LINEAR, borderValue=paper))


def seals(pixels: Pixels) -> list[Box]:
    """Boxes (x0, y0, x1, y1) in page pixels of the red seals on a page; empty for grey pages.

    Red is measured against the page's own paper, so that yellowed sheets have no seals and faint ones keep theirs.
    Rows of red type (the heads of official letters) are wider than any seal and stay.
    """
    if pixels.ndim == 2:
        return []
    scale = max(1.0, max(pixels.shape[:2]) / SKETCH_SIDE)
    size = (max(1, round(pixels.shape[1] / scale)), max(1, round(pixels.shape[0] / scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.int16)
    redness = small[..., 0] - np.maximum(small[..., 1], small[..., 2])
    red = (redness - int(np.median(redness)) > _RED_OVER_PAPER).astype(np.uint8)
    if not red.any():
        return []
    red = cast(NDArray[np.uint8], cv2.morphologyEx(red, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)))
    joined = cv2.morphologyEx(red, cv2.MORPH_CLOSE, np.ones((_SEAL_GAP, _SEAL_GAP), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found: list[Box] = []
    for number in range(1, count):
        x, y, wide, high, _ = (int(v) for v in stats[number])
        inked = int(np.count_nonzero(red[y : y + high, x : x + wide]))
        if min(wide, high) < _SEAL_SIDE or max(wide, high) > _SEAL_ASPECT * min(wide, high):
            continue
        if inked < _SEAL_FILL * wide * high:
            continue
        margin = 3
        box = (x - margin, y - margin, x + wide + margin, y + high + margin)
        found.append(_clip(tuple(round(v * scale) for v in box), pixels))
    return _merged(found)


def _merged(boxes: Sequence[Box]) -> list[Box]:
    """Boxes that overlap made one: a seal's star stands apart from its ring."""
    merged: list[Box] = []
    for box in sorted(boxes, key=lambda b: (b[0] - b[2]) * (b[3] - b[1])):
        for number, other in enumerate(merged):
            if box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]:
                merged[number] = (
                    min(box[0], other[0]),
                    min(box[1], other[1]),
                    max(box[2], other[2]),
                    max(box[3], other[3]),
                )
                break
        else:
            merged.append(box)
    return merged


def _clip(box: Sequence[int], pixels: Pixels) -> Box:
    height, width = pixels.shape[:2]
    return (max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3]))


def without_red(pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
    """Grey page on which the seals are gone: within their boxes the red channel shows red ink as paper.

    Black type under a seal stays, because it is dark in every channel.
    """
    grey = to_grey(pixels).copy()
    for x0, y0, x1, y1 in boxes:
        patch = pixels[y0:y1, x0:x1].astype(np.int16)
        channel = patch[..., 0]
        paper = float(np.percentile(channel, 95))
        redness = channel - np.maximum(patch[..., 1], patch[..., 2])
        inked = channel[redness > _RED_OVER_PAPER]
        if inked.size == 0 or paper < 1:
            continue
        # Everything at least as bright as most of the seal becomes paper.
        level = max(60.0, float(np.percentile(inked, 25)))
        grey[y0:y1, x0:x1] = np.clip(channel * (paper / min(level, paper)), 0, paper).astype(np.uint8)
    return grey


def without_ghosts(grey: Pixels, page: Sketch) -> Pixels:
    """Page on which what is far fainter than its type becomes paper: the other side showing through, and grain.

    The white point follows the page's own contrast, so that a faded page, all of whose type is faint, keeps it.
    """
    ink = page.grey[page.ink > 0]
    if ink.size < _FEWEST_INK_POINTS:
        return grey
    paper, type_ = float(np.median(page.grey)), float(np.percentile(ink, 10))
    contrast = paper - type_
    if contrast < _LEAST_CONTRAST:
        return grey
    white = paper - _GHOST * contrast
    levels = np.arange(256, dtype=np.float32)
    # From the white point upwards paper; a short ramp below it keeps the soft edges of type.
    soft = white - _GHOST * contrast
    table = np.interp(levels, (0, soft, white, 255), (0, soft, paper, max(paper, 255))).astype(np.uint8)
    return cast(Pixels, cv2.LUT(grey, table))


def encode_jpeg(pixels: Pixels, width: int, quality: int) -> bytes:
    """JPEG of a page brought to a width; never made larger than it is."""
    height = max(1, round(pixels.shape[0] * width / pixels.shape[1]))
    if width < pixels.shape[1]:
        pixels = cast(Pixels, cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
    if pixels.ndim == 3:
        pixels = cast(Pixels, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    _, encoded = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 0))
    return encoded.tobytes()


def reduced(pixels: Pixels) -> Pixels:
    """A copy just large enough to make a thumbnail from."""
    longest = 3 * THUMBNAIL_WIDTH
    if max(pixels.shape[:2]) <= longest:
        return pixels
    factor = longest / max(pixels.shape[:2])
    size = (max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor)))
    return cast(Pixels, cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def thumbnail(pixels: Pixels, rotation: int = 0, skew: float = 0.0) -> bytes:
    """Upright JPEG, 200 pixels wide."""
    return encode_jpeg(upright(reduced(pixels), rotation, skew), THUMBNAIL_WIDTH, 70)
