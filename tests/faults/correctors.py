"""Archivists who correct, and the machine that folds, in processes that can be killed at any line."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from cunzhen.accounts.models import User
from cunzhen.accounts.queries import actor_of, service_actor
from cunzhen.holdings.corrections import Correction
from cunzhen.holdings.models import ArchivalCode, Item
from cunzhen.holdings.operations import add_renditions, correct_items, verify_catalogue
from cunzhen.holdings.operations.renditions import NewRendition
from cunzhen.holdings.rules import NamedPerson
from cunzhen.jobs.worker import run_worker
from cunzhen.ledger.audit import audit
from cunzhen.ledger.operations import sequence
from cunzhen.preservation.models import PendingChange
from cunzhen.preservation.operations import sweep_uncommitted, verify_packages
from cunzhen.preservation.queries import read_description


def correct(ids: Sequence[str], title: str, point: str = "", version: int = 1, who: str = "archivist") -> None:
    """Correct title, year and one name of each item in one act."""
    os.environ["CUNZHEN_FAILPOINT"] = point
    asked = [
        Correction(UUID(i), version, title=title, year=2018, document_date="", persons=(NamedPerson(title),))
        for i in ids
    ]
    actor = actor_of(User.objects.get(username=who))
    correct_items(actor, corrections=asked, reason="看错", now=timezone.now())


def fold(point: str = "") -> None:
    """What the worker does."""
    os.environ["CUNZHEN_FAILPOINT"] = point
    run_worker(wait=False)


def add_rendition(item: str, path: str, point: str = "") -> None:
    """Add a file to an item."""
    os.environ["CUNZHEN_FAILPOINT"] = point
    actor = actor_of(User.objects.get(username="archivist"))
    files = [NewRendition(Path(path), "made.pdf")]
    add_renditions(actor, item_id=UUID(item), files=files, now=timezone.now())


TASKS: dict[str, Callable[..., None]] = {"correct": correct, "fold": fold, "add_rendition": add_rendition}


def assert_agrees() -> None:
    """After the janitor: nothing is left over, every copy is whole, catalogue and packages say the same."""
    sweep_uncommitted(timedelta(0))
    for folder in settings.STORES.values():
        assert list((Path(str(folder)) / "staging").iterdir()) == []
    report = verify_packages()
    assert report.ok, report
    catalogue = verify_catalogue(service_actor(), sample=None, now=timezone.now())
    assert not (catalogue.missing or catalogue.extra or catalogue.altered), catalogue
    while sequence():
        pass
    assert audit().ok


def assert_all_or_none(ids: Sequence[UUID], old: str, new: str) -> bool:
    """At the very moment after a kill every reader sees all of the correction or nothing; whether it is all."""
    rows = list(Item.objects.filter(id__in=ids).order_by("id"))
    is_new = rows[0].title == new
    for row in rows:
        said = read_description(row.id)
        codes = list(ArchivalCode.objects.filter(item=row).order_by("id").values_list("code", flat=True))
        names = {m.name for m in row.mentions.all()}
        current = [c.code for c in said.codes if c.valid_to is None]
        assert (row.title, said.title) == ((new, new) if is_new else (old, old))
        assert (row.version, said.version, len(codes)) == ((2, 2, 2) if is_new else (1, 1, 1))
        assert current == [row.archival_code] == codes[-1:]
        assert (new in names, new in {m.name for m in said.persons}) == (is_new, is_new)
    return is_new


def pending() -> int:
    """How many corrections wait to be folded in."""
    return PendingChange.objects.count()
