"""What is really on every page: lines, boxes, defects and the fields a clerk would key in."""

from __future__ import annotations

import json

from .plan import Item
from .raster import Box, Drawn, Line
from .scan import Scan, Scanned
from .sheet import Facts, Sheet

Json = dict[str, object]


def fields(facts: Facts) -> Json:
    """The fields of a paper."""
    return {
        "kind": facts.kind,
        "title": facts.title,
        "category": facts.category,
        "persons": [{"name": name, "id_number": number} for name, number in facts.persons],
        "unit": facts.unit,
        "uscc": facts.uscc,
        "document_date": facts.date,
        "year": facts.year,
    }


def scanned_page(sheet: Sheet, how: Scan, result: Scanned) -> Json:
    """Truth of a scanned page. Rotation and skew are what has to be applied: clockwise, then counter-clockwise."""
    found = how.defects()
    if any(_over(seal.box, line.box) for seal in result.seals for line in result.lines):
        found.append("seal_over_text")
    found += ["oval_seal"] if any(seal.role == "seal-oval" for seal in result.seals) else []
    found += ["handwriting"] if any(line.role == "hand" for line in result.lines) else []
    found += ["struck_out"] if any(line.role == "struck" for line in result.lines) else []
    found += ["blank"] if sheet.blank else []
    page = _page(sheet, result.width, result.height, how.dpi, result.lines, result.seals)
    return page | {"rotation": (360 - how.turn) % 360, "skew": -how.skew, "defects": found}


def digital_page(sheet: Sheet, drawn: Drawn, dpi: int) -> Json:
    """Truth of a page that carries its own text; boxes as if it were drawn at ``dpi``."""
    page = _page(sheet, drawn.image.width, drawn.image.height, dpi, drawn.lines, drawn.seals)
    return page | {"rotation": 0, "skew": 0.0, "defects": []}


def _page(sheet: Sheet, width: int, height: int, dpi: int, lines: tuple[Line, ...], seals: tuple[Line, ...]) -> Json:
    return {
        "width": width,
        "height": height,
        "dpi": dpi,
        "blank": sheet.blank,
        "lines": [{"text": line.text, "box": line.box, "role": line.role} for line in lines],
        "seals": [{"text": seal.text, "box": seal.box, "shape": seal.role.removeprefix("seal-")} for seal in seals],
        "fields": {} if sheet.blank else fields(sheet.facts),
    }


def item_entry(item: Item) -> Json:
    """How the files of an item belong together, with the fields of its first paper."""
    sheets = [page.sheet for file in item.files for page in file.pages]
    names = {person: None for sheet in sheets for person in sheet.facts.persons}
    known = [(name, number) for name, number in names if number]
    persons = known + [(name, number) for name, number in names if not number and name not in {n for n, _ in known}]
    entry = fields(sheets[0].facts)
    entry["persons"] = [{"name": name, "id_number": number} for name, number in persons]
    kinds = list(dict.fromkeys(sheet.facts.kind for sheet in sheets if not sheet.blank))
    return {
        "files": [file.path for file in item.files],
        "pages": len(sheets),
        "grouped_by": item.how,
        "kinds": kinds,
    } | entry


def dump(value: object) -> str:
    """JSON as it is kept: one line for every line of text, so that changes can be read."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return _compact(text) + "\n"


def _compact(text: str) -> str:
    """Close up the boxes, which would otherwise take six lines each."""
    out: list[str] = []
    inside = False
    for line in text.split("\n"):
        if line.strip() == '"box": [':
            inside = True
            out.append(line)
        elif inside:
            out[-1] += line.strip()
            inside = not line.strip().startswith("]")
        else:
            out.append(line)
    return "\n".join(out)


def _over(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
