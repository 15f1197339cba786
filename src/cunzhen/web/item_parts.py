"""Parts of an item's page: its pages on the screen, fields, versions, changes in the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Missing, Unavailable
from cunzhen.formats.paper_date import is_normal_date
from cunzhen.holdings.changing import OP
from cunzhen.holdings.fields import extra_name, security_name
from cunzhen.holdings.kinds import read_extra
from cunzhen.holdings.models import Item, Page
from cunzhen.holdings.undoing import done_by
from cunzhen.preservation.models import PendingChange
from cunzhen.preservation.queries import package_versions
from cunzhen.ui.templatetags.ui import paper_date
from cunzhen.web.correction_words import field_label, said_mentions, shown_changes
from cunzhen.web.naming import cover, language


def item_parts(actor: Actor, item: Item, tab: str) -> dict[str, Any]:
    """What the templates of these parts are given."""
    parts: dict[str, Any] = {
        "may_correct": actor.may("correct_items"),
        "may_add_renditions": actor.may("add_renditions"),
        "security_name": security_name(item.security_level, language()),
        "extras": [(extra_name(n, language()), _said(value)) for n, value in read_extra(item.extra).items()],
        "former_codes": [c.code for c in item.codes.exclude(valid_to=None).order_by("id")],
        "renditions": list(item.renditions.order_by("number")) if tab == "summary" else [],
    }
    return parts | (_versions(item) if tab == "versions" else {})


def viewer_pages(item: Item, boxes: Mapping[int, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The pages of an item as ``<page-viewer>`` takes them.

    Args:
        boxes: places to light, by the number of the page.
    """
    return [
        {
            "number": p.number,
            "image": reverse("web:item_page", args=[item.id, p.number]),
            "thumbnail": reverse("web:item_thumbnail", args=[item.id, p.number]),
            "width": p.width,
            "height": p.height,
            "label": _("第 %(n)d 页") % {"n": p.number} + (_("（空白）") if p.blank else ""),
            "boxes": boxes.get(p.number, []),
        }
        for p in Page.objects.filter(item=item).order_by("number").defer("words")
    ]


def _said(value: str) -> str:
    """A further field as people read it: a date as dates are shown, personal numbers covered."""
    return paper_date(value) if "-" in value and is_normal_date(value) else cover(value)


def _versions(item: Item) -> dict[str, Any]:
    waiting = PendingChange.objects.filter(package_id=item.id).count()
    try:
        versions = package_versions(item.id)
    except (Missing, Unavailable):
        return {"versions": None, "waiting": waiting}
    shown = [(v, [_part_name(p) for p in v.added], [_part_name(p) for p in v.removed]) for v in versions]
    return {"versions": shown, "waiting": waiting}


def _part_name(path: str) -> str:
    """A file of a package as people call it."""
    if path == "mets.xml":
        return _("著录信息")
    if path.startswith("text/"):
        return _("识别文字")
    number = path.rpartition("/")[2].partition(".")[0].lstrip("0")
    if path.startswith("originals/"):
        return _("原件 %(n)s") % {"n": number}
    return _("衍生件 %(n)s") % {"n": number} if path.startswith("renditions/") else path


def correction_line(actor: Actor, item_id: UUID, op: str, entry_id: UUID, detail: Mapping[str, Any] | None) -> Any:
    """A correction in the history: before and after in words, for those with the right; for others which fields."""
    if op != OP or not detail:
        return None
    if not actor.may("view_corrections"):
        names = [field_label(name) for name in detail.get("changes", {})]
        return {"fields": names + ([_("姓名或单位")] if detail.get("asserted") or detail.get("retracted") else [])}
    return {
        "reason": detail.get("reason", ""),
        "changes": shown_changes(done_by(detail)),
        "retracted": said_mentions(detail, "retracted"),
        "asserted": said_mentions(detail, "asserted"),
        "old_code": detail.get("old_code", ""),
        "code": detail.get("code", ""),
        "change_set": detail.get("change_set", ""),
        "undo": reverse("web:undo_correction", args=[item_id, entry_id]) if actor.may("correct_items") else "",
    }
