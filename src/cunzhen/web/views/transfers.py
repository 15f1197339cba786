"""归档批次: the list, a new one, one with its live progress, its receipt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from cunzhen.access.queries import index_status, indexed_items
from cunzhen.accounts.queries import actor_names
from cunzhen.accounts.rules import Actor
from cunzhen.capture.messages import wording
from cunzhen.capture.models import Draft, Finding, Transfer
from cunzhen.capture.operations import (
    add_file,
    append_upload,
    open_transfer,
    receive_uploads,
    retry_drafts,
    return_drafts,
)
from cunzhen.capture.queries import counts_of, counts_of_many, findings_of, get_transfer, visible_transfers
from cunzhen.capture.receipts import receipt_of
from cunzhen.capture.rules import Counts, DraftState, TransferState
from cunzhen.errors import CunzhenError, Invalid
from cunzhen.holdings.kinds import categories
from cunzhen.holdings.queries import fonds_of
from cunzhen.web.people import signed_in

PAGE = 30
SHOWN_FILED = 8


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
    """The list, newest first."""
    state = request.GET.get("state", "")
    rows = visible_transfers(actor)
    if state in {s.value for s in TransferState}:
        rows = rows.filter(state=state)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    counts = counts_of_many([t.id for t in page])
    context = {
        "page": page,
        "transfers": [(t, counts[t.id]) for t in page],
        "state": state,
        "states": list(TransferState),
    }
    return render(request, "web/transfers/list.html", context)


@signed_in
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Open a transfer."""
    actor.require("open_transfer")
    context = {"fonds": list(fonds_of(actor)), "categories": categories(), "values": request.POST, "error": None}
    if request.method != "POST":
        return render(request, "web/transfers/new.html", context)
    year = request.POST.get("year", "").strip()
    try:
        if year and not (year.isascii() and year.isdigit() and 1900 <= int(year) <= timezone.now().year):
            raise Invalid("T-OP-03", "年度应是四位数字，如 2019。", "The year must have four digits.")
        transfer = open_transfer(
            actor,
            name=request.POST.get("name", ""),
            fonds_code=request.POST.get("fonds", ""),
            auto=bool(request.POST.get("auto")),
            year=int(year) if year else None,
            series=request.POST.get("series", ""),
            now=timezone.now(),
        )
    except Invalid as error:
        return render(request, "web/transfers/new.html", context | {"error": error}, status=422)
    return redirect("web:transfer", transfer.id)


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
        "may_return": actor.may("return_drafts"),
        "may_describe": actor.may("describe_draft"),
        "live": transfer.state == TransferState.WORKING and counts.in_work > 0,
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
        property=words.property,
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
    for file in request.FILES.getlist("files"):
        upload = add_file(
            actor, transfer_id=transfer_id, path=file.name or "file", size=file.size or 0, now=timezone.now()
        )
        append_upload(actor, upload_id=upload.id, offset=upload.offset, body=file)  # type: ignore[arg-type]
    receive_uploads(actor, transfer_id=transfer_id, now=timezone.now())
    return redirect("web:transfer", transfer_id)


@require_POST
@signed_in
def retry(request: HttpRequest, actor: Actor, transfer_id: UUID) -> HttpResponse:
    """Read returned drafts again."""
    retry_drafts(actor, draft_ids=_chosen(request, transfer_id), now=timezone.now())
    return redirect("web:transfer", transfer_id)


@require_POST
@signed_in
def send_back(request: HttpRequest, actor: Actor, transfer_id: UUID) -> HttpResponse:
    """Return drafts with a reason."""
    return_drafts(
        actor, draft_ids=_chosen(request, transfer_id), reason=request.POST.get("reason", ""), now=timezone.now()
    )
    return redirect("web:transfer", transfer_id)


def _chosen(request: HttpRequest, transfer_id: UUID) -> list[UUID]:
    """The ticked drafts, or all returned ones where the button says so."""
    if request.POST.get("all"):
        rows = Draft.objects.filter(transfer_id=transfer_id, state=DraftState.RETURNED.value)
        return list(rows.values_list("id", flat=True))
    try:
        return [UUID(i) for i in request.POST.getlist("draft")]
    except ValueError:
        raise Invalid("T-RT-03", "没有选中要处理的材料。", "Nothing was chosen.") from None


@require_GET
@signed_in
def receipt(request: HttpRequest, actor: Actor, transfer_id: UUID) -> HttpResponse:
    """The receipt, to be printed."""
    transfer = get_transfer(actor, transfer_id)
    try:
        behind = index_status().behind
    except CunzhenError:
        behind = 1  # the index cannot be asked; the receipt stays true and says so
    said = receipt_of(actor, transfer_id=transfer.id, indexed=lambda ids: len(indexed_items(ids)), behind=behind)
    context = {"transfer": transfer, "receipt": said, "printed_at": timezone.now()}
    return render(request, "web/transfers/receipt.html", context)
