"""The description inside every package: METS 1.12 with PREMIS 3, complete enough to rebuild the catalogue from it.

What stands where: digests, sizes and formats of the files in PREMIS objects; what was done to them, when and by whom
in PREMIS events and agents; everything else in one element of our own, ``cz:description``, whose attributes bear the
names of the fields below. Dublin Core, the file section and the structure map repeat the essentials for programs
that know only METS. Free text is written as it is, but for a backslash, which is doubled, and characters that XML
1.0 cannot hold, which become ``\\u{hex}``: names of files may hold any character.

Identity numbers stand here in plain: a package must explain itself. They must never reach a log from here.
"""

from __future__ import annotations

from cunzhen.formats.mets_model import (
    Agency,
    ArchivalCode,
    Box,
    Check,
    Component,
    Description,
    Event,
    Extra,
    Fonds,
    Identifier,
    Mention,
    Page,
    Rendition,
    Retention,
    Series,
)
from cunzhen.formats.mets_read import from_xml
from cunzhen.formats.mets_write import to_xml

__all__ = [
    "METS_PATH",
    "Agency",
    "ArchivalCode",
    "Box",
    "Check",
    "Component",
    "Description",
    "Event",
    "Extra",
    "Fonds",
    "Identifier",
    "Mention",
    "Page",
    "Rendition",
    "Retention",
    "Series",
    "read_mets",
    "write_mets",
]

METS_PATH = "mets.xml"  # logical path of the description inside every package


def write_mets(description: Description) -> bytes:
    """The description as METS; equal descriptions give equal bytes.

    Raises:
        Invalid: ``P-30`` where a time has no zone, a number is not finite, or two components share a number.
    """
    return to_xml(description)


def read_mets(data: bytes) -> Description:
    """Read what ``write_mets`` wrote, to an equal value.

    Raises:
        Invalid: ``P-31`` for anything else; no entity is expanded and nothing outside is opened.
    """
    return from_xml(data)
