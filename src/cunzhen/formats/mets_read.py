"""METS and PREMIS back to a description. The bytes may come from other hands: nothing in them is obeyed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from lxml import etree

from cunzhen.errors import Invalid
from cunzhen.formats.mets_codec import CZ, METS, PREMIS, parse_instant, take_value, unescape
from cunzhen.formats.mets_model import Component, Description, Event, Rendition
from cunzhen.formats.mets_write import DIGEST_NAMES

LIMIT_BYTES = 64 * 1024 * 1024
_M, _P = f"{{{METS}}}", f"{{{PREMIS}}}"
_Element = etree._Element


def from_xml(data: bytes) -> Description:
    """See ``mets.read_mets``."""
    root = _parse(data)
    try:
        return _description(root)
    except (KeyError, TypeError, ValueError, OverflowError) as problem:
        # Only the kind of the mistake: its text may quote a name or a number.
        raise _invalid(f"内容不完整（{type(problem).__name__}）", f"incomplete ({type(problem).__name__})") from None


def _parse(data: bytes) -> _Element:
    if len(data) > LIMIT_BYTES:
        raise _invalid("文件过大", "too large")
    # Prefixes of the document type in ASCII and both UTF-16 orders: refused before the parser sees a declaration.
    if any("<!DOCTYPE".encode(code) in data for code in ("ascii", "utf-16-le", "utf-16-be")):
        raise _invalid("含有文档类型声明", "it has a document type declaration")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise _invalid("不是完整的 XML", "not well-formed XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _invalid("含有文档类型声明", "it has a document type declaration")
    if root.tag != f"{_M}mets":
        raise _invalid("不是 METS", "not METS")
    return root


def _description(root: _Element) -> Description:
    found = list(root.iterfind(f"{_M}dmdSec/{_M}mdWrap/{_M}xmlData/{{{CZ}}}description"))
    if len(found) != 1:
        raise KeyError("description")
    files = {f.get("ID"): f for f in root.iter(f"{_M}file")}
    objects = {_one(o, "objectIdentifier/objectIdentifierValue"): o for o in root.iter(f"{_P}object")}
    known = {
        "components": _files(found[0], "component", Component, objects, files, "file-"),
        "renditions": _files(found[0], "rendition", Rendition, objects, files, "file-rendition-"),
        "events": _events(root),
    }
    description: Description = take_value(Description, found[0], known)
    if root.get("OBJID") != f"urn:uuid:{description.item_id}":
        raise ValueError("OBJID")
    return description


def _files(
    described: _Element, tag: str, kind: Any, objects: dict[str, _Element], files: dict[Any, _Element], mark: str
) -> tuple[Any, ...]:
    found = described.iterchildren(f"{{{CZ}}}{tag}")
    return tuple(_file(e, kind, objects[_attribute(e, "id")], files[f"{mark}{_attribute(e, 'number')}"]) for e in found)


def _file(element: _Element, kind: Any, thing: _Element, file: _Element) -> Any:
    facts = _child(thing, "objectCharacteristics")
    names = dict(DIGEST_NAMES)
    digests = {
        names[_one(f, "messageDigestAlgorithm")]: unescape(_one(f, "messageDigest"))
        for f in facts.iterchildren(f"{_P}fixity")
    }
    if unescape(_attribute(file, "CHECKSUM")) != digests["sha256"]:
        raise ValueError("CHECKSUM")
    known = {
        **digests,
        "size": int(_one(facts, "size")),
        "puid": unescape(_one(facts, "format/formatRegistry/formatRegistryKey")),
        "format_name": unescape(_one(facts, "format/formatDesignation/formatName")),
        "mime": unescape(_attribute(file, "MIMETYPE")),
    }
    return take_value(kind, element, known)


def _events(root: _Element) -> tuple[Event, ...]:
    agents: dict[str, tuple[UUID, str]] = {}
    for agent in root.iter(f"{_P}agent"):
        values = [_one(i, "agentIdentifierValue") for i in agent.iterchildren(f"{_P}agentIdentifier")]
        agents[values[0]] = (UUID(values[1]), unescape(_one(agent, "agentName"))) if len(values) > 1 else _no_uuid()
    return tuple(_event(e, agents) for e in root.iter(f"{_P}event"))


def _no_uuid() -> tuple[UUID, str]:
    raise KeyError("agentIdentifier")


def _event(event: _Element, agents: dict[str, tuple[UUID, str]]) -> Event:
    actor_id, actor_name = agents[_one(event, "linkingAgentIdentifier/linkingAgentIdentifierValue")]
    return Event(
        id=UUID(_one(event, "eventIdentifier/eventIdentifierValue")),
        op=unescape(_one(event, "eventType")),
        at=parse_instant(_one(event, "eventDateTime")),
        actor_id=actor_id,
        actor_name=actor_name,
        detail=unescape(_one(event, "eventDetailInformation/eventDetail")),
        outcome=unescape(_one(event, "eventOutcomeInformation/eventOutcome")),
    )


def _one(element: _Element, path: str) -> str:
    """Text of the one element at a path of PREMIS names."""
    for name in path.split("/"):
        element = _child(element, name)
    return element.text or ""


def _attribute(element: _Element, name: str) -> str:
    value = element.get(name)
    if value is None:
        raise KeyError(name)
    return value


def _child(element: _Element, name: str) -> _Element:
    found = element.find(f"{_P}{name}")
    if found is None:
        raise KeyError(name)
    return found


def _invalid(chinese: str, english: str) -> Invalid:
    return Invalid(
        "P-31",
        f"保存包中的著录文件 mets.xml 无法读取：{chinese}。",
        f"The description mets.xml of a package cannot be read: {english}.",
    )
