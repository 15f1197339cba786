"""The right column of the home page: what somebody should look at, and how the archive stands, in real figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from cunzhen.access.queries import index_status
from cunzhen.accounts.models import Agency
from cunzhen.accounts.rules import Actor
from cunzhen.capture.queries import returned_lately, waiting_long
from cunzhen.database.counting import Counted, counted
from cunzhen.holdings.queries import unconfirmed_rows, visible_items
from cunzhen.jobs.queries import backlog, given_up
from cunzhen.ledger.queries import latest_entry, latest_verifications
from cunzhen.preservation.queries import Keeping, keeping

LONG = timedelta(days=3)  # that a paper waits for a person
LATELY = timedelta(days=30)  # that returned papers are shown
MOST_COUNTED = 20_000  # items, on a page that everybody opens many times a day
MOST_BEHIND = 100  # entries; the index is a second or two late by nature
_NAMED = 3


@dataclass(frozen=True)
class Alert:
    """One thing to look at.

    Args:
        tag, icon, tone: the word, its shape and its weight (``bad`` or ``warn``).
        title: what is the matter. text: why, or what to do.
        links: address and words of each; none where the person can go nowhere for it.
        when: since when, where that is known.
    """

    tag: str
    icon: str
    tone: str
    title: str
    text: str = ""
    links: tuple[tuple[str, str], ...] = ()
    when: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """How the archive stands.

    Args:
        items: within reach; None for those who may not see items.
        keeping: of the whole system, since packages know no agency; ``is_whole_system`` where others have some too.
        checked_at: when copies were last checked, or the catalogue compared with its packages, whichever was later.
        compared_at, differences: when the catalogue was last compared, and in how many places it differed.
        ledger_size, ledger_at: entries numbered, and when the last of them was made.
        url: of the page that tells more; empty where there is none for this person.
    """

    items: Counted | None
    keeping: Keeping
    is_whole_system: bool
    checked_at: datetime | None
    compared_at: datetime | None
    differences: int
    ledger_size: int
    ledger_at: datetime | None
    url: str

    @property
    def is_sound(self) -> bool:
        """No copy is known to be bad and the last comparison found nothing."""
        return not self.keeping.not_whole and not self.differences


def may_look(actor: Actor) -> bool:
    """Whether the column is for this person at all: whoever sees items, checks them or runs the system."""
    return any(actor.may(right) for right in ("view_item", "verify_archive", "view_system", "view_ledger"))


def standing_of(actor: Actor) -> Standing:
    """How the archive stands now; the queries behind it do not grow with it."""
    kept = keeping()
    compared_at, differences = _verification()
    ledger = latest_entry()
    return Standing(
        items=counted(visible_items(actor), MOST_COUNTED) if actor.may("view_item") else None,
        keeping=kept,
        is_whole_system=Agency.objects.exclude(id__in=actor.agency_ids).exists(),
        checked_at=max(filter(None, (kept.checked_at, compared_at)), default=None),
        compared_at=compared_at,
        differences=differences,
        ledger_size=ledger[0] + 1 if ledger else 0,
        ledger_at=ledger[1] if ledger else None,
        url=_keeping_url(actor),
    )


def alerts_of(actor: Actor, standing: Standing, now: datetime) -> list[Alert]:
    """What this person should look at, the gravest first."""
    found = [*_kept_badly(standing), *_machine(actor)] if may_look(actor) else []
    if actor.may("view_transfer"):
        found += _returned(actor, now)
    if actor.may("describe_draft"):
        found += _waiting(actor, now)
    if actor.may("view_item"):
        found += _unconfirmed(actor)
    return found


def _kept_badly(standing: Standing) -> Iterator[Alert]:
    link = ((standing.url, _("查看保管状况")),) if standing.url else ()
    if standing.keeping.not_whole:
        yield Alert(
            _("副本异常"),
            "i-copies",
            "bad",
            _("%(n)s 份副本损坏或缺失") % {"n": f"{standing.keeping.not_whole:,}"},
            _("其余副本完好的可以修复。请通知系统管理员。"),
            link,
        )
    if standing.differences:
        yield Alert(
            _("核验有问题"),
            "i-alert",
            "bad",
            _("目录与保存包有 %(n)s 处不符") % {"n": f"{standing.differences:,}"},
            _("请通知系统管理员按操作指南“核验”一节处理。"),
            link,
            standing.compared_at,
        )
    if standing.keeping.packages.number and standing.checked_at is None:
        yield Alert(_("尚未核验"), "i-check4", "warn", _("保存包还没有核验过"), _("请系统管理员安排一次核验。"), link)


def _machine(actor: Actor) -> Iterator[Alert]:
    keeps_watch = actor.may("verify_archive") or actor.may("view_system")
    stopped = given_up() if keeps_watch else 0
    if stopped:
        yield Alert(
            _("后台工作"),
            "i-alert",
            "bad",
            _("%(n)s 项后台工作已停止重试") % {"n": f"{stopped:,}"},
            _("有关材料停在原处，没有丢失。请系统管理员用 cunzhen jobs 查明原因，排除后重试。"),
        )
    waiting = backlog().stuck if keeps_watch else 0
    if waiting:
        yield Alert(
            _("后台工作"),
            "i-clock",
            "warn",
            _("%(n)s 项后台工作等了 5 分钟以上") % {"n": f"{waiting:,}"},
            _("量大时会陆续做完；数目不减时，请系统管理员用 cunzhen check 查明原因。"),
        )
    if not actor.may("search_items"):
        return
    index = index_status()
    if index.behind > MOST_BEHIND or (index.state == "missing" and index.behind):
        yield Alert(
            _("检索库"),
            "i-clock",
            "warn",
            _("检索库落后 %(n)s 条") % {"n": f"{index.behind:,}"},
            _("档案已经归档，稍后即可检索；长时间不变请通知系统管理员。"),
        )


def _returned(actor: Actor, now: datetime) -> Iterator[Alert]:
    found = returned_lately(actor, since=now - LATELY)
    if found:
        yield Alert(
            _("退回"),
            "i-no",
            "warn",
            _("%(m)s 个批次有退回的件，共 %(n)s 件")
            % {"m": f"{len(found):,}", "n": f"{sum(count for _t, count in found):,}"},
            _("补正后重新送交，或在批次里重试。"),
            tuple((reverse("web:transfer", args=[t.id]), t.number) for t, _n in found[:_NAMED]),
        )


def _waiting(actor: Actor, now: datetime) -> Iterator[Alert]:
    count, since = waiting_long(actor, before=now - LONG)
    if since:
        yield Alert(
            _("等候过久"),
            "i-clock",
            "warn",
            _("%(n)s 件等待著录超过 3 天") % {"n": f"{count:,}"},
            _("最早的一件已等 %(n)s 天。") % {"n": (now - since).days},
            ((reverse("web:queue"), _("去著录")),),
            since,
        )


def _unconfirmed(actor: Actor) -> Iterator[Alert]:
    rows = unconfirmed_rows(actor)
    if rows:
        yield Alert(
            _("待确认"),
            "i-half",
            "warn",
            _("保管期限表有 %(n)s 条待确认") % {"n": rows},
            _("确认之前，有关档案一律不列入销毁。"),
            ((f"{reverse('web:items')}?held=1", _("查看暂不处置的档案")),),
        )


def _verification() -> tuple[datetime | None, int]:
    """When the catalogue was last compared with its packages, and in how many places they differed.

    A sample that finds nothing takes nothing back of what was found before.
    """
    last: datetime | None = None
    for at, found in latest_verifications():
        last = last or at
        count = found.get("findings")
        if isinstance(count, int) and (count or not found.get("sample")):
            return last, count
    return last, 0


def _keeping_url(actor: Actor) -> str:
    """The page 保管状况, where this installation has it and the person may see it."""
    if not actor.may("view_preservation"):
        return ""
    try:
        return reverse("web:preservation")
    except NoReverseMatch:
        return ""
