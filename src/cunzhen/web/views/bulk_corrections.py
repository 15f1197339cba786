"""批量更正: the same values for many items, chosen by hand or by the list's filters; checked before anything is done."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Conflict, Invalid
from cunzhen.formats.paper_date import normal_date
from cunzhen.holdings.corrections import Correction
from cunzhen.holdings.deciding import MOST
from cunzhen.holdings.fields import SECURITY_LEVELS, TERMS, security_name
from cunzhen.holdings.kinds import term_name
from cunzhen.holdings.models import Item
from cunzhen.holdings.operations import correct_items, preview_corrections
from cunzhen.holdings.operations.correcting import PreviewedItem
from cunzhen.holdings.queries import listed_items, visible_items
from cunzhen.ui.listing import is_id
from cunzhen.web.correction_words import field_label, shown_changes
from cunzhen.web.item_lists import FILTERS, chosen_filters, item_filter
from cunzhen.web.naming import chinese, language, named_categories, named_kinds
from cunzhen.web.people import plain_text, said, signed_in, whole_number

SHOWN = 20
_TEXTS = ("title", "kind", "series", "term", "security_level", "case_number")
_CLEARED = ("document_date", "case_number")
_SET = "set_"  # before the names of fields, which are also those of the list's filters
_PENDING = "pending"  # 待确认 is an empty text, which here means: leave it


@dataclass(frozen=True)
class Scope:
    """Which items are meant, and what the next step of the form has to carry to mean the same."""

    items: list[tuple[UUID, int]]  # with their versions
    hidden: list[tuple[str, str]]

    @property
    def mark(self) -> str:
        """Says of which items, in which versions, a check was shown."""
        lines = "\n".join(f"{i} {version}" for i, version in sorted(self.items))
        return hashlib.sha256(lines.encode()).hexdigest()


@require_POST
@signed_in
def correct_many(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Choose what to set, see what it would do, do it."""
    actor.require("correct_items")
    scope = _scope(actor, request.POST)
    if not scope.items:
        messages.warning(request, _("还没有勾选档案。请先勾选，或按条件查询后更正全部。"))
        return redirect("web:items")
    if request.POST.get("step") not in {"check", "confirm"}:
        return _show_choices(request, scope, {}, 200)
    return _answer(request, actor, scope)


def _answer(request: HttpRequest, actor: Actor, scope: Scope) -> HttpResponse:
    """The check, or the deed where exactly this was checked."""
    is_confirmed = request.POST.get("step") == "confirm"
    wanted, reason = _wanted(request.POST), plain_text(request.POST.get("reason", ""))
    problems = _form_problems(wanted, reason)
    if problems:
        return _show_choices(request, scope, problems, 422)
    corrections = [Correction(i, version, **wanted) for i, version in scope.items]
    try:
        if is_confirmed and request.POST.get("mark") == scope.mark:
            return _confirm(request, actor, corrections, reason)
        previews = preview_corrections(actor, corrections=corrections, now=timezone.now())
    except Invalid as error:
        return _show_problems(request, actor, scope, error)
    except Conflict as error:
        return _show_choices(request, scope, {"": said(error).message}, 409)
    return _show_check(request, scope, previews, wanted, reason, stale=is_confirmed)


def _scope(actor: Actor, data: QueryDict) -> Scope:
    if data.get("scope") == "all":
        chosen = chosen_filters(data)
        rows, _parts = listed_items(actor, item_filter(chosen))
        found = list(rows.order_by("id").values_list("id", "version")[: MOST + 1])
        if len(found) > MOST:
            raise Invalid(
                "H-25",
                f"一次最多更正 {MOST:,} 件，请分批办理。",
                f"At most {MOST:,} items are corrected at once; do it in parts.",
            )
        return Scope(found, [("scope", "all"), *((name, chosen[name]) for name in FILTERS)])
    ids = [i for i in data.getlist("item") if is_id(i)][:MOST]
    found = list(visible_items(actor).filter(id__in=ids).order_by("id").values_list("id", "version"))
    return Scope(found, [("scope", "ticked"), *(("item", str(i)) for i, _version in found)])


def _wanted(data: QueryDict) -> dict[str, Any]:
    """Fields to set, by the names of ``Correction``; an empty field of the form leaves its field alone."""
    typed = {name.removeprefix(_SET): plain_text(str(value)) for name, value in data.items() if name.startswith(_SET)}
    wanted: dict[str, Any] = {name: typed[name] for name in _TEXTS if typed.get(name)}
    if wanted.get("term") == _PENDING:
        wanted["term"] = ""
    if typed.get("year"):
        wanted["year"] = whole_number(normal_date(typed["year"])) or 0
    if typed.get("document_date"):
        wanted["document_date"] = normal_date(typed["document_date"]) or typed["document_date"]
    if typed.get("term_confirmed") in {"yes", "no"}:
        wanted["term_confirmed"] = typed["term_confirmed"] == "yes"
    return wanted | {name: "" for name in _CLEARED if data.get(f"clear_{name}")}


def _form_problems(wanted: dict[str, Any], reason: str) -> dict[str, str]:
    problems = {} if wanted else {"set_kind": _("请至少选定一项要改的内容。")}
    return problems if reason else problems | {"reason": _("请写明更正原因，供日后查考。")}


def _confirm(request: HttpRequest, actor: Actor, corrections: Sequence[Correction], reason: str) -> HttpResponse:
    done = correct_items(actor, corrections=corrections, reason=reason, now=timezone.now())
    words = _("已更正 %(n)s 件。") % {"n": f"{done.changed_count:,}"}
    if done.change_set_id:
        words += _("更正已写入变更集 %(id)s，保存包由后台陆续并入，查阅和核验现在就算在内。") % {
            "id": done.change_set_id
        }
    messages.success(request, words)
    return redirect("web:items")


def _show_choices(request: HttpRequest, scope: Scope, problems: dict[str, str], status: int) -> HttpResponse:
    context = {
        "count": len(scope.items),
        "hidden": scope.hidden,
        "values": request.POST,
        "errors": problems,
        "kinds": named_kinds(),
        "categories": named_categories(),
        "terms": [(t or _PENDING, term_name(t, language())) for t in TERMS],
        "levels": [(code, security_name(code, language())) for code in SECURITY_LEVELS],
    }
    return render(request, "web/corrections/bulk.html", context, status=status)


def _show_check(
    request: HttpRequest,
    scope: Scope,
    previews: Sequence[PreviewedItem],
    wanted: dict[str, Any],
    reason: str,
    *,
    stale: bool,
) -> HttpResponse:
    changing = [p for p in previews if p.is_changed]
    carried = [(n, v) for n, v in request.POST.items() if n.startswith((_SET, "clear_")) and v]
    context = {
        "count": len(previews),
        "changing": len(changing),
        "moving": sum(p.moves for p in changing),
        "shown": [(p, shown_changes(p.differences)) for p in changing[:SHOWN]],
        "more": max(0, len(changing) - SHOWN),
        "hidden": [*scope.hidden, *((n, str(v)) for n, v in carried), ("mark", scope.mark)],
        "reason": reason,
        "stale": stale,
    }
    return render(request, "web/corrections/bulk_check.html", context, status=409 if stale else 200)


def _show_problems(request: HttpRequest, actor: Actor, scope: Scope, error: Invalid) -> HttpResponse:
    """Which items stand in the way and why; nothing is done to any."""
    items = error.params.get("items" if chinese() else "items_en")
    if not isinstance(items, dict):
        return _show_choices(request, scope, {"": said(error).message}, 422)
    rows = visible_items(actor).filter(id__in=list(items)[:SHOWN]).order_by("archival_code")
    listed: list[tuple[Item, list[tuple[str, str]]]] = [
        (row, [(field_label(name), words) for name, words in items[str(row.id)].items()]) for row in rows
    ]
    context = {"count": len(scope.items), "wrong": len(items), "listed": listed, "error": said(error)}
    return render(request, "web/corrections/bulk_problems.html", context, status=422)
