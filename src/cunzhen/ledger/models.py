"""The ledger's rows. Entries, leaves and subjects are only ever added; details can be erased."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Length
from django.db.models.lookups import Exact, LessThanOrEqual
from uuid_utils.compat import uuid7

from cunzhen.formats.tlog import ENTRY_BYTES_AT_MOST, HASH_BYTES
from cunzhen.ledger.rules import SALT_BYTES


class LedgerEntry(models.Model):
    """One recorded act; ``body`` is what the tree is over, the other columns repeat it for queries."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    op = models.CharField(max_length=60)
    actor_id = models.UUIDField()
    agency_id = models.UUIDField()
    body = models.BinaryField()

    class Meta:
        db_table = "ledger_entry"
        indexes = [models.Index(fields=["-id"], condition=models.Q(op="verify_archive"), name="ledger_entry_verified")]
        constraints = [
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("body"), ENTRY_BYTES_AT_MOST), name="ledger_entry_body_length"
            )
        ]


class LedgerSubject(models.Model):
    """Finds the entries about one subject."""

    pk = models.CompositePrimaryKey("entry_id", "subject_id")
    entry_id = models.UUIDField()
    subject_id = models.UUIDField()

    class Meta:
        db_table = "ledger_subject"
        # The entry's id grows with time, so the index hands out one subject's history already in order.
        indexes = [models.Index(fields=["subject_id", "entry_id"], name="ledger_subject_history")]


class LedgerDetail(models.Model):
    """What an entry holds only the salted digest of; deleting the row erases it and leaves the tree whole."""

    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, primary_key=True, related_name="+")
    salt = models.BinaryField()
    sealed = models.BinaryField()

    class Meta:
        db_table = "ledger_detail"
        constraints = [
            models.CheckConstraint(condition=Exact(Length("salt"), SALT_BYTES), name="ledger_detail_salt_length")
        ]


class LedgerPending(models.Model):
    """Entries that wait for their number."""

    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, primary_key=True, related_name="+")

    class Meta:
        db_table = "ledger_pending"


class LedgerLeaf(models.Model):
    """An entry's place in the tree; numbers start at 0 and have no gaps."""

    number = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, related_name="+")
    leaf_hash = models.BinaryField()

    class Meta:
        db_table = "ledger_leaf"
        constraints = [
            models.CheckConstraint(condition=models.Q(number__gte=0), name="ledger_leaf_number"),
            models.CheckConstraint(condition=Exact(Length("leaf_hash"), HASH_BYTES), name="ledger_leaf_hash_length"),
        ]
