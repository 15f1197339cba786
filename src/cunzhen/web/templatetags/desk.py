"""What the desk's templates do to words of the archive."""

from __future__ import annotations

from django import template

from cunzhen.web import naming

register = template.Library()


@register.filter
def cover(text: object) -> str:
    """A title with the middle of each personal number in it covered."""
    return naming.cover(str(text or ""))


@register.filter
def cover_name(text: object) -> str:
    """A file's name with identity numbers covered and all else left, so that the file can still be told from others."""
    return naming.cover_name(str(text or ""))
