"""What a restored home's ledger says of its restore."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from cunzhen.accounts.rules import Actor
from cunzhen.ledger.operations import NewEntry, Subject, record


def restore_backup(
    actor: Actor, *, base: str, at: datetime | None, ledger_size: int, lost: int, known_root: str, now: datetime
) -> UUID:
    """Enter a restore in the restored ledger, so that whoever compares it with an older checkpoint finds why they
    differ.

    Args:
        base: the base that it was restored from.
        at: the time that was asked for.
        ledger_size: entries of the restored table.
        lost: acts that the backup knew of and that are not in it.
        known_root: root of the newest checkpoint that the backup had, hex; empty before the first.
        now: aware.
    """
    actor.require("restore_backup")
    detail: dict[str, object] = {
        "base": base,
        "at": at.isoformat() if at else "",
        "ledger_size": ledger_size,
        "lost": lost,
        "known_root": known_root,
    }
    subject = Subject(actor.agency_id)
    with transaction.atomic():
        (entry,) = record(
            [
                NewEntry(
                    op="restore_backup",
                    actor_id=actor.id,
                    agency_id=actor.agency_id,
                    subjects=(subject,),
                    detail=detail,
                )
            ],
            at=now,
        )
    return entry
