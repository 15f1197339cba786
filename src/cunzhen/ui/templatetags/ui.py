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
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


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
    """A date as precise as the paper: 2019年3月6日, 2019年3月, 2019年; Mar 6, 2019, Mar 2019, 2019."""
    parts = str(text or "").split("-")
    if not all(p.isascii() and p.isdigit() for p in parts):
        return str(text or "")
    if _chinese():
        return "".join(f"{int(p)}{unit}" for p, unit in zip(parts, "年月日", strict=False))
    month = _MONTHS[int(parts[1])] if len(parts) > 1 and int(parts[1]) in range(1, 13) else ""
    return f"{month} {int(parts[2])}, {parts[0]}" if len(parts) > 2 else f"{month} {parts[0]}".strip()


@register.filter
def moment(value: datetime | None) -> str:
    """A time of the agency's clock: 2026年11月22日 09:31; Nov 22, 2026 09:31."""
    if value is None:
        return ""
    local = localtime(value)
    return f"{paper_date(local.date().isoformat())} {local:%H:%M}"


@register.filter
def day_of(value: datetime) -> str:
    """The day of a moment, by the agency's clock: 2026年11月22日."""
    return paper_date(localtime(value).date().isoformat())


@register.filter
def today(value: datetime) -> str:
    """A day with its name: 2026年11月22日 星期日; Sunday, Nov 22, 2026."""
    local = localtime(value)
    if _chinese():
        return f"{day_of(value)} 星期{'一二三四五六日'[local.weekday()]}"
    return f"{_DAYS[local.weekday()]}, {day_of(value)}"


@register.filter
def days_since(value: datetime, now: datetime) -> str:
    """How many whole days ago: 28 天, or 不到 1 天."""
    days = (now - value).days
    if days < 1:
        return "不到 1 天" if _chinese() else "less than a day"
    return f"{days:,} 天" if _chinese() else f"{days:,} d"


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
def counted(value: Any) -> str:
    """A count that may be reckoned (``number``, ``is_exact``): 1,234, or 约 1,230,000 with three figures that hold."""
    if value.is_exact:
        return number(value.number)
    about = round(value.number, 3 - len(str(value.number)))
    return f"约 {number(about)}" if _chinese() else f"about {number(about)}"


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
