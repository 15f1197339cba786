"""Which papers lie in the second set, under what names a scanner or a clerk left them, and how they were scanned."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..draw_samples.scan import Scan
from .papers import Draw, benefits, money, pensions, staff
from .wear import Wear


@dataclass(frozen=True)
class Sheet:
    """One page: what draws it and what it went through."""

    draw: Draw
    wear: Wear


@dataclass(frozen=True)
class File:
    """One file; ``form``: jpeg, tiff, scanned-pdf or digital-pdf. Digital papers name their setter in ``setter``."""

    path: str
    form: str
    sheets: tuple[Sheet, ...] = ()
    setter: str = ""


@dataclass(frozen=True)
class Item:
    """Files that make one item, and why they belong together."""

    files: tuple[File, ...]
    how: str = "file"


GREY = Scan(200, "grey", quality=68)
COLOUR = Scan(200, "rgb", quality=66)


def _one(path: str, draw: Draw, how: Scan, copy: str = "", form: str = "jpeg") -> Item:
    return Item((File(path, form, (Sheet(draw, Wear(how, copy)),)),))


def _bound(path: str, draws: tuple[Draw, ...], *hows: Scan) -> Item:
    sheets = tuple(Sheet(draw, Wear(how)) for draw, how in zip(draws, hows, strict=True))
    return Item((File(path, "scanned-pdf", sheets),))


def _parts(how: str, *files: tuple[str, Draw, Scan]) -> Item:
    return Item(tuple(File(path, "jpeg", (Sheet(draw, Wear(scan)),)) for path, draw, scan in files), how)


def pile() -> list[Item]:
    """Every item of the second set."""
    return [*_personal(), *_units(), *_benefits(), *_rest()]


def _personal() -> list[Item]:
    old = replace(COLOUR, yellow=0.9, skew=2.2, specks=40)
    return [
        _one("scan20240311_0007.jpg", pensions.retirement, replace(COLOUR, skew=2.6)),
        _one("scan20240311_0019.jpg", pensions.proof_of_life, replace(COLOUR, skew=-3.4, noise=3)),
        _bound(
            "20221108-扫描-31.pdf",
            (pensions.survivors, pensions.household),
            replace(COLOUR, skew=-2.1),
            replace(COLOUR, skew=1.0, shadow=0.2),
        ),
        _one("IMG_5582.jpg", pensions.dependants_card, old),
        _one("SKM_C25824031210.jpg", pensions.benefit_letter, replace(COLOUR, faded=0.3)),
    ]


def _units() -> list[Item]:
    return [
        _parts(
            "stem",
            ("BRN30055C_8841-1.jpg", staff.unit_form, replace(COLOUR, skew=1.3)),
            ("BRN30055C_8841-2.jpg", staff.unit_form_back, replace(COLOUR, skew=-0.9, punched=True)),
        ),
        _one("scan20240314_0002.jpg", staff.changes, replace(COLOUR, turn=90, skew=0.5)),
        _bound(
            "CNBF5H21_20190306.pdf",
            (staff.contact_letter, staff.transfer_sheet),
            replace(COLOUR, skew=2.0),
            replace(COLOUR, border=5),
        ),
        _one("Epson_20200701103355.jpg", staff.end_of_contract, replace(GREY, skew=-2.3), "pale"),
        _one("scan20240318_0044.jpg", staff.identity_copy, replace(GREY, noise=5, skew=1.7), "pale"),
        Item((File("doc09934720210415.pdf", "digital-pdf", setter="promise"),)),
        Item((File("核定明细-终稿(改).pdf", "digital-pdf", setter="bases"),)),
    ]


def _benefits() -> list[Item]:
    at = "0286"
    return [
        _parts(
            "folder",
            (f"{at}/01.jpg", benefits.injury_decision, replace(COLOUR, skew=-1.2)),
            (f"{at}/02.jpg", benefits.injury_decision_end, replace(COLOUR, skew=2.9)),
            (f"{at}/03.jpg", benefits.receipt, replace(COLOUR, through=0.0, yellow=0.4)),
        ),
        _one("fax_03580000823.tif", benefits.capacity, replace(GREY, skew=0.9), "fax", "tiff"),
        _one("scan20240318_0051.jpg", benefits.maternity, replace(COLOUR, turn=180, skew=1.1)),
        _one("mmexport1594801122.jpg", benefits.unemployment, COLOUR, "photo"),
        _one("新建文件夹/Image (3).jpg", benefits.medical, replace(COLOUR, skew=-2.7, specks=90, noise=8)),
        _one("新建文件夹/微信图片_20220318.jpg", benefits.statement, replace(COLOUR, skew=1.9, shadow=0.25)),
    ]


def _rest() -> list[Item]:
    return [
        _one("ScanSnap_091877.jpg", money.payment_slip, replace(COLOUR, skew=-2.0), "carbon"),
        _one("scan20240320_0103.jpg", money.arrears, replace(COLOUR, blur=0.8, skew=1.5)),
        _one("0709.jpg", money.audit_notice, replace(COLOUR, dpi=150, skew=-2.2, quality=64)),
        _one("A3-横-2.jpg", money.yearly, replace(GREY, skew=-1.1, border=5)),
        _one("scan20240320_0110.jpg", money.restaurant, replace(COLOUR, skew=2.4)),
        _one("scan20240320_0111.jpg", money.meeting, replace(GREY, skew=-1.6)),
    ]
