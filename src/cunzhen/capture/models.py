"""Papers on their way in: transfers, the files received, the items they make, the pages read, the findings."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from cunzhen.accounts.models import Agency
from cunzhen.capture.rules import DraftState, TransferState
from cunzhen.holdings.models import Fonds
from cunzhen.keys.fields import SealedField


class Transfer(models.Model):
    """归档批次 (SIP): what one hand-over brought, until every item of it is filed, returned or known."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    node = models.CharField(max_length=32)
    number = models.CharField(max_length=30)  # 2026-1122-01, unique within the agency
    name = models.CharField(max_length=200)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, db_index=False)
    fonds = models.ForeignKey(Fonds, on_delete=models.PROTECT)
    auto = models.BooleanField(default=False)  # file the sure ones without waiting for a person
    default_year = models.IntegerField(null=True)
    default_series = models.CharField(max_length=10, blank=True)
    state = models.CharField(max_length=20, default=TransferState.OPEN.value)
    sent_count = models.IntegerField(default=0)  # items that the sender's pile makes
    opened_by = models.UUIDField()
    opened_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "number"], name="transfer_number_once")]
        indexes = [
            models.Index(fields=["agency", "-id"], name="transfer_newest"),
            models.Index(fields=["agency", "name", "id"], name="transfer_by_name"),
        ]

    def __str__(self) -> str:
        return self.number


class Upload(models.Model):
    """One file being sent over the line; resumed at ``offset`` (tus 1.0.0)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    transfer = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="uploads")
    path = models.CharField(max_length=1000)
    size = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()


class Draft(models.Model):
    """待归档件: one item on its way, from received to filed, returned or duplicate."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="drafts", db_index=False)
    number = models.IntegerField()  # order in the transfer, from 1
    name = models.CharField(max_length=1000)  # the file, or the folder or stem that its pages share
    state = models.CharField(max_length=20, default=DraftState.RECEIVED.value)
    content_sha256 = models.CharField(max_length=64)
    suggestions = SealedField(purpose="capture.suggestions", null=True)
    description = SealedField(purpose="capture.description", null=True)
    catalogue = SealedField(purpose="capture.catalogue", null=True)  # its row of the sender's catalogue
    title = models.CharField(max_length=300, blank=True)
    unsure = models.JSONField(default=list)  # names of fields that a person must look at
    page_count = models.IntegerField(default=0)
    item_id = models.UUIDField(null=True)
    archival_code = models.CharField(max_length=80, blank=True)
    package_sha512 = models.CharField(max_length=128, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["transfer", "number"], name="draft_number_once")]
        indexes = [
            models.Index(fields=["transfer", "state", "number"], name="draft_state"),
            models.Index(fields=["state", "id"], name="draft_queue", condition=models.Q(state="waiting")),
            models.Index(fields=["-changed_at"], name="draft_returned", condition=models.Q(state="returned")),
            models.Index(fields=["changed_at"], name="draft_waiting_since", condition=models.Q(state="waiting")),
        ]


class SourceFile(models.Model):
    """One file as received: its name, digests (hex), real format and place in its draft."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="files")
    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="files", db_index=False)
    number = models.IntegerField()  # order in the draft, from 1
    path = models.CharField(max_length=1000)  # as the sender called it, relative to the pile
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    sm3 = models.CharField(max_length=64)
    sha512 = models.CharField(max_length=128)
    puid = models.CharField(max_length=30, blank=True)
    mime = models.CharField(max_length=100, blank=True)
    format_name = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=20, blank=True)
    extension_matches = models.BooleanField(default=True)
    page_count = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["draft", "number"], name="source_file_number_once")]


class Sheet(models.Model):
    """One page read; its id stays the page's id in the catalogue."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="sheets", db_index=False)
    file = models.ForeignKey(SourceFile, on_delete=models.CASCADE, related_name="sheets")
    number = models.IntegerField()  # order in the draft, from 1
    index = models.IntegerField()  # 0-based in the file
    words = models.BinaryField()  # sealed; holdings.queries.open_page

    class Meta:
        constraints = [models.UniqueConstraint(fields=["draft", "number"], name="sheet_number_once")]


class Finding(models.Model):
    """A numbered finding on a transfer or one draft; wording lives in data files."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    transfer = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="findings")
    draft = models.ForeignKey(Draft, null=True, on_delete=models.CASCADE, related_name="findings")
    file_path = models.CharField(max_length=1000, blank=True)
    code = models.CharField(max_length=20)
    params = models.JSONField(default=dict)
    found_at = models.DateTimeField()
