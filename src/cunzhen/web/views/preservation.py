"""保管状况: how copies stand, the scrub, stores and their room, damage and its end, formats at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cunzhen.accounts.rules import Actor
from cunzhen.holdings.formats_held import FormatHeld, formats_held
from cunzhen.holdings.queries import visible_items
from cunzhen.preservation import condition
from cunzhen.preservation.format_risks import Risk
from cunzhen.preservation.models import Damage, Package, Quarantine, ScrubRound
from cunzhen.preservation.operations import request_repair, request_scrub
from cunzhen.preservation.problems import problem_text
from cunzhen.ui.listing import Order, page_by_key, page_links
from cunzhen.web.naming import chinese
from cunzhen.web.people import plain_text, signed_in

PAGE = 30
SHOWN_STRAYS = 20
SHOWN_QUARANTINED = 100
NEWEST = Order("found", "found_at", falls=True)
_SLOW = timedelta(minutes=5)  # then nobody is at work on the round
_TONES = {Risk.HIGH: "bad", Risk.UNKNOWN: "warn", Risk.MEDIUM: "warn", Risk.LOW: "ok"}


@dataclass(frozen=True)
class Subject:
    """What a line is about: the item where the person may see it, else the package by its id."""

    url_id: UUID | None
    text: str


@dataclass(frozen=True)
class DamageLine:
    """One find in the words of the page."""

    damage: Damage
    subject: Subject
    problem: str
    more: int
    sources: str
    is_quarantined: bool


@dataclass(frozen=True)
class FormatLine:
    """One format in the words of the page."""

    held: FormatHeld
    tone: str
    risk: str
    advice: str


@dataclass(frozen=True)
class QuarantineLine:
    """A package of which no copy is whole."""

    row: Quarantine
    subject: Subject
    right: int


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The page; htmx asks for the part about the scrub alone while one is under way."""
    actor.require("view_preservation")
    now = timezone.now()
    scrub = _scrub(actor, now)
    if request.headers.get("HX-Request"):
        return render(request, "web/preservation/_scrub.html", scrub)
    among = condition.packages_among(visible_items(actor).values("id"))
    stores = condition.store_conditions(now)
    chosen = _chosen(request)
    rows = _found(among, chosen)
    page = page_by_key(
        rows, NEWEST, after=request.GET.get("after", ""), before=request.GET.get("before", ""), size=PAGE
    )
    strays = condition.strays(SHOWN_STRAYS)
    context = scrub | {
        "now": now,
        "stores": stores,
        "open": condition.open_count(),
        "copies": sum(s.kept + s.damaged + s.missing for s in stores),
        "missing": sum(s.missing for s in stores),
        "promised_days": settings.SCRUB_DAYS,
        "rate": settings.SCRUB_MB_PER_SECOND,
        "round_days": _round_days(stores),
        "quarantined": _quarantined(actor, condition.quarantined(among)),
        "damage": _lines(actor, page.rows),
        "total": rows.count(),
        "chosen": chosen,
        "any_chosen": any(chosen.values()),
        "states": _states(),
        "links": page_links(request.GET, page),
        "formats": [_format(one) for one in formats_held(actor)],
        "strays": strays,
        "stray_count": sum(s.strays for s in stores),
        "may_repair": actor.may("repair_packages"),
    }
    return render(request, "web/preservation/index.html", context)


@require_POST
@signed_in
def scrub(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Ask for a round over every copy."""
    request_scrub(actor, now=timezone.now())
    messages.success(request, _("已安排巡检全部副本，由后台工作进行；可以离开本页。"))
    return redirect("web:preservation")


@require_POST
@signed_in
def repair(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Ask for what is bad to be mended."""
    request_repair(actor)
    messages.success(request, _("已安排修复，由后台工作进行；结果列在“损坏与修复”中。"))
    return redirect("web:preservation")


def _scrub(actor: Actor, now: datetime) -> dict[str, object]:
    state = condition.scrub_state(now)
    running = state.running
    return {
        "scrub": state,
        "running": running,
        "ends_at": condition.round_ends_at(running, settings.SCRUB_MB_PER_SECOND, now) if running else None,
        "waits": bool(running and now - running.last_at > _SLOW),
        "speed": _speed(running or state.last),
        "may_scrub": actor.may("scrub_copies"),
    }


def _speed(one: ScrubRound | None) -> float:
    """Megabytes a second."""
    return one.byte_count / 1e6 / one.seconds if one and one.seconds else 0.0


def _round_days(stores: Sequence[condition.StoreCondition]) -> float | None:
    """How long a round over everything takes at the limit; None without one."""
    rate = settings.SCRUB_MB_PER_SECOND * 1e6 * 86_400
    return sum(s.byte_count for s in stores) / rate if rate else None


def _chosen(request: HttpRequest) -> dict[str, str]:
    found = {name: plain_text(request.GET.get(name, ""))[:40] for name in ("store", "state", "from", "to")}
    return found | {name: found[name] if _day(found[name]) else "" for name in ("from", "to")}


def _found(among: condition.Among, chosen: dict[str, str]) -> QuerySet[Damage]:
    start, end = _day(chosen["from"]), _day(chosen["to"])
    return condition.damage_found(
        among,
        store=chosen["store"],
        state=chosen["state"],
        found_from=_midnight(start) if start else None,
        found_before=_midnight(end + timedelta(days=1)) if end else None,
    )


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 <= found.year <= 2999 else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_default_timezone())


def _states() -> list[tuple[str, str]]:
    return [
        ("open", _("待修复")),
        (Damage.Outcome.MENDED.value, _("已修复")),
        (Damage.Outcome.FOUND_WHOLE.value, _("复查完好")),
    ]


def _lines(actor: Actor, rows: Sequence[Damage]) -> list[DamageLine]:
    subjects = _subjects(actor, [d.package for d in rows if d.package])
    set_aside = condition.quarantined_among(subjects)
    return [
        DamageLine(
            damage,
            subjects[damage.package_id] if damage.package_id else Subject(None, _("存储自身的文件")),
            problem_text(damage.problems[0][0], chinese=chinese()) if damage.problems else "",
            damage.problem_count - 1,
            ("、" if chinese() else ", ").join(damage.sources),
            damage.package_id in set_aside,
        )
        for damage in rows
    ]


def _quarantined(actor: Actor, rows: QuerySet[Quarantine]) -> list[QuarantineLine]:
    found = list(rows[:SHOWN_QUARANTINED])
    subjects = _subjects(actor, [row.package for row in found])
    return [QuarantineLine(row, subjects[row.package_id], row.file_count - len(row.lost)) for row in found]


def _subjects(actor: Actor, packages: Sequence[Package]) -> dict[UUID, Subject]:
    ids = {package.id for package in packages}
    codes: dict[UUID, str] = {}
    if actor.may("view_item"):
        codes = dict(visible_items(actor).filter(id__in=ids).values_list("id", "archival_code"))
    kinds = {Package.Kind.REGISTRY.value: _("登记"), Package.Kind.CHANGES.value: _("变更集")}
    return {
        p.id: Subject(p.id, codes[p.id]) if p.id in codes else Subject(None, f"{kinds.get(p.kind, '')} {p.id}".strip())
        for p in packages
    }


def _format(one: FormatHeld) -> FormatLine:
    words = {
        Risk.HIGH: _("应尽快处理"),
        Risk.UNKNOWN: _("待确认"),
        Risk.MEDIUM: _("宜做衍生件"),
        Risk.LOW: _("适合长期保存"),
    }
    advice = one.risk.chinese if chinese() else one.risk.english
    return FormatLine(one, _TONES[one.risk.risk], words[one.risk.risk], advice)
