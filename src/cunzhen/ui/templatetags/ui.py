"""Tags and filters of every page: icons, form fields, dates and sizes as people write them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import get_language

register = template.Library()


def _chinese() -> bool:
    return (get_language() or "zh").startswith("zh")


@register.simple_tag
def icon(name: str) -> SafeString:
    """One icon of the sprite; a word always stands beside it, so it is hidden from screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>', _sprite(), name
    )


@register.simple_tag
def seal() -> SafeString:
    """The product's mark."""
    return format_html('<svg aria-hidden="true" focusable="false"><use href="{}#seal"/></svg>', _sprite())


@cache
def _sprite() -> str:
    """Looked up once: a page has dozens of icons, and the address changes with the program only."""
    return static("ui/sprite.svg")


@register.filter
def paper_date(text: str) -> str:
    """A date as precise as the paper: 2019年3月6日, 2019年3月, 2019年."""
    parts = str(text or "").split("-")
    if not parts[0]:
        return ""
    if not _chinese():
        return str(text)
    return "".join(f"{int(p)}{unit}" for p, unit in zip(parts, "年月日", strict=False))


@register.filter
def moment(value: datetime | None) -> str:
    """A time in Chinese reckoning: 2026年11月22日 09:31."""
    if value is None:
        return ""
    local = localtime(value)
    if not _chinese():
        return local.strftime("%Y-%m-%d %H:%M")
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


@register.filter
def duration(value: timedelta) -> str:
    """How long still, in the two largest units: 1 分 30 秒."""
    seconds = max(1, int(value.total_seconds()))
    hours, minutes = divmod(seconds // 60, 60)
    zh = _chinese()
    if hours:
        return f"{hours} 小时 {minutes} 分" if zh else f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} 分 {seconds % 60} 秒" if zh else f"{minutes} min {seconds % 60} s"
    return f"{seconds} 秒" if zh else f"{seconds} s"


@register.filter
def day(value: date | None) -> str:
    """A day: 2049年12月31日."""
    return paper_date(value.isoformat()) if value else ""


@register.filter
def number(value: int | None) -> str:
    """A count with thousands separators."""
    return f"{value:,}" if value is not None else ""


@register.filter
def file_size(value: int) -> str:
    """Bytes as people read them."""
    size = float(value)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{value}"


@register.filter
def percent(value: float) -> str:
    """0.987 as 98%; never rounded up to a certainty that is not there."""
    return f"{int(value * 100)}%"


@register.filter
def marked(segments: Iterable[Any]) -> SafeString:
    """Stretches of text, each with ``text`` and ``marked``, the marked ones lit."""
    return mark_safe(  # noqa: S308 - escaped here
        "".join(f"<mark>{escape(s.text)}</mark>" if s.marked else escape(s.text) for s in segments)
    )


@register.simple_tag
def json_block(value: Any) -> SafeString:
    """JSON for a data block inside a custom element; it does not execute and cannot end the block."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    for character, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(character, code)
    return mark_safe(f'<script type="application/json">{text}</script>')  # noqa: S308 - escaped above
