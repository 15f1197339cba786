"""The description inside a package: nothing is lost on the way out and back, and nothing in it is obeyed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from cunzhen.errors import Invalid
from cunzhen.formats import mets
from cunzhen.formats.mets import read_mets, write_mets
from cunzhen.formats.mets_codec import escape, unescape

NOW = datetime(2026, 11, 22, 8, 1, 2, 345, tzinfo=UTC)
AGENCY = mets.Agency(UUID(int=1), "临县社会保险中心")
ONE_PAGE = mets.Description(
    item_id=UUID(int=2),
    node="node-1",
    agency=AGENCY,
    fonds=mets.Fonds(UUID(int=3), "J001", "临县社保", AGENCY, AGENCY, AGENCY, "{fonds}-ZY·SB{series}·{year}-{item:06}"),
    series=mets.Series(UUID(int=4), "3", "养老保险"),
    title="退休审批表",
    kind="retirement_approval",
    year=2019,
    retention=mets.Retention(
        "50", date(2069, 12, 31), "", "2024", UUID(int=5), UUID(int=6), "3", "2", "退休审批", "C-A", True
    ),
    content_sha256="ab" * 32,
    transfer_id=UUID(int=7),
    filed_at=NOW,
    filed_by=UUID(int=8),
    document_date="2019-03",
    date_precision="month",
    codes=(mets.ArchivalCode("J001-ZY·SB3·2019-000001", UUID(int=1), NOW),),
    persons=(
        mets.Mention(
            UUID(int=9), UUID(int=10), "张样本", "machine", 0.93, UUID(int=8), NOW, None, 0, (1, 2, 30, 40),
            (mets.Identifier("resident_id", "11010119000101001X"),),
        ),
    ),
    components=(
        mets.Component(
            UUID(int=11), 1, "originals/0001.tif", "扫描&<1>\udcff.tif", 40_000, "a" * 64, "b" * 64, "c" * 128,
            "fmt/353", "image/tiff", "Tagged Image File Format", 1,
        ),
    ),
    pages=(mets.Page(UUID(int=12), 1, 1, 0, 2480, 3508, 180, -0.25, False, "ppocr-6", 0.97, "text/pages.json"),),
    checks=tuple(mets.Check(f"T-IN-{n:02}", "passed", "符合", f"GD-1-{n}") for n in range(12)),
    events=(
        mets.Event(UUID(int=13), "receive_transfer", NOW, UUID(int=8), "王样本"),
        mets.Event(UUID(int=14), "file_drafts", NOW, UUID(int=8), "王样本（更名前）", "自动", "success"),
    ),
    extras=(mets.Extra("decision_number", "临社审〔2019〕1号"),),
)  # fmt: skip

_texts = st.text(max_size=12)  # surrogates, controls and unassigned characters included
# From the first year of the earliest paper that anybody could file; year 1 has no UTC time east of Greenwich.
_times = st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]))
_floats = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(str, _texts)
st.register_type_strategy(datetime, _times)
st.register_type_strategy(float, _floats)
_mentions = st.lists(st.from_type(mets.Mention), max_size=3).map(tuple)


@st.composite
def _descriptions(draw: Callable[[st.SearchStrategy[mets.Description]], mets.Description]) -> mets.Description:
    made = draw(st.from_type(mets.Description))
    components = tuple(replace(c, number=n, id=UUID(int=n)) for n, c in enumerate(made.components, 1))
    pages = tuple(replace(p, component=n % len(components) + 1) for n, p in enumerate(made.pages) if components)
    renditions = tuple(replace(r, number=n, id=UUID(int=1_000_000 + n)) for n, r in enumerate(made.renditions, 1))
    return replace(made, components=components, pages=pages, renditions=renditions)


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(_descriptions())
@example(ONE_PAGE)
def test_every_description_comes_back_equal_and_its_bytes_too(description: mets.Description) -> None:
    data = write_mets(description)
    assert read_mets(data) == description
    assert write_mets(read_mets(data)) == data


@given(_texts)
@example("\\u{41}\\\\")
def test_text_that_xml_cannot_hold_is_escaped_and_comes_back(text: str) -> None:
    assert unescape(escape(text)) == text
    etree.fromstring(f"<a>{escape(text).replace('&', '').replace('<', '')}</a>".encode())


def test_the_sections_stand_in_the_order_of_the_schema() -> None:
    root = etree.fromstring(write_mets(ONE_PAGE))
    names = [etree.QName(child).localname for child in root]
    assert names == ["metsHdr", "dmdSec", "dmdSec", "amdSec", "fileSec", "structMap"]
    file = root.find(".//{*}file")
    assert file is not None
    assert (file.get("SIZE"), file.get("CHECKSUMTYPE"), file.get("CHECKSUM")) == ("40000", "SHA-256", "a" * 64)
    assert root.findtext(".//{*}fixity[2]/{*}messageDigestAlgorithm") == "SM3"
    assert root.findtext(".//{*}eventType") == "receive_transfer"
    assert len(root.findall(".//{*}agent/{*}agentName")) == 2  # one person under two names stays two agents
    assert all(e.get("ID") for e in root.iter("{*}dmdSec", "{*}techMD", "{*}digiprovMD"))


def test_a_rendition_stands_beside_the_originals_and_names_what_it_was_made_from() -> None:
    rendition = mets.Rendition(
        UUID(int=21), 1, 1, "renditions/0001.pdf", "扫描.pdf", "长期保存格式", 9_000, "d" * 64, "e" * 64, "f" * 128,
        "fmt/95", "application/pdf", "PDF/A-1b", NOW, UUID(int=8),
    )  # fmt: skip
    description = replace(
        ONE_PAGE, renditions=(rendition, replace(rendition, id=UUID(int=22), number=2, source_number=0))
    )
    data = write_mets(description)
    assert read_mets(data) == description
    root = etree.fromstring(data)
    assert [g.get("USE") for g in root.iter("{*}fileGrp")] == ["originals", "renditions"]
    sources = [e.text for e in root.iter("{*}relatedObjectIdentifierValue")]
    assert sources == [str(UUID(int=11)), str(ONE_PAGE.item_id)]
    with pytest.raises(Invalid, match="P-30"):
        write_mets(replace(description, renditions=(rendition, rendition)))


def test_a_one_page_item_is_written_in_under_two_milliseconds() -> None:
    write_mets(ONE_PAGE)
    best = min(_seconds(lambda: write_mets(ONE_PAGE)) for _ in range(20))
    assert best < 0.002


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


@pytest.mark.parametrize(
    "change",
    [
        {"filed_at": datetime(2026, 1, 1)},
        {"pages": (replace(ONE_PAGE.pages[0], skew=float("nan")),)},
        {"pages": (replace(ONE_PAGE.pages[0], component=9),)},
        {"components": ONE_PAGE.components * 2},
    ],
)
def test_what_cannot_be_written_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refusal:
        write_mets(replace(ONE_PAGE, **change))  # type: ignore[arg-type]
    assert refusal.value.code == "P-30"


def _with_doctype(declaration: str, body: bytes) -> bytes:
    head, _, rest = body.partition(b"\n")
    return head + b"\n" + declaration.encode() + rest


def test_no_entity_is_expanded_and_no_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("TOP-SECRET")
    good = write_mets(ONE_PAGE)
    laughs = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    attacks = [
        _with_doctype(f'<!DOCTYPE m [<!ENTITY x SYSTEM "file://{secret}">]>', good.replace("退休".encode(), b"&x;")),
        _with_doctype(f"<!DOCTYPE m [{laughs}]>", good.replace("退休".encode(), b"&e11;")),
        _with_doctype('<!DOCTYPE m SYSTEM "http://127.0.0.1:9/x.dtd">', good),
    ]
    attacks += [a.decode().replace("UTF-8", "UTF-16").encode("utf-16") for a in attacks]
    for attack in attacks:
        started = time.perf_counter()
        with pytest.raises(Invalid) as refusal:
            read_mets(attack)
        assert refusal.value.code == "P-31"
        assert "TOP-SECRET" not in str(refusal.value)
        assert time.perf_counter() - started < 1


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_bytes_are_refused_and_never_break_the_reader(data: st.DataObject) -> None:
    good = bytearray(write_mets(ONE_PAGE))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(good) - 1))
        if data.draw(st.booleans()):
            good[place] = data.draw(st.integers(0, 255))
        else:
            del good[place : place + data.draw(st.integers(1, 200))]
    try:
        read_mets(bytes(good))
    except Invalid as refusal:
        assert refusal.code == "P-31"


def test_a_digest_that_contradicts_itself_is_refused() -> None:
    data = write_mets(ONE_PAGE).replace(b'CHECKSUM="a', b'CHECKSUM="b')
    with pytest.raises(Invalid):
        read_mets(data)


def test_refusals_quote_no_name_and_no_number() -> None:
    data = write_mets(ONE_PAGE).replace(b'confidence="0.93"', b'confidence="11010119000101001X"')
    with pytest.raises(Invalid) as refusal:
        read_mets(data)
    assert "11010119000101001X" not in f"{refusal.value} {refusal.value.english} {refusal.value.params}"


def test_a_new_id_makes_other_bytes() -> None:
    assert write_mets(replace(ONE_PAGE, item_id=uuid4())) != write_mets(ONE_PAGE)
