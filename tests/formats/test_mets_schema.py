"""What we write is METS 1.12 and PREMIS 3.0 by the official schemas, which stand beside this file; no network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from cunzhen.formats import mets
from tests.formats.test_mets import NOW, ONE_PAGE, _descriptions

SCHEMAS = Path(__file__).parent / "schemas"
LOCAL = {"http://www.loc.gov/standards/xlink/xlink.xsd": "xlink.xsd"}


class _Local(etree.Resolver):
    """Schemas refer to one another by addresses: answered from the folder, and anything else is a mistake."""

    def resolve(self, system_url: str, public_id: str, context: object) -> object:
        name = LOCAL.get(system_url, Path(system_url).name)
        return self.resolve_filename(str(SCHEMAS / name), context)  # type: ignore[attr-defined]


@cache
def schema() -> etree.XMLSchema:
    """METS with PREMIS inside; by METS alone, what stands in its wraps would be looked at by nobody."""
    driver = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
        <xs:import namespace="http://www.loc.gov/METS/" schemaLocation="{SCHEMAS}/mets-1.12.xsd"/>
        <xs:import namespace="http://www.loc.gov/premis/v3" schemaLocation="{SCHEMAS}/premis-v3-0.xsd"/>
    </xs:schema>"""
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Local())
    return etree.XMLSchema(etree.fromstring(driver, parser))


def errors(data: bytes) -> list[str]:
    """What the schemas say against it."""
    found = schema()
    found.validate(etree.fromstring(data))
    return [error.message for error in found.error_log]


def _rendition(number: int, source: int) -> mets.Rendition:
    return mets.Rendition(
        UUID(int=30 + number), number, source, f"renditions/{number:04}.pdf", "长期.pdf", "长期保存", 5, "a" * 64, "b" * 64,
        "c" * 128, "fmt/95", "application/pdf", "PDF/A-1a", NOW, UUID(int=8),
    )  # fmt: skip


FURTHER = mets.Event(
    UUID(int=40), "correct_items", NOW + timedelta(days=1), UUID(int=9), "另一人\x00", "更正：<题名> & 年度", "success"
)
KINDS = {
    "one page": ONE_PAGE,
    "renditions": replace(ONE_PAGE, renditions=(_rendition(1, 1), _rendition(2, 0))),
    "events of several people": replace(
        ONE_PAGE, events=(*ONE_PAGE.events, FURTHER, replace(FURTHER, id=UUID(int=41)))
    ),
    "nothing but a title": replace(
        ONE_PAGE, components=(), pages=(), persons=(), employers=(), checks=(), events=(), extras=(), codes=()
    ),
    "events without files": replace(ONE_PAGE, components=(), pages=(), events=(FURTHER,)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_we_write_is_valid(kind: str) -> None:
    assert errors(mets.write_mets(KINDS[kind])) == []


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(_descriptions())
def test_whatever_is_described_is_valid(description: mets.Description) -> None:
    files = {
        kind: tuple(
            replace(file, size=abs(file.size) % 2**63) for file in getattr(description, kind)
        )  # no disk has more
        for kind in ("components", "renditions")
    }
    assert errors(mets.write_mets(replace(description, **files))) == []


def _swap(data: bytes) -> bytes:
    return data.replace(b"premis:size", b"premis:sise")


def _no_agent(data: bytes) -> bytes:
    return data.replace(b"<premis:agentIdentifierType>local</premis:agentIdentifierType>", b"", 1)


def _checksum(data: bytes) -> bytes:
    return data.replace(b'CHECKSUMTYPE="SHA-256"', b'CHECKSUMTYPE="SM3"')


def _order(data: bytes) -> bytes:
    return data.replace(b"mets:fileSec", b"mets:behaviorSec")


@pytest.mark.parametrize("spoil", [_swap, _no_agent, _checksum, _order])
def test_the_schemas_do_say_no(spoil: Callable[[bytes], bytes]) -> None:
    good = mets.write_mets(ONE_PAGE)
    assert spoil(good) != good
    assert errors(spoil(good)) != []
