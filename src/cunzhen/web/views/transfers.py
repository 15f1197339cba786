"""归档批次: the list, a new one, one with its live progress, its receipt."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cunzhen.access.queries import index_status, indexed_items
from cunzhen.accounts.queries import actor_names
from cunzhen.accounts.rules import Actor
from cunzhen.capture.messages import wording
from cunzhen.capture.models import Draft, Finding, Transfer
from cunzhen.capture.operations import (
    add_file,
    export_transfers,
    open_transfer,
    receive_uploads,
    retry_drafts,
    return_drafts,
)
from cunzhen.capture.queries import (
    counts_of,
    counts_of_many,
    findings_of,
    get_transfer,
    retriable,
    visible_transfers,
)
from cunzhen.capture.receipts import Receipt, ReceiptFinding, ReceiptItem, receipt_of
from cunzhen.capture.rules import STATE_LABELS, Counts, DraftState, TransferState
from cunzhen.database.counting import counted
from cunzhen.errors import CunzhenError, Invalid
from cunzhen.holdings.queries import fonds_of
from cunzhen.ui.listing import Column, Order, address, chosen_order, headings, page_by_key, page_links
from cunzhen.web.exporting import sent_as_file, transfer_cells, transfer_headings, wanted_form
from cunzhen.web.naming import chinese, named_categories
from cunzhen.web.people import plain_text, said, signed_in, whole_number

PAGE = 30
NEWEST = Order("opened", "id", falls=True)  # a transfer's id grows with the time it was opened
SHOWN_FILED = 8
_FIELDS = {"T-OP-02": "fonds", "T-OP-03": "year", "T-OP-04": "series"}  # which field a refusal is about


@dataclass(frozen=True)
class FindingLine:
    """A finding as the page shows it."""

    draft: Draft | None
    path: str
    code: str
    text: str
    remedy: str
    property: str
    returned: bool


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The list, newest first unless a heading says otherwise."""
    state = _state(request.GET.get("state", ""))
    rows = visible_transfers(actor)
    rows = rows.filter(state=state.value) if state else rows
    columns = _columns()
    order = chosen_order(request.GET.get("sort", ""), columns, NEWEST)
    page = page_by_key(rows, order, after=request.GET.get("after", ""), before=request.GET.get("before", ""), size=PAGE)
    counts = counts_of_many([t.id for t in page.rows])
    context = {
        "transfers": [(t, counts[t.id]) for t in page.rows],
        "total": counted(rows),
        "links": page_links(request.GET, page),
        "headings": headings(columns, order, request.GET),
        "state": state.value if state else "",
        "states": [("", _("全部"), address(request.GET, state=""))]
        + [
            (s.value, STATE_LABELS[s][0 if chinese() else 1], address(request.GET, state=s.value))
            for s in TransferState
        ],
        "kept": {"state": state.value if state else ""},
        "may_export": actor.may("export_transfers"),
    }
    return render(request, "web/transfers/list.html", context)


@require_POST
@signed_in
def export(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """The list as a file, as it is filtered; recorded."""
    form = wanted_form(request)
    state = _state(request.POST.get("state", ""))
    found = export_transfers(actor, state=state, form=form, now=timezone.now())
    return sent_as_file(form, _("归档批次"), transfer_headings(), transfer_cells(found.rows))


def _state(text: str) -> TransferState | None:
    return TransferState(text) if text in {s.value for s in TransferState} else None


def _columns() -> list[Column]:
    return [
        Column(_("批次"), "number", "number", falls=True),
        Column(_("名称"), "name", "name"),
        Column(_("件数"), is_number=True),
        Column(_("进度")),
        Column(_("待著录"), is_number=True),
        Column(_("退回"), is_number=True),
        Column(_("状态")),
        Column(_("开始"), NEWEST.name, NEWEST.field, falls=True),
    ]


@signed_in
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Open a transfer."""
    actor.require("open_transfer")
    context = {
        "fonds": list(fonds_of(actor)),
        "categories": named_categories(),
        "values": _typed(request),
        "error": None,
    }
    if request.method != "POST":
        return render(request, "web/transfers/new.html", context)
    try:
        year, series = _defaults(request)
        transfer = open_transfer(
            actor,
            name=plain_text(request.POST.get("name", "")),
            fonds_code=plain_text(request.POST.get("fonds", "")),
            auto=bool(request.POST.get("auto")),
            year=year,
            series=series,
            now=timezone.now(),
        )
    except Invalid as error:
        return render(
            request,
            "web/transfers/new.html",
            context | {"error": said(error), "field": _FIELDS.get(error.code, "name")},
            status=422,
        )
    return redirect("web:transfer", transfer.id)


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: plain_text(str(value)) for name, value in request.POST.items()}


def _defaults(request: HttpRequest) -> tuple[int | None, str]:
    """Year and category of papers that do not say; None and empty where the clerk names none."""
    year, series = plain_text(request.POST.get("year", "")), request.POST.get("series", "")
    number = whole_number(year) if year else None
    if year and (number is None or not 1900 <= number <= timezone.now().year):
        raise Invalid("T-OP-03", "年度应是四位数字，如 2019。", "The year must have four digits, such as 2019.")
    return number, series


@require_GET
@signed_in
def record(request: HttpRequest, actor: Actor, transfer_id: UUID) -> HttpResponse:
    """One transfer; htmx asks for the live part alone every two seconds while work goes on."""
    transfer = get_transfer(actor, transfer_id)
    template = "web/transfers/_live.html" if request.headers.get("HX-Request") else "web/transfers/record.html"
    return render(request, template, _context(actor, transfer))


def _context(actor: Actor, transfer: Transfer) -> dict[str, object]:
    counts = counts_of(transfer)
    drafts = Draft.objects.filter(transfer=transfer)
    now = timezone.now()
    return {
        "transfer": transfer,
        "counts": counts,
        "done": counts.filed + counts.duplicates + counts.returned + counts.waiting,
        "read": counts.received - drafts.filter(state=DraftState.RECEIVED.value).count(),
        "to_go": _time_to_go(transfer, counts, now),
        "opened_by": actor_names({transfer.opened_by}).get(transfer.opened_by, ""),
        "findings": [_line(f) for f in findings_of(transfer)],
        "filed": list(drafts.filter(state=DraftState.FILED.value).order_by("-changed_at", "-number")[:SHOWN_FILED]),
        "waiting": list(drafts.filter(state=DraftState.WAITING.value).order_by("number")[:SHOWN_FILED]),
        "uploads": list(transfer.uploads.order_by("id")),
        "may_add": transfer.state == TransferState.OPEN and actor.may("add_files"),
        "may_retry": actor.may("retry_drafts"),
        "retry_count": drafts.filter(retriable()).count(),
        "may_return": actor.may("return_drafts"),
        "may_describe": actor.may("describe_draft"),
        # With nothing left to do the transfer is about to be closed: the page waits for that too.
        "live": transfer.state == TransferState.WORKING and (counts.in_work > 0 or not counts.waiting),
    }


def _line(finding: Finding) -> FindingLine:
    language = get_language() or "zh"
    words = wording(finding.code)
    draft = finding.draft
    return FindingLine(
        draft=draft,
        path=finding.file_path or (draft.name if draft else ""),
        code=finding.code,
        text=words.text(finding.params, language),
        remedy=words.remedy(language),
        property=words.tested_property,
        returned=bool(draft and draft.state == DraftState.RETURNED),
    )


def _time_to_go(transfer: Transfer, counts: Counts, now: datetime) -> timedelta | None:
    """From the pace so far; None before there is one."""
    done = counts.received - counts.in_work
    if not transfer.received_at or not done or not counts.in_work:
        return None
    return (now - transfer.received_at) / done * counts.in_work


@require_POST
@signed_in
def receive(request: HttpRequest, actor: Actor, transfer_id: UUID) -> HttpResponse:
    """Receive what was sent; files of a plain form (without scripts) come along with this very request."""
    actor.require("receive_transfer")
    for file in request.FILES.getlist("files"):
        add_file(
            actor,
            transfer_id=transfer_id,
            path=file.name or "file",
            size=file.size or 0,
            now=timezone.now(),
            body=file,  # type: ignore[arg-type]
        )
    receive_uploads(actor, transfer_id=transfer_id, now=timezone.now())
    return redirect("web:transfer", transfer_id)


@require_POST
@signed_in
def retry(request: HttpRequest, actor: Actor, transfer_id: UUID) -> HttpResponse:
    """Read returned drafts again."""
    actor.require("retry_drafts")
    retry_drafts(actor, draft_ids=_chosen(request, actor, transfer_id), now=timezone.now())
    return redirect("web:transfer", transfer_id)


@require_POST
@signed_in
def send_back(request: HttpRequest, actor: Actor, transfer_id: UUID) -> HttpResponse:
    """Return drafts with a reason."""
    actor.require("return_drafts")
    return_drafts(
        actor,
        draft_ids=_chosen(request, actor, transfer_id),
        reason=plain_text(request.POST.get("reason", "")),
        now=timezone.now(),
    )
    return redirect("web:transfer", transfer_id)


def _chosen(request: HttpRequest, actor: Actor, transfer_id: UUID) -> list[UUID]:
    """The ticked drafts of this transfer, or all returned ones where the button says so."""
    rows = Draft.objects.filter(transfer=get_transfer(actor, transfer_id))
    if request.POST.get("all"):
        return list(rows.filter(state=DraftState.RETURNED.value).values_list("id", flat=True))
    try:
        ticked = [UUID(i) for i in request.POST.getlist("draft")]
    except ValueError:
        raise Invalid("T-RT-03", "没有选中要处理的材料。", "Nothing was chosen.") from None
    chosen = list(rows.filter(id__in=ticked).values_list("id", flat=True))
    if not chosen:
        raise Invalid("T-RT-03", "没有选中要处理的材料。", "Nothing was chosen.")
    return chosen


@require_GET
@signed_in
def show_receipt(request: HttpRequest, actor: Actor, transfer_id: UUID) -> HttpResponse:
    """The receipt, to be printed."""
    transfer = get_transfer(actor, transfer_id)
    try:
        behind = index_status().behind
    except CunzhenError:
        behind = 1  # the index cannot be asked; the receipt stays true and says so
    receipt = receipt_of(actor, transfer_id=transfer.id, indexed=lambda ids: len(indexed_items(ids)), behind=behind)
    if not chinese():
        receipt = _in_english(receipt, transfer)
    context = {"transfer": transfer, "receipt": receipt, "printed_at": timezone.now()}
    return render(request, "web/transfers/receipt.html", context)


def _in_english(receipt: Receipt, transfer: Transfer) -> Receipt:
    """The same receipt with its findings in English; figures, names and digests stay as they are."""
    by_number: dict[int, list[ReceiptFinding]] = defaultdict(list)
    for finding in findings_of(transfer):
        words = wording(finding.code)
        prefix = f"{finding.file_path}: " if finding.file_path else ""
        line = ReceiptFinding(
            code=finding.code, message=f"{prefix}{words.text(finding.params, 'en')}. {words.remedy('en')}."
        )
        by_number[finding.draft.number if finding.draft else 0].append(line)
    items = [ReceiptItem(**item | {"findings": by_number[n]}) for n, item in enumerate(receipt["items"], 1)]
    late = {"behind": receipt["filed"] - receipt["indexed"]}
    general = [
        ReceiptFinding(code=f["code"], message=wording("T-IX-01").text(late, "en"))
        for f in receipt["findings"]
        if f["code"] == "T-IX-01"
    ]
    return Receipt(**receipt | {"items": items, "findings": [*by_number[0], *general]})
