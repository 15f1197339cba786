"""Turns files of the plan into bytes, each with its truth in the shape of the first set."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from PIL import Image

from ..draw_samples.output import PDF_TIME
from ..draw_samples.raster import Box, Line
from ..draw_samples.scan import Scanned
from ..draw_samples.sheet import Facts
from ..draw_samples.truth import Json, fields
from .cast import PERSONS, UNITS, WRONG_CHECK, Person, Unit
from .digital import BASES, DPI, PROMISE, bases_pdf, promise_pdf, text_lines
from .fresh.people import Person as MadeUpPerson
from .fresh.people import Unit as MadeUpUnit
from .page import Page
from .plan import File, Item, Sheet
from .wear import Wear, worn

SEED = 142327
FOLDER = "hard"
# Setters of the digital papers: what makes the bytes, the facts, and how the title is broken into lines.
SETTERS: dict[str, tuple[Callable[[], bytes], Facts]] = {
    "promise": (promise_pdf, PROMISE),
    "bases": (bases_pdf, BASES),
}


@dataclass(frozen=True)
class Made:
    """The bytes of a file, its truth, and the facts of its pages."""

    data: bytes
    truth: Json
    facts: tuple[Facts, ...]


def make(file: File, setters: Mapping[str, tuple[Callable[[], bytes], Facts]] = SETTERS) -> Made:
    """Draw one file; depends on nothing but the file and the seed."""
    pages: list[Json]
    if file.setter:
        setter, facts = setters[file.setter]
        data = setter()
        pages = [_digital(*page, facts) for page in text_lines(data)]
        known = (facts,) * len(pages)
    else:
        drawn = [_sheet(file, sheet, number) for number, sheet in enumerate(file.sheets)]
        data = _encode(file, [result for _, result in drawn])
        pages = [_scanned(page, sheet.wear, result) for sheet, (page, result) in zip(file.sheets, drawn, strict=True)]
        known = tuple(page.facts for page, _ in drawn)
    return Made(data, {"file": f"{FOLDER}/{file.path}", "form": file.form, "bad": None, "pages": pages}, known)


def _sheet(file: File, sheet: Sheet, number: int) -> tuple[Page, Scanned]:
    seed = f"{SEED}:{file.path}:{number}"
    page = sheet.draw(partial(Page, seed=seed, dpi=sheet.wear.how.dpi))
    return page, worn(page.drawn(), sheet.wear, random.Random(seed))


def _scanned(page: Page, wear: Wear, result: Scanned) -> Json:
    found = wear.defects()
    if any(_over(seal.box, line.box) for seal in result.seals for line in result.lines):
        found.append("seal_over_text")
    found += ["oval_seal"] if any(seal.role == "seal-oval" for seal in result.seals) else []
    found += ["handwriting"] if any(line.role == "hand" for line in result.lines) else []
    found += ["wrong_check_character"] if any(WRONG_CHECK in line.text for line in result.lines) else []
    return {
        "width": result.width,
        "height": result.height,
        "dpi": wear.how.dpi,
        "blank": False,
        "lines": [_line(line) for line in result.lines],
        "seals": [{"text": s.text, "box": s.box, "shape": s.role.removeprefix("seal-")} for s in result.seals],
        "fields": fields(page.facts),
        "rotation": (360 - wear.how.turn) % 360,
        "skew": -wear.how.skew,
        "defects": found,
    }


def _digital(width: int, height: int, lines: list[tuple[str, Box]], facts: Facts) -> Json:
    return {
        "width": width,
        "height": height,
        "dpi": DPI,
        "blank": False,
        "lines": [
            {"text": text, "box": box, "role": "title" if len(text) > 3 and text in facts.title else "print"}
            for text, box in lines
        ],
        "seals": [],
        "fields": fields(facts),
        "rotation": 0,
        "skew": 0.0,
        "defects": [],
    }


def _line(line: Line) -> Json:
    return {"text": line.text, "box": line.box, "role": line.role}


def _encode(file: File, results: list[Scanned]) -> bytes:
    out = io.BytesIO()
    first, *rest = (result.image for result in results)
    how = file.sheets[0].wear.how
    if file.form == "jpeg":
        first.save(out, "JPEG", quality=how.quality, dpi=(how.dpi, how.dpi), optimize=True)
    elif file.form == "tiff":
        first.save(out, "TIFF", compression="group4", dpi=(how.dpi, how.dpi))
    else:
        _pdf(out, [first, *rest], how.dpi, how.quality)
    return out.getvalue()


def _pdf(out: io.BytesIO, images: list[Image.Image], dpi: int, quality: int) -> None:
    first, *rest = images
    first.save(
        out,
        "PDF",
        save_all=True,
        append_images=rest,
        resolution=dpi,
        quality=quality,
        producer="Scanner",
        creationDate=PDF_TIME,
        modDate=PDF_TIME,
    )


def entry(item: Item, facts: list[Facts]) -> Json:
    """How the files of an item belong together, with the fields of its first paper and all persons of it."""
    persons = list(dict.fromkeys(person for one in facts for person in one.persons))
    told: Json = {
        "files": [f"{FOLDER}/{file.path}" for file in item.files],
        "pages": len(facts),
        "grouped_by": item.how,
        "kinds": list(dict.fromkeys(one.kind for one in facts)),
    }
    told |= fields(facts[0])
    told["persons"] = [{"name": name, "id_number": number} for name, number in persons]
    return told | {"outside_the_order": not facts[0].category}


def index(
    items: list[tuple[Item, list[Facts]]],
    persons: Sequence[Person | MadeUpPerson] = PERSONS,
    units: Sequence[Unit | MadeUpUnit] = UNITS,
    wrong: Sequence[str] = (WRONG_CHECK,),
    seed: int = SEED,
) -> Json:
    """The whole set: items, cast, and the numbers that are wrong on purpose."""
    return {
        "seed": seed,
        "files": sum(len(item.files) for item, _ in items),
        "pages": sum(len(facts) for _, facts in items),
        "items": [entry(item, facts) for item, facts in items],
        "persons": [{"name": person.name, "id_number": person.number} for person in persons],
        "employers": [{"name": unit.name, "uscc": unit.code} for unit in units],
        "wrong_numbers": list(wrong),
    }


def _over(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
