"""Ruled forms: rows of cells that hold printed labels, printed values and handwriting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .fonts import width_mm
from .sheet import BLACK, BLUE, INK, MM_PER_POINT, Rule, Run, Sheet, wrap


@dataclass(frozen=True)
class Cell:
    """What stands in a cell. ``span``, ``down``: columns and rows it takes; ``size`` in points."""

    text: str = ""
    span: int = 1
    down: int = 1
    face: str = "song"
    size: float = 10.5
    hand: bool = False
    align: str = "m"
    struck: str = ""
    vertical: bool = False
    top: bool = False


def lab(text: str, span: int = 1, down: int = 1, **more: object) -> Cell:
    """A printed label."""
    return Cell(text, span, down, **more)  # type: ignore[arg-type]


def val(text: str, span: int = 1, **more: object) -> Cell:
    """A typed or printed value."""
    return Cell(text, span, **({"size": 11, "face": "song"} | more))  # type: ignore[arg-type]


def pen(text: str, span: int = 1, **more: object) -> Cell:
    """A value written by hand; ``struck`` is a wrong value before it that was crossed out."""
    return Cell(text, span, **({"size": 14, "face": "kai", "hand": True} | more))  # type: ignore[arg-type]


@dataclass
class Table:
    """A table that grows downwards from ``x``, ``y`` (mm); ``widths`` are column widths in mm."""

    sheet: Sheet
    x: float
    y: float
    widths: Sequence[float]
    line: float = 0.25
    pen_ink: tuple[int, int, int] = BLUE
    label_face: str = ""

    def __post_init__(self) -> None:
        self._taken: dict[int, int] = {}

    @property
    def right(self) -> float:
        """The x of the right edge."""
        return self.x + sum(self.widths)

    def row(self, height: float, *cells: Cell | str) -> None:
        """Set one row; a bare string is a label. Cells that reach down leave out their columns in the next rows."""
        column = 0
        queue = [cell if isinstance(cell, Cell) else Cell(cell) for cell in cells]
        carried = dict(self._taken)
        while column < len(self.widths):
            if carried.get(column, 0) > 0:
                self._taken[column] -= 1
                column += 1
                continue
            cell = queue.pop(0)
            for inner in range(column, column + cell.span):
                self._taken[inner] = cell.down - 1
            self._cell(column, height, cell)
            column += cell.span
        assert not queue, f"too many cells in a row: {queue}"
        self.y += height

    def _cell(self, column: int, height: float, cell: Cell) -> None:
        left = self.x + sum(self.widths[:column])
        wide = sum(self.widths[column : column + cell.span])
        high = height * cell.down
        top, bottom = self.y, self.y + high
        for rule in (
            Rule(left, top, left + wide, top, self.line),
            Rule(left, bottom, left + wide, bottom, self.line),
            Rule(left, top, left, bottom, self.line),
            Rule(left + wide, top, left + wide, bottom, self.line),
        ):
            self.sheet.marks.append(rule)
        if not cell.hand and self.label_face and cell.face == "song":
            cell = replace(cell, face=self.label_face)
        if cell.vertical:
            self._vertical(cell, left + wide / 2, top, high)
        elif cell.text or cell.struck:
            self._lines(cell, left, top, wide, high)

    def _vertical(self, cell: Cell, x: float, top: float, high: float) -> None:
        self.sheet.marks.append(
            Run(cell.text, x, top + high / 2, cell.size, cell.face, anchor="m", track=1.2, vertical=True)
        )

    def _lines(self, cell: Cell, left: float, top: float, wide: float, high: float) -> None:
        pad = 1.2
        size, lines = self._set(cell, wide - 2 * pad, high)
        step = size * MM_PER_POINT * 1.3
        y = top + (step / 2 + pad if cell.top else (high - step * (len(lines) - 1)) / 2)
        x = {"l": left + pad, "m": left + wide / 2, "r": left + wide - pad}[cell.align]
        ink = (self.pen_ink if self.pen_ink != BLACK else INK) if cell.hand else BLACK
        role = "hand" if cell.hand else "print"
        if cell.struck:
            self._struck(cell, left + pad, y, size)
            x, align = left + pad + width_mm(cell.struck, cell.face, size) + 2.5, "l"
        else:
            align = cell.align
        for line in lines:
            if line.strip():
                run = Run(line, x, y, size, cell.face, ink, align, hand=cell.hand, role=role)
                self.sheet.marks.append(run)
            y += step

    def _set(self, cell: Cell, room: float, high: float) -> tuple[float, list[str]]:
        """The size, made smaller until the text fits, and its lines; centred text breaks into even lines."""
        size = cell.size
        while True:
            taken = width_mm(cell.struck, cell.face, size) + 2.5 if cell.struck else 0.0
            lines = wrap(cell.text, cell.face, size, room - taken)
            if len(lines) > 1 and cell.align == "m" and "\n" not in cell.text:
                even = width_mm(cell.text, cell.face, size) / len(lines) + size * MM_PER_POINT * 0.6
                balanced = wrap(cell.text, cell.face, size, min(room - taken, even))
                lines = balanced if len(balanced) == len(lines) else lines
            fits = self._fits(lines, cell.face, size, room - taken, high) and not (cell.struck and len(lines) > 1)
            if size <= 6 or fits:
                return size, lines
            size -= 0.5

    def _struck(self, cell: Cell, x: float, y: float, size: float) -> None:
        run = Run(cell.struck, x, y, size, cell.face, self.pen_ink, "l", hand=True, struck=True, role="struck")
        self.sheet.marks.append(run)

    def _fits(self, lines: Sequence[str], face: str, size: float, wide: float, high: float) -> bool:
        tall = len(lines) * size * MM_PER_POINT * 1.25
        return tall <= high and all(width_mm(line, face, size) <= wide + 0.4 for line in lines)
