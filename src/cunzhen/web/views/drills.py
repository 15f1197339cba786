"""应急演练: how backups and drills stand, the drills that were held, and a form for one more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Invalid
from cunzhen.preservation.backup_queries import backup_status, drill_status, visible_drills
from cunzhen.preservation.models import Drill
from cunzhen.preservation.operations.drilling import record_drill
from cunzhen.ui.listing import Order, page_by_key, page_links
from cunzhen.ui.spreadsheets import Cell
from cunzhen.web.exporting import sent_as_file, wanted_form
from cunzhen.web.naming import chinese
from cunzhen.web.people import plain_text, said, signed_in, whole_number

PAGE = 50
NEWEST = Order("held", "held_on", falls=True)
KINDS: dict[str, tuple[str, str]] = {
    "restore": ("备份恢复", "Restore from backup"),
    "power": ("断电", "Power failure"),
    "media": ("介质损坏", "Media damaged"),
    "network": ("网络中断", "Network down"),
    "intrusion": ("入侵与恶意代码", "Intrusion, malware"),
    "disaster": ("火灾水灾", "Fire, flood"),
    "other": ("其他", "Other"),
}
RESULTS: dict[str, tuple[str, str]] = {
    "passed": ("达到要求", "Passed"),
    "partly": ("部分达到", "Partly passed"),
    "failed": ("未达到", "Failed"),
}
_TONES = {"passed": "ok", "partly": "warn", "failed": "bad"}
_FIELDS = {"B-30": "kind", "B-31": "held_on", "B-32": "person", "B-33": "minutes", "B-34": "note"}


@dataclass(frozen=True)
class Line:
    """A drill in the words of the page."""

    drill: Drill
    kind: str
    result: str
    tone: str


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """How it stands, then the drills, newest first."""
    actor.require("view_preservation")
    rows = visible_drills(actor)
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    page = page_by_key(rows, NEWEST, after=after, before=before, size=PAGE)
    now = timezone.now()
    context = {
        "backup": backup_status(now),
        "status": drill_status(now),
        "drills": [_line(d) for d in page.rows],
        "total": rows.count(),
        "links": page_links(request.GET, page),
        "may_record": actor.may("record_drill"),
    }
    return render(request, "web/drills/list.html", context)


@signed_in
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Note a drill that was held."""
    actor.require("record_drill")
    typed = {name: plain_text(request.POST.get(name, "")) for name in _FIELDS.values()}
    typed["result"] = request.POST.get("result", "")
    if request.method != "POST":
        typed |= {"held_on": timezone.localdate().isoformat(), "person": actor.name, "kind": "restore"}
        return render(request, "web/drills/new.html", _form(typed))
    try:
        record_drill(
            actor,
            kind=typed["kind"],
            held_on=_day(typed["held_on"]),
            person=typed["person"],
            result=typed["result"],
            minutes=_minutes(typed["minutes"]),
            note=typed["note"],
            now=timezone.now(),
        )
    except Invalid as error:
        field = "result" if error.code == "B-30" and typed["kind"] in KINDS else _FIELDS.get(error.code, "kind")
        context = _form(typed) | {"error": said(error), "field": field}
        return render(request, "web/drills/new.html", context, status=422)
    return redirect("web:drills")


@require_POST
@signed_in
def export(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """All drills as a file."""
    actor.require("view_preservation")
    return sent_as_file(wanted_form(request), _("应急演练"), _headings(), _cells(visible_drills(actor)))


def _form(typed: dict[str, str]) -> dict[str, object]:
    index = 0 if chinese() else 1
    return {
        "values": typed,
        "kinds": [(value, words[index]) for value, words in KINDS.items()],
        "results": [(value, words[index]) for value, words in RESULTS.items()],
        "today": timezone.localdate().isoformat(),
        "error": None,
    }


def _line(drill: Drill) -> Line:
    index = 0 if chinese() else 1
    return Line(drill, KINDS[drill.kind][index], RESULTS[drill.result][index], _TONES[drill.result])


def _headings() -> list[str]:
    return [_("日期"), _("类型"), _("结果"), _("用时（分钟）"), _("负责人"), _("情况说明"), _("登记时间")]


def _cells(rows: Iterable[Drill]) -> Iterator[list[Cell]]:
    for drill in rows:
        line = _line(drill)
        yield [
            drill.held_on.isoformat(),
            line.kind,
            line.result,
            drill.minutes,
            drill.person,
            drill.note,
            drill.recorded_at,
        ]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(
            "B-31", "请填写演练日期，不能晚于今天。", "Give the day of the drill, not in the future."
        ) from None


def _minutes(text: str) -> int:
    found = whole_number(text)
    return -1 if found is None else found
