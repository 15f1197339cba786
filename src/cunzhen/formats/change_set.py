"""变更集: corrections of many descriptions as one file, written at once and folded into the packages later.

A change says what an item's description has from one version on: whole new values of the fields that changed, and the
event that says who changed them. It counts only upon the version before it, so applying it twice, in a wrong order or
to another item does nothing, and nothing but the packages and the change-sets is needed to know what holds.

JSON, so that it explains itself; ``read_change_set`` trusts nothing in it. Identity numbers of persons stand here in
plain, as they do in the packages' own descriptions. They must never reach a log from here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, get_type_hints
from uuid import UUID

from cunzhen.errors import Invalid
from cunzhen.formats.mets_codec import parse_instant
from cunzhen.formats.mets_model import Description, Event
from cunzhen.formats.strict_json import reader

CHANGES_PATH = "changes.json"  # logical path inside the package that holds a change-set
FORMAT = "cunzhen-changes-1"
LIMIT_BYTES = 256 * 1024 * 1024
# What a correction may change; the rest of a description is fact (files, pages, where it came from).
FIELDS = frozenset(
    {
        *("title", "kind", "kind_name", "year", "series", "retention", "document_date", "date_precision"),
        *("security_level", "case_number", "codes", "persons", "employers", "extras"),
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """One item's new values.

    Args:
        item_id: whose.
        version: of the description that results; it counts where the description has the one before.
        values: name of a field of ``Description`` to its whole new value.
        event: added to the description's events.
    """

    item_id: UUID
    version: int
    values: Mapping[str, Any]
    event: Event


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Changes that were decided in one act; each item at most once."""

    id: UUID
    node: str
    created_at: datetime
    changes: tuple[Change, ...]


def changed(description: Description, change: Change) -> Description:
    """The description after a change.

    Raises:
        Invalid: ``P-71`` where the change belongs to another item or does not follow upon this version.
    """
    if change.item_id != description.item_id or change.version != description.version + 1:
        raise Invalid(
            "P-71",
            "变更集中的更正与保存包的版本衔接不上，未采用。请运行 cunzhen verify。",
            "A change does not follow upon the version of the package; it was not used. Run cunzhen verify.",
        )
    events = (*description.events, change.event)
    return replace(description, **dict(change.values), version=change.version, events=events)


def overlay(description: Description, changes: Iterable[Change]) -> Description:
    """The description as it holds now: changes that are in it already, or that are not of it, are passed over."""
    mine = [c for c in changes if c.item_id == description.item_id]
    for change in sorted(mine, key=lambda c: c.version):
        if change.version == description.version + 1:
            description = changed(description, change)
    return description


def write_change_set(change_set: ChangeSet) -> bytes:
    """The file; equal change-sets give equal bytes.

    Raises:
        Invalid: ``P-72`` where an item stands in it twice or a field is none that a correction may change.
    """
    ids = {c.item_id for c in change_set.changes}
    if len(ids) != len(change_set.changes) or any(not c.values.keys() <= FIELDS for c in change_set.changes):
        raise Invalid(
            "P-72", "变更集内容重复或含有不可更正的项目。", "The change-set repeats an item or names a wrong field."
        )
    head = {"format": FORMAT, "id": _out(change_set.id), "node": change_set.node, "at": _out(change_set.created_at)}
    lines = (json.dumps(_out(c), ensure_ascii=False, sort_keys=True) for c in change_set.changes)
    start = json.dumps(head, ensure_ascii=False)[:-1]
    return (start + ', "changes": [\n' + ",\n".join(lines) + "\n]}\n").encode(errors="backslashreplace")


def read_change_set(data: bytes) -> ChangeSet:
    """Read what ``write_change_set`` wrote, to an equal value.

    Raises:
        Invalid: ``P-70`` for anything else.
    """
    if len(data) > LIMIT_BYTES:
        raise _unreadable("too large")
    try:
        raw = json.loads(data)
        if raw["format"] != FORMAT:
            raise ValueError("format")
        changes = tuple(_change(one) for one in raw["changes"])
        return ChangeSet(UUID(raw["id"]), reader(str)(raw["node"]), parse_instant(raw["at"]), changes)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as problem:
        # Only the kind of the mistake: its text may quote a name or a number.
        raise _unreadable(type(problem).__name__) from None


def _change(raw: Mapping[str, Any]) -> Change:
    given = raw["values"]
    if not isinstance(given, dict) or not given.keys() <= FIELDS:
        raise ValueError("values")
    values = {name: reader(hint)(given[name]) for name, hint in _hints().items() if name in given}
    return Change(UUID(raw["item_id"]), reader(int)(raw["version"]), values, reader(Event)(raw["event"]))


@cache
def _hints() -> Mapping[str, Any]:
    return {name: hint for name, hint in get_type_hints(Description).items() if name in FIELDS}


def _out(value: Any) -> Any:
    """Any value of a description as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _out(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {name: _out(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [_out(one) for one in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, UUID | date) else value


def _unreadable(kind: str) -> Invalid:
    return Invalid(
        "P-70",
        f"变更集文件无法读取（{kind}）。请运行 cunzhen verify 核验各副本。",
        f"A change-set cannot be read ({kind}). Run cunzhen verify.",
    )


def changes_by_item(changes: Sequence[Change]) -> dict[UUID, Change]:
    """Changes by the item that each is of."""
    return {change.item_id: change for change in changes}
