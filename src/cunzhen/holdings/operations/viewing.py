"""Looking at an archived page or file is an act: it needs the right and leaves its entry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Missing
from cunzhen.holdings.models import Component, Item, Page, Rendition
from cunzhen.holdings.proofs import packed_proof
from cunzhen.holdings.queries import get_item
from cunzhen.ledger.operations import NewEntry, Subject, record


def view_item(actor: Actor, *, item_id: UUID, now: datetime) -> Item:
    """Open an item's record.

    Raises:
        Refused, Missing.
    """
    with transaction.atomic():
        item = get_item(actor, item_id)
        _record("view_item", actor, item, {}, now)
    return item


def view_page(actor: Actor, *, item_id: UUID, number: int, now: datetime) -> Page:
    """Open one page's image; the page comes with its component.

    Args:
        number: 1-based in the item.

    Raises:
        Refused. Missing: ``H-01`` the item, ``H-04`` the page.
    """
    actor.require("view_page")
    with transaction.atomic():
        item = get_item(actor, item_id)
        page = Page.objects.select_related("component").filter(item=item, number=number).first()
        if page is None:
            raise Missing("H-04", f"这件档案没有第 {number} 页。", f"This item has no page {number}.")
        _record("view_page", actor, item, {"page": number}, now)
    return page


def view_component(actor: Actor, *, item_id: UUID, number: int, now: datetime) -> Component:
    """Take out one original file, byte for byte.

    Raises:
        Refused. Missing: ``H-01`` the item, ``H-05`` the file.
    """
    actor.require("view_page")
    with transaction.atomic():
        item = get_item(actor, item_id)
        component = Component.objects.filter(item=item, number=number).first()
        if component is None:
            raise Missing("H-05", f"这件档案没有第 {number} 个文件。", f"This item has no file {number}.")
        _record("view_component", actor, item, {"file": number}, now)
    return component


def view_rendition(actor: Actor, *, item_id: UUID, number: int, now: datetime) -> Rendition:
    """Take out one rendition, byte for byte.

    Raises:
        Refused. Missing: ``H-01`` the item, ``H-34`` the rendition.
    """
    actor.require("view_page")
    with transaction.atomic():
        item = get_item(actor, item_id)
        rendition = Rendition.objects.filter(item=item, number=number).first()
        if rendition is None:
            raise Missing("H-34", f"这件档案没有第 {number} 个衍生件。", f"This item has no rendition {number}.")
        _record("view_rendition", actor, item, {"rendition": number}, now)
    return rendition


def export_proof(actor: Actor, *, item_id: UUID, now: datetime) -> tuple[Item, bytes]:
    """Take out the proof of an item's filing, to be checked elsewhere.

    Returns:
        The item and the zip.

    Raises:
        Refused. Missing: ``H-01`` the item; ``L-16``, ``L-17``, ``L-60`` not published yet. Unavailable: ``L-13``,
            ``L-62`` where the ledger or the catalogue was altered.
    """
    with transaction.atomic():
        item = get_item(actor, item_id)
        packed = packed_proof(item)
        _record("export_proof", actor, item, {}, now)
    return item, packed


def _record(op: str, actor: Actor, item: Item, detail: Mapping[str, object], now: datetime) -> None:
    entry = NewEntry(op, actor.id, item.fonds.keeper_id, (Subject(item.id, item.content_sha256),), dict(detail))
    record([entry], at=now)
