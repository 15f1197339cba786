"""Lists as files: which columns they have, in the language of the page, and how they are sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from cunzhen.capture.rules import STATE_LABELS, TransferRow
from cunzhen.holdings.kinds import kind_name, series_name, term_name
from cunzhen.holdings.rules import ItemRow
from cunzhen.ui.spreadsheets import Cell, csv_parts, xlsx_parts
from cunzhen.web.naming import chinese, cover, cover_name, language

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def wanted_form(request: HttpRequest) -> str:
    """The form of file that a button asks for; CSV where it asks for none that there is."""
    form = request.POST.get("form", "")
    return form if form in _TYPES else "csv"


def item_headings() -> list[str]:
    """Columns of a list of items."""
    return [
        *(_("档号"), _("题名"), _("材料种类"), _("类别"), _("年度"), _("形成日期"), _("参保人"), _("公民身份号码")),
        *(_("参保单位"), _("页数"), _("保管期限"), _("保管至"), _("暂不处置"), _("全宗"), _("归档时间")),
    ]


def item_cells(rows: Iterable[ItemRow]) -> Iterator[list[Cell]]:
    """Items as rows of cells; numbers of persons stay covered, also in titles."""
    for row in rows:
        yield [
            row.archival_code,
            cover(row.title),
            kind_name(row.kind, language()),
            series_name(row.series, language()),
            row.year,
            row.document_date,
            _listed(name for name, number in row.persons),
            _listed(number for name, number in row.persons),
            _listed(row.units),
            row.page_count,
            term_name(row.term, language()),
            row.retention_end.isoformat() if row.retention_end else "",
            _("是") if row.held else "",
            row.fonds,
            row.filed_at,
        ]


def transfer_headings() -> list[str]:
    """Columns of a list of transfers."""
    return [
        *(_("批次"), _("名称"), _("全宗"), _("状态"), _("送交"), _("实际收到"), _("已归档"), _("待著录"), _("退回")),
        *(_("重复"), _("处理中"), _("开始"), _("接收"), _("办结")),
    ]


def transfer_cells(rows: Iterable[TransferRow]) -> Iterator[list[Cell]]:
    """Transfers as rows of cells."""
    for row in rows:
        counts = row.counts
        yield [
            row.number,
            cover_name(row.name),
            row.fonds,
            STATE_LABELS[row.state][0 if chinese() else 1],
            *(counts.sent, counts.received, counts.filed, counts.waiting, counts.returned, counts.duplicates),
            counts.in_work,
            *(row.opened_at, row.received_at, row.closed_at),
        ]


def sent_as_file(form: str, title: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponseBase:
    """The list as a download, named by its title and today's date, sent as it is read.

    Args:
        form: ``csv`` or ``xlsx``.
    """
    parts = xlsx_parts(title, headings, rows) if form == "xlsx" else csv_parts(headings, rows)
    response = StreamingHttpResponse(parts, content_type=_TYPES[form])
    name = f"{title}-{timezone.localdate():%Y%m%d}.{form}"
    response["Content-Disposition"] = f"attachment; filename*=utf-8''{quote(name)}"
    return response


def _listed(values: Iterable[str]) -> str:
    return ("、" if chinese() else ", ").join(filter(None, values))
