"""What every page of the desk needs: the menu with counts, the agency, who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cunzhen.accounts.models import Agency
from cunzhen.accounts.rules import ROLE_LABELS, Actor, Role
from cunzhen.capture.queries import waiting_drafts
from cunzhen.preservation.condition import known_bad

MOST_COUNTED = 1_000  # in the menu of every page; beyond it says that there are more


@dataclass(frozen=True)
class MenuEntry:
    """One line of the menu; ``count`` 0 shows none."""

    label: str
    url: str
    icon: str
    group: str = ""
    count: int = 0
    current: bool = False

    @property
    def shown(self) -> str:
        """The count as a menu has room for."""
        return f"{self.count}" if self.count < MOST_COUNTED else f"{MOST_COUNTED - 1}+"


def desk(request: HttpRequest) -> dict[str, Any]:
    """Context processor; empty where nobody is signed in."""
    actor = getattr(request, "actor", None)
    if not isinstance(actor, Actor):
        return {}
    language = get_language() or "zh"
    return {
        "actor": actor,
        "agency": Agency.objects.only("name").get(id=actor.agency_id),
        "role_names": ("、" if language.startswith("zh") else ", ").join(
            ROLE_LABELS[Role(r)][0 if language.startswith("zh") else 1] for r in sorted(actor.roles)
        ),
        "menu": _menu(actor, request.path),
    }


def _menu(actor: Actor, path: str) -> list[tuple[str, list[MenuEntry]]]:
    waiting = waiting_drafts(actor).order_by()[:MOST_COUNTED].count() if actor.may("describe_draft") else 0
    bad = known_bad(MOST_COUNTED) if actor.may("view_preservation") else 0
    wanted = [
        ("", "", _("工作台"), "web:home", "i-home", 0),
        ("view_transfer", _("归档"), _("归档批次"), "web:transfers", "i-inbox", 0),
        ("describe_draft", _("归档"), _("著录"), "web:queue", "i-pen", waiting),
        ("search_items", _("库藏"), _("检索"), "web:search", "i-search", 0),
        ("view_item", _("库藏"), _("档案目录"), "web:items", "i-shelf", 0),
        ("view_preservation", _("保管"), _("保管状况"), "web:preservation", "i-copies", bad),
        ("view_preservation", _("保管"), _("应急演练"), "web:drills", "i-alert", 0),
        ("view_ledger", _("监督"), _("存证账本"), "web:ledger", "i-ledger", 0),
    ]
    groups: dict[str, list[MenuEntry]] = {}
    for permission, group, label, name, icon, count in wanted:
        if permission and not actor.may(permission):
            continue
        url = reverse(name)
        current = path == url if url == "/" else path.startswith(url)
        groups.setdefault(group, []).append(MenuEntry(label, url, icon, group, count, current))
    return list(groups.items())
