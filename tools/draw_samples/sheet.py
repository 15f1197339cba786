"""A page as it was typed or written, in millimetres, before any scanner saw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .cast import Person
from .fonts import width_mm

BLACK = (28, 27, 26)
BLUE = (32, 48, 112)
INK = (38, 36, 48)
RED = (200, 38, 30)
GREY = (120, 120, 120)
NO_LINE_START = "，。；：、）》”！？．"
MM_PER_POINT = 25.4 / 72


@dataclass(frozen=True)
class Run:
    """One run of text on one line. ``x``, ``y``: anchor in mm, y being the middle of the line; size in points."""

    text: str
    x: float
    y: float
    size: float = 10.5
    face: str = "song"
    ink: tuple[int, int, int] = BLACK
    anchor: str = "l"
    track: float = 0.0
    hand: bool = False
    struck: bool = False
    vertical: bool = False
    role: str = "print"


@dataclass(frozen=True)
class Rule:
    """A straight line, in mm."""

    x0: float
    y0: float
    x1: float
    y1: float
    width: float = 0.25
    ink: tuple[int, int, int] = BLACK


@dataclass(frozen=True)
class Patch:
    """A filled or outlined rectangle, in mm."""

    x: float
    y: float
    w: float
    h: float
    fill: tuple[int, int, int] | None = None
    outline: tuple[int, int, int] | None = None
    radius: float = 0.0


@dataclass(frozen=True)
class Portrait:
    """The grey head and shoulders of a copied photograph, in mm."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True)
class Seal:
    """A seal: ring text, middle mark, bottom text; ``x``, ``y`` is the centre, ``size`` the diameter in mm."""

    x: float
    y: float
    ring: str
    bottom: str = ""
    shape: str = "round"
    size: float = 40.0
    angle: float = 0.0
    strength: float = 0.8
    ink: tuple[int, int, int] = RED


Mark = Run | Rule | Patch | Portrait | Seal


@dataclass(frozen=True)
class Facts:
    """What a clerk would key in from the page."""

    kind: str
    title: str
    category: str
    persons: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    uscc: str = ""
    date: str = ""
    year: int = 0


@dataclass
class Sheet:
    """A page of ``width`` by ``height`` mm with its marks in reading order and its facts."""

    facts: Facts
    width: float = 210.0
    height: float = 297.0
    paper: tuple[int, int, int] = (253, 253, 250)
    marks: list[Mark] = field(default_factory=list)
    blank: bool = False

    def text(self, text: str, x: float, y: float, size: float = 10.5, **more: object) -> None:
        """Set one run; further arguments are those of Run."""
        self.marks.append(Run(text, x, y, size, **more))  # type: ignore[arg-type]

    def hand(self, text: str, x: float, y: float, size: float = 14, **more: object) -> None:
        """Write one run by hand."""
        options = {"face": "kai", "ink": BLUE, "hand": True, "role": "hand"} | more
        self.marks.append(Run(text, x, y, size, **options))  # type: ignore[arg-type]

    def title(self, text: str, y: float = 26, size: float = 20, face: str = "song-bold", track: float = 1.6) -> None:
        """The heading in the middle of the page."""
        self.marks.append(Run(text, self.width / 2, y, size, face, anchor="m", track=track, role="title"))

    def seal(self, ring: str, x: float, y: float, **more: object) -> None:
        """Press a seal."""
        self.marks.append(Seal(x, y, ring, **more))  # type: ignore[arg-type]

    def stamp(self, lines: Sequence[str], x: float, y: float, w: float = 34) -> None:
        """A rectangular stamp of receipt with its lines."""
        height = 7.0 * len(lines) + 2
        self.marks.append(Patch(x, y, w, height, outline=(60, 70, 160)))
        for number, line in enumerate(lines):
            self.text(
                line, x + w / 2, y + 4.5 + 7 * number, 10, face="hei", ink=(60, 70, 160), anchor="m", role="stamp"
            )

    def paragraph(self, text: str, x: float, y: float, width: float, **style: object) -> float:
        """Set a paragraph with an indent of two characters; returns the y after it."""
        size = float(style.pop("size", 14))  # type: ignore[arg-type]
        leading = float(style.pop("leading", 1.75))  # type: ignore[arg-type]
        indent = bool(style.pop("indent", True))
        hand = bool(style.get("hand", False))
        face = str(style.get("face", "song"))
        step = size * MM_PER_POINT * leading
        first = 2 * size * MM_PER_POINT if indent else 0.0
        for number, line in enumerate(wrap(text, face, size, width, first)):
            left = x + (first if number == 0 else 0)
            if hand:
                self.hand(line, left, y, size, **{k: v for k, v in style.items() if k != "hand"})
            else:
                self.text(line, left, y, size, **style)
            y += step
        return y


def people(*persons: Person, numbers: bool = True) -> tuple[tuple[str, str], ...]:
    """Names and identity numbers for Facts."""
    return tuple((p.name, p.id_number if numbers else "") for p in persons)


def wrap(text: str, face: str, size: float, width: float, first: float = 0.0) -> list[str]:
    """Break text into lines of at most ``width`` mm; digits and Latin words stay whole, no line starts with a stop."""
    lines: list[str] = []
    for part in text.split("\n"):
        line, room = "", width - (first if not lines else 0)
        for token in _tokens(part):
            if line and width_mm(line + token, face, size) > room and token not in NO_LINE_START:
                lines.append(line)
                line, room = "", width
            line += token
        lines.append(line)
    return lines


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    for char in text:
        joined = tokens and char.isascii() and not char.isspace() and tokens[-1].isascii() and not tokens[-1].isspace()
        if joined:
            tokens[-1] += char
        else:
            tokens.append(char)
    return tokens
