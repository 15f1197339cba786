"""Which papers lie where in the pile, and how each was scanned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .cast import CEMENT, DATES, FENG, GAO, LI, WEAVING, WEAVING_OLD, XUE, ZHANG
from .papers import benefits, collection, oversight, pension, registration, staff
from .scan import Scan
from .sheet import Facts, Sheet


@dataclass(frozen=True)
class Page:
    """A sheet with the way it is scanned."""

    sheet: Sheet
    how: Scan


@dataclass(frozen=True)
class File:
    """One file of the pile. ``form``: jpeg, tiff, scanned-pdf, digital-pdf or ofd."""

    path: str
    form: str
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Item:
    """What a clerk would file as one item: its files in order, and why they belong together."""

    files: tuple[File, ...]
    how: str


COLOUR = Scan(200, "rgb", quality=68)
GREY = Scan(200, "grey", quality=72)
SHARP = Scan(300, "rgb", quality=62)
FINE = Scan(300, "grey", quality=66)
FILM = Scan(300, "bw")
PLAIN = Scan()


def _single(path: str, form: str, sheets: Sequence[Sheet], *hows: Scan) -> Item:
    pages = tuple(Page(sheet, hows[min(number, len(hows) - 1)]) for number, sheet in enumerate(sheets))
    return Item((File(path, form, pages),), "file")


def _series(pattern: str, how: str, sheets: Sequence[Sheet], *hows: Scan) -> Item:
    """Pages as one JPEG each; ``pattern`` takes the page number from 1."""
    files = []
    for number, sheet in enumerate(sheets, 1):
        page = Page(sheet, hows[min(number, len(hows)) - 1])
        files.append(File(pattern.format(number), "jpeg", (page,)))
    return Item(tuple(files), how)


def pile() -> list[Item]:
    """Every item of the samples, in the order of their folders."""
    return [
        *_units(),
        *_changes(),
        *_persons(),
        *_relations(),
        *_collection(),
        *_retirements(),
        *_batch_2019(),
        *_other_pensions(),
        *_medical_and_unemployment(),
        *_injury_and_maternity(),
        *_statistics_and_audit(),
        *_loose(),
    ]


def _units() -> list[Item]:
    at = "管理类/单位登记"
    skewed = replace(COLOUR, skew=1.4, punched=True)
    return [
        _series(f"{at}/岩浪建筑2011/{{:03d}}.jpg", "folder", registration.unit_form(), SHARP, skewed, FINE),
        _single(
            f"{at}/社会保险登记证_湫水水泥.jpg",
            "jpeg",
            registration.certificate(),
            replace(COLOUR, border=6, skew=-0.9),
        ),
        _series(
            f"{at}/更名登记_晋昌纺织_{{}}.jpg",
            "stem",
            registration.unit_change(),
            replace(COLOUR, skew=-2.2, punched=True),
            GREY,
        ),
        _single(f"{at}/营业执照副本_岩浪建筑.jpg", "jpeg", registration.licence(), COLOUR),
    ]


def _changes() -> list[Item]:
    at = "管理类/人员增减"
    noisy = replace(COLOUR, noise=3, skew=0.6)
    return [
        _single(f"{at}/人员增减200907_岩浪建筑.tif", "tiff", staff.changes_2009(), FILM, replace(FILM, skew=1.1), FILM),
        _single(f"{at}/2016年3月人员增减变化表.pdf", "digital-pdf", staff.changes_2016(), PLAIN),
        _single(f"{at}/增员申报表202106黄河驿.jpg", "jpeg", staff.joining_2021(), noisy),
        _single(f"{at}/劳动合同备案名册2021.pdf", "scanned-pdf", staff.contract_roster(), replace(COLOUR, skew=-1.2)),
    ]


def _persons() -> list[Item]:
    at = "管理类/参保人员"
    old = replace(COLOUR, yellow=0.8, skew=1.8, punched=True, through=0.1)
    small = replace(COLOUR, yellow=0.5)
    return [
        _series(
            f"{at}/1986招工登记表_薛玉梅_{{:02d}}.jpg", "stem", registration.hire_form(), old, replace(old, skew=-1.2)
        ),
        _single(f"{at}/李㛃身份证复印件.jpg", "jpeg", registration.identity_copy(LI), GREY),
        _series(f"{at}/户口簿-秦二娃/{{}}.jpg", "folder", registration.household_book(), replace(GREY, border=4)),
        _single(f"{at}/城乡居民参保登记表（秦二娃）.jpg", "jpeg", registration.rural_form(), replace(COLOUR, skew=3.1)),
        _single(
            f"{at}/养老保险手册（高守田）.pdf", "scanned-pdf", registration.handbook(), small, replace(small, skew=-1.6)
        ),
    ]


def _relations() -> list[Item]:
    turned = replace(GREY, turn=90)
    plain = replace(COLOUR, punched=True)
    proof = staff.certificate_of_payment(LI, 2016)
    return [
        _series(
            "管理类/关系转移/王海平转移接续2013/{:04d}.jpg",
            "folder",
            staff.transfer_file(),
            plain,
            GREY,
            COLOUR,
            turned,
        ),
        _single("管理类/关系转移/参保缴费凭证_李㛃.pdf", "scanned-pdf", proof, replace(COLOUR, specks=140, noise=9)),
        _single("管理类/个人账户/2015对账单_刘锦荣.pdf", "digital-pdf", staff.account_statement(), PLAIN),
        _single("管理类/个人账户/账户合并申请书_张改莲.jpg", "jpeg", pension.unify_accounts(), replace(GREY, skew=1.0)),
        _single(
            "管理类/资格认证/2018年认证表_高守田.jpg",
            "jpeg",
            staff.qualification(GAO, 2018),
            replace(COLOUR, skew=-4.2),
        ),
        _single("管理类/资格认证/2023年认证表_高守田.jpg", "jpeg", staff.qualification(GAO, 2023), SHARP),
    ]


def _collection() -> list[Item]:
    at = "征缴类"
    hows = (FINE, COLOUR, replace(COLOUR, border=7), replace(GREY, noise=14))
    bases = [
        Item(
            (
                File(
                    f"{at}/2009年缴费基数申报/JS2009-{n:03d}.jpg",
                    "jpeg",
                    (Page(collection.base_2009(unit, who, n)[0], how),),
                ),
            ),
            "catalogue",
        )
        for n, ((unit, who), how) in enumerate(zip(collection.BASES_2009, hows, strict=True), 1)
    ]
    return [
        *bases,
        _single(
            f"{at}/1998缴费工资申报汇总表.jpg", "jpeg", collection.wages_1998(), replace(COLOUR, yellow=1, skew=-1.5)
        ),
        _series(f"{at}/工资表2007年8月({{}}).jpg", "stem", collection.payroll_2007(), GREY, replace(GREY, skew=2.4)),
        _single(
            f"{at}/补缴协议书_湫水水泥2006.pdf",
            "scanned-pdf",
            collection.back_payment_agreement(),
            replace(FINE, skew=0.9),
            FINE,
        ),
        _single(f"{at}/缴费证明_冯志强.pdf", "digital-pdf", collection.payment_proof(), PLAIN),
        _single(f"{at}/催缴通知书2012-19号.jpg", "jpeg", collection.arrears_notice(), replace(SHARP, shadow=0.18)),
        _single(f"{at}/2022年缴费基数核定表_望湫二小.pdf", "digital-pdf", collection.assessment_2022(), PLAIN),
        _single(f"{at}/进账单20051225.jpg", "jpeg", collection.bank_slip(), replace(COLOUR, border=8, skew=1.3)),
        _single(f"{at}/灵活就业申报2015_成晓燕.jpg", "jpeg", collection.declare_flexible(), replace(GREY, blur=1.1)),
    ]


def _retirements() -> list[Item]:
    unit = WEAVING.name
    form = pension.retirement(XUE, unit, before=WEAVING_OLD, month="2014年3月", started="1986年9月", day="2014-03-06")
    amounts = ("712.36", "154.45", "286.07", "1,152.88")
    benefit = pension.benefit_sheet(XUE, unit, start="2014年4月", day="2014-04-02", amounts=amounts)
    copy = registration.identity_copy(XUE, year=2014)
    notice = pension.public_notice(unit, (XUE,), "2014-02-20")
    nothing = Sheet(Facts("空白页", "", "养老"), blank=True)
    sheets = [*form, *copy, nothing, *notice, *benefit]
    empty = replace(SHARP, through=0.07)
    hows = (SHARP, replace(SHARP, through=0.16), FINE, empty, FINE, SHARP)
    form_gao = pension.retirement(
        GAO, CEMENT.name, before="临县湫水水泥厂", month="2010年10月", started="1971年12月", day="2010-09-17"
    )
    return [
        _series("养老待遇/薛玉梅退休2014/{:03d}.jpg", "folder", sheets, *hows),
        _series("养老待遇/高守田退休审批表2010-{}.jpg", "stem", form_gao, FINE, replace(FINE, skew=-0.9)),
    ]


def _batch_2019() -> list[Item]:
    at = "养老待遇/2019年退休批次"
    form = pension.retirement(
        ZHANG, DATES.name, before=WEAVING_OLD, month="2019年7月", started="1990年5月", day="2019-06-20"
    )
    amounts = ("1,004.18", "221.72", "148.90", "1,374.80")
    benefit = pension.benefit_sheet(ZHANG, DATES.name, start="2019年8月", day="2019-07-24", amounts=amounts)
    copy = registration.identity_copy(ZHANG, year=2019)
    items = [
        _single(f"{at}/2019-01.pdf", "scanned-pdf", form, SHARP, replace(SHARP, skew=1.1)),
        _single(f"{at}/2019-02.pdf", "digital-pdf", benefit, PLAIN),
        _single(f"{at}/2019-03.jpg", "jpeg", pension.application_2019(ZHANG), COLOUR),
        _single(f"{at}/2019-04.jpg", "jpeg", copy, replace(GREY, dpi=150)),
        _single(f"{at}/2019-05.jpg", "jpeg", pension.public_notice(DATES.name, (ZHANG,), "2019-06-25"), FINE),
    ]
    return [replace(item, how="catalogue") for item in items[:4]] + items[4:]


def _other_pensions() -> list[Item]:
    at = "养老待遇"
    upside = replace(SHARP, turn=180)
    return [
        _series(f"{at}/特殊工种认定表_秦二娃-{{}}.jpg", "stem", pension.special_trade(), SHARP, upside),
        _single(f"{at}/养老金调整审批表2012_高守田.jpg", "jpeg", pension.adjustment(), replace(GREY, faded=0.55)),
        _single(f"{at}/丧葬抚恤申领表202009.jpg", "jpeg", pension.survivors(), replace(COLOUR, skew=2.0, specks=60)),
        _single(f"{at}/1996年离退休人员花名册.tif", "tiff", pension.roster_1996(), FILM, replace(FILM, skew=-1.3)),
    ]


def _medical_and_unemployment() -> list[Item]:
    return [
        _single("医疗待遇/门诊费用核定表_张改莲2013.jpg", "jpeg", benefits.outpatient(), replace(COLOUR, noise=10)),
        _single(
            "医疗待遇/住院费用审核单_李㛃.pdf",
            "scanned-pdf",
            benefits.medical_costs(),
            replace(GREY, skew=-1.0),
            COLOUR,
        ),
        _single(
            "失业待遇/失业金申领登记表_冯志强.jpg", "jpeg", benefits.unemployment_claim(), replace(SHARP, skew=0.5)
        ),
        _single(
            "失业待遇/终止劳动合同证明书_冯志强.jpg", "jpeg", benefits.end_of_contract(), replace(COLOUR, blur=1.0)
        ),
        _single("失业待遇/失业待遇核定表_冯志强.pdf", "digital-pdf", benefits.unemployment_benefit(), PLAIN),
    ]


def _injury_and_maternity() -> list[Item]:
    at = "工伤待遇/王海平"
    return [
        _series(
            f"{at}/工伤认定申请表_{{}}.jpg", "stem", benefits.injury_application(), replace(SHARP, punched=True), SHARP
        ),
        _single(f"{at}/工伤认定决定书.pdf", "scanned-pdf", benefits.injury_decision(), FINE, replace(SHARP, skew=1.5)),
        _single(f"{at}/劳动能力鉴定结论.jpg", "jpeg", benefits.capacity(), replace(COLOUR, through=0.14)),
        _single(f"{at}/工伤待遇核定表.jpg", "jpeg", benefits.injury_benefit(), replace(SHARP, skew=-2.8)),
        _single("生育待遇/生育津贴申领表_成晓燕.jpg", "jpeg", benefits.maternity(), SHARP),
        _single("生育待遇/生育待遇核定表_成晓燕.pdf", "digital-pdf", benefits.maternity_benefit(), PLAIN),
    ]


def _statistics_and_audit() -> list[Item]:
    return [
        _single("统计报表/1999年年报.tif", "tiff", oversight.yearly_1999(), replace(FILM, skew=0.8)),
        _single("统计报表/2019年年报.pdf", "digital-pdf", oversight.yearly_2019(), PLAIN),
        _single("统计报表/2008年5月失业月报.jpg", "jpeg", oversight.monthly(), replace(COLOUR, faded=0.35)),
        _single("统计报表/2021上半年运行分析.pdf", "digital-pdf", oversight.analysis(), PLAIN),
        _single("稽核监管/稽核通知书2017-6号.jpg", "jpeg", oversight.audit_notice(), replace(COLOUR, skew=4.8)),
        _single(
            "稽核监管/稽核报告2017_黄河驿酒店.pdf", "scanned-pdf", oversight.audit_report(), GREY, GREY, COLOUR, GREY
        ),
        _single("稽核监管/工作底稿2014_秦二娃.jpg", "jpeg", oversight.audit_note(), replace(GREY, noise=12, skew=-0.8)),
    ]


def _loose() -> list[Item]:
    photo = Scan(170, "rgb", skew=-2.6, shadow=0.32, blur=0.7, quality=70)
    low = Scan(100, "grey", quality=80)
    return [
        _single("IMG_20240411_093012.jpg", "jpeg", oversight.audit_opinion(), photo),
        _single("扫描件0003.jpg", "jpeg", registration.identity_copy(FENG, year=2020), low),
        _single("电子凭证202403.ofd", "ofd", collection.electronic_voucher(), PLAIN),
    ]
