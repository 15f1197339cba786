"""Draws a sheet as a picture and tells where every line came to stand."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .fonts import font
from .sheet import MM_PER_POINT, Patch, Portrait, Rule, Run, Seal, Sheet

Box = tuple[int, int, int, int]
WATERMARK = "样本"


@dataclass(frozen=True)
class Line:
    """A line as drawn: text, box in pixels of the upright page, and what made it (print, hand, stamp, struck)."""

    text: str
    box: Box
    role: str


@dataclass(frozen=True)
class Drawn:
    """A picture of a sheet with its lines and seals in reading order."""

    image: Image.Image
    lines: tuple[Line, ...]
    seals: tuple[Line, ...]


def draw(sheet: Sheet, dpi: int, rng: random.Random, *, watermark: bool = True) -> Drawn:
    """Draw the sheet at a resolution; the same random state draws the same picture."""
    scale = dpi / 25.4
    size = (round(sheet.width * scale), round(sheet.height * scale))
    image = Image.new("RGB", size, sheet.paper)
    if watermark:
        _watermark(image, scale)
    pen = ImageDraw.Draw(image)
    lines: list[Line] = []
    seals: list[Line] = []
    for mark in sheet.marks:
        if isinstance(mark, Run):
            lines.append(_run(image, pen, mark, scale, rng))
        elif isinstance(mark, Rule):
            ends = [round(v * scale) for v in (mark.x0, mark.y0, mark.x1, mark.y1)]
            pen.line(ends, fill=mark.ink, width=max(1, round(mark.width * scale)))
        elif isinstance(mark, Patch):
            _patch(pen, mark, scale)
        elif isinstance(mark, Portrait):
            _portrait(pen, mark, scale)
    for mark in sheet.marks:
        if isinstance(mark, Seal):
            seals.append(_seal(image, mark, scale, rng))
    return Drawn(image, tuple(lines), tuple(seals))


def _watermark(image: Image.Image, scale: float) -> None:
    """A large light 样本 across the page, twice: seen by people, too faint to be read as text."""
    tone = tuple(max(0, c - 9) for c in image.getpixel((5, 5))[:3])  # type: ignore[index]
    width, height = image.size
    face = font("song-bold", round(70 * scale))
    layer = Image.new("L", (round(160 * scale), round(90 * scale)))
    ImageDraw.Draw(layer).text((layer.width / 2, layer.height / 2), WATERMARK, font=face, fill=255, anchor="mm")
    turned = layer.rotate(32, expand=True, resample=Image.Resampling.BICUBIC)
    for y in (0.29, 0.72) if height > width else (0.5,):
        image.paste(tone, (round(width / 2 - turned.width / 2), round(height * y - turned.height / 2)), turned)


def _run(image: Image.Image, pen: ImageDraw.ImageDraw, run: Run, scale: float, rng: random.Random) -> Line:
    pixels = round(run.size * MM_PER_POINT * scale)
    face = font(run.face, pixels)
    if run.vertical:
        return _vertical(pen, run, scale, pixels)
    track = run.track * scale
    total = float(face.getlength(run.text)) + track * (len(run.text) - 1)
    x = run.x * scale - {"l": 0.0, "m": total / 2, "r": total}[run.anchor]
    y = run.y * scale
    if run.hand:
        box = _written(image, run, x, y, pixels, rng)
    elif track:
        box = _spaced(pen, run, x, y, pixels, track)
    else:
        pen.text((x, y), run.text, font=face, fill=run.ink, anchor="lm")
        box = _whole(pen.textbbox((x, y), run.text, font=face, anchor="lm"))
    if run.struck:
        _strike(pen, run, box, scale, rng)
    return Line(run.text, box, run.role)


def _spaced(pen: ImageDraw.ImageDraw, run: Run, x: float, y: float, pixels: int, track: float) -> Box:
    face = font(run.face, pixels)
    boxes = []
    for char in run.text:
        pen.text((x, y), char, font=face, fill=run.ink, anchor="lm")
        boxes.append(pen.textbbox((x, y), char, font=face, anchor="lm"))
        x += float(face.getlength(char)) + track
    return _union(boxes)


def _vertical(pen: ImageDraw.ImageDraw, run: Run, scale: float, pixels: int) -> Line:
    face = font(run.face, pixels)
    step = pixels + run.track * scale
    x, y = run.x * scale, run.y * scale - step * (len(run.text) - 1) / 2
    boxes = []
    for char in run.text:
        pen.text((x, y), char, font=face, fill=run.ink, anchor="mm")
        boxes.append(pen.textbbox((x, y), char, font=face, anchor="mm"))
        y += step
    return Line(run.text, _union(boxes), run.role)


def _written(image: Image.Image, run: Run, x: float, y: float, pixels: int, rng: random.Random) -> Box:
    """Characters one by one, each a little off in place, size, slope and pressure, along a line that drifts."""
    drift = rng.uniform(-0.012, 0.012)
    lean = rng.uniform(-3, 1)
    start, boxes = x, []
    for char in run.text:
        size = max(8, round(pixels * rng.uniform(0.93, 1.06)))
        face = font("kai-gb" if char in "，。；：、" else run.face, size)
        if char.isspace():
            x += float(face.getlength(char))
            continue
        tile = Image.new("L", (size * 2, size * 2))
        ImageDraw.Draw(tile).text((size, size), char, font=face, fill=rng.randint(205, 255), anchor="mm")
        tile = tile.rotate(lean + rng.uniform(-3, 3), resample=Image.Resampling.BICUBIC)
        advance = float(face.getlength(char))
        left = round(x + advance / 2 - size + rng.uniform(-0.02, 0.02) * pixels)
        top = round(y - size + (x - start) * drift + rng.uniform(-0.04, 0.04) * pixels)
        image.paste(run.ink, (left, top), tile)
        bounds = tile.getbbox()
        if bounds:
            boxes.append((left + bounds[0], top + bounds[1], left + bounds[2], top + bounds[3]))
        x += advance * rng.uniform(0.94, 1.0)
    return _union(boxes)


def _strike(pen: ImageDraw.ImageDraw, run: Run, box: Box, scale: float, rng: random.Random) -> None:
    for _ in range(2):
        middle = (box[1] + box[3]) / 2
        ends = [box[0] - 4, middle + rng.uniform(-6, 6), box[2] + 4, middle + rng.uniform(-6, 6)]
        pen.line(ends, fill=run.ink, width=max(2, round(0.35 * scale)))


def _patch(pen: ImageDraw.ImageDraw, patch: Patch, scale: float) -> None:
    box = [round(v * scale) for v in (patch.x, patch.y, patch.x + patch.w, patch.y + patch.h)]
    width = max(1, round(0.3 * scale))
    pen.rounded_rectangle(box, round(patch.radius * scale), patch.fill, patch.outline, width if patch.outline else 0)


def _portrait(pen: ImageDraw.ImageDraw, mark: Portrait, scale: float) -> None:
    x, y, w, h = (v * scale for v in (mark.x, mark.y, mark.w, mark.h))
    pen.rectangle([x, y, x + w, y + h], fill=(206, 203, 196), outline=(150, 146, 140))
    pen.ellipse([x + 0.3 * w, y + 0.18 * h, x + 0.7 * w, y + 0.55 * h], fill=(143, 139, 129))
    pen.pieslice([x + 0.12 * w, y + 0.6 * h, x + 0.88 * w, y + 1.36 * h], 180, 360, fill=(120, 116, 108))


def _seal(image: Image.Image, seal: Seal, scale: float, rng: random.Random) -> Line:
    """Press a seal: its ink is multiplied onto what is on the page."""
    mask = _seal_mask(seal, scale, rng)
    side = mask.width
    left, top = round(seal.x * scale - side / 2), round(seal.y * scale - side / 2)
    layer = Image.new("RGB", mask.size, (255, 255, 255))
    layer.paste(seal.ink, (0, 0), mask)
    area = (left, top, left + side, top + side)
    image.paste(ImageChops.multiply(image.crop(area), layer), (left, top))
    return Line(seal.ring + seal.bottom, area, f"seal-{seal.shape}")


def pressed(seal: Seal, dpi: int, rng: random.Random) -> Image.Image:
    """The seal alone on a transparent ground, as electronic papers carry it."""
    mask = _seal_mask(seal, dpi / 25.4, rng)
    picture = Image.new("RGBA", mask.size, (*seal.ink, 0))
    picture.putalpha(mask)
    return picture


def _seal_mask(seal: Seal, scale: float, rng: random.Random) -> Image.Image:
    side = round(seal.size * scale * 1.15)
    mask = Image.new("L", (side, side))
    pen = ImageDraw.Draw(mask)
    radius = seal.size * scale / 2
    flat = 0.66 if seal.shape == "oval" else 1.0
    rim = max(2, round(radius * 0.055))
    middle = side / 2
    pen.ellipse(
        [middle - radius, middle - radius * flat, middle + radius, middle + radius * flat], outline=255, width=rim
    )
    _ring(mask, seal, radius, flat)
    if seal.shape == "round":
        _star(pen, middle, middle, radius * 0.3)
    if seal.bottom:
        below = middle + radius * (0.56 if seal.shape == "round" else 0.08)
        pen.text((middle, below), seal.bottom, font=font("song-bold", round(radius * 0.24)), fill=255, anchor="mm")
    return _uneven(mask.rotate(seal.angle, resample=Image.Resampling.BICUBIC), seal.strength, rng)


def _ring(mask: Image.Image, seal: Seal, radius: float, flat: float) -> None:
    size = max(8, round(radius * (0.3 if len(seal.ring) <= 10 else 0.25)))
    face = font("song", size)
    sweep = min(250.0, 22.0 * len(seal.ring)) if seal.shape == "round" else min(230.0, 19.0 * len(seal.ring))
    middle = mask.width / 2
    for number, char in enumerate(seal.ring):
        angle = -sweep / 2 + sweep * number / max(1, len(seal.ring) - 1)
        tile = Image.new("L", (size * 2, size * 2))
        ImageDraw.Draw(tile).text((size, size), char, font=face, fill=255, anchor="mm")
        tile = tile.rotate(-angle * (1 if flat == 1.0 else 0.8), resample=Image.Resampling.BICUBIC)
        reach = radius * 0.76
        x = middle + reach * math.sin(math.radians(angle))
        y = middle - reach * flat * (0.97 if flat == 1.0 else 0.9) * math.cos(math.radians(angle))
        mask.paste(255, (round(x - size), round(y - size)), tile)


def _star(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    points = []
    for number in range(10):
        reach = radius if number % 2 == 0 else radius * 0.382
        angle = math.radians(-90 + 36 * number)
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    pen.polygon(points, fill=255)


def _uneven(mask: Image.Image, strength: float, rng: random.Random) -> Image.Image:
    generator = np.random.default_rng(rng.getrandbits(32))
    coarse = generator.uniform(0.55, 1.0, (9, 9)).astype(np.float32)
    cloud = Image.fromarray((coarse * 255).astype(np.uint8)).resize(mask.size, Image.Resampling.BICUBIC)
    grain = generator.uniform(0.75, 1.0, (mask.height, mask.width))
    values = np.asarray(mask, np.float32) * (np.asarray(cloud, np.float32) / 255) * grain * strength
    return Image.fromarray(values.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))


def _whole(box: tuple[float, float, float, float]) -> Box:
    return (math.floor(box[0]), math.floor(box[1]), math.ceil(box[2]), math.ceil(box[3]))


def _union(boxes: list[tuple[float, float, float, float]] | list[Box]) -> Box:
    if not boxes:
        return (0, 0, 0, 0)
    return _whole(
        (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
    )
