"""What a scanner and the years do to a page: skew, noise, borders, fading, show-through, wrong way up."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from .raster import Box, Drawn, Line

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Scan:
    """How one page is scanned.

    Args:
        dpi: resolution of the stored picture.
        mode: rgb, grey, or bw (one bit).
        skew: degrees the content is turned counter-clockwise on the scan.
        turn: clockwise degrees (0, 90, 180, 270) the stored picture is off from upright.
        noise: standard deviation of grain, in grey levels.
        specks: number of dust specks.
        border: width of the black border at the left and top, in mm.
        faded: 0 to 1, how much contrast is lost.
        blur: standard deviation in pixels at 200 dpi.
        through: 0 to 1, how strongly the back of the sheet shows.
        yellow: the tint of old paper.
        punched: two filing holes at the left.
        shadow: the darkening at the edge of a lid or a photograph.
        quality: of the JPEG.
    """

    dpi: int = 200
    mode: str = "rgb"
    skew: float = 0.0
    turn: int = 0
    noise: float = 0.0
    specks: int = 0
    border: float = 0.0
    faded: float = 0.0
    blur: float = 0.0
    through: float = 0.0
    yellow: float = 0.0
    punched: bool = False
    shadow: float = 0.0
    quality: int = 74

    def defects(self) -> list[str]:
        """Names of the defects, for measuring each apart."""
        found = {
            "skew": abs(self.skew) >= 0.8,
            "noise": self.noise >= 8 or self.specks > 0,
            "black_border": self.border > 0,
            "faded": self.faded > 0,
            "blur": self.blur > 0,
            "show_through": self.through > 0,
            "low_dpi": self.dpi < 180,
            "upside_down": self.turn == 180,
            "turned": self.turn in {90, 270},
            "yellowed": self.yellow > 0,
            "shadow": self.shadow > 0,
            "bilevel": self.mode == "bw",
        }
        return [name for name, has in found.items() if has]


@dataclass(frozen=True)
class Scanned:
    """The stored picture, and its lines with boxes on the upright page of ``width`` x ``height`` pixels."""

    image: Image.Image
    width: int
    height: int
    lines: tuple[Line, ...]
    seals: tuple[Line, ...]


def scan(drawn: Drawn, how: Scan, rng: random.Random, back: Image.Image | None = None) -> Scanned:
    """Scan a drawn page. Boxes follow a border, not the skew: they hold once the page is straightened."""
    pixels: Pixels = np.asarray(drawn.image.convert("RGB")).copy()
    noise = np.random.default_rng(rng.getrandbits(32))
    if how.through and back is not None:
        pixels = _show_through(pixels, back, how.through)
    if how.yellow:
        pixels = (pixels * np.array([1 - 0.03 * how.yellow, 1 - 0.07 * how.yellow, 1 - 0.2 * how.yellow])).astype(
            np.uint8
        )
    if how.faded:
        pixels = (255 - (255 - pixels.astype(np.float32)) * (1 - how.faded)).astype(np.uint8)
    if how.punched:
        pixels = _punch(pixels, how.dpi)
    if how.skew:
        pixels = _turn(pixels, how.skew)
    if how.blur:
        pixels = cv2.GaussianBlur(pixels, (0, 0), how.blur * how.dpi / 200).astype(np.uint8)
    if how.shadow:
        pixels = _shade(pixels, how.shadow)
    offset = round(how.border * how.dpi / 25.4)
    if offset:
        pixels = _border(pixels, offset, noise)
    if how.specks:
        pixels = _dust(pixels, how.specks, noise)
    if how.noise:
        grain = noise.normal(0, how.noise, pixels.shape[:2])[:, :, None]
        pixels = (pixels + grain).clip(0, 255).astype(np.uint8)
    height, width = pixels.shape[:2]
    picture = _mode(Image.fromarray(pixels), how.mode)
    if how.turn:
        picture = picture.rotate(-how.turn, expand=True)
    moved = tuple(_shift(line, offset) for line in drawn.lines)
    return Scanned(picture, width, height, moved, tuple(_shift(line, offset) for line in drawn.seals))


def _shift(line: Line, offset: int) -> Line:
    x0, y0, x1, y1 = line.box
    box: Box = (x0 + offset, y0 + offset, x1 + offset, y1 + offset)
    return replace(line, box=box)


def _show_through(pixels: Pixels, back: Image.Image, strength: float) -> Pixels:
    mirrored = ImageOps.mirror(back.convert("L")).resize((pixels.shape[1], pixels.shape[0]))
    soft = cv2.GaussianBlur(np.asarray(mirrored), (0, 0), 2.0).astype(np.float32)
    return (pixels * (1 - strength * (255 - soft) / 255)[:, :, None]).astype(np.uint8)


def _punch(pixels: Pixels, dpi: int) -> Pixels:
    height = pixels.shape[0]
    for part in (0.366, 0.634):
        centre = (round(11 * dpi / 25.4), round(height * part))
        cv2.circle(pixels, centre, round(2.8 * dpi / 25.4), (168, 166, 160), -1, cv2.LINE_AA)
    return pixels


def _turn(pixels: Pixels, degrees: float) -> Pixels:
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    paper = [int(v) for v in np.median(pixels[:40].reshape(-1, 3), axis=0)]
    turned = cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=paper)
    return turned.astype(np.uint8)


def _shade(pixels: Pixels, strength: float) -> Pixels:
    height, width = pixels.shape[:2]
    across = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    light = 1 - strength * (0.65 * across**2 + 0.35 * down**3)
    return (pixels * light[:, :, None]).astype(np.uint8)


def _border(pixels: Pixels, offset: int, noise: np.random.Generator) -> Pixels:
    padded = cv2.copyMakeBorder(
        pixels, offset, offset // 3, offset, offset // 2, cv2.BORDER_CONSTANT, value=(22, 20, 20)
    )
    height = padded.shape[0]
    wave = np.convolve(noise.normal(0, 1, height + 200), np.ones(200) / 200, "valid")[:height]
    for y in range(0, height, 2):
        reach = max(0, int(offset + wave[y] * offset * 2) - offset)
        padded[y : y + 2, offset : offset + min(reach, offset // 2)] = (30, 28, 28)
    return padded.astype(np.uint8)


def _dust(pixels: Pixels, specks: int, noise: np.random.Generator) -> Pixels:
    height, width = pixels.shape[:2]
    for _ in range(specks):
        x, y = int(noise.integers(0, width)), int(noise.integers(0, height))
        shade = int(noise.integers(40, 150))
        cv2.circle(pixels, (x, y), int(noise.integers(1, 3)), (shade, shade, shade), -1)
    return pixels


def _mode(picture: Image.Image, mode: str) -> Image.Image:
    if mode == "grey":
        return picture.convert("L")
    if mode == "bw":
        return _bilevel(picture)
    return picture


def _bilevel(picture: Image.Image) -> Image.Image:
    """One bit a pixel; the light watermark survives as sparse dots so that it stays visible without being read."""
    grey = np.asarray(picture.convert("L"))
    calm = cv2.medianBlur(grey, 5).astype(np.int16)
    faint = (np.abs(calm - (int(np.median(grey)) - 9)) <= 4).astype(np.uint8)
    tint = cv2.erode(faint, np.ones((7, 7), np.uint8)) > 0
    dots = np.zeros(tint.shape, np.bool_)
    dots[::9, ::9] = True
    image = Image.fromarray(np.where((grey < 168) | (tint & dots), 0, 255).astype(np.uint8))
    return image.convert("1", dither=Image.Dither.NONE)
