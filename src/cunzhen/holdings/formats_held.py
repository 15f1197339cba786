"""Which formats the files of the holdings have, for the page 保管状况."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Max, Sum

from cunzhen.accounts.rules import Actor
from cunzhen.holdings.models import Component
from cunzhen.preservation.format_risks import FormatRisk, Risk, risk_of

_GRAVEST = (Risk.HIGH, Risk.UNKNOWN, Risk.MEDIUM, Risk.LOW)


@dataclass(frozen=True, slots=True)
class FormatHeld:
    """Files of one format within an actor's reach.

    Args:
        puid, name: as the files were identified.
        files, byte_count: how much there is of it.
        risk: what is known of the format.
    """

    puid: str
    name: str
    files: int
    byte_count: int
    risk: FormatRisk


def formats_held(actor: Actor) -> list[FormatHeld]:
    """Formats of original files within reach, those that ask for something first."""
    rows = (
        Component.objects.filter(item__fonds__keeper_id__in=actor.agency_ids)
        .values("puid")
        .order_by("puid")
        .annotate(name=Max("format_name"), files=Count("id"), bytes=Sum("size"))
    )
    found = [FormatHeld(r["puid"], r["name"], r["files"], r["bytes"] or 0, risk_of(r["puid"])) for r in rows]
    return sorted(found, key=lambda one: (_GRAVEST.index(one.risk.risk), -one.files, one.puid))
