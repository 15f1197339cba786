"""Places in PostgreSQL's log and their files."""

from __future__ import annotations

import pytest

from cunzhen.errors import Invalid
from cunzhen.formats.wal import Segments, is_segment, lsn_text, parse_lsn

MIB = 1 << 20


@pytest.mark.parametrize("text", ["0/3000090", "16/B374D848", "FFFFFFFF/FFFFFFFF", "0/0"])
def test_places_there_and_back(text: str) -> None:
    assert lsn_text(parse_lsn(text)) == text


@pytest.mark.parametrize("text", ["", "0", "0/x", "0/3000090 ", "-1/0", "0/123456789"])
def test_malformed_places(text: str) -> None:
    with pytest.raises(Invalid):
        parse_lsn(text)


def test_names_as_the_server_has_them() -> None:
    segments = Segments(1, 16 * MIB)
    assert segments.name(parse_lsn("0/3000090")) == "000000010000000000000003"
    assert segments.name(parse_lsn("1/FF000000")) == "0000000100000001000000FF"
    assert segments.name(parse_lsn("2/0")) == "000000010000000200000000"
    assert Segments(12, 64 * MIB).name(parse_lsn("0/FC000000")) == "0000000C000000000000003F"
    assert segments.names(parse_lsn("0/FFFFFF"), parse_lsn("0/2000000")) == [
        "000000010000000000000000",
        "000000010000000000000001",
    ]
    assert all(is_segment(name) for name in segments.names(0, 64 * MIB))
    assert not is_segment("000000010000000000000003.partial") and not is_segment("00000002.history")
