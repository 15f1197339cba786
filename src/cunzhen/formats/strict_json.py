"""Values of frozen dataclasses from JSON that nobody is trusted to have written right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from cunzhen.formats.mets_codec import parse_instant


@cache
def reader(hint: Any) -> Callable[[Any], Any]:
    """What makes a value of this type from parsed JSON.

    Args:
        hint: a dataclass (an object with just its fields), ``tuple`` of one type (a list), a type or None, or one of
            str, int, float, bool, UUID, date and datetime (with a zone).

    Returns:
        a function that raises ValueError, TypeError or AttributeError for anything else.
    """
    if is_dataclass(hint):
        named = {name: reader(part) for name, part in get_type_hints(hint).items()}
        return lambda raw: _made(hint, named, raw)
    if get_origin(hint) in {Union, UnionType}:
        inner = reader(next(part for part in get_args(hint) if part is not type(None)))
        return lambda raw: None if raw is None else inner(raw)
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        one = reader(parts[0])
        length = None if parts[1:] == (Ellipsis,) else len(parts)
        return lambda raw: _row(one, length, raw)
    return _PLAIN[hint]


def _made(kind: Any, parts: Mapping[str, Callable[[Any], Any]], raw: Any) -> Any:
    if raw.keys() != parts.keys():
        raise ValueError("fields")
    return kind(**{name: read(raw[name]) for name, read in parts.items()})


def _row(one: Callable[[Any], Any], length: int | None, raw: Any) -> tuple[Any, ...]:
    if not isinstance(raw, list) or (length is not None and len(raw) != length):
        raise ValueError("list")
    return tuple(one(part) for part in raw)


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError("text")
    return raw


def _number(raw: Any) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise TypeError("number")
    return raw


def _float(raw: Any) -> float:
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        raise TypeError("number")
    return float(raw)


def _truth(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise TypeError("truth")
    return raw


_PLAIN: Mapping[Any, Callable[[Any], Any]] = {
    str: _text,
    int: _number,
    float: _float,
    bool: _truth,
    UUID: lambda raw: UUID(_text(raw)),
    date: lambda raw: date.fromisoformat(_text(raw)),
    datetime: lambda raw: parse_instant(_text(raw)),
}
