"""A description as METS and PREMIS."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from lxml import etree

from cunzhen.errors import Invalid
from cunzhen.formats.mets_codec import CZ, DC, METS, PREFIXES, PREMIS, XLINK, XSI, add_value, escape, instant
from cunzhen.formats.mets_model import Component, Description, Event, Page, Rendition

PROFILE = "urn:x-cunzhen:mets-profile:1"
DIGEST_NAMES = (("SHA-256", "sha256"), ("SM3", "sm3"), ("SHA-512", "sha512"))
IN_PREMIS = frozenset({"events", "size", "sha256", "sm3", "sha512", "puid", "mime", "format_name"})

_Element = etree._Element


def to_xml(description: Description) -> bytes:
    """See ``mets.write_mets``."""
    numbers = [c.number for c in description.components]
    further = [r.number for r in description.renditions]
    if len(set(numbers)) != len(numbers) or len(set(further)) != len(further):
        raise Invalid("P-30", "著录信息无法写入保存包：电子文件序号重复。", "Two files have the same number.")
    root = etree.Element(f"{{{METS}}}mets", nsmap=PREFIXES)
    root.set("OBJID", f"urn:uuid:{description.item_id}")
    root.set("TYPE", "AIP")
    root.set("PROFILE", PROFILE)
    _header(root, description)
    _dublin_core(root, description)
    add_value(_wrap(root, "dmdSec", "dmd-cunzhen", "OTHER", other="CUNZHEN"), "description", description, IN_PREMIS)
    files = (*description.components, *description.renditions)
    if files or description.events:
        section = etree.SubElement(root, f"{{{METS}}}amdSec", ID="amd-1")
        for component in description.components:
            _premis_object(section, component, f"tech-{component.number}")
        for rendition in description.renditions:
            _derivation(
                _premis_object(section, rendition, f"tech-rendition-{rendition.number}"), rendition, description
            )
        _premis_events(section, description.events)
    if files:
        _file_section(root, description)
    _structure(root, description)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _header(root: _Element, description: Description) -> None:
    header = etree.SubElement(root, f"{{{METS}}}metsHdr", CREATEDATE=instant(description.filed_at))
    header.set("RECORDSTATUS", f"v{description.version}")
    software = etree.SubElement(header, f"{{{METS}}}agent", ROLE="CREATOR", TYPE="OTHER", OTHERTYPE="SOFTWARE")
    _add(software, METS, "name", "存真 Cunzhen")
    archivist = etree.SubElement(header, f"{{{METS}}}agent", ROLE="ARCHIVIST", TYPE="ORGANIZATION")
    _add(archivist, METS, "name", description.agency.name)


def _dublin_core(root: _Element, description: Description) -> None:
    data = _wrap(root, "dmdSec", "dmd-dc", "DC")
    _add(data, DC, "title", description.title)
    for code in description.codes:
        if code.valid_to is None:
            _add(data, DC, "identifier", code.code)
    _add(data, DC, "date", description.document_date or str(description.year))
    _add(data, DC, "type", description.kind_name or description.kind)
    _add(data, DC, "publisher", description.fonds.creator.name)


def _premis_object(section: _Element, component: Component | Rendition, key: str) -> _Element:
    data = _wrap(section, "techMD", key, "PREMIS:OBJECT", version="3.0")
    thing = etree.SubElement(data, f"{{{PREMIS}}}object")
    thing.set(f"{{{XSI}}}type", "premis:file")
    _identifier(thing, "objectIdentifier", "UUID", str(component.id))
    facts = etree.SubElement(thing, f"{{{PREMIS}}}objectCharacteristics")
    for name, attribute in DIGEST_NAMES:
        fixity = etree.SubElement(facts, f"{{{PREMIS}}}fixity")
        _add(fixity, PREMIS, "messageDigestAlgorithm", name)
        _add(fixity, PREMIS, "messageDigest", getattr(component, attribute))
    _add(facts, PREMIS, "size", str(component.size))
    shape = etree.SubElement(facts, f"{{{PREMIS}}}format")
    designation = etree.SubElement(shape, f"{{{PREMIS}}}formatDesignation")
    _add(designation, PREMIS, "formatName", component.format_name)
    registry = etree.SubElement(shape, f"{{{PREMIS}}}formatRegistry")
    _add(registry, PREMIS, "formatRegistryName", "PRONOM")
    _add(registry, PREMIS, "formatRegistryKey", component.puid)
    _add(thing, PREMIS, "originalName", component.name)
    return thing


def _derivation(thing: _Element, rendition: Rendition, description: Description) -> None:
    """What a rendition was made from (PREMIS 3, 1.13): one file of the item, or the item."""
    sources = {c.number: c.id for c in description.components}
    source = sources.get(rendition.source_number, description.item_id)
    relation = etree.SubElement(thing, f"{{{PREMIS}}}relationship")
    _add(relation, PREMIS, "relationshipType", "derivation")
    _add(relation, PREMIS, "relationshipSubType", "has source")
    _identifier(relation, "relatedObjectIdentifier", "UUID", str(source))


def _premis_events(section: _Element, events: Sequence[Event]) -> None:
    # One actor may have borne two names in time, so agents are told apart by id and name together.
    agents = {pair: f"agent-{n}" for n, pair in enumerate(dict.fromkeys((e.actor_id, e.actor_name) for e in events), 1)}
    for number, event in enumerate(events, 1):
        data = _wrap(section, "digiprovMD", f"event-{number}", "PREMIS:EVENT", version="3.0")
        act = etree.SubElement(data, f"{{{PREMIS}}}event")
        _identifier(act, "eventIdentifier", "UUID", str(event.id))
        _add(act, PREMIS, "eventType", event.op)
        _add(act, PREMIS, "eventDateTime", instant(event.at))
        detail = etree.SubElement(act, f"{{{PREMIS}}}eventDetailInformation")
        _add(detail, PREMIS, "eventDetail", event.detail)
        outcome = etree.SubElement(act, f"{{{PREMIS}}}eventOutcomeInformation")
        _add(outcome, PREMIS, "eventOutcome", event.outcome)
        _identifier(act, "linkingAgentIdentifier", "local", agents[event.actor_id, event.actor_name])
    for (actor_id, name), key in agents.items():
        data = _wrap(section, "digiprovMD", key, "PREMIS:AGENT", version="3.0")
        agent = etree.SubElement(data, f"{{{PREMIS}}}agent")
        _identifier(agent, "agentIdentifier", "local", key)
        _identifier(agent, "agentIdentifier", "UUID", str(actor_id))
        _add(agent, PREMIS, "agentName", name)


def _file_section(root: _Element, description: Description) -> None:
    section = etree.SubElement(root, f"{{{METS}}}fileSec")
    _file_group(section, "originals", description.components, "")
    _file_group(section, "renditions", description.renditions, "rendition-")


def _file_group(section: _Element, use: str, files: Sequence[Component | Rendition], mark: str) -> None:
    if not files:
        return
    group = etree.SubElement(section, f"{{{METS}}}fileGrp", USE=use)
    for component in files:
        file = etree.SubElement(group, f"{{{METS}}}file", ID=f"file-{mark}{component.number}")
        file.set("ADMID", f"tech-{mark}{component.number}")
        file.set("MIMETYPE", escape(component.mime))
        file.set("SIZE", str(component.size))
        file.set("CHECKSUM", escape(component.sha256))
        file.set("CHECKSUMTYPE", "SHA-256")
        place = etree.SubElement(file, f"{{{METS}}}FLocat", LOCTYPE="URL")
        place.set(f"{{{XLINK}}}href", quote(component.path, safe="/", errors="surrogatepass"))


def _structure(root: _Element, description: Description) -> None:
    structure = etree.SubElement(root, f"{{{METS}}}structMap", TYPE="PHYSICAL")
    item = etree.SubElement(structure, f"{{{METS}}}div", TYPE="item", DMDID="dmd-cunzhen dmd-dc")
    known = {c.number for c in description.components}
    pages: dict[int, list[Page]] = {}
    for page in description.pages:
        pages.setdefault(page.component, []).append(page)
    for component in description.components:
        part = etree.SubElement(item, f"{{{METS}}}div", TYPE="component", ORDER=str(component.number))
        etree.SubElement(part, f"{{{METS}}}fptr", FILEID=f"file-{component.number}")
        for page in pages.get(component.number, ()):
            etree.SubElement(part, f"{{{METS}}}div", TYPE="page", ORDER=str(page.number))
    for rendition in description.renditions:
        part = etree.SubElement(item, f"{{{METS}}}div", TYPE="rendition", ORDER=str(rendition.number))
        etree.SubElement(part, f"{{{METS}}}fptr", FILEID=f"file-rendition-{rendition.number}")
    if not pages.keys() <= known:
        raise Invalid("P-30", "著录信息无法写入保存包：页面所属文件不存在。", "A page stands in no known component.")


def _wrap(parent: _Element, section: str, key: str, kind: str, *, version: str = "", other: str = "") -> _Element:
    element = etree.SubElement(parent, f"{{{METS}}}{section}", ID=key)
    wrap = etree.SubElement(element, f"{{{METS}}}mdWrap", MDTYPE=kind)
    if version:
        wrap.set("MDTYPEVERSION", version)
    if other:
        wrap.set("OTHERMDTYPE", other)
    return etree.SubElement(wrap, f"{{{METS}}}xmlData")


def _identifier(parent: _Element, name: str, kind: str, value: str) -> None:
    element = etree.SubElement(parent, f"{{{PREMIS}}}{name}")
    _add(element, PREMIS, f"{name}Type", kind)
    _add(element, PREMIS, f"{name}Value", value)


def _add(parent: _Element, namespace: str, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{namespace}}}{name}").text = escape(text)


__all__ = ["CZ", "DIGEST_NAMES", "IN_PREMIS", "to_xml"]
