"""Between dataclasses and attributes of elements in our own namespace: one rule for every field."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from lxml import etree

from cunzhen.errors import Invalid

METS = "http://www.loc.gov/METS/"
PREMIS = "http://www.loc.gov/premis/v3"
DC = "http://purl.org/dc/elements/1.1/"
XLINK = "http://www.w3.org/1999/xlink"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
CZ = "urn:x-cunzhen:description:1"
PREFIXES = {"mets": METS, "premis": PREMIS, "dc": DC, "xlink": XLINK, "xsi": XSI, "cz": CZ}

# Everything but the characters of XML 1.0 (2.2), and the backslash that marks an escape.
_UNSAFE = re.compile(r"[^\t\n\r\x20-\x5b\x5d-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPED = re.compile(r"\\(?:\\|u\{([0-9a-f]{1,6})\})")


def escape(text: str) -> str:
    """Text that XML can hold; ``unescape`` gives back the original."""
    return _UNSAFE.sub(lambda m: "\\\\" if m[0] == "\\" else f"\\u{{{ord(m[0]):x}}}", text)


def unescape(text: str) -> str:
    """What ``escape`` was given."""
    return _ESCAPED.sub(lambda m: chr(int(m[1], 16)) if m[1] else "\\", text)


def instant(value: datetime) -> str:
    """A time with its zone as UTC text.

    Raises:
        Invalid: ``P-30`` for a time without a zone.
    """
    if value.tzinfo is None:
        raise _invalid("时间缺少时区。", "A time has no zone.")
    return value.astimezone(UTC).isoformat()


def add_value(parent: etree._Element, tag: str, value: Any, leave_out: Collection[str] = ()) -> None:
    """Append a dataclass as an element: plain fields as attributes, dataclasses and tuples of them as children.

    Args:
        parent: element that gets the child.
        tag: local name in our namespace.
        value: frozen dataclass instance.
        leave_out: fields that stand elsewhere.
    """
    element = etree.SubElement(parent, f"{{{CZ}}}{tag}")
    kind: Any = type(value)
    for name, write in _writers(kind):
        if name not in leave_out:
            write(element, name, getattr(value, name), leave_out)


def take_value(kind: Any, element: etree._Element, known: Mapping[str, Any]) -> Any:
    """Make the dataclass that ``add_value`` wrote.

    Args:
        kind: the dataclass.
        element: its element.
        known: values of the fields that stand elsewhere.

    Raises:
        KeyError, TypeError, ValueError: the element is not what ``add_value`` writes; the caller turns them to Invalid.
    """
    return kind(**{name: known[name] if name in known else read(element, name) for name, read in _readers(kind)})


_Write = Callable[[etree._Element, str, Any, Collection[str]], None]
_Read = Callable[[etree._Element, str], Any]


@cache
def _writers(kind: Any) -> tuple[tuple[str, _Write], ...]:
    hints = get_type_hints(kind)
    return tuple((name, _writer(hint)) for name, hint in hints.items())


def _writer(hint: Any) -> _Write:
    if _item_of(hint) is not None:
        return _write_many
    return _write_plain if _plain(hint) else _write_one


def _write_many(element: etree._Element, name: str, value: Any, leave_out: Collection[str]) -> None:
    for one in value:
        add_value(element, _singular(name), one, leave_out)


def _write_one(element: etree._Element, name: str, value: Any, leave_out: Collection[str]) -> None:
    add_value(element, name, value, leave_out)


def _write_plain(element: etree._Element, name: str, value: Any, leave_out: Collection[str]) -> None:
    if value is not None:
        element.set(name, _text(value))


def _text(value: Any) -> str:
    for kind, text in _TEXTS:
        if isinstance(value, kind):
            return text(value)
    return str(value)


def _finite(value: float) -> str:
    if not math.isfinite(value):
        raise _invalid("数值无效。", "A number is not finite.")
    return repr(value)


# In this order: a bool is an int, a datetime is a date.
_TEXTS: tuple[tuple[type[Any], Callable[[Any], str]], ...] = (
    (str, escape),
    (bool, lambda value: "true" if value else "false"),
    (float, _finite),
    (datetime, instant),
    (date, date.isoformat),
    (tuple, lambda value: " ".join(str(n) for n in value)),
)


@cache
def _readers(kind: Any) -> tuple[tuple[str, _Read], ...]:
    hints = get_type_hints(kind)
    return tuple((name, _reader(hint)) for name, hint in hints.items())


def _reader(hint: Any) -> _Read:
    item = _item_of(hint)
    if item is not None:
        return lambda element, name: tuple(
            take_value(item, child, {}) for child in element.iterchildren(f"{{{CZ}}}{_singular(name)}")
        )
    if not _plain(hint):
        return lambda element, name: take_value(hint, _only_child(element, name), {})
    choices = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    optional = type(None) in choices
    parse = _PARSERS[_parser_key(next(c for c in choices if c is not type(None)))]

    def read(element: etree._Element, name: str) -> Any:
        text = element.get(name)
        if text is None and optional:
            return None
        if text is None:
            raise KeyError(name)
        return parse(text)

    return read


def _only_child(element: etree._Element, name: str) -> etree._Element:
    found = list(element.iterchildren(f"{{{CZ}}}{name}"))
    if len(found) != 1:
        raise KeyError(name)
    return found[0]


def _item_of(hint: Any) -> type[Any] | None:
    """The dataclass of a ``tuple[Dataclass, ...]``, None for any other type."""
    if get_origin(hint) is tuple and get_args(hint)[1:] == (Ellipsis,):
        return get_args(hint)[0]  # type: ignore[no-any-return]
    return None


def _plain(hint: Any) -> bool:
    return get_origin(hint) is not None or hint in _PARSERS


def _parser_key(hint: Any) -> Any:
    return tuple if get_origin(hint) is tuple else hint


def _singular(name: str) -> str:
    return name.removesuffix("s")


def _box(text: str) -> tuple[int, ...]:
    numbers = tuple(int(n) for n in text.split(" "))
    if len(numbers) != 4:
        raise ValueError("a box has four numbers")
    return numbers


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text]


def parse_instant(text: str) -> datetime:
    """What ``instant`` wrote.

    Raises:
        ValueError: no time with a zone.
    """
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError("a time without zone")
    return value


_PARSERS: dict[Any, Callable[[str], Any]] = {
    str: unescape,
    int: int,
    float: float,
    bool: _boolean,
    UUID: UUID,
    date: date.fromisoformat,
    datetime: parse_instant,
    tuple: _box,
}


def _invalid(chinese: str, english: str) -> Invalid:
    return Invalid("P-30", f"著录信息无法写入保存包：{chinese}", f"The description cannot be written: {english}")
