"""Proving that object locks hold: what they should refuse is tried, and recorded either way."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cunzhen.accounts.rules import Actor
from cunzhen.formats.ocfl_check import Finding, Problem
from cunzhen.ledger.operations import NewEntry, Subject, record
from cunzhen.preservation.operations.noting import note_damage, store_id
from cunzhen.preservation.rules import LockProof
from cunzhen.preservation.store import S3Store, configured_stores


def prove_locks(actor: Actor, *, now: datetime) -> list[LockProof]:
    """Try to delete, shorten and soften what every store with an object lock should hold against anybody.

    Each store gets one ledger entry, whatever came out; one whose lock gave way is also noted as damaged.

    Args:
        now: aware time of the act.

    Raises:
        Refused: ``A-01``. Unavailable: ``P-46`` where a lock cannot be tried.
    """
    actor.require("scrub_copies")
    proofs = [s.lock.prove() for s in configured_stores() if isinstance(s, S3Store) and s.lock.days]
    with transaction.atomic():
        for proof in proofs:
            if proof.passed:
                findings = [Finding(Problem.LOCK, name) for name in proof.passed]
                note_damage(findings, now=now, package_id=None, store=proof.store)
            detail = {"store": proof.store, "tried": list(proof.tried), "passed": list(proof.passed)}
            record(
                [NewEntry("prove_locks", actor.id, actor.agency_id, (Subject(store_id(proof.store)),), detail)], at=now
            )
    return proofs
