"""A page to draw on, in millimetres: print, typing, writing, dotted lines, cells, flowing text and seals."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFont

from ..draw_samples.fonts import ROOT, Face
from ..draw_samples.raster import Box, Drawn, Line, pressed
from ..draw_samples.sheet import MM_PER_POINT, Facts, Seal

Ink = tuple[int, int, int]
BLACK: Ink = (30, 29, 30)
PEN: Ink = (24, 30, 84)
GEL: Ink = (38, 38, 42)
RED: Ink = (204, 42, 34)
STAMP: Ink = (70, 60, 150)
_NOTO = f"{ROOT}/opentype/noto"
FACES = {
    "light": Face(f"{_NOTO}/NotoSerifCJK-Light.ttc", 2, "Noto Serif CJK SC", "light"),
    "serif": Face(f"{_NOTO}/NotoSerifCJK-Medium.ttc", 2, "Noto Serif CJK SC", "medium"),
    "heavy": Face(f"{_NOTO}/NotoSerifCJK-Black.ttc", 2, "Noto Serif CJK SC", "black"),
    "thin-sans": Face(f"{_NOTO}/NotoSansCJK-DemiLight.ttc", 2, "Noto Sans CJK SC"),
    "sans": Face(f"{_NOTO}/NotoSansCJK-Medium.ttc", 2, "Noto Sans CJK SC", "medium"),
    "black": Face(f"{_NOTO}/NotoSansCJK-Black.ttc", 2, "Noto Sans CJK SC", "black"),
    "ming": Face(f"{ROOT}/truetype/arphic/uming.ttc", 0, "AR PL UMing CN"),
    "fang": Face(f"{ROOT}/truetype/arphic-gbsn00lp/gbsn00lp.ttf", 0, "AR PL SungtiL GB"),
    "kai": Face(f"{ROOT}/truetype/arphic/ukai.ttc", 0, "AR PL UKai CN"),
    "brush": Face(f"{ROOT}/truetype/arphic-gkai00mp/gkai00mp.ttf", 0, "AR PL KaitiM GB"),
    "micro": Face(f"{ROOT}/truetype/wqy/wqy-microhei.ttc", 0, "WenQuanYi Micro Hei"),
    "mono": Face(f"{ROOT}/truetype/dejavu/DejaVuSansMono.ttf", 0, "DejaVu Sans Mono"),
}
NEVER_FIRST = "，。；：、）》”！？．·〕】"


class Rect(NamedTuple):
    """A cell in mm."""

    x: float
    y: float
    w: float
    h: float


@lru_cache(maxsize=1024)
def face_at(name: str, pixels: int) -> ImageFont.FreeTypeFont:
    """A face at a size in pixels."""
    return ImageFont.truetype(FACES[name].path, max(6, pixels), index=FACES[name].index)


def length(text: str, face: str, size: float) -> float:
    """Length of text in mm at a size in points."""
    units = sum(float(face_at(part_face, 100).getlength(part)) for part, part_face in _runs(text, face))
    return units * size * MM_PER_POINT / 100


def _runs(text: str, face: str) -> list[tuple[str, str]]:
    """Text in stretches of one face: the old faces have no 〇 of their own."""
    if face not in {"fang", "brush", "kai"} or "〇" not in text:
        return [(text, face)]
    return [(part, "ming" if part == "〇" else face) for part in re.split("(〇)", text) if part]


class Page:
    """A sheet of paper; everything put on it is kept as a line of its truth."""

    def __init__(
        self,
        facts: Facts,
        seed: str,
        *,
        width: float = 210,
        height: float = 297,
        dpi: int = 200,
        paper: Ink = (252, 251, 248),
    ) -> None:
        self.facts, self.width, self.height, self.dpi = facts, width, height, dpi
        self.scale = dpi / 25.4
        self.rng = random.Random(seed)
        self.image = Image.new("RGB", (round(width * self.scale), round(height * self.scale)), paper)
        self.lines: list[Line] = []
        self.seals: list[Line] = []
        self._watermark(paper)
        self.pen = ImageDraw.Draw(self.image)

    def drawn(self) -> Drawn:
        """The finished picture with its truth."""
        return Drawn(self.image, tuple(self.lines), tuple(self.seals))

    def _watermark(self, paper: Ink) -> None:
        size = round(46 * min(1.0, self.height / 260) * self.scale)
        layer = Image.new("L", (size * 3, size * 2))
        ImageDraw.Draw(layer).text((size * 1.5, size), "样本", font=face_at("black", size), fill=255, anchor="mm")
        turned = layer.rotate(-24, expand=True, resample=Image.Resampling.BICUBIC)
        tone = tuple(c - 9 for c in paper)
        for across, down in ((0.3, 0.2), (0.68, 0.5), (0.32, 0.8)):
            left = round(self.image.width * across - turned.width / 2)
            self.image.paste(tone, (left, round(self.image.height * down - turned.height / 2)), turned)

    # -- text

    def put(
        self,
        text: str,
        x: float,
        y: float,
        size: float = 11,
        face: str = "serif",
        *,
        ink: Ink = BLACK,
        anchor: str = "l",
        track: float = 0,
        role: str = "print",
    ) -> float:
        """Print text with its middle at height ``y``; returns where it ends, in mm."""
        long = length(text, face, size) + track * (len(text) - 1)
        left = x - {"l": 0, "m": long / 2, "r": long}[anchor]
        boxes: list[tuple[float, float, float, float]] = []
        at = left
        runs = [(char, face) for char in text] if track else _runs(text, face)
        for part, part_face in runs:
            spot = (at * self.scale, y * self.scale)
            font = face_at(part_face, round(size * MM_PER_POINT * self.scale))
            self.pen.text(spot, part, font=font, fill=ink, anchor="lm")
            boxes.append(self.pen.textbbox(spot, part, font=font, anchor="lm"))
            at += length(part, part_face, size) + track
        self._keep(text, boxes, role)
        return left + long

    def title(self, text: str, y: float, size: float = 22, face: str = "heavy", track: float = 0) -> None:
        """A heading, or one line of it, in the middle of the page."""
        self.put(text, self.width / 2, y, size, face, anchor="m", track=track, role="title")

    def write(
        self, text: str, x: float, y: float, size: float = 15, *, ink: Ink = PEN, anchor: str = "l", face: str = "kai"
    ) -> float:
        """Write by hand: every character a little off in place, size and slope."""
        long = length(text, face, size)
        left = x - {"l": 0, "m": long / 2, "r": long}[anchor]
        slope, at = self.rng.uniform(-0.02, 0.02), left
        boxes = []
        for char in text:
            grown = size * self.rng.uniform(0.9, 1.08)
            drop = y + (at - left) * slope + self.rng.uniform(-0.05, 0.05) * size * MM_PER_POINT
            if not char.isspace():
                boxes.append(self._tile(char, at, drop, grown, face, ink, self.rng.uniform(-5, 4)))
            at += length(char, face, size) * self.rng.uniform(0.93, 1.02)
        self._keep(text, boxes, "hand")
        return at

    def type(self, text: str, x: float, y: float, size: float = 13, *, ink: Ink = (44, 42, 58)) -> float:
        """Type with an old machine: fixed steps, uneven strokes, letters off the line."""
        step = size * MM_PER_POINT * 1.08
        at, boxes = x, []
        for char in text:
            narrow = char.isascii() or char == "·"
            drop = y + self.rng.uniform(-0.28, 0.28)
            fade = self.rng.randint(0, 70)
            weak = (ink[0] + fade, ink[1] + fade, ink[2] + fade)
            if not char.isspace():
                boxes.append(
                    self._tile(char, at, drop, size, "mono" if narrow else "fang", weak, self.rng.uniform(-1, 1))
                )
            at += step * (0.58 if narrow else 1)
        self._keep(text, boxes, "print")
        return at

    def _tile(self, char: str, x: float, y: float, size: float, face: str, ink: Ink, turn: float) -> Box:
        pixels = max(8, round(size * MM_PER_POINT * self.scale))
        stops = {"·": "sans"} | dict.fromkeys("，。；：、", "brush")
        font = face_at(stops.get(char, face) if face == "kai" else face, pixels)
        tile = Image.new("L", (pixels * 2, pixels * 2))
        ImageDraw.Draw(tile).text((pixels, pixels), char, font=font, fill=self.rng.randint(200, 255), anchor="mm")
        tile = tile.rotate(turn, resample=Image.Resampling.BICUBIC)
        left = round(x * self.scale + float(face_at(face, pixels).getlength(char)) / 2 - pixels)
        top = round(y * self.scale - pixels)
        self.image.paste(ink, (left, top), tile)
        inked = tile.getbbox() or (0, 0, 1, 1)
        return (left + inked[0], top + inked[1], left + inked[2], top + inked[3])

    def sideways(self, text: str, x: float, y: float, size: float = 10, face: str = "sans") -> None:
        """A column head turned a quarter to the left; ``x``, ``y`` is its middle."""
        font = face_at(face, round(size * MM_PER_POINT * self.scale))
        box = font.getbbox(text)
        tile = Image.new("L", (round(box[2] - box[0]) + 4, round(box[3] - box[1]) + 4))
        ImageDraw.Draw(tile).text((2 - box[0], 2 - box[1]), text, font=font, fill=255)
        tile = tile.rotate(90, expand=True)
        left, top = round(x * self.scale - tile.width / 2), round(y * self.scale - tile.height / 2)
        self.image.paste(BLACK, (left, top), tile)
        self._keep(text, [(left + 2, top + 2, left + tile.width - 2, top + tile.height - 2)], "print")

    def stacked(self, text: str, x: float, y: float, size: float = 10, face: str = "serif") -> None:
        """A column head set from top to bottom; ``x``, ``y`` is its middle."""
        step = size * MM_PER_POINT * 1.08
        font = face_at(face, round(size * MM_PER_POINT * self.scale))
        boxes = []
        for number, char in enumerate(text):
            spot = (x * self.scale, (y + (number - (len(text) - 1) / 2) * step) * self.scale)
            self.pen.text(spot, char, font=font, fill=BLACK, anchor="mm")
            boxes.append(self.pen.textbbox(spot, char, font=font, anchor="mm"))
        self._keep(text, boxes, "print")

    def flow(
        self,
        text: str,
        x: float,
        y: float,
        width: float,
        size: float = 14,
        *,
        face: str = "serif",
        leading: float = 1.8,
        indent: bool = True,
        hand: bool = False,
        ink: Ink | None = None,
    ) -> float:
        """A paragraph in lines of ``width`` mm; returns the height below it."""
        first = 2 * size * MM_PER_POINT if indent else 0.0
        for number, line in enumerate(_wrap(text, face, size, width, first)):
            left = x + (0 if number else first)
            if hand:
                self.write(line, left, y, size, ink=ink or PEN, face=face)
            else:
                self.put(line, left, y, size, face, ink=ink or BLACK)
            y += size * MM_PER_POINT * leading
        return y

    def _keep(self, text: str, boxes: Sequence[tuple[float, float, float, float]], role: str) -> None:
        x0, y0 = min(b[0] for b in boxes), min(b[1] for b in boxes)
        x1, y1 = max(b[2] for b in boxes), max(b[3] for b in boxes)
        box = (math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1))
        self.lines.append(Line(text, box, role))

    # -- lines, cells, seals

    def rule(self, x0: float, y0: float, x1: float, y1: float, width: float = 0.25, ink: Ink = BLACK) -> None:
        """A straight line."""
        ends = [round(v * self.scale) for v in (x0, y0, x1, y1)]
        self.pen.line(ends, fill=ink, width=max(1, round(width * self.scale)))

    def dots(self, x0: float, x1: float, y: float, ink: Ink = BLACK) -> None:
        """A dotted line to write on."""
        radius = max(1, round(0.18 * self.scale))
        x = x0
        while x < x1:
            cx, cy = round(x * self.scale), round(y * self.scale)
            self.pen.rectangle([cx, cy, cx + radius - 1, cy + radius - 1], fill=ink)
            x += 1.0

    def frame(self, rect: Rect, width: float = 0.25, ink: Ink = BLACK) -> Rect:
        """The four sides of a cell."""
        x, y, w, h = rect
        box = [round(v * self.scale) for v in (x, y, x + w, y + h)]
        self.pen.rectangle(box, outline=ink, width=max(1, round(width * self.scale)))
        return rect

    def band(self, x: float, y: float, height: float, widths: Sequence[float], ink: Ink = BLACK) -> list[Rect]:
        """A row of cells."""
        cells = []
        for width in widths:
            cells.append(self.frame(Rect(x, y, width, height), ink=ink))
            x += width
        return cells

    def mid(self, cell: Rect, text: str, size: float = 11, face: str = "serif", ink: Ink = BLACK) -> None:
        """Print in the middle of a cell, smaller where it would not fit."""
        size = min(size, size * (cell.w - 1.6) / max(length(text, face, size), 0.1))
        self.put(text, cell.x + cell.w / 2, cell.y + cell.h / 2, size, face, anchor="m", ink=ink)

    def fill(self, cell: Rect, text: str, size: float = 14, ink: Ink = PEN) -> None:
        """Write into the middle of a cell, smaller where it would not fit."""
        size = min(size, size * (cell.w - 2.4) / max(length(text, "kai", size), 0.1))
        self.write(text, cell.x + cell.w / 2, cell.y + cell.h / 2, size, ink=ink, anchor="m")

    def below(self, cell: Rect, label: str, value: str, *, size: float = 14, ink: Ink = PEN) -> None:
        """A small label at the top of the cell with the value written below it."""
        self.put(label, cell.x + 1.5, cell.y + 3, 8, "thin-sans")
        if value:
            lower = Rect(cell.x, cell.y + 4.5, cell.w, cell.h - 5)
            self.fill(lower, value, size, ink)

    def beside(self, cell: Rect, label: str, value: str, *, size: float = 13, ink: Ink = PEN) -> None:
        """Label and value in the same cell on one line."""
        end = self.put(label, cell.x + 2, cell.y + cell.h / 2, 10.5)
        room = cell.x + cell.w - end - 2
        size = min(size, size * room / max(length(value, "kai", size), 0.1))
        if value:
            self.write(value, end + 1, cell.y + cell.h / 2, size, ink=ink)

    def dotted(
        self, label: str, value: str, x: float, y: float, to: float, *, size: float = 14, ink: Ink = PEN
    ) -> None:
        """A label and a dotted line with the value written on it."""
        end = self.put(label, x, y, 12)
        self.dots(end + 1, to, y + 2.6)
        if value:
            size = min(size, size * (to - end - 3) / max(length(value, "kai", size), 0.1))
            self.write(value, end + 3, y - 0.4, size, ink=ink)

    def seal(
        self, ring: str, x: float, y: float, *, size: float = 40, angle: float = 6, oval: bool = False, ink: Ink = RED
    ) -> None:
        """Press a seal over whatever is there."""
        mark = Seal(x, y, ring, "样章", "oval" if oval else "round", size, angle, 0.86, ink)
        picture = pressed(mark, self.dpi, self.rng)
        left, top = round(x * self.scale - picture.width / 2), round(y * self.scale - picture.height / 2)
        layer = Image.new("RGB", picture.size, (255, 255, 255))
        layer.paste(picture, (0, 0), picture)
        area = (left, top, left + picture.width, top + picture.height)
        self.image.paste(ImageChops.multiply(self.image.crop(area), layer), (left, top))
        self.seals.append(Line(ring + "样章", area, f"seal-{mark.shape}"))

    def received(self, lines: Sequence[str], x: float, y: float, w: float = 36) -> None:
        """A box stamped at the counter."""
        self.frame(Rect(x, y, w, 6.5 * len(lines) + 2), 0.4, STAMP)
        for number, line in enumerate(lines):
            self.put(line, x + w / 2, y + 4.3 + 6.5 * number, 10, "sans", ink=STAMP, anchor="m", role="stamp")


def _wrap(text: str, face: str, size: float, width: float, first: float) -> list[str]:
    lines, line = [], ""
    room = width - first
    for token in _tokens(text):
        if line and token not in NEVER_FIRST and length(line + token, face, size) > room:
            lines.append(line)
            line, room = "", width
        line += token
    return [*lines, line]


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    for char in text:
        if tokens and char.isalnum() and char.isascii() and tokens[-1][-1].isascii() and tokens[-1][-1].isalnum():
            tokens[-1] += char
        else:
            tokens.append(char)
    return tokens
