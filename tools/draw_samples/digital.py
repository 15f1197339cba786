"""Papers that were born digital: PDFs that carry their own text, and one OFD."""

from __future__ import annotations

import io
import random
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pikepdf
import typst
from PIL import Image, ImageDraw

from .fonts import FACES, TYPESETTER_FOLDERS, font
from .raster import WATERMARK, pressed
from .sheet import MM_PER_POINT, Patch, Rule, Run, Seal, Sheet

# Wider than any page: a run is placed in a strip of this width so that it never wraps.
STRIP = 400
OFD_DATE = (2024, 3, 12, 9, 30, 0)
NAMESPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'


def digital_pdf(sheets: Sequence[Sheet], rng: random.Random) -> bytes:
    """A PDF with real text in embedded subset fonts; seals and the watermark are pictures, so they are not text."""
    with tempfile.TemporaryDirectory() as folder:
        source = []
        for number, sheet in enumerate(sheets):
            _watermark_png(Path(folder) / f"mark{number}.png", sheet)
            source.append(_typst_page(sheet, number, Path(folder), rng))
        path = Path(folder) / "paper.typ"
        path.write_text("#set document(date: none)\n" + "\n#pagebreak()\n".join(source), encoding="utf-8")
        compiled = typst.compile(str(path), font_paths=TYPESETTER_FOLDERS, ignore_system_fonts=True)
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(compiled)) as pdf:
        pdf.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


def _typst_page(sheet: Sheet, number: int, folder: Path, rng: random.Random) -> str:
    parts = [f"#set page(width: {sheet.width}mm, height: {sheet.height}mm, margin: 0pt)"]
    parts.append(f'#place(top + left, image("mark{number}.png", width: {sheet.width}mm))')
    for order, mark in enumerate(sheet.marks):
        if isinstance(mark, Run):
            parts.append(_typst_run(mark))
        elif isinstance(mark, Rule):
            parts.append(
                f"#place(top + left, dx: {mark.x0}mm, dy: {mark.y0}mm, line(start: (0mm, 0mm), "
                f"end: ({mark.x1 - mark.x0}mm, {mark.y1 - mark.y0}mm), stroke: {mark.width}mm))"
            )
        elif isinstance(mark, Patch):
            parts.append(
                f"#place(top + left, dx: {mark.x}mm, dy: {mark.y}mm, rect(width: {mark.w}mm, height: {mark.h}mm))"
            )
        elif isinstance(mark, Seal):
            name = f"seal{number}-{order}.png"
            pressed(mark, 150, rng).save(folder / name)
            side = mark.size * 1.15
            at = f"dx: {mark.x - side / 2}mm, dy: {mark.y - side / 2}mm"
            parts.append(f'#place(top + left, {at}, image("{name}", width: {side}mm))')
    return "\n".join(parts)


def _typst_run(run: Run) -> str:
    face = FACES[run.face]
    shift = {"l": 0, "m": STRIP / 2, "r": STRIP}[run.anchor]
    side = {"l": "left", "m": "center", "r": "right"}[run.anchor]
    ink = ", ".join(str(v) for v in run.ink)
    text = run.text.replace("\\", "\\\\").replace('"', '\\"')
    return (
        f"#place(top + left, dx: {run.x - shift}mm, dy: {run.y}mm, box(width: {STRIP}mm, height: 0pt, "
        f'place({side} + horizon, text(font: "{face.family}", weight: "{face.weight}", size: {run.size}pt, '
        f'tracking: {run.track}mm, fill: rgb({ink}), lang: "zh", cjk-latin-spacing: none, "{text}"))))'
    )


def _watermark_png(path: Path, sheet: Sheet) -> None:
    scale = 2.0
    image = Image.new("L", (round(sheet.width * scale), round(sheet.height * scale)), 255)
    layer = Image.new("L", (round(160 * scale), round(90 * scale)), 255)
    ImageDraw.Draw(layer).text(
        (layer.width / 2, layer.height / 2), WATERMARK, font=font("song-bold", 140), fill=243, anchor="mm"
    )
    turned = layer.rotate(32, expand=True, fillcolor=255)
    for y in (0.29, 0.72) if sheet.height > sheet.width else (0.5,):
        image.paste(turned, (round(image.width / 2 - turned.width / 2), round(image.height * y - turned.height / 2)))
    image.save(path)


def ofd(sheet: Sheet) -> bytes:
    """A one-page OFD (GB/T 33190-2016) with one text object for each run; fonts are named, not embedded."""
    objects = []
    for number, run in enumerate((m for m in sheet.marks if isinstance(m, Run)), 10):
        objects.append(_text_object(run, number))
    box = f"0 0 {sheet.width} {sheet.height}"
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    files = {
        "OFD.xml": f'{head}<ofd:OFD {NAMESPACE} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
        "<ofd:DocID>00000000000000000000000000000001</ofd:DocID>"
        f"<ofd:Title>{escape(sheet.facts.title)}</ofd:Title><ofd:CreationDate>2024-03-12</ofd:CreationDate>"
        "</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f"{head}<ofd:Document {NAMESPACE}><ofd:CommonData><ofd:MaxUnitID>200</ofd:MaxUnitID>"
        f"<ofd:PageArea><ofd:PhysicalBox>{box}</ofd:PhysicalBox></ofd:PageArea>"
        "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData><ofd:Pages>"
        '<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>',
        "Doc_0/PublicRes.xml": f'{head}<ofd:Res {NAMESPACE} BaseLoc="Res"><ofd:Fonts>'
        '<ofd:Font ID="2" FontName="宋体" FamilyName="宋体"/></ofd:Fonts></ofd:Res>',
        "Doc_0/Pages/Page_0/Content.xml": f"{head}<ofd:Page {NAMESPACE}><ofd:Area>"
        f"<ofd:PhysicalBox>{box}</ofd:PhysicalBox></ofd:Area><ofd:Content>"
        f'<ofd:Layer ID="3" Type="Body">{"".join(objects)}</ofd:Layer></ofd:Content></ofd:Page>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, OFD_DATE), text.encode(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _text_object(run: Run, number: int) -> str:
    size = run.size * MM_PER_POINT
    steps = [size if ord(char) > 0x2E7F else size / 2 for char in run.text]
    width = sum(steps)
    left = run.x - {"l": 0.0, "m": width / 2, "r": width}[run.anchor]
    delta = " ".join(f"{step:.3f}" for step in steps[:-1])
    return (
        f'<ofd:TextObject ID="{number}" Boundary="{left:.2f} {run.y - size / 2:.2f} {width:.2f} {size * 1.2:.2f}" '
        f'Font="2" Size="{size:.3f}"><ofd:TextCode X="0" Y="{size * 0.88:.3f}" DeltaX="{delta}">{escape(run.text)}'
        "</ofd:TextCode></ofd:TextObject>"
    )
